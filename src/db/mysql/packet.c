/* The one reader of bytes that a server chose: every length is compared with what is left before it is used.
 */
#include "packet.h"

#include <hoot/error.h>

uint64_t hoot__my_lenenc_long(hoot__my_in *in, uint8_t first)
{
    switch (first) {
    case 0xfc: return hoot__my_u16(in);
    case 0xfd: return hoot__my_u24(in);
    case 0xfe: return hoot__my_u64(in);
    default: in->failed = true; return 0;
    }
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
        hoot__my_put_number(out, value, 1);
    } else if (value <= 0xffff) {
        hoot__my_put_number(out, 0xfc, 1);
        hoot__my_put_number(out, value, 2);
    } else if (value <= 0xffffff) {
        hoot__my_put_number(out, 0xfd, 1);
        hoot__my_put_number(out, value, 3);
    } else {
        hoot__my_put_number(out, 0xfe, 1);
        hoot__my_put_number(out, value, 8);
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
