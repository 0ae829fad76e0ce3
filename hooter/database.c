/* The database: the pool starts before the service does, and closes itself after.
 *
 * A database that is down must not keep the service from starting: routes that need it answer 503 until its
 * tables are there, and one task tries until they are. When it goes away later, each statement's own error
 * says so (503), and the pool connects anew for the next. */
#include "hooter.h"
#include "throttle.h"

#define FIRST_PAUSE_MS 500
#define LAST_PAUSE_MS  2000
#define TRY_MS         15000
#define SWEEP_MS       300000

/* One try to bring the tables up to date. */
static int migrate(struct hooter *hooter, hoot_error *err)
{
    int applied = HOOT_ETIMEOUT;

    hoot_error_clear(err);
    hoot_timeout (TRY_MS)
        applied = hoot_migrate(hooter->pool, hooter_migrations, hooter_migration_count, err);
    if (applied > 0)
        hoot_log_info("the tables of the database are new or changed: %d steps applied", applied);
    return applied < 0 ? applied : 0;
}

/* Try as often as it takes. Gives 0; negative: the app stops. */
static int prepare(struct hooter *hooter, hoot_error *err)
{
    uint64_t pause_ms = FIRST_PAUSE_MS;

    for (unsigned attempt = 1; migrate(hooter, err) < 0; attempt++) {
        if (hoot_check_canceled() < 0)
            return HOOT_ECANCELED;
        hoot_log_warning("the database is not ready (try %u, next in %.1f s): %s", attempt,
                         (double)pause_ms / 1000, err->text);
        if (hoot_app_pause(hoot_current_app(), pause_ms) < 0)
            return HOOT_ECANCELED;
        pause_ms = pause_ms * 2 < LAST_PAUSE_MS ? pause_ms * 2 : LAST_PAUSE_MS;
    }
    hooter->database_ready = true;
    return 0;
}

/* A background task: make the tables ready, then sweep them from time to time. */
static int look_after_database(hoot_error *err, void *arg)
{
    struct hooter *hooter = arg;

    if (prepare(hooter, err) < 0)
        return 0;
    while (hoot_app_pause(hoot_current_app(), SWEEP_MS) == 0) {
        hoot_error_clear(err);
        if (throttle_forget_old(hooter->pool, err) < 0)
            hoot_log_warning("old login attempts were not removed: %s", err->text);
    }
    return 0;
}

int hooter_open_database(hoot_app *app, hoot_error *err)
{
    struct hooter *hooter = hoot_app_state(app);
    hoot_pool_options options;
    int rc = hooter_pool_options(&options, err);

    if (rc == 0)
        rc = hoot_pool_open(hoot_app_scope(app), &hooter->pool, &options, err);
    if (rc == 0)
        rc = hoot_app_start(app, "look after the database", look_after_database, hooter, err);
    return rc;
}

/* A before_request hook of the routes that cannot do without. */
hoot_response *hooter_need_database(hoot_request *req)
{
    hoot_response *resp;

    if (hooter_current()->database_ready)
        return NULL;
    resp = hoot_json(req, 503, hoot_object("status", "unavailable"));
    hoot_response_set_header(resp, "Retry-After", "1");
    return resp;
}
