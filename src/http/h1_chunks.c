/* Chunked bodies (RFC 9112 section 7.1):
 *
 *     chunk-size [ chunk-ext ] CRLF  chunk-data CRLF      any number of times
 *     1*"0"      [ chunk-ext ] CRLF                       the last
 *     *( field-line CRLF ) CRLF                           the trailer section
 *     chunk-ext = *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] )
 *
 * A state machine over bytes, so that size lines need no buffer: they are used up as they come. Data is given
 * as slices. Only the trailer section stays in the caller's buffer until it is whole; `line_bytes` then
 * remembers how far it was searched. Extensions mean nothing to us and are checked all the same: what one
 * reader skips and another reads is how requests are smuggled. */
#include "http/chars.h"
#include "http/h1_grammar.h"
#include "http/message.h"

#define MAX_SIZE_DIGITS     16
#define MAX_EXTENSION_BYTES (16 * 1024)
#define MAX_TRAILER_BYTES   (16 * 1024)

enum state {
    SIZE_FIRST,  /* a digit must come */
    SIZE,        /* digits */
    BEFORE_SEMI, /* white space was seen: only ';' ends it */
    NAME_FIRST,  /* behind ';' */
    NAME,
    BEFORE_EQUALS, /* white space behind a name: '=' or ';' */
    VALUE_FIRST,   /* behind '=' */
    VALUE,
    QUOTED,
    QUOTED_PAIR, /* behind '\' */
    VALUE_END,   /* behind a closing quote */
    SIZE_LF,     /* behind the CR of a size line */
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILERS,
    DONE,
    BROKEN,
};

void hoot__h1_chunks_init(hoot__h1_chunks *chunks)
{
    *chunks = (hoot__h1_chunks){ .state = SIZE_FIRST };
}

static int take_digit(hoot__h1_chunks *chunks, int digit)
{
    if (digit < 0 || chunks->line_bytes == MAX_SIZE_DIGITS)
        return BROKEN;
    chunks->line_bytes++;
    chunks->left = chunks->left << 4 | (unsigned)digit;
    return SIZE;
}

/* Behind a size, a name or a value: what may come next apart from more of it. */
static int next_part(char c)
{
    switch (c) {
    case ' ':
    case '\t': return BEFORE_SEMI;
    case ';': return NAME_FIRST;
    case '\r': return SIZE_LF;
    default: return BROKEN;
    }
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static int behind_name(char c)
{
    if (c == '=')
        return VALUE_FIRST;
    return is_blank(c) ? BEFORE_EQUALS : next_part(c);
}

static int before_equals(char c)
{
    if (is_blank(c))
        return BEFORE_EQUALS;
    return c == '=' ? VALUE_FIRST : c == ';' ? NAME_FIRST : BROKEN;
}

static int first_of_value(char c)
{
    if (is_blank(c))
        return VALUE_FIRST;
    return c == '"' ? QUOTED : hoot__char_is(c, HOOT__CHAR_TOKEN) ? VALUE : BROKEN;
}

static int inside_quotes(char c)
{
    if (c == '"')
        return VALUE_END;
    return c == '\\' ? QUOTED_PAIR : hoot__char_is(c, HOOT__CHAR_QUOTED) ? QUOTED : BROKEN;
}

/* One byte of a size line. Gives the state it leads to. */
static int step(hoot__h1_chunks *chunks, char c)
{
    bool token = hoot__char_is(c, HOOT__CHAR_TOKEN);

    switch ((enum state)chunks->state) {
    case SIZE_FIRST: return take_digit(chunks, hoot__hex_value(c));
    case SIZE:
        return hoot__char_is(c, HOOT__CHAR_HEX) ? take_digit(chunks, hoot__hex_value(c)) : next_part(c);
    case BEFORE_SEMI: return is_blank(c) ? BEFORE_SEMI : c == ';' ? NAME_FIRST : BROKEN;
    case NAME_FIRST: return is_blank(c) ? NAME_FIRST : token ? NAME : BROKEN;
    case NAME: return token ? NAME : behind_name(c);
    case BEFORE_EQUALS: return before_equals(c);
    case VALUE_FIRST: return first_of_value(c);
    case VALUE: return token ? VALUE : next_part(c);
    case QUOTED: return inside_quotes(c);
    case QUOTED_PAIR: return hoot__char_is(c, HOOT__CHAR_QUOTED) || c == '"' || c == '\\' ? QUOTED : BROKEN;
    case VALUE_END: return next_part(c);
    case SIZE_LF: return c == '\n' ? (chunks->left ? DATA : TRAILERS) : BROKEN;
    case DATA_CR: return c == '\r' ? DATA_LF : BROKEN;
    case DATA_LF: return c == '\n' ? SIZE_FIRST : BROKEN;
    default: return BROKEN;
    }
}

static int refuse(hoot__h1_chunks *chunks, int status, const char *why, const char **out_why)
{
    chunks->state = BROKEN;
    *out_why = why;
    return -status;
}

/* Size lines and what stands between chunks. Gives 1 when data or trailers begin, 0 at the end of the bytes.
 */
static int read_line(hoot__h1_chunks *chunks, hoot_str bytes, size_t *used, const char **out_why)
{
    while (chunks->state != DATA && chunks->state != TRAILERS) {
        int next;

        if (*used == bytes.len)
            return 0;
        next = step(chunks, bytes.ptr[(*used)++]);
        if (next == BROKEN)
            return refuse(chunks, 400, "a chunk is not well formed", out_why);
        if (chunks->left > INT64_MAX)
            return refuse(chunks, 400, "a chunk is too large", out_why);
        if (next >= BEFORE_SEMI && next <= VALUE_END && ++chunks->extension_bytes > MAX_EXTENSION_BYTES)
            return refuse(chunks, 413, "the chunk extensions are too long", out_why);
        if (next != SIZE && chunks->state == SIZE)
            chunks->line_bytes = 0;
        chunks->state = (uint8_t)next;
    }
    return 1;
}

static int read_data(hoot__h1_chunks *chunks, hoot_str bytes, size_t *used, hoot_str *out_piece)
{
    hoot_str rest = hoot_str_from_index(bytes, *used);

    if (rest.len == 0)
        return 0;
    *out_piece = rest.len < chunks->left ? rest : hoot_str_head(rest, (size_t)chunks->left);
    *used += out_piece->len;
    chunks->left -= out_piece->len;
    if (chunks->left == 0)
        chunks->state = DATA_CR;
    return 1;
}

/* The section is used only as a whole. `line_bytes`: how much of it was searched. */
static int read_trailers(hoot__h1_chunks *chunks, hoot_str bytes, size_t *used, hoot_str *out_trailers,
                         const char **out_why)
{
    hoot_str section = hoot_str_head(hoot_str_from_index(bytes, *used), MAX_TRAILER_BYTES);
    size_t scanned = chunks->line_bytes;
    size_t end;

    if (hoot_str_starts(section, HOOT_STR("\r\n"))) {
        end = 2;
    } else {
        end = hoot__h1_find_end(section, &scanned);
        chunks->line_bytes = (uint32_t)scanned;
        if (end == 0 && section.len == MAX_TRAILER_BYTES)
            return refuse(chunks, 413, "the trailers are too long", out_why);
        if (end == 0)
            return 0;
        if (end < 4 || memcmp(section.ptr + end - 4, "\r\n\r\n", 4) != 0)
            return refuse(chunks, 400, "a trailer holds a control byte or a bare CR or LF", out_why);
    }
    *out_trailers = hoot_str_head(section, end - 2);
    *used += end;
    chunks->state = DONE;
    return 2;
}

int hoot__h1_chunks_read(hoot__h1_chunks *chunks, hoot_str bytes, size_t *out_used, hoot_str *out_piece,
                         hoot_str *out_trailers, const char **out_why)
{
    int rc;

    *out_used = 0;
    if (chunks->state == BROKEN || chunks->state == DONE)
        return refuse(chunks, 400, "the chunked body has ended", out_why);
    rc = read_line(chunks, bytes, out_used, out_why);
    if (rc <= 0)
        return rc;
    if (chunks->state == DATA)
        return read_data(chunks, bytes, out_used, out_piece);
    return read_trailers(chunks, bytes, out_used, out_trailers, out_why);
}
