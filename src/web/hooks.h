/* Hooks around handlers, as they run. */
#ifndef HOOT_WEB_HOOKS_H
#define HOOT_WEB_HOOKS_H

#include <hoot/app.h>

/* Those of a layer and of the layers around it, each list in the order in which it runs and ended by NULL; a
 * list of none is NULL. */
typedef struct hoot__hooks {
    const hoot_before_request_fn *before;
    const hoot_after_request_fn *after;
    const hoot_teardown_fn *teardown;
} hoot__hooks;

/* Make the lists of every layer of an app that is about to serve. Errors: HOOT_ENOMEM. */
int hoot__hooks_join(hoot_app *app, hoot_error *err);

/* Each of a list that the request's layer has, so a request without hooks looks at three pointers.
 * before: the first response ends it; NULL: none gave one. */
hoot_response *hoot__hooks_run_before(hoot_request *req);

/* A hook that gives nothing leaves the response as it was. */
hoot_response *hoot__hooks_run_after(hoot_request *req, hoot_response *resp);

void hoot__hooks_run_teardown(hoot_request *req);

#endif
