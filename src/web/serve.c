/* Serving: from an exchange to its answer. docs/internals/web.md tells the order and why.
 *
 *     route -> (preflight) -> before hooks -> handler -> after hooks -> session -> CORS -> send -> teardown
 * -> scope
 *
 * What few requests need stands in functions of its own that are not inlined, so that the way of all others
 * is straight, and keeps what it knows in registers.
 *
 * Whatever a handler leaves by, what follows runs: a task ends only by returning. The request lives in the
 * exchange's arena, which goes when hoot__app_serve() has returned. */
#include "web/serve.h"

#include "runtime/task.h"
#include "web/app_internal.h"
#include "web/session_internal.h"

#include <hoot/log.h>

#include <assert.h>

/* --- answers that need no handler --- */

static hoot_response *answer_options(hoot_request *req, hoot_str allow)
{
    hoot_response *resp = hoot_empty(req, 200);

    (void)hoot__response_put(resp, HOOT_STR("Allow"), allow); /* the first one always fits */
    return resp;
}

static hoot_response *answer_not_allowed(hoot_request *req, hoot_str allow)
{
    hoot_response *resp = hoot__error_answer(req, 405, NULL, NULL);

    if (!hoot_response_header(resp, "Allow") && hoot__response_put(resp, HOOT_STR("Allow"), allow) < 0)
        return hoot__response_no_memory(req);
    return resp;
}

static hoot_response *answer_redirect(hoot_request *req, hoot_str location)
{
    hoot_response *resp = hoot_empty(req, 308);

    (void)hoot__response_put(resp, HOOT_STR("Location"), location);
    return resp;
}

/* "OPTIONS *" asks the server whether it is there (RFC 9110 section 9.3.7); no other method has that target.
 */
static hoot_response *answer_not_found(hoot_request *req)
{
    if (hoot_str_is(req->ex->path, "*") && hoot_str_is(req->ex->method, "OPTIONS"))
        return hoot_empty(req, 200);
    return hoot__error_answer(req, 404, NULL, NULL);
}

/* --- the handler and what is around it --- */

__attribute__((noinline)) static hoot_response *handler_gave_nothing(hoot_request *req)
{
    hoot_log_error("%s: the handler \"%s\" gave no response", hoot_task_name(hoot_current_task()),
                   req->rule->name);
    return hoot__error_answer(req, 500, NULL, NULL);
}

/* The answer when there is no handler. */
__attribute__((noinline)) static hoot_response *answer_instead(hoot_request *req, hoot__route_result result,
                                                               const hoot__match *to)
{
    switch (result) {
    case HOOT__ROUTE_FOUND: break;
    case HOOT__ROUTE_OPTIONS: return answer_options(req, to->allow);
    case HOOT__ROUTE_NOT_ALLOWED: return answer_not_allowed(req, to->allow);
    case HOOT__ROUTE_REDIRECT: return answer_redirect(req, to->location);
    case HOOT__ROUTE_BAD_PATH:
        return hoot__error_answer(req, 400, "the path is not percent-encoded UTF-8", NULL);
    case HOOT__ROUTE_NOT_FOUND: return answer_not_found(req);
    case HOOT__ROUTE_NO_MEMORY: break;
    }
    return hoot__response_no_memory(req);
}

static inline hoot_response *dispatch(hoot_request *req, hoot__route_result result, const hoot__match *to)
{
    hoot_response *resp;

    if (result != HOOT__ROUTE_FOUND)
        return answer_instead(req, result, to);
    resp = req->rule->handler(req);
    return resp ? resp : handler_gave_nothing(req);
}

/* A query that cannot be taken apart is the client's mistake: told before anybody acts on half of it. */
__attribute__((noinline)) static hoot_response *parse_query(hoot_request *req)
{
    int rc = hoot__pairs_parse(req->arena, req->ex->query, HOOT__MAX_ARGS, &req->args);

    if (rc == 0)
        return NULL;
    if (rc == HOOT_ENOMEM)
        return hoot__response_no_memory(req);
    return hoot__error_answer(req, 400,
                              rc == HOOT_ELIMIT ? "the query has too many arguments"
                                                : "the query is not percent-encoded UTF-8",
                              NULL);
}

static inline hoot_response *answer(hoot_request *req, hoot__route_result result, const hoot__match *to)
{
    const hoot__hooks *hooks = &req->layer->hooks;
    hoot_response *resp = NULL;

    if (req->ex->query.len && result == HOOT__ROUTE_FOUND)
        resp = parse_query(req);
    if (!resp && hooks->before)
        resp = hoot__hooks_run_before(req);
    if (!resp)
        resp = dispatch(req, result, to);
    return hooks->after ? hoot__hooks_run_after(req, resp) : resp;
}

/* --- a request from its beginning to its end --- */

/* No rule says anything of the request: the app does. */
__attribute__((noinline)) static void apply_app(hoot_request *req, hoot_task *task)
{
    const hoot__layer *layer = &hoot__request_app(req)->root;

    req->rule = NULL;
    req->layer = layer;
    req->ex->body_limit = layer->body_limit;
    hoot__task_set_name(task, "a request without a route");
}

/* What a matched rule says of the request: its limits hold from now on, whoever asks. */
static inline void apply_rule(hoot_request *req, hoot_task *task, const hoot__match *to)
{
    const hoot__rule *rule = to->rule;
    const hoot__layer *layer = rule->layer;

    req->rule = rule;
    req->layer = layer;
    req->values = to->values;
    req->ex->body_limit = rule->body_limit ? rule->body_limit : layer->body_limit;
    hoot__task_set_name(task, to->task_name);
    hoot__task_set_timeout(task, rule->timeout_ms ? rule->timeout_ms : layer->timeout_ms);
}

/* Nobody looked at the session, and there is no cookie: then there is nothing to renew. */
static inline bool may_have_session(const hoot_request *req)
{
    return req->session || req->ex->known[HOOT__HEADER_COOKIE] >= 0;
}

/* Fields that come last, whoever made the response. Without memory for them the answer must not go out as it
 * is: a browser would take it for another one. */
static inline hoot_response *finish(hoot_request *req, hoot_response *resp)
{
    if (may_have_session(req) && hoot__session_finish(req, resp) < 0)
        return hoot__response_no_memory(req);
    if (req->cors->cors && hoot__cors_apply(req, req->cors->cors, resp) < 0)
        return hoot__response_no_memory(req);
    return resp;
}

__attribute__((noinline)) static void note_unsent(hoot_request *req, const hoot_error *err)
{
    if (!req->failure) {
        req->failure = hoot_arena_alloc(req->arena, sizeof(*err));
        if (req->failure)
            *req->failure = *err;
    }
    if (hoot__task_is_canceled(hoot_current_task()) || err->code == HOOT_ECANCELED)
        hoot_log_debug("%s: %s", hoot_task_name(hoot_current_task()), err->text);
    else
        hoot_log_error("%s: %s (%s)", hoot_task_name(hoot_current_task()), err->text,
                       hoot_error_name(err->code));
}

static inline void send_answer(hoot_request *req, hoot_response *resp)
{
    hoot_error err;

    resp->close |= req->body_state == HOOT__BODY_FAILED;
    if (hoot__response_send(resp, &err) < 0)
        note_unsent(req, &err);
}

__attribute__((always_inline)) static inline void serve(hoot_request *req, hoot_task *task)
{
    hoot__match to;
    hoot__route_result result = hoot__router_match(&hoot__request_app(req)->router, req->ex, &to);
    hoot_response *preflight = NULL;

    if (result == HOOT__ROUTE_FOUND || result == HOOT__ROUTE_OPTIONS)
        apply_rule(req, task, &to);
    else
        apply_app(req, task);
    req->cors = to.rule ? to.rule->layer : req->layer;
    if (to.rule && req->cors->cors)
        preflight = hoot__cors_preflight(req, req->cors->cors);
    send_answer(req, preflight ? preflight : finish(req, answer(req, result, &to)));
    if (!preflight && req->layer->hooks.teardown)
        hoot__hooks_run_teardown(req);
}

/* The 503 of a request for which not even its own record could be had. */
__attribute__((noinline)) static void refuse(hoot__exchange *ex)
{
    static const hoot__header header = { .name = { "Retry-After", 11 }, .value = { "1", 1 } };
    hoot__response_head head = { .status = 503, .headers = &header, .header_count = 1 };

    (void)ex->ops->respond(ex, &head, hoot_str_of("", 0));
}

/* What begins as zeros is to be short: of a longer memset() gcc makes "rep stos", which takes as long as all
 * the rest. */
static inline hoot_request *make_request(hoot__exchange *ex, hoot_app *app)
{
    enum { FIRST_ZERO = offsetof(hoot_request, method), BEHIND_ZEROS = offsetof(hoot_request, scope) };
    hoot_arena *arena = ex->arena;
    hoot_request *req = hoot_arena_alloc(arena, sizeof(*req));

    _Static_assert(BEHIND_ZEROS - FIRST_ZERO <= 96, "more than some stores");
    if (!req)
        return NULL;
    req->context = (hoot__web_context){ app, req };
    req->ex = ex;
    req->arena = arena;
    memset((char *)req + FIRST_ZERO, 0, BEHIND_ZEROS - FIRST_ZERO);
    hoot__scope_init(&req->scope, arena);
    return req;
}

void hoot__app_serve(hoot__exchange *ex, void *app_pointer)
{
    hoot_app *app = app_pointer;
    hoot_task *task = hoot_current_task();
    hoot_request *req = make_request(ex, app);
    void *context = hoot__task_context(task);

    assert(app->serving);
    if (!req) {
        refuse(ex);
        return;
    }
    hoot__task_set_context(task, &req->context);
    hoot__task_set_scope(task, &req->scope);
    serve(req, task);
    hoot__task_set_scope(task, NULL);
    hoot__scope_fini(&req->scope);
    hoot__task_set_context(task, context);
    hoot__task_set_name(task, "a request that was answered");
}
