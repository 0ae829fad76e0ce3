/* The sqlite driver: SQLite's calls block, so each statement goes to a thread of the work pool.
 *
 * A statement that has to wait for another connection's lock comes back from its thread and sleeps on the
 * loop between tries. If it waited on the thread, four waiting statements would hold all threads of the pool,
 * and the task that has the lock would find none to commit on.
 *
 * A cancelled or late task has its statement stopped: `stop` is seen by SQLite's progress handler,
 * sqlite3_interrupt() reaches sorting and the like. The thread resets the statement before it comes back, so
 * the link stays usable.
 *
 * What changes the session (PRAGMA, ATTACH, temporary tables) is seen by the authorizer when the statement is
 * prepared; reset() then opens the file anew. */
#include "db/sqlite/driver.h"

#include "base/alloc.h"
#include "db/sqlite/link.h"
#include "runtime/offload.h"
#include "runtime/task.h"

enum {
    BUSY_WAIT_MS = 5000, /* for another connection's lock, in all */
    LAST_PAUSE_MS = 25,
};

typedef struct sqlite_job {
    hoot__sqlite_link *link;
    hoot_str sql;
    const hoot_value *params;
    size_t param_count;
    hoot_answer *answer;
    hoot_error *err;
    bool ran;
} sqlite_job;

/* --- from tasks to threads --- */

static void stop(void *arg)
{
    hoot__sqlite_link *link = ((sqlite_job *)arg)->link;

    atomic_store_explicit(&link->stop, true, memory_order_relaxed);
    if (link->db)
        sqlite3_interrupt(link->db);
}

/* Gives: what `fn` gave. When it was stopped, or did not run, why: HOOT_ETIMEOUT, HOOT_ECANCELED. */
static int on_thread(hoot_offload_fn fn, sqlite_job *job, bool stoppable)
{
    int rc;

    atomic_store_explicit(&job->link->stop, false, memory_order_relaxed);
    job->ran = false;
    rc = hoot__offload_stoppable(fn, stoppable ? stop : NULL, job);
    if (job->ran && rc != HOOT_ECANCELED)
        return rc;
    if (rc == HOOT_ECANCELED && hoot_check_canceled())
        rc = hoot_check_canceled();
    return hoot_error_set(job->err, rc,
                          rc == HOOT_ENOMEM ? "no memory for work on a thread" : "the statement was stopped");
}

/* Again and again while another connection holds a lock. */
static int on_thread_patiently(hoot_offload_fn fn, sqlite_job *job)
{
    uint64_t give_up_ms = hoot_now_ms() + BUSY_WAIT_MS, pause = 1;
    int rc = on_thread(fn, job, true);

    while (rc == HOOT__SQLITE_BUSY) {
        if (hoot_now_ms() >= give_up_ms)
            return HOOT_EDEADLOCK; /* `err` tells */
        rc = hoot_sleep(pause);
        if (rc)
            return hoot_error_set(job->err, rc, "%s while another connection had the database locked",
                                  hoot_error_text(rc));
        pause = pause * 2 < LAST_PAUSE_MS ? pause * 2 : LAST_PAUSE_MS;
        rc = on_thread(fn, job, true);
    }
    return rc;
}

/* --- connections --- */

static void free_link(hoot__sqlite_link *link)
{
    hoot_arena_free(link->bytes);
    hoot__free(link->cells);
    hoot__free(link);
}

static int open_on_thread(void *arg)
{
    sqlite_job *job = arg;

    job->ran = true;
    return hoot__sqlite_open_on_thread(job->link, job->err);
}

static int sqlite_connect(const hoot_target *target, hoot_link **out_link, hoot_error *err)
{
    hoot__sqlite_link *link = hoot__calloc(1, sizeof(*link));
    sqlite_job job = { .link = link, .err = err };
    int rc;

    if (link)
        link->bytes = hoot_arena_new(SIZE_MAX / 2);
    if (!link || !link->bytes) {
        hoot__free(link);
        return hoot_error_set(err, HOOT_ENOMEM, "no memory for a connection");
    }
    link->link =
        (hoot_link){ .driver = target->driver, .target = target, .server_version = sqlite3_libversion() };
    rc = on_thread_patiently(open_on_thread, &job);
    if (rc) {
        free_link(link);
        return rc;
    }
    *out_link = &link->link;
    return 0;
}

static int shut_on_thread(void *arg)
{
    hoot__sqlite_shut_on_thread(arg);
    return 1;
}

/* Closing may copy the log into the file: off the loop, if there is a thread for it. */
static int close_main(hoot_error *err, void *arg)
{
    (void)err;
    if (hoot_offload(shut_on_thread, arg) != 1)
        hoot__sqlite_shut_on_thread(arg);
    free_link(arg);
    return 0;
}

static void sqlite_close(hoot_link *base)
{
    const hoot__task_options options = { .name = "sqlite: close", .detached_context = true };
    hoot__sqlite_link *link = (hoot__sqlite_link *)base;

    if (link->db && hoot__task_start(&options, close_main, NULL, link))
        return;
    hoot__sqlite_shut_on_thread(link);
    free_link(link);
}

/* A file that was deleted or replaced under us is not the database any more: one stat(2). */
static bool sqlite_is_alive(hoot_link *base)
{
    hoot__sqlite_link *link = (hoot__sqlite_link *)base;
    int moved = 0;

    if (link->in_memory)
        return true;
    return sqlite3_file_control(link->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && !moved;
}

static int reopen_on_thread(void *arg)
{
    sqlite_job *job = arg;

    job->ran = true;
    if (job->link->db)
        hoot__sqlite_shut_on_thread(job->link);
    return hoot__sqlite_open_on_thread(job->link, job->err);
}

static int sqlite_reset(hoot_link *base, hoot_error *err)
{
    hoot__sqlite_link *link = (hoot__sqlite_link *)base;
    sqlite_job job = { .link = link, .err = err };
    int rc = link->in_memory ? 0 : on_thread_patiently(reopen_on_thread, &job);

    base->broken = base->broken || !link->db;
    base->state_changed = base->state_changed && rc;
    base->in_transaction = base->in_transaction && link->in_memory;
    return rc;
}

/* --- statements --- */

static uint64_t first_id(hoot__sqlite_link *link, uint64_t changes)
{
    sqlite3_int64 last = sqlite3_last_insert_rowid(link->db);

    return (uint64_t)(changes > 1 && last && link->first_insert ? link->first_insert : last);
}

static void fill_answer(hoot__sqlite_link *link, const hoot__sqlite_statement *statement,
                        sqlite3_int64 changes_before, hoot_answer *answer)
{
    bool changed = sqlite3_total_changes64(link->db) != changes_before;

    answer->column_count = (uint32_t)statement->column_count;
    answer->names = statement->names;
    answer->affected_rows = changed ? (uint64_t)sqlite3_changes64(link->db) : 0;
    answer->last_insert_id = first_id(link, answer->affected_rows);
    link->link.last_insert_id = answer->last_insert_id;
}

/* Step, and end the statement behind its last row or its failure. */
static int step(hoot__sqlite_link *link, hoot_error *err)
{
    int rc = hoot__sqlite_step_on_thread(link, err);

    if (rc || !sqlite3_stmt_busy(link->current->stmt))
        hoot__sqlite_finish(link);
    link->link.in_transaction = !sqlite3_get_autocommit(link->db);
    return rc;
}

static int run_on_thread(void *arg)
{
    sqlite_job *job = arg;
    hoot__sqlite_link *link = job->link;
    hoot__sqlite_statement *statement;
    sqlite3_int64 before = sqlite3_total_changes64(link->db);
    int rc;

    job->ran = true;
    hoot__sqlite_finish(link);
    rc = hoot__sqlite_prepare_on_thread(link, job->sql, job->params, job->param_count, &statement, job->err);
    if (rc)
        return rc;
    link->first_insert = 0;
    link->current = statement;
    sqlite3_set_last_insert_rowid(link->db, 0);
    if (statement->changes_state && !link->in_memory)
        link->link.state_changed = true;
    rc = step(link, job->err);
    if (!rc)
        rc = hoot__sqlite_name_columns(statement, job->err);
    if (rc)
        hoot__sqlite_finish(link);
    else
        fill_answer(link, statement, before, job->answer);
    return rc;
}

static int sqlite_run(hoot_link *base, hoot_str sql, const hoot_value *params, size_t param_count,
                      hoot_answer *out_answer, hoot_error *err)
{
    sqlite_job job = { .link = (hoot__sqlite_link *)base,
                       .sql = sql,
                       .params = params,
                       .param_count = param_count,
                       .answer = out_answer,
                       .err = err };

    base->sent = true;
    return on_thread_patiently(run_on_thread, &job);
}

static int more_on_thread(void *arg)
{
    sqlite_job *job = arg;

    job->ran = true;
    return step(job->link, job->err);
}

static int sqlite_next_row(hoot_link *base, const hoot_value **out_cells, hoot_error *err)
{
    hoot__sqlite_link *link = (hoot__sqlite_link *)base;
    sqlite_job job = { .link = link, .err = err };
    int rc;

    if (link->next_row == link->rows && link->current) {
        rc = on_thread(more_on_thread, &job, true);
        base->unfinished = link->current && rc;
        if (rc)
            return rc == HOOT__SQLITE_BUSY ? HOOT_EDEADLOCK : rc;
    }
    if (link->next_row == link->rows)
        return 0;
    *out_cells = link->cells + link->next_row++ * link->columns;
    return 1;
}

/* A statement that only reads lets go of its lock at no cost; one that writes commits. */
static int sqlite_skip_rows(hoot_link *base)
{
    hoot__sqlite_link *link = (hoot__sqlite_link *)base;

    link->rows = link->next_row = 0;
    if (link->current && !sqlite3_stmt_readonly(link->current->stmt)) {
        base->unfinished = true;
        return 0;
    }
    hoot__sqlite_finish(link);
    return 1;
}

static int finish_on_thread(void *arg)
{
    sqlite_job *job = arg;

    job->ran = true;
    hoot__sqlite_finish(job->link);
    return 0;
}

static int sqlite_recover(hoot_link *base, hoot_error *err)
{
    sqlite_job job = { .link = (hoot__sqlite_link *)base, .err = err };
    int rc = on_thread(finish_on_thread, &job, false);

    base->unfinished = rc != 0;
    return rc;
}

static int sqlite_ping(hoot_link *base, hoot_error *err)
{
    hoot_answer answer;
    int rc = sqlite_run(base, HOOT_STR("SELECT 1"), NULL, 0, &answer, err);

    return rc ? rc : sqlite_skip_rows(base) ? 0 : HOOT_ESTATE;
}

const hoot_driver hoot__sqlite_driver = {
    .name = "sqlite",
    .begin = "BEGIN IMMEDIATE", /* a transaction that begins by reading could fail at its first write */
    .commit = "COMMIT",
    .rollback = "ROLLBACK",
    .connect = sqlite_connect,
    .close = sqlite_close,
    .is_alive = sqlite_is_alive,
    .run = sqlite_run,
    .next_row = sqlite_next_row,
    .skip_rows = sqlite_skip_rows,
    .recover = sqlite_recover,
    .reset = sqlite_reset,
    .ping = sqlite_ping,
};
