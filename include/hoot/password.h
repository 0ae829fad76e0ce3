/* Passwords at rest: Argon2id (RFC 9106), computed off the loop. */
#ifndef HOOT_PASSWORD_H
#define HOOT_PASSWORD_H

#include <hoot/error.h>

HOOT_BEGIN_DECLS

/* Longest password taken, bytes; longest encoded hash, terminator included. */
#define HOOT_PASSWORD_MAX_BYTES  1024
#define HOOT_PASSWORD_HASH_BYTES 128

/* What hoot_password_hash() uses: 19 MiB, 2 passes, 1 lane (OWASP's recommendation for Argon2id). */
#define HOOT_PASSWORD_MEMORY_KIB 19456
#define HOOT_PASSWORD_PASSES     2
#define HOOT_PASSWORD_LANES      1

/* Hash a password with a new random salt: "$argon2id$v=19$m=19456,t=2,p=1$...$...". `out`:
 * HOOT_PASSWORD_HASH_BYTES. Suspends: some 20 ms of another thread.  Errors: HOOT_EINVAL too long;
 * HOOT_ENOMEM; HOOT_ETIMEOUT, HOOT_ECANCELED. */
HOOT_API int hoot_password_hash(const char *password, char *out, hoot_error *err);

/* Is it the password of this hash? Hashes of other cost parameters are understood, up to 1 GiB and 64 passes.
 * Suspends.  Gives: 1 yes; 0 no.  Errors: HOOT_EBADINPUT the hash is none of Argon2's, or costs more;
 * HOOT_ENOMEM; HOOT_ETIMEOUT, HOOT_ECANCELED. */
HOOT_API int hoot_password_verify(const char *hash, const char *password, hoot_error *err);

/* Should the password be hashed again at this login: made with less than today's cost, or not Argon2id? */
HOOT_API bool hoot_password_needs_rehash(const char *hash);

HOOT_END_DECLS
#endif
