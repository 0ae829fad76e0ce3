/* hoot_buf: doubling growth, never past max_bytes.
 *
 * One byte more than `capacity` is allocated, always: printf wants to write a terminator, and with a byte in
 * hand it may fill the buffer to the brim. */
#include <hoot/buf.h>
#include <hoot/error.h>

#include "base/alloc.h"
#include "base/number.h"

#include <stdio.h>

enum { FIRST_CAPACITY = 64 };

void hoot_buf_fini(hoot_buf *buf)
{
    if (!buf)
        return;
    hoot__free(buf->data);
    hoot_buf_init(buf, buf->max_bytes);
}

static int fail(hoot_buf *buf, int code)
{
    buf->failed = true;
    return code;
}

/* The capacity to grow to for `need` bytes (need <= max_bytes). */
static size_t next_capacity(const hoot_buf *buf, size_t need)
{
    size_t capacity = buf->capacity < PTRDIFF_MAX / 2 ? 2 * buf->capacity : PTRDIFF_MAX;

    if (capacity < FIRST_CAPACITY)
        capacity = FIRST_CAPACITY;
    if (capacity < need)
        capacity = need;
    return capacity < buf->max_bytes ? capacity : buf->max_bytes;
}

__attribute__((noinline)) static int grow(hoot_buf *buf, size_t more)
{
    size_t capacity;
    char *data;

    if (buf->len > buf->max_bytes || more > buf->max_bytes - buf->len || more > PTRDIFF_MAX - buf->len - 1)
        return fail(buf, HOOT_ELIMIT);
    capacity = next_capacity(buf, buf->len + more);
    data = hoot__realloc(buf->data, capacity + 1);
    if (!data)
        return fail(buf, HOOT_ENOMEM);
    buf->data = data;
    buf->capacity = capacity;
    return 0;
}

int hoot_buf_reserve(hoot_buf *buf, size_t more)
{
    return more <= buf->capacity - buf->len ? 0 : grow(buf, more);
}

int hoot_buf_add(hoot_buf *buf, const void *bytes, size_t len)
{
    int rc;

    if (len == 0)
        return 0;
    rc = hoot_buf_reserve(buf, len);
    if (rc < 0)
        return rc;
    memcpy(buf->data + buf->len, bytes, len);
    buf->len += len;
    return 0;
}

int hoot_buf_add_byte(hoot_buf *buf, char c)
{
    int rc = hoot_buf_reserve(buf, 1);

    if (rc < 0)
        return rc;
    buf->data[buf->len++] = c;
    return 0;
}

/* It may or may not fit. */
__attribute__((noinline)) static int add_digits(hoot_buf *buf, uint64_t number)
{
    char digits[HOOT__U64_DIGITS];

    return hoot_buf_add(buf, digits, (size_t)(hoot__put_u64(digits, number) - digits));
}

/* Where there is room for the longest, as there nearly always is, they are written where they belong. */
int hoot_buf_add_u64(hoot_buf *buf, uint64_t number)
{
    if (buf->capacity - buf->len < HOOT__U64_DIGITS)
        return add_digits(buf, number);
    buf->len = (size_t)(hoot__put_u64(buf->data + buf->len, number) - buf->data);
    return 0;
}

int hoot_buf_add_i64(hoot_buf *buf, int64_t number)
{
    size_t before = buf->len;
    int rc;

    if (number >= 0)
        return hoot_buf_add_u64(buf, (uint64_t)number);
    rc = hoot_buf_add_byte(buf, '-');
    if (rc == 0)
        rc = hoot_buf_add_u64(buf, 0 - (uint64_t)number);
    if (rc < 0)
        buf->len = before;
    return rc;
}

int hoot_buf_vprintf(hoot_buf *buf, const char *format, va_list args)
{
    size_t room = buf->capacity - buf->len;
    va_list again;
    int len, rc = 0;

    va_copy(again, args);
    len = vsnprintf(buf->data ? buf->data + buf->len : NULL, buf->data ? room + 1 : 0, format, args);
    if (len < 0)
        rc = fail(buf, HOOT_EINVAL);
    else if (!buf->data || (size_t)len > room) {
        rc = hoot_buf_reserve(buf, (size_t)len);
        if (rc == 0 && len > 0)
            vsnprintf(buf->data + buf->len, (size_t)len + 1, format, again);
    }
    va_end(again);
    if (rc == 0)
        buf->len += (size_t)len;
    return rc;
}

int hoot_buf_printf(hoot_buf *buf, const char *format, ...)
{
    va_list args;
    int rc;

    va_start(args, format);
    rc = hoot_buf_vprintf(buf, format, args);
    va_end(args);
    return rc;
}

void hoot_buf_consume(hoot_buf *buf, size_t len)
{
    if (len < buf->len)
        memmove(buf->data, buf->data + len, buf->len - len);
    buf->len -= len < buf->len ? len : buf->len;
}
