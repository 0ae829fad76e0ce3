/* Large memory that is kept for its next use, and how much of it. Sanitizers are given all of it back at
 * once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/large.h"

#include <string.h>

enum { KIB = 1024, MIB = 1024 * KIB };

/* How many allocations it takes to get `count` pieces of `size`; they are put back. */
static unsigned long allocations_for(size_t count, size_t size)
{
    void *pieces[64];
    size_t bytes[64];
    unsigned long made;

    assert_true(count <= 64);
    hoot__alloc_fail_next(~0ul);
    for (size_t i = 0; i < count; i++) {
        bytes[i] = size;
        pieces[i] = hoot__large_get(&bytes[i]);
        assert_non_null(pieces[i]);
        assert_in_range(bytes[i], size, 2 * size);
        memset(pieces[i], 'x', bytes[i]);
    }
    made = hoot__alloc_count;
    hoot__alloc_fail_next(0);
    for (size_t i = 0; i < count; i++)
        hoot__large_put(pieces[i], bytes[i]);
    return made;
}

static void keeps_what_was_used_last_up_to_a_bound(void **state)
{
    bool keeps;

    (void)state;
    assert_int_equal(allocations_for(1, MIB), 1);
    keeps = allocations_for(1, MIB) == 0;
    if (!keeps) /* a sanitizer watches */
        return;
    assert_int_equal(allocations_for(20, MIB), 19);
    assert_int_equal(allocations_for(20, MIB), 12);     /* 8 MiB were kept */
    assert_int_equal(allocations_for(1, 100 * KIB), 1); /* not from 1 MiB */
    assert_int_equal(allocations_for(1, 90 * KIB), 0);  /* but from a little more */
    assert_int_equal(allocations_for(40, 70 * KIB), 39);
    assert_int_equal(allocations_for(1, 9 * MIB), 1);
    assert_int_equal(allocations_for(1, 9 * MIB), 1); /* more than is kept at all */
}

static void small_memory_is_not_kept(void **state)
{
    (void)state;
    assert_int_equal(allocations_for(1, 10 * KIB), 1);
    assert_int_equal(allocations_for(1, 10 * KIB), 1);
    hoot__large_put(NULL, 0);
}

static void missing_memory_is_told(void **state)
{
    size_t bytes = 5 * MIB;

    (void)state;
    hoot__alloc_fail_next(1);
    assert_null(hoot__large_get(&bytes));
    hoot__alloc_fail_next(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_what_was_used_last_up_to_a_bound),
        cmocka_unit_test(small_memory_is_not_kept),
        cmocka_unit_test(missing_memory_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
