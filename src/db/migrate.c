/* hoot_migrate(): steps that the database has not had yet, in order, by one worker at a time.
 *
 * MySQL: a named lock of the server is held by the connection from before the first look to behind the last
 * step; DDL commits by itself there, so a step that fails in its middle leaves what was done, and says at
 * which statement it was. SQLite: each step is a transaction that begins by taking the write lock, and looks
 * again whether another process has done it meanwhile.
 *
 * A step is known by its number and the SHA-256 of its text. */
#include <hoot/migrate.h>

#include <hoot/crypto.h>

#include <stdio.h>

#include "db/conn.h"
#include "db/sql_split.h"

enum { LOCK_SECONDS = 60, BEGIN_PAUSE_MS = 50, UNLOCK_MS = 2000, HEX_SHA256 = 2 * HOOT_SHA256_BYTES };

typedef struct migrator {
    hoot_conn *conn;
    const hoot_migration *steps;
    size_t count;
    bool is_mysql;
    char lock_name[64 + 1];
    hoot_error *err;
} migrator;

static const char *text_of(const migrator *m, const hoot_migration *step)
{
    const char *own = m->is_mysql ? step->mysql : step->sqlite;

    return own ? own : step->sql;
}

static void checksum_of(const migrator *m, const hoot_migration *step, char *out)
{
    uint8_t digest[HOOT_SHA256_BYTES];

    hoot_sha256(hoot_str_from(text_of(m, step)), digest);
    hoot_hex(digest, sizeof(digest), out);
}

static int check_list(const migrator *m)
{
    for (size_t i = 0; i < m->count; i++) {
        const hoot_migration *step = &m->steps[i];

        if (step->number != i + 1)
            return hoot_error_set(m->err, HOOT_EINVAL, "migration %u stands where number %zu belongs",
                                  step->number, i + 1);
        if (!step->name || !text_of(m, step))
            return hoot_error_set(m->err, HOOT_EINVAL, "migration %u has no %s", step->number,
                                  step->name ? "text for this database" : "name");
    }
    return 0;
}

/* --- the lock --- */

/* At most 64 characters (MySQL's limit): a long database name is told by its digest. */
static void name_lock(migrator *m, const char *database)
{
    uint8_t digest[HOOT_SHA256_BYTES];
    char hex[HEX_SHA256 + 1];

    if (strlen(database) <= 48) {
        snprintf(m->lock_name, sizeof(m->lock_name), "hoot_migrations:%.48s", database);
        return;
    }
    hoot_sha256(hoot_str_from(database), digest);
    hoot_hex(digest, sizeof(digest), hex);
    snprintf(m->lock_name, sizeof(m->lock_name), "hoot_migrations:%.48s", hex);
}

static int lock(const migrator *m)
{
    HOOT_AUTO(hoot_cursor) answer = NULL;
    int64_t got = 0;

    if (!m->is_mysql)
        return 0;
    answer = hoot_conn_query(m->conn, m->err, "SELECT GET_LOCK(?, ?) AS got", (const char *)m->lock_name,
                             LOCK_SECONDS);
    if (!answer)
        return hoot_error_code(m->err);
    if (hoot_row_int(hoot_fetchone(answer), "got", &got) || got != 1)
        return hoot_error_set(m->err, HOOT_EBUSY,
                              "another process has been migrating this database for %d seconds",
                              LOCK_SECONDS);
    return 0;
}

/* Also for a cancelled task. When it fails, the pool resets the connection before it lends it again, and the
 * server lets go of the lock then. */
static void unlock(const migrator *m)
{
    hoot_cursor *answer = NULL;

    if (!m->is_mysql)
        return;
    hoot_shield(UNLOCK_MS) answer =
        hoot_conn_query(m->conn, NULL, "SELECT RELEASE_LOCK(?) AS released", (const char *)m->lock_name);
    if (!answer && m->conn->slot)
        m->conn->slot->link->state_changed = true;
    hoot_cursor_close(answer);
}

/* SQLite: another process may have the write lock for longer than one BEGIN waits. */
static int begin(const migrator *m)
{
    uint64_t give_up_ms = hoot_now_ms() + LOCK_SECONDS * 1000;
    int rc = hoot_conn_begin(m->conn, m->err);

    while (rc == HOOT_EDEADLOCK && hoot_now_ms() < give_up_ms) {
        rc = hoot_sleep(BEGIN_PAUSE_MS);
        if (!rc)
            rc = hoot_conn_begin(m->conn, m->err);
    }
    return rc;
}

/* --- steps --- */

static int execute(const migrator *m, const char *sql)
{
    int64_t changed = hoot_conn_execute(m->conn, m->err, sql);

    return changed < 0 ? (int)changed : 0;
}

static int make_table(const migrator *m)
{
    return execute(
        m, "CREATE TABLE IF NOT EXISTS hoot_migrations ("
           "number INTEGER NOT NULL PRIMARY KEY, name VARCHAR(255) NOT NULL, checksum CHAR(64) NOT NULL, "
           "applied_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)");
}

static int check_row(const migrator *m, const hoot_row *row)
{
    const char *known = hoot_row_text(row, "checksum"), *name = hoot_row_text(row, "name");
    char checksum[HEX_SHA256 + 1];
    uint64_t number;

    if (hoot_row_uint(row, "number", &number) || !known || !name)
        return hoot_error_set(m->err, HOOT_ESTATE, "the table hoot_migrations is not ours");
    if (number < 1 || number > m->count)
        return hoot_error_set(m->err, HOOT_ESTATE,
                              "the database has had migration %llu (%s), which this program does not know",
                              (unsigned long long)number, name);
    checksum_of(m, &m->steps[number - 1], checksum);
    if (strcmp(checksum, known) != 0)
        return hoot_error_set(m->err, HOOT_ESTATE,
                              "migration %llu (%s) has changed since the database had it",
                              (unsigned long long)number, name);
    return 0;
}

/* How many steps the database has had, all of them ours, without gaps. */
static int count_applied(const migrator *m, size_t *out_count)
{
    HOOT_AUTO(hoot_cursor)
    rows = hoot_conn_query(m->conn, m->err,
                           "SELECT number, name, checksum FROM hoot_migrations ORDER BY number");
    const hoot_row *row;
    uint64_t number;
    size_t count = 0;

    if (!rows)
        return hoot_error_code(m->err);
    while ((row = hoot_fetchone(rows))) {
        if (check_row(m, row))
            return hoot_error_code(m->err);
        if (hoot_row_uint(row, "number", &number) == 0 && number != ++count)
            return hoot_error_set(m->err, HOOT_ESTATE,
                                  "the database has had migration %llu, but not number %zu",
                                  (unsigned long long)number, count);
    }
    *out_count = count;
    return 0;
}

static int run_statements(const migrator *m, const hoot_migration *step)
{
    hoot_str rest = hoot_str_from(text_of(m, step)), statement;
    int64_t changed;

    for (int number = 1; hoot__sql_next(&rest, m->is_mysql, &statement); number++) {
        changed = hoot_conn_execute(m->conn, m->err, statement);
        if (changed < 0) {
            hoot_error_prefix(m->err, "migration %u (%s), statement %d", step->number, step->name, number);
            return (int)changed;
        }
    }
    return 0;
}

static int note(const migrator *m, const hoot_migration *step)
{
    char checksum[HEX_SHA256 + 1];
    int64_t changed;

    checksum_of(m, step, checksum);
    changed = hoot_conn_execute(m->conn, m->err,
                                "INSERT INTO hoot_migrations (number, name, checksum) VALUES (?, ?, ?)",
                                step->number, step->name, (const char *)checksum);
    return changed < 0 ? (int)changed : 0;
}

static int apply(const migrator *m, const hoot_migration *step)
{
    int rc = run_statements(m, step);

    return rc ? rc : note(m, step);
}

/* In one transaction: look how far the database is, and do the next step. `out_done`: there was none. */
static int advance(const migrator *m, bool *out_done)
{
    size_t applied = 0;
    int rc = begin(m);

    if (rc)
        return rc;
    rc = count_applied(m, &applied);
    *out_done = applied == m->count;
    if (!rc && !*out_done)
        rc = apply(m, &m->steps[applied]);
    if (!rc)
        rc = hoot_conn_commit(m->conn, m->err);
    if (rc)
        (void)hoot_conn_rollback(m->conn, NULL);
    return rc;
}

static int migrate(const migrator *m)
{
    int applied = 0, rc = make_table(m);
    bool done = false;

    while (!rc && !done) {
        rc = advance(m, &done);
        applied += !rc && !done;
    }
    return rc ? rc : applied;
}

int hoot_migrate(hoot_pool *pool, const hoot_migration *migrations, size_t count, hoot_error *err)
{
    hoot_error own = HOOT_ERROR_INIT;
    migrator m = { .steps = migrations, .count = count, .err = err ? err : &own };
    int rc;

    m.is_mysql = strcmp(hoot_pool_driver(pool), "mysql") == 0;
    rc = check_list(&m);
    if (rc)
        return rc;
    m.conn = hoot_pool_acquire(pool, m.err);
    if (!m.conn)
        return hoot_error_code(m.err);
    name_lock(&m, pool->target.database);
    rc = lock(&m);
    if (!rc) {
        rc = migrate(&m);
        unlock(&m);
    }
    hoot_conn_release(m.conn);
    return rc;
}
