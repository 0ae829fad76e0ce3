/* Cookies both ways. As a Cookie header: what is found lies inside, and is the first of its name. As
 * Set-Cookie, taken from the lines of the input (name, value, domain, path, numbers): what is accepted is one
 * line whose attributes are those that were asked for and no others, and whose name and value are found again
 * by the reader. */
#include "http/message.h"

#include <assert.h>

static void check_reading(hoot_str header)
{
    static const char *const names[] = { "session", "a", "b", "", "theme" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        hoot_str value = HOOT_STR("");
        hoot_str before;

        if (!hoot__cookie_find(header, hoot_str_from(names[i]), &value))
            continue;
        assert(value.ptr >= header.ptr && value.ptr + value.len <= header.ptr + header.len);
        assert(hoot_str_find(value, ';') < 0);
        before = hoot_str_of(header.ptr, (size_t)(value.ptr - header.ptr));
        while (before.len && before.ptr[before.len - 1] != ';')
            before.len--;
        assert(!hoot__cookie_find(before, hoot_str_from(names[i]), &value));
    }
}

static hoot_str next_line(hoot_str *rest)
{
    hoot_str line = HOOT_STR("");

    hoot_str_split(rest, '\n', &line);
    return line;
}

static size_t count_of(hoot_str s, char c)
{
    size_t count = 0;

    for (size_t i = 0; i < s.len; i++)
        count += s.ptr[i] == c;
    return count;
}

static size_t count_attributes(const hoot__set_cookie *cookie)
{
    hoot_str domain = hoot_str_trim(cookie->domain, ".");

    return (domain.len > 0) + (cookie->expires != 0) + (cookie->max_age >= 0) + cookie->secure +
           cookie->http_only + (cookie->path.len > 0) + (cookie->same_site != NULL) + cookie->partitioned;
}

static void check_written(hoot_str line, const hoot__set_cookie *cookie)
{
    hoot_str value = HOOT_STR("");

    for (size_t i = 0; i < line.len; i++)
        assert(line.ptr[i] >= ' ' && line.ptr[i] < 0x7f);
    assert(hoot__cookie_find(line, cookie->name, &value) && hoot_str_equal(value, cookie->value));
    assert(count_of(line, ';') == count_attributes(cookie) || hoot_str_starts(cookie->domain, HOOT_STR(".")));
}

static void check_writing(hoot_str text)
{
    static const char *const sites[] = { NULL, "Lax", "Strict", "None", "lax", "Other" };
    hoot__set_cookie cookie = { .max_age = -1 };
    hoot_error err = HOOT_ERROR_INIT;
    unsigned flags = text.len ? (unsigned char)text.ptr[0] : 0;
    hoot_str number;
    hoot_buf buf;
    int rc;

    text = hoot_str_from_index(text, 1);
    cookie.name = next_line(&text);
    cookie.value = next_line(&text);
    cookie.domain = next_line(&text);
    cookie.path = next_line(&text);
    number = next_line(&text);
    if (number.len && hoot_str_to_i64(number, &cookie.expires) < 0)
        cookie.expires = -1;
    number = next_line(&text);
    if (number.len && hoot_str_to_i64(number, &cookie.max_age) < 0)
        cookie.max_age = -1;
    cookie.secure = flags & 1;
    cookie.http_only = flags & 2;
    cookie.partitioned = flags & 4;
    cookie.same_site = sites[(flags >> 3) % 6];
    hoot_buf_init(&buf, 1 << 20);
    hoot_buf_add_str(&buf, HOOT_STR("Set-Cookie: "));
    rc = hoot__set_cookie_format(&buf, &cookie, &err);
    if (rc == 0)
        check_written(hoot_str_from_index(hoot_buf_str(&buf), 12), &cookie);
    else
        assert(err.code == rc && hoot_str_is(hoot_buf_str(&buf), "Set-Cookie: "));
    hoot_buf_fini(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_reading(hoot_str_of(data, size));
    check_writing(hoot_str_of(data, size));
    return 0;
}
