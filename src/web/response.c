/* Making responses.
 *
 * Everything lives in the request's arena. Names and values that are constants are not copied. A maker that
 * finds no memory gives the request's own `fallback`: a 503 that was reserved before the handler ran. */
#include "web/app_internal.h"

#include <hoot/json.h>
#include <hoot/log.h>

#include <stdio.h>

enum { SCRATCH_KEPT_BYTES = 256 * 1024 };

void hoot__response_init(hoot_response *resp, hoot_request *req, int status)
{
    resp->req = req;
    resp->status = status;
    resp->close = false;
    resp->body = hoot_str_of("", 0);
    resp->produce = NULL;
    resp->headers = resp->inline_headers;
    resp->header_count = 0;
    resp->header_room = HOOT__INLINE_HEADERS;
}

hoot_response *hoot__response_no_memory(hoot_request *req)
{
    hoot_response *resp = &req->fallback;

    hoot__response_init(resp, req, 503);
    hoot__response_put_type(resp, HOOT_STR("application/json"));
    resp->body = HOOT_STR("{\"error\":\"Service Unavailable\"}\n");
    return resp;
}

__attribute__((noinline)) static int not_to_be_sent(int status)
{
    hoot_log_error("%s: a response with status %d: 500 is sent", hoot_task_name(hoot_current_task()), status);
    return 500;
}

/* An answer without headers and body, and `more` bytes of memory behind it; NULL: no memory. A status that
 * may not be sent becomes 500. */
static inline hoot_response *make(hoot_request *req, int status, size_t more)
{
    hoot_response *resp = hoot_arena_alloc(req->arena, sizeof(*resp) + more);

    if (resp)
        hoot__response_init(resp, req, status >= 200 && status <= 599 ? status : not_to_be_sent(status));
    return resp;
}

/* With a copy of the body behind it, terminated. */
static hoot_response *make_copied(hoot_request *req, int status, hoot_str content_type, hoot_str body)
{
    hoot_response *resp = body.len < PTRDIFF_MAX / 2 ? make(req, status, body.len + 1) : NULL;
    char *copy;

    if (!resp)
        return hoot__response_no_memory(req);
    copy = (char *)(resp + 1);
    hoot__response_put_type(resp, content_type);
    if (body.len)
        memcpy(copy, body.ptr, body.len);
    copy[body.len] = '\0';
    resp->body = hoot_str_of(copy, body.len);
    return resp;
}

hoot_response *hoot_text(hoot_request *req, int status, const char *text)
{
    return make_copied(req, status, HOOT_STR("text/plain; charset=utf-8"), hoot_str_from(text));
}

hoot_response *hoot_html(hoot_request *req, int status, const char *html)
{
    return make_copied(req, status, HOOT_STR("text/html; charset=utf-8"), hoot_str_from(html));
}

hoot_response *hoot_textf(hoot_request *req, int status, const char *format, ...)
{
    hoot_response *resp = make(req, status, 0);
    const char *text;
    va_list args;

    va_start(args, format);
    text = hoot_arena_vprintf(req->arena, format, args);
    va_end(args);
    if (!resp || !text)
        return hoot__response_no_memory(req);
    hoot__response_put_type(resp, HOOT_STR("text/plain; charset=utf-8"));
    resp->body = hoot_str_from(text);
    return resp;
}

hoot_response *hoot_empty(hoot_request *req, int status)
{
    hoot_response *resp = make(req, status, 0);

    return resp ? resp : hoot__response_no_memory(req);
}

hoot_response *hoot_bytes(hoot_request *req, int status, const char *content_type, hoot_str bytes)
{
    hoot_response *resp = make(req, status, 0);
    int rc = resp && content_type ? hoot__response_set_type(resp, content_type) : 0;

    if (!resp || rc == HOOT_ENOMEM)
        return hoot__response_no_memory(req);
    if (rc < 0)
        return hoot__error_answer(req, 500, NULL, NULL);
    resp->body = bytes;
    return resp;
}

hoot_response *hoot__response_from_scratch(hoot_request *req, int status, hoot_str content_type)
{
    hoot_buf *scratch = &hoot__request_app(req)->scratch;
    hoot_response *resp = make_copied(req, status, content_type, hoot_buf_str(scratch));

    if (scratch->capacity > SCRATCH_KEPT_BYTES)
        hoot_buf_fini(scratch);
    return resp;
}

/* --- JSON --- */

static hoot_response *json_failed(hoot_request *req, int code)
{
    hoot_error err;

    if (code == HOOT_ENOMEM)
        return hoot__response_no_memory(req);
    hoot_error_set(&err, HOOT_EINVAL, "the answer cannot be written as JSON: %s",
                   code == HOOT_EBADINPUT ? "text in it is no UTF-8" : "it is too large or too deep");
    return hoot_fail(req, &err);
}

hoot_response *hoot_json(hoot_request *req, int status, hoot_value value)
{
    hoot_buf *scratch = &hoot__request_app(req)->scratch;
    int rc;

    hoot_buf_clear(scratch);
    rc = hoot_json_write(scratch, &value);
    if (rc == 0)
        rc = hoot_buf_add_byte(scratch, '\n');
    if (rc < 0)
        return json_failed(req, rc);
    return hoot__response_from_scratch(req, status, HOOT_STR("application/json"));
}

hoot_response *hoot_json_take(hoot_request *req, int status, struct json_t *json_take)
{
    hoot_response *resp = hoot_json(req, status, hoot_value_json(json_take));

    json_decref(json_take);
    return resp;
}

/* --- redirects --- */

hoot_response *hoot_redirect_status(hoot_request *req, int status, const char *location)
{
    hoot_response *resp = hoot_empty(req, status);
    int rc = hoot_response_set_header(resp, "Location", location);

    if (rc == HOOT_ENOMEM)
        return hoot__response_no_memory(req);
    if (rc < 0) {
        hoot_log_error("%s: a redirect to a location that may not be sent",
                       hoot_task_name(hoot_current_task()));
        return hoot__error_answer(req, 500, NULL, NULL);
    }
    return resp;
}

hoot_response *hoot_redirect(hoot_request *req, const char *location)
{
    return hoot_redirect_status(req, 302, location);
}

/* --- streams --- */

hoot_response *hoot_stream_response(hoot_request *req, int status, const char *content_type,
                                    int64_t content_length, hoot_stream_fn produce, void *arg)
{
    hoot_response *resp = hoot_bytes(req, status, content_type, hoot_str_of("", 0));

    if (resp->status != status)
        return resp;
    resp->produce = produce;
    resp->produce_arg = arg;
    resp->content_length = content_length < 0 ? -1 : content_length;
    return resp;
}
