/* The compression of long sessions: zlib's own format at its default level, so that the bytes are those of
 * Python's zlib.compress() with the same zlib.
 *
 * Only a text whose signature was right is inflated, and never to more than its reader can take: the limit
 * is that of the buffer it goes to. */
#include "web/session_internal.h"

#include "base/alloc.h"

#include <zlib.h>

enum { PIECE_BYTES = 4096 };

static voidpf allocate(voidpf unused, uInt count, uInt size)
{
    (void)unused;
    return hoot__calloc(count, size);
}

static void release(voidpf unused, voidpf memory)
{
    (void)unused;
    hoot__free(memory);
}

static z_stream stream_over(hoot_str data)
{
    /* zlib reads only, but its type does not say so. */
    return (z_stream){ .next_in = (Bytef *)(uintptr_t)data.ptr,
                       .avail_in = (uInt)data.len,
                       .zalloc = allocate,
                       .zfree = release };
}

/* Give the stream the room behind what is in `out`, at most `most` bytes. */
static void point_behind(z_stream *stream, hoot_buf *out, size_t most)
{
    size_t room = out->capacity - out->len;

    stream->next_out = (Bytef *)out->data + out->len;
    stream->avail_out = (uInt)(room < most ? room : most);
}

/* It gets two bytes less room than the data has: when that is not enough, it is not worth having. */
int hoot__session_deflate(hoot_buf *out, hoot_str data)
{
    z_stream stream = stream_over(data);
    int rc, result;

    if (data.len <= 2)
        return 0;
    if (data.len > HOOT__SESSION_MAX_JSON_BYTES)
        return HOOT_ELIMIT;
    rc = hoot_buf_reserve(out, data.len - 2);
    if (rc < 0)
        return rc;
    if (deflateInit(&stream, Z_DEFAULT_COMPRESSION) != Z_OK)
        return HOOT_ENOMEM;
    point_behind(&stream, out, data.len - 2);
    result = deflate(&stream, Z_FINISH);
    if (result == Z_STREAM_END)
        out->len += stream.total_out;
    deflateEnd(&stream);
    return result == Z_STREAM_END;
}

static int inflate_all(z_stream *stream, hoot_buf *out)
{
    int result;

    do {
        size_t before = out->len;
        size_t left = out->max_bytes - before;
        int rc = hoot_buf_reserve(out, left && left < PIECE_BYTES ? left : PIECE_BYTES);

        if (rc < 0)
            return rc;
        point_behind(stream, out, out->capacity - before);
        result = inflate(stream, Z_NO_FLUSH);
        out->len = (size_t)((char *)stream->next_out - out->data);
    } while (result == Z_OK && stream->avail_out == 0);
    if (result == Z_MEM_ERROR)
        return HOOT_ENOMEM;
    return result == Z_STREAM_END ? 0 : HOOT_EBADINPUT;
}

int hoot__session_inflate(hoot_buf *out, hoot_str data)
{
    z_stream stream = stream_over(data);
    int rc;

    if (data.len > HOOT__SESSION_MAX_JSON_BYTES)
        return HOOT_ELIMIT;
    if (inflateInit(&stream) != Z_OK)
        return HOOT_ENOMEM;
    rc = inflate_all(&stream, out);
    inflateEnd(&stream);
    return rc;
}
