/* Tokens and header fields (RFC 9110 section 5): what a name and a value may hold, which names are known to
 * the library, and lists in values. */
#include "base/words.h"
#include "http/chars.h"
#include "http/h1_grammar.h"
#include "http/message.h"
#include "http/scan.h"

bool hoot__http_is_token(hoot_str s)
{
    return hoot__scan_is_word(s.ptr, s.len) || (s.len > 0 && hoot__chars_are(s, HOOT__CHAR_TOKEN));
}

bool hoot__http_is_field_value(hoot_str s)
{
    return s.len == 0 || hoot__scan_is_plain(s.ptr, s.len) ||
           hoot__scan_text(s.ptr, s.ptr, s.ptr + s.len) == s.ptr + s.len;
}

#define SLOT(letter, name)     (((letter) + sizeof(name) - 1) % HOOT__NAME_SLOTS)
#define NAME(id, letter, name) [SLOT(letter, name)] = { name ":", sizeof(name) - 1, HOOT__HEADER_##id }

/* Length and first letter find the slot of a name. Two names for one slot do not compile. */
const hoot__known_name hoot__known_names[HOOT__NAME_SLOTS] = {
    NAME(HOST, 'h', "host"),
    NAME(COOKIE, 'c', "cookie"),
    NAME(CONTENT_TYPE, 'c', "content-type"),
    NAME(CONTENT_LENGTH, 'c', "content-length"),
    NAME(TRANSFER_ENCODING, 't', "transfer-encoding"),
    NAME(CONNECTION, 'c', "connection"),
    NAME(EXPECT, 'e', "expect"),
    NAME(UPGRADE, 'u', "upgrade"),
    NAME(ORIGIN, 'o', "origin"),
    NAME(ACCEPT, 'a', "accept"),
    NAME(ACCEPT_ENCODING, 'a', "accept-encoding"),
    NAME(AUTHORIZATION, 'a', "authorization"),
    NAME(USER_AGENT, 'u', "user-agent"),
    NAME(DATE, 'd', "date"),
    NAME(SERVER, 's', "server"),
    NAME(TRAILER, 't', "trailer"),
    NAME(TE, 't', "te"),
    NAME(SET_COOKIE, 's', "set-cookie"),
};

/* Is a token that lower-case name? Bit 0x20 folds letters; among tchars it folds nothing else onto a letter
 * or '-'. */
static inline bool same_name(const char *token, const char *name, size_t len)
{
    const uint64_t fold = UINT64_C(0x2020202020202020);

    if (len > 16)
        return hoot_str_equal_nocase(hoot_str_of(token, len), hoot_str_of(name, len));
    if (len < 8)
        return (hoot__load_short(token, len) | fold) == (hoot__load_short(name, len) | fold);
    return (hoot__load8(token) | fold) == hoot__load8(name) &&
           (hoot__load8(token + len - 8) | fold) == hoot__load8(name + len - 8);
}

hoot__known_header hoot__http_known_token(hoot_str token)
{
    const hoot__known_name *name = hoot__known_name_at(token.len ? token.ptr[0] : '\0', token.len);

    return name->len == token.len && same_name(token.ptr, name->text, token.len) ? name->id
                                                                                 : HOOT__HEADER_OTHER;
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
