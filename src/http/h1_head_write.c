/* The bytes of an answer's head. This is the one place that writes header fields to the wire, and it refuses
 * names and values that would end a field or a head early (response splitting), but does not look at those
 * again that were checked when they were set.
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

#include "base/number.h"
#include "http/h1_grammar.h"
#include "http/message.h"
#include "http/scan.h"

#include <string.h>

/* What our own lines need at most: "HTTP/1.1 200 ", CRLFs, Content-Length with its number, Connection. */
#define OWN_BYTES 160

/* One bit for each known field. */
#define BIT(id) (UINT32_C(1) << HOOT__HEADER_##id)

/* Framing is left out of the application's fields. */
#define FRAMING_BITS (BIT(CONTENT_LENGTH) | BIT(TRANSFER_ENCODING) | BIT(CONNECTION))

static inline hoot__known_header known_of(const hoot__header *header)
{
    return header->checked ? header->known : hoot__http_known_header(header->name);
}

__attribute__((noinline)) static bool asks_close(const hoot__response_head *head)
{
    for (size_t i = 0; i < head->header_count; i++) {
        if (known_of(&head->headers[i]) == HOOT__HEADER_CONNECTION &&
            hoot__http_list_has(head->headers[i].value, "close"))
            return true;
    }
    return false;
}

typedef char half __attribute__((vector_size(16)));

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
    at = hoot__put_u64(at, (uint64_t)status);
    at = PUT(at, " ");
    at = put(at, reason, strlen(reason));
    return PUT(at, "\r\n");
}

/* --- Date and Server ----------------------------------------------------------------------------- */

#define OK_LINE    "HTTP/1.1 200 OK\r\n"
#define OK_BYTES   (sizeof OK_LINE - 1)
#define DATE_BYTES (sizeof "Date: \r\n" - 1 + HOOT__HTTP_DATE_CHARS)

/* With a short name in Server. */
#define SHORT_PREAMBLE ((size_t)96)

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

__attribute__((noinline)) static void look_at_clock(hoot__http *http, uint64_t now_ms)
{
    const char *date = hoot__http_date_now();

    http->preamble_ms = now_ms;
    if (!http->preamble_len || memcmp(http->preamble_date, date, HOOT__HTTP_DATE_CHARS) != 0)
        make_preamble(http, date);
}

/* The clock is asked once for each time that the loop knows, so once for what is answered in one go. */
static inline void refresh_preamble(hoot__http *http)
{
    uint64_t now_ms = hoot_now_ms();

    if (now_ms != http->preamble_ms || !http->preamble_len)
        look_at_clock(http, now_ms);
}

/* Those parts of the preamble that the answer does not have itself, behind its own status line. */
__attribute__((noinline)) static char *put_parts(const hoot__http *http, char *at, int status, uint32_t known)
{
    const char *date = http->preamble + OK_BYTES, *server = date + DATE_BYTES;

    at = put_status_line(at, status);
    if (!(known & BIT(DATE)))
        at = put(at, date, DATE_BYTES);
    if (!(known & BIT(SERVER)))
        at = put(at, server, (size_t)(http->preamble + http->preamble_len - server));
    return at;
}

/* The status line, Date and Server. Mostly all of the preamble: then more than there is is copied, since a
 * copy of a constant length needs no call. */
static inline char *put_preamble(const hoot__http *http, char *at, int status, uint32_t known)
{
    if (status != 200 || known & (BIT(DATE) | BIT(SERVER)))
        return put_parts(http, at, status, known);
    memcpy(at, http->preamble, SHORT_PREAMBLE);
    if (http->preamble_len > SHORT_PREAMBLE)
        memcpy(at + SHORT_PREAMBLE, http->preamble + SHORT_PREAMBLE, sizeof http->preamble - SHORT_PREAMBLE);
    return at + http->preamble_len;
}

/* --- the whole ----------------------------------------------------------------------------------- */

/* The bit of a field that nobody has looked at; 0: it may not be sent. Most names and values are told at
 * once. */
__attribute__((noinline)) static uint32_t check_field(const hoot__header *header)
{
    hoot_str name = header->name, value = header->value;
    bool ok = (hoot__scan_is_word(name.ptr, name.len) || hoot__http_is_token(name)) &&
              (hoot__scan_is_plain(value.ptr, value.len) || hoot__http_is_field_value(value));

    return ok ? UINT32_C(1) << hoot__http_known_token(name) : 0;
}

typedef struct plan {
    size_t bytes;   /* of the fields */
    uint32_t known; /* which of the known ones are among them, one bit each */
} plan;

/* See that every field may be sent, and add up what they need. */
static inline int plan_fields(const hoot__response_head *head, plan *out)
{
    const hoot__header *end = head->headers + head->header_count;

    if (head->status < 200 || head->status > 599)
        return HOOT_EINVAL;
    for (const hoot__header *header = head->headers; header < end; header++) {
        uint32_t bit = header->checked ? UINT32_C(1) << header->known : check_field(header);

        if (!bit)
            return HOOT_EINVAL;
        out->known |= bit;
        out->bytes += header->name.len + header->value.len + 4;
    }
    return 0;
}

static inline char *put_fields(char *at, const hoot__response_head *head)
{
    const hoot__header *end = head->headers + head->header_count;

    for (const hoot__header *header = head->headers; header < end; header++)
        at = put_field(at, header->name, header->value);
    return at;
}

/* Those that are not about framing. */
__attribute__((noinline)) static char *put_other_fields(char *at, const hoot__response_head *head)
{
    for (size_t i = 0; i < head->header_count; i++) {
        const hoot__header *header = &head->headers[i];

        if (!(FRAMING_BITS >> known_of(header) & 1))
            at = put_field(at, header->name, header->value);
    }
    return at;
}

static char *put_framing(char *at, const hoot__h1_answer *answer)
{
    if (answer->left >= 0) {
        at = PUT(at, "Content-Length: ");
        at = hoot__put_u64(at, (uint64_t)answer->left);
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

int hoot__h1_head_write(hoot__http *http, hoot_buf *out, const hoot__response_head *head,
                        hoot__h1_answer *answer, hoot_str body)
{
    plan fields = { 0 };
    int rc = plan_fields(head, &fields);
    char *at;

    if (rc < 0)
        return rc;
    if (fields.known & BIT(CONNECTION))
        answer->close |= asks_close(head);
    refresh_preamble(http);
    rc = hoot_buf_reserve(out, OWN_BYTES + sizeof http->preamble + fields.bytes + body.len);
    if (rc < 0)
        return rc;
    at = put_preamble(http, out->data + out->len, head->status, fields.known);
    at = fields.known & FRAMING_BITS ? put_other_fields(at, head) : put_fields(at, head);
    at = put_framing(at, answer);
    at = put(at, body.ptr, body.len);
    out->len = (size_t)(at - out->data);
    return 0;
}
