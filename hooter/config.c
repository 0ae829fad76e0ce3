/* hooter's configuration: the environment variables that its Python predecessor had, and a few more. */
#include "hooter.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_DATABASE_URL     "sqlite:var/hooter.db"
#define DEFAULT_ADDRESS_FAILURES 100

bool hooter_uses_sqlite_default(void)
{
    return !hoot_env("HOOTER_DB_URL") && !hoot_env("HOOTER_DB_HOST");
}

int hooter_pool_options(hoot_pool_options *out, hoot_error *err)
{
    hoot_pool_options options = { .min_size = 1, .max_size = 20, .lazy = true };
    int64_t port;
    int rc = hoot_env_int("HOOTER_DB_PORT", 1, 65535, 3306, &port, err);

    if (rc < 0)
        return rc;
    options.url = hoot_env("HOOTER_DB_URL");
    if (hoot_env("HOOTER_DB_HOST") && options.url)
        return hoot_error_set(
            err, HOOT_ECONFIG,
            "HOOTER_DB_URL and HOOTER_DB_HOST are both set: which database is it to be? Unset one");
    if (hoot_env("HOOTER_DB_HOST")) {
        options.host = hoot_env("HOOTER_DB_HOST");
        options.port = (uint16_t)port;
        options.user = hoot_env("HOOTER_DB_USER");
        options.password = hoot_env("HOOTER_DB_PASSWORD");
        options.database = hoot_env("HOOTER_DB");
        if (!options.user || !options.database)
            return hoot_error_set(err, HOOT_ECONFIG, "HOOTER_DB_HOST is set, but %s is not: set it too",
                                  options.user ? "HOOTER_DB" : "HOOTER_DB_USER");
    } else if (!options.url) {
        options.url = DEFAULT_DATABASE_URL;
    }
    rc = hoot_pool_options_check(&options, err);
    if (rc == 0)
        *out = options;
    return rc;
}

static void free_list(char **list)
{
    for (size_t i = 0; list && list[i]; i++) {
        hoot_wipe(list[i], strlen(list[i]));
        free(list[i]);
    }
    free(list);
}

/* "a, b" to { "a", "b", NULL }; NULL text to NULL. */
static int split_list(const char *text, char ***out, hoot_error *err)
{
    hoot_str rest = hoot_str_from(text), part;
    char **list = text ? calloc(strlen(text) + 2, sizeof *list) : NULL;
    size_t n = 0;

    *out = list;
    if (!list)
        return text ? hoot_error_set(err, HOOT_ENOMEM, "out of memory") : 0;
    while (hoot_str_split(&rest, ',', &part)) {
        part = hoot_str_trim(part, " \t");
        if (part.len && !(list[n++] = strndup(part.ptr, part.len)))
            return hoot_error_set(err, HOOT_ENOMEM, "out of memory");
    }
    return 0;
}

static int read_secret(struct hooter *hooter, hoot_error *err)
{
    const char *secret = hoot_env("HOOTER_SECRET_KEY");

    if (!secret && hooter_uses_sqlite_default())
        return hooter_secret_made(&hooter->secret_key, err);
    if (!secret)
        return hoot_error_set(err, HOOT_ECONFIG,
                              "HOOTER_SECRET_KEY is not set: with a database of your own the session cookies "
                              "need a key that all "
                              "workers and machines share. Make one: openssl rand -hex 32");
    hooter->secret_key = strdup(secret);
    return hooter->secret_key ? 0 : hoot_error_set(err, HOOT_ENOMEM, "out of memory");
}

static int make_login_lines(struct hooter *hooter, hoot_error *err)
{
    for (size_t i = 0; i < HOOTER_LOGIN_LINES; i++) {
        hooter->login_lines[i] = hoot_semaphore_new(1, err);
        if (!hooter->login_lines[i])
            return hoot_error_code(err);
    }
    return 0;
}

hoot_semaphore *hooter_login_line(const struct hooter *hooter, const char *email)
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (const char *c = email; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 16777619u;
    return hooter->login_lines[hash % HOOTER_LOGIN_LINES];
}

static int read_all(struct hooter *hooter, hoot_error *err)
{
    hoot_pool_options checked;
    int64_t failures, secure;
    int rc = hooter_pool_options(&checked, err);

    if (rc == 0)
        rc = hoot_env_int("HOOTER_LOGIN_ADDRESS_FAILURES", 0, 1000000, DEFAULT_ADDRESS_FAILURES, &failures,
                          err);
    if (rc == 0)
        rc = hoot_env_int("HOOTER_COOKIE_SECURE", 0, 1, 0, &secure, err);
    if (rc == 0)
        rc = split_list(hoot_env("HOOTER_SECRET_KEY_FALLBACKS"), &hooter->fallback_keys, err);
    if (rc == 0)
        rc = split_list(hoot_env("HOOTER_CORS_ORIGINS"), &hooter->cors_origins, err);
    if (rc == 0)
        rc = make_login_lines(hooter, err);
    if (rc == 0)
        rc = read_secret(hooter, err);
    if (rc < 0)
        return rc;
    hooter->address_failures = (uint32_t)failures;
    hooter->secure_cookies = secure == 1;
    return 0;
}

struct hooter *hooter_config_new(hoot_error *err)
{
    struct hooter *hooter = calloc(1, sizeof *hooter);

    if (!hooter) {
        hoot_error_set(err, HOOT_ENOMEM, "out of memory");
        return NULL;
    }
    if (read_all(hooter, err) < 0) {
        hooter_config_free(hooter);
        return NULL;
    }
    return hooter;
}

void hooter_config_free(void *state)
{
    struct hooter *hooter = state;

    if (!hooter)
        return;
    for (size_t i = 0; i < HOOTER_LOGIN_LINES; i++)
        hoot_semaphore_free(hooter->login_lines[i]);
    if (hooter->secret_key)
        hoot_wipe(hooter->secret_key, strlen(hooter->secret_key));
    free(hooter->secret_key);
    free_list(hooter->fallback_keys);
    free_list(hooter->cors_origins);
    free(hooter);
}
