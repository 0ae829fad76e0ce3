/* The access log.
 *
 * Lines of one loop turn go out in one write(2), to a file opened with O_APPEND, so that workers can share
 * it. Lines that cannot be written (disk full, a pipe nobody reads) are dropped and counted: serving goes on,
 * and the count is logged when writing works again. Everything a client chose is escaped: quotes,
 * backslashes, control bytes and bytes above 126 as \xNN (JSON: \u00NN), so that no client can forge a line.
 */
#include "server/access_log.h"

#include "base/alloc.h"
#include "runtime/loop.h"

#include <hoot/buf.h>
#include <hoot/log.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define GATHERED_MAX_BYTES ((size_t)1 << 20)
#define FIELD_MAX_BYTES    2048 /* of what a client chose, before escaping */

struct hoot__access_log {
    hoot__deferred deferred; /* first: found again by a cast */
    int fd;
    bool json;
    hoot_buf lines;
    uint64_t lost;
    time_t second;
    char date[40];
};

static void add_escaped(hoot__access_log *log, hoot_str s)
{
    const char *format = log->json ? "\\u%04x" : "\\x%02x";

    s = hoot_str_head(s, FIELD_MAX_BYTES);
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];

        if (c == '"' || c == '\\' || c < 0x20 || c > 0x7e)
            hoot_buf_printf(&log->lines, format, c);
        else
            hoot_buf_add_byte(&log->lines, (char)c);
    }
}

static void add_field(hoot__access_log *log, hoot_str s)
{
    if (s.len == 0)
        hoot_buf_add_byte(&log->lines, '-');
    else
        add_escaped(log, s);
}

/* The date of the log's kind, formatted once a second. */
static const char *date_of_now(hoot__access_log *log)
{
    time_t now = time(NULL);
    struct tm tm;

    if (now != log->second) {
        log->second = now;
        gmtime_r(&now, &tm);
        strftime(log->date, sizeof log->date, log->json ? "%Y-%m-%dT%H:%M:%SZ" : "%d/%b/%Y:%H:%M:%S +0000",
                 &tm);
    }
    return log->date;
}

static uint64_t elapsed_us(const hoot__exchange *ex)
{
    struct timespec now;
    uint64_t now_us;

    clock_gettime(CLOCK_MONOTONIC, &now);
    now_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    return now_us > ex->started_us ? now_us - ex->started_us : 0;
}

static hoot_str field_named(const hoot__exchange *ex, const char *name)
{
    for (size_t i = 0; i < ex->headers.count; i++)
        if (hoot_str_equal_nocase(ex->headers.at[i].name, hoot_str_from(name)))
            return ex->headers.at[i].value;
    return hoot_str_of(NULL, 0);
}

/* host - - [date] "GET /x HTTP/1.1" 200 15 "referer" "agent" microseconds */
static void add_text_line(hoot__access_log *log, const hoot__exchange *ex)
{
    hoot_buf *out = &log->lines;

    add_field(log, hoot_str_from(ex->peer));
    hoot_buf_printf(out, " - - [%s] \"", date_of_now(log));
    add_escaped(log, ex->method);
    hoot_buf_add_byte(out, ' ');
    add_escaped(log, ex->target);
    hoot_buf_printf(out, " HTTP/%d.%d\" %d %llu \"", ex->version / 10, ex->version % 10, ex->status,
                    (unsigned long long)ex->response_bytes);
    add_field(log, field_named(ex, "referer"));
    hoot_buf_add_str(out, HOOT_STR("\" \""));
    add_field(log, hoot__exchange_known(ex, HOOT__HEADER_USER_AGENT));
    hoot_buf_printf(out, "\" %llu\n", (unsigned long long)elapsed_us(ex));
}

static void add_json_member(hoot__access_log *log, const char *name, hoot_str value)
{
    hoot_buf_printf(&log->lines, "\"%s\":\"", name);
    add_escaped(log, value);
    hoot_buf_add_str(&log->lines, HOOT_STR("\","));
}

static void add_json_line(hoot__access_log *log, const hoot__exchange *ex)
{
    hoot_buf_add_byte(&log->lines, '{');
    add_json_member(log, "time", hoot_str_from(date_of_now(log)));
    add_json_member(log, "remote", hoot_str_from(ex->peer));
    add_json_member(log, "method", ex->method);
    add_json_member(log, "target", ex->target);
    add_json_member(log, "referer", field_named(ex, "referer"));
    add_json_member(log, "agent", hoot__exchange_known(ex, HOOT__HEADER_USER_AGENT));
    hoot_buf_printf(&log->lines, "\"version\":%d,\"status\":%d,\"bytes\":%llu,\"us\":%llu}\n", ex->version,
                    ex->status, (unsigned long long)ex->response_bytes, (unsigned long long)elapsed_us(ex));
}

static void write_out(hoot__access_log *log)
{
    hoot_str rest = hoot_buf_str(&log->lines);

    while (rest.len) {
        ssize_t n = write(log->fd, rest.ptr, rest.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        rest = hoot_str_from_index(rest, (size_t)n);
    }
    for (size_t i = 0; i < rest.len; i++)
        log->lost += rest.ptr[i] == '\n';
    if (log->lost && rest.len == 0) {
        hoot_log_warning("%llu lines of the access log were lost", (unsigned long long)log->lost);
        log->lost = 0;
    }
    hoot_buf_clear(&log->lines);
}

static void write_gathered(hoot__deferred *deferred)
{
    write_out((hoot__access_log *)deferred);
}

hoot__access_log *hoot__access_log_open(const char *path, bool json, hoot_error *err)
{
    hoot__access_log *log = hoot__calloc(1, sizeof *log);

    if (!log) {
        hoot_error_set(err, HOOT_ENOMEM, "no memory for the access log");
        return NULL;
    }
    log->fd =
        strcmp(path, "-") == 0 ? STDOUT_FILENO : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    if (log->fd < 0) {
        int code = errno;

        hoot_error_set(err, -code, "the access log %s cannot be opened: %s", path, strerror(code));
        hoot__free(log);
        return NULL;
    }
    log->json = json;
    hoot_buf_init(&log->lines, GATHERED_MAX_BYTES);
    return log;
}

void hoot__access_log_close(hoot__access_log *log)
{
    if (!log)
        return;
    hoot__loop_undefer(&log->deferred);
    write_out(log);
    if (log->fd != STDOUT_FILENO)
        close(log->fd);
    hoot_buf_fini(&log->lines);
    hoot__free(log);
}

void hoot__access_log_write(const hoot__exchange *ex, void *user)
{
    hoot__access_log *log = user;
    size_t before = log->lines.len;

    (log->json ? add_json_line : add_text_line)(log, ex);
    if (log->lines.failed) {
        log->lines.len = before;
        log->lines.failed = false;
        log->lost++;
    }
    hoot__loop_defer(&log->deferred, write_gathered);
}
