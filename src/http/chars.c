/* The table behind chars.h.
 *
 * TARGET is what RFC 3986 allows and the eight bytes beyond it that browsers send unencoded, because the URL
 * standard they follow does so in a query: \ ^ ` { | } [ ] . It leaves out what neither of them sends:
 * control bytes, space, bytes over 0x7e, and " # < >. A parser that reads a target needs no other rule for
 * them: no byte of the class can end a line or a word. */
#include "http/chars.h"

#define T HOOT__CHAR_TOKEN
#define G HOOT__CHAR_TARGET
#define R HOOT__CHAR_REG_NAME
#define H HOOT__CHAR_HEX
#define U HOOT__CHAR_UNRESERVED
#define C HOOT__CHAR_COOKIE
#define P HOOT__CHAR_PATH
#define Q HOOT__CHAR_QUOTED

const uint8_t hoot__char_classes[256] = {
    ['\t'] = Q,
    [' '] = Q,
    ['!'] = T | G | R | C | P | Q,
    ['#'] = T | C | Q,
    ['$'] = T | G | R | C | P | Q,
    ['%'] = T | G | C | P | Q,
    ['&'] = T | G | R | C | P | Q,
    ['\''] = T | G | R | C | P | Q,
    ['('] = G | R | C | P | Q,
    [')'] = G | R | C | P | Q,
    ['*'] = T | G | R | C | P | Q,
    ['+'] = T | G | R | C | P | Q,
    [','] = G | R | P | Q,
    ['-'] = T | G | R | U | C | P | Q,
    ['.'] = T | G | R | U | C | P | Q,
    ['/'] = G | C | P | Q,
    ['0' ... '9'] = T | G | R | H | U | C | P | Q,
    [':'] = G | C | P | Q,
    [';'] = G | R | Q,
    ['<'] = C | Q,
    ['='] = G | R | C | P | Q,
    ['>'] = C | Q,
    ['?'] = G | C | Q,
    ['@'] = G | C | P | Q,
    ['A' ... 'F'] = T | G | R | H | U | C | P | Q,
    ['G' ... 'Z'] = T | G | R | U | C | P | Q,
    ['['] = G | C | Q,
    ['\\'] = G,
    [']'] = G | C | Q,
    ['^'] = T | G | C | Q,
    ['_'] = T | G | R | U | C | P | Q,
    ['`'] = T | G | C | Q,
    ['a' ... 'f'] = T | G | R | H | U | C | P | Q,
    ['g' ... 'z'] = T | G | R | U | C | P | Q,
    ['{'] = G | C | Q,
    ['|'] = T | G | C | Q,
    ['}'] = G | C | Q,
    ['~'] = T | G | R | U | C | P | Q,
    [0x80 ... 0xff] = Q,
};
