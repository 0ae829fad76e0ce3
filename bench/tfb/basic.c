/* The tests that need no database. */
#include "tfb.h"

static hoot_response *plaintext(hoot_request *req)
{
    return hoot_bytes(req, 200, "text/plain", HOOT_STR("Hello, World!"));
}

static hoot_response *json(hoot_request *req)
{
    return hoot_json(req, 200, hoot_object("message", "Hello, World!"));
}

const hoot_blueprint tfb_basic = {
    .name = "basic",
    .routes = HOOT_ROUTES({ "GET", "/plaintext", plaintext }, { "GET", "/json", json }),
};
