/* Percent-decoding and encoding, media types, dates: text that a peer chose, of which the result must keep
 * its promises. */
#include "http/message.h"

#include <assert.h>
#include <stdlib.h>

/* Decoded text by the definition: three characters or one become one byte. */
static ptrdiff_t decode_slowly(hoot_str s, bool plus, char *out)
{
    size_t len = 0;

    for (size_t i = 0; i < s.len; i++) {
        unsigned byte = (unsigned char)s.ptr[i];
        char text[3] = "";
        char *end;

        if (byte == '%') {
            if (i + 2 >= s.len)
                return -1;
            memcpy(text, s.ptr + i + 1, 2);
            byte = (unsigned)strtoul(text, &end, 16);
            if (end != text + 2 || strspn(text, "0123456789abcdefABCDEF") != 2)
                return -1;
            i += 2;
        } else if (byte == '+' && plus) {
            byte = ' ';
        }
        if (byte == 0)
            return -1;
        out[len++] = (char)byte;
    }
    return (ptrdiff_t)len;
}

static void check_decode(hoot_arena *arena, hoot_str s, bool plus, bool utf8)
{
    char *expected = malloc(s.len + 1);
    hoot_str out = HOOT_STR("untouched");
    ptrdiff_t len;
    int rc;

    assert(expected);
    len = decode_slowly(s, plus, expected);
    if (len >= 0 && utf8 && !hoot_str_is_utf8(hoot_str_of(expected, (size_t)len)))
        len = -1;
    rc = hoot__percent_decode(arena, s, plus, utf8, &out);
    if (len < 0) {
        assert(rc == HOOT_EBADINPUT && hoot_str_is(out, "untouched"));
    } else {
        assert(rc == 0 && hoot_str_equal(out, hoot_str_of(expected, (size_t)len)));
        assert(out.ptr == s.ptr || out.ptr[out.len] == '\0');
    }
    free(expected);
}

/* What was encoded decodes to itself and holds nothing but unreserved characters, '%' and '/'. */
static void check_encode(hoot_arena *arena, hoot_str s, bool keep_slash)
{
    hoot_buf buf;
    hoot_str back;

    hoot_buf_init(&buf, 3 * s.len + 1);
    assert(hoot__percent_encode(&buf, s, keep_slash) == 0);
    for (size_t i = 0; i < buf.len; i++) {
        char c = buf.data[i];

        assert((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               (c && strchr("-._~%", c)) || (keep_slash && c == '/'));
    }
    if (hoot_str_find(s, '\0') < 0) {
        assert(hoot__percent_decode(arena, hoot_buf_str(&buf), true, false, &back) == 0);
        assert(hoot_str_equal(back, s));
    }
    hoot_buf_fini(&buf);
}

static void check_media(hoot_arena *arena, hoot_str s)
{
    hoot_str type = hoot__media_type(s);
    hoot_str value;

    assert(hoot_str_find(type, ';') < 0 && type.len <= s.len);
    if (hoot__media_parameter(arena, s, "charset", &value) == 0)
        assert(value.len <= s.len);
    if (hoot__media_parameter(arena, s, "boundary", &value) == 0)
        assert(value.len <= s.len);
}

/* A date that was read can be written, and reads as the same second. */
static void check_date(hoot_str s)
{
    char text[HOOT__HTTP_DATE_CHARS + 1];
    time_t when, again;

    if (hoot__http_date_parse(s, &when) < 0)
        return;
    hoot__http_date_format(when, text);
    assert(strlen(text) == HOOT__HTTP_DATE_CHARS);
    assert(hoot__http_date_parse(hoot_str_from(text), &again) == 0 && again == when);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hoot_str s = hoot_str_of(data, size);
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);

    assert(arena);
    for (int way = 0; way < 4; way++)
        check_decode(arena, s, way & 1, way & 2);
    check_encode(arena, s, false);
    check_encode(arena, s, true);
    check_media(arena, s);
    check_date(s);
    return 0;
}
