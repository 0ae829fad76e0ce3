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

uint8_t hoot__my_u8(hoot__my_in *in);
uint16_t hoot__my_u16(hoot__my_in *in);
uint32_t hoot__my_u24(hoot__my_in *in);
uint32_t hoot__my_u32(hoot__my_in *in);
uint64_t hoot__my_u64(hoot__my_in *in);

/* A length-encoded integer: one byte below 0xfb, or 0xfc, 0xfd, 0xfe with 2, 3, 8 bytes behind. 0xfb (NULL)
 * and 0xff fail. */
uint64_t hoot__my_lenenc(hoot__my_in *in);

/* Slices of what is read; Lives: as long as that. */
hoot_str hoot__my_bytes(hoot__my_in *in, size_t len);
hoot_str hoot__my_lenenc_str(hoot__my_in *in);
hoot_str hoot__my_nul_str(hoot__my_in *in); /* fails when no NUL is there */
hoot_str hoot__my_rest(hoot__my_in *in);

void hoot__my_skip(hoot__my_in *in, size_t len);

/* Appending; failures are kept in `out->failed`. */
void hoot__my_put_u8(hoot_buf *out, uint8_t value);
void hoot__my_put_u16(hoot_buf *out, uint16_t value);
void hoot__my_put_u24(hoot_buf *out, uint32_t value);
void hoot__my_put_u32(hoot_buf *out, uint32_t value);
void hoot__my_put_u64(hoot_buf *out, uint64_t value);
void hoot__my_put_zeros(hoot_buf *out, size_t count);
void hoot__my_put_lenenc(hoot_buf *out, uint64_t value);
void hoot__my_put_lenenc_str(hoot_buf *out, hoot_str s);
void hoot__my_put_nul_str(hoot_buf *out, const char *text);

/* Whether all that was appended is there: 0 or HOOT_ENOMEM (sizes are compared with limits before). */
int hoot__my_put_check(const hoot_buf *out);

#endif
