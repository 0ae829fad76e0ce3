/* How an app keeps sessions: the options, made ready once.
 *
 * Of a secret key only what signs is kept: the two digest states of the HMAC under the key derived from it.
 * Everything lives in one arena; the keys in it are wiped before it goes. The cookie's attributes are tried
 * out here, so that a wrong one stops the start and not the first login. */
#include "web/app_internal.h"
#include "web/session_internal.h"

static size_t count_fallbacks(const hoot_session_options *options)
{
    size_t count = 0;

    while (options->fallback_keys && options->fallback_keys[count])
        count++;
    return count;
}

static int check_options(const hoot_session_options *options, hoot_error *err)
{
    size_t count = count_fallbacks(options);

    if (count > HOOT__SESSION_MAX_FALLBACKS)
        return hoot_error_set(err, HOOT_ECONFIG, "sessions: %zu fallback_keys are more than %d", count,
                              HOOT__SESSION_MAX_FALLBACKS);
    for (size_t i = 0; i < count; i++) {
        if (!options->fallback_keys[i][0])
            return hoot_error_set(err, HOOT_ECONFIG,
                                  "sessions: fallback_keys[%zu] is empty: anybody could sign with it", i);
    }
    if (options->lifetime_s < 0)
        return hoot_error_set(err, HOOT_ECONFIG, "sessions: lifetime_s is negative");
    if ((unsigned)options->secure > HOOT_SECURE_NEVER)
        return hoot_error_set(err, HOOT_ECONFIG, "sessions: secure is none of HOOT_SECURE_*");
    return 0;
}

static int make_keys(hoot__session_config *config, const hoot_session_options *options)
{
    size_t count = count_fallbacks(options);

    config->keys = hoot_arena_alloc_array(config->arena, count + 1, sizeof(*config->keys));
    if (!config->keys)
        return HOOT_ENOMEM;
    hoot__session_key_init(&config->keys[0], hoot_str_from(options->secret_key));
    for (size_t i = 0; i < count; i++)
        hoot__session_key_init(&config->keys[i + 1], hoot_str_from(options->fallback_keys[i]));
    config->key_count = count + 1;
    return 0;
}

/* A copy, of `text` or of the default; an empty slice for NULL. */
static bool copy(hoot_arena *arena, const char *text, const char *otherwise, hoot_str *out)
{
    const char *chosen = text ? text : otherwise;
    char *kept = chosen ? hoot_arena_strdup(arena, chosen) : NULL;

    *out = hoot_str_from(kept);
    return !chosen || kept;
}

static int make_cookie(hoot__session_config *config, const hoot_session_options *options)
{
    hoot__set_cookie *cookie = &config->cookie;
    hoot_str same_site;

    if (!copy(config->arena, options->cookie_name, "session", &cookie->name) ||
        !copy(config->arena, options->domain, NULL, &cookie->domain) ||
        !copy(config->arena, options->path, "/", &cookie->path) ||
        !copy(config->arena, options->same_site, "Lax", &same_site))
        return HOOT_ENOMEM;
    cookie->same_site = same_site.len ? same_site.ptr : NULL;
    cookie->http_only = !options->readable_by_scripts;
    cookie->max_age = -1;
    return 0;
}

/* Write the longest line there can be around a value. Gives: its length, or a negative code. */
static int try_line(const hoot__session_config *config, bool secure, hoot_error *err)
{
    hoot__set_cookie cookie = config->cookie;
    hoot_buf line;
    int rc;

    cookie.secure = secure;
    cookie.expires = 1; /* dates are equally long */
    hoot_buf_init(&line, HOOT__SESSION_MAX_COOKIE_BYTES - HOOT__SESSION_SIGN_BYTES);
    rc = hoot__set_cookie_format(&line, &cookie, err);
    if (rc == 0)
        rc = (int)line.len;
    hoot_buf_fini(&line);
    return rc;
}

/* A cookie that browsers keep only when it is Secure gets it, however it is served: behind a proxy that ends
 * TLS, requests come without. */
static int check_cookie(hoot__session_config *config, hoot_error *err)
{
    hoot_error why = HOOT_ERROR_INIT;
    int rc = try_line(config, !config->secure_never, &why);

    if (rc < 0)
        return hoot_error_set(err, HOOT_ECONFIG, "sessions: %s", why.text);
    config->line_bytes = (size_t)rc;
    if (!config->secure_never && try_line(config, false, NULL) < 0)
        config->secure_always = true;
    return 0;
}

static int fill(hoot__session_config *config, const hoot_session_options *options, hoot_error *err)
{
    int rc = make_keys(config, options);

    config->secure_always = options->secure == HOOT_SECURE_ALWAYS;
    config->secure_never = options->secure == HOOT_SECURE_NEVER;
    config->lifetime_s = options->lifetime_s ? options->lifetime_s : HOOT__SESSION_DEFAULT_LIFETIME_S;
    if (rc == 0)
        rc = make_cookie(config, options);
    if (rc < 0)
        return hoot_error_set(err, rc, "sessions: %s", hoot_error_text(rc));
    return check_cookie(config, err);
}

int hoot__session_config_new(const hoot_session_options *options, hoot__session_config **out, hoot_error *err)
{
    hoot__session_config *config;
    hoot_arena *arena;
    int rc = check_options(options, err);

    if (rc < 0)
        return rc;
    if (!options->secret_key || !options->secret_key[0]) {
        *out = NULL;
        return 0;
    }
    arena = hoot_arena_new(0);
    config = arena ? hoot_arena_zalloc(arena, sizeof(*config)) : NULL;
    if (!config) {
        hoot_arena_free(arena);
        return hoot_error_set(err, HOOT_ENOMEM, "sessions: %s", hoot_error_text(HOOT_ENOMEM));
    }
    config->arena = arena;
    rc = fill(config, options, err);
    if (rc < 0)
        hoot__session_config_free(config);
    else
        *out = config;
    return rc;
}

void hoot__session_config_free(hoot__session_config *config)
{
    if (!config)
        return;
    for (size_t i = 0; i < config->key_count; i++)
        hoot__hmac_key_fini(&config->keys[i]);
    hoot_arena_free(config->arena);
}

int hoot_app_sessions(hoot_app *app, const hoot_session_options *options, hoot_error *err)
{
    hoot__session_config *config;
    int rc;

    if (app->serving)
        return hoot_error_set(err, HOOT_ESTATE, "sessions: the app is serving");
    rc = hoot__session_config_new(options, &config, err);
    if (rc < 0)
        return rc;
    hoot__session_config_free(app->sessions);
    app->sessions = config;
    return 0;
}
