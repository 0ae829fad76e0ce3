/* Base64 and base64url, strictly: a text that decodes is the only text that encodes to those bytes, so that
 * nothing signed as text has a second spelling. One codec, two alphabets; base64url goes without padding.
 * Both directions reserve the whole result first, and then cannot fail for want of room. Source: RFC 4648
 * sections 3.5, 4 and 5. */
#include <hoot/crypto.h>
#include <hoot/error.h>

typedef struct alphabet {
    const char *digits; /* 64 */
    char last[2];       /* digits 62 and 63 */
    bool padded;
} alphabet;

#define LETTERS_AND_NUMBERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static const alphabet standard = { LETTERS_AND_NUMBERS "+/", { '+', '/' }, true };
static const alphabet url_safe = { LETTERS_AND_NUMBERS "-_", { '-', '_' }, false };

/* Values of the 62 digits that both alphabets have, plus one; 0: not among them. */
static const uint8_t common_values[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62,
};

/* The value of a digit, or -1. */
static inline int digit_value(const alphabet *abc, char c)
{
    int common = common_values[(unsigned char)c];

    if (common)
        return common - 1;
    return c == abc->last[0] ? 62 : c == abc->last[1] ? 63 : -1;
}

/* The one or two bytes left over: two or three digits, then the padding. Gives: the digits and = written. */
static size_t encode_tail(const alphabet *abc, const uint8_t *in, size_t len, char *out)
{
    uint32_t bits = (uint32_t)in[0] << 16 | (len == 2 ? (uint32_t)in[1] << 8 : 0);

    out[0] = abc->digits[bits >> 18];
    out[1] = abc->digits[bits >> 12 & 63];
    if (len == 2)
        out[2] = abc->digits[bits >> 6 & 63];
    if (!abc->padded)
        return len + 1;
    memset(out + len + 1, '=', 3 - len);
    return 4;
}

static int encode(const alphabet *abc, hoot_str data, hoot_buf *out)
{
    const uint8_t *in = (const uint8_t *)data.ptr;
    size_t left = data.len;
    char *to;
    int rc = hoot_buf_reserve(out, left > SIZE_MAX / 2 ? SIZE_MAX : left / 3 * 4 + (left % 3 ? 4 : 0));

    if (rc < 0 || left == 0)
        return rc;
    to = out->data + out->len;
    for (; left >= 3; left -= 3, in += 3) {
        uint32_t bits = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];

        *to++ = abc->digits[bits >> 18];
        *to++ = abc->digits[bits >> 12 & 63];
        *to++ = abc->digits[bits >> 6 & 63];
        *to++ = abc->digits[bits & 63];
    }
    if (left)
        to += encode_tail(abc, in, left, to);
    out->len = (size_t)(to - out->data);
    return 0;
}

/* The last two or three digits: the bits that make no byte must be zero. */
static int decode_tail(const alphabet *abc, hoot_str tail, char *out)
{
    int a = digit_value(abc, tail.ptr[0]);
    int b = digit_value(abc, tail.ptr[1]);
    int c = tail.len == 3 ? digit_value(abc, tail.ptr[2]) : 0;

    if ((a | b | c) < 0 || (tail.len == 2 ? b & 15 : c & 3))
        return HOOT_EBADINPUT;
    out[0] = (char)(a << 2 | b >> 4);
    if (tail.len == 3)
        out[1] = (char)(b << 4 | c >> 2);
    return (int)tail.len - 1;
}

/* Digits without padding to bytes at `out`, which has room. Gives: 0 or HOOT_EBADINPUT. */
static int decode_digits(const alphabet *abc, hoot_str text, char *out)
{
    int rc;

    for (; text.len >= 4; text = hoot_str_of(text.ptr + 4, text.len - 4)) {
        int a = digit_value(abc, text.ptr[0]);
        int b = digit_value(abc, text.ptr[1]);
        int c = digit_value(abc, text.ptr[2]);
        int d = digit_value(abc, text.ptr[3]);

        if ((a | b | c | d) < 0)
            return HOOT_EBADINPUT;
        *out++ = (char)(a << 2 | b >> 4);
        *out++ = (char)(b << 4 | c >> 2);
        *out++ = (char)(c << 6 | d);
    }
    rc = text.len ? decode_tail(abc, text, out) : 0;
    return rc < 0 ? rc : 0;
}

/* Take the padding off. Errors: HOOT_EBADINPUT it is not what the length asks for. */
static int strip_padding(hoot_str *text)
{
    if (text->len % 4)
        return HOOT_EBADINPUT;
    for (int i = 0; i < 2 && text->len && text->ptr[text->len - 1] == '='; i++)
        text->len--;
    return 0;
}

static int decode(const alphabet *abc, hoot_str text, hoot_buf *out)
{
    int rc = abc->padded ? strip_padding(&text) : 0;
    size_t bytes;

    if (rc < 0 || text.len % 4 == 1)
        return HOOT_EBADINPUT;
    bytes = text.len / 4 * 3 + (text.len % 4 ? text.len % 4 - 1 : 0);
    rc = hoot_buf_reserve(out, bytes);
    if (rc < 0 || bytes == 0)
        return rc;
    rc = decode_digits(abc, text, out->data + out->len);
    if (rc == 0)
        out->len += bytes;
    return rc;
}

int hoot_base64_encode(hoot_str data, hoot_buf *out)
{
    return encode(&standard, data, out);
}

int hoot_base64_decode(hoot_str text, hoot_buf *out)
{
    return decode(&standard, text, out);
}

int hoot_base64url_encode(hoot_str data, hoot_buf *out)
{
    return encode(&url_safe, data, out);
}

int hoot_base64url_decode(hoot_str text, hoot_buf *out)
{
    return decode(&url_safe, text, out);
}
