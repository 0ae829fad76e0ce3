/* An app with sessions that is told what to do, for tests/integration/test_session_interop.py: through public
 * headers only, in process, without a port.
 *
 * Each line of standard input is a JSON object, answered by a line with one:
 *
 *     keys          the secret key, then the fallbacks     get           names to read: "values" in the
 * answer lifetime_s    as in hoot_session_options             set           names and values cookie what the
 * browser sends, or none        set_bytes     names and texts, set as bytes remove        names set_datetime
 * names and [year, month, day, h, m, s] clear         true                                   permanent true
 * or false
 *
 * The answer: {"values":{},"texts":{},"set_cookie":"...","vary":"...","code":0}; "code" of the first change
 * that failed. */
#include <hoot/hoot.h>
#include <hoot/json.h>
#include <hoot/testing.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_KEYS = 8 };

/* What the line that is worked on says, and what the handler found. */
static const json_t *order;
static json_t *answer;

static const json_t *member(const char *name)
{
    return json_object_get(order, name);
}

static void read_values(hoot_request *req)
{
    json_t *values = json_object(), *texts = json_object();
    const json_t *name;
    size_t i;

    json_array_foreach(member("get"), i, name)
    {
        const char *key = json_string_value(name);
        const json_t *value = hoot_session_get(req, key);

        json_object_set_new(values, key, value ? json_deep_copy(value) : json_null());
        json_object_set_new(texts, key, json_string(hoot_session_text(req, key)));
        if (!hoot_session_text(req, key))
            json_object_set_new(texts, key, json_null());
    }
    json_object_set_new(answer, "values", values);
    json_object_set_new(answer, "texts", texts);
}

static hoot_value datetime_of(const json_t *parts)
{
    uint16_t at[6] = { 0 };

    for (size_t i = 0; i < 6; i++)
        at[i] = (uint16_t)json_integer_value(json_array_get(parts, i));
    return hoot_value_datetime((hoot_time){ .year = at[0],
                                            .month = (uint8_t)at[1],
                                            .day = (uint8_t)at[2],
                                            .hour = at[3],
                                            .minute = (uint8_t)at[4],
                                            .second = (uint8_t)at[5] });
}

static int change(hoot_request *req, hoot_error *err)
{
    const char *name;
    json_t *value;
    size_t i;
    int rc = json_is_true(member("clear")) ? hoot_session_clear(req, err) : 0;

    json_array_foreach(member("remove"), i, value) rc =
        rc < 0 ? rc : hoot_session_remove(req, json_string_value(value), err);
    json_object_foreach((json_t *)(uintptr_t)member("set"), name, value) rc =
        rc < 0 ? rc : hoot_session_set(req, err, name, value);
    json_object_foreach((json_t *)(uintptr_t)member("set_bytes"), name, value) rc =
        rc < 0 ? rc
               : hoot_session_set(req, err, name, hoot_value_bytes(hoot_str_from(json_string_value(value))));
    json_object_foreach((json_t *)(uintptr_t)member("set_datetime"), name, value) rc =
        rc < 0 ? rc : hoot_session_set(req, err, name, datetime_of(value));
    if (rc == 0 && member("permanent"))
        rc = hoot_session_set_permanent(req, json_is_true(member("permanent")), err);
    return rc;
}

static hoot_response *handle(hoot_request *req)
{
    hoot_error err = HOOT_ERROR_INIT;

    read_values(req);
    json_object_set_new(answer, "code", json_integer(change(req, &err)));
    return hoot_empty(req, 204);
}

static void note_header(const hoot_test_client *client, const char *name, const char *as)
{
    const char *value = hoot_test_reply_header(client, name);

    json_object_set_new(answer, as, value ? json_string(value) : json_null());
}

static int ask(hoot_app *app, hoot_error *err)
{
    HOOT_AUTO(hoot_test_client) client = hoot_test_client_new(app, err);
    const char *cookie = json_string_value(member("cookie"));

    if (!client)
        return hoot_error_code(err);
    if (cookie)
        hoot_test_set_cookie(client, "session", cookie);
    if (hoot_test_get(client, "/")->status != 204)
        return hoot_error_set(err, HOOT_EPROTOCOL, "the app did not answer 204");
    note_header(client, "Set-Cookie", "set_cookie");
    note_header(client, "Vary", "vary");
    return 0;
}

static int make_app_and_ask(hoot_error *err)
{
    HOOT_AUTO(hoot_app) app = hoot_app_new("session_tool", err);
    const char *fallbacks[MAX_KEYS] = { NULL };
    hoot_session_options options = { .secret_key = json_string_value(json_array_get(member("keys"), 0)),
                                     .fallback_keys = fallbacks,
                                     .lifetime_s = json_integer_value(member("lifetime_s")) };
    int rc;

    for (size_t i = 1; i < json_array_size(member("keys")) && i < MAX_KEYS; i++)
        fallbacks[i - 1] = json_string_value(json_array_get(member("keys"), i));
    if (!app)
        return hoot_error_code(err);
    rc = hoot_app_sessions(app, &options, err);
    if (rc == 0)
        rc = hoot_app_route(app, "GET", "/", handle, err);
    return rc < 0 ? rc : ask(app, err);
}

/* The task for one line. */
static int work_on(hoot_error *err, void *line)
{
    HOOT_AUTO(json_t) given = hoot_json_parse(hoot_str_from(line), err);
    char *text;
    int rc;

    if (!given)
        return hoot_error_code(err);
    order = given;
    answer = json_object();
    rc = make_app_and_ask(err);
    text = json_dumps(answer, JSON_COMPACT | JSON_ENSURE_ASCII);
    if (rc == 0)
        puts(text);
    free(text);
    json_decref(answer);
    return rc;
}

int main(void)
{
    hoot_error err = HOOT_ERROR_INIT;
    char *line = NULL;
    size_t size = 0;
    int rc = 0;

    while (rc == 0 && getline(&line, &size, stdin) > 0) {
        rc = hoot_test_run(work_on, line, &err);
        fflush(stdout);
    }
    free(line);
    if (rc < 0)
        fprintf(stderr, "session_tool: %s\n", err.text);
    return rc < 0;
}
