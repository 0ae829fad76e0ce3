/* Header field lines of HTTP/1.1 (RFC 9112 section 5), as they stand in heads and in trailer sections:
 *
 *     field-name ":" OWS field-value OWS CRLF
 *
 * One pass over the bytes, 16 at a time. Refused: anything that two readers
 * could read in two ways, which is how requests are smuggled: a line that begins with white space (obs-fold),
 * white space before the colon, an empty name, CR or LF alone, other control bytes. */
#include "http/h1_grammar.h"
#include "http/scan.h"

static int refuse_name(hoot__h1_in *in, const char *start, const char *p)
{
    if (p == start && (*p == ' ' || *p == '\t'))
        return hoot__h1_refuse(in, 400, "a header line begins with white space");
    if (p == start && *p == ':')
        return hoot__h1_refuse(in, 400, "a header has no name");
    if (*p == ' ' || *p == '\t')
        return hoot__h1_refuse(in, 400, "white space stands before a header's colon");
    if (*p == '\r' || *p == '\n')
        return hoot__h1_refuse(in, 400, "a header line has no colon");
    return hoot__h1_refuse(in, 400, "a header name holds a byte that is not allowed");
}

/* CRLF at `p`, which is inside. */
static int read_line_end(hoot__h1_in *in, const char *p)
{
    if (*p == '\n')
        return hoot__h1_refuse(in, 400, "a line ends with LF alone");
    if (*p != '\r')
        return hoot__h1_refuse(in, 400, "a header value holds a control byte");
    if (p + 1 == in->end)
        return 0;
    return p[1] == '\n' ? 1 : hoot__h1_refuse(in, 400, "CR stands without LF");
}

static inline hoot_str trimmed_end(const char *start, const char *end)
{
    while (end > start && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return hoot_str_of(start, (size_t)(end - start));
}

static inline void keep(hoot__h1_fields *fields, hoot_str name, hoot_str value)
{
    hoot__known_header known = hoot__http_known_token(name);
    uint32_t bit = UINT32_C(1) << known;

    fields->at[fields->count] = (hoot__header){ name, value, known };
    fields->repeated |= fields->seen & bit;
    if (fields->known && !(fields->seen & bit))
        fields->known[known] = (int16_t)fields->count;
    fields->seen |= bit;
    fields->count++;
}

static inline int read_field(hoot__h1_in *in, hoot__h1_fields *fields)
{
    const char *p = in->p;
    const char *value;
    hoot_str name;
    int rc;

    p = hoot__scan_name(p, in->end);
    if (p == in->end)
        return 0;
    if (*p != ':' || p == in->p)
        return refuse_name(in, in->p, p);
    name = hoot_str_of(in->p, (size_t)(p - in->p));
    p++;
    while (p < in->end && (*p == ' ' || *p == '\t'))
        p++;
    value = p;
    p = hoot__scan_text(p, in->end);
    if (p == in->end)
        return 0;
    rc = read_line_end(in, p);
    if (rc <= 0)
        return rc;
    keep(fields, name, trimmed_end(value, p));
    in->p = p + 2;
    return 1;
}

_Static_assert(HOOT__HEADER_COUNT <= 32, "one bit for each known header");

int hoot__h1_read_fields(hoot__h1_in *in, hoot__h1_fields *fields)
{
    int rc;

    do {
        if (in->p == in->end)
            return 0;
        if (*in->p == '\r') {
            rc = read_line_end(in, in->p);
            if (rc > 0)
                in->p += 2;
            return rc;
        }
        if (fields->count == fields->max)
            return hoot__h1_refuse(in, 431, "there are too many headers");
        rc = read_field(in, fields);
    } while (rc > 0);
    return rc;
}

/* Every stop is a control byte. CRLF goes on, unless it is the second in a row. */
size_t hoot__h1_find_end(hoot_str bytes, size_t *scanned)
{
    const char *end = bytes.ptr + bytes.len;
    const char *p = bytes.ptr + *scanned;

    while ((p = hoot__scan_text(p, end)) < end) {
        if (*p != '\r')
            return (size_t)(p - bytes.ptr) + 1;
        if (p + 1 == end)
            break;
        if (p[1] != '\n' || (p - bytes.ptr >= 2 && p[-1] == '\n'))
            return (size_t)(p - bytes.ptr) + 2;
        p += 2;
    }
    *scanned = (size_t)(p - bytes.ptr);
    return 0;
}
