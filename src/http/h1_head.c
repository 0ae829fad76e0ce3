/* Heads of HTTP/1.1 requests: the request line, and how the bytes of a head arrive.
 *
 *     method SP request-target SP HTTP-version CRLF   *( field-line CRLF )   CRLF         (RFC 9112
 * section 2.1)
 *
 * A head that is whole in the first read is parsed in one pass. When it is not, `scanned` remembers how far
 * the search for its end went: later reads only look for that end in the new bytes, and the second and last
 * parse happens when it came (or a byte that no head may hold, or the limit). So a client that sends byte by
 * byte costs what one costs that sends all at once, and gets the same verdict. */
#include "http/h1_grammar.h"
#include "http/scan.h"

#define VERSION_BYTES 8

__attribute__((noinline)) static int read_other_method(hoot__h1_in *in, hoot__exchange *ex)
{
    const char *p = hoot__scan_class(in->p, in->end, HOOT__CHAR_TOKEN);

    if (p == in->end)
        return 0;
    if (*p != ' ' || p == in->p)
        return hoot__h1_refuse(in, 400, "the request does not begin with a method and a space");
    ex->method = hoot_str_of(in->p, (size_t)(p - in->p));
    in->p = p + 1;
    return 1;
}

static int read_method(hoot__h1_in *in, hoot__exchange *ex)
{
    if (in->end - in->p < 4 || memcmp(in->p, "GET ", 4) != 0)
        return read_other_method(in, ex);
    ex->method = hoot_str_of(in->p, 3);
    in->p += 4;
    return 1;
}

/* What is wrong with the target, which ends at `p` with something else than a space, or is empty. */
__attribute__((noinline)) static int refuse_target(hoot__h1_in *in, const char *p)
{
    if (*p == ' ')
        return hoot__h1_refuse(in, 400, "the request line holds more than single spaces");
    if (*p == '\r' || *p == '\n')
        return hoot__h1_refuse(in, 400, "the request line has no HTTP version");
    return hoot__h1_refuse(in, 400, "the request target holds a byte that is not allowed");
}

static int read_target(hoot__h1_in *in, hoot__exchange *ex)
{
    const char *start = in->p, *p = hoot__scan_target(start, in->end, '?');

    ex->path = hoot_str_of(start, (size_t)(p - start));
    ex->query = hoot_str_of("", 0);
    if (p < in->end && *p == '?') {
        const char *query = p + 1;

        p = hoot__scan_target(query, in->end, ' ');
        ex->query = hoot_str_of(query, (size_t)(p - query));
    }
    if (p == in->end)
        return 0;
    if (*p != ' ' || p == start)
        return refuse_target(in, p);
    ex->target = hoot_str_of(start, (size_t)(p - start));
    in->p = p + 1;
    return 1;
}

/* Does byte `i` of "HTTP/D.D" CRLF fit? */
static bool fits_version(char c, size_t i)
{
    static const char form[] = "HTTP/D.D\r\n";

    return form[i] == 'D' ? c >= '0' && c <= '9' : c == form[i];
}

/* Any version but 1.1, and versions of which bytes are missing. A minor version over 1 is served as 1.1 (RFC
 * 9110 2.5). */
__attribute__((noinline)) static int read_other_version(hoot__h1_in *in, hoot__exchange *ex)
{
    const char *p = in->p;

    for (size_t i = 0; i < VERSION_BYTES + 2; i++) {
        if (p + i == in->end)
            return 0;
        if (!fits_version(p[i], i))
            return hoot__h1_refuse(in, 400, "the request line does not end with an HTTP version and CRLF");
    }
    if (p[5] != '1')
        return hoot__h1_refuse(in, 505, "the major version of HTTP is not 1");
    ex->version = p[7] == '0' ? 10 : 11;
    in->p = p + VERSION_BYTES + 2;
    return 1;
}

static int read_version(hoot__h1_in *in, hoot__exchange *ex)
{
    if (in->end - in->p < VERSION_BYTES + 2 || memcmp(in->p, "HTTP/1.1", VERSION_BYTES) != 0 ||
        memcmp(in->p + VERSION_BYTES, "\r\n", 2) != 0)
        return read_other_version(in, ex);
    ex->version = 11;
    in->p += VERSION_BYTES + 2;
    return 1;
}

/* One blank line before the request (RFC 9112 2.2). */
static int skip_blank_line(hoot__h1_in *in)
{
    if (in->p < in->end && *in->p == '\r') {
        if (in->p + 1 == in->end)
            return 0;
        if (in->p[1] == '\n')
            in->p += 2;
    }
    return 1;
}

static int read_request_line(hoot__h1_in *in, hoot__exchange *ex)
{
    int rc = skip_blank_line(in);

    if (rc > 0)
        rc = read_method(in, ex);
    if (rc > 0)
        rc = read_target(in, ex);
    return rc > 0 ? read_version(in, ex) : rc;
}

static int read_head(hoot__h1_in *in, size_t max_headers, hoot__h1_head *head)
{
    hoot__exchange *ex = head->ex;
    hoot__h1_fields fields = { .at = ex->headers.at, .max = max_headers, .known = ex->known };
    int rc = read_request_line(in, ex);

    if (rc <= 0)
        return rc;
    rc = hoot__h1_read_fields(in, &fields);
    if (rc <= 0)
        return rc;
    ex->headers.count = fields.count;
    return hoot__h1_judge(in, &fields, head);
}

/* Nothing ended in as many bytes as a head may have. */
static int refuse_long(hoot_str bytes, const char **out_why)
{
    hoot_str line = hoot_str_starts(bytes, HOOT_STR("\r\n")) ? hoot_str_from_index(bytes, 2) : bytes;

    if (hoot_str_find(line, '\n') < 0) {
        *out_why = "the request line is too long";
        return -414;
    }
    *out_why = "the headers are too long";
    return -431;
}

int hoot__h1_parse_head(hoot_str bytes, size_t *scanned, size_t max_bytes, size_t max_headers,
                        hoot__h1_head *head, const char **out_why)
{
    hoot_str view = hoot_str_head(bytes, max_bytes);
    bool full = view.len == max_bytes;
    hoot__h1_in in = { .p = view.ptr, .first = view.ptr, .end = view.ptr + view.len };
    int rc;

    if (*scanned > 0 && !full && hoot__h1_find_end(view, scanned) == 0)
        return 0;
    rc = view.len ? read_head(&in, max_headers, head) : 0;
    if (rc < 0) {
        *out_why = in.why;
        return rc;
    }
    if (rc == 0 && full)
        return refuse_long(view, out_why);
    if (rc == 0 && *scanned == 0)
        hoot__h1_find_end(view, scanned);
    return rc == 0 ? 0 : (int)(in.p - view.ptr);
}
