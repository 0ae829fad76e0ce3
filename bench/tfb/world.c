/* Rows of the table World, asked for by their id. */
#include "tfb.h"

/* splitmix64: this benchmark's dice need not be secret, only even. */
int32_t tfb_random(void)
{
    uint64_t z = tfb_current()->random_seed += 0x9e3779b97f4a7c15;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    z ^= z >> 31;
    return (int32_t)(1 + (((z >> 32) * TFB_WORLDS) >> 32));
}

static hoot_response *one_row(hoot_request *req)
{
    hoot_error err = HOOT_ERROR_INIT;
    HOOT_AUTO(hoot_cursor)
    rows = hoot_pool_query(tfb_current()->pool, &err, "SELECT id, randomNumber FROM World WHERE id = ?",
                           tfb_random());
    const hoot_row *row = hoot_fetchone(rows);

    return row ? hoot_json(req, 200, hoot_row_object(row)) : hoot_fail(req, &err);
}

const hoot_blueprint tfb_world = {
    .name = "world",
    .routes = HOOT_ROUTES({ "GET", "/db", one_row }),
};
