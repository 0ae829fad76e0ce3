/* Slowing down whoever guesses passwords, per account and per address.
 *
 * The counts are in the database, so that all workers and machines see the same. A few failures are free;
 * after them each failure makes the next try wait twice as long, up to a minute: guessing gets hopeless, and
 * nobody can lock a person out for long. Only a wrong password counts; so that many tries at the same time
 * do not all come before the first count, the caller lets an account's tries wait for one another. */
#ifndef HOOTER_THROTTLE_H
#define HOOTER_THROTTLE_H

#include <hoot/hoot.h>

/* Who is counted. */
struct throttle_subject {
    const char *kind; /* "account" or "address" */
    const char *who;
    uint32_t free_failures; /* 0: never slowed down */
};

/* Must the subject wait before its next try? Suspends.
 * Gives: 0: no; over 0: so many seconds; and whether there are failures to forget.  Errors: negative. */
int throttle_check(hoot_pool *pool, const struct throttle_subject *subject, bool *out_has_failures,
                   hoot_error *err);

/* Its password was wrong. Suspends. */
int throttle_wrong(hoot_pool *pool, const struct throttle_subject *subject, hoot_error *err);

/* Its password was right: its failures are forgotten. Suspends. */
int throttle_right(hoot_pool *pool, const struct throttle_subject *subject, hoot_error *err);

/* Remove what counts no more. Suspends. */
int throttle_forget_old(hoot_pool *pool, hoot_error *err);

#endif
