/* Passwords: Argon2 (RFC 9106) by libargon2, on a thread of the work pool.
 *
 * A stored hash is taken apart here, not by the library: its cost is checked before any memory is asked for,
 * and its lanes are computed one after another, whatever their number, where the library would start a thread
 * for each.
 *
 *     $argon2id$v=19$m=19456,t=2,p=1$SALT$HASH      both in base64 without padding; without v=: version 16 */
#include <hoot/password.h>

#include "runtime/waitq.h"

#include <hoot/crypto.h>
#include <hoot/offload.h>

#include <argon2.h>
#include <stdlib.h>
#include <string.h>

enum {
    SALT_BYTES = 16,
    HASH_BYTES = 32,
    MAX_MEMORY_KIB = 1024 * 1024,
    MAX_PASSES = 64,
    MAX_LANES = 64,
    MAX_FIELD_BYTES = 64, /* of a stored salt or hash */
};

typedef struct stored_hash {
    argon2_type type;
    uint32_t version, memory_kib, passes, lanes;
    uint8_t salt[MAX_FIELD_BYTES], hash[MAX_FIELD_BYTES];
    size_t salt_bytes, hash_bytes;
} stored_hash;

/* --- reading a stored hash --- */

static bool take(hoot_str *text, hoot_str word)
{
    if (!hoot_str_starts(*text, word))
        return false;
    *text = hoot_str_from_index(*text, word.len);
    return true;
}

/* A decimal number without needless zeros. */
static bool take_number(hoot_str *text, uint32_t *out)
{
    size_t digits = 0;
    uint64_t number;

    while (digits < text->len && text->ptr[digits] >= '0' && text->ptr[digits] <= '9')
        digits++;
    if ((digits > 1 && text->ptr[0] == '0') || hoot_str_to_u64(hoot_str_head(*text, digits), &number) < 0 ||
        number > UINT32_MAX)
        return false;
    *text = hoot_str_from_index(*text, digits);
    *out = (uint32_t)number;
    return true;
}

/* Base64 without padding: the alphabet of base64url but for two digits, which may not stand here. */
static bool take_bytes(hoot_str *text, uint8_t *out, size_t *out_bytes)
{
    char digits[MAX_FIELD_BYTES / 3 * 4 + 4];
    hoot_buf bytes = { .data = (char *)out, .capacity = MAX_FIELD_BYTES, .max_bytes = MAX_FIELD_BYTES };
    ptrdiff_t dollar = hoot_str_find(*text, '$');
    hoot_str field = hoot_str_head(*text, dollar < 0 ? text->len : (size_t)dollar);

    if (field.len > sizeof(digits) || hoot_str_find(field, '-') >= 0 || hoot_str_find(field, '_') >= 0)
        return false;
    for (size_t i = 0; i < field.len; i++)
        digits[i] = field.ptr[i] == '+' ? '-' : field.ptr[i] == '/' ? '_' : field.ptr[i];
    *text = hoot_str_from_index(*text, field.len);
    if (hoot_base64url_decode(hoot_str_of(digits, field.len), &bytes) < 0)
        return false;
    *out_bytes = bytes.len;
    return true;
}

static bool take_type(hoot_str *text, argon2_type *out)
{
    if (take(text, HOOT_STR("$argon2id$")))
        *out = Argon2_id;
    else if (take(text, HOOT_STR("$argon2i$")))
        *out = Argon2_i;
    else if (take(text, HOOT_STR("$argon2d$")))
        *out = Argon2_d;
    else
        return false;
    return true;
}

static bool take_version(hoot_str *text, uint32_t *out)
{
    *out = ARGON2_VERSION_10;
    if (!take(text, HOOT_STR("v=")))
        return true;
    return take_number(text, out) && take(text, HOOT_STR("$")) &&
           (*out == ARGON2_VERSION_10 || *out == ARGON2_VERSION_13);
}

static bool take_cost(hoot_str *text, stored_hash *out)
{
    return take(text, HOOT_STR("m=")) && take_number(text, &out->memory_kib) && take(text, HOOT_STR(",t=")) &&
           take_number(text, &out->passes) && take(text, HOOT_STR(",p=")) && take_number(text, &out->lanes);
}

static bool parse(const char *hash, stored_hash *out)
{
    hoot_str text = hoot_str_from(hash);

    return take_type(&text, &out->type) && take_version(&text, &out->version) && take_cost(&text, out) &&
           take(&text, HOOT_STR("$")) && take_bytes(&text, out->salt, &out->salt_bytes) &&
           take(&text, HOOT_STR("$")) && take_bytes(&text, out->hash, &out->hash_bytes) && text.len == 0 &&
           out->salt_bytes >= ARGON2_MIN_SALT_LENGTH && out->hash_bytes >= ARGON2_MIN_OUTLEN &&
           out->passes >= 1 && out->lanes >= 1 && out->memory_kib / 8 >= out->lanes;
}

static bool is_affordable(const stored_hash *stored)
{
    return stored->memory_kib <= MAX_MEMORY_KIB && stored->passes <= MAX_PASSES && stored->lanes <= MAX_LANES;
}

/* --- off the loop --- */

typedef struct hash_job {
    const char *password;
    uint8_t salt[SALT_BYTES];
    char *out;
} hash_job;

static int code_of(int argon2_result)
{
    if (argon2_result == ARGON2_OK)
        return 0;
    return argon2_result == ARGON2_MEMORY_ALLOCATION_ERROR ? HOOT_ENOMEM : HOOT_EINVAL;
}

static int hash_on_thread(void *arg)
{
    hash_job *job = arg;

    return code_of(argon2id_hash_encoded(HOOT_PASSWORD_PASSES, HOOT_PASSWORD_MEMORY_KIB, HOOT_PASSWORD_LANES,
                                         job->password, strlen(job->password), job->salt, sizeof(job->salt),
                                         HASH_BYTES, job->out, HOOT_PASSWORD_HASH_BYTES));
}

typedef struct verify_job {
    const char *password;
    stored_hash stored;
} verify_job;

/* Gives: 1 the same; 0 not; a negative code. */
static int verify_on_thread(void *arg)
{
    verify_job *job = arg;
    stored_hash *stored = &job->stored;
    uint8_t computed[MAX_FIELD_BYTES];
    argon2_context context = {
        .out = computed,
        .outlen = (uint32_t)stored->hash_bytes,
        .pwd = (uint8_t *)(uintptr_t)job->password, /* read only, without the flag that clears it */
        .pwdlen = (uint32_t)strlen(job->password),
        .salt = stored->salt,
        .saltlen = (uint32_t)stored->salt_bytes,
        .t_cost = stored->passes,
        .m_cost = stored->memory_kib,
        .lanes = stored->lanes,
        .threads = 1,
        .version = stored->version,
    };
    int rc = code_of(argon2_ctx(&context, stored->type));

    if (rc == 0)
        rc = hoot_equal_secret(hoot_str_of(computed, stored->hash_bytes),
                               hoot_str_of(stored->hash, stored->hash_bytes));
    hoot_wipe(computed, sizeof(computed));
    return rc;
}

/* --- on a thread --- */

/* Hashes that run, and the tasks in line for one. They may take half of the work pool: what else goes there
 * (SQLite with a transaction open, names, files) must not stand in line behind a row of logins. One loop a
 * thread, so one line a thread. */
static _Thread_local struct {
    unsigned running;
    hoot__waitq line;
} hashing;

static unsigned most_at_once(void)
{
    const char *text = getenv("UV_THREADPOOL_SIZE");
    int threads = text ? atoi(text) : 4; /* libuv's own default */

    return threads > 3 ? (unsigned)threads / 2 : 1;
}

/* Suspends: until it is its turn, and then until it is done. Errors: as hoot_offload(). */
static int on_thread(hoot_offload_fn fn, void *job)
{
    hoot__waitq_entry entry;
    int rc;

    if (hashing.running >= most_at_once()) {
        rc = hoot__waitq_wait(&hashing.line, &entry); /* woken: the place of the one before */
        if (rc < 0)
            return rc;
    } else {
        hashing.running++;
    }
    rc = hoot_offload(fn, job);
    if (!hoot__waitq_wake_first(&hashing.line, 0))
        hashing.running--;
    return rc;
}

int hoot_password_hash(const char *password, char *out, hoot_error *err)
{
    char encoded[HOOT_PASSWORD_HASH_BYTES] = "";
    hash_job job = { .password = password, .out = encoded };
    int rc;

    if (strlen(password) > HOOT_PASSWORD_MAX_BYTES)
        return hoot_error_set(err, HOOT_EINVAL, "a password may have at most %d bytes",
                              HOOT_PASSWORD_MAX_BYTES);
    hoot_random(job.salt, sizeof(job.salt));
    rc = on_thread(hash_on_thread, &job);
    if (rc < 0)
        return hoot_error_set(err, rc, "hashing a password: %s", hoot_error_text(rc));
    memcpy(out, encoded, sizeof(encoded));
    return 0;
}

int hoot_password_verify(const char *hash, const char *password, hoot_error *err)
{
    verify_job job = { .password = password };
    int rc;

    if (!parse(hash, &job.stored))
        return hoot_error_set(err, HOOT_EBADINPUT, "the stored password hash is none of Argon2's");
    if (!is_affordable(&job.stored))
        return hoot_error_set(err, HOOT_EBADINPUT,
                              "the stored password hash costs more than %d MiB, %d passes or %d lanes",
                              MAX_MEMORY_KIB / 1024, MAX_PASSES, MAX_LANES);
    if (strlen(password) > HOOT_PASSWORD_MAX_BYTES)
        return 0;
    rc = on_thread(verify_on_thread, &job);
    hoot_wipe(&job, sizeof(job));
    if (rc < 0)
        return hoot_error_set(err, rc, "verifying a password: %s", hoot_error_text(rc));
    return rc;
}

bool hoot_password_needs_rehash(const char *hash)
{
    stored_hash stored;

    return !parse(hash, &stored) || stored.type != Argon2_id || stored.version != ARGON2_VERSION_13 ||
           stored.memory_kib < HOOT_PASSWORD_MEMORY_KIB || stored.passes < HOOT_PASSWORD_PASSES;
}
