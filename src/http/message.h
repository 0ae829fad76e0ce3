/* Pieces of HTTP messages: header fields, URLs, queries, forms, cookies, dates. Parsers of bytes: none reads
 * a stream or suspends. */
#ifndef HOOT_HTTP_MESSAGE_H
#define HOOT_HTTP_MESSAGE_H

#include "http/exchange.h"

#include <hoot/buf.h>

#include <time.h>

/* --- tokens and fields (RFC 9110 section 5) --- */
bool hoot__http_is_token(hoot_str s);       /* 1*tchar */
bool hoot__http_is_field_value(hoot_str s); /* no CR, LF, NUL or other control bytes but HTAB */
hoot__known_header hoot__http_known_header(hoot_str name);
const char *hoot__http_reason(int status); /* "Not Found"; "" for codes without one */
/* The first field of that name from index `from` on; -1. */
int hoot__headers_find(const hoot__headers *headers, hoot_str name, size_t from);
/* Does a comma list hold this token (without case)? */
bool hoot__http_list_has(hoot_str list, const char *token);
/* "text/html; charset=utf-8": the part before ';', trimmed; and a parameter by name (quotes and escapes
 * resolved into the arena).
 * Errors of the latter: HOOT_ENOTFOUND; HOOT_EBADINPUT up to it, it is not well formed; HOOT_ENOMEM. */
hoot_str hoot__media_type(hoot_str content_type);
int hoot__media_parameter(hoot_arena *arena, hoot_str content_type, const char *name, hoot_str *out);

/* --- URLs (RFC 3986) --- */
/* Percent-decode into the arena; '+' is a space when `plus`. A decoded copy is terminated; when there is
 * nothing to decode, it gives the input itself, as it is. Errors: HOOT_EBADINPUT a '%' without two hex
 * digits, a NUL byte, or (when `utf8`) bytes that are no UTF-8; HOOT_ENOMEM. */
int hoot__percent_decode(hoot_arena *arena, hoot_str s, bool plus, bool utf8, hoot_str *out);
/* Percent-encode all but unreserved characters (and '/' when `keep_slash`). */
int hoot__percent_encode(hoot_buf *out, hoot_str s, bool keep_slash);

/* --- name=value lists: query strings and urlencoded forms --- */
typedef struct hoot__pair {
    hoot_str name, value; /* decoded, terminated */
} hoot__pair;

typedef struct hoot__pairs {
    hoot__pair *at;
    size_t count;
} hoot__pairs;

/* Split at '&', decode ('+' is a space; UTF-8 only). Blank values are kept; "a" is "a="; empty parts are
 * stepped over.
 * Errors: HOOT_ELIMIT over max_pairs; HOOT_EBADINPUT; HOOT_ENOMEM. */
int hoot__pairs_parse(hoot_arena *arena, hoot_str text, size_t max_pairs, hoot__pairs *out);

/* --- cookies (RFC 6265) --- */
/* The value of the first cookie of that name in a Cookie header: quotes around it are dropped, nothing is
 * decoded. False: absent. */
bool hoot__cookie_find(hoot_str cookie_header, hoot_str name, hoot_str *out);

typedef struct hoot__set_cookie {
    hoot_str name, value, domain, path; /* path empty: left out */
    int64_t expires;                    /* Unix seconds; 0: left out; -1: the epoch, to delete */
    int64_t max_age;                    /* seconds; -1: left out; 0: delete at once */
    bool secure, http_only, partitioned;
    const char *same_site; /* "Lax", "Strict", "None" or NULL */
} hoot__set_cookie;

/* "name=value; Domain; Expires; Max-Age; Secure; HttpOnly; Path; SameSite; Partitioned" in that order.
 * Leading dots of the domain are left out; the path is percent-encoded where it must be.
 * Errors: HOOT_EINVAL a name, value or domain that may not stand in a cookie, SameSite=None, Partitioned or a
 * __Secure- or __Host- name without Secure; HOOT_ELIMIT no room in `out`. `out` is as before then. */
int hoot__set_cookie_format(hoot_buf *out, const hoot__set_cookie *cookie, hoot_error *err);

/* --- dates (RFC 9110 section 5.6.7) --- */
#define HOOT__HTTP_DATE_CHARS 29
void hoot__http_date_format(time_t when, char out[HOOT__HTTP_DATE_CHARS + 1]);
/* IMF-fixdate, RFC 850 and asctime forms; days of the week must be right. Errors: HOOT_EBADINPUT. */
int hoot__http_date_parse(hoot_str text, time_t *out);

#endif
