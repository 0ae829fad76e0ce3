/* hoot_app: a web service: routes, hooks, state. One is made in each worker, by the factory given to
 * hoot_main(). */
#ifndef HOOT_APP_H
#define HOOT_APP_H

#include <hoot/blueprint.h>
#include <hoot/session.h>
#include <hoot/task.h>

HOOT_BEGIN_DECLS

/* Before the first request and after the last, in each worker; may suspend. before_serving: a negative code
 * (with `err`) stops the start. */
typedef int (*hoot_before_serving_fn)(hoot_app *app, hoot_error *err);
typedef void (*hoot_after_serving_fn)(hoot_app *app);

/* Errors: NULL: HOOT_ENOMEM. `name` is copied. */
HOOT_API HOOT_NODISCARD hoot_app *hoot_app_new(const char *name, hoot_error *err);
/* Frees the state too (hoot_app_set_state()). */
HOOT_API void hoot_app_free(hoot_app *app);
HOOT_DEFINE_AUTO(hoot_app, hoot_app_free);

HOOT_API const char *hoot_app_name(const hoot_app *app);

/* What the application keeps; `free_state` (may be NULL) is called with it when the app is freed. */
HOOT_API void hoot_app_set_state(hoot_app *app, void *state, void (*free_state)(void *state));
HOOT_API void *hoot_app_state(const hoot_app *app);

/* Ends after the after_serving hooks: what is opened in before_serving with it closes itself then. NULL
 * outside of serving. */
HOOT_API hoot_scope *hoot_app_scope(hoot_app *app);

/* Add a blueprint, whose tables must live as long as the app; `prefix` (NULL: none) comes before its own.
 * Errors: HOOT_ECONFIG a rule is wrong or stands twice: `err` names it; HOOT_ENOMEM; HOOT_ESTATE while
 * serving. The same below. */
HOOT_API int hoot_app_register(hoot_app *app, const hoot_blueprint *blueprint, const char *prefix,
                               hoot_error *err);

/* Add one route. */
HOOT_API int hoot_app_route(hoot_app *app, const char *methods, const char *path, hoot_handler_fn handler,
                            hoot_error *err);

HOOT_API int hoot_app_before_serving(hoot_app *app, hoot_before_serving_fn hook, hoot_error *err);
HOOT_API int hoot_app_after_serving(hoot_app *app, hoot_after_serving_fn hook, hoot_error *err);
HOOT_API int hoot_app_before_request(hoot_app *app, hoot_before_request_fn hook, hoot_error *err);
HOOT_API int hoot_app_after_request(hoot_app *app, hoot_after_request_fn hook, hoot_error *err);
HOOT_API int hoot_app_teardown(hoot_app *app, hoot_teardown_fn hook, hoot_error *err);
HOOT_API int hoot_app_error_handler(hoot_app *app, int status, hoot_error_fn handler, hoot_error *err);
/* Copied deeply. */
HOOT_API int hoot_app_cors(hoot_app *app, const hoot_cors *cors, hoot_error *err);

/* Limits of routes that have none of their own: 16 MiB, 60,000 ms. */
HOOT_API void hoot_app_set_body_limit(hoot_app *app, uint64_t bytes);
HOOT_API void hoot_app_set_timeout(hoot_app *app, uint32_t ms);

/* Start a background task of the app: hoot_current_app() works in it. At stop it is waited for a moment (5
 * s), then cancelled; after_serving runs after it. `name` is copied. Failures are logged. */
HOOT_API int hoot_app_start(hoot_app *app, const char *name, hoot_task_fn fn, void *arg, hoot_error *err);

/* For background tasks that do something from time to time. Suspends: for `ms`, or until the app stops.
 * Gives 0.  Errors: HOOT_ECLOSED the app stops: end soon; HOOT_ECANCELED; HOOT_ETIMEOUT the deadline came
 * first.
 */
HOOT_API int hoot_app_pause(hoot_app *app, uint64_t ms);

/* Call `each` for every rule in registration order: for listings. */
typedef void (*hoot_route_fn)(const char *methods, const char *rule, const char *name, void *user);
HOOT_API void hoot_app_each_route(const hoot_app *app, hoot_route_fn each, void *user);

HOOT_END_DECLS
#endif
