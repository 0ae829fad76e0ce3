/* Echo: answers every method and path with the body it was sent. Conformance tests of HTTP are pointed at it.
 *
 *     echo --bind 127.0.0.1:8000
 *     curl -d hello 'http://127.0.0.1:8000/any/path?x=1'
 *
 * The body is read piece by piece, so that the client's framing and pace are seen as they are. The answer has
 * the decoded length in X-Echo-Body-Len and the path of the request's target in X-Echo-Target. */
#include <hoot/hoot.h>

#include <inttypes.h>
#include <stdio.h>

#define MAX_BODY_BYTES ((uint64_t)64 * 1024 * 1024)

/* The whole body, in `buf`. Gives 0 or a negative code. */
static int read_body(hoot_request *req, hoot_buf *buf, hoot_error *err)
{
    hoot_str piece;
    int rc;

    while ((rc = hoot_body_read(req, &piece, err)) > 0) {
        rc = hoot_buf_add_str(buf, piece);
        if (rc < 0)
            return hoot_error_set(err, rc, "the body could not be kept");
    }
    return rc;
}

static hoot_response *answer(hoot_request *req, hoot_str body)
{
    hoot_str target = hoot_request_target(req);
    ptrdiff_t query = hoot_str_find(target, '?');
    const char *path =
        hoot_arena_dup(hoot_request_arena(req), query < 0 ? target : hoot_str_head(target, (size_t)query));
    const char *copy = hoot_arena_dup(hoot_request_arena(req), body);
    hoot_response *resp;
    char length[24];

    if (!path || !copy)
        return hoot_abort(req, 503, "out of memory");
    snprintf(length, sizeof(length), "%zu", body.len);
    resp = hoot_bytes(req, 200, "application/octet-stream", hoot_str_of(copy, body.len));
    if (hoot_response_set_header(resp, "X-Echo-Body-Len", length) < 0 ||
        hoot_response_set_header(resp, "X-Echo-Target", path) < 0)
        return hoot_abort(req, 503, "out of memory");
    return resp;
}

static hoot_response *echo(hoot_request *req)
{
    hoot_error err = HOOT_ERROR_INIT;
    hoot_response *resp;
    hoot_buf body;

    hoot_buf_init(&body, MAX_BODY_BYTES);
    if (read_body(req, &body, &err) < 0)
        resp = hoot_fail(req, &err);
    else
        resp = answer(req, hoot_buf_str(&body));
    hoot_buf_fini(&body);
    return resp;
}

/* A hook of the app answers before any route is asked: so there is no path that has no route, and none that
 * is redirected. */
static hoot_app *make_app(hoot_error *err)
{
    hoot_app *app = hoot_app_new("echo", err);

    if (app && hoot_app_before_request(app, echo, err) == 0) {
        hoot_app_set_body_limit(app, MAX_BODY_BYTES);
        return app;
    }
    hoot_app_free(app);
    return NULL;
}

int main(int argc, char **argv)
{
    return hoot_main(make_app, argc, argv);
}
