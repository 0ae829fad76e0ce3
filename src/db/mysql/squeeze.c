/* The compressed protocol's packets.
 *
 *     +-------------+------------+-------------------+--------------------------+
 *     | length (3)  | number (1) | plain length (3)  | zlib, or as it is        |   plain length 0: as it is
 *     +-------------+------------+-------------------+--------------------------+
 *
 * Inside is the ordinary stream of packets, cut anywhere. Both lengths are the peer's word: what is unpacked
 * goes straight into the reader's room, never more than the plain length and never more than there is room
 * for, so a packet of 16 KiB that unpacks to 16 MiB costs no more memory than a row of that size, and one
 * that unpacks to more than it said is an error at the first byte. Source: MySQL Internals, "Compression". */
#include "squeeze.h"

#include "packet.h"
#include "protocol.h"

#include <hoot/error.h>

enum {
    HEADER_BYTES = 7,
    WORTH_BYTES = 50, /* what is shorter is sent as it is, as other clients do */
    PIECE_BYTES = 1024 * 1024,
};

/* --- packing --- */

/* Behind the header's place; 0: it does not get shorter. */
static int squeeze(hoot_str plain, char *out, size_t room)
{
    uLongf len = room;
    int rc = plain.len < WORTH_BYTES
                 ? Z_BUF_ERROR
                 : compress2((Bytef *)out, &len, (const Bytef *)plain.ptr, plain.len, Z_DEFAULT_COMPRESSION);

    if (rc == Z_MEM_ERROR)
        return HOOT_ENOMEM;
    return rc == Z_OK && len < plain.len ? (int)len : 0;
}

static int pack_one(hoot_str plain, uint8_t number, hoot_buf *out)
{
    size_t start = out->len, room = plain.len < WORTH_BYTES ? plain.len : compressBound(plain.len);
    int rc = hoot_buf_reserve(out, HEADER_BYTES + room);
    int len = rc < 0 ? rc : squeeze(plain, out->data + start + HEADER_BYTES, room);

    if (len < 0)
        return len;
    hoot__my_put_u24(out, (uint32_t)(len > 0 ? (size_t)len : plain.len));
    hoot__my_put_u8(out, number);
    hoot__my_put_u24(out, len > 0 ? (uint32_t)plain.len : 0);
    if (len > 0)
        out->len += (size_t)len;
    else
        (void)hoot_buf_add_str(out, plain);
    return 0;
}

int hoot__my_pack(hoot_str plain, uint8_t *sequence, hoot_buf *out)
{
    int rc = 0;

    while (rc == 0 && plain.len > 0) {
        hoot_str piece = hoot_str_head(plain, PIECE_BYTES);

        rc = pack_one(piece, (*sequence)++, out);
        plain = hoot_str_from_index(plain, piece.len);
    }
    return rc;
}

/* --- unpacking --- */

void hoot__my_unpacker_fini(hoot__my_unpacker *u)
{
    if (u->ready)
        inflateEnd(&u->zlib);
    u->ready = false;
}

static void take_header(hoot__my_unpacker *u, hoot_str *in)
{
    hoot_str part = hoot_str_head(*in, HEADER_BYTES - (size_t)u->header_len);

    memcpy(u->header + u->header_len, part.ptr, part.len);
    u->header_len = (uint8_t)(u->header_len + part.len);
    *in = hoot_str_from_index(*in, part.len);
}

/* The header is there: a packet begins. */
static int begin(hoot__my_unpacker *u)
{
    hoot__my_in in = hoot__my_in_of(u->header, HEADER_BYTES);
    int rc;

    u->packed_left = hoot__my_u24(&in);
    u->sequence = (uint8_t)(hoot__my_u8(&in) + 1);
    u->plain_left = hoot__my_u24(&in);
    u->packed = u->plain_left > 0;
    if (!u->packed) {
        u->plain_left = u->packed_left;
        return 0;
    }
    rc = u->ready ? inflateReset(&u->zlib) : inflateInit(&u->zlib);
    u->ready = u->ready || rc == Z_OK;
    return rc == Z_OK ? 0 : HOOT_ENOMEM;
}

static void end(hoot__my_unpacker *u)
{
    u->header_len = 0;
    u->packed = false;
    u->packed_left = u->plain_left = 0;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static int copy(hoot__my_unpacker *u, hoot_str *in, char *out, size_t room)
{
    size_t len = least(least(in->len, room), u->packed_left);

    if (len > 0)
        memcpy(out, in->ptr, len);
    *in = hoot_str_from_index(*in, len);
    u->packed_left -= (uint32_t)len;
    if (u->packed_left == 0)
        end(u);
    return (int)len;
}

static int inflate_some(hoot__my_unpacker *u, hoot_str *in, char *out, size_t room)
{
    size_t given = least(in->len, u->packed_left), wanted = least(room, u->plain_left), used, made;
    int rc;

    u->zlib.next_in = (Bytef *)(uintptr_t)in->ptr;
    u->zlib.avail_in = (uInt)given;
    u->zlib.next_out = (Bytef *)out;
    u->zlib.avail_out = (uInt)wanted;
    rc = inflate(&u->zlib, Z_SYNC_FLUSH);
    used = given - u->zlib.avail_in;
    made = wanted - u->zlib.avail_out;
    *in = hoot_str_from_index(*in, used);
    u->packed_left -= (uint32_t)used;
    u->plain_left -= (uint32_t)made;
    if (rc == Z_MEM_ERROR)
        return HOOT_ENOMEM;
    if (rc == Z_STREAM_END) {
        if (u->packed_left > 0 || u->plain_left > 0)
            return HOOT_EPROTOCOL;
        end(u);
        return (int)made;
    }
    if (rc != Z_OK && rc != Z_BUF_ERROR)
        return HOOT_EPROTOCOL;
    /* No step was made though there was something to make one with, or nothing more is to come. */
    if (made == 0 && used == 0 && (u->packed_left == 0 || (in->len > 0 && wanted == 0)))
        return HOOT_EPROTOCOL;
    return (int)made;
}

int hoot__my_unpack(hoot__my_unpacker *u, hoot_str *in, char *out, size_t room)
{
    size_t len = 0;

    while (len < room) {
        size_t left = in->len;
        int rc = 0;

        if (u->header_len < HEADER_BYTES) {
            take_header(u, in);
            if (u->header_len < HEADER_BYTES)
                break;
            rc = begin(u);
        }
        if (rc == 0)
            rc = u->packed ? inflate_some(u, in, out + len, room - len) : copy(u, in, out + len, room - len);
        if (rc < 0)
            return rc;
        len += (size_t)rc;
        if (rc == 0 && in->len == left)
            break;
    }
    u->full = len == room && u->header_len > 0;
    return (int)len;
}
