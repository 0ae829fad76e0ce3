/* Header field lines of HTTP/1.1 (RFC 9112 section 5), as they stand in heads and in trailer sections:
 *
 *     field-name ":" OWS field-value OWS CRLF
 *
 * One pass over the bytes, 16 at a time: plain lines, which nearly all are, by masks of their first 16,
 * others by scans for the end of name and value; both ways give the same fields. Refused: anything that two
 * readers could read in two ways, which is how requests are smuggled: a line that begins with white space
 * (obs-fold), white space before the colon, an empty name, CR or LF alone, other control bytes. What is wrong
 * is only asked of a line that was not right.
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
__attribute__((noinline)) static int judge_line(hoot__h1_in *in)
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

/* Any line that is right. Gives the start of the next; NULL: judge_line() has the verdict. */
__attribute__((noinline)) static const char *read_any_field(const char *first, const char *p, const char *end,
                                                            hoot__header *out)
{
    const char *colon = hoot__scan_name(first, p, end), *value, *stop;

    if (colon == end || *colon != ':' || colon == p)
        return NULL;
    value = skip_blanks(colon + 1, end);
    stop = hoot__scan_text(first, value, end);
    if (!is_line_end(stop, end))
        return NULL;
    out->name = hoot_str_of(p, (size_t)(colon - p));
    out->value = trimmed_end(value, stop);
    out->known = hoot__http_known_token(out->name);
    return stop + 2;
}

_Static_assert(HOOT__HEADER_COUNT <= 32, "one bit for each known header");

/* Note which of the known ones the field at `index` is. */
static inline void note_known(hoot__h1_fields *fields, size_t index)
{
    hoot__known_header id = fields->at[index].known;
    int16_t *place = &fields->known[id];

    if (*place < 0)
        *place = (int16_t)index;
    else
        fields->repeated |= UINT32_C(1) << id;
}

#ifdef __SSE2__
#define PLAIN_FIELD_BYTES 18 /* a name of fifteen bytes, ": ", and one more */

/* Nearly all lines are plain: a name of up to fifteen bytes, a colon and one space, and a value of printable
 * ASCII without white space around it. The colon, and of a short line all of it, is in the first 16 bytes,
 * which are loaded once. Gives the start of the next line; NULL: it is none of these. */
static inline const char *read_plain_field(const char *p, const char *end, hoot__header *out)
{
    __m128i bytes = hoot__scan_load(p);
    unsigned colons = hoot__scan_mark_mask(bytes, ':') | 1u << 16; /* or where one could be at best */
    unsigned name = colons ^ (colons - 1); /* its bytes and the colon's, one bit each */
    unsigned odd = hoot__scan_odd_mask(bytes);
    size_t len = (unsigned)__builtin_ctz(colons);
    const hoot__known_name *known = hoot__known_name_at(*p, len);
    const char *value, *stop;

    if (odd & name)
        return NULL;
    out->known = known->id;
    if (hoot__scan_fold_mask(bytes, known->text) != name) {
        if (len == 0 || len == 16 || (hoot__scan_word_mask(bytes) & name >> 1))
            return NULL;
        out->known = HOOT__HEADER_OTHER;
    }
    value = p + len + 2;
    if (value[-1] != ' ' || (unsigned char)*value <= ' ')
        return NULL;
    /* Up to two bytes before the end, where CRLF may be. */
    stop = odd ? p + __builtin_ctz(odd) : hoot__scan_printable(p + 16, end - 2);
    if (memcmp(stop, "\r\n", 2) != 0 || stop[-1] == ' ')
        return NULL;
    out->name = hoot_str_of(p, len);
    out->value = hoot_str_of(value, (size_t)(stop - value));
    return stop + 2;
}

/* All lines from `p` to the first that is not plain, which it gives. */
static inline const char *read_plain_fields(const char *p, const char *end, hoot__h1_fields *fields)
{
    size_t i = fields->count;
    const char *last;

    if (end - p < PLAIN_FIELD_BYTES)
        return p;
    last = end - PLAIN_FIELD_BYTES;
    for (; i < fields->max && p <= last; i++) {
        const char *next = read_plain_field(p, end, &fields->at[i]);

        if (!next)
            break;
        note_known(fields, i);
        p = next;
    }
    fields->count = i;
    return p;
}
#else
static inline const char *read_plain_fields(const char *p, const char *end, hoot__h1_fields *fields)
{
    (void)end, (void)fields;
    return p;
}
#endif

/* All lines that are right. Gives where they end. */
static inline const char *read_lines(const hoot__h1_in *in, hoot__h1_fields *fields)
{
    const char *p = in->p, *next;

    for (;;) {
        p = read_plain_fields(p, in->end, fields);
        if (p == in->end || *p == '\r' || fields->count == fields->max)
            return p;
        next = read_any_field(in->first, p, in->end, &fields->at[fields->count]);
        if (!next)
            return p;
        note_known(fields, fields->count++);
        p = next;
    }
}

int hoot__h1_read_fields(hoot__h1_in *in, hoot__h1_fields *fields)
{
    const char *p;

    memset(fields->known, -1, HOOT__HEADER_COUNT * sizeof *fields->known);
    p = in->p = read_lines(in, fields);
    if (is_line_end(p, in->end)) {
        in->p = p + 2;
        return 1;
    }
    if (p == in->end || *p == '\r')
        return p == in->end ? 0 : read_line_end(in, p);
    if (fields->count == fields->max)
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
