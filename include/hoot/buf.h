/* hoot_buf: bytes that are owned and grow, up to a limit set at birth.
 *
 * Appending never loses what is there: a call that fails leaves the buffer as it was, and also marks it
 * `failed`, so that a run of appends may be checked once at its end. */
#ifndef HOOT_BUF_H
#define HOOT_BUF_H

#include <hoot/str.h>

#include <stdarg.h>

HOOT_BEGIN_DECLS

typedef struct hoot_buf {
    char *data;       /* heap; NULL while capacity is 0 */
    size_t len;       /* bytes in it */
    size_t capacity;  /* bytes it has room for */
    size_t max_bytes; /* it never grows beyond */
    bool failed;      /* an append did not fit or found no memory */
} hoot_buf;

static inline void hoot_buf_init(hoot_buf *buf, size_t max_bytes)
{
    buf->data = NULL;
    buf->len = buf->capacity = 0;
    buf->max_bytes = max_bytes;
    buf->failed = false;
}

HOOT_API void hoot_buf_fini(hoot_buf *buf);

/* Room for `more` bytes behind what is there.
 * Errors: HOOT_ELIMIT over max_bytes; HOOT_ENOMEM. */
HOOT_API int hoot_buf_reserve(hoot_buf *buf, size_t more);

/* Append. Errors: as hoot_buf_reserve(). */
HOOT_API int hoot_buf_add(hoot_buf *buf, const void *bytes, size_t len);
HOOT_API int hoot_buf_add_byte(hoot_buf *buf, char c);
HOOT_API int hoot_buf_add_u64(hoot_buf *buf, uint64_t number);
HOOT_API int hoot_buf_add_i64(hoot_buf *buf, int64_t number);
HOOT_API int hoot_buf_printf(hoot_buf *buf, const char *format, ...) HOOT_PRINTF(2, 3);
HOOT_API int hoot_buf_vprintf(hoot_buf *buf, const char *format, va_list args);

static inline int hoot_buf_add_str(hoot_buf *buf, hoot_str s)
{
    return hoot_buf_add(buf, s.ptr, s.len);
}

/* Drop the first `len` bytes (all there are, if fewer). */
HOOT_API void hoot_buf_consume(hoot_buf *buf, size_t len);

/* Empty it and keep its memory. */
static inline void hoot_buf_clear(hoot_buf *buf)
{
    buf->len = 0;
    buf->failed = false;
}

/* What is in it. Lives: until the buffer changes. */
static inline hoot_str hoot_buf_str(const hoot_buf *buf)
{
    return hoot_str_of(buf->data, buf->len);
}

HOOT_END_DECLS
#endif
