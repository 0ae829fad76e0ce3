/* Whether a server that was avoided would serve again: asked by the pool, on a connection of its own.
 *
 * A Galera node that has lost its cluster, or is still catching up, takes connections and says in its status
 * that it is not ready; a server without Galera has no such status. A replica is read_only, super_read_only
 * implies it. */
#include "connection.h"

#include <strings.h>

/* The first row's cell `column`, as text or number; the statement must give one. Gives 1, or 0 without a row.
 */
static int ask(hoot_link *link, hoot_str sql, uint32_t column, hoot_value *out, hoot_error *err)
{
    const hoot_value *cells;
    hoot_answer answer;
    int rc = hoot__my_run(link, sql, NULL, 0, &answer, err);

    if (rc < 0)
        return rc;
    if (answer.column_count <= column)
        return hoot_error_set(err, HOOT_EPROTOCOL, "the server does not tell whether it serves");
    rc = hoot__my_next_row(link, &cells, err);
    if (rc <= 0)
        return rc;
    *out = cells[column];
    return 1;
}

static bool is_off(const hoot_value *value)
{
    return value->kind == HOOT_TEXT && value->str.len == 3 && strncasecmp(value->str.ptr, "off", 3) == 0;
}

static bool is_true(const hoot_value *value)
{
    return (value->kind == HOOT_INT && value->i64 != 0) || (value->kind == HOOT_UINT && value->u64 != 0);
}

/* An answer ends with its last row; each of these has one. */
static int read_end(hoot_link *link, hoot_error *err)
{
    const hoot_value *cells;
    int rc;

    do
        rc = hoot__my_next_row(link, &cells, err);
    while (rc > 0);
    return rc;
}

int hoot__my_serves(hoot_link *link, bool writes, hoot_error *err)
{
    hoot_value value;
    int rc = ask(link, HOOT_STR("SHOW GLOBAL STATUS LIKE 'wsrep_ready'"), 1, &value, err);

    if (rc < 0)
        return rc;
    if (rc > 0 && is_off(&value))
        return hoot_error_set(err, HOOT_EDB, "it is not ready in its Galera cluster");
    rc = rc ? read_end(link, err) : 0;
    if (rc < 0 || !writes)
        return rc;
    rc = ask(link, HOOT_STR("SELECT @@GLOBAL.read_only"), 0, &value, err);
    if (rc > 0 && is_true(&value))
        return hoot_error_set(err, HOOT_EDB, "it is read-only");
    return rc < 0 ? rc : 0;
}
