/* Header field lines of HTTP/1.1 (RFC 9112 section 5), as they stand in heads and in trailer sections:
 *
 *     field-name ":" OWS field-value OWS CRLF
 *
 * One pass over the bytes, 16 at a time. Refused: anything that two readers could read in two ways, which is
 * how requests are smuggled: a line that begins with white space (obs-fold), white space before the colon, an
 * empty name, CR or LF alone, other control bytes. What is wrong is only asked of a line that was not right.
 */
#include "http/h1_grammar.h"
#include "http/scan.h"

static inline bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static inline const char *skip_blanks(const char *p, const char *end)
{
    while (p < end && is_blank(*p))
        p++;
    return p;
}

/* --- what is wrong with a line --- */

static int refuse_name(hoot__h1_in *in, const char *start, const char *p)
{
    if (p == start && is_blank(*p))
        return hoot__h1_refuse(in, 400, "a header line begins with white space");
    if (p == start && *p == ':')
        return hoot__h1_refuse(in, 400, "a header has no name");
    if (is_blank(*p))
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

/* The line at `p` is no field: not whole, or refused. */
static int judge_line(hoot__h1_in *in)
{
    const char *p = hoot__scan_name(in->p, in->p, in->end);

    if (p == in->end)
        return 0;
    if (*p != ':' || p == in->p)
        return refuse_name(in, in->p, p);
    p = hoot__scan_text(p, p, in->end);
    return p == in->end ? 0 : read_line_end(in, p);
}

/* --- lines that are right --- */

static inline bool is_line_end(const char *p, const char *end)
{
    return end - p >= 2 && memcmp(p, "\r\n", 2) == 0;
}

/* Of a text without control bytes but HTAB. */
static inline hoot_str trimmed_end(const char *start, const char *end)
{
    while (end > start && (unsigned char)end[-1] <= ' ')
        end--;
    return hoot_str_of(start, (size_t)(end - start));
}

/* Gives the start of the next line; NULL: judge_line() has the verdict. */
static inline const char *read_field(const char *first, const char *p, const char *end, hoot__header *out)
{
    const char *colon = hoot__scan_name(first, p, end), *value, *stop;

    if (colon == end || *colon != ':' || colon == p)
        return NULL;
    value = colon + 1;
    if (value < end && *value == ' ')
        value++;
    if (value < end && (unsigned char)*value <= ' ')
        value = skip_blanks(value, end);
    stop = hoot__scan_text(first, value, end);
    if (!is_line_end(stop, end))
        return NULL;
    out->name = hoot_str_of(p, (size_t)(colon - p));
    out->value = trimmed_end(value, stop);
    return stop + 2;
}

_Static_assert(HOOT__HEADER_COUNT <= 32, "one bit for each known header");

/* Note which of the known ones the field at `index` is. */
static inline void note_known(hoot__h1_fields *fields, size_t index)
{
    hoot__header *header = &fields->at[index];
    int16_t *place;

    header->known = hoot__http_known_token(header->name);
    place = &fields->known[header->known];
    if (*place < 0)
        *place = (int16_t)index;
    else
        fields->repeated |= UINT32_C(1) << header->known;
}

int hoot__h1_read_fields(hoot__h1_in *in, hoot__h1_fields *fields)
{
    const char *const first = in->p, *const end = in->end;
    const char *p = first;
    size_t count = 0;

    memset(fields->known, -1, HOOT__HEADER_COUNT * sizeof *fields->known);
    for (; p < end && *p != '\r'; count++) {
        const char *next = count < fields->max ? read_field(first, p, end, &fields->at[count]) : NULL;

        if (!next)
            break;
        note_known(fields, count);
        p = next;
    }
    in->p = p;
    fields->count = count;
    if (is_line_end(p, end)) {
        in->p = p + 2;
        return 1;
    }
    if (p == end || *p == '\r')
        return p == end ? 0 : read_line_end(in, p);
    if (count == fields->max)
        return hoot__h1_refuse(in, 431, "there are too many headers");
    return judge_line(in);
}

/* Every stop is a control byte. CRLF goes on, unless it is the second in a row. */
size_t hoot__h1_find_end(hoot_str bytes, size_t *scanned)
{
    const char *end = bytes.ptr + bytes.len;
    const char *p = bytes.ptr + *scanned;

    while ((p = hoot__scan_text(bytes.ptr, p, end)) < end) {
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
