/* A client for tests: asks an app in the same process, without sockets, through all of its hooks. Cookies are
 * kept between requests.
 *
 *     hoot_test_client *client = hoot_test_client_new(app, &err);     // runs before_serving
 *     const hoot_test_reply *reply = hoot_test_post_json(client, "/login", hoot_object("email",
 * "a@b.example")); assert_int_equal(reply->status, 400);
 *
 * Use it inside a task: hoot_test_run() makes one. */
#ifndef HOOT_TESTING_H
#define HOOT_TESTING_H

#include <hoot/app.h>
#include <hoot/json.h>

HOOT_BEGIN_DECLS

typedef struct hoot_test_client hoot_test_client;

/* An answer. Lives: until the client's next request. */
typedef struct hoot_test_reply {
    int status;
    hoot_str body;    /* terminated */
    json_t *json;     /* the body parsed, when it is JSON; else NULL. Borrowed */
    hoot_error error; /* code < 0: there was no whole answer */
} hoot_test_reply;

/* Run `fn` as the task of a loop with a virtual clock. Gives what it gave; asserts that no task is left. */
HOOT_API int hoot_test_run(hoot_task_fn fn, void *arg, hoot_error *err);

/* Runs the before_serving hooks; hoot_test_client_free() the after_serving hooks. The app stays the caller's.
 * Suspends. */
HOOT_API HOOT_NODISCARD hoot_test_client *hoot_test_client_new(hoot_app *app, hoot_error *err);
HOOT_API void hoot_test_client_free(hoot_test_client *client);
HOOT_DEFINE_AUTO(hoot_test_client, hoot_test_client_free);

/* A header sent with every request from now on; NULL value: no more. */
HOOT_API void hoot_test_set_header(hoot_test_client *client, const char *name, const char *value);

/* Suspend until the answer is there; never give NULL. */
HOOT_API const hoot_test_reply *hoot_test_request(hoot_test_client *client, const char *method,
                                                  const char *target, const char *content_type,
                                                  hoot_str body);
HOOT_API const hoot_test_reply *hoot_test_get(hoot_test_client *client, const char *target);
HOOT_API const hoot_test_reply *hoot_test_post_json(hoot_test_client *client, const char *target,
                                                    hoot_value json);

/* A header of the last answer; NULL. */
HOOT_API const char *hoot_test_reply_header(const hoot_test_client *client, const char *name);

/* The jar: a cookie's value, or NULL; set one; empty it. */
HOOT_API const char *hoot_test_cookie(const hoot_test_client *client, const char *name);
HOOT_API void hoot_test_set_cookie(hoot_test_client *client, const char *name, const char *value);
HOOT_API void hoot_test_clear_cookies(hoot_test_client *client);

HOOT_END_DECLS
#endif
