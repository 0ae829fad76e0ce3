/* Database urls.
 *
 *     name://[user[:password]@]host[:port][,host[:port]...]/database[?option=value&...]
 *                                              servers; host and everything else may be empty
 *     name:path[?option=value&...]             files; a '?' in the path is %3F
 *
 * User, password, database, options and path are percent-decoded (RFC 3986 section 2.1). A host may be an
 * address in brackets. Messages never repeat the url: it holds the password. */
#include "db/options.h"
#include "db/settings.h"

#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* A terminated, decoded copy. `what` names the part in messages. */
static int decode(hoot_arena *arena, hoot_str part, const char *what, const char **out, hoot_error *err)
{
    char *text = hoot_arena_alloc(arena, part.len + 1);
    size_t len = 0;

    if (!text)
        return hoot_error_set(err, HOOT_ENOMEM, "no memory for the database url");
    for (size_t i = 0; i < part.len; i++) {
        int high, low;

        text[len] = part.ptr[i];
        if (part.ptr[i] == '%') {
            high = i + 2 < part.len ? hex_digit(part.ptr[i + 1]) : -1;
            low = i + 2 < part.len ? hex_digit(part.ptr[i + 2]) : -1;
            if (high < 0 || low < 0 || high + low == 0)
                return hoot_error_set(
                    err, HOOT_ECONFIG,
                    "the database url's %s has a %% that two hexadecimal digits (not 00) do not follow",
                    what);
            text[len] = (char)(high * 16 + low);
            i += 2;
        }
        len++;
    }
    text[len] = '\0';
    *out = text;
    return 0;
}

static int decode_if_any(hoot_arena *arena, hoot_str part, const char *what, const char **out,
                         hoot_error *err)
{
    return part.len ? decode(arena, part, what, out, err) : 0;
}

static int parse_user(hoot_arena *arena, hoot_str user, hoot_pool_options *out, hoot_error *err)
{
    ptrdiff_t colon = hoot_str_find(user, ':');
    int rc;

    if (colon >= 0) {
        rc = decode(arena, hoot_str_from_index(user, (size_t)colon + 1), "password", &out->password, err);
        if (rc)
            return rc;
        user = hoot_str_head(user, (size_t)colon);
    }
    return decode_if_any(arena, user, "user", &out->user, err);
}

static int parse_port(hoot_str port, hoot_pool_options *out, hoot_error *err)
{
    uint64_t number;

    if (hoot_str_to_u64(port, &number) || number < 1 || number > 65535)
        return hoot_error_set(err, HOOT_ECONFIG, "the database url's port is not a number from 1 to 65535");
    out->port = (uint16_t)number;
    return 0;
}

/* host, host:port, [address], [address]:port, or nothing */
static int parse_host(hoot_arena *arena, hoot_str host, hoot_pool_options *out, hoot_error *err)
{
    hoot_str rest = host;
    ptrdiff_t end = hoot_str_find(host, ':');

    if (hoot_str_find(host, ',') >= 0) /* "a:3306,b": taken apart by whoever connects */
        return decode(arena, host, "hosts", &out->hosts, err);
    if (host.len && host.ptr[0] == '[') {
        end = hoot_str_find(host, ']');
        if (end < 0)
            return hoot_error_set(err, HOOT_ECONFIG, "the database url's host has a '[' without a ']'");
        rest = hoot_str_from_index(host, (size_t)end + 1);
        host = hoot_str_of(host.ptr + 1, (size_t)end - 1);
    } else {
        rest = end < 0 ? hoot_str_of("", 0) : hoot_str_from_index(host, (size_t)end);
        host = end < 0 ? host : hoot_str_head(host, (size_t)end);
    }
    if (rest.len && rest.ptr[0] != ':')
        return hoot_error_set(err, HOOT_ECONFIG, "the database url has something between ']' and the port");
    if (rest.len && parse_port(hoot_str_from_index(rest, 1), out, err))
        return HOOT_ECONFIG;
    return decode_if_any(arena, host, "host", &out->host, err);
}

/* name=value: an option, as the table of them knows it. */
static int parse_option(hoot_arena *arena, hoot_str pair, hoot_pool_options *out, hoot_error *err)
{
    ptrdiff_t equals = hoot_str_find(pair, '=');
    const char *name, *value;
    int rc;

    if (equals < 1)
        return hoot_error_set(err, HOOT_ECONFIG,
                              "what stands behind the database url's '?' is not name=value&name=value");
    rc = decode(arena, hoot_str_head(pair, (size_t)equals), "options", &name, err);
    if (!rc)
        rc = decode(arena, hoot_str_from_index(pair, (size_t)equals + 1), "options", &value, err);
    return rc ? rc : hoot__setting_put(arena, out, name, value, "the database url", err);
}

static int parse_query(hoot_arena *arena, hoot_str query, hoot_pool_options *out, hoot_error *err)
{
    hoot_str pair;
    int rc = 0;

    while (!rc && hoot_str_split(&query, '&', &pair))
        rc = parse_option(arena, pair, out, err);
    return rc;
}

/* What follows "name://". */
static int parse_server(hoot_arena *arena, hoot_str rest, hoot_pool_options *out, hoot_error *err)
{
    hoot_str query = hoot_str_of("", 0), database = hoot_str_of("", 0), user = hoot_str_of("", 0);
    ptrdiff_t at = hoot_str_find(rest, '?');
    int rc;

    if (at >= 0) {
        query = hoot_str_from_index(rest, (size_t)at + 1);
        rest = hoot_str_head(rest, (size_t)at);
    }
    at = hoot_str_find(rest, '/');
    if (at >= 0) {
        database = hoot_str_from_index(rest, (size_t)at + 1);
        rest = hoot_str_head(rest, (size_t)at);
    }
    for (at = (ptrdiff_t)rest.len - 1; at >= 0 && rest.ptr[at] != '@'; at--)
        ;
    if (at >= 0) {
        user = hoot_str_head(rest, (size_t)at);
        rest = hoot_str_from_index(rest, (size_t)at + 1);
    }
    rc = parse_user(arena, user, out, err);
    if (!rc)
        rc = parse_host(arena, rest, out, err);
    if (!rc)
        rc = decode_if_any(arena, database, "database", &out->database, err);
    return rc || !query.len ? rc : parse_query(arena, query, out, err);
}

/* What follows "name:". */
static int parse_file(hoot_arena *arena, hoot_str rest, hoot_pool_options *out, hoot_error *err)
{
    hoot_str query = hoot_str_of("", 0);
    ptrdiff_t at = hoot_str_find(rest, '?');
    int rc;

    if (at >= 0) {
        query = hoot_str_from_index(rest, (size_t)at + 1);
        rest = hoot_str_head(rest, (size_t)at);
    }
    rc = decode_if_any(arena, rest, "path", &out->database, err);
    return rc || !query.len ? rc : parse_query(arena, query, out, err);
}

int hoot__db_url_parse(hoot_arena *arena, const char *url, hoot_pool_options *out, hoot_error *err)
{
    hoot_str rest = hoot_str_from(url);
    ptrdiff_t colon = hoot_str_find(rest, ':');

    *out = (hoot_pool_options){ 0 };
    if (colon < 1)
        return hoot_error_set(err, HOOT_ECONFIG,
                              "the database url does not begin with a driver, such as mysql:// or sqlite:");
    out->driver = hoot_arena_dup(arena, hoot_str_head(rest, (size_t)colon));
    if (!out->driver)
        return hoot_error_set(err, HOOT_ENOMEM, "no memory for the database url");
    rest = hoot_str_from_index(rest, (size_t)colon + 1);
    if (hoot_str_starts(rest, HOOT_STR("//")))
        return parse_server(arena, hoot_str_from_index(rest, 2), out, err);
    return parse_file(arena, rest, out, err);
}
