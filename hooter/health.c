/* GET /healthz: is this worker of use? For balancers and for people at night. */
#include "hooter.h"

#define PING_MS 2000

static const char *database_state(struct hooter *hooter)
{
    int64_t rc = HOOT_ETIMEOUT;

    if (!hooter->database_ready)
        return "starting";
    hoot_timeout (PING_MS)
        rc = hoot_pool_execute(hooter->pool, NULL, "SELECT 1");
    return rc >= 0 ? "ok" : "down";
}

static hoot_response *healthz(hoot_request *req)
{
    const char *database = database_state(hooter_current());
    bool ok = database[0] == 'o';
    hoot_response *resp = hoot_json(req, ok ? 200 : 503,
                                    hoot_object("status", ok ? "ok" : "unavailable", "database", database));

    hoot_response_set_header(resp, "Cache-Control", "no-store");
    return resp;
}

const hoot_blueprint hooter_health = {
    .name = "health",
    .routes = HOOT_ROUTES({ "GET", "/healthz", healthz }),
};
