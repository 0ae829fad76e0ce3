/* Echo: answers every method and path with the body it was sent. Conformance tests of HTTP are pointed at it.
 *
 *     echo --bind 127.0.0.1:8000
 *     curl -d hello 'http://127.0.0.1:8000/any/path?x=1'
 *
 * The body is read whole and sent back from where it lies. The answer has its decoded length in
 * X-Echo-Body-Len and the path of the request's target in X-Echo-Target. */
#include <hoot/hoot.h>

#include <inttypes.h>
#include <stdio.h>

#define MAX_BODY_BYTES ((uint64_t)64 * 1024 * 1024)

static hoot_response *answer(hoot_request *req, hoot_str body)
{
    hoot_str target = hoot_request_target(req);
    ptrdiff_t query = hoot_str_find(target, '?');
    const char *path =
        hoot_arena_dup(hoot_request_arena(req), query < 0 ? target : hoot_str_head(target, (size_t)query));
    hoot_response *resp;
    char length[24];

    if (!path)
        return hoot_abort(req, 503, "out of memory");
    snprintf(length, sizeof(length), "%zu", body.len);
    resp = hoot_bytes(req, 200, "application/octet-stream", body);
    if (hoot_response_set_header(resp, "X-Echo-Body-Len", length) < 0 ||
        hoot_response_set_header(resp, "X-Echo-Target", path) < 0)
        return hoot_abort(req, 503, "out of memory");
    return resp;
}

static hoot_response *echo(hoot_request *req)
{
    hoot_error err = HOOT_ERROR_INIT;
    hoot_str body;

    return hoot_request_body(req, &body, &err) < 0 ? hoot_fail(req, &err) : answer(req, body);
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
