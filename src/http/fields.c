/* Tokens and header fields (RFC 9110 section 5): what a name and a value may hold, which names are known to
 * the library, and lists in values. */
#include "http/chars.h"
#include "http/h1_grammar.h"
#include "http/message.h"
#include "http/scan.h"

bool hoot__http_is_token(hoot_str s)
{
    return hoot__scan_is_word(s.ptr, s.len, '-') || (s.len > 0 && hoot__chars_are(s, HOOT__CHAR_TOKEN));
}

bool hoot__http_is_field_value(hoot_str s)
{
    return s.len == 0 || hoot__scan_is_plain(s.ptr, s.len) ||
           hoot__scan_text(s.ptr, s.ptr, s.ptr + s.len) == s.ptr + s.len;
}

static inline uint64_t load8(const char *p)
{
    uint64_t word;

    memcpy(&word, p, sizeof(word));
    return word | UINT64_C(0x2020202020202020);
}

static inline uint32_t load4(const char *p)
{
    uint32_t word;

    memcpy(&word, p, sizeof(word));
    return word | UINT32_C(0x20202020);
}

/* Is a token that lower-case name? Bit 0x20 folds letters; among tchars it folds nothing else onto a letter
 * or '-'. Two loads that may overlap cover every length there is (2, 4 and more, up to 16, or 17 with one
 * byte in the middle). */
static inline bool same_name(const char *token, const char *name, size_t len)
{
    if (len > 16)
        return load8(token) == load8(name) && load8(token + 8) == load8(name + 8) &&
               (token[16] | 0x20) == name[16];
    if (len >= 8)
        return load8(token) == load8(name) && load8(token + len - 8) == load8(name + len - 8);
    if (len >= 4)
        return load4(token) == load4(name) && load4(token + len - 4) == load4(name + len - 4);
    return (token[0] | 0x20) == name[0] && (token[1] | 0x20) == name[1];
}

#define PICK(id, name) return same_name(p, name, sizeof(name) - 1) ? HOOT__HEADER_##id : HOOT__HEADER_OTHER

static hoot__known_header six_letters(const char *p)
{
    switch (p[0] | 0x20) {
    case 'a': PICK(ACCEPT, "accept");
    case 'c': PICK(COOKIE, "cookie");
    case 'e': PICK(EXPECT, "expect");
    case 'o': PICK(ORIGIN, "origin");
    case 's': PICK(SERVER, "server");
    default: return HOOT__HEADER_OTHER;
    }
}

static hoot__known_header ten_letters(const char *p)
{
    switch (p[0] | 0x20) {
    case 'c': PICK(CONNECTION, "connection");
    case 'u': PICK(USER_AGENT, "user-agent");
    case 's': PICK(SET_COOKIE, "set-cookie");
    default: return HOOT__HEADER_OTHER;
    }
}

/* Length and first letter leave one candidate. */
hoot__known_header hoot__http_known_token(hoot_str token)
{
    const char *p = token.ptr;

    switch (token.len) {
    case 2: PICK(TE, "te");
    case 4:
        if ((p[0] | 0x20) == 'h')
            PICK(HOST, "host");
        PICK(DATE, "date");
    case 6: return six_letters(p);
    case 7:
        if ((p[0] | 0x20) == 'u')
            PICK(UPGRADE, "upgrade");
        PICK(TRAILER, "trailer");
    case 10: return ten_letters(p);
    case 12: PICK(CONTENT_TYPE, "content-type");
    case 13: PICK(AUTHORIZATION, "authorization");
    case 14: PICK(CONTENT_LENGTH, "content-length");
    case 15: PICK(ACCEPT_ENCODING, "accept-encoding");
    case 17: PICK(TRANSFER_ENCODING, "transfer-encoding");
    default: return HOOT__HEADER_OTHER;
    }
}

hoot__known_header hoot__http_known_header(hoot_str name)
{
    return hoot__http_is_token(name) ? hoot__http_known_token(name) : HOOT__HEADER_OTHER;
}

int hoot__headers_find(const hoot__headers *headers, hoot_str name, size_t from)
{
    for (size_t i = from; i < headers->count; i++) {
        if (hoot_str_equal_nocase(headers->at[i].name, name))
            return (int)i;
    }
    return -1;
}

bool hoot__http_list_has(hoot_str list, const char *token)
{
    hoot_str wanted = hoot_str_from(token);
    hoot_str part;

    while (hoot_str_split(&list, ',', &part)) {
        if (hoot_str_equal_nocase(hoot_str_trim(part, " \t"), wanted))
            return true;
    }
    return false;
}
