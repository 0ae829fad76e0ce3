/* Sending a response: at once, or while its function produces the body. */
#include "runtime/task.h"
#include "web/app_internal.h"

#include <hoot/log.h>

struct hoot_writer {
    hoot__exchange *ex;
    int code;      /* the first write that failed */
    uint64_t left; /* of the length that was promised */
    bool counted;  /* one was */
};

int hoot_write(hoot_writer *writer, hoot_str bytes)
{
    if (writer->code < 0)
        return writer->code;
    if (bytes.len == 0)
        return 0;
    if (writer->counted && bytes.len > writer->left)
        return writer->code = HOOT_ELIMIT;
    writer->code = writer->ex->ops->write(writer->ex, bytes);
    if (writer->code < 0)
        return writer->code;
    writer->left -= writer->counted ? bytes.len : 0;
    return writer->code = 0;
}

int hoot_write_text(hoot_writer *writer, const char *text)
{
    return hoot_write(writer, hoot_str_from(text));
}

static hoot__response_head head_of(const hoot_response *resp, int64_t body_bytes)
{
    return (hoot__response_head){
        .status = resp->status,
        .headers = resp->headers,
        .header_count = resp->header_count,
        .body_bytes = body_bytes,
        .close = resp->close,
    };
}

/* No body is sent with these, so none is produced. */
static bool has_no_body(const hoot_response *resp)
{
    return resp->status == 204 || resp->status == 304 || hoot_str_is(resp->req->ex->method, "HEAD");
}

static int produce(hoot_response *resp, hoot_writer *writer, hoot_error *err)
{
    int rc = resp->produce(writer, err, resp->produce_arg);

    if (rc >= 0 && writer->code < 0)
        rc = hoot_error_set(err, writer->code, "writing the body failed: %s", hoot_error_text(writer->code));
    else if (rc >= 0 && writer->counted && writer->left)
        rc = hoot_error_set(err, HOOT_ESTATE, "the body ends %llu bytes short of its length",
                            (unsigned long long)writer->left);
    else if (rc < 0 && hoot_error_code(err) == 0)
        hoot_error_set(err, rc, "producing the body failed: %s", hoot_error_text(rc));
    return rc < 0 ? rc : 0;
}

/* Left without finish(), the protocol cuts the connection: the client sees that the body is not whole. */
__attribute__((noinline)) static int send_streamed(hoot_response *resp, hoot_error *err)
{
    hoot__exchange *ex = resp->req->ex;
    hoot__response_head head = head_of(resp, resp->content_length);
    hoot_writer writer = {
        .ex = ex,
        .counted = resp->content_length >= 0,
        .left = resp->content_length >= 0 ? (uint64_t)resp->content_length : 0,
    };
    int rc = ex->ops->start(ex, &head);

    hoot_error_clear(err);
    if (rc < 0)
        return hoot_error_set(err, rc, "the answer could not be started: %s", hoot_error_text(rc));
    if (!has_no_body(resp))
        rc = produce(resp, &writer, err);
    if (rc == 0)
        rc = ex->ops->finish(ex);
    return rc;
}

__attribute__((noinline)) static int unsent(hoot_error *err, int code)
{
    return hoot_error_set(err, code, "the answer could not be sent: %s", hoot_error_text(code));
}

int hoot__response_send(hoot_response *resp, hoot_error *err)
{
    hoot__exchange *ex = resp->req->ex;
    hoot__response_head head;
    int rc;

    if (resp->produce)
        return send_streamed(resp, err);
    head = head_of(resp, (int64_t)resp->body.len);
    rc = ex->ops->respond(ex, &head, resp->body);
    return rc < 0 ? unsent(err, rc) : 0;
}
