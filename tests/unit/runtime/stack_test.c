/* Where stacks come from: guards of each kind, the pool, giving pages back. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/stack.h"

#define HEAD_BYTES 900

/* Whether a child that writes one byte there dies of it. */
static bool write_kills(char *address)
{
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL);
        signal(SIGBUS, SIG_DFL);
        *(volatile char *)address = 1;
        raise(SIGKILL); /* alive: an exit would look for leaks */
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    return WTERMSIG(status) != SIGKILL;
}

static void check_guard(hoot__guard best)
{
    hoot__stacks stacks;
    hoot__stack *stack;

    hoot__stacks_init(&stacks, HEAD_BYTES, best);
    stack = hoot__stack_acquire(&stacks);
    assert_non_null(stack);
    assert_true(write_kills(stack->low));
    assert_true(write_kills(stack->low + stacks.guard_bytes - 1));
    assert_false(write_kills(stack->low + stacks.guard_bytes));
    assert_true(hoot__stack_is_guard(&stacks, stack, stack->low));
    assert_true(hoot__stack_is_guard(&stacks, stack, stack->low + stacks.guard_bytes - 1));
    assert_false(hoot__stack_is_guard(&stacks, stack, stack->low + stacks.guard_bytes));
    assert_false(hoot__stack_is_guard(&stacks, stack, stack->low - 1));
    hoot__stack_release(&stacks, stack);
    hoot__stacks_fini(&stacks);
}

static void the_low_end_cannot_be_written(void **state)
{
    (void)state;
    check_guard(HOOT__GUARD_KERNEL); /* or what the kernel has instead */
}

static void the_low_end_cannot_be_written_on_older_kernels(void **state)
{
    (void)state;
    check_guard(HOOT__GUARD_MPROTECT);
}

static void a_canary_dies_when_the_low_end_is_written(void **state)
{
    hoot__stacks stacks;
    hoot__stack *stack;

    (void)state;
    hoot__stacks_init(&stacks, HEAD_BYTES, HOOT__GUARD_CANARY);
    stack = hoot__stack_acquire(&stacks);
    assert_non_null(stack);
    assert_false(hoot__stack_canary_died(&stacks, stack));
    stack->low[stacks.guard_bytes - 8] = 1;
    assert_true(stacks.on_valgrind || hoot__stack_canary_died(&stacks, stack));
    stack->low[stacks.guard_bytes - 8] = 0;
    hoot__stack_release(&stacks, stack);
    hoot__stacks_fini(&stacks);
}

/* Resident bytes of a stack. */
static size_t resident(const hoot__stacks *stacks, const hoot__stack *stack)
{
    unsigned char pages[HOOT_TASK_STACK_BYTES / 4096];
    size_t count = 0;

    assert_int_equal(mincore(stack->low, HOOT_TASK_STACK_BYTES, pages), 0);
    for (size_t i = 0; i < HOOT_TASK_STACK_BYTES / stacks->page_bytes; i++)
        count += pages[i] & 1;
    return count * stacks->page_bytes;
}

static void the_last_released_is_lent_first_and_deep_pages_go_back(void **state)
{
    hoot__stacks stacks;
    hoot__stack *first, *second;

    (void)state;
    hoot__stacks_init(&stacks, HEAD_BYTES, HOOT__GUARD_KERNEL);
    first = hoot__stack_acquire(&stacks);
    second = hoot__stack_acquire(&stacks);
    assert_non_null(first);
    assert_non_null(second);
    assert_ptr_not_equal(first, second);
    memset(hoot__stack_base(&stacks, first), 1, hoot__stack_room(&stacks, first));
    assert_true(resident(&stacks, first) > 128 * 1024);
    hoot__stack_release(&stacks, second);
    hoot__stack_release(&stacks, first);
    assert_int_equal(stacks.warm_count, 2);
    assert_true(resident(&stacks, first) <= 16 * 1024);
#ifdef HOOT_DEBUG
    assert_true(stacks.deepest > 128 * 1024);
#endif
    assert_ptr_equal(hoot__stack_acquire(&stacks), first);
    hoot__stack_release(&stacks, first);
    hoot__stacks_fini(&stacks);
}

static void many_stacks_are_few_mappings_and_go_back(void **state)
{
    enum { COUNT = 1000 };
    hoot__stack **all = calloc(COUNT, sizeof *all);
    hoot__stacks stacks;

    (void)state;
    assert_non_null(all);
    hoot__stacks_init(&stacks, HEAD_BYTES, HOOT__GUARD_KERNEL);
    for (int i = 0; i < COUNT; i++) {
        all[i] = hoot__stack_acquire(&stacks);
        assert_non_null(all[i]);
        memset((char *)all[i] - 64, i, 64);
    }
    assert_int_equal(stacks.slab_count, (COUNT + 63) / 64);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(((unsigned char *)all[i])[-64], i & 0xff); /* nobody else's */
        hoot__stack_release(&stacks, all[i]);
    }
    assert_int_equal(stacks.warm_count, HOOT__STACKS_WARM);
    assert_true(stacks.slab_count <= HOOT__STACKS_WARM / 64 + 1 + 4);
    hoot__stacks_fini(&stacks);
    free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_low_end_cannot_be_written),
        cmocka_unit_test(the_low_end_cannot_be_written_on_older_kernels),
        cmocka_unit_test(a_canary_dies_when_the_low_end_is_written),
        cmocka_unit_test(the_last_released_is_lent_first_and_deep_pages_go_back),
        cmocka_unit_test(many_stacks_are_few_mappings_and_go_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
