/* The bytes of one connection: heads, and chunked bodies where heads say so, one behind the other. The parser
 * must give the verdict, the framing and the pieces that the slow reader in h1_reference.h gives, however the
 * bytes were cut. */
#include "h1_reference.h"

#include "http/message.h"

#include <assert.h>

#define MAX_HEAD 16384

typedef struct run {
    hoot__header headers[REF_MAX_FIELDS];
    hoot__exchange ex;
    hoot__h1_head head;
    int verdict;
} run;

typedef struct body_run {
    char *data;
    size_t length, used;
    hoot_str trailers;
    int verdict; /* 2, 0 or -status */
} body_run;

/* Where the next cut is: any sequence will do, the same for the same input. */
static size_t next_cut(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return 1 + (*seed >> 16) % ((*seed >> 8) % 3 == 0 ? 300 : 7);
}

/* Feed the head in pieces: `seed` 0 is one byte at a time, otherwise the cuts. */
static void parse_in_pieces(hoot_str bytes, uint32_t seed, run *out)
{
    const char *why = NULL;
    size_t scanned = 0, given = 0;

    out->ex.headers.at = out->headers;
    out->head.ex = &out->ex;
    do {
        given += seed ? next_cut(&seed) : 1;
        out->verdict = hoot__h1_parse_head(hoot_str_head(bytes, given), &scanned, MAX_HEAD, REF_MAX_FIELDS,
                                           &out->head, &why);
        assert(scanned <= given);
        assert(out->verdict >= 0 || (why && why[0]));
    } while (out->verdict == 0 && given < bytes.len);
}

static void parse_whole(hoot_str bytes, run *out)
{
    const char *why = NULL;
    size_t scanned = 0;

    out->ex.headers.at = out->headers;
    out->head.ex = &out->ex;
    out->verdict = hoot__h1_parse_head(bytes, &scanned, MAX_HEAD, REF_MAX_FIELDS, &out->head, &why);
    assert(out->verdict >= 0 || (why && why[0]));
}

static void assert_same(const hoot__h1_head *head, const ref_head *ref)
{
    const hoot__exchange *ex = head->ex;

    assert(hoot_str_equal(ex->method, ref->method));
    assert(hoot_str_equal(ex->scheme, ref->scheme));
    assert(hoot_str_equal(ex->authority, ref->authority));
    assert(hoot_str_equal(ex->target, ref->target));
    assert(hoot_str_equal(ex->path, ref->path));
    assert(hoot_str_equal(ex->query, ref->query));
    assert(ex->version == (ref->minor ? 11 : 10));
    assert(head->framing == ref->framing);
    assert(ex->content_length == (head->framing == HOOT__H1_CHUNKED ? -1 : (int64_t)ref->length));
    assert(head->keep_alive == ref->keep_alive);
    assert(head->expects_continue == ref->expects_continue);
    assert(head->wants_upgrade == ref->wants_upgrade);
    assert(ex->headers.count == ref->count);
    for (size_t i = 0; i < ref->count; i++) {
        assert(hoot_str_equal(ex->headers.at[i].name, ref->names[i]));
        assert(hoot_str_equal(ex->headers.at[i].value, ref->values[i]));
        assert(hoot__http_known_header(ref->names[i]) == ex->headers.at[i].known);
    }
    for (int id = 1; id < HOOT__HEADER_COUNT; id++)
        assert(ex->known[id] == -1 || ex->headers.at[ex->known[id]].known == (hoot__known_header)id);
}

/* The parser refused bytes that are no whole head: then no way to go on may make the reference accept them.
 */
static void assert_hopeless(hoot_str bytes)
{
    static const char *const tails[] = { "\r\n\r\n",
                                         "\n\r\n",
                                         "\n\r\n\r\n",
                                         "x\r\n\r\n",
                                         ":x\r\n\r\n",
                                         ": x\r\n\r\n",
                                         " HTTP/1.1\r\nHost: a\r\n\r\n",
                                         "/ HTTP/1.1\r\nHost: a\r\n\r\n",
                                         "\r\nHost: a\r\n\r\n",
                                         "HTTP/1.1\r\nHost: a\r\n\r\n" };
    static ref_head ref;
    char *text = malloc(bytes.len + 64);

    assert(text);
    memcpy(text, bytes.ptr, bytes.len);
    for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        size_t more = strlen(tails[i]);
        int rc;

        memcpy(text + bytes.len, tails[i], more);
        rc = ref_parse_head(hoot_str_of(text, bytes.len + more), &ref);
        assert(rc <= 0 || (size_t)rc > MAX_HEAD);
    }
    free(text);
}

/* Gives the head's length, or 0 to stop. */
static size_t check_head(hoot_str bytes, uint32_t seed, hoot__h1_framing *out_framing, uint64_t *out_length)
{
    static run whole, bytewise, cut;
    static ref_head ref;
    hoot_str view = hoot_str_head(bytes, MAX_HEAD);
    int expected = ref_parse_head(view, &ref);

    parse_whole(bytes, &whole);
    parse_in_pieces(bytes, 0, &bytewise);
    parse_in_pieces(bytes, seed, &cut);
    if (expected == 0) {
        assert(whole.verdict <= 0);
        if (whole.verdict < 0 && view.len < MAX_HEAD)
            assert_hopeless(view);
    } else {
        assert(whole.verdict == expected);
    }
    /* Early words on a head that never ends may come later, or not at all, when it comes in pieces. */
    assert(bytewise.verdict == whole.verdict || (bytewise.verdict == 0 && expected == 0));
    assert(cut.verdict == whole.verdict || (cut.verdict == 0 && expected == 0));
    if (whole.verdict <= 0)
        return 0;
    assert_same(&whole.head, &ref);
    assert_same(&bytewise.head, &ref);
    assert_same(&cut.head, &ref);
    *out_framing = whole.head.framing;
    *out_length = whole.ex.content_length < 0 ? 0 : (uint64_t)whole.ex.content_length;
    return (size_t)whole.verdict;
}

/* Hand over bytes as a connection would: what was not used is given again with more behind it. */
static void read_chunks(hoot_str bytes, uint32_t seed, body_run *out)
{
    hoot__h1_chunks chunks;
    size_t given = 0;
    const char *why = NULL;

    hoot__h1_chunks_init(&chunks);
    do {
        hoot_str piece = HOOT_STR("");
        size_t used;

        given = seed ? given + next_cut(&seed) : bytes.len;
        if (given > bytes.len)
            given = bytes.len;
        do {
            out->verdict =
                hoot__h1_chunks_read(&chunks, hoot_str_of(bytes.ptr + out->used, given - out->used), &used,
                                     &piece, &out->trailers, &why);
            assert(used <= given - out->used);
            out->used += used;
            if (out->verdict == 1) {
                assert(piece.len > 0);
                memcpy(out->data + out->length, piece.ptr, piece.len);
                out->length += piece.len;
            }
        } while (out->verdict == 1);
    } while (out->verdict == 0 && given < bytes.len);
    assert(out->verdict >= 0 || (why && why[0]));
}

static void assert_chunks_hopeless(hoot_str bytes)
{
    static const char *const tails[] = { "\r\n\r\n",    "\n\r\n",         "\n0\r\n\r\n", "\r\n0\r\n\r\n",
                                         "0\r\n\r\n",   "a\r\n0\r\n\r\n", "\"\r\n\r\n",  "x=y\r\n\r\n",
                                         "a\"\r\n\r\n", "=b\r\n\r\n",     "\n",          "\r\n" };
    char *text = malloc(bytes.len + 64);
    char *data = malloc(bytes.len + 64);

    assert(text && data);
    memcpy(text, bytes.ptr, bytes.len);
    for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        ref_body ref = { .data = data };
        size_t more = strlen(tails[i]);

        memcpy(text + bytes.len, tails[i], more);
        assert(ref_parse_chunks(hoot_str_of(text, bytes.len + more), &ref) != 2);
    }
    free(text);
    free(data);
}

static void check_trailers(hoot_str section)
{
    static hoot__header headers[REF_MAX_FIELDS];
    const char *why = NULL;
    int count = hoot__h1_parse_trailers(section, headers, REF_MAX_FIELDS, &why);

    assert(count <= REF_MAX_FIELDS && (count >= 0 || (why && why[0])));
    for (int i = 0; i < count; i++) {
        assert(ref_token(headers[i].name));
        assert(hoot__http_is_field_value(headers[i].value));
        assert(headers[i].known != HOOT__HEADER_CONTENT_LENGTH && headers[i].known != HOOT__HEADER_HOST &&
               headers[i].known != HOOT__HEADER_TRANSFER_ENCODING && headers[i].known != HOOT__HEADER_COOKIE);
    }
}

/* Gives the body's length on the wire, or 0 to stop. */
static size_t check_chunks(hoot_str bytes, uint32_t seed)
{
    char *room = malloc(3 * bytes.len + 1);
    ref_body ref = { .data = room };
    body_run whole = { .data = room + bytes.len };
    body_run cut = { .data = room + 2 * bytes.len };
    int expected;

    assert(room);
    expected = ref_parse_chunks(bytes, &ref);
    read_chunks(bytes, 0, &whole);
    read_chunks(bytes, seed, &cut);
    assert(whole.verdict == cut.verdict);
    assert(expected < 0 ? whole.verdict < 0 : expected == 2 ? whole.verdict == 2 : whole.verdict <= 0);
    if (expected == 0 && whole.verdict < 0 && bytes.len - ref.used < 16384 && ref.extension_bytes <= 16384)
        assert_chunks_hopeless(bytes);
    if (expected == 2) {
        assert(whole.used == ref.used && cut.used == ref.used);
        assert(whole.length == ref.length && memcmp(whole.data, ref.data, ref.length) == 0);
        assert(cut.length == ref.length && memcmp(cut.data, ref.data, ref.length) == 0);
        assert(hoot_str_equal(whole.trailers, ref.trailers) && hoot_str_equal(cut.trailers, ref.trailers));
        check_trailers(whole.trailers);
    }
    free(room);
    return expected == 2 ? whole.used : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hoot_str rest = hoot_str_of(data, size);
    uint32_t seed = 1;

    for (size_t i = 0; i < size; i++)
        seed = seed * 31 + data[i];
    seed |= 1;
    while (rest.len > 0) {
        hoot__h1_framing framing = HOOT__H1_NO_BODY;
        uint64_t length = 0;
        size_t used = check_head(rest, seed, &framing, &length);

        if (used == 0)
            break;
        rest = hoot_str_from_index(rest, used);
        if (framing == HOOT__H1_CHUNKED)
            length = check_chunks(rest, seed);
        if (framing != HOOT__H1_NO_BODY && length == 0)
            break;
        rest = length < rest.len ? hoot_str_from_index(rest, (size_t)length) : HOOT_STR("");
    }
    return 0;
}
