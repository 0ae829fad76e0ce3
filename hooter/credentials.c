#include "credentials.h"

#include <string.h>

#define LEGACY_CHARS (2 * HOOT_SHA256_BYTES)

/* A hash like those of hoot_password_hash(), of a password that nobody knows. */
static const char nobodys_hash[] =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3Mgc2FsdCE$7QpJHnUNo1RL6ykG1cG4Yp0A2uT3vOeHhTqE3q1b7bI";

static bool is_legacy(const char *hash)
{
    return strlen(hash) == LEGACY_CHARS && strspn(hash, "0123456789abcdefABCDEF") == LEGACY_CHARS;
}

static bool legacy_matches(const char *hash, const char *password)
{
    uint8_t digest[HOOT_SHA256_BYTES];
    char hex[LEGACY_CHARS + 1], lower[LEGACY_CHARS + 1];

    hoot_sha256(hoot_str_from(password), digest);
    hoot_hex(digest, sizeof digest, hex);
    for (size_t i = 0; i <= LEGACY_CHARS; i++)
        lower[i] = hash[i] >= 'A' && hash[i] <= 'F' ? (char)(hash[i] - 'A' + 'a') : hash[i];
    return hoot_equal_secret(hoot_str_from(hex), hoot_str_from(lower));
}

/* The password is known for this moment: keep a better hash of it. A failure is logged and no reason to
 * refuse the login. */
static void hash_again(hoot_pool *pool, const struct user *user, const char *password)
{
    char hash[HOOT_PASSWORD_HASH_BYTES];
    hoot_error err = HOOT_ERROR_INIT;

    if (hoot_password_hash(password, hash, &err) < 0 ||
        user_set_password(pool, user->id, user->password, hash, &err) < 0)
        hoot_log_warning("the password hash of %s was not renewed: %s", user->id, err.text);
}

int credentials_check(hoot_pool *pool, const struct user *user, const char *password, hoot_error *err)
{
    bool legacy = user && is_legacy(user->password);
    int rc = hoot_password_verify(user && !legacy ? user->password : nobodys_hash, password, err);

    if (rc == HOOT_EBADINPUT && user) { /* no fault of the client's: nobody can log in to this account */
        hoot_log_error("the password hash of %s is none that is understood", user->id);
        return 0;
    }
    if (rc < 0)
        return rc;
    if (legacy)
        rc = legacy_matches(user->password, password);
    if (rc != 1 || !user)
        return 0;
    if (hoot_password_needs_rehash(user->password))
        hash_again(pool, user, password);
    return 1;
}
