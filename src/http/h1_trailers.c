/* Trailer fields (RFC 9110 section 6.5): fields that come after a body, when everything that depends on
 * fields was decided already. They are kept apart from the headers, and those that would frame, route,
 * authenticate or modify the request are dropped: a trailer must not say what a header was not allowed to. */
#include "http/h1_grammar.h"

/* Lower-case names, sorted by nothing: trailers are rare. */
static const char *const forbidden[] = {
    "accept-encoding",
    "age",
    "authorization",
    "cache-control",
    "connection",
    "content-disposition",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "expect",
    "expires",
    "forwarded",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "location",
    "max-forwards",
    "origin",
    "pragma",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "retry-after",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "vary",
    "via",
    "warning",
    "www-authenticate",
};

static bool is_forbidden(hoot_str name)
{
    for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
        if (hoot_str_equal_nocase(name, hoot_str_from(forbidden[i])))
            return true;
    }
    return hoot_str_equal_nocase(hoot_str_head(name, 12), HOOT_STR("x-forwarded-"));
}

int hoot__h1_parse_trailers(hoot_str section, hoot__header *headers, size_t max_headers, const char **out_why)
{
    hoot__h1_in in = { .p = section.ptr, .first = section.ptr, .end = section.ptr + section.len };
    int16_t known[HOOT__HEADER_COUNT];
    hoot__h1_fields fields = { .at = headers, .max = max_headers, .known = known };
    size_t kept = 0;
    int rc = hoot__h1_read_fields(&in, &fields);

    if (rc < 0) {
        *out_why = in.why;
        return rc;
    }
    if (rc > 0 || in.p != in.end) {
        *out_why = "the trailers are not whole lines";
        return -400;
    }
    for (size_t i = 0; i < fields.count; i++) {
        if (!is_forbidden(headers[i].name))
            headers[kept++] = headers[i];
    }
    return (int)kept;
}
