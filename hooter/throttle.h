/* Slowing down whoever guesses passwords, per account and per address.
 *
 * The counts are in the database, so that all workers and machines see the same. A few failures are free;
 * after them each failure makes the next try wait twice as long, up to a minute: guessing gets hopeless, and
 * nobody can lock a person out for long. */
#ifndef HOOTER_THROTTLE_H
#define HOOTER_THROTTLE_H

#include <hoot/hoot.h>

/* Count a try for an account before its password is checked, so that tries at the same time are counted too.
 * Suspends.  Gives: 0 go on; over 0 the seconds to wait, and nothing was counted.  Errors: negative. */
int throttle_account_try(hoot_pool *pool, const char *email, hoot_error *err);

/* The try was right: forget the account's failures. */
int throttle_account_right(hoot_pool *pool, const char *email, hoot_error *err);

/* Must this address wait? As throttle_account_try(), but counts nothing. `free_failures` 0: never. */
int throttle_address_check(hoot_pool *pool, const char *address, uint32_t free_failures, hoot_error *err);

/* A try from this address was wrong. */
int throttle_address_wrong(hoot_pool *pool, const char *address, uint32_t free_failures, hoot_error *err);

/* Remove what counts no more. Suspends. */
int throttle_forget_old(hoot_pool *pool, hoot_error *err);

#endif
