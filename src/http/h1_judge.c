/* What the fields of a whole head mean for the connection: whose site, how long the body is, what comes
 * after.
 *
 * The body's length has one reading or the request is refused (RFC 9112 section 6): Content-Length once and
 * digits only; Transfer-Encoding exactly "chunked", in HTTP/1.1 only; never both. */
#include "base/words.h"
#include "http/chars.h"
#include "http/h1_grammar.h"
#include "http/message.h"

#define MAX_LENGTH_DIGITS 19 /* of INT64_MAX; nineteen digits always fit 64 bits without a sign */

static inline bool has(const hoot__h1_fields *fields, hoot__known_header id)
{
    return fields->known[id] >= 0;
}

static inline bool repeats(const hoot__h1_fields *fields, hoot__known_header id)
{
    return fields->repeated & UINT32_C(1) << id;
}

static inline hoot_str first(const hoot__h1_fields *fields, hoot__known_header id)
{
    return fields->at[fields->known[id]].value;
}

static int judge_host(hoot__h1_in *in, const hoot__h1_fields *fields, hoot__exchange *ex)
{
    bool there = has(fields, HOOT__HEADER_HOST);

    ex->authority = there ? first(fields, HOOT__HEADER_HOST) : hoot_str_of("", 0);
    if (ex->version < 11 && ex->authority.len == 0 && !repeats(fields, HOOT__HEADER_HOST))
        return 1;
    if (!there)
        return hoot__h1_refuse(in, 400, "the Host header is missing");
    if (repeats(fields, HOOT__HEADER_HOST))
        return hoot__h1_refuse(in, 400, "there are two Host headers");
    return hoot__h1_is_authority(in, ex->authority)
               ? 1
               : hoot__h1_refuse(in, 400, "the Host header is not valid");
}

static int judge_length(hoot__h1_in *in, const hoot__h1_fields *fields, hoot__h1_head *head)
{
    hoot_str digits = first(fields, HOOT__HEADER_CONTENT_LENGTH);
    uint64_t length = 0;

    if (repeats(fields, HOOT__HEADER_CONTENT_LENGTH))
        return hoot__h1_refuse(in, 400, "there are two Content-Length headers");
    if (digits.len == 0 || digits.len > MAX_LENGTH_DIGITS)
        return hoot__h1_refuse(in, 400, "the Content-Length is empty or too large");
    for (size_t i = 0; i < digits.len; i++) {
        unsigned digit = (unsigned)(unsigned char)digits.ptr[i] - '0';

        if (digit > 9)
            return hoot__h1_refuse(in, 400, "the Content-Length is not a number");
        length = length * 10 + digit;
    }
    if (length > INT64_MAX)
        return hoot__h1_refuse(in, 400, "the Content-Length is empty or too large");
    head->framing = length ? HOOT__H1_LENGTH : HOOT__H1_NO_BODY;
    head->ex->content_length = (int64_t)length;
    return 1;
}

/* The codings of all Transfer-Encoding lines so far. */
struct codings {
    bool chunked, other;
};

/* One member of the list. Gives 1, or refuses. */
static int judge_coding(hoot__h1_in *in, hoot_str coding, struct codings *codings)
{
    hoot_str name = hoot_str_trim(coding, " \t");
    bool chunked;

    if (codings->chunked)
        return hoot__h1_refuse(in, 400, "chunked is not the last transfer coding");
    chunked = hoot_str_equal_nocase(name, HOOT_STR("chunked"));
    codings->chunked = chunked;
    codings->other = codings->other || !chunked;
    if (chunked)
        return 1;
    name = hoot_str_trim(
        hoot_str_head(name, hoot_str_find(name, ';') < 0 ? name.len : (size_t)hoot_str_find(name, ';')),
        " \t");
    if (!hoot__http_is_token(name) || hoot_str_equal_nocase(name, HOOT_STR("chunked")))
        return hoot__h1_refuse(in, 400, "the Transfer-Encoding is not valid");
    return 1;
}

static int judge_codings(hoot__h1_in *in, hoot_str list, struct codings *codings)
{
    hoot_str part;
    int rc = 1;

    if (list.len == 0)
        return hoot__h1_refuse(in, 400, "the Transfer-Encoding is empty");
    while (rc > 0 && hoot_str_split(&list, ',', &part))
        rc = judge_coding(in, part, codings);
    return rc;
}

static int judge_transfer(hoot__h1_in *in, const hoot__h1_fields *fields, hoot__h1_head *head)
{
    struct codings codings = { false, false };
    int rc = 1;

    if (head->ex->version < 11)
        return hoot__h1_refuse(in, 400, "HTTP/1.0 has no Transfer-Encoding");
    if (has(fields, HOOT__HEADER_CONTENT_LENGTH))
        return hoot__h1_refuse(in, 400, "Content-Length stands beside Transfer-Encoding");
    for (size_t i = 0; rc > 0 && i < fields->count; i++) {
        if (fields->at[i].known == HOOT__HEADER_TRANSFER_ENCODING)
            rc = judge_codings(in, fields->at[i].value, &codings);
    }
    if (rc > 0 && codings.other)
        return hoot__h1_refuse(in, 501, "the transfer coding is not supported");
    head->framing = HOOT__H1_CHUNKED;
    head->ex->content_length = -1;
    return rc;
}

static int judge_framing(hoot__h1_in *in, const hoot__h1_fields *fields, hoot__h1_head *head)
{
    head->framing = HOOT__H1_NO_BODY;
    head->ex->content_length = 0;
    if (has(fields, HOOT__HEADER_TRANSFER_ENCODING))
        return judge_transfer(in, fields, head);
    return has(fields, HOOT__HEADER_CONTENT_LENGTH) ? judge_length(in, fields, head) : 1;
}

static bool list_says(const hoot__h1_fields *fields, hoot__known_header id, const char *token)
{
    for (size_t i = (size_t)fields->known[id]; i < fields->count; i++) {
        if (fields->at[i].known == id && hoot__http_list_has(fields->at[i].value, token))
            return true;
    }
    return false;
}

/* The common case, told apart without taking lists to pieces. Any other spelling is read the long way. */
static bool says_keep_alive(const hoot__h1_fields *fields)
{
    return !repeats(fields, HOOT__HEADER_CONNECTION) &&
           hoot__same_text(first(fields, HOOT__HEADER_CONNECTION), HOOT_STR("keep-alive"));
}

/* Persistence (RFC 9112 9.3), and what only HTTP/1.1 has. */
static void judge_connection(const hoot__h1_fields *fields, hoot__h1_head *head)
{
    bool modern = head->ex->version >= 11;

    head->keep_alive = modern;
    head->expects_continue = head->wants_upgrade = false;
    if (modern && head->framing != HOOT__H1_NO_BODY && has(fields, HOOT__HEADER_EXPECT))
        head->expects_continue = list_says(fields, HOOT__HEADER_EXPECT, "100-continue");
    if (!has(fields, HOOT__HEADER_CONNECTION) || (modern && says_keep_alive(fields)))
        return;
    if (!modern)
        head->keep_alive = list_says(fields, HOOT__HEADER_CONNECTION, "keep-alive");
    if (list_says(fields, HOOT__HEADER_CONNECTION, "close"))
        head->keep_alive = false;
    if (modern && has(fields, HOOT__HEADER_UPGRADE))
        head->wants_upgrade = list_says(fields, HOOT__HEADER_CONNECTION, "upgrade");
}

int hoot__h1_judge(hoot__h1_in *in, const hoot__h1_fields *fields, hoot__h1_head *head)
{
    int rc = judge_host(in, fields, head->ex);

    if (rc > 0)
        rc = hoot__h1_split_target(in, head->ex);
    if (rc > 0)
        rc = judge_framing(in, fields, head);
    if (rc > 0)
        judge_connection(fields, head);
    return rc;
}
