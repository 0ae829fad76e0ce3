/* Accounts and sessions: the routes that people meet. */
#include "credentials.h"
#include "hooter.h"
#include "throttle.h"
#include "users.h"
#include "validate.h"

#include <stdio.h>
#include <string.h>

#define BODY_LIMIT          (16 * 1024)
#define NAME_MAX_CHARS      100
#define PASSWORD_MIN_BYTES  8
#define FREE_FAILURES       5 /* wrong passwords of an account before it is slowed down */
#define DEFAULT_DESIGNATION "Owner"
#define DEFAULT_ACCESS      "full"

static hoot_response *field_at_fault(hoot_request *req, const char *field, const char *error)
{
    return hoot_json(req, 400, hoot_object("status", "invalid", "field", field, "error", error));
}

static hoot_response *not_logged_in(hoot_request *req)
{
    return hoot_json(req, 401, hoot_object("login", "deny"));
}

/* --- POST /signup --- */

/* Check each field of a signup; the copies go into `user`, the password's text into `*out_password`. Gives
 * NULL, or the answer that names the field at fault. */
static hoot_response *read_signup(hoot_request *req, const json_t *body, struct user *user,
                                  const char **out_password)
{
    hoot_arena *arena = hoot_request_arena(req);
    const json_t *designation = json_object_get(body, "designation");
    const char *password = hoot_json_text(body, "password");

    user->name = valid_text(arena, hoot_json_text(body, "name"), NAME_MAX_CHARS);
    if (!user->name)
        return field_at_fault(req, "name", "a name of 1 to 100 characters is needed");
    user->number = valid_number(arena, hoot_json_text(body, "number"));
    if (!user->number)
        return field_at_fault(req, "number", "ten digits are needed, +91 before them if you like");
    user->email = valid_email(arena, hoot_json_text(body, "email"));
    if (!user->email)
        return field_at_fault(req, "email", "an email address is needed");
    if (!password || strlen(password) < PASSWORD_MIN_BYTES || strlen(password) > HOOT_PASSWORD_MAX_BYTES)
        return field_at_fault(req, "password", "a password of 8 to 1024 bytes is needed");
    user->designation =
        designation ? valid_text(arena, json_string_value(designation), NAME_MAX_CHARS) : DEFAULT_DESIGNATION;
    if (!user->designation)
        return field_at_fault(req, "designation", "a designation has 1 to 100 characters");
    user->access = DEFAULT_ACCESS;
    *out_password = password;
    return NULL;
}

static hoot_response *signup(hoot_request *req)
{
    hoot_error err = HOOT_ERROR_INIT;
    char hash[HOOT_PASSWORD_HASH_BYTES];
    struct user user = { 0 };
    const char *password = NULL;
    const json_t *body = hoot_request_json(req, &err);
    hoot_response *fault;

    if (!body)
        return hoot_fail(req, &err);
    fault = read_signup(req, body, &user, &password);
    if (fault)
        return fault;
    if (hoot_password_hash(password, hash, &err) < 0)
        return hoot_fail(req, &err);
    user.password = hash;
    switch (user_add(hooter_current()->pool, &user, &err)) {
    case 0: return hoot_json(req, 200, hoot_object("status", "ok"));
    case HOOT_EDUPLICATE: return hoot_json(req, 409, hoot_object("status", "already_registered"));
    default: return hoot_fail(req, &err);
    }
}

/* --- POST /login --- */

static hoot_response *slow_down(hoot_request *req, int seconds)
{
    hoot_response *resp =
        hoot_json(req, 429, hoot_object("status", "too_many_attempts", "retry_after", seconds));
    char text[16];

    snprintf(text, sizeof text, "%d", seconds);
    hoot_response_set_header(resp, "Retry-After", text);
    return resp;
}

/* A try to log in, and who is counted when it is wrong. */
struct login {
    const char *email, *password;
    struct throttle_subject account, address;
    bool account_failed_before;
};

static hoot_response *wrong_credentials(hoot_request *req, const struct login *login)
{
    hoot_pool *pool = hooter_current()->pool;
    hoot_error err = HOOT_ERROR_INIT;

    if (throttle_wrong(pool, &login->account, &err) < 0 || throttle_wrong(pool, &login->address, &err) < 0)
        return hoot_fail(req, &err);
    return hoot_json(req, 401, hoot_object("status", "invalid_credentials"));
}

/* Must the client wait? Gives NULL, or the answer that says so. */
static hoot_response *throttled(hoot_request *req, struct login *login)
{
    hoot_pool *pool = hooter_current()->pool;
    hoot_error err = HOOT_ERROR_INIT;
    bool ignored;
    int wait = throttle_check(pool, &login->address, &ignored, &err);

    if (wait == 0)
        wait = throttle_check(pool, &login->account, &login->account_failed_before, &err);
    if (wait < 0)
        return hoot_fail(req, &err);
    return wait > 0 ? slow_down(req, wait) : NULL;
}

/* The password was right: the session knows the user from now on. */
static hoot_response *logged_in(hoot_request *req, const struct login *login, const struct user *user)
{
    hoot_error err = HOOT_ERROR_INIT;

    if (login->account_failed_before && throttle_right(hooter_current()->pool, &login->account, &err) < 0)
        return hoot_fail(req, &err);
    if (hoot_session_clear(req, &err) < 0 || hoot_session_set(req, &err, "user", user->id) < 0)
        return hoot_fail(req, &err);
    return hoot_json(req, 200, hoot_object("status", "ok", "user_id", user->id, "name", user->name));
}

static hoot_response *try_login(hoot_request *req, struct login *login)
{
    hoot_pool *pool = hooter_current()->pool;
    hoot_error err = HOOT_ERROR_INIT;
    struct user user;
    hoot_response *wait = throttled(req, login);
    int found, right;

    if (wait)
        return wait;
    found = user_by_email(pool, login->email, &user, &err);
    if (found < 0 && found != HOOT_ENOTFOUND)
        return hoot_fail(req, &err);
    right = credentials_check(pool, found == 0 ? &user : NULL, login->password, &err);
    if (right < 0)
        return hoot_fail(req, &err);
    return right ? logged_in(req, login, &user) : wrong_credentials(req, login);
}

/* Tries for one account come one after the other: each sees what became of the one before. */
static hoot_response *login_in_line(hoot_request *req, struct login *login)
{
    hoot_semaphore *line = hooter_login_line(hooter_current(), login->email);
    hoot_error err = HOOT_ERROR_INIT;
    hoot_response *resp;
    int rc = hoot_semaphore_acquire(line);

    if (rc < 0) {
        hoot_error_set(&err, rc, "waiting for other logins of this account: %s", hoot_error_text(rc));
        return hoot_fail(req, &err);
    }
    resp = try_login(req, login);
    hoot_semaphore_release(line);
    return resp;
}

static hoot_response *login(hoot_request *req)
{
    hoot_error err = HOOT_ERROR_INIT;
    const json_t *body = hoot_request_json(req, &err);
    const char *email, *password;

    if (!body)
        return hoot_fail(req, &err);
    email = valid_email(hoot_request_arena(req), hoot_json_text(body, "email"));
    if (!email)
        return field_at_fault(req, "email", "an email address is needed");
    password = hoot_json_text(body, "password");
    if (!password || !password[0] || strlen(password) > HOOT_PASSWORD_MAX_BYTES)
        return field_at_fault(req, "password", "a password of 1 to 1024 bytes is needed");
    return login_in_line(
        req, &(struct login){
                 .email = email,
                 .password = password,
                 .account = { "account", email, FREE_FAILURES },
                 .address = { "address", hoot_request_remote(req), hooter_current()->address_failures },
             });
}

/* --- the session --- */

static hoot_response *check_session(hoot_request *req)
{
    const char *user = hoot_session_text(req, "user");

    return user && *user ? hoot_json(req, 200, hoot_object("login", "ok")) : not_logged_in(req);
}

static hoot_response *logout(hoot_request *req)
{
    hoot_error err = HOOT_ERROR_INIT;

    if (hoot_session_clear(req, &err) < 0)
        return hoot_fail(req, &err);
    return hoot_json(req, 200, hoot_object("status", "ok"));
}

static hoot_response *request_user_credentials(hoot_request *req)
{
    const char *id = hoot_session_text(req, "user");
    hoot_error err = HOOT_ERROR_INIT;
    struct user user;
    int rc = id ? user_by_id(hooter_current()->pool, id, &user, &err) : HOOT_ENOTFOUND;

    if (rc == HOOT_ENOTFOUND)
        return not_logged_in(req);
    if (rc < 0)
        return hoot_fail(req, &err);
    return hoot_json(req, 200,
                     hoot_object("status", "ok", "user_data",
                                 hoot_object("name", user.name, "number", user.number, "email", user.email,
                                             "designation", user.designation, "access", user.access)));
}

/* Routes that need no database answer while it is away, too. */
static const hoot_blueprint stored = {
    .name = "stored",
    .before_request = HOOT_BEFORE(hooter_need_database),
    .routes = HOOT_ROUTES({ "POST", "/signup", signup, .body_limit = BODY_LIMIT },
                          { "POST", "/login", login, .body_limit = BODY_LIMIT },
                          { "GET", "/request-user-credentials", request_user_credentials }),
};

const hoot_blueprint hooter_user = {
    .name = "user",
    .children = HOOT_CHILDREN(&stored),
    .routes = HOOT_ROUTES({ "GET", "/session", check_session }, { "POST", "/logout", logout }),
};
