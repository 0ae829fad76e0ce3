/* Is this the password of that user? */
#ifndef HOOTER_CREDENTIALS_H
#define HOOTER_CREDENTIALS_H

#include "users.h"

/* Check a password against a user's hash, or, when `user` is NULL, against nobody's at the same cost, so that
 * the time does not tell whether an account exists. A hash of the service's Python days (unsalted SHA-256 in
 * hex) is replaced when the password is right. Suspends.  Gives: 1 it is; 0 it is not.  Errors: negative. */
int credentials_check(hoot_pool *pool, const struct user *user, const char *password, hoot_error *err);

#endif
