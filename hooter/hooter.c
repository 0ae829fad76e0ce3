/* The app: which parts it is made of. */
#include "hooter.h"

struct hooter *hooter_current(void)
{
    return hoot_app_state(hoot_current_app());
}

static int set_up_sessions(hoot_app *app, const struct hooter *hooter, hoot_error *err)
{
    return hoot_app_sessions(app,
                             &(hoot_session_options){
                                 .secret_key = hooter->secret_key,
                                 .fallback_keys = (const char *const *)hooter->fallback_keys,
                                 .secure = hooter->secure_cookies ? HOOT_SECURE_ALWAYS : HOOT_SECURE_AUTO,
                             },
                             err);
}

static int set_up_cors(hoot_app *app, const struct hooter *hooter, hoot_error *err)
{
    hoot_cors cors = { .origins = (const char *const *)hooter->cors_origins,
                       .credentials = true,
                       .max_age_s = 600 };

    return hooter->cors_origins ? hoot_app_cors(app, &cors, err) : 0;
}

static int set_up(hoot_app *app, const struct hooter *hooter, hoot_error *err)
{
    int rc = set_up_sessions(app, hooter, err);

    if (rc == 0)
        rc = set_up_cors(app, hooter, err);
    if (rc == 0)
        rc = hoot_app_before_serving(app, hooter_open_database, err);
    if (rc == 0)
        rc = hoot_app_register(app, &hooter_user, NULL, err);
    if (rc == 0)
        rc = hoot_app_register(app, &hooter_health, NULL, err);
    return rc;
}

hoot_app *hooter_make_app(hoot_error *err)
{
    struct hooter *hooter = hooter_config_new(err);
    hoot_app *app = hooter ? hoot_app_new("hooter", err) : NULL;

    if (!app) {
        hooter_config_free(hooter);
        return NULL;
    }
    hoot_app_set_state(app, hooter, hooter_config_free);
    if (set_up(app, hooter, err) < 0) {
        hoot_app_free(app);
        return NULL;
    }
    return app;
}
