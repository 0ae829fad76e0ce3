/* An app's beginning and end: what runs before the first request and after the last.
 *
 * Hooks run one after the other in the app's context, each in a scope of its own, so that what a hook
 * borrowed is given back when it returns; what is to stay open hangs on the app's scope. */
#include "web/serve.h"

#include "runtime/task.h"
#include "web/app_internal.h"

#include <hoot/log.h>

/* How long background tasks are waited for before they are cancelled, and then until they have ended. */
enum { BACKGROUND_GRACE_MS = 5000, BACKGROUND_END_MS = 5000 };

/* --- in the app's context --- */

typedef struct visit {
    void *context;
    hoot_scope *scope, *before;
} visit;

static int enter(hoot_app *app, visit *out, hoot_error *err)
{
    hoot_task *task = hoot_current_task();

    out->scope = hoot__scope_new(NULL);
    if (!out->scope)
        return hoot_error_set(err, HOOT_ENOMEM, "the hook could not be called: out of memory");
    out->context = hoot__task_context(task);
    hoot__task_set_context(task, &app->context);
    out->before = hoot__task_use_scope(out->scope);
    return 0;
}

static void leave(visit *in)
{
    hoot__task_use_scope(in->before);
    hoot__scope_end(in->scope);
    hoot__task_set_context(hoot_current_task(), in->context);
}

static int call_before_serving(hoot_app *app, hoot_before_serving_fn hook, hoot_error *err)
{
    visit in;
    int rc = enter(app, &in, err);

    if (rc < 0)
        return rc;
    rc = hook(app, err);
    if (rc < 0 && hoot_error_code(err) == 0)
        hoot_error_set(err, rc, "a before_serving hook failed: %s", hoot_error_text(rc));
    leave(&in);
    return rc < 0 ? rc : 0;
}

static void call_after_serving(hoot_app *app, hoot_after_serving_fn hook)
{
    hoot_error err;
    visit in;

    if (enter(app, &in, &err) < 0) {
        hoot_log_error("an after_serving hook of \"%s\" was not called: out of memory", app->name);
        return;
    }
    hook(app);
    leave(&in);
}

/* --- before --- */

/* What a layer does not say is said by the one around it; the app's are first in the list, and so are outer
 * ones. */
static void inherit(hoot_app *app)
{
    for (hoot__layer *layer = app->root.next; layer; layer = layer->next) {
        const hoot__layer *outer = layer->chain[layer->depth - 1];

        layer->cors = layer->cors ? layer->cors : outer->cors;
        layer->body_limit = layer->body_limit ? layer->body_limit : outer->body_limit;
        layer->timeout_ms = layer->timeout_ms ? layer->timeout_ms : outer->timeout_ms;
    }
}

static void end_background(hoot_app *app, uint64_t grace_ms)
{
    hoot_event_set(app->stopping);
    hoot_shield(grace_ms) if (hoot__background_wait() == 0) return;
    hoot__background_cancel_all();
    hoot_shield(BACKGROUND_END_MS) if (hoot__background_wait() < 0)
        hoot_log_error("background tasks did not end when they were cancelled");
}

int hoot_app_pause(hoot_app *app, uint64_t ms)
{
    int rc = HOOT_ETIMEOUT;

    if (!app->stopping)
        return HOOT_ECLOSED;
    hoot_timeout (ms)
        rc = hoot_event_wait(app->stopping);
    if (rc == 0)
        return HOOT_ECLOSED;
    return rc == HOOT_ETIMEOUT ? hoot_check_canceled() : rc;
}

/* What the app has only while it serves. */
static int begin_life(hoot_app *app, hoot_error *err)
{
    app->scope = hoot__scope_new(NULL);
    app->stopping = hoot_event_new(err);
    if (app->scope && app->stopping)
        return 0;
    hoot__scope_end(app->scope);
    hoot_event_free(app->stopping);
    app->scope = NULL;
    app->stopping = NULL;
    return hoot_error_set(err, HOOT_ENOMEM, "the app could not be started: out of memory");
}

static void end_life(hoot_app *app)
{
    hoot__scope_end(app->scope);
    hoot_event_free(app->stopping);
    app->scope = NULL;
    app->stopping = NULL;
    app->serving = false;
}

static int run_before_serving(hoot_app *app, hoot_error *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < app->before_serving_count; i++)
        rc = call_before_serving(app, app->before_serving[i], err);
    return rc;
}

int hoot__app_start_serving(hoot_app *app, hoot_error *err)
{
    int rc;

    if (app->serving)
        return hoot_error_set(err, HOOT_ESTATE, "the app \"%s\" serves already", app->name);
    rc = hoot__router_finish(&app->router, err);
    if (rc == 0)
        rc = hoot__hooks_join(app, err);
    if (rc < 0)
        return rc;
    inherit(app);
    rc = begin_life(app, err);
    if (rc < 0)
        return rc;
    app->serving = true;
    rc = run_before_serving(app, err);
    if (rc < 0) {
        end_background(app, 1);
        end_life(app);
    }
    return rc;
}

/* --- after --- */

void hoot__app_stop_serving(hoot_app *app)
{
    if (!app->serving)
        return;
    end_background(app, BACKGROUND_GRACE_MS);
    for (size_t i = 0; i < app->after_serving_count; i++)
        call_after_serving(app, app->after_serving[i]);
    end_life(app);
}
