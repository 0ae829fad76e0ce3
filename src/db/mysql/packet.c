/* The one reader of bytes that a server chose: every length is compared with what is left before it is used.
 */
#include "packet.h"

#include <hoot/error.h>

/* `len` bytes, or NULL and failed. After a failure nothing is given any more. */
static const unsigned char *take(hoot__my_in *in, size_t len)
{
    const unsigned char *at = in->at;

    if (in->failed || len > hoot__my_left(in)) {
        in->failed = true;
        return NULL;
    }
    in->at += len;
    return at;
}

static uint64_t take_number(hoot__my_in *in, size_t width)
{
    const unsigned char *at = take(in, width);
    uint64_t value = 0;

    for (size_t i = 0; at && i < width; i++)
        value |= (uint64_t)at[i] << (8 * i);
    return value;
}

uint8_t hoot__my_u8(hoot__my_in *in)
{
    return (uint8_t)take_number(in, 1);
}

uint16_t hoot__my_u16(hoot__my_in *in)
{
    return (uint16_t)take_number(in, 2);
}

uint32_t hoot__my_u24(hoot__my_in *in)
{
    return (uint32_t)take_number(in, 3);
}

uint32_t hoot__my_u32(hoot__my_in *in)
{
    return (uint32_t)take_number(in, 4);
}

uint64_t hoot__my_u64(hoot__my_in *in)
{
    return take_number(in, 8);
}

uint64_t hoot__my_lenenc(hoot__my_in *in)
{
    uint8_t first = hoot__my_u8(in);

    switch (first) {
    case 0xfc: return hoot__my_u16(in);
    case 0xfd: return hoot__my_u24(in);
    case 0xfe: return hoot__my_u64(in);
    case 0xfb:
    case 0xff: in->failed = true; return 0;
    default: return first;
    }
}

hoot_str hoot__my_bytes(hoot__my_in *in, size_t len)
{
    const unsigned char *at = take(in, len);

    return at ? hoot_str_of(at, len) : hoot_str_of("", 0);
}

hoot_str hoot__my_lenenc_str(hoot__my_in *in)
{
    uint64_t len = hoot__my_lenenc(in);

    if (len > hoot__my_left(in))
        in->failed = true;
    return hoot__my_bytes(in, in->failed ? 0 : (size_t)len);
}

hoot_str hoot__my_nul_str(hoot__my_in *in)
{
    ptrdiff_t len = hoot_str_find(hoot_str_of(in->at, hoot__my_left(in)), '\0');
    hoot_str s;

    if (len < 0) {
        in->failed = true;
        len = 0;
    }
    s = hoot__my_bytes(in, (size_t)len);
    hoot__my_skip(in, 1);
    return s;
}

hoot_str hoot__my_rest(hoot__my_in *in)
{
    return hoot__my_bytes(in, hoot__my_left(in));
}

void hoot__my_skip(hoot__my_in *in, size_t len)
{
    (void)take(in, len);
}

static void put_number(hoot_buf *out, uint64_t value, size_t width)
{
    char bytes[8];

    for (size_t i = 0; i < width; i++)
        bytes[i] = (char)(value >> (8 * i));
    (void)hoot_buf_add(out, bytes, width);
}

void hoot__my_put_u8(hoot_buf *out, uint8_t value)
{
    put_number(out, value, 1);
}

void hoot__my_put_u16(hoot_buf *out, uint16_t value)
{
    put_number(out, value, 2);
}

void hoot__my_put_u24(hoot_buf *out, uint32_t value)
{
    put_number(out, value, 3);
}

void hoot__my_put_u32(hoot_buf *out, uint32_t value)
{
    put_number(out, value, 4);
}

void hoot__my_put_u64(hoot_buf *out, uint64_t value)
{
    put_number(out, value, 8);
}

void hoot__my_put_zeros(hoot_buf *out, size_t count)
{
    if (count == 0 || hoot_buf_reserve(out, count) < 0)
        return;
    memset(out->data + out->len, 0, count);
    out->len += count;
}

void hoot__my_put_lenenc(hoot_buf *out, uint64_t value)
{
    if (value < 0xfb) {
        put_number(out, value, 1);
    } else if (value <= 0xffff) {
        put_number(out, 0xfc, 1);
        put_number(out, value, 2);
    } else if (value <= 0xffffff) {
        put_number(out, 0xfd, 1);
        put_number(out, value, 3);
    } else {
        put_number(out, 0xfe, 1);
        put_number(out, value, 8);
    }
}

void hoot__my_put_lenenc_str(hoot_buf *out, hoot_str s)
{
    hoot__my_put_lenenc(out, s.len);
    (void)hoot_buf_add_str(out, s);
}

void hoot__my_put_nul_str(hoot_buf *out, const char *text)
{
    (void)hoot_buf_add(out, text, strlen(text) + 1);
}

int hoot__my_put_check(const hoot_buf *out)
{
    return out->failed ? HOOT_ENOMEM : 0;
}
