/* Packets over a stream.
 *
 *     +-------------+------------+---------------------+
 *     | length (3)  | number (1) | payload             |   length 0xffffff: the payload goes on in the next
 * packet
 *     +-------------+------------+---------------------+
 *
 * A payload in one packet, nearly every one, is given where it lies in the reader's buffer. One in several
 * packets is copied together in `joined`. What was given stays in front of the reader (`held`) and is dropped
 * by the next read, so rows may be used in place while the task waits for something else.
 *
 * Texts in rows want a terminator, and the byte behind a payload belongs to the next packet. So a row is
 * moved one byte to the left, over its own header, which nobody needs any more. Reserving a byte behind was
 * tried: it means copying every row.
 *
 * A row that is too long is an error of the connection, but for who has statements of several tasks on it
 * (`drops`): then its bytes are let go as they come, and none are kept. */
#include "channel.h"

#include "protocol.h"
#include "squeezed_stream.h"

enum {
    HEADER_BYTES = 4,
    KEEP_BYTES = 64 * 1024,  /* a buffer that is larger is let go when its answer is complete */
    CHUNK_BYTES = 64 * 1024, /* what of a long payload is gathered at a time */
    MAX_PENDING = 64 * 1024, /* what may wait while more of it is gathered */
};

#define READER_MAX (HOOT__MY_PACKET_MAX + HEADER_BYTES + KEEP_BYTES)

void hoot__my_channel_init(hoot__my_channel *channel, hoot_stream *stream, uint64_t max_bytes)
{
    memset(channel, 0, sizeof(*channel));
    channel->stream = stream;
    channel->below = stream;
    channel->max_bytes = max_bytes < HOOT__MY_PAYLOAD_MAX ? (size_t)max_bytes : HOOT__MY_PAYLOAD_MAX;
    hoot__reader_init(&channel->reader, stream, READER_MAX);
    hoot_buf_init(&channel->joined, channel->max_bytes + 1);
}

void hoot__my_channel_fini(hoot__my_channel *channel)
{
    hoot_stream_close(channel->stream);
    channel->stream = NULL;
    hoot__reader_fini(&channel->reader);
    hoot_buf_fini(&channel->joined);
}

int hoot__my_channel_secure(hoot__my_channel *channel, hoot__tls_context *context, const char *host,
                            hoot_error *err)
{
    hoot_stream *lower = channel->stream;

    hoot__reader_consume(&channel->reader, channel->held);
    channel->held = 0;
    channel->stream = hoot__tls_connect(lower, context, host, hoot__reader_bytes(&channel->reader), err);
    hoot__reader_fini(&channel->reader);
    if (!channel->stream)
        return hoot_error_code(err);
    channel->below = channel->stream;
    hoot__reader_init(&channel->reader, channel->stream, READER_MAX);
    return 0;
}

int hoot__my_channel_squeeze(hoot__my_channel *channel, hoot_error *err)
{
    hoot_stream *stream;

    hoot__my_channel_trim(channel);
    if (!hoot__my_channel_is_silent(channel))
        return hoot_error_set(err, HOOT_EPROTOCOL, "something came behind the login's OK");
    stream = hoot__my_squeezed_stream_new(channel->stream);
    if (!stream)
        return hoot_error_set(err, HOOT_ENOMEM, "no memory for a connection");
    channel->stream = stream;
    channel->squeezed = true;
    hoot__reader_fini(&channel->reader);
    hoot__reader_init(&channel->reader, stream, READER_MAX);
    return 0;
}

/* One packet's payload, in chunks, waiting for room between them. */
static int write_chunks(hoot__my_channel *channel, hoot_str payload)
{
    while (payload.len > 0) {
        hoot_str chunk = hoot_str_head(payload, CHUNK_BYTES);
        int rc = hoot_buf_add_str(&channel->stream->out, chunk);

        payload = hoot_str_from_index(payload, chunk.len);
        if (rc == 0 && payload.len > 0)
            rc = hoot__reader_flush(&channel->reader, MAX_PENDING);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int write_packet(hoot__my_channel *channel, hoot_str payload)
{
    hoot_buf *out = &channel->stream->out;
    int rc = hoot__stream_need(channel->stream);

    if (rc == 0)
        rc = hoot_buf_reserve(out, HEADER_BYTES + (payload.len < CHUNK_BYTES ? payload.len : CHUNK_BYTES));
    if (rc < 0)
        return rc;
    hoot__my_put_u24(out, (uint32_t)payload.len);
    hoot__my_put_u8(out, channel->sequence++);
    return write_chunks(channel, payload);
}

int hoot__my_channel_write(hoot__my_channel *channel, hoot_str payload)
{
    bool more;

    do {
        hoot_str piece = hoot_str_head(payload, HOOT__MY_PACKET_MAX);
        int rc = write_packet(channel, piece);

        if (rc < 0) {
            channel->torn = true;
            return rc;
        }
        more = piece.len == HOOT__MY_PACKET_MAX;
        payload = hoot_str_from_index(payload, piece.len);
    } while (more);
    return 0;
}

int hoot__my_channel_flush(hoot__my_channel *channel)
{
    return hoot__reader_flush(&channel->reader, SIZE_MAX);
}

/* `len` bytes in front. Gives: 1; 0 not there, without `wait`; negative. */
static int want(hoot__my_channel *channel, bool wait, size_t len)
{
    int rc;

    if (hoot__reader_bytes(&channel->reader).len >= len)
        return 1;
    if (!wait)
        return 0;
    rc = hoot__reader_fill(&channel->reader, len);
    return rc < 0 ? rc : 1;
}

int hoot__my_too_long(const hoot__my_channel *channel, hoot_error *err)
{
    return hoot_error_set(err, HOOT_ELIMIT,
                          "the answer has a row or packet of more than %zu bytes (max_answer_bytes)",
                          channel->max_bytes);
}

static int check_sequence(hoot__my_channel *channel, uint8_t number, hoot__my_packet *packet, hoot_error *err)
{
    /* Servers set the number to that of the compressed packet whenever they flush one. */
    if (number == channel->sequence || channel->squeezed) {
        channel->sequence++;
        return 0;
    }
    if (packet->len == 0 || (unsigned char)packet->ptr[0] != HOOT__MY_ERR)
        packet->len = 0;
    return hoot_error_set(err, HOOT_EPROTOCOL, "packet number %u came where %u was due", (unsigned)number,
                          (unsigned)channel->sequence);
}

/* Reading ended with `rc`: say why. */
static int ended(const hoot__my_channel *channel, int rc, hoot_error *err)
{
    if (rc == HOOT_EPROTOCOL && channel->squeezed && !channel->below->secure)
        return hoot_error_set(err, rc, "a compressed packet is broken, or not of the size that it says");
    return hoot__tls_explain(channel->below, rc, err);
}

/* Whether a packet that is too long is a row, which may be dropped: it is no error and no end of rows. Gives:
 * as want(). */
static int is_droppable(hoot__my_channel *channel, size_t len)
{
    uint8_t first;

    if (!channel->drops || channel->joining)
        return channel->drops;
    if (hoot__reader_bytes(&channel->reader).len <= HEADER_BYTES)
        return 0;
    first = (uint8_t)hoot__reader_bytes(&channel->reader).ptr[HEADER_BYTES];
    return first != HOOT__MY_ERR && (first != HOOT__MY_EOF || len == HOOT__MY_PACKET_MAX) ? 1 : HOOT_ELIMIT;
}

/* A new payload begins: the one before is not wanted any more. */
static void forget_joined(hoot__my_channel *channel)
{
    if (channel->joined.capacity > KEEP_BYTES)
        hoot_buf_fini(&channel->joined);
    hoot_buf_clear(&channel->joined);
}

static void begin_drop(hoot__my_channel *channel, size_t len)
{
    hoot__reader_consume(&channel->reader, HEADER_BYTES);
    channel->joining = false;
    forget_joined(channel);
    channel->dropping = true;
    channel->drop_left = len;
    channel->drops_more = len == HOOT__MY_PACKET_MAX;
}

/* One packet, its payload in place. Gives: as want(), or HOOT__MY_TOO_LONG: it is being dropped. */
static int read_one(hoot__my_channel *channel, bool wait, hoot__my_packet *out_packet, hoot_error *err)
{
    hoot__my_packet none = { NULL, 0 };
    hoot__my_in header;
    uint8_t number;
    size_t len;
    int rc;

    hoot__reader_consume(&channel->reader, channel->held);
    channel->held = 0;
    rc = want(channel, wait, HEADER_BYTES);
    if (rc <= 0)
        return rc < 0 ? ended(channel, rc, err) : 0;
    header = hoot__my_in_of(hoot__reader_bytes(&channel->reader).ptr, HEADER_BYTES);
    len = hoot__my_u24(&header);
    number = hoot__my_u8(&header);
    if (len > channel->max_bytes - channel->joined.len) {
        rc = is_droppable(channel, len);
        if (rc > 0 && check_sequence(channel, number, &none, err) < 0)
            return HOOT_EPROTOCOL;
        if (rc > 0)
            begin_drop(channel, len);
        return rc > 0 ? HOOT__MY_TOO_LONG : rc == 0 && channel->drops ? 0 : hoot__my_too_long(channel, err);
    }
    rc = want(channel, wait, HEADER_BYTES + len);
    if (rc <= 0)
        return rc < 0 ? ended(channel, rc, err) : 0;
    channel->held = HEADER_BYTES + len;
    out_packet->ptr = channel->reader.in.data + channel->reader.start + HEADER_BYTES;
    out_packet->len = len;
    rc = check_sequence(channel, number, out_packet, err);
    return rc < 0 ? rc : 1;
}

/* Add a piece to `joined`, whose last byte is kept free. */
static int join(hoot__my_channel *channel, const hoot__my_packet *piece, hoot_error *err)
{
    int rc = hoot_buf_reserve(&channel->joined, piece->len + 1);

    if (rc == 0)
        rc = hoot_buf_add(&channel->joined, piece->ptr, piece->len);
    return rc < 0 ? hoot_error_set(err, rc, "no memory for a packet of %zu bytes",
                                   channel->joined.len + piece->len)
                  : 0;
}

/* The header of the next packet of a payload that is being dropped. Gives: 1; 0 it has not come; negative. */
static int take_drop_header(hoot__my_channel *channel, hoot_error *err)
{
    hoot__my_packet none = { NULL, 0 };
    hoot_str there = hoot__reader_bytes(&channel->reader);
    hoot__my_in header;

    if (there.len < HEADER_BYTES)
        return 0;
    header = hoot__my_in_of(there.ptr, HEADER_BYTES);
    channel->drop_left = hoot__my_u24(&header);
    channel->drops_more = channel->drop_left == HOOT__MY_PACKET_MAX;
    hoot__reader_consume(&channel->reader, HEADER_BYTES);
    return check_sequence(channel, hoot__my_u8(&header), &none, err) < 0 ? HOOT_EPROTOCOL : 1;
}

/* What has come of it. Gives: HOOT__MY_TOO_LONG: that was all; 0; negative. */
static int drop_there(hoot__my_channel *channel, hoot_error *err)
{
    int rc = 1;

    while (rc > 0 && (channel->drop_left > 0 || channel->drops_more)) {
        size_t there = hoot__reader_bytes(&channel->reader).len;
        size_t len = there < channel->drop_left ? there : channel->drop_left;

        hoot__reader_consume(&channel->reader, len);
        channel->drop_left -= len;
        if (channel->drop_left > 0)
            return 0;
        if (channel->drops_more)
            rc = take_drop_header(channel, err);
    }
    channel->dropping = rc <= 0;
    return rc > 0 ? HOOT__MY_TOO_LONG : rc;
}

static int drop(hoot__my_channel *channel, bool wait, hoot_error *err)
{
    int rc;

    hoot__reader_consume(&channel->reader, channel->held);
    channel->held = 0;
    while ((rc = drop_there(channel, err)) == 0 && wait) {
        rc = hoot__reader_fill(&channel->reader, hoot__reader_bytes(&channel->reader).len + 1);
        if (rc < 0)
            return ended(channel, rc, err);
    }
    return rc;
}

/* One packet's payload, or several joined. */
static int read_any(hoot__my_channel *channel, bool wait, hoot__my_packet *out_packet, hoot_error *err)
{
    hoot__my_packet piece = { NULL, 0 };

    *out_packet = piece;
    for (;;) {
        int rc = read_one(channel, wait, &piece, err);

        if (rc == HOOT__MY_TOO_LONG)
            return drop(channel, wait, err);
        if (rc <= 0) {
            *out_packet = piece;
            return rc;
        }
        if (!channel->joining && piece.len < HOOT__MY_PACKET_MAX) {
            *out_packet = piece;
            return 1;
        }
        rc = join(channel, &piece, err);
        if (rc < 0)
            return rc;
        channel->joining = piece.len == HOOT__MY_PACKET_MAX;
        if (!channel->joining) {
            *out_packet = (hoot__my_packet){ channel->joined.data, channel->joined.len };
            return 1;
        }
        piece = (hoot__my_packet){ NULL, 0 };
    }
}

/* The next packet, if all of it has come and nothing about it is out of the ordinary, as with nearly every
 * one. */
static bool read_plain(hoot__my_channel *channel, hoot__my_packet *out_packet)
{
    hoot__reader *reader = &channel->reader;
    size_t there = hoot__reader_bytes(reader).len - channel->held, len;
    char *packet = reader->in.data + reader->start + channel->held;
    hoot__my_in header;

    if (there < HEADER_BYTES)
        return false;
    header = hoot__my_in_of(packet, HEADER_BYTES);
    len = hoot__my_u24(&header);
    if (len > there - HEADER_BYTES || len >= HOOT__MY_PACKET_MAX || len > channel->max_bytes ||
        hoot__my_u8(&header) != channel->sequence)
        return false;
    channel->sequence++;
    reader->start += channel->held;
    channel->held = HEADER_BYTES + len;
    *out_packet = (hoot__my_packet){ packet + HEADER_BYTES, len };
    return true;
}

int hoot__my_channel_read(hoot__my_channel *channel, bool wait, hoot__my_packet *out_packet, hoot_error *err)
{
    *out_packet = (hoot__my_packet){ NULL, 0 };
    if (channel->dropping)
        return drop(channel, wait, err);
    if (!channel->joining) {
        if (channel->joined.len > 0)
            forget_joined(channel);
        if (read_plain(channel, out_packet))
            return 1;
    }
    return read_any(channel, wait, out_packet, err);
}

void hoot__my_channel_make_room(hoot__my_channel *channel, hoot__my_packet *packet)
{
    if (channel->joined.len > 0)
        return;
    memmove(packet->ptr - 1, packet->ptr, packet->len);
    packet->ptr--;
}

void hoot__my_channel_trim(hoot__my_channel *channel)
{
    hoot__reader *reader = &channel->reader;

    hoot__reader_consume(reader, channel->held);
    channel->held = 0;
    if (!channel->joining)
        forget_joined(channel);
    if (reader->start == reader->in.len && reader->in.capacity > KEEP_BYTES) {
        hoot_buf_fini(&reader->in);
        reader->start = 0;
    }
}

void hoot__my_channel_rest(hoot__my_channel *channel)
{
    hoot__my_channel_trim(channel);
    hoot__reader_rest(&channel->reader);
    hoot__stream_rest(channel->stream);
}
