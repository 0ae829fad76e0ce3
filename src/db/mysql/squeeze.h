/* The compressed protocol's packets: bytes in, bytes out. */
#ifndef HOOT_DB_MYSQL_SQUEEZE_H
#define HOOT_DB_MYSQL_SQUEEZE_H

#include <hoot/buf.h>

#include <zlib.h>

/* Number and pack `plain`, appended to `out`: one or more packets, numbered from *sequence on.
 * Errors: HOOT_ENOMEM, HOOT_ELIMIT. */
int hoot__my_pack(hoot_str plain, uint8_t *sequence, hoot_buf *out);

/* What is between two reads. Zeroed is a beginning. */
typedef struct hoot__my_unpacker {
    z_stream zlib;
    bool ready;  /* zlib is */
    bool packed; /* the packet under way is */
    bool full;   /* there was no room for all: there may be more without any input */
    uint8_t header[7];
    uint8_t header_len;
    uint8_t sequence;     /* of the next packet, as theirs go */
    uint32_t packed_left; /* of the packet under way */
    uint32_t plain_left;
} hoot__my_unpacker;

void hoot__my_unpacker_fini(hoot__my_unpacker *u);

/* Unpack from *in, which is moved behind what was used, into `out`.
 * Gives: bytes put there, at most `room`; 0: more input is needed, and all of it was used.
 * Errors: HOOT_EPROTOCOL a packet is not of the size it says, or broken; HOOT_ENOMEM. */
int hoot__my_unpack(hoot__my_unpacker *u, hoot_str *in, char *out, size_t room);

#endif
