/* Answers to what went wrong.
 *
 * Error handlers are asked from the innermost layer outwards, for the status first and then for every failure
 * (0), layer by layer. What an error handler itself fails with is answered by the built-in one, so that this
 * ends. */
#include "runtime/task.h"
#include "web/app_internal.h"

#include <hoot/log.h>

static bool wants_text(hoot_str accept)
{
    return hoot__http_list_has(accept, "text/html") || hoot__http_list_has(accept, "text/plain");
}

/* JSON, unless the client says that it takes text and does not speak of JSON anywhere. List elements may have
 * parameters, so their types are compared one by one. */
static bool answers_json(const hoot_request *req)
{
    hoot_str rest = hoot__exchange_known(req->ex, HOOT__HEADER_ACCEPT), item;
    bool text = false;

    if (hoot__request_has_json(req))
        return true;
    while (rest.ptr && hoot_str_split(&rest, ',', &item)) {
        hoot_str type = hoot__media_type(hoot_str_trim(item, " \t"));

        if (hoot_str_equal_nocase(type, HOOT_STR("application/json")))
            return true;
        text |= wants_text(type);
    }
    return !text;
}

hoot_response *hoot__error_builtin(hoot_request *req, int status, const char *text)
{
    if (!text)
        text = hoot__http_reason(status);
    if (!answers_json(req))
        return hoot_textf(req, status, "%s\n", text);
    if (!hoot_str_is_utf8(hoot_str_from(text)))
        text = hoot__http_reason(status);
    return hoot_json(req, status, hoot_object("error", text));
}

static hoot_error_fn find_handler(const hoot_error_handler *table, int status)
{
    hoot_error_fn any = NULL;

    for (; table && table->handler; table++) {
        if (table->status == status)
            return table->handler;
        if (table->status == 0 && !any)
            any = table->handler;
    }
    return any;
}

static hoot_error_fn handler_for(const hoot_request *req, int status)
{
    for (uint32_t i = req->layer->depth + 1; i-- > 0;) {
        hoot_error_fn handler = find_handler(req->layer->chain[i]->errors, status);

        if (handler)
            return handler;
    }
    return NULL;
}

hoot_response *hoot__error_answer(hoot_request *req, int status, const char *text, const hoot_error *err)
{
    hoot_error_fn handler = req->in_error_handler ? NULL : handler_for(req, status);
    hoot_response *resp = NULL;

    if (handler) {
        req->in_error_handler = true;
        resp = handler(req, status, text ? text : hoot__http_reason(status), err);
        req->in_error_handler = false;
    }
    return resp ? resp : hoot__error_builtin(req, status, text);
}

hoot_response *hoot_abort(hoot_request *req, int status, const char *text)
{
    if (status < 400 || status > 599) {
        hoot_log_error("%s: hoot_abort() with status %d: 500 is sent", hoot_task_name(hoot_current_task()),
                       status);
        return hoot__error_answer(req, 500, NULL, NULL);
    }
    return hoot__error_answer(req, status, text, NULL);
}

/* Kept for teardown hooks; only the first one, which is the cause of the others. */
static void keep_failure(hoot_request *req, const hoot_error *err)
{
    if (req->failure)
        return;
    req->failure = hoot_arena_alloc(req->arena, sizeof(*req->failure));
    if (req->failure)
        *req->failure = *err;
}

/* Is it what reading the request's body failed with? Then the protocol knows what to answer. */
static int status_of(const hoot_request *req, int code)
{
    if (req->body_code < 0 && req->body_code == code && req->ex->body_status)
        return req->ex->body_status;
    return hoot_error_status(code);
}

static void log_failure(int status, const hoot_error *err)
{
    hoot_log_level level = status >= 500 ? HOOT_ERROR : HOOT_INFO;
    const hoot_task *task = hoot_current_task();

    /* A client that went away is no fault of ours. */
    if (hoot__task_is_canceled(task))
        hoot_log_debug("%s: the client went away: %s", hoot_task_name(task), err->text);
    else if (err->server_code)
        hoot_log(level, "%s: %s (%s %d, SQLSTATE %s)", hoot_task_name(task), err->text,
                 hoot_error_name(err->code), err->server_code, err->sqlstate);
    else
        hoot_log(level, "%s: %s (%s)", hoot_task_name(task), err->text, hoot_error_name(err->code));
}

hoot_response *hoot_fail(hoot_request *req, const hoot_error *err)
{
    hoot_error unknown;
    int status;

    if (!err || err->code == 0) {
        hoot_error_set(&unknown, HOOT_ESTATE, "hoot_fail() was called without an error");
        err = &unknown;
    }
    status = status_of(req, err->code);
    keep_failure(req, err);
    if (err->code == HOOT_EBADINPUT || err->code == HOOT_ELIMIT)
        return hoot__error_answer(req, status, err->text[0] ? err->text : NULL, err);
    log_failure(status, err);
    return hoot__error_answer(req, status, NULL, err);
}
