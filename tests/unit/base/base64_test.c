/* Against RFC 4648 section 10, and every spelling that is not the one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <hoot/crypto.h>
#include <hoot/error.h>

#include "base/alloc.h"

typedef int (*codec)(hoot_str in, hoot_buf *out);

static void assert_codes(codec code, hoot_str in, hoot_str expected)
{
    hoot_buf out;

    hoot_buf_init(&out, 1000);
    assert_int_equal(hoot_buf_add_byte(&out, '>'), 0); /* it appends */
    assert_int_equal(code(in, &out), 0);
    assert_int_equal(out.len, expected.len + 1);
    assert_memory_equal(out.data + 1, expected.ptr, expected.len);
    hoot_buf_fini(&out);
}

static void assert_refuses(codec decode, hoot_str text)
{
    hoot_buf out;

    hoot_buf_init(&out, 1000);
    assert_int_equal(decode(text, &out), HOOT_EBADINPUT);
    assert_int_equal(out.len, 0);
    hoot_buf_fini(&out);
}

static void gives_the_vectors_of_rfc_4648(void **state)
{
    const char *vectors[][2] = { { "", "" },
                                 { "f", "Zg==" },
                                 { "fo", "Zm8=" },
                                 { "foo", "Zm9v" },
                                 { "foob", "Zm9vYg==" },
                                 { "fooba", "Zm9vYmE=" },
                                 { "foobar", "Zm9vYmFy" } };

    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        hoot_str plain = hoot_str_from(vectors[i][0]);
        hoot_str text = hoot_str_from(vectors[i][1]);

        assert_codes(hoot_base64_encode, plain, text);
        assert_codes(hoot_base64_decode, text, plain);
        text = hoot_str_trim(text, "=");
        assert_codes(hoot_base64url_encode, plain, text);
        assert_codes(hoot_base64url_decode, text, plain);
    }
}

static void uses_the_right_last_digits(void **state)
{
    const hoot_str bytes = HOOT_STR("\xfb\xff\xfe");

    (void)state;
    assert_codes(hoot_base64_encode, bytes, HOOT_STR("+//+"));
    assert_codes(hoot_base64url_encode, bytes, HOOT_STR("-__-"));
    assert_codes(hoot_base64_decode, HOOT_STR("+//+"), bytes);
    assert_codes(hoot_base64url_decode, HOOT_STR("-__-"), bytes);
    assert_refuses(hoot_base64_decode, HOOT_STR("-__-"));
    assert_refuses(hoot_base64url_decode, HOOT_STR("+//+"));
}

static void every_length_comes_back(void **state)
{
    uint8_t bytes[64];

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 37 + 11);
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        hoot_buf text;

        hoot_buf_init(&text, 1000);
        assert_int_equal(hoot_base64url_encode(hoot_str_of(bytes, len), &text), 0);
        assert_int_equal(text.len, (len * 8 + 5) / 6);
        assert_codes(hoot_base64url_decode, hoot_buf_str(&text), hoot_str_of(bytes, len));
        hoot_buf_fini(&text);
    }
}

static void refuses_wrong_padding(void **state)
{
    const char *wrong[] = { "Zg=",   "Zg",      "Zg===",    "Z===",  "====", "=",       "==",
                            "Zm9v=", "Zm9vYg=", "Zg==Zg==", "Zm8==", "Zm=8", "Zm9vY===" };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_refuses(hoot_base64_decode, hoot_str_from(wrong[i]));
    assert_refuses(hoot_base64url_decode, HOOT_STR("Zg=="));
    assert_refuses(hoot_base64url_decode, HOOT_STR("Zm8="));
    assert_refuses(hoot_base64url_decode, HOOT_STR("Z"));
    assert_refuses(hoot_base64url_decode, HOOT_STR("Zm9vY"));
}

static void refuses_spare_bits(void **state)
{
    (void)state;
    assert_refuses(hoot_base64_decode, HOOT_STR("Zh=="));
    assert_refuses(hoot_base64_decode, HOOT_STR("Zm9="));
    assert_refuses(hoot_base64url_decode, HOOT_STR("Zh"));
    assert_refuses(hoot_base64url_decode, HOOT_STR("Zm9"));
}

static void refuses_every_byte_outside_the_alphabet(void **state)
{
    int good = 0;

    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        for (size_t at = 0; at < 4; at++) {
            char text[4] = { 'A', 'A', 'A', 'A' };
            hoot_buf out;

            text[at] = (char)byte;
            hoot_buf_init(&out, 1000);
            good += hoot_base64url_decode(hoot_str_of(text, 4), &out) == 0;
            hoot_buf_fini(&out);
        }
    }
    assert_int_equal(good, 64 * 4);
}

static void obeys_the_buffers_limit_and_missing_memory(void **state)
{
    hoot_buf out;

    (void)state;
    hoot_buf_init(&out, 7);
    assert_int_equal(hoot_base64_encode(HOOT_STR("fooba"), &out), HOOT_ELIMIT);
    assert_int_equal(hoot_base64_encode(hoot_str_of("x", SIZE_MAX), &out), HOOT_ELIMIT);
    assert_true(out.failed);
    hoot__alloc_fail_next(1);
    assert_int_equal(hoot_base64_encode(HOOT_STR("foo"), &out), HOOT_ENOMEM);
    hoot__alloc_fail_next(1);
    assert_int_equal(hoot_base64_decode(HOOT_STR("Zm9v"), &out), HOOT_ENOMEM);
    hoot__alloc_fail_next(0);
    assert_int_equal(out.len, 0);
    hoot_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_vectors_of_rfc_4648),
        cmocka_unit_test(uses_the_right_last_digits),
        cmocka_unit_test(every_length_comes_back),
        cmocka_unit_test(refuses_wrong_padding),
        cmocka_unit_test(refuses_spare_bits),
        cmocka_unit_test(refuses_every_byte_outside_the_alphabet),
        cmocka_unit_test(obeys_the_buffers_limit_and_missing_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
