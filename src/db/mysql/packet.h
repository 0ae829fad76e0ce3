/* Reading and writing what packets are made of. The reader never looks past its end: a read that does not fit
 * gives zero or an empty slice and marks it `failed`, so that a run of reads is checked once at its end.
 * Numbers are little-endian. Source: MySQL Internals, "Basic Types": Protocol::FixedLengthInteger,
 * ::LengthEncodedInteger, ::NulTerminatedString. */
#ifndef HOOT_DB_MYSQL_PACKET_H
#define HOOT_DB_MYSQL_PACKET_H

#include <hoot/buf.h>

/* A payload, without its header. */
typedef struct hoot__my_packet {
    char *ptr;
    size_t len;
} hoot__my_packet;

typedef struct hoot__my_in {
    const unsigned char *at;
    const unsigned char *end;
    bool failed;
} hoot__my_in;

static inline hoot__my_in hoot__my_in_of(const void *bytes, size_t len)
{
    hoot__my_in in;

    in.at = (const unsigned char *)bytes;
    in.end = in.at + len;
    in.failed = false;
    return in;
}

static inline size_t hoot__my_left(const hoot__my_in *in)
{
    return (size_t)(in->end - in->at);
}

/* All of it was read, and nothing was missing. */
static inline bool hoot__my_spent(const hoot__my_in *in)
{
    return !in->failed && in->at == in->end;
}

/* `len` bytes, or NULL and failed. After a failure nothing is given any more. */
static inline const unsigned char *hoot__my_take(hoot__my_in *in, size_t len)
{
    const unsigned char *at = in->at;

    if (in->failed || len > hoot__my_left(in)) {
        in->failed = true;
        return NULL;
    }
    in->at += len;
    return at;
}

/* Little-endian from the lowest address on, whatever the machine is: the same both ways. */
static inline uint64_t hoot__my_little(uint64_t value)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return __builtin_bswap64(value);
#else
    return value;
#endif
}

/* With a constant width, one load. */
static inline uint64_t hoot__my_number(hoot__my_in *in, size_t width)
{
    const unsigned char *at = hoot__my_take(in, width);
    uint64_t value = 0;

    if (at)
        memcpy(&value, at, width);
    return hoot__my_little(value);
}

static inline uint8_t hoot__my_u8(hoot__my_in *in)
{
    return (uint8_t)hoot__my_number(in, 1);
}

static inline uint16_t hoot__my_u16(hoot__my_in *in)
{
    return (uint16_t)hoot__my_number(in, 2);
}

static inline uint32_t hoot__my_u24(hoot__my_in *in)
{
    return (uint32_t)hoot__my_number(in, 3);
}

static inline uint32_t hoot__my_u32(hoot__my_in *in)
{
    return (uint32_t)hoot__my_number(in, 4);
}

static inline uint64_t hoot__my_u64(hoot__my_in *in)
{
    return hoot__my_number(in, 8);
}

/* A length-encoded integer: one byte below 0xfb, or 0xfc, 0xfd, 0xfe with 2, 3, 8 bytes behind. 0xfb (NULL)
 * and 0xff fail. */
uint64_t hoot__my_lenenc_long(hoot__my_in *in, uint8_t first);

static inline uint64_t hoot__my_lenenc(hoot__my_in *in)
{
    uint8_t first = hoot__my_u8(in);

    return first < 0xfb ? first : hoot__my_lenenc_long(in, first);
}

/* Slices of what is read; Lives: as long as that. */
static inline hoot_str hoot__my_bytes(hoot__my_in *in, size_t len)
{
    const unsigned char *at = hoot__my_take(in, len);

    return at ? hoot_str_of(at, len) : hoot_str_of("", 0);
}

static inline hoot_str hoot__my_lenenc_str(hoot__my_in *in)
{
    uint64_t len = hoot__my_lenenc(in);

    if (len > hoot__my_left(in))
        in->failed = true;
    return hoot__my_bytes(in, in->failed ? 0 : (size_t)len);
}

hoot_str hoot__my_nul_str(hoot__my_in *in); /* fails when no NUL is there */
hoot_str hoot__my_rest(hoot__my_in *in);

static inline void hoot__my_skip(hoot__my_in *in, size_t len)
{
    (void)hoot__my_take(in, len);
}

/* Appending; failures are kept in `out->failed`. */
static inline void hoot__my_put_number(hoot_buf *out, uint64_t value, size_t width)
{
    uint64_t little = hoot__my_little(value);

    if (out->capacity - out->len < width && hoot_buf_reserve(out, width) < 0)
        return;
    memcpy(out->data + out->len, &little, width);
    out->len += width;
}

static inline void hoot__my_put_u8(hoot_buf *out, uint8_t value)
{
    hoot__my_put_number(out, value, 1);
}

static inline void hoot__my_put_u16(hoot_buf *out, uint16_t value)
{
    hoot__my_put_number(out, value, 2);
}

static inline void hoot__my_put_u24(hoot_buf *out, uint32_t value)
{
    hoot__my_put_number(out, value, 3);
}

static inline void hoot__my_put_u32(hoot_buf *out, uint32_t value)
{
    hoot__my_put_number(out, value, 4);
}

static inline void hoot__my_put_u64(hoot_buf *out, uint64_t value)
{
    hoot__my_put_number(out, value, 8);
}

void hoot__my_put_zeros(hoot_buf *out, size_t count);
void hoot__my_put_lenenc(hoot_buf *out, uint64_t value);
void hoot__my_put_lenenc_str(hoot_buf *out, hoot_str s);
void hoot__my_put_nul_str(hoot_buf *out, const char *text);

/* Whether all that was appended is there: 0 or HOOT_ENOMEM (sizes are compared with limits before). */
int hoot__my_put_check(const hoot_buf *out);

#endif
