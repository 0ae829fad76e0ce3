/* Opening a database file: its folder is made when it is missing (one level, for our eyes only), write-ahead
 * logging is switched on, so that readers and the writer do not wait for each other, and foreign keys are
 * enforced.
 *
 * SQLite's own waiting for locks is not used, but for a moment while opening: a thread of the work pool that
 * waits would be missing to the task that holds the lock. The driver waits on the loop instead. */
#include "db/sqlite/link.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum {
    PROGRESS_STEPS = 1000, /* of SQLite's machine, between two looks whether to stop: some ten microseconds */
    OPENING_WAIT_MS = 20,
};

/* Called while a statement is prepared, for each thing it would do. */
static int on_authorize(void *user, int action, const char *a, const char *b, const char *database,
                        const char *trigger)
{
    hoot__sqlite_link *link = user;

    (void)trigger;
    switch (action) {
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
    case SQLITE_CREATE_TEMP_INDEX:
    case SQLITE_CREATE_TEMP_TABLE:
    case SQLITE_CREATE_TEMP_TRIGGER:
    case SQLITE_CREATE_TEMP_VIEW: link->seen_state_change = true; break;
    case SQLITE_PRAGMA: /* name, argument: "table_info(users)" and its like only look */
        if (b && !strstr(a, "_info") && !strstr(a, "_list"))
            link->seen_state_change = true;
        break;
    case SQLITE_CREATE_VTABLE:
        if (database && strcmp(database, "temp") == 0)
            link->seen_state_change = true;
        break;
    }
    return SQLITE_OK;
}

static int on_progress(void *user)
{
    return atomic_load_explicit(&((hoot__sqlite_link *)user)->stop, memory_order_relaxed);
}

static void on_update(void *user, int action, const char *database, const char *table, sqlite3_int64 rowid)
{
    hoot__sqlite_link *link = user;

    (void)database, (void)table;
    if (action == SQLITE_INSERT && !link->first_insert)
        link->first_insert = rowid;
}

static int make_folder(const char *path, hoot_error *err)
{
    const char *slash = strrchr(path, '/');
    char *folder;
    int rc = 0, problem;

    if (!slash || slash == path)
        return 0;
    folder = sqlite3_mprintf("%.*s", (int)(slash - path), path);
    if (!folder)
        return hoot_error_set(err, HOOT_ENOMEM, "no memory for a path");
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        problem = errno;
        rc = hoot_error_set(err, HOOT_ECONNECT,
                            "the folder %s of the database is not there and cannot be made: %s", folder,
                            strerror(problem));
    }
    sqlite3_free(folder);
    return rc;
}

static void configure(hoot__sqlite_link *link)
{
    uint64_t longest = link->link.target->max_answer_bytes;

    sqlite3_extended_result_codes(link->db, 1);
    sqlite3_limit(link->db, SQLITE_LIMIT_LENGTH, longest < 1000000000 ? (int)longest : 1000000000);
    sqlite3_db_config(link->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(link->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(link->db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
    sqlite3_busy_timeout(link->db, OPENING_WAIT_MS);
}

static void attach_hooks(hoot__sqlite_link *link)
{
    sqlite3_busy_timeout(link->db, 0);
    sqlite3_set_authorizer(link->db, on_authorize, link);
    sqlite3_progress_handler(link->db, PROGRESS_STEPS, on_progress, link);
    sqlite3_update_hook(link->db, on_update, link);
}

/* Whatever it is, it is why there is no connection. */
static int open_failed(hoot__sqlite_link *link, int code, hoot_error *err)
{
    const char *path = link->link.target->database;
    int ours = hoot__sqlite_error(link, code, err);

    hoot__sqlite_shut_on_thread(link);
    if (err && ours == HOOT_EDB)
        err->code = ours = HOOT_ECONNECT;
    hoot_error_prefix(err, "opening %s", path);
    return ours;
}

int hoot__sqlite_open_on_thread(hoot__sqlite_link *link, hoot_error *err)
{
    const char *path = link->link.target->database;
    int code, rc;

    link->in_memory = strcmp(path, ":memory:") == 0;
    rc = link->in_memory ? 0 : make_folder(path, err);
    if (rc)
        return rc;
    code = sqlite3_open_v2(path, &link->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                           NULL);
    if (code != SQLITE_OK)
        return open_failed(link, code, err);
    configure(link);
    code = sqlite3_exec(link->db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL", NULL, NULL, NULL);
    if (code != SQLITE_OK)
        return open_failed(link, code, err);
    attach_hooks(link);
    return 0;
}

void hoot__sqlite_shut_on_thread(hoot__sqlite_link *link)
{
    link->current = NULL;
    hoot__sqlite_forget_statements(link);
    sqlite3_close(link->db);
    link->db = NULL;
}
