/* How a server runs an app. */
#ifndef HOOT_WEB_SERVE_H
#define HOOT_WEB_SERVE_H

#include "http/exchange.h"

#include <hoot/app.h>

/* Suspends: runs the before_serving hooks. After a failure, nothing is left to undo but hoot_app_free(). */
int hoot__app_start_serving(hoot_app *app, hoot_error *err);

/* Suspends: background tasks (5 s, then cancelled), after_serving hooks, the app's scope. */
void hoot__app_stop_serving(hoot_app *app);

/* Answer one exchange: a hoot__serve_fn with the app as its user pointer. */
void hoot__app_serve(hoot__exchange *ex, void *app);

#endif
