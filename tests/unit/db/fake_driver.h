/* A driver that does what the test's script says, and dies when the pool breaks the rules of
 * hoot/sys/driver.h: a call on a link that another call is inside of, or on an unfinished one; a look at one
 * that is not idle; a second close.
 *
 * Statements: "begin", "commit", "rollback"; "sleep <ms>"; "rows <n>": n rows of one column `a`, each the
 * text "<tag>"; "slow rows <n>": 1 ms a row; "dirty": session state; "lost": the connection; "refused": an
 * error of the server; "deadlock"; "port": as many changed rows as the port it is connected to; "write":
 * refused where it is read-only. Masks of ports make hosts differ. */
#ifndef FAKE_DRIVER_H
#define FAKE_DRIVER_H

#include <hoot/sys/driver.h>

#include "unit/db/db_test.h"

typedef struct fake_link {
    hoot_link link;
    bool inside; /* a call */
    bool dead;   /* is_alive says so */
    int rows_left;
    int slow;
    char tag[32];
    hoot_value cell;
} fake_link;

/* The script, and what was seen. */
static struct fake {
    int connect_ms;
    int fail_connects;                                  /* so many of the next ones */
    bool down;                                          /* all of them */
    unsigned down_ports, silent_ports, read_only_ports; /* 1 << port */
    bool recover_fails, rollback_hangs;
    bool kill_idle; /* the next look finds a dead link */
    int connects, open, most_open, connecting;
    int rollbacks, resets, recovers, statements;
    uint64_t last_connect_ms;
} fake;

static int fake_enter(fake_link *link)
{
    assert_false(link->inside);
    assert_false(link->link.unfinished);
    assert_false(link->link.broken);
    link->inside = true;
    return 0;
}

static int fake_pause(fake_link *link, int ms, hoot_error *err)
{
    int rc = ms ? hoot_sleep((uint64_t)ms) : 0;

    if (rc) {
        link->link.unfinished = true;
        hoot_error_set(err, rc, "stopped");
    }
    return rc;
}

static int fake_connect(const hoot_target *target, hoot_link **out_link, hoot_error *err)
{
    fake_link *link;
    int rc;

    fake.connects++;
    fake.last_connect_ms = hoot_now_ms();
    fake.connecting++;
    if (fake.open + fake.connecting > fake.most_open)
        fake.most_open = fake.open + fake.connecting;
    rc = fake.connect_ms ? hoot_sleep((uint64_t)fake.connect_ms) : 0;
    if (!rc && fake.silent_ports & 1u << target->port)
        rc = hoot_sleep(1000000);
    fake.connecting--;
    if (rc)
        return hoot_error_set(err, rc, "stopped while connecting");
    if (fake.down || fake.down_ports & 1u << target->port || fake.fail_connects > 0) {
        fake.fail_connects--;
        return hoot_error_set(err, HOOT_ECONNECT, "refused, attempt %d", fake.connects);
    }
    link = calloc(1, sizeof(*link));
    link->link = (hoot_link){
        .driver = target->driver, .target = target, .server_version = "1", .id = (uint64_t)fake.connects
    };
    fake.open++;
    *out_link = &link->link;
    return 0;
}

static void fake_close(hoot_link *link)
{
    assert_false(((fake_link *)link)->inside);
    fake.open--;
    free(link);
}

static bool fake_is_alive(hoot_link *base)
{
    fake_link *link = (fake_link *)base;

    assert_false(link->inside || link->rows_left || base->unfinished || base->in_transaction ||
                 base->state_changed);
    if (fake.kill_idle) {
        fake.kill_idle = false;
        return false;
    }
    return !link->dead;
}

static int fake_statement(fake_link *link, const char *sql, hoot_answer *answer, hoot_error *err)
{
    static const char *const names[] = { "a" };
    int n = 0;

    if (sscanf(sql, "sleep %d", &n) == 1)
        return fake_pause(link, n, err);
    if (sscanf(sql, "rows %d", &n) == 1 || sscanf(sql, "slow rows %d", &n) == 1) {
        *answer = (hoot_answer){ .column_count = 1, .names = names };
        link->rows_left = n;
        link->slow = sql[0] == 's';
    } else if (strcmp(sql, "begin") == 0 || strcmp(sql, "commit") == 0) {
        link->link.in_transaction = sql[0] == 'b';
    } else if (strcmp(sql, "rollback") == 0) {
        fake.rollbacks++;
        if (fake.rollback_hangs)
            return fake_pause(link, 1000000, err);
        link->link.in_transaction = false;
    } else if (strcmp(sql, "dirty") == 0) {
        link->link.state_changed = true;
    } else if (strcmp(sql, "lost") == 0) {
        link->link.broken = true;
        return hoot_error_set(err, HOOT_ECONNLOST, "gone");
    } else if (strcmp(sql, "port") == 0) {
        answer->affected_rows = link->link.target->port;
    } else if (strcmp(sql, "write") == 0 || strcmp(sql, "call write") == 0) {
        if (!(fake.read_only_ports & 1u << link->link.target->port))
            return 0;
        link->link.unfit = HOOT_UNFIT_READ_ONLY;
        return hoot_error_set(err, HOOT_EUNFIT, "read-only");
    } else if (strcmp(sql, "deadlock") == 0) {
        link->link.in_transaction = false;
        return hoot_error_set(err, HOOT_EDEADLOCK, "deadlock");
    } else {
        return hoot_error_set(err, HOOT_EDB, "refused: %s", sql);
    }
    return 0;
}

static int fake_run(hoot_link *base, hoot_str sql, const hoot_value *params, size_t count,
                    hoot_answer *answer, hoot_error *err)
{
    fake_link *link = (fake_link *)base;
    char text[64];
    int rc;

    fake_enter(link);
    assert_int_equal(link->rows_left, 0);
    fake.statements++;
    snprintf(text, sizeof(text), "%.*s", (int)sql.len, sql.ptr);
    snprintf(link->tag, sizeof(link->tag), "%d", count ? (int)params[0].i64 : 0);
    *answer = (hoot_answer){ 0 };
    rc = fake_statement(link, text, answer, err);
    link->inside = false;
    return rc;
}

static int fake_next_row(hoot_link *base, const hoot_value **out_cells, hoot_error *err)
{
    fake_link *link = (fake_link *)base;
    int rc = 0;

    fake_enter(link);
    if (link->rows_left && link->slow)
        rc = fake_pause(link, 1, err);
    link->inside = false;
    if (rc)
        return rc;
    if (!link->rows_left)
        return 0;
    link->rows_left--;
    link->cell = hoot_value_text(link->tag);
    *out_cells = &link->cell;
    return 1;
}

static int fake_skip_rows(hoot_link *base)
{
    fake_link *link = (fake_link *)base;

    assert_false(link->inside);
    if (link->rows_left && link->slow) {
        base->unfinished = true;
        return 0;
    }
    link->rows_left = 0;
    return 1;
}

static int fake_recover(hoot_link *base, hoot_error *err)
{
    fake_link *link = (fake_link *)base;
    int rc;

    assert_false(link->inside);
    link->inside = true;
    rc = hoot_sleep(1);
    link->inside = false;
    fake.recovers++;
    if (rc || fake.recover_fails)
        return hoot_error_set(err, rc ? rc : HOOT_ECONNLOST, "not recovered");
    link->rows_left = 0;
    base->unfinished = false;
    return 0;
}

static int fake_reset(hoot_link *base, hoot_error *err)
{
    fake_link *link = (fake_link *)base;
    int rc;

    fake_enter(link);
    fake.resets++;
    rc = fake_pause(link, 1, err);
    link->inside = false;
    if (!rc)
        base->state_changed = base->in_transaction = false;
    return rc;
}

static int fake_ping(hoot_link *base, hoot_error *err)
{
    fake_enter((fake_link *)base);
    ((fake_link *)base)->inside = false;
    (void)err;
    return 0;
}

static int fake_serves(hoot_link *base, bool writes, hoot_error *err)
{
    if (writes && fake.read_only_ports & 1u << base->target->port)
        return hoot_error_set(err, HOOT_EDB, "still read-only");
    return 0;
}

static const hoot_driver fake_driver = {
    .name = "fake",
    .default_port = 1,
    .begin = "begin",
    .commit = "commit",
    .rollback = "rollback",
    .connect = fake_connect,
    .close = fake_close,
    .is_alive = fake_is_alive,
    .run = fake_run,
    .next_row = fake_next_row,
    .skip_rows = fake_skip_rows,
    .recover = fake_recover,
    .reset = fake_reset,
    .ping = fake_ping,
    .serves = fake_serves,
};

/* Setup of each test. */
static int reset_fake(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof(fake));
    (void)hoot_driver_register(&fake_driver);
    hoot_log_set_sink(NULL, NULL);
    return 0;
}

/* Teardown: every connection is closed. */
static int check_fake(void **state)
{
    (void)state;
    hoot_log_set_sink(NULL, NULL);
    return fake.open || fake.connecting ? -1 : 0;
}

#endif
