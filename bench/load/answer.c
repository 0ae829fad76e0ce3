/* Most answers begin with the same bytes as the one before, whosever it was, for as long as their Date is the
 * same: then the head is compared and not read again. A generator must not cost more than the servers that it
 * measures. */
#include "answer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct {
    char text[1024];
    size_t len;
    answer after;
} last;

static bool line_is(const char *line, size_t len, const char *name)
{
    return len > strlen(name) && strncasecmp(line, name, strlen(name)) == 0;
}

static bool has_word(const char *line, size_t len, const char *word)
{
    for (size_t n = strlen(word); len >= n; line++, len--)
        if (strncasecmp(line, word, n) == 0)
            return true;
    return false;
}

/* A header line. Gives: false, when it is a length that is no number. */
static bool read_line(answer *a, const char *line, size_t len)
{
    char *end;

    if (line_is(line, len, "content-length:")) {
        a->left = strtoull(line + 15, &end, 10);
        a->state = ANSWER_BODY;
        return end > line + 15 && end <= line + len;
    }
    if (line_is(line, len, "transfer-encoding:") && has_word(line, len, "chunked"))
        a->state = ANSWER_CHUNK_SIZE;
    else if (line_is(line, len, "connection:") && has_word(line, len, "close"))
        a->closes = true;
    return true;
}

/* `text` ends with a blank line. */
static bool parse_head(answer *a, const char *text, size_t len)
{
    const char *line = text, *end = text + len, *next;

    if (len < 16 || memcmp(text, "HTTP/1.", 7) != 0)
        return false;
    *a = (answer){ .status = (unsigned)strtoul(text + 9, NULL, 10) };
    while ((next = memchr(line, '\n', (size_t)(end - line)))) {
        int c = *line | 0x20;

        if ((c == 'c' || c == 't') && !read_line(a, line, (size_t)(next - line)))
            return false;
        line = next + 1;
    }
    if (a->status == 204 || a->status == 304)
        a->state = ANSWER_BODY;
    return a->state != ANSWER_HEAD;
}

static ssize_t read_head(answer *a, const char *data, size_t len)
{
    const char *blank;

    if (last.len && len >= last.len && memcmp(data, last.text, last.len) == 0) {
        *a = last.after;
        return (ssize_t)last.len;
    }
    blank = memmem(data, len, "\r\n\r\n", 4);
    if (!blank)
        return 0;
    len = (size_t)(blank - data) + 4;
    if (!parse_head(a, data, len))
        return -1;
    if (len <= sizeof last.text) {
        memcpy(last.text, data, len);
        last.len = len;
        last.after = *a;
    }
    return (ssize_t)len;
}

/* A line of its own: a chunk's size, or one of the trailer. */
static ssize_t read_chunk_line(answer *a, const char *data, size_t len)
{
    const char *end = memchr(data, '\n', len);

    if (!end)
        return 0;
    if (a->state == ANSWER_CHUNK_SIZE) {
        a->left = strtoull(data, NULL, 16);
        a->state = a->left ? ANSWER_CHUNK : ANSWER_TRAILER;
        a->left += 2;
    } else if (end - data <= 1) {
        a->state = ANSWER_HEAD;
    }
    return end - data + 1;
}

static ssize_t skip(answer *a, size_t len)
{
    size_t n = a->left < len ? (size_t)a->left : len;

    a->left -= n;
    if (a->left == 0)
        a->state = a->state == ANSWER_BODY ? ANSWER_HEAD : ANSWER_CHUNK_SIZE;
    return (ssize_t)n;
}

ssize_t answer_read(answer *a, const char *data, size_t len, bool *out_done)
{
    bool in_answer = a->state != ANSWER_HEAD;
    ssize_t used;

    switch (a->state) {
    case ANSWER_HEAD: used = read_head(a, data, len); break;
    case ANSWER_BODY:
    case ANSWER_CHUNK: used = skip(a, len); break;
    default: used = read_chunk_line(a, data, len); break;
    }
    if (used > 0 && !in_answer && a->state == ANSWER_BODY && a->left == 0) { /* without a body */
        a->state = ANSWER_HEAD;
        in_answer = true;
    }
    *out_done = used > 0 && in_answer && a->state == ANSWER_HEAD;
    return used;
}
