/* The four forms of a request target (RFC 9112 section 3.2), and the grammar of authorities (RFC 3986
 * section 3.2).
 *
 *     origin     /where?q=now                  scheme is left empty: the connection knows it
 *     absolute   http://www.example.org/pub    its authority wins over Host (3.2.2)
 *     asterisk   *                             OPTIONS only
 *     authority  www.example.com:80            CONNECT only, and refused: this is no proxy
 *
 * Nothing is decoded here: path and query are slices of the target as sent. */
#include "http/chars.h"
#include "http/h1_grammar.h"
#include "http/scan.h"

#include <arpa/inet.h>

#define MAX_PORT       65535
#define MAX_HOST_BYTES 255

/* reg-name: unreserved, sub-delims, and '%' with two hexadecimal digits. IPv4 addresses are among them.
 * Gives: its length, up to the first byte that is none of them. */
static size_t reg_name_length(hoot_str s)
{
    size_t i = 0;

    for (; i < s.len; i++) {
        if (hoot__char_is(s.ptr[i], HOOT__CHAR_REG_NAME))
            continue;
        if (s.ptr[i] != '%' || s.len - i < 3 || hoot__hex_value(s.ptr[i + 1]) < 0 ||
            hoot__hex_value(s.ptr[i + 2]) < 0)
            break;
        i += 2;
    }
    return i;
}

/* What stands between brackets. Zone identifiers and IPvFuture, which nobody serves, are refused. */
static bool is_ipv6(hoot_str s)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;

    if (s.len >= sizeof(text))
        return false;
    memcpy(text, s.ptr, s.len);
    text[s.len] = '\0';
    return strlen(text) == s.len && inet_pton(AF_INET6, text, &address) == 1;
}

/* "" or ":" or ":80". */
static bool is_port(hoot_str s)
{
    unsigned number = 0;

    if (s.len == 0)
        return true;
    if (s.ptr[0] != ':' || s.len > 6)
        return false;
    for (size_t i = 1; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
        number = number * 10 + (unsigned)(s.ptr[i] - '0');
    }
    return number <= MAX_PORT;
}

static bool is_bracketed(hoot_str s)
{
    ptrdiff_t close = hoot_str_find(s, ']');

    return close > 0 && is_ipv6(hoot_str_of(s.ptr + 1, (size_t)close - 1)) &&
           is_port(hoot_str_from_index(s, (size_t)close + 1));
}

/* Any authority. */
__attribute__((noinline)) static bool is_rare_authority(hoot_str s)
{
    size_t name;

    if (s.len && s.ptr[0] == '[')
        return is_bracketed(s);
    name = reg_name_length(s);
    return name > 0 && name <= MAX_HOST_BYTES && is_port(hoot_str_from_index(s, name));
}

bool hoot__h1_is_authority(const hoot__h1_in *in, hoot_str s)
{
    const char *end = s.ptr + s.len, *p;

    if (hoot__scan_is_authority(in->first, s.ptr, s.len))
        return true;
    p = hoot__scan_host_head(in->first, s.ptr, end);
    if (p == s.ptr || p - s.ptr > MAX_HOST_BYTES || (p < end && *p != ':'))
        return is_rare_authority(s);
    return p == end || is_port(hoot_str_of(p, (size_t)(end - p)));
}

static void split_query(hoot__exchange *ex)
{
    ptrdiff_t mark = hoot_str_find(ex->target, '?');

    ex->path = mark < 0 ? ex->target : hoot_str_head(ex->target, (size_t)mark);
    ex->query = mark < 0 ? hoot_str_of("", 0) : hoot_str_from_index(ex->target, (size_t)mark + 1);
}

static bool take_prefix(hoot_str *s, hoot_str prefix)
{
    if (!hoot_str_equal_nocase(hoot_str_head(*s, prefix.len), prefix))
        return false;
    *s = hoot_str_from_index(*s, prefix.len);
    return true;
}

/* Where "/path" or "?query" begins. */
static size_t authority_length(hoot_str s)
{
    size_t i = 0;

    while (i < s.len && s.ptr[i] != '/' && s.ptr[i] != '?')
        i++;
    return i;
}

/* An empty path is "/" (RFC 9110 4.2.3), or "*" for OPTIONS without a query (RFC 9112 3.2.4). */
static void fill_empty_path(hoot__exchange *ex)
{
    bool options = hoot_str_is(ex->method, "OPTIONS") && ex->target.len == 0;

    if (ex->path.len == 0)
        ex->path = options ? HOOT_STR("*") : HOOT_STR("/");
    if (ex->target.len == 0)
        ex->target = ex->path;
}

static int split_absolute(hoot__h1_in *in, hoot__exchange *ex)
{
    hoot_str rest = ex->target;
    size_t length;

    if (take_prefix(&rest, HOOT_STR("http://")))
        ex->scheme = HOOT_STR("http");
    else if (take_prefix(&rest, HOOT_STR("https://")))
        ex->scheme = HOOT_STR("https");
    else
        return hoot__h1_refuse(in, 400, "the request target is neither a path nor an http URL");
    length = authority_length(rest);
    ex->authority = hoot_str_head(rest, length);
    if (!hoot__h1_is_authority(in, ex->authority))
        return hoot__h1_refuse(in, 400, "the authority of the request target is not valid");
    ex->target = hoot_str_from_index(rest, length);
    split_query(ex);
    fill_empty_path(ex);
    return 1;
}

int hoot__h1_split_target(hoot__h1_in *in, hoot__exchange *ex)
{
    ex->scheme = hoot_str_of("", 0);
    if (hoot_str_is(ex->method, "CONNECT"))
        return hoot__h1_refuse(in, 400, "CONNECT asks for a proxy, and this is none");
    if (ex->target.ptr[0] == '/')
        return 1; /* read_target() has found the query */
    if (!hoot_str_is(ex->target, "*"))
        return split_absolute(in, ex);
    if (!hoot_str_is(ex->method, "OPTIONS"))
        return hoot__h1_refuse(in, 400, "the target * is for OPTIONS only");
    return 1;
}
