/* The allocation seam: what the other tests rely on when they fail each allocation in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"

#include <limits.h>

static void fails_the_nth_allocation_only(void **state)
{
    void *first, *second, *third;

    (void)state;
    hoot__alloc_fail_next(2);
    first = hoot__malloc(8);
    second = hoot__calloc(1, 8);
    third = hoot__malloc(8);
    hoot__alloc_fail_next(0);
    assert_non_null(first);
    assert_null(second);
    assert_non_null(third);
    hoot__free(first);
    hoot__free(third);
}

static void counts_without_failing(void **state)
{
    char *text;

    (void)state;
    hoot__alloc_fail_next(ULONG_MAX);
    text = hoot__strdup("owl");
    text = hoot__realloc(text, 100);
    assert_int_equal(hoot__alloc_count, 2);
    hoot__alloc_fail_next(0);
    assert_string_equal(text, "owl");
    hoot__free(text);
}

static void failed_realloc_keeps_the_old_memory(void **state)
{
    char *text = hoot__strdup("owl");

    (void)state;
    hoot__alloc_fail_next(1);
    assert_null(hoot__realloc(text, 100));
    hoot__alloc_fail_next(0);
    assert_string_equal(text, "owl");
    hoot__free(text);
}

static void copies_bytes_beyond_a_nul(void **state)
{
    char *copy = hoot__strndup("a\0b", 3);

    (void)state;
    assert_memory_equal(copy, "a\0b", 4);
    hoot__free(copy);
    assert_null(hoot__strdup(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fails_the_nth_allocation_only),
        cmocka_unit_test(counts_without_failing),
        cmocka_unit_test(failed_realloc_keeps_the_old_memory),
        cmocka_unit_test(copies_bytes_beyond_a_nul),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
