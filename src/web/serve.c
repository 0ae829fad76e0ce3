/* Serving: from an exchange to its answer. docs/internals/web.md tells the order and why.
 *
 *     route -> (preflight) -> before hooks -> handler -> after hooks -> session -> CORS -> send -> teardown
 * -> scope
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

/* What routing found out. */
typedef struct route {
    hoot__route_result result;
    hoot__match match;
} route;

static hoot_response *call_handler(hoot_request *req)
{
    hoot_response *resp = req->rule->handler(req);

    if (resp)
        return resp;
    hoot_log_error("%s: the handler \"%s\" gave no response", hoot_task_name(hoot_current_task()),
                   req->rule->name);
    return hoot__error_answer(req, 500, NULL, NULL);
}

static hoot_response *dispatch(hoot_request *req, const route *to)
{
    switch (to->result) {
    case HOOT__ROUTE_FOUND: return call_handler(req);
    case HOOT__ROUTE_OPTIONS: return answer_options(req, to->match.allow);
    case HOOT__ROUTE_NOT_ALLOWED: return answer_not_allowed(req, to->match.allow);
    case HOOT__ROUTE_REDIRECT: return answer_redirect(req, to->match.location);
    case HOOT__ROUTE_BAD_PATH:
        return hoot__error_answer(req, 400, "the path is not percent-encoded UTF-8", NULL);
    case HOOT__ROUTE_NOT_FOUND: return answer_not_found(req);
    case HOOT__ROUTE_NO_MEMORY: break;
    }
    return hoot__response_no_memory(req);
}

/* A query that cannot be taken apart is the client's mistake: told before anybody acts on half of it. */
static hoot_response *parse_query(hoot_request *req)
{
    int rc = req->ex->query.len == 0
                 ? 0
                 : hoot__pairs_parse(req->arena, req->ex->query, HOOT__MAX_ARGS, &req->args);

    if (rc == 0)
        return NULL;
    if (rc == HOOT_ENOMEM)
        return hoot__response_no_memory(req);
    return hoot__error_answer(req, 400,
                              rc == HOOT_ELIMIT ? "the query has too many arguments"
                                                : "the query is not percent-encoded UTF-8",
                              NULL);
}

static hoot_response *answer(hoot_request *req, const route *to)
{
    hoot_response *resp = to->result == HOOT__ROUTE_FOUND ? parse_query(req) : NULL;

    if (!resp)
        resp = hoot__hooks_run_before(req);
    if (!resp)
        resp = dispatch(req, to);
    return hoot__hooks_run_after(req, resp);
}

/* --- a request from its beginning to its end --- */

static uint64_t body_limit_of(const hoot__rule *rule)
{
    return rule->body_limit ? rule->body_limit : rule->layer->body_limit;
}

static uint32_t timeout_of(const hoot__rule *rule)
{
    return rule->timeout_ms ? rule->timeout_ms : rule->layer->timeout_ms;
}

/* What a matched rule says of the request: its limits hold from now on, whoever asks. */
static void apply_rule(hoot_request *req, hoot_task *task, const route *to)
{
    const hoot__rule *rule = to->match.rule;

    if (!rule)
        return;
    req->cors = rule->layer;
    if (to->result != HOOT__ROUTE_FOUND && to->result != HOOT__ROUTE_OPTIONS)
        return;
    req->rule = rule;
    req->layer = rule->layer;
    req->values = to->match.values;
    req->ex->body_limit = body_limit_of(rule);
    hoot__task_set_name(task, to->match.task_name);
    hoot__task_set_deadline(task, hoot_now_ms() + timeout_of(rule));
}

/* Fields that come last, whoever made the response. Without memory for them the answer must not go out as it
 * is: a browser would take it for another one. */
static hoot_response *finish(hoot_request *req, hoot_response *resp)
{
    if (hoot__session_finish(req, resp) < 0)
        return hoot__response_no_memory(req);
    if (req->cors->cors && hoot__cors_apply(req, req->cors->cors, resp) < 0)
        return hoot__response_no_memory(req);
    return resp;
}

static void note_unsent(hoot_request *req, const hoot_error *err)
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

static void send_answer(hoot_request *req, hoot_response *resp)
{
    hoot_error err;

    resp->close |= req->body_state == HOOT__BODY_FAILED;
    if (hoot__response_send(resp, &err) < 0)
        note_unsent(req, &err);
}

static inline void serve(hoot_request *req, hoot_task *task)
{
    hoot__exchange *ex = req->ex;
    hoot_response *preflight = NULL;
    route to;

    to.result = hoot__router_match(&hoot__request_app(req)->router, req->arena, ex->method, ex->path,
                                   ex->query, &to.match);
    apply_rule(req, task, &to);
    if (to.match.rule && req->cors->cors)
        preflight = hoot__cors_preflight(req, req->cors->cors);
    send_answer(req, preflight ? preflight : finish(req, answer(req, &to)));
    if (!preflight)
        hoot__hooks_run_teardown(req);
}

/* The 503 of a request for which not even its own record could be had. */
static void refuse(hoot__exchange *ex)
{
    static const hoot__header header = { .name = { "Retry-After", 11 }, .value = { "1", 1 } };
    hoot__response_head head = { .status = 503, .headers = &header, .header_count = 1 };

    (void)ex->ops->respond(ex, &head, hoot_str_of("", 0));
}

static hoot_request *make_request(hoot__exchange *ex, hoot_app *app)
{
    hoot_request *req = hoot_arena_alloc(ex->arena, sizeof(*req));

    if (!req)
        return NULL;
    req->context = (hoot__web_context){ app, req };
    req->ex = ex;
    req->arena = ex->arena;
    req->layer = req->cors = &app->root;
    memset(&req->rule, 0, offsetof(hoot_request, scope) - offsetof(hoot_request, rule));
    hoot__scope_init(&req->scope, ex->arena);
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
    hoot__task_set_name(task, "a request without a route");
    hoot__task_set_context(task, &req->context);
    hoot__task_set_scope(task, &req->scope);
    ex->body_limit = app->root.body_limit;
    serve(req, task);
    hoot__task_set_scope(task, NULL);
    hoot__scope_fini(&req->scope);
    hoot__task_set_context(task, context);
    hoot__task_set_name(task, "a request that was answered");
}
