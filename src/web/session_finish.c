/* What the answer says of the session: Vary, and Set-Cookie when there is something to say.
 *
 * A session that is kept longer than the browser (`_permanent`) is renewed with every answer, as Flask does
 * it, so the cookie is looked at even if no handler did. Unchanged, its payload is only signed anew. Vary is
 * added when the answer may depend on the cookie: a handler looked at it, or it is set. */
#include "web/request_internal.h"
#include "web/session_internal.h"

#include <hoot/log.h>

#include <time.h>

/* A line with a cookie that came from elsewhere may be longer than those made here. */
enum { LINE_MAX_BYTES = 2 * HOOT__SESSION_MAX_JSON_BYTES };

static const int64_t last_second = INT64_C(253402300799); /* 9999-12-31 23:59:59: dates have four digits */

int64_t hoot__session_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}

int hoot__session_payload(hoot_buf *out, const hoot__session_members *members)
{
    hoot_buf json;
    int rc;

    hoot_buf_init(&json, HOOT__SESSION_MAX_JSON_BYTES);
    rc = hoot__session_write(&json, members);
    if (rc == 0)
        rc = hoot__session_encode(out, hoot_buf_str(&json));
    hoot_buf_fini(&json);
    return rc;
}

static bool is_permanent(const struct hoot__session *session)
{
    const hoot__session_member *member = hoot__session_find(&session->members, HOOT_STR("_permanent"));

    return member && hoot_str_is(member->json, "true");
}

/* Append the signed text. */
static int append_signed(hoot_buf *out, const struct hoot__session *session, int64_t now)
{
    const hoot__hmac_key *key = session->config->keys;
    hoot_buf payload;
    int rc;

    if (!session->modified)
        return hoot__session_sign(out, key, session->payload, now);
    hoot_buf_init(&payload, LINE_MAX_BYTES);
    rc = hoot__session_payload(&payload, &session->members);
    if (rc == 0)
        rc = hoot__session_sign(out, key, hoot_buf_str(&payload), now);
    hoot_buf_fini(&payload);
    return rc;
}

/* The cookie without its value: times of the epoch delete it. */
static hoot__set_cookie cookie_of(const hoot_request *req, const struct hoot__session *session, int64_t now)
{
    const hoot__session_config *config = session->config;
    hoot__set_cookie cookie = config->cookie;
    bool deleted = session->members.count == 0;

    cookie.secure = config->secure_always || (!config->secure_never && req->ex->secure);
    if (deleted) {
        cookie.expires = -1;
        cookie.max_age = 0;
    } else if (is_permanent(session)) {
        cookie.expires = now < last_second - config->lifetime_s ? now + config->lifetime_s : last_second;
    }
    return cookie;
}

static int add_cookie(hoot_request *req, hoot_response *resp, hoot_error *err)
{
    const struct hoot__session *session = req->session;
    int64_t now = hoot__session_now();
    hoot__set_cookie cookie = cookie_of(req, session, now);
    hoot_buf value, line;
    int rc = 0;

    hoot_buf_init(&value, LINE_MAX_BYTES);
    hoot_buf_init(&line, LINE_MAX_BYTES);
    if (session->members.count)
        rc = append_signed(&value, session, now);
    if (rc < 0)
        hoot_error_set(err, rc, "%s", hoot_error_text(rc));
    cookie.value = hoot_buf_str(&value);
    if (rc == 0)
        rc = hoot__set_cookie_format(&line, &cookie, err);
    if (rc == 0)
        rc = hoot_buf_add_byte(&line, '\0');
    if (rc == 0)
        rc = hoot_response_add_header(resp, "Set-Cookie", line.data);
    if (rc < 0 && !hoot_error_code(err))
        hoot_error_set(err, rc, "%s", hoot_error_text(rc));
    hoot_buf_fini(&value);
    hoot_buf_fini(&line);
    return rc;
}

/* An empty session that was never anything else says nothing. */
static bool must_send(const struct hoot__session *session)
{
    return session->modified || (session->members.count && is_permanent(session));
}

/* Nearly always it is the first Vary, and then nothing has to be copied. */
static int vary_by_cookie(hoot_response *resp)
{
    if (hoot_response_header(resp, "Vary"))
        return hoot_response_vary(resp, "Cookie");
    return hoot__response_put(resp, HOOT_STR("Vary"), HOOT_STR("Cookie"));
}

__attribute__((noinline)) int hoot__session_finish(hoot_request *req, hoot_response *resp)
{
    bool looked_at = req->session != NULL;
    const struct hoot__session *session = hoot__session_of(req);
    bool send = session && must_send(session);
    hoot_error err = HOOT_ERROR_INIT;
    int rc = looked_at || send ? vary_by_cookie(resp) : 0;

    if (rc == 0 && send)
        rc = add_cookie(req, resp, &err);
    if (rc < 0)
        hoot_log_error("the session could not be sent with the answer: %s",
                       err.code ? err.text : hoot_error_text(rc));
    return rc;
}
