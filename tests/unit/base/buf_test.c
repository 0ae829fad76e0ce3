#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <hoot/buf.h>
#include <hoot/error.h>

#include "base/alloc.h"

static void assert_holds(const hoot_buf *buf, const char *text)
{
    assert_int_equal(buf->len, strlen(text));
    if (buf->len)
        assert_memory_equal(buf->data, text, buf->len);
}

static void grows_and_keeps_what_is_there(void **state)
{
    hoot_buf buf;

    (void)state;
    hoot_buf_init(&buf, 100 * 1000);
    for (int i = 0; i < 100 * 1000; i++)
        assert_int_equal(hoot_buf_add_byte(&buf, (char)(i % 251)), 0);
    for (int i = 0; i < 100 * 1000; i++)
        assert_int_equal((unsigned char)buf.data[i], i % 251);
    assert_int_equal(hoot_buf_add_byte(&buf, 'x'), HOOT_ELIMIT);
    assert_int_equal(buf.len, 100 * 1000);
    hoot_buf_fini(&buf);
    assert_null(buf.data);
    hoot_buf_fini(NULL);
}

static void fills_to_its_limit_and_not_beyond(void **state)
{
    hoot_buf buf;

    (void)state;
    hoot_buf_init(&buf, 5);
    assert_int_equal(hoot_buf_printf(&buf, "%s", "hello!"), HOOT_ELIMIT);
    assert_true(buf.failed);
    assert_int_equal(buf.len, 0);
    hoot_buf_clear(&buf);
    assert_int_equal(hoot_buf_printf(&buf, "%s", "hello"), 0);
    assert_holds(&buf, "hello");
    assert_int_equal(hoot_buf_add(&buf, "x", 1), HOOT_ELIMIT);
    assert_int_equal(hoot_buf_reserve(&buf, SIZE_MAX), HOOT_ELIMIT);
    assert_true(buf.failed);
    assert_holds(&buf, "hello");
    hoot_buf_fini(&buf);
}

static void an_empty_append_needs_no_memory(void **state)
{
    hoot_buf buf;

    (void)state;
    hoot_buf_init(&buf, 0);
    assert_int_equal(hoot_buf_add(&buf, NULL, 0), 0);
    assert_int_equal(hoot_buf_printf(&buf, "%s", ""), 0);
    assert_false(buf.failed);
    assert_null(buf.data);
}

static void writes_numbers_of_every_size(void **state)
{
    hoot_buf buf;

    (void)state;
    hoot_buf_init(&buf, 1000);
    hoot_buf_add_u64(&buf, 0);
    hoot_buf_add_byte(&buf, ' ');
    hoot_buf_add_u64(&buf, UINT64_MAX);
    hoot_buf_add_byte(&buf, ' ');
    hoot_buf_add_i64(&buf, INT64_MIN);
    hoot_buf_add_byte(&buf, ' ');
    hoot_buf_add_i64(&buf, INT64_MAX);
    hoot_buf_add_byte(&buf, ' ');
    hoot_buf_add_i64(&buf, -7);
    assert_false(buf.failed);
    assert_holds(&buf, "0 18446744073709551615 -9223372036854775808 9223372036854775807 -7");
    hoot_buf_fini(&buf);
}

static void formats_into_whatever_room_there_is(void **state)
{
    (void)state;
    for (size_t before = 0; before < 140; before++) {
        hoot_buf buf;

        hoot_buf_init(&buf, 1000);
        for (size_t i = 0; i < before; i++)
            hoot_buf_add_byte(&buf, '.');
        assert_int_equal(hoot_buf_printf(&buf, "<%s %d>", "owl", 42), 0);
        assert_int_equal(buf.len, before + 8);
        assert_memory_equal(buf.data + before, "<owl 42>", 8);
        hoot_buf_fini(&buf);
    }
}

static void consumes_from_the_front(void **state)
{
    hoot_buf buf;

    (void)state;
    hoot_buf_init(&buf, 100);
    hoot_buf_add_str(&buf, HOOT_STR("night owl"));
    hoot_buf_consume(&buf, 6);
    assert_holds(&buf, "owl");
    hoot_buf_consume(&buf, 0);
    assert_holds(&buf, "owl");
    hoot_buf_consume(&buf, 100);
    assert_holds(&buf, "");
    hoot_buf_fini(&buf);
}

static void missing_memory_leaves_it_as_it_was(void **state)
{
    hoot_buf buf;

    (void)state;
    hoot_buf_init(&buf, 100 * 1000);
    hoot_buf_add_str(&buf, HOOT_STR("owl"));
    hoot__alloc_fail_next(1);
    assert_int_equal(hoot_buf_printf(&buf, "%0500d", 1), HOOT_ENOMEM);
    assert_int_equal(hoot_buf_reserve(&buf, 5000), 0);
    hoot__alloc_fail_next(0);
    assert_true(buf.failed);
    assert_holds(&buf, "owl");
    hoot_buf_fini(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_and_keeps_what_is_there),
        cmocka_unit_test(fills_to_its_limit_and_not_beyond),
        cmocka_unit_test(an_empty_append_needs_no_memory),
        cmocka_unit_test(writes_numbers_of_every_size),
        cmocka_unit_test(formats_into_whatever_room_there_is),
        cmocka_unit_test(consumes_from_the_front),
        cmocka_unit_test(missing_memory_leaves_it_as_it_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
