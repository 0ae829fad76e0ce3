/* The signed text, against cookies of Flask and Quart, and everything that is not quite one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "unit/web/session_vectors.h"
#include "web/session_internal.h"

#include <stdio.h>
#include <stdlib.h>

static const int64_t for_ever = INT64_MAX;

static hoot_arena *arena;
static hoot__hmac_key key;

static int set_up(void **state)
{
    (void)state;
    arena = hoot_arena_new(0);
    hoot__session_key_init(&key, HOOT_STR(VECTOR_KEY));
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    hoot_arena_free(arena);
    return 0;
}

static int read_at(const char *cookie, int64_t now, int64_t lifetime_s, hoot__session_text *out)
{
    return hoot__session_unsign(arena, &key, 1, hoot_str_from(cookie), now, lifetime_s, out);
}

static void assert_reads(const char *cookie, const char *json)
{
    hoot__session_text text;

    assert_int_equal(read_at(cookie, VECTOR_SIGNED_AT, 0, &text), 0);
    assert_int_equal(text.json.len, strlen(json));
    assert_memory_equal(text.json.ptr, json, text.json.len);
}

static void assert_refuses(const char *cookie)
{
    hoot__session_text text;

    assert_int_equal(read_at(cookie, VECTOR_SIGNED_AT, for_ever, &text), HOOT_EBADINPUT);
}

/* From the README of Flask-Unsign; they are from 2019. */
static void reads_cookies_that_others_published(void **state)
{
    hoot__session_text text;

    (void)state;
    hoot__session_key_init(&key, HOOT_STR("CHANGEME"));
    assert_int_equal(
        read_at("eyJsb2dnZWRfaW4iOmZhbHNlfQ.XDuWxQ.E2Pyb6x3w-NODuflHoGnZOEpbH8", 1547409093, 0, &text), 0);
    assert_true(hoot_str_is(text.json, "{\"logged_in\":false}"));
    assert_int_equal(read_at("eyJsb2dnZWRfaW4iOnRydWV9.XDuW-g.cPCkFmmeB7qNIcN-ReiN72r0hvU",
                             INT64_C(9000000000), for_ever, &text),
                     0);
    assert_true(hoot_str_is(text.json, "{\"logged_in\":true}"));
    assert_true(hoot_str_is(text.payload, "eyJsb2dnZWRfaW4iOnRydWV9"));
}

static void reads_cookies_of_flask_and_quart(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(session_vectors) / sizeof(session_vectors[0]); i++)
        assert_reads(session_vectors[i].cookie, session_vectors[i].json);
}

/* Compressed where they compress, and only there: the same zlib makes the same bytes. */
static void signs_the_bytes_that_flask_signs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(session_vectors) / sizeof(session_vectors[0]); i++) {
        hoot_buf payload, cookie;

        hoot_buf_init(&payload, 10000);
        hoot_buf_init(&cookie, 10000);
        assert_int_equal(hoot__session_encode(&payload, hoot_str_from(session_vectors[i].json)), 0);
        assert_int_equal(hoot__session_sign(&cookie, &key, hoot_buf_str(&payload), VECTOR_SIGNED_AT), 0);
        assert_int_equal(cookie.len, payload.len + HOOT__SESSION_SIGN_BYTES);
        assert_int_equal(hoot_buf_add_byte(&cookie, '\0'), 0);
        assert_string_equal(cookie.data, session_vectors[i].cookie);
        hoot_buf_fini(&payload);
        hoot_buf_fini(&cookie);
    }
}

static void refuses_a_cookie_with_any_bit_turned(void **state)
{
    const char *cookies[] = {
        session_vectors[0].cookie,
        session_vectors[sizeof(session_vectors) / sizeof(session_vectors[0]) - 1].cookie
    };

    (void)state;
    for (size_t c = 0; c < 2; c++) {
        char *copy = strdup(cookies[c]);

        for (size_t i = 0; i < strlen(cookies[c]); i++) {
            for (int bit = 0; bit < 8; bit++) {
                copy[i] = (char)(cookies[c][i] ^ 1 << bit);
                assert_refuses(copy);
            }
            copy[i] = cookies[c][i];
        }
        assert_int_equal(read_at(copy, VECTOR_SIGNED_AT, 0, &(hoot__session_text){ 0 }), 0);
        free(copy);
    }
}

static void refuses_a_cookie_with_a_byte_missing_or_added(void **state)
{
    const char *cookie = session_vectors[0].cookie;
    char text[200];

    (void)state;
    for (size_t i = 0; i < strlen(cookie); i++) {
        snprintf(text, sizeof(text), "%.*s%s", (int)i, cookie, cookie + i + 1);
        assert_refuses(text);
        snprintf(text, sizeof(text), "%.*sA%s", (int)i, cookie, cookie + i);
        assert_refuses(text);
        snprintf(text, sizeof(text), "%.*s", (int)i, cookie);
        assert_refuses(text);
    }
    snprintf(text, sizeof(text), "%s=", cookie);
    assert_refuses(text);
}

static void refuses_what_has_no_three_parts(void **state)
{
    (void)state;
    assert_refuses("");
    assert_refuses(".");
    assert_refuses("..");
    assert_refuses("...");
    assert_refuses("{}");
    assert_refuses("QDmZQ8VADjSh3lFKE6gbmSwRc38");
}

static void reads_with_any_of_its_keys(void **state)
{
    hoot__hmac_key keys[3];
    hoot__session_text text;

    (void)state;
    hoot__session_key_init(&keys[0], HOOT_STR("another"));
    hoot__session_key_init(&keys[1], HOOT_STR(VECTOR_OLD_KEY));
    keys[2] = key;
    assert_int_equal(
        hoot__session_unsign(arena, keys, 3, HOOT_STR(VECTOR_OLD_COOKIE), VECTOR_SIGNED_AT, 0, &text), 0);
    assert_true(hoot_str_is(text.json, session_vectors[0].json));
    assert_int_equal(hoot__session_unsign(arena, keys, 3, hoot_str_from(session_vectors[0].cookie),
                                          VECTOR_SIGNED_AT, 0, &text),
                     0);
    assert_int_equal(
        hoot__session_unsign(arena, keys, 1, HOOT_STR(VECTOR_OLD_COOKIE), VECTOR_SIGNED_AT, 0, &text),
        HOOT_EBADINPUT);
}

static void refuses_what_is_older_than_the_lifetime_or_from_the_future(void **state)
{
    const char *cookie = session_vectors[0].cookie;
    hoot__session_text text;

    (void)state;
    assert_int_equal(read_at(cookie, VECTOR_SIGNED_AT + 100, 100, &text), 0);
    assert_int_equal(read_at(cookie, VECTOR_SIGNED_AT + 101, 100, &text), HOOT_EBADINPUT);
    assert_int_equal(read_at(cookie, VECTOR_SIGNED_AT - 1, 100, &text), HOOT_EBADINPUT);
    assert_int_equal(read_at(cookie, -1, for_ever, &text), HOOT_EBADINPUT);
}

/* Signed with the right key, so that what is behind the signature is really looked at. */
static int read_signed(hoot_str payload_and_stamp)
{
    hoot__session_text text;
    uint8_t mac[HOOT_SHA1_BYTES];
    hoot_buf cookie;
    int rc;

    hoot_buf_init(&cookie, 300000);
    hoot__hmac_key_mac(&key, payload_and_stamp, mac);
    hoot_buf_add_str(&cookie, payload_and_stamp);
    hoot_buf_add_byte(&cookie, '.');
    hoot_base64url_encode(hoot_str_of(mac, sizeof(mac)), &cookie);
    assert_false(cookie.failed);
    rc = hoot__session_unsign(arena, &key, 1, hoot_buf_str(&cookie), VECTOR_SIGNED_AT, for_ever, &text);
    hoot_buf_fini(&cookie);
    return rc;
}

static void refuses_signed_nonsense(void **state)
{
    (void)state;
    assert_int_equal(read_signed(HOOT_STR("e30.ZVPxAA")), 0);
    assert_int_equal(read_signed(HOOT_STR("e30")), HOOT_EBADINPUT);             /* no time */
    assert_int_equal(read_signed(HOOT_STR("e30.ZVPxA")), HOOT_EBADINPUT);       /* no base64 */
    assert_int_equal(read_signed(HOOT_STR("e30.__________8")), HOOT_EBADINPUT); /* 2^64 - 1 */
    assert_int_equal(read_signed(HOOT_STR("e30.AAAAAAAAAAAAZVPxAA")),
                     HOOT_EBADINPUT); /* nine bytes and more */
    assert_int_equal(read_signed(HOOT_STR("e3*.ZVPxAA")), HOOT_EBADINPUT);
    assert_int_equal(read_signed(HOOT_STR(".e30.ZVPxAA")), HOOT_EBADINPUT); /* no zlib stream */
    assert_int_equal(read_signed(HOOT_STR("..ZVPxAA")), HOOT_EBADINPUT);
}

static void refuses_streams_that_are_cut_short_or_grow_too_large(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(vector_bad_streams) / sizeof(vector_bad_streams[0]); i++)
        assert_refuses(vector_bad_streams[i]);
}

static void inflates_up_to_its_limit(void **state)
{
    hoot_buf plain, payload, cookie;
    hoot__session_text text;

    (void)state;
    hoot_buf_init(&plain, HOOT__SESSION_MAX_JSON_BYTES);
    hoot_buf_init(&payload, 10000);
    hoot_buf_init(&cookie, 10000);
    while (plain.len < HOOT__SESSION_MAX_JSON_BYTES)
        hoot_buf_add_byte(&plain, 'x');
    assert_int_equal(hoot__session_encode(&payload, hoot_buf_str(&plain)), 0);
    assert_int_equal(hoot__session_sign(&cookie, &key, hoot_buf_str(&payload), 1), 0);
    assert_int_equal(hoot__session_unsign(arena, &key, 1, hoot_buf_str(&cookie), 1, 0, &text), 0);
    assert_int_equal(text.json.len, HOOT__SESSION_MAX_JSON_BYTES);
    hoot_buf_fini(&plain);
    hoot_buf_fini(&payload);
    hoot_buf_fini(&cookie);
}

static int encode_and_read(const session_vector *vector)
{
    hoot__session_text text;
    hoot_buf payload;
    int rc;

    hoot_arena_reset(arena);
    hoot_buf_init(&payload, 10000);
    rc = hoot__session_encode(&payload, hoot_str_from(vector->json));
    hoot_buf_fini(&payload);
    return rc < 0 ? rc : read_at(vector->cookie, VECTOR_SIGNED_AT, 0, &text);
}

static void tells_missing_memory_from_a_bad_cookie(void **state)
{
    const session_vector *vector = &session_vectors[sizeof(session_vectors) / sizeof(session_vectors[0]) - 1];
    unsigned long n = 0;
    int rc;

    (void)state;
    do {
        hoot__alloc_fail_next(++n);
        rc = encode_and_read(vector);
        hoot__alloc_fail_next(0);
        assert_true(rc == 0 || rc == HOOT_ENOMEM);
    } while (rc < 0);
    assert_true(n > 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_cookies_that_others_published, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_cookies_of_flask_and_quart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(signs_the_bytes_that_flask_signs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_a_cookie_with_any_bit_turned, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_a_cookie_with_a_byte_missing_or_added, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_what_has_no_three_parts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_with_any_of_its_keys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_what_is_older_than_the_lifetime_or_from_the_future, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(refuses_signed_nonsense, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_streams_that_are_cut_short_or_grow_too_large, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(inflates_up_to_its_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tells_missing_memory_from_a_bad_cookie, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
