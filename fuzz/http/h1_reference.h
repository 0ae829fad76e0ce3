/* A second reader of HTTP/1.1 requests: slow, written from RFC 9112 line by line, sharing no code with
 * src/http. The fuzz target holds the parser against it: the same verdict, the same framing, the same pieces.
 *
 * It only reads heads that are whole: it looks for CRLF CRLF first and takes the text apart afterwards. */
#ifndef HOOT_FUZZ_H1_REFERENCE_H
#define HOOT_FUZZ_H1_REFERENCE_H

#include "http/h1_parser.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define REF_MAX_FIELDS 100

typedef struct ref_head {
    hoot_str method, target, version, scheme, authority, path, query;
    hoot_str names[REF_MAX_FIELDS], values[REF_MAX_FIELDS];
    size_t count;
    int minor;
    hoot__h1_framing framing;
    uint64_t length;
    bool keep_alive, expects_continue, wants_upgrade;
} ref_head;

/* --- text --- */

static inline ptrdiff_t ref_find(hoot_str s, const char *what)
{
    const char *hit = s.len ? memmem(s.ptr, s.len, what, strlen(what)) : NULL;

    return hit ? hit - s.ptr : -1;
}

static inline hoot_str ref_part(hoot_str s, size_t from, size_t to)
{
    return hoot_str_of(s.ptr + from, to - from);
}

static inline bool ref_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

static inline bool ref_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool ref_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static inline bool ref_tchar(char c)
{
    return ref_alnum(c) || ref_one_of(c, "!#$%&'*+-.^_`|~");
}

static inline bool ref_token(hoot_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!ref_tchar(s.ptr[i]))
            return false;
    }
    return s.len > 0;
}

static inline char ref_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static inline bool ref_same(hoot_str s, const char *text)
{
    if (s.len != strlen(text))
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (ref_lower(s.ptr[i]) != ref_lower(text[i]))
            return false;
    }
    return true;
}

static inline hoot_str ref_trim(hoot_str s)
{
    while (s.len && ref_one_of(s.ptr[0], " \t"))
        s = ref_part(s, 1, s.len);
    while (s.len && ref_one_of(s.ptr[s.len - 1], " \t"))
        s.len--;
    return s;
}

/* --- authorities and targets --- */

static inline bool ref_port(hoot_str s)
{
    if (s.len > 5)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
    }
    return s.len < 5 || memcmp(s.ptr, "65535", 5) <= 0;
}

static inline bool ref_reg_name(hoot_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        bool coded = s.ptr[i] == '%' && i + 2 < s.len && ref_hex(s.ptr[i + 1]) && ref_hex(s.ptr[i + 2]);

        if (!coded && !ref_alnum(s.ptr[i]) && !ref_one_of(s.ptr[i], "-._~!$&'()*+,;="))
            return false;
    }
    return s.len >= 1 && s.len <= 255;
}

static inline bool ref_authority(hoot_str s)
{
    char text[64] = "";
    unsigned char address[16];
    ptrdiff_t close = ref_find(s, "]");
    ptrdiff_t colon;

    if (s.len && s.ptr[0] == '[') {
        if (close < 0 || close > 46 || memchr(s.ptr, '\0', (size_t)close))
            return false;
        memcpy(text, s.ptr + 1, (size_t)close - 1);
        if (inet_pton(AF_INET6, text, address) != 1)
            return false;
        s = ref_part(s, (size_t)close + 1, s.len);
        return s.len == 0 || (s.ptr[0] == ':' && ref_port(ref_part(s, 1, s.len)));
    }
    colon = ref_find(s, ":");
    if (colon < 0)
        return ref_reg_name(s);
    return ref_reg_name(ref_part(s, 0, (size_t)colon)) && ref_port(ref_part(s, (size_t)colon + 1, s.len));
}

static inline void ref_split_path(ref_head *head)
{
    ptrdiff_t mark = ref_find(head->target, "?");

    head->path = mark < 0 ? head->target : ref_part(head->target, 0, (size_t)mark);
    head->query = mark < 0 ? HOOT_STR("") : ref_part(head->target, (size_t)mark + 1, head->target.len);
}

static inline int ref_target(ref_head *head)
{
    hoot_str t = head->target;
    size_t skip = t.len >= 7 && ref_same(ref_part(t, 0, 7), "http://")    ? 7
                  : t.len >= 8 && ref_same(ref_part(t, 0, 8), "https://") ? 8
                                                                          : 0;
    size_t end = skip;

    head->scheme = HOOT_STR("");
    if (hoot_str_is(head->method, "CONNECT"))
        return -400;
    if (hoot_str_is(t, "*") || t.ptr[0] == '/') {
        ref_split_path(head);
        return t.ptr[0] == '*' && !hoot_str_is(head->method, "OPTIONS") ? -400 : 1;
    }
    if (skip == 0)
        return -400;
    while (end < t.len && t.ptr[end] != '/' && t.ptr[end] != '?')
        end++;
    head->scheme = skip == 7 ? HOOT_STR("http") : HOOT_STR("https");
    head->authority = ref_part(t, skip, end);
    head->target = ref_part(t, end, t.len);
    ref_split_path(head);
    if (end == t.len)
        head->target = head->path = hoot_str_is(head->method, "OPTIONS") ? HOOT_STR("*") : HOOT_STR("/");
    else if (t.ptr[end] == '?')
        head->path = HOOT_STR("/");
    return ref_authority(head->authority) ? 1 : -400;
}

/* --- what fields mean --- */

static inline size_t ref_count(const ref_head *head, const char *name, hoot_str *out_last)
{
    size_t count = 0;

    for (size_t i = 0; i < head->count; i++) {
        if (ref_same(head->names[i], name)) {
            *out_last = head->values[i];
            count++;
        }
    }
    return count;
}

/* Is the token a member of the list that all fields of this name make together? */
static inline bool ref_lists(const ref_head *head, const char *name, const char *token)
{
    for (size_t i = 0; i < head->count; i++) {
        hoot_str rest = head->values[i];

        if (!ref_same(head->names[i], name))
            continue;
        for (;;) {
            ptrdiff_t comma = ref_find(rest, ",");
            hoot_str member = comma < 0 ? rest : ref_part(rest, 0, (size_t)comma);

            if (ref_same(ref_trim(member), token))
                return true;
            if (comma < 0)
                break;
            rest = ref_part(rest, (size_t)comma + 1, rest.len);
        }
    }
    return false;
}

/* All codings, in order, of all Transfer-Encoding fields: good only as the one word "chunked". */
static inline int ref_codings(const ref_head *head)
{
    bool chunked = false, other = false;

    for (size_t i = 0; i < head->count; i++) {
        hoot_str rest = head->values[i];
        ptrdiff_t comma;

        if (!ref_same(head->names[i], "transfer-encoding"))
            continue;
        do {
            hoot_str member, name;
            ptrdiff_t semicolon;

            comma = ref_find(rest, ",");
            member = ref_trim(comma < 0 ? rest : ref_part(rest, 0, (size_t)comma));
            semicolon = ref_find(member, ";");
            name = ref_trim(semicolon < 0 ? member : ref_part(member, 0, (size_t)semicolon));
            if (chunked || !ref_token(name) || (ref_same(name, "chunked") && semicolon >= 0))
                return -400;
            chunked = ref_same(name, "chunked");
            other = other || !chunked;
            if (comma >= 0)
                rest = ref_part(rest, (size_t)comma + 1, rest.len);
        } while (comma >= 0);
    }
    return other ? -501 : 1;
}

static inline int ref_length(ref_head *head, hoot_str value)
{
    unsigned __int128 number = 0;

    if (value.len == 0 || value.len > 19)
        return -400;
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] < '0' || value.ptr[i] > '9')
            return -400;
        number = number * 10 + (unsigned)(value.ptr[i] - '0');
    }
    if (number > INT64_MAX)
        return -400;
    head->length = (uint64_t)number;
    head->framing = number ? HOOT__H1_LENGTH : HOOT__H1_NO_BODY;
    return 1;
}

static inline int ref_framing(ref_head *head)
{
    hoot_str coding = HOOT_STR(""), length = HOOT_STR("");
    size_t codings = ref_count(head, "transfer-encoding", &coding);
    size_t lengths = ref_count(head, "content-length", &length);

    head->framing = HOOT__H1_NO_BODY;
    head->length = 0;
    if (codings == 0)
        return lengths == 0 ? 1 : lengths > 1 ? -400 : ref_length(head, length);
    if (head->minor == 0 || lengths > 0)
        return -400;
    head->framing = HOOT__H1_CHUNKED;
    return ref_codings(head);
}

static inline int ref_meaning(ref_head *head)
{
    hoot_str unused = HOOT_STR("");
    size_t hosts;
    int rc;

    head->authority = HOOT_STR("");
    hosts = ref_count(head, "host", &head->authority);
    if (hosts > 1 || (hosts == 0 && head->minor > 0))
        return -400;
    if (hosts == 1 && (head->minor > 0 || head->authority.len > 0) && !ref_authority(head->authority))
        return -400;
    rc = ref_target(head);
    if (rc > 0)
        rc = ref_framing(head);
    if (rc < 0)
        return rc;
    head->keep_alive = !ref_lists(head, "connection", "close") &&
                       (head->minor > 0 || ref_lists(head, "connection", "keep-alive"));
    head->expects_continue =
        head->minor > 0 && head->framing != HOOT__H1_NO_BODY && ref_lists(head, "expect", "100-continue");
    head->wants_upgrade = head->minor > 0 && ref_count(head, "upgrade", &unused) > 0 &&
                          ref_lists(head, "connection", "upgrade");
    return 1;
}

/* --- lines --- */

static inline int ref_request_line(hoot_str line, ref_head *head)
{
    ptrdiff_t first = ref_find(line, " ");
    hoot_str rest = first < 0 ? HOOT_STR("") : ref_part(line, (size_t)first + 1, line.len);
    ptrdiff_t second = ref_find(rest, " ");

    if (first < 0 || second <= 0)
        return -400;
    head->method = ref_part(line, 0, (size_t)first);
    head->target = ref_part(rest, 0, (size_t)second);
    head->version = ref_part(rest, (size_t)second + 1, rest.len);
    if (!ref_token(head->method))
        return -400;
    for (size_t i = 0; i < head->target.len; i++) {
        if (head->target.ptr[i] <= ' ' || head->target.ptr[i] >= 0x7f ||
            ref_one_of(head->target.ptr[i], "\"#<>"))
            return -400;
    }
    if (head->version.len != 8 || memcmp(head->version.ptr, "HTTP/", 5) != 0 || head->version.ptr[6] != '.' ||
        head->version.ptr[5] < '0' || head->version.ptr[5] > '9' || head->version.ptr[7] < '0' ||
        head->version.ptr[7] > '9')
        return -400;
    head->minor = head->version.ptr[7] - '0';
    return head->version.ptr[5] == '1' ? 1 : -505;
}

static inline int ref_field_line(hoot_str line, ref_head *head)
{
    ptrdiff_t colon = ref_find(line, ":");
    hoot_str value;

    if (line.len && line.ptr[0] == '\r') /* not counted: it was to be the blank line */
        return -400;
    if (head->count == REF_MAX_FIELDS)
        return -431;
    if (colon < 0 || !ref_token(ref_part(line, 0, (size_t)colon)))
        return -400;
    value = ref_trim(ref_part(line, (size_t)colon + 1, line.len));
    for (size_t i = 0; i < value.len; i++) {
        unsigned char byte = (unsigned char)value.ptr[i];

        if ((byte < ' ' && byte != '\t') || byte == 0x7f)
            return -400;
    }
    head->names[head->count] = ref_part(line, 0, (size_t)colon);
    head->values[head->count++] = value;
    return 1;
}

/* Gives: the head's length, -status, or 0: there is no CRLF CRLF in the bytes. */
static inline int ref_parse_head(hoot_str bytes, ref_head *head)
{
    size_t at = hoot_str_starts(bytes, HOOT_STR("\r\n")) ? 2 : 0;
    hoot_str rest = ref_part(bytes, at, bytes.len);
    ptrdiff_t end = ref_find(rest, "\r\n\r\n");
    int rc;

    memset(head, 0, sizeof(*head));
    if (hoot_str_starts(rest, HOOT_STR("\r\n")))
        return -400;
    if (end < 0)
        return 0;
    rest = ref_part(rest, 0, (size_t)end + 2);
    for (bool first = true; rest.len; first = false) {
        size_t length = (size_t)ref_find(rest, "\r\n");
        hoot_str line = ref_part(rest, 0, length);

        rc = first ? ref_request_line(line, head) : ref_field_line(line, head);
        if (rc < 0)
            return rc;
        rest = ref_part(rest, length + 2, rest.len);
    }
    rc = ref_meaning(head);
    return rc < 0 ? rc : (int)(at + (size_t)end + 4);
}

/* --- chunked bodies --- */

typedef struct ref_body {
    char *data; /* heap, room for all bytes */
    size_t length;
    hoot_str trailers;
    size_t used, extension_bytes;
} ref_body;

static inline bool ref_quoted_byte(char c)
{
    unsigned char byte = (unsigned char)c;

    return byte == '\t' || (byte >= ' ' && byte != 0x7f);
}

static inline size_t ref_blanks(hoot_str s, size_t at)
{
    while (at < s.len && ref_one_of(s.ptr[at], " \t"))
        at++;
    return at;
}

static inline size_t ref_word(hoot_str s, size_t at)
{
    while (at < s.len && ref_tchar(s.ptr[at]))
        at++;
    return at;
}

/* Behind a quoted string that begins at `at`; 0: it is none. */
static inline size_t ref_quoted(hoot_str s, size_t at)
{
    for (at++; at < s.len && s.ptr[at] != '"'; at++) {
        if (s.ptr[at] == '\\')
            at++;
        if (at == s.len || !ref_quoted_byte(s.ptr[at]))
            return 0;
    }
    return at < s.len ? at + 1 : 0;
}

/* *( BWS ";" BWS name [ BWS "=" BWS value ] ) and nothing else. */
static inline bool ref_extensions(hoot_str s)
{
    size_t at = 0;

    while (at < s.len) {
        size_t name, next;

        at = ref_blanks(s, at);
        if (at == s.len || s.ptr[at] != ';')
            return false;
        name = ref_blanks(s, at + 1);
        at = ref_word(s, name);
        if (at == name)
            return false;
        next = ref_blanks(s, at);
        if (next == s.len || s.ptr[next] != '=')
            continue;
        next = ref_blanks(s, next + 1);
        if (next == s.len)
            return false;
        at = s.ptr[next] == '"' ? ref_quoted(s, next) : ref_word(s, next);
        if (at == 0 || at == next)
            return false;
    }
    return true;
}

/* Gives: 1 and the size; 0 not valid. */
static inline int ref_size_line(hoot_str line, uint64_t *out_size, size_t *out_extension)
{
    size_t digits = 0;
    char text[17] = "";

    while (digits < line.len && ref_hex(line.ptr[digits]))
        digits++;
    if (digits == 0 || digits > 16 || !ref_extensions(ref_part(line, digits, line.len)))
        return 0;
    memcpy(text, line.ptr, digits);
    *out_size = strtoull(text, NULL, 16);
    *out_extension = line.len - digits;
    return *out_size <= INT64_MAX;
}

/* Everything behind the last chunk. Gives: 2 the end; 0 not whole; -1. */
static inline int ref_trailers(hoot_str rest, ref_body *body)
{
    ptrdiff_t end = hoot_str_starts(rest, HOOT_STR("\r\n")) ? 0 : ref_find(rest, "\r\n\r\n");
    size_t section = end <= 0 ? 0 : (size_t)end + 2;

    if (end < 0)
        return rest.len >= 16384 ? -1 : 0;
    if (section + 2 > 16384)
        return -1;
    for (size_t i = 0; i < section; i++) {
        char c = rest.ptr[i];
        bool pair = (c == '\r' && rest.ptr[i + 1] == '\n') || (c == '\n' && i > 0 && rest.ptr[i - 1] == '\r');

        if (!pair && !ref_quoted_byte(c))
            return -1;
    }
    body->trailers = ref_part(rest, 0, section);
    body->used += section + 2;
    return 2;
}

/* Gives: 2 the body is whole; 0 bytes are missing; -1 it is not valid. */
static inline int ref_parse_chunks(hoot_str bytes, ref_body *body)
{
    for (;;) {
        hoot_str rest = ref_part(bytes, body->used, bytes.len);
        ptrdiff_t end = ref_find(rest, "\n");
        size_t extension;
        uint64_t size;

        if (end < 0)
            return 0;
        if (end == 0 || rest.ptr[end - 1] != '\r' ||
            !ref_size_line(ref_part(rest, 0, (size_t)end - 1), &size, &extension))
            return -1;
        body->extension_bytes += extension;
        if (body->extension_bytes > 16384)
            return -1;
        body->used += (size_t)end + 1;
        rest = ref_part(bytes, body->used, bytes.len);
        if (size == 0)
            return ref_trailers(rest, body);
        if (rest.len < size + 2)
            return rest.len > size && rest.ptr[size] != '\r' ? -1 : 0;
        if (memcmp(rest.ptr + size, "\r\n", 2) != 0)
            return -1;
        memcpy(body->data + body->length, rest.ptr, (size_t)size);
        body->length += (size_t)size;
        body->used += (size_t)size + 2;
    }
}

#endif
