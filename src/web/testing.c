/* The test client: an app asked in process.
 *
 * Each request is an exchange in memory, served by hoot__app_serve() in a task of its own, as a protocol does
 * it; the client's task waits for it. The exchange is kept until the next request, because the reply points
 * into it. */
#include <hoot/testing.h>

#include "base/alloc.h"
#include "http/memory_exchange.h"
#include "http/message.h"
#include "runtime/task.h"
#include "web/serve.h"
#include "web/test_jar.h"

#include <hoot/log.h>
#include <hoot/sys/wait.h>

#include <stdlib.h>
#include <time.h>

enum { MAX_HEADERS = 64, TURNS_TO_END = 1000 };

struct hoot_test_client {
    hoot_app *app;
    hoot__jar cookies, headers;
    hoot_arena *arena; /* of the last request and its answer */
    hoot__memory_exchange exchange;
    bool has_exchange;
    hoot_test_reply reply;
    bool incomplete; /* a header or cookie could not be kept: the next request fails */
};

/* --- running tests --- */

typedef struct test_main {
    hoot_task_fn fn;
    void *arg;
} test_main;

/* Tasks that were told to end need a few turns for it, and some wait for a thread of the work pool. */
static void check_no_task_left(void)
{
    hoot__loop_stats stats;

    for (int turn = 0; turn < TURNS_TO_END; turn++) {
        hoot__loop_stats_get(hoot__loop_current(), &stats);
        if (stats.tasks_alive <= 1)
            return;
        if ((turn < TURNS_TO_END / 2 ? hoot_yield() : hoot_sleep(1)) < 0)
            break;
    }
    hoot_log_error("hoot_test_run: the test is over and %zu tasks still run", stats.tasks_alive - 1);
    abort();
}

static int run_test(hoot_error *err, void *arg)
{
    const test_main *test = arg;
    int rc = test->fn(err, test->arg);

    check_no_task_left();
    return rc;
}

int hoot_test_run(hoot_task_fn fn, void *arg, hoot_error *err)
{
    hoot__loop_options options = { .virtual_clock = true };
    test_main test = { fn, arg };

    return hoot__loop_run(&options, run_test, &test, err);
}

/* --- the client --- */

hoot_test_client *hoot_test_client_new(hoot_app *app, hoot_error *err)
{
    hoot_test_client *client = hoot__calloc(1, sizeof(*client));

    if (!client) {
        hoot_error_set(err, HOOT_ENOMEM, "the test client could not be made: out of memory");
        return NULL;
    }
    client->headers.any_case = true;
    if (hoot__app_start_serving(app, err) < 0) {
        hoot_test_client_free(client);
        return NULL;
    }
    client->app = app;
    return client;
}

static void drop_reply(hoot_test_client *client)
{
    json_decref(client->reply.json);
    memset(&client->reply, 0, sizeof(client->reply));
    client->reply.body = hoot_str_of("", 0);
    if (client->has_exchange)
        hoot__memory_exchange_fini(&client->exchange);
    client->has_exchange = false;
    hoot_arena_free(client->arena);
    client->arena = NULL;
}

void hoot_test_client_free(hoot_test_client *client)
{
    if (!client)
        return;
    drop_reply(client);
    if (client->app)
        hoot__app_stop_serving(client->app);
    hoot__jar_clear(&client->cookies);
    hoot__jar_clear(&client->headers);
    hoot__free(client);
}

void hoot_test_set_header(hoot_test_client *client, const char *name, const char *value)
{
    if (hoot__jar_set(&client->headers, hoot_str_from(name), hoot_str_from(value)) < 0)
        client->incomplete = true;
}

const char *hoot_test_cookie(const hoot_test_client *client, const char *name)
{
    return hoot__jar_find(&client->cookies, hoot_str_from(name));
}

void hoot_test_set_cookie(hoot_test_client *client, const char *name, const char *value)
{
    if (hoot__jar_set(&client->cookies, hoot_str_from(name), hoot_str_from(value)) < 0)
        client->incomplete = true;
}

void hoot_test_clear_cookies(hoot_test_client *client)
{
    hoot__jar_clear(&client->cookies);
}

/* --- a request --- */

typedef struct fields {
    hoot__header at[MAX_HEADERS];
    size_t count;
} fields;

static void put(fields *out, hoot_str name, hoot_str value)
{
    if (out->count < MAX_HEADERS)
        out->at[out->count++] = (hoot__header){ .name = name, .value = value };
}

/* Host, what the test set, the cookies, and what says how long the body is. In the arena. */
static fields *make_fields(hoot_test_client *client, const char *content_type, hoot_str body)
{
    fields *out = hoot_arena_zalloc(client->arena, sizeof(*out));
    const char *length = hoot_arena_printf(client->arena, "%zu", body.len);
    hoot_buf cookies;
    const char *text;

    hoot_buf_init(&cookies, (size_t)1 << 20);
    if (hoot__jar_write(&client->cookies, &cookies) < 0)
        out = NULL;
    text = hoot_arena_dup(client->arena, hoot_buf_str(&cookies));
    hoot_buf_fini(&cookies);
    if (!out || !length || !text)
        return NULL;
    if (!hoot__jar_find(&client->headers, HOOT_STR("Host")))
        put(out, HOOT_STR("Host"), HOOT_STR("localhost"));
    for (size_t i = 0; i < client->headers.count; i++)
        put(out, hoot_str_from(client->headers.at[i].name), hoot_str_from(client->headers.at[i].value));
    if (text[0])
        put(out, HOOT_STR("Cookie"), hoot_str_from(text));
    if (content_type)
        put(out, HOOT_STR("Content-Type"), hoot_str_from(content_type));
    if (body.len)
        put(out, HOOT_STR("Content-Length"), hoot_str_from(length));
    return out;
}

/* The caller's text may be gone before the reply is: everything is copied. */
static int make_exchange(hoot_test_client *client, const char *method, const char *target,
                         const char *content_type, hoot_str body)
{
    const char *own_method, *own_target, *own_body;
    fields *headers;
    int rc;

    client->arena = hoot_arena_new(0);
    if (!client->arena)
        return HOOT_ENOMEM;
    own_method = hoot_arena_strdup(client->arena, method);
    own_target = hoot_arena_strdup(client->arena, target);
    own_body = hoot_arena_dup(client->arena, body);
    content_type = content_type ? hoot_arena_strdup(client->arena, content_type) : NULL;
    headers = make_fields(client, content_type, body);
    if (!own_method || !own_target || !own_body || !headers)
        return HOOT_ENOMEM;
    rc = hoot__memory_exchange_init(&client->exchange, client->arena, hoot_str_from(own_method),
                                    hoot_str_from(own_target), headers->at, headers->count,
                                    hoot_str_of(own_body, body.len));
    client->has_exchange = rc == 0;
    return rc;
}

typedef struct serving {
    hoot_test_client *client;
    hoot_waiter *waiter;
} serving;

static int serve(hoot_error *err, void *arg)
{
    const serving *s = arg;

    (void)err;
    hoot__app_serve(&s->client->exchange.ex, s->client->app);
    return 0;
}

static void served(int result, const hoot_error *err, void *arg)
{
    const serving *s = arg;

    (void)result;
    (void)err;
    hoot_wake(s->waiter, 0);
}

/* A test that is cancelled or out of time cancels its request, as a client that goes away does. */
static int run_exchange(hoot_test_client *client)
{
    hoot__task_options options = { .name = "a test's request", .detached_context = true };
    hoot_waiter waiter = HOOT_WAITER_INIT;
    serving s = { client, &waiter };
    hoot_task *task = hoot__task_start(&options, serve, served, &s);
    int rc;

    if (!task)
        return HOOT_ENOMEM;
    rc = hoot_wait(&waiter);
    if (rc < 0) {
        hoot__task_cancel(task);
        waiter = (hoot_waiter)HOOT_WAITER_INIT;
        hoot_wait_always(&waiter);
    }
    return rc;
}

/* --- its answer --- */

static bool is_json(hoot_str type)
{
    return hoot_str_equal_nocase(type, HOOT_STR("application/json"));
}

const char *hoot_test_reply_header(const hoot_test_client *client, const char *name)
{
    const hoot__headers headers = { client->has_exchange ? client->exchange.headers : NULL,
                                    client->has_exchange ? client->exchange.header_count : 0 };
    int at = hoot__headers_find(&headers, hoot_str_from(name), 0);

    return at < 0 ? NULL : headers.at[at].value.ptr; /* the exchange's copies are terminated */
}

static int keep_cookies(hoot_test_client *client)
{
    const hoot__memory_exchange *me = &client->exchange;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < me->header_count; i++) {
        if (hoot_str_equal_nocase(me->headers[i].name, HOOT_STR("Set-Cookie")))
            rc = hoot__jar_take_set_cookie(&client->cookies, me->headers[i].value, time(NULL));
    }
    return rc;
}

static int take_answer(hoot_test_client *client)
{
    hoot__memory_exchange *me = &client->exchange;
    hoot_test_reply *reply = &client->reply;
    int rc;

    reply->status = me->status;
    if (me->answer.len && hoot_buf_add_byte(&me->answer, '\0') < 0)
        return HOOT_ENOMEM;
    if (me->answer.len)
        reply->body = hoot_str_of(me->answer.data, me->answer.len - 1);
    if (!me->finished)
        return hoot_error_set(&reply->error, HOOT_EEOF,
                              me->status ? "the answer was cut short" : "there was no answer");
    rc = keep_cookies(client);
    if (rc == 0 && reply->body.len &&
        is_json(hoot__media_type(hoot_str_from(hoot_test_reply_header(client, "Content-Type")))))
        reply->json = hoot_json_parse(reply->body, NULL);
    return rc;
}

const hoot_test_reply *hoot_test_request(hoot_test_client *client, const char *method, const char *target,
                                         const char *content_type, hoot_str body)
{
    int rc;

    drop_reply(client);
    rc = client->incomplete ? HOOT_ENOMEM : make_exchange(client, method, target, content_type, body);
    client->incomplete = false;
    if (rc == 0)
        rc = run_exchange(client);
    if (rc == 0)
        rc = take_answer(client);
    if (rc < 0 && client->reply.error.code == 0)
        hoot_error_set(&client->reply.error, rc, "%s %s: %s", method, target, hoot_error_text(rc));
    return &client->reply;
}

const hoot_test_reply *hoot_test_get(hoot_test_client *client, const char *target)
{
    return hoot_test_request(client, "GET", target, NULL, hoot_str_of("", 0));
}

const hoot_test_reply *hoot_test_post_json(hoot_test_client *client, const char *target, hoot_value json)
{
    hoot_buf text;
    int rc;

    hoot_buf_init(&text, (size_t)64 << 20);
    rc = hoot_json_write(&text, &json);
    if (rc == 0)
        (void)hoot_test_request(client, "POST", target, "application/json", hoot_buf_str(&text));
    else {
        drop_reply(client);
        hoot_error_set(&client->reply.error, rc, "the JSON to send: %s", hoot_error_text(rc));
    }
    hoot_buf_fini(&text);
    return &client->reply;
}
