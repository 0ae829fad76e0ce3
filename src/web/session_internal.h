/* Sessions, as their own files and the rest of the room see them.
 *
 *     session_config.c   options to keys and a cookie's attributes, once an app
 *     session_cookie.c   the signed text: verify and read, encode and sign; session_deflate.c: its
 * compression session_json.c     the JSON object in it as a list of members, each value still text
 *     session_tags.c     Flask's tags: values to what a reader wants, and back to JSON
 *     session.c          a request's session: made at first use, read and changed
 *     session_finish.c   what the answer says of it
 *
 * A value that nobody touches is never parsed: it goes back byte for byte as it came, whatever it holds
 * (tags, integers of any size, NaN). */
#ifndef HOOT_WEB_SESSION_INTERNAL_H
#define HOOT_WEB_SESSION_INTERNAL_H

#include "base/hmac.h"
#include "http/message.h"

#include <hoot/response.h>
#include <hoot/session.h>

typedef struct hoot__session_config hoot__session_config;

/* --- for the rest of the room --- */

/* After the after_request hooks, of a request with a session or a cookie: add Vary and, where the session
 * asks for it, Set-Cookie. A failure is logged: the answer must not go out without them. Errors: HOOT_ENOMEM,
 * HOOT_ELIMIT. */
int hoot__session_finish(hoot_request *req, hoot_response *resp);

/* Wipe and free. NULL is fine. */
void hoot__session_config_free(hoot__session_config *config);

/* --- among the session's files --- */

enum {
    HOOT__SESSION_MAX_COOKIE_BYTES = 4093, /* of a Set-Cookie line that browsers surely keep */
    HOOT__SESSION_MAX_JSON_BYTES = 64 * 1024,
    HOOT__SESSION_MAX_MEMBERS = 1000,
    HOOT__SESSION_MAX_DEPTH = 100, /* of nested JSON that is read; what is written stays some levels below */
    HOOT__SESSION_MAX_FALLBACKS = 16,
    HOOT__SESSION_DEFAULT_LIFETIME_S = 2678400,
};

struct hoot__session_config {
    hoot_arena *arena; /* of all that is pointed to */
    hoot__hmac_key *keys;
    size_t key_count; /* the current one first, then the fallbacks, newest first */
    int64_t lifetime_s;
    hoot__set_cookie cookie; /* all but value, times and `secure` */
    bool secure_always, secure_never;
    size_t line_bytes; /* of a Set-Cookie line around the value, at most */
};

/* Errors: HOOT_ENOMEM, HOOT_ECONFIG. Gives NULL in `*out` when the options have no secret key. */
int hoot__session_config_new(const hoot_session_options *options, hoot__session_config **out,
                             hoot_error *err);

/* Make the key that signs cookies from a secret key. */
void hoot__session_key_init(hoot__hmac_key *key, hoot_str secret);

/* A cookie's text whose signature and age were found good. Slices of the cookie, or in the arena. */
typedef struct hoot__session_text {
    hoot_str json;
    hoot_str payload; /* as signed: "[.]BASE64URL" */
} hoot__session_text;

/* Verify and decode. `keys`: tried in order. `now`: Unix seconds.
 * Errors: HOOT_EBADINPUT forged, expired, from the future or not readable; HOOT_ENOMEM. */
int hoot__session_unsign(hoot_arena *arena, const hoot__hmac_key *keys, size_t key_count, hoot_str cookie,
                         int64_t now, int64_t lifetime_s, hoot__session_text *out);

/* Append the payload that holds a JSON text. Errors: HOOT_ELIMIT, HOOT_ENOMEM. */
int hoot__session_encode(hoot_buf *out, hoot_str json);

/* Append "PAYLOAD.TIMESTAMP.SIGNATURE". Errors: HOOT_ELIMIT, HOOT_ENOMEM. */
int hoot__session_sign(hoot_buf *out, const hoot__hmac_key *key, hoot_str payload, int64_t now);

/* Bytes of what hoot__session_sign() appends behind the payload, while the time has four bytes (to 2106). */
#define HOOT__SESSION_SIGN_BYTES (1 + 6 + 1 + 27)

/* Append `data` compressed as Python's zlib.compress() does it.
 * Gives: 1; 0: it would not be shorter than data.len - 1, and nothing was appended.
 * Errors: HOOT_ELIMIT, HOOT_ENOMEM. */
int hoot__session_deflate(hoot_buf *out, hoot_str data);

/* Append what `data` holds. Errors: HOOT_EBADINPUT no zlib stream; HOOT_ELIMIT more than `out` may hold;
 * HOOT_ENOMEM. */
int hoot__session_inflate(hoot_buf *out, hoot_str data);

/* One member of the session: slices of JSON text that live as long as the request. */
typedef struct hoot__session_member {
    hoot_str name;        /* decoded */
    hoot_str quoted;      /* the name as JSON, quotes and escapes included */
    hoot_str json;        /* the value as JSON, tags included */
    const char *text;     /* what hoot_session_text() gave for it, or NULL */
    struct json_t *value; /* what hoot_session_get() gave, owned, or NULL */
} hoot__session_member;

typedef struct hoot__session_members {
    hoot__session_member *at;
    size_t count, room;
} hoot__session_members;

/* Split the text of a JSON object. Of members of one name, the last value counts, at the first one's place,
 * as in Python. Errors: HOOT_EBADINPUT, HOOT_ELIMIT too many or too deep, HOOT_ENOMEM. */
int hoot__session_scan(hoot_arena *arena, hoot_str json, hoot__session_members *out);

/* NULL: absent. */
hoot__session_member *hoot__session_find(const hoot__session_members *members, hoot_str name);

/* Put one more at the end. `member` is copied. Errors: HOOT_ELIMIT, HOOT_ENOMEM. */
int hoot__session_append(hoot_arena *arena, hoot__session_members *members,
                         const hoot__session_member *member);

/* Take one out; the others keep their order. */
void hoot__session_drop(hoot__session_members *members, hoot__session_member *member);

/* A JSON string's text, escapes resolved: the slice between the quotes when it has none. Surrogates without
 * their other half become the three bytes that UTF-8 does not allow. Errors: HOOT_ENOMEM. */
int hoot__session_unquote(hoot_arena *arena, hoot_str quoted, hoot_str *out);

/* Is it the name of one of Flask's tags? */
bool hoot__session_is_tag(hoot_str name);

/* hoot__session_scan() for the whole session, which is tagged itself when its only name is a tag's. And
 * back: append it. */
int hoot__session_read(hoot_arena *arena, hoot_str json, hoot__session_members *out);
int hoot__session_write(hoot_buf *out, const hoot__session_members *members);

/* Resolve the tags in a value, as <hoot/session.h> tells. Takes `value` over; gives a reference.
 * Errors: NULL: a tag holds what it cannot hold, or no memory. */
struct json_t *hoot__session_untag(struct json_t *value);

/* Append a value as tagged JSON. Errors: HOOT_EINVAL it has no form in JSON, or is nested too deep;
 * HOOT_ELIMIT, HOOT_ENOMEM. */
int hoot__session_write_value(hoot_buf *out, const hoot_value *value);

/* A request's session. */
struct hoot__session {
    const hoot__session_config *config;
    hoot__session_members members;
    hoot_str payload; /* of the cookie that came, good as long as nothing is modified */
    bool came;        /* the client sent a cookie of that name, good or not */
    bool modified;
    hoot_closer closer; /* of the parsed values */
};

/* The session of a request, made at the first call. NULL: the app has none, or there is no memory. */
struct hoot__session *hoot__session_of(hoot_request *req);

/* Append the payload of a cookie with these members. Errors: HOOT_ELIMIT, HOOT_ENOMEM. */
int hoot__session_payload(hoot_buf *out, const hoot__session_members *members);

/* Unix seconds by the precise clock: that of time() is some milliseconds late, and at the turn of a second a
 * cookie that was signed just now would come from the future. */
int64_t hoot__session_now(void);

#endif
