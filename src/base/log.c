/* The log: format, escape, one write(2).
 *
 *     2026-02-23T10:00:00.123Z INFO  worker 2: text
 *     {"time":"2026-02-23T10:00:00.123Z","level":"info","name":"worker 2","text":"text"}
 *
 * The message is formatted into one buffer and escaped into another. Both are thread-local: threads of the
 * work pool log too, and a lock would be one more thing for a fork or for a sink that logs itself to stumble
 * over. A line is no longer than PIPE_BUF, so that lines of several processes on one pipe do not mix. Nothing
 * here allocates: "out of memory" can still be said.
 *
 * What gets escaped: control characters (C1 and the Unicode line breaks and direction marks too, which a
 * terminal obeys), the backslash, and bytes that are not UTF-8. In JSON the latter stand as the four
 * characters \xNN.
 *
 * Settings are made while a process starts, before it has threads. Writing to a closed pipe raises SIGPIPE,
 * which the runtime ignores. */
#include <hoot/log.h>

#include "base/utf8.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    NAME_BYTES = 32,
    CLOSING_BYTES = 8, /* kept free for "...", "\"}" and the line's end */
};

static hoot_log_level min_level = HOOT_INFO;
static hoot_log_format line_format = HOOT_LOG_TEXT;
static char process_name[NAME_BYTES];
static hoot_log_fn sink_fn;
static void *sink_user;
static uint64_t lost_lines;
static bool line_torn; /* the last write stopped inside a line */

static _Thread_local char message[HOOT_LOG_LINE_BYTES];
static _Thread_local char line[HOOT_LOG_LINE_BYTES];

static const struct {
    const char *text, *json;
} level_names[] = {
    [HOOT_DEBUG_LEVEL] = { "DEBUG", "debug" },
    [HOOT_INFO] = { "INFO ", "info" },
    [HOOT_WARNING] = { "WARN ", "warning" },
    [HOOT_ERROR] = { "ERROR", "error" },
};

/* Where the escaped text goes: `len` of at most `max` bytes are filled. */
typedef struct output {
    char *data;
    size_t len, max;
} output;

static bool put(output *out, const char *bytes, size_t len)
{
    if (len > out->max - out->len)
        return false;
    memcpy(out->data + out->len, bytes, len);
    out->len += len;
    return true;
}

static bool put_text(output *out, const char *text)
{
    return put(out, text, strlen(text));
}

/* Would a terminal or a viewer do more with it than show it? */
static bool is_active(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0) || (point >= 0x2028 && point <= 0x202e) ||
           (point >= 0x2066 && point <= 0x2069);
}

/* The letter of a short escape, or 0. */
static char short_escape(uint32_t point, bool json)
{
    switch (point) {
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    case '\\': return '\\';
    case '"': return json ? '"' : '\0';
    default: return '\0';
    }
}

/* Bytes that cannot stand as they are, as \xNN each (in JSON the backslash itself is escaped). */
static bool put_hex(output *out, const unsigned char *bytes, size_t len, bool json)
{
    char text[4 * 5 + 1];
    size_t filled = 0;

    for (size_t i = 0; i < len; i++)
        filled += (size_t)snprintf(text + filled, sizeof(text) - filled, json ? "\\\\x%02X" : "\\x%02X",
                                   (unsigned)bytes[i]);
    return put(out, text, filled);
}

static bool put_point(output *out, uint32_t point, const unsigned char *bytes, size_t len, bool json)
{
    char letter = short_escape(point, json);
    char text[8];

    if (letter) {
        text[0] = '\\';
        text[1] = letter;
        return put(out, text, 2);
    }
    if (!is_active(point))
        return put(out, (const char *)bytes, len);
    if (!json)
        return put_hex(out, bytes, len, false);
    return put(out, text, (size_t)snprintf(text, sizeof(text), "\\u%04x", (unsigned)point));
}

/* Gives: false: not all of it fitted; what was put ends between characters. */
static bool put_escaped(output *out, const char *text, size_t len, bool json)
{
    const unsigned char *p = (const unsigned char *)text;
    const unsigned char *end = p + len;

    while (p < end) {
        uint32_t point;
        size_t step = hoot__utf8_step(p, end, &point);

        if (!(step ? put_point(out, point, p, step, json) : put_hex(out, p, 1, json)))
            return false;
        p += step ? step : 1;
    }
    return true;
}

static void put_time(output *out)
{
    char text[64];
    struct timespec now;
    struct tm utc;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ", utc.tm_year + 1900, utc.tm_mon + 1,
             utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, now.tv_nsec / 1000000);
    put_text(out, text);
}

static void put_head_text(output *out, hoot_log_level level)
{
    put_time(out);
    put_text(out, " ");
    put_text(out, level_names[level].text);
    put_text(out, " ");
    if (process_name[0]) {
        put_escaped(out, process_name, strlen(process_name), false);
        put_text(out, ": ");
    }
}

static void put_head_json(output *out, hoot_log_level level)
{
    put_text(out, "{\"time\":\"");
    put_time(out);
    put_text(out, "\",\"level\":\"");
    put_text(out, level_names[level].json);
    put_text(out, "\",\"name\":\"");
    put_escaped(out, process_name, strlen(process_name), true);
    put_text(out, "\",\"text\":\"");
}

/* Write it all, in one call where the system lets us. */
static bool write_all(const char *bytes, size_t len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = write(STDERR_FILENO, bytes + done, len - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            if (done)
                __atomic_store_n(&line_torn, true, __ATOMIC_RELAXED);
            return false;
        }
        done += (size_t)n;
    }
    return true;
}

/* Put the message, or as much as fits, and its mark when it was cut. */
static void put_message(output *out, size_t len, bool cut, bool json)
{
    if (!put_escaped(out, message, len, json) || cut) {
        out->max += 3;
        put_text(out, "...");
    }
}

static void write_line(hoot_log_level level, size_t len, bool cut)
{
    bool json = line_format == HOOT_LOG_JSON;
    output out = { line, 0, sizeof(line) - CLOSING_BYTES };

    if (__atomic_exchange_n(&line_torn, false, __ATOMIC_RELAXED))
        put_text(&out, "\n");
    if (json)
        put_head_json(&out, level);
    else
        put_head_text(&out, level);
    put_message(&out, len, cut, json);
    out.max = sizeof(line);
    put_text(&out, json ? "\"}\n" : "\n");
    if (!write_all(out.data, out.len))
        __atomic_add_fetch(&lost_lines, 1, __ATOMIC_RELAXED);
}

/* The sink gets the text alone, escaped as in a line. */
static void feed_sink(hoot_log_level level, size_t len, bool cut)
{
    output out = { line, 0, sizeof(line) - CLOSING_BYTES };

    put_message(&out, len, cut, false);
    out.data[out.len] = '\0';
    sink_fn(level, out.data, sink_user);
}

void hoot_log(hoot_log_level level, const char *format, ...)
{
    int kept_errno = errno;
    va_list args;
    int len;
    bool cut;

    if (level < __atomic_load_n(&min_level, __ATOMIC_RELAXED) || level > HOOT_ERROR)
        return;
    va_start(args, format);
    len = vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    cut = len >= (int)sizeof(message);
    len = len < 0 ? 0 : cut ? (int)hoot__utf8_cut(message, sizeof(message) - 1) : len;
    if (sink_fn)
        feed_sink(level, (size_t)len, cut);
    else
        write_line(level, (size_t)len, cut);
    errno = kept_errno;
}

void hoot_log_set_level(hoot_log_level level)
{
    __atomic_store_n(&min_level, level, __ATOMIC_RELAXED);
}

void hoot_log_set_format(hoot_log_format format)
{
    line_format = format;
}

void hoot_log_set_name(const char *name)
{
    size_t len = name ? strlen(name) : 0;

    if (len >= sizeof(process_name))
        len = hoot__utf8_cut(name, sizeof(process_name) - 1);
    if (len)
        memcpy(process_name, name, len);
    process_name[len] = '\0';
}

void hoot_log_set_sink(hoot_log_fn sink, void *user)
{
    sink_fn = sink;
    sink_user = user;
}

uint64_t hoot_log_lost(void)
{
    return __atomic_load_n(&lost_lines, __ATOMIC_RELAXED);
}
