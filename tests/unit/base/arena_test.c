#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <hoot/arena.h>

#include "base/alloc.h"
#include "base/arena.h"

#include <stdalign.h>
#include <stdio.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

static void aligns_for_any_type_after_texts_of_any_length(void **state)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);

    (void)state;
    for (size_t len = 0; len < 40; len++) {
        assert_non_null(hoot_arena_dup(arena, hoot_str_of("0123456789012345678901234567890123456789", len)));
        assert_int_equal((uintptr_t)hoot_arena_alloc(arena, len) % alignof(max_align_t), 0);
    }
}

/* Fill every piece to its brim: overlap shows as a changed byte, overrun as an ASan report. */
static void gives_every_caller_bytes_of_its_own(void **state)
{
    enum { COUNT = 400 };
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    unsigned char *pieces[COUNT];

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        pieces[i] = hoot_arena_alloc(arena, i * 7);
        assert_non_null(pieces[i]);
        memset(pieces[i], (int)(i & 0xff), i * 7);
    }
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t at = 0; at < i * 7; at++)
            assert_int_equal(pieces[i][at], i & 0xff);
    }
}

static void hands_out_exactly_its_limit(void **state)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(100);

    (void)state;
    assert_non_null(hoot_arena_alloc(arena, 48));
    assert_null(hoot_arena_alloc(arena, 53));
    assert_non_null(hoot_arena_alloc(arena, 52));
    assert_null(hoot_arena_alloc(arena, 1));
    assert_int_equal(hoot_arena_used(arena), 100);
}

static void limit_spans_blocks_of_every_kind(void **state)
{
    const size_t limit = 300 * 1000;
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(limit);
    size_t given = 0;

    (void)state;
    assert_non_null(hoot_arena_alloc(arena, 100 * 1000));
    while (hoot_arena_alloc(arena, 160))
        given += 160;
    assert_in_range(given, 200 * 1000 - 160, 200 * 1000);
    assert_true(hoot_arena_used(arena) <= limit);
    assert_null(hoot_arena_alloc(arena, 100 * 1000));
}

static void refuses_sizes_that_overflow(void **state)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(SIZE_MAX);
    volatile size_t huge = SIZE_MAX;

    (void)state;
    assert_null(hoot_arena_alloc(arena, huge));
    assert_null(hoot_arena_alloc(arena, huge - 64));
    assert_null(hoot_arena_alloc_array(arena, huge / 2, 3));
    assert_null(hoot_arena_dup(arena, hoot_str_of("x", huge)));
    assert_non_null(hoot_arena_alloc_array(arena, 3, 8));
}

static void reset_lets_go_of_all_and_starts_at_the_same_place(void **state)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    void *first = hoot_arena_alloc(arena, 24);

    (void)state;
    for (int i = 0; i < 100; i++)
        assert_non_null(hoot_arena_alloc(arena, 900));
    hoot_arena_reset(arena);
    assert_int_equal(hoot_arena_used(arena), 0);
    assert_ptr_equal(hoot_arena_alloc(arena, 24), first);
}

static void keeps_its_record_through_resets(void **state)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(5000);
    char *record = hoot__arena_keep(arena, 100), *first = NULL;
    size_t kept = hoot_arena_used(arena);

    (void)state;
    assert_in_range(kept, 100, 100 + alignof(max_align_t));
    memset(record, 'r', 100);
    for (int round = 0; round < 4; round++) {
        char *taken = hoot_arena_alloc(arena, 24);

        assert_true(taken >= record + 100);
        assert_true(!first || taken == first);
        first = taken;
        for (int i = 0; round % 2 && i < 4; i++)
            assert_non_null(hoot_arena_alloc(arena, 1000));
        assert_null(hoot_arena_alloc(arena, 5000 - kept - 24 - (round % 2 ? 4000 : 0) + 1));
        hoot_arena_reset(arena);
        assert_int_equal(hoot_arena_used(arena), kept);
        assert_ptr_equal(hoot__arena_kept(arena), record);
        assert_int_equal(record[0] + record[99], 2 * 'r');
    }
}

static void clears_what_zalloc_gives(void **state)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    unsigned char *bytes = hoot_arena_alloc(arena, 64);

    (void)state;
    memset(bytes, 0xff, 64);
    hoot_arena_reset(arena);
    bytes = hoot_arena_zalloc(arena, 64);
    for (int i = 0; i < 64; i++)
        assert_int_equal(bytes[i], 0);
}

static void copies_are_terminated(void **state)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);

    (void)state;
    assert_string_equal(hoot_arena_dup(arena, hoot_str_of("owlet", 3)), "owl");
    assert_string_equal(hoot_arena_dup(arena, hoot_str_of(NULL, 0)), "");
    assert_string_equal(hoot_arena_strdup(arena, "barn owl"), "barn owl");
}

/* Walk the end of the first block, so that each text meets every amount of room there is left. */
static void formats_texts_across_the_end_of_a_block(void **state)
{
    (void)state;
    for (size_t before = 1900; before < 2030; before++) {
        HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
        char *text;

        assert_non_null(hoot_arena_alloc(arena, before));
        text = hoot_arena_printf(arena, "%s %d", "a night owl", 12345);
        assert_string_equal(text, "a night owl 12345");
        assert_string_equal(hoot_arena_printf(arena, "%d", 7), "7");
        assert_string_equal(text, "a night owl 12345");
    }
}

static void formats_texts_longer_than_any_block(void **state)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    char *text = hoot_arena_printf(arena, "%0200000d", 1);

    (void)state;
    assert_int_equal(strlen(text), 200000);
    assert_int_equal(text[199999], '1');
}

static void formatting_obeys_the_limit(void **state)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(8);

    (void)state;
    assert_null(hoot_arena_printf(arena, "%s", "12345678"));
    assert_string_equal(hoot_arena_printf(arena, "%s", "1234567"), "1234567");
    assert_int_equal(hoot_arena_used(arena), 8);
}

static void survives_missing_memory(void **state)
{
    hoot_arena *arena;

    (void)state;
    hoot__alloc_fail_next(1);
    arena = hoot_arena_new(0);
    assert_null(arena);
    hoot__alloc_fail_next(0);
    arena = hoot_arena_new(0);
    assert_non_null(hoot_arena_alloc(arena, 1900));
    hoot__alloc_fail_next(1);
    assert_null(hoot_arena_alloc(arena, 500));
    hoot__alloc_fail_next(1);
    assert_null(hoot_arena_alloc(arena, 100 * 1000));
    hoot__alloc_fail_next(0);
    assert_int_equal(hoot_arena_used(arena), 1900);
    assert_non_null(hoot_arena_alloc(arena, 500));
    hoot_arena_free(arena);
    hoot_arena_free(NULL);
}

#if defined(__SANITIZE_ADDRESS__)
static void asan_sees_writes_past_an_allocation_and_after_reset(void **state)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    char *one = hoot_arena_alloc(arena, 13);
    char *text = hoot_arena_printf(arena, "%s", "owl");

    (void)state;
    assert_false(__asan_address_is_poisoned(one + 12));
    assert_true(__asan_address_is_poisoned(one + 13));
    assert_false(__asan_address_is_poisoned(text + 3));
    assert_true(__asan_address_is_poisoned(text + 4));
    hoot_arena_reset(arena);
    assert_true(__asan_address_is_poisoned(one));
}

static void asan_sees_a_kept_record_that_is_used_after_a_reset(void **state)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    char *record = hoot__arena_keep(arena, 64);

    (void)state;
    assert_false(__asan_address_is_poisoned(record + 63));
    hoot_arena_reset(arena);
    assert_true(__asan_address_is_poisoned(record));
    assert_ptr_equal(hoot__arena_kept(arena), record);
    assert_false(__asan_address_is_poisoned(record));
}
#endif

/* From among others, to a block of its own, to a larger one. */
static void memory_grows_and_keeps_its_bytes(void **state)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(3000000);
    size_t size = 100;
    char *text = hoot_arena_alloc(arena, size);
    char *other;

    (void)state;
    memset(text, 'a', size);
    for (; size < 1000000; size *= 3) {
        char *grown = hoot__arena_grow(arena, text, size, size * 3);

        assert_non_null(grown);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(grown[i], 'a');
        other = hoot_arena_alloc(arena, 10);
        assert_non_null(other);
        memset(grown, 'a', size * 3);
        memset(other, 'o', 10);
        text = grown;
    }
    assert_in_range(hoot_arena_used(arena), size, 3000000);
    assert_null(hoot__arena_grow(arena, text, size, 3000001)); /* the limit */
    hoot__alloc_fail_next(1);
    assert_null(hoot__arena_grow(arena, text, size, size + 500000));
    hoot__alloc_fail_next(0);
    assert_int_equal(text[size - 1], 'a');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aligns_for_any_type_after_texts_of_any_length),
        cmocka_unit_test(gives_every_caller_bytes_of_its_own),
        cmocka_unit_test(memory_grows_and_keeps_its_bytes),
        cmocka_unit_test(hands_out_exactly_its_limit),
        cmocka_unit_test(limit_spans_blocks_of_every_kind),
        cmocka_unit_test(refuses_sizes_that_overflow),
        cmocka_unit_test(reset_lets_go_of_all_and_starts_at_the_same_place),
        cmocka_unit_test(keeps_its_record_through_resets),
        cmocka_unit_test(clears_what_zalloc_gives),
        cmocka_unit_test(copies_are_terminated),
        cmocka_unit_test(formats_texts_across_the_end_of_a_block),
        cmocka_unit_test(formats_texts_longer_than_any_block),
        cmocka_unit_test(formatting_obeys_the_limit),
        cmocka_unit_test(survives_missing_memory),
#if defined(__SANITIZE_ADDRESS__)
        cmocka_unit_test(asan_sees_writes_past_an_allocation_and_after_reset),
        cmocka_unit_test(asan_sees_a_kept_record_that_is_used_after_a_reset),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
