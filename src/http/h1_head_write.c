/* The bytes of an answer's head. This is the one place that writes header fields to the wire, and it refuses
 * names and values that would end a field or a head early (response splitting).
 *
 *     HTTP/1.1 200 OK     made once a second, with the two below
 *     Date: ...
 *     Server: hoot
 *     (fields of the application)
 *     Content-Length: 27 | Transfer-Encoding: chunked
 *     Connection: close
 *
 * Date and Server of the application replace ours. Its Content-Length, Transfer-Encoding and Connection are
 * left out: framing is ours alone. The size is added up first, so that head and body are one reservation and
 * a run of copies, mostly of a few bytes: these are done in place, without a call. */
#include "http/serving.h"

#include "http/message.h"
#include "http/scan.h"

#include <string.h>

/* What our own lines need at most: "HTTP/1.1 200 ", CRLFs, Content-Length with its number, Connection. */
#define OWN_BYTES 160

#define MAX_DIGITS 19 /* of a length that fits int64_t */

enum field {
    FIELD_PLAIN,
    FIELD_FRAMING, /* left out */
    FIELD_CONNECTION,
    FIELD_DATE,
    FIELD_SERVER,
};

static enum field field_if(hoot_str name, hoot_str other, enum field field)
{
    return hoot_str_equal_nocase(name, other) ? field : FIELD_PLAIN;
}

/* Those of our own, by their lengths: none of which most fields have. */
static inline enum field field_of(hoot_str name)
{
    switch (name.len) {
    case 4: return field_if(name, HOOT_STR("date"), FIELD_DATE);
    case 6: return field_if(name, HOOT_STR("server"), FIELD_SERVER);
    case 10: return field_if(name, HOOT_STR("connection"), FIELD_CONNECTION);
    case 14: return field_if(name, HOOT_STR("content-length"), FIELD_FRAMING);
    case 17: return field_if(name, HOOT_STR("transfer-encoding"), FIELD_FRAMING);
    default: return FIELD_PLAIN;
    }
}

bool hoot__h1_asks_close(const hoot__header *headers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (headers[i].name.len == 10 && field_of(headers[i].name) == FIELD_CONNECTION &&
            hoot__http_list_has(headers[i].value, "close"))
            return true;
    }
    return false;
}

typedef struct half {
    char bytes[16];
} half;

/* Two loads that may overlap cover each length from 8 to 32. */
static inline char *put(char *at, const char *p, size_t len)
{
    if (len >= 8 && len <= 16) {
        uint64_t first, last;

        memcpy(&first, p, 8);
        memcpy(&last, p + len - 8, 8);
        memcpy(at, &first, 8);
        memcpy(at + len - 8, &last, 8);
    } else if (len > 16 && len <= 32) {
        half first, last;

        memcpy(&first, p, 16);
        memcpy(&last, p + len - 16, 16);
        memcpy(at, &first, 16);
        memcpy(at + len - 16, &last, 16);
    } else if (len) {
        memcpy(at, p, len);
    }
    return at + len;
}

#define PUT(at, literal) ((char *)memcpy(at, literal, sizeof(literal) - 1) + sizeof(literal) - 1)

static char *put_number(char *at, uint64_t number)
{
    char *end = at + 1;

    for (uint64_t limit = 10; number >= limit && end - at < MAX_DIGITS; limit *= 10)
        end++;
    for (char *p = end; p > at; number /= 10)
        *--p = (char)('0' + number % 10);
    return end;
}

static inline char *put_field(char *at, hoot_str name, hoot_str value)
{
    at = put(at, name.ptr, name.len);
    at = PUT(at, ": ");
    at = put(at, value.ptr, value.len);
    return PUT(at, "\r\n");
}

static char *put_status_line(char *at, int status)
{
    const char *reason = hoot__http_reason(status);

    at = PUT(at, "HTTP/1.1 ");
    at = put_number(at, (uint64_t)status);
    at = PUT(at, " ");
    at = put(at, reason, strlen(reason));
    return PUT(at, "\r\n");
}

/* --- Date and Server ----------------------------------------------------------------------------- */

#define OK_LINE    "HTTP/1.1 200 OK\r\n"
#define OK_BYTES   (sizeof OK_LINE - 1)
#define DATE_BYTES (sizeof "Date: \r\n" - 1 + HOOT__HTTP_DATE_CHARS)

static void make_preamble(hoot__http *http, const char *date)
{
    const char *server = http->options.server_name;
    char *at = PUT(http->preamble, OK_LINE);

    memcpy(http->preamble_date, date, HOOT__HTTP_DATE_CHARS);
    at = put_field(at, HOOT_STR("Date"), hoot_str_of(date, HOOT__HTTP_DATE_CHARS));
    if (server[0])
        at = put_field(at, HOOT_STR("Server"), hoot_str_from(server));
    http->preamble_len = (size_t)(at - http->preamble);
}

/* The clock is asked once for each time that the loop knows, so once for what is answered in one go. */
static void refresh_preamble(hoot__http *http)
{
    uint64_t now_ms = hoot_now_ms();
    const char *date;

    if (now_ms == http->preamble_ms && http->preamble_len)
        return;
    http->preamble_ms = now_ms;
    date = hoot__http_date_now();
    if (!http->preamble_len || memcmp(http->preamble_date, date, HOOT__HTTP_DATE_CHARS) != 0)
        make_preamble(http, date);
}

/* The status line, Date and Server, in the parts that the answer does not have itself. */
static char *put_preamble(const hoot__http *http, char *at, int status, bool own_date, bool own_server)
{
    const char *date = http->preamble + OK_BYTES, *server = date + DATE_BYTES;

    if (status == 200 && !own_date && !own_server)
        return (char *)memcpy(at, http->preamble, http->preamble_len) + http->preamble_len;
    at = put_status_line(at, status);
    if (!own_date)
        at = put(at, date, DATE_BYTES);
    if (!own_server)
        at = put(at, server, (size_t)(http->preamble + http->preamble_len - server));
    return at;
}

/* --- the whole ----------------------------------------------------------------------------------- */

typedef struct plan {
    size_t bytes; /* of the fields */
    bool has_date, has_server;
} plan;

/* Most names and values are told at once. */
static inline bool may_be_sent(const hoot__header *header)
{
    hoot_str name = header->name, value = header->value;

    return (hoot__scan_is_word(name.ptr, name.len, '-') || hoot__http_is_token(name)) &&
           (hoot__scan_is_plain(value.ptr, value.len) || hoot__http_is_field_value(value));
}

/* Check every field, and add up what they need. */
static inline int plan_fields(const hoot__h1_answer *answer, plan *out)
{
    if (answer->status < 200 || answer->status > 599)
        return HOOT_EINVAL;
    for (size_t i = 0; i < answer->header_count; i++) {
        const hoot__header *header = &answer->headers[i];
        enum field field = field_of(header->name);

        if (!may_be_sent(header))
            return HOOT_EINVAL;
        out->has_date |= field == FIELD_DATE;
        out->has_server |= field == FIELD_SERVER;
        out->bytes += header->name.len + header->value.len + 4;
    }
    return 0;
}

static inline char *put_fields(char *at, const hoot__h1_answer *answer)
{
    for (size_t i = 0; i < answer->header_count; i++) {
        const hoot__header *header = &answer->headers[i];
        enum field field = field_of(header->name);

        if (field != FIELD_FRAMING && field != FIELD_CONNECTION)
            at = put_field(at, header->name, header->value);
    }
    return at;
}

static char *put_framing(char *at, const hoot__h1_answer *answer)
{
    if (answer->content_length >= 0) {
        at = PUT(at, "Content-Length: ");
        at = put_number(at, (uint64_t)answer->content_length);
        at = PUT(at, "\r\n");
    } else if (answer->chunked) {
        at = PUT(at, "Transfer-Encoding: chunked\r\n");
    }
    if (answer->close)
        at = PUT(at, "Connection: close\r\n");
    else if (answer->keep_alive)
        at = PUT(at, "Connection: keep-alive\r\n");
    return PUT(at, "\r\n");
}

int hoot__h1_head_write(hoot__http *http, hoot_buf *out, const hoot__h1_answer *answer, hoot_str body)
{
    plan fields = { 0 };
    int rc = plan_fields(answer, &fields);
    char *at;

    if (rc < 0)
        return rc;
    refresh_preamble(http);
    rc = hoot_buf_reserve(out, OWN_BYTES + http->preamble_len + fields.bytes + body.len);
    if (rc < 0)
        return rc;
    at = put_preamble(http, out->data + out->len, answer->status, fields.has_date, fields.has_server);
    at = put_fields(at, answer);
    at = put_framing(at, answer);
    at = put(at, body.ptr, body.len);
    out->len = (size_t)(at - out->data);
    return 0;
}
