/* A readable death on stack overflow.
 *
 * The guard at the low end of a task's stack turns an overflow into SIGSEGV. The handler runs on a stack of
 * its own, sees whether the address lies in the guard of the task that runs on this thread, says so in one
 * line, and lets the default action end the process. Any other fault goes to whoever had the signal before us
 * (AddressSanitizer, a crash reporter). Handlers are installed once a process; each thread with a loop brings
 * its signal stack. */
#include "runtime/internal.h"

#include "base/alloc.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIGNAL_STACK_BYTES ((size_t)64 * 1024)
#define NAME_SHOWN         120

static struct sigaction before_segv, before_bus;
static _Thread_local void *signal_stack; /* ours, NULL when the thread had one */
static pthread_mutex_t installing = PTHREAD_MUTEX_INITIALIZER;

/* Append at most `max` bytes of `text`, control characters as '?'. Gives the new end. Safe in a signal
 * handler. */
static char *append(char *to, const char *text, size_t max)
{
    for (size_t i = 0; i < max && text[i]; i++)
        *to++ = (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? '?' : text[i];
    return to;
}

static void say_overflow(const hoot_task *task)
{
    char line[NAME_SHOWN + 80];
    char *end = append(line, "hoot: stack overflow in task \"", 40);
    ssize_t written;

    end = append(end, task->name, NAME_SHOWN);
    end = append(end, "\" (256 KiB)", 20);
    *end++ = '\n';
    _Static_assert(HOOT_TASK_STACK_BYTES == 256 * 1024, "the text above");
    written = write(STDERR_FILENO, line, (size_t)(end - line));
    (void)written;
}

/* As if nobody had a handler: the signal comes again when ours returns. */
static void die_by(int number)
{
    signal(number, SIG_DFL);
    raise(number);
}

static void pass_on(int number, siginfo_t *info, void *ucontext)
{
    static _Thread_local bool passing; /* a handler that passes on to ours would come back here */
    const struct sigaction *before = number == SIGSEGV ? &before_segv : &before_bus;
    bool again = passing;

    passing = true;
    if (again || (!(before->sa_flags & SA_SIGINFO) &&
                  (before->sa_handler == SIG_DFL || before->sa_handler == SIG_IGN)))
        die_by(number);
    else if (before->sa_flags & SA_SIGINFO)
        before->sa_sigaction(number, info, ucontext);
    else
        before->sa_handler(number);
    passing = again;
}

static void faulted(int number, siginfo_t *info, void *ucontext)
{
    const hoot_task *task = hoot_current_task();

    if (task && hoot__stack_is_guard(&task->loop->stacks, &task->stack, info->si_addr)) {
        say_overflow(task);
        die_by(number);
        return;
    }
    pass_on(number, info, ucontext);
}

/* Put ours in front, unless it is there. Somebody may have taken its place since the last loop. */
static void install(int number, struct sigaction *before)
{
    struct sigaction now, ours = { .sa_flags = SA_SIGINFO | SA_ONSTACK };

    sigemptyset(&ours.sa_mask);
    ours.sa_sigaction = faulted;
    if (sigaction(number, NULL, &now) != 0 || ((now.sa_flags & SA_SIGINFO) && now.sa_sigaction == faulted))
        return;
    *before = now;
    sigaction(number, &ours, NULL);
}

void hoot__overflow_watch(void)
{
    stack_t now, ours = { .ss_size = SIGNAL_STACK_BYTES };

    pthread_mutex_lock(&installing);
    install(SIGSEGV, &before_segv);
    install(SIGBUS, &before_bus);
    pthread_mutex_unlock(&installing);
    if (sigaltstack(NULL, &now) != 0 || !(now.ss_flags & SS_DISABLE))
        return;
    ours.ss_sp = hoot__malloc(SIGNAL_STACK_BYTES);
    if (!ours.ss_sp)
        return;
    if (sigaltstack(&ours, NULL) == 0)
        signal_stack = ours.ss_sp;
    else
        hoot__free(ours.ss_sp);
}

void hoot__overflow_unwatch(void)
{
    stack_t none = { .ss_flags = SS_DISABLE };

    if (!signal_stack)
        return;
    sigaltstack(&none, NULL);
    hoot__free(signal_stack);
    signal_stack = NULL;
}

void hoot__overflow_die(const hoot_task *task)
{
    say_overflow(task);
    abort();
}
