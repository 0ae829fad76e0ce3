/* Users, as the database keeps them. Every function suspends; texts live as long as the request. */
#ifndef HOOTER_USERS_H
#define HOOTER_USERS_H

#include <hoot/hoot.h>

/* Bytes of a user id with its end: "user_", 18 characters of a UUID, YYYYMMDD. */
#define USER_ID_BYTES (5 + 18 + 8 + 1)

struct user {
    const char *id, *name, *email, *number, *password, *designation, *access;
};

/* Errors: HOOT_ENOTFOUND; otherwise the database's, in `err`. */
int user_by_email(hoot_pool *pool, const char *email, struct user *out, hoot_error *err);
int user_by_id(hoot_pool *pool, const char *id, struct user *out, hoot_error *err);

/* Adds the user; its id is made here, `password` is a hash. Errors: HOOT_EDUPLICATE the email is taken. */
int user_add(hoot_pool *pool, const struct user *user, hoot_error *err);

/* Replace the password's hash, if it is still `old_hash`. */
int user_set_password(hoot_pool *pool, const char *id, const char *old_hash, const char *new_hash,
                      hoot_error *err);

#endif
