/* Tokens, values, known names, lists, media types, reason phrases (RFC 9110 sections 5, 8.3 and 15). */
#include "http/message.h"
#include "http/scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void knows_tokens(void **state)
{
    (void)state;
    assert_true(hoot__http_is_token(HOOT_STR("X-y_1!#$%&'*+.^`|~")));
    assert_false(hoot__http_is_token(HOOT_STR("")));
    assert_false(hoot__http_is_token(HOOT_STR("a b")));
    assert_false(hoot__http_is_token(HOOT_STR("a:")));
    assert_false(hoot__http_is_token(HOOT_STR("a\0")));
    assert_false(hoot__http_is_token(HOOT_STR("caf\xc3\xa9")));
}

static void knows_field_values(void **state)
{
    (void)state;
    assert_true(hoot__http_is_field_value(HOOT_STR("")));
    assert_true(hoot__http_is_field_value(hoot_str_of(NULL, 0)));
    assert_true(hoot__http_is_field_value(HOOT_STR("a\tb \xff")));
    assert_false(hoot__http_is_field_value(HOOT_STR("a\rb")));
    assert_false(hoot__http_is_field_value(HOOT_STR("a\nb")));
    assert_false(hoot__http_is_field_value(HOOT_STR("a\0b")));
    assert_false(hoot__http_is_field_value(HOOT_STR("a\x7f")));
}

/* Each known name in small, capital and mixed letters; and with each of its letters changed, it is another.
 */
static void knows_its_headers_in_any_case(void **state)
{
    static const struct {
        hoot__known_header id;
        const char *name;
    } known[] = {
#define X(id, name) { HOOT__HEADER_##id, name },
        HOOT__KNOWN_HEADERS(X)
#undef X
    };

    (void)state;
    assert_int_equal(sizeof(known) / sizeof(known[0]), HOOT__HEADER_COUNT - 1);
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        hoot_str name = hoot_str_from(known[i].name);
        char text[32];

        assert_int_equal(hoot__http_known_header(name), known[i].id);
        for (size_t k = 0; k < name.len; k++) {
            memcpy(text, name.ptr, name.len);
            text[k] = (char)(text[k] >= 'a' ? text[k] - 32 : text[k]);
            assert_int_equal(hoot__http_known_header(hoot_str_of(text, name.len)), known[i].id);
            text[k] = 'q';
            assert_int_equal(hoot__http_known_header(hoot_str_of(text, name.len)), HOOT__HEADER_OTHER);
            text[k] = '\r'; /* what '-' is without bit 0x20 */
            assert_int_equal(hoot__http_known_header(hoot_str_of(text, name.len)), HOOT__HEADER_OTHER);
        }
        assert_int_equal(hoot__http_known_header(hoot_str_of(name.ptr, name.len - 1)), HOOT__HEADER_OTHER);
    }
    assert_int_equal(hoot__http_known_header(HOOT_STR("")), HOOT__HEADER_OTHER);
}

static void finds_headers_by_name(void **state)
{
    hoot__header at[] = { { HOOT_STR("X-A"), HOOT_STR("1"), 0 },
                          { HOOT_STR("x-b"), HOOT_STR("2"), 0 },
                          { HOOT_STR("x-a"), HOOT_STR("3"), 0 } };
    hoot__headers headers = { at, 3 };

    (void)state;
    assert_int_equal(hoot__headers_find(&headers, HOOT_STR("x-A"), 0), 0);
    assert_int_equal(hoot__headers_find(&headers, HOOT_STR("x-A"), 1), 2);
    assert_int_equal(hoot__headers_find(&headers, HOOT_STR("x-A"), 3), -1);
    assert_int_equal(hoot__headers_find(&headers, HOOT_STR("x-"), 0), -1);
}

static void finds_members_of_lists(void **state)
{
    (void)state;
    assert_true(hoot__http_list_has(HOOT_STR("close"), "close"));
    assert_true(hoot__http_list_has(HOOT_STR("a ,\tCLOSE\t, b"), "close"));
    assert_false(hoot__http_list_has(HOOT_STR("closed, enclose"), "close"));
    assert_false(hoot__http_list_has(HOOT_STR("a b"), "b"));
    assert_false(hoot__http_list_has(HOOT_STR(""), "close"));
    assert_false(hoot__http_list_has(hoot_str_of(NULL, 0), "close"));
    assert_true(hoot__http_list_has(HOOT_STR(",,close"), "close"));
}

static void knows_reason_phrases(void **state)
{
    (void)state;
    assert_string_equal(hoot__http_reason(200), "OK");
    assert_string_equal(hoot__http_reason(404), "Not Found");
    assert_string_equal(hoot__http_reason(413), "Content Too Large");
    assert_string_equal(hoot__http_reason(431), "Request Header Fields Too Large");
    assert_string_equal(hoot__http_reason(503), "Service Unavailable");
    assert_string_equal(hoot__http_reason(299), "");
    assert_string_equal(hoot__http_reason(-1), "");
}

static void takes_media_types_apart(void **state)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    hoot_str value = HOOT_STR("untouched");

    (void)state;
    assert_true(hoot_str_is(hoot__media_type(HOOT_STR(" text/html ; charset=utf-8")), "text/html"));
    assert_true(hoot_str_is(hoot__media_type(HOOT_STR("application/json")), "application/json"));
    assert_int_equal(
        hoot__media_parameter(arena, HOOT_STR("text/html;a=b; ; CharSet=UTF-8"), "charset", &value), 0);
    assert_true(hoot_str_is(value, "UTF-8"));
    assert_int_equal(hoot__media_parameter(arena,
                                           HOOT_STR("m/f; a=\"x; boundary=no\"; boundary=\"a;\\\"b\\\\\""),
                                           "boundary", &value),
                     0);
    assert_true(hoot_str_is(value, "a;\"b\\"));
    assert_int_equal(hoot__media_parameter(arena, HOOT_STR("text/html"), "charset", &value), HOOT_ENOTFOUND);
    assert_int_equal(hoot__media_parameter(arena, HOOT_STR("text/html; charsets=x;"), "charset", &value),
                     HOOT_ENOTFOUND);
}

static void refuses_bad_media_parameters(void **state)
{
    static const char *const bad[] = { "a/b; charset",
                                       "a/b; charset=",
                                       "a/b; charset =x",
                                       "a/b; charset= x",
                                       "a/b; charset=\"x",
                                       "a/b; charset=\"x\\\"",
                                       "a/b; =x",
                                       "a/b; x=y z; charset=u",
                                       "a/b; x=\"y\"z; charset=u",
                                       "a/b; charset=\"\x01\"" };
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    hoot_str value;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(hoot__media_parameter(arena, hoot_str_from(bad[i]), "charset", &value),
                         HOOT_EBADINPUT);
}

#ifdef __SSE2__
static const char *printable_end(const char *p, const char *end)
{
    while (p < end && *p >= ' ' && *p <= '~')
        p++;
    return p;
}

static const char *host_end(const char *p, const char *end)
{
    while (p < end && (hoot__char_is(*p, HOOT__CHAR_UNRESERVED) && *p != '_' && *p != '~'))
        p++;
    return p;
}
#endif

/* From each place of a block on: the fast ways stop where the slow one does. */
static void assert_scans_agree(const char *block, size_t len)
{
    const char *end = block + len;

    for (const char *p = block; p <= end; p++) {
        const char *text = hoot__scan_text_bytes(p, end);
        const char *target = hoot__scan_class(p, end, HOOT__CHAR_TARGET);
        const char *mark = memchr(p, '?', (size_t)(target - p));

        assert_ptr_equal(hoot__scan_text_words(p, end), text);
        assert_ptr_equal(hoot__scan_text(block, p, end), text);
        assert_ptr_equal(hoot__scan_name(block, p, end), hoot__scan_class(p, end, HOOT__CHAR_TOKEN));
        assert_ptr_equal(hoot__scan_target(p, end, ' '), target);
        assert_ptr_equal(hoot__scan_target(p, end, '?'), mark ? mark : target);
#ifdef __SSE2__
        if (len >= 16) {
            assert_ptr_equal(hoot__scan_printable(p, end), printable_end(p, end));
            assert_ptr_equal(hoot__scan_host_head(block, p, end), host_end(p, end));
        }
#endif
    }
}

/* Every byte at every place of blocks of every length. */
static void scans_alike_by_bytes_words_and_vectors(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 40; len++) {
        char *block = malloc(len);

        assert_true(block || len == 0);
        for (size_t at = 0; at < len; at++) {
            for (int c = 0; c < 256; c++) {
                memset(block, at & 1 ? '\t' : 0xe9, len);
                block[at] = (char)c;
                assert_scans_agree(block, len);
                memset(block, at & 1 ? 'Z' : '-', len);
                block[at] = (char)c;
                assert_scans_agree(block, len);
            }
        }
        free(block);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_tokens),
        cmocka_unit_test(knows_field_values),
        cmocka_unit_test(knows_its_headers_in_any_case),
        cmocka_unit_test(finds_headers_by_name),
        cmocka_unit_test(finds_members_of_lists),
        cmocka_unit_test(knows_reason_phrases),
        cmocka_unit_test(takes_media_types_apart),
        cmocka_unit_test(refuses_bad_media_parameters),
        cmocka_unit_test(scans_alike_by_bytes_words_and_vectors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
