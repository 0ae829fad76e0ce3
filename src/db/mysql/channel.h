/* Packets over a stream: framing, sequence numbers, payloads of 16 MiB and more in several packets.
 * Source: MySQL Internals, "MySQL Packets". */
#ifndef HOOT_DB_MYSQL_CHANNEL_H
#define HOOT_DB_MYSQL_CHANNEL_H

#include "packet.h"

#include "net/tls.h"

typedef struct hoot__my_channel {
    hoot_stream *stream;      /* owned; TLS takes its place between greeting and login, zlib after it */
    const hoot_stream *below; /* its own, without zlib */
    hoot__reader reader;
    hoot_buf joined; /* a payload that came in several packets */
    bool joining;    /* more of them are to come */
    bool squeezed;   /* the compressed protocol is spoken, in which packets' numbers mean nothing */
    bool torn;       /* a packet went out in part: nothing can follow it */
    bool drops; /* set by who reads: a row that is longer than max_bytes is dropped as it comes, see read */
    bool dropping;    /* one is on its way */
    bool drops_more;  /* and goes on in another packet behind this one */
    size_t drop_left; /* of this packet */
    size_t held;      /* bytes in front of the reader that the last packet used */
    size_t max_bytes; /* of one payload */
    uint8_t sequence; /* of the next packet, theirs or ours */
} hoot__my_channel;

/* What reading a packet gives beside 0 and 1. */
#define HOOT__MY_TOO_LONG 2

/* Takes over the stream. */
void hoot__my_channel_init(hoot__my_channel *channel, hoot_stream *stream, uint64_t max_bytes);

/* Closes the stream. Twice is fine. */
void hoot__my_channel_fini(hoot__my_channel *channel);

/* Begin TLS: what was gathered goes out in clear in front of it. `host`: as hoot__tls_connect(). Suspends.
 * Errors: HOOT_EPROTOCOL something had come that nobody asked for; as hoot__tls_connect(): the channel is
 * good for hoot__my_channel_fini() only then. */
int hoot__my_channel_secure(hoot__my_channel *channel, hoot__tls_context *context, const char *host,
                            hoot_error *err);

/* Begin to compress: behind the login's OK. Errors: HOOT_ENOMEM; HOOT_EPROTOCOL something had come that
 * nobody asked for. */
int hoot__my_channel_squeeze(hoot__my_channel *channel, hoot_error *err);

/* Gather a payload as one or more packets, numbered from channel->sequence on. A long one is sent on the way,
 * as far as it must be so that no more than some 100 KiB wait: Suspends then. Errors: HOOT_ENOMEM; writing
 * failed; HOOT_ETIMEOUT, HOOT_ECANCELED. channel->torn tells whether a part has gone out. */
int hoot__my_channel_write(hoot__my_channel *channel, hoot_str payload);

/* Hand what was gathered to the system. Does not wait until it is taken: what waits goes out while the answer
 * is waited for. */
int hoot__my_channel_flush(hoot__my_channel *channel);

/* The next payload. It goes on where it was when a call before was interrupted.
 * Suspends, with `wait`: until all of it is there.
 * Gives: 1; 0 without `wait`: not all of it has come; HOOT__MY_TOO_LONG with channel->drops, and without
 * `wait`: it was a row longer than max_bytes and has been dropped.  Lives: until the next call.
 * Errors: HOOT_EPROTOCOL wrong sequence number; HOOT_ELIMIT longer than max_bytes; the stream's own. `err` is
 * filled; when what came out of turn is an error packet, *out_packet is that, else it is empty. */
int hoot__my_channel_read(hoot__my_channel *channel, bool wait, hoot__my_packet *out_packet, hoot_error *err);

/* HOOT_ELIMIT, and what it is. */
int hoot__my_too_long(const hoot__my_channel *channel, hoot_error *err);

/* Move the payload just read so that one byte behind its end may be written to. */
void hoot__my_channel_make_room(hoot__my_channel *channel, hoot__my_packet *packet);

/* Nothing has come that was not read. */
static inline bool hoot__my_channel_is_silent(const hoot__my_channel *channel)
{
    return channel->reader.ended == 0 && hoot__reader_bytes(&channel->reader).len == channel->held;
}

/* Between two answers: let go of memory that only a large one needed. */
void hoot__my_channel_trim(hoot__my_channel *channel);

/* Behind the last answer: let go of all that is empty. */
void hoot__my_channel_rest(hoot__my_channel *channel);

#endif
