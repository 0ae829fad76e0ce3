/* Writing Set-Cookie (RFC 6265 section 4.1, and RFC 6265bis for SameSite, Partitioned and the name prefixes),
 * with the attributes in the order that Werkzeug writes, so that answers can be compared byte for byte with a
 * Flask or Quart service's.
 *
 * Everything is checked before the first byte is written: no name, value or attribute can end the line or add
 * an attribute. What browsers would silently drop is refused too. */
#include "http/chars.h"
#include "http/message.h"
#include "http/url.h"

static const int64_t last_second = INT64_C(253402300799); /* 9999-12-31 23:59:59 */

static bool prefix_is(hoot_str name, const char *prefix)
{
    return hoot_str_equal_nocase(hoot_str_head(name, strlen(prefix)), hoot_str_from(prefix));
}

static bool is_domain(hoot_str domain)
{
    for (size_t i = 0; i < domain.len; i++) {
        if (domain.ptr[i] != '-' && domain.ptr[i] != '.' &&
            (!hoot__char_is(domain.ptr[i], HOOT__CHAR_UNRESERVED) || domain.ptr[i] == '_' ||
             domain.ptr[i] == '~'))
            return false;
    }
    return true;
}

/* In the spelling that browsers write; NULL for a word that is none of the three. */
static const char *same_site_word(const char *given)
{
    static const char *const words[] = { "Lax", "Strict", "None" };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (hoot_str_equal_nocase(hoot_str_from(given), hoot_str_from(words[i])))
            return words[i];
    }
    return NULL;
}

/* Browsers keep these only over TLS (RFC 6265bis sections 4.1.2.7, 4.1.3; CHIPS for Partitioned). */
static const char *what_needs_secure(const hoot__set_cookie *cookie)
{
    if (cookie->same_site && hoot_str_equal_nocase(hoot_str_from(cookie->same_site), HOOT_STR("None")))
        return "SameSite=None";
    if (cookie->partitioned)
        return "Partitioned";
    if (prefix_is(cookie->name, "__Secure-") || prefix_is(cookie->name, "__Host-"))
        return "its name's prefix";
    return NULL;
}

static int check_text(const hoot__set_cookie *cookie, hoot_error *err)
{
    if (!hoot__http_is_token(cookie->name))
        return hoot_error_set(err, HOOT_EINVAL,
                              "a cookie's name is empty or holds a byte that is not allowed");
    if (!hoot__chars_are(cookie->value, HOOT__CHAR_COOKIE))
        return hoot_error_set(err, HOOT_EINVAL, "the value of cookie %.*s holds a byte that is not allowed",
                              (int)hoot_str_head(cookie->name, 64).len, cookie->name.ptr);
    if (!is_domain(cookie->domain))
        return hoot_error_set(err, HOOT_EINVAL, "a cookie's domain holds a byte that is not allowed");
    return 0;
}

static int check(const hoot__set_cookie *cookie, hoot_error *err)
{
    const char *needs = what_needs_secure(cookie);
    int rc = check_text(cookie, err);

    if (rc < 0)
        return rc;
    if (cookie->expires < -1 || cookie->expires > last_second || cookie->max_age < -1)
        return hoot_error_set(err, HOOT_EINVAL, "a cookie's Expires or Max-Age is out of range");
    if (cookie->same_site && !same_site_word(cookie->same_site))
        return hoot_error_set(err, HOOT_EINVAL, "SameSite must be Lax, Strict or None");
    if (needs && !cookie->secure)
        return hoot_error_set(err, HOOT_EINVAL, "a cookie needs Secure because of %s", needs);
    if (prefix_is(cookie->name, "__Host-") && (cookie->domain.len || !hoot_str_is(cookie->path, "/")))
        return hoot_error_set(err, HOOT_EINVAL, "a __Host- cookie has the path / and no domain");
    return 0;
}

static void add(hoot_buf *out, const char *name, hoot_str value)
{
    hoot_buf_add_str(out, HOOT_STR("; "));
    hoot_buf_add_str(out, hoot_str_from(name));
    if (value.ptr) {
        hoot_buf_add_byte(out, '=');
        hoot_buf_add_str(out, value);
    }
}

static void add_flag(hoot_buf *out, const char *name, bool wanted)
{
    if (wanted)
        add(out, name, hoot_str_of(NULL, 0));
}

/* Leading dots mean nothing since RFC 6265 and are left out. */
static void add_domain(hoot_buf *out, hoot_str domain)
{
    while (domain.len && domain.ptr[0] == '.')
        domain = hoot_str_from_index(domain, 1);
    if (domain.len)
        add(out, "Domain", domain);
}

static void add_times(hoot_buf *out, const hoot__set_cookie *cookie)
{
    char date[HOOT__HTTP_DATE_CHARS + 1];

    if (cookie->expires) {
        hoot__http_date_format(cookie->expires < 0 ? 0 : (time_t)cookie->expires, date);
        add(out, "Expires", hoot_str_from(date));
    }
    if (cookie->max_age >= 0) {
        add(out, "Max-Age", hoot_str_of("", 0));
        hoot_buf_add_i64(out, cookie->max_age);
    }
}

int hoot__set_cookie_format(hoot_buf *out, const hoot__set_cookie *cookie, hoot_error *err)
{
    size_t before = out->len;
    int rc = check(cookie, err);

    if (rc < 0)
        return rc;
    hoot_buf_add_str(out, cookie->name);
    hoot_buf_add_byte(out, '=');
    hoot_buf_add_str(out, cookie->value);
    add_domain(out, cookie->domain);
    add_times(out, cookie);
    add_flag(out, "Secure", cookie->secure);
    add_flag(out, "HttpOnly", cookie->http_only);
    if (cookie->path.len) {
        add(out, "Path", hoot_str_of("", 0));
        hoot__percent_encode_but(out, cookie->path, HOOT__CHAR_PATH, '\0');
    }
    if (cookie->same_site)
        add(out, "SameSite", hoot_str_from(same_site_word(cookie->same_site)));
    add_flag(out, "Partitioned", cookie->partitioned);
    if (!out->failed)
        return 0;
    out->len = before;
    return hoot_error_set(err, HOOT_ELIMIT, "there is no room for a Set-Cookie header");
}
