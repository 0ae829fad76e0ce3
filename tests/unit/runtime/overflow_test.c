/* A stack overflow dies with one line that names the task; other faults are none of its business. */
#include "support/run.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Eats stack until there is none. The argument keeps compilers from making a loop of it. */
__attribute__((noinline)) static int deeper(volatile char *above, int depth)
{
    volatile char here[512];

    here[depth % 512] = (char)(above ? above[0] : 1);
    return depth < 0 ? 0 : deeper(here, depth + 1) + here[depth % 512];
}

static int overflow(hoot_error *err, void *arg)
{
    (void)err;
    (void)arg;
    hoot__task_set_name(hoot_current_task(), "GET /deep\n");
    return deeper(NULL, 0);
}

static void report_crash(int number)
{
    (void)number;
    _exit(write(STDERR_FILENO, "a crash\n", 8) == 8 ? 3 : 4);
}

static int write_to_nowhere(hoot_error *err, void *arg)
{
    (void)err;
    *(volatile char *)arg = 1;
    return 0;
}

/* Run `fn` as a task in a child. Gives how the child ended; its standard error goes to `text`. */
static int run_in_child(hoot_task_fn fn, void *arg, char *text, size_t size)
{
    size_t used = 0;
    ssize_t got;
    int fds[2], status;
    pid_t child;

    assert_int_equal(pipe(fds), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
        dup2(fds[1], STDERR_FILENO);
        hoot_run(fn, arg, NULL);
        _exit(0);
    }
    close(fds[1]);
    while (used + 1 < size && (got = read(fds[0], text + used, size - used - 1)) > 0)
        used += (size_t)got;
    text[used] = '\0';
    close(fds[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void an_overflow_names_the_task(void **state)
{
    char text[1024];
    int status = run_in_child(overflow, NULL, text, sizeof text);

    (void)state;
    assert_string_equal(text, "hoot: stack overflow in task \"GET /deep?\" (256 KiB)\n");
    assert_true(WIFSIGNALED(status));
    assert_true(WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGBUS);
}

static void another_fault_goes_to_who_had_the_signal_before(void **state)
{
    char text[1024];
    void (*before)(int) = signal(SIGSEGV, report_crash);
    int status = run_in_child(write_to_nowhere, (void *)16, text, sizeof text);

    (void)state;
    signal(SIGSEGV, before);
    assert_string_equal(text, "a crash\n");
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_overflow_names_the_task),
        cmocka_unit_test(another_fault_goes_to_who_had_the_signal_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
