#include "throttle.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define FIRST_WAIT_MS   1000
#define LAST_WAIT_MS    60000
#define FORGET_AFTER_MS (15 * 60 * 1000) /* failures this long ago count no more */
#define SUBJECT_BYTES   271

struct failure {
    char subject[SUBJECT_BYTES];
    uint32_t free_failures;
    int64_t now_ms;
};

static int64_t wall_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct failure failure_of(const struct throttle_subject *subject)
{
    struct failure failure = { .free_failures = subject->free_failures, .now_ms = wall_ms() };

    snprintf(failure.subject, sizeof failure.subject, "%s:%s", subject->kind, subject->who);
    return failure;
}

static int64_t wait_after(int64_t failures, uint32_t free_failures)
{
    int64_t over = failures - (int64_t)free_failures;
    int64_t wait_ms = FIRST_WAIT_MS;

    if (over <= 0)
        return 0;
    while (--over > 0 && wait_ms < LAST_WAIT_MS)
        wait_ms *= 2;
    return wait_ms < LAST_WAIT_MS ? wait_ms : LAST_WAIT_MS;
}

static int seconds_left(int64_t blocked_until_ms, int64_t now_ms)
{
    int64_t left = blocked_until_ms - now_ms;

    /* A clock that was set back must not make anybody wait longer than the longest wait. */
    if (left <= 0 || left > LAST_WAIT_MS)
        return 0;
    return (int)((left + 999) / 1000);
}

/* Hold the subject's row to the end of the transaction, making it if need be. */
static int lock_row(hoot_conn *conn, const struct failure *failure, hoot_error *err)
{
    const char *sql = strcmp(hoot_conn_driver(conn), "sqlite") == 0
                          ? "INSERT INTO login_attempts (subject, failures, blocked_until_ms, last_at_ms) "
                            "VALUES (?, 0, 0, ?) "
                            "ON CONFLICT (subject) DO UPDATE SET subject = excluded.subject"
                          : "INSERT INTO login_attempts (subject, failures, blocked_until_ms, last_at_ms) "
                            "VALUES (?, 0, 0, ?) "
                            "ON DUPLICATE KEY UPDATE subject = VALUES(subject)";
    int64_t rc = hoot_conn_execute(conn, err, sql, failure->subject, failure->now_ms);

    return rc < 0 ? (int)rc : 0;
}

static int read_row(hoot_cursor *rows, int64_t *failures, int64_t *blocked_until_ms, int64_t *last_at_ms,
                    hoot_error *err)
{
    const hoot_row *row = hoot_fetchone(rows);

    if (!row)
        return rows ? HOOT_ENOTFOUND : hoot_error_code(err);
    if (hoot_row_int(row, "failures", failures) < 0 ||
        hoot_row_int(row, "blocked_until_ms", blocked_until_ms) < 0 ||
        hoot_row_int(row, "last_at_ms", last_at_ms) < 0)
        return hoot_error_set(err, HOOT_ETYPE, "the table login_attempts holds something that is no number");
    return 0;
}

#define SELECT_ROW "SELECT failures, blocked_until_ms, last_at_ms FROM login_attempts WHERE subject = ?"

/* In a transaction: one more failure. */
static int count_failure(hoot_conn *conn, hoot_error *err, void *arg)
{
    const struct failure *failure = arg;
    int64_t failures = 0, blocked_until_ms = 0, last_at_ms = 0, changed;
    HOOT_AUTO(hoot_cursor) rows = NULL;
    int rc = lock_row(conn, failure, err);

    if (rc < 0)
        return rc;
    rows = hoot_conn_query(conn, err, SELECT_ROW, failure->subject);
    rc = read_row(rows, &failures, &blocked_until_ms, &last_at_ms, err);
    if (rc < 0)
        return rc;
    failures = failure->now_ms - last_at_ms > FORGET_AFTER_MS ? 1 : failures + 1;
    changed = hoot_conn_execute(
        conn, err,
        "UPDATE login_attempts SET failures = ?, blocked_until_ms = ?, last_at_ms = ? WHERE subject = ?",
        failures, failure->now_ms + wait_after(failures, failure->free_failures), failure->now_ms,
        failure->subject);
    return changed < 0 ? (int)changed : 0;
}

int throttle_check(hoot_pool *pool, const struct throttle_subject *subject, bool *out_has_failures,
                   hoot_error *err)
{
    struct failure failure = failure_of(subject);
    int64_t failures = 0, blocked_until_ms = 0, last_at_ms = 0;
    HOOT_AUTO(hoot_cursor) rows = NULL;
    int rc;

    *out_has_failures = false;
    if (subject->free_failures == 0)
        return 0;
    rows = hoot_pool_query(pool, err, SELECT_ROW, failure.subject);
    rc = read_row(rows, &failures, &blocked_until_ms, &last_at_ms, err);
    if (rc < 0)
        return rc == HOOT_ENOTFOUND ? 0 : rc;
    *out_has_failures = failures > 0;
    return seconds_left(blocked_until_ms, failure.now_ms);
}

int throttle_wrong(hoot_pool *pool, const struct throttle_subject *subject, hoot_error *err)
{
    struct failure failure = failure_of(subject);

    return subject->free_failures == 0 ? 0 : hoot_pool_transaction(pool, count_failure, &failure, err);
}

int throttle_right(hoot_pool *pool, const struct throttle_subject *subject, hoot_error *err)
{
    struct failure failure = failure_of(subject);
    int64_t rc =
        hoot_pool_execute(pool, err, "DELETE FROM login_attempts WHERE subject = ?", failure.subject);

    return rc < 0 ? (int)rc : 0;
}

int throttle_forget_old(hoot_pool *pool, hoot_error *err)
{
    int64_t rc = hoot_pool_execute(pool, err, "DELETE FROM login_attempts WHERE last_at_ms < ?",
                                   wall_ms() - FORGET_AFTER_MS);

    return rc < 0 ? (int)rc : 0;
}
