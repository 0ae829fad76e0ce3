/* Argon2 hashes made elsewhere, and what may not be computed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <hoot/group.h>
#include <hoot/password.h>
#include <hoot/task.h>

#include "runtime/task.h"

#include <string.h>

/* Debian's argon2: printf %s owl-17 | argon2 mousemouse OPTIONS -e. The last is python3-argon2's
 * PasswordHasher(time_cost=1, memory_cost=64, parallelism=4).hash("owl-17"). */
static const char *const made_elsewhere[] = {
    "$argon2id$v=19$m=1024,t=2,p=1$bW91c2Vtb3VzZQ$VAGJBwrRgK1Kqvz/9c60T1uqAvw8VaI9Ixsdfo9TDSQ",
    "$argon2id$v=19$m=19456,t=2,p=1$bW91c2Vtb3VzZQ$Ko1A9HBKdTMvUkv4AgfSP/JDLHWHaMfhn2dCW7EzqIE",
    "$argon2id$v=19$m=256,t=3,p=4$bW91c2Vtb3VzZQ$Wq+yplRM5haUdCwhFiNjcMyemcYN8UzKGzu393ldBrE",
    "$argon2i$v=19$m=256,t=3,p=1$bW91c2Vtb3VzZQ$UwRt6jI9ISq6cxN4GWB8vNW+14RizFmTAAzsfEdnw5g",
    "$argon2d$v=19$m=256,t=2,p=2$bW91c2Vtb3VzZQ$4Qn1UalmpTNci/dtk2/j6Lr57PpzJnQfVAn5fMXAuSE",
    "$argon2i$v=16$m=256,t=3,p=1$bW91c2Vtb3VzZQ$yz84vzwzTtyQ1PhZZO8aopV9a/xDp4MxfsnU1iZTEcU",
    "$argon2id$v=19$m=64,t=1,p=1$bW91c2Vtb3VzZQ$/c9LcA",
    ("$argon2id$v=19$m=64,t=1,p=1$bW91c2Vtb3VzZQ$nuVRpSJWKDUkJavf+KOiL921m5pKRq0as0Kui5UeNfEk/"
     "Rkz3lXaoLO9j5Sf9fEU7nSjY9tr6v2RMQMU+Bak8g"),
    "$argon2id$v=19$m=64,t=1,p=4$ZbDtGzOuZjaFIbljWlzxaw$IAYhAE8liIBZVVwT1RQ1hA",
};

static int run(hoot_task_fn fn)
{
    hoot_error err = HOOT_ERROR_INIT;

    return hoot_run(fn, NULL, &err);
}

static int verify_all(hoot_error *err, void *arg)
{
    (void)arg;
    for (size_t i = 0; i < sizeof(made_elsewhere) / sizeof(made_elsewhere[0]); i++) {
        assert_int_equal(hoot_password_verify(made_elsewhere[i], "owl-17", err), 1);
        assert_int_equal(hoot_password_verify(made_elsewhere[i], "owl-18", err), 0);
        assert_int_equal(hoot_password_verify(made_elsewhere[i], "", err), 0);
    }
    return 0;
}

static void verifies_hashes_of_other_implementations(void **state)
{
    (void)state;
    assert_int_equal(run(verify_all), 0);
}

static int hash_and_verify(hoot_error *err, void *arg)
{
    char first[HOOT_PASSWORD_HASH_BYTES], second[HOOT_PASSWORD_HASH_BYTES];

    (void)arg;
    assert_int_equal(hoot_password_hash("owl-17", first, err), 0);
    assert_int_equal(hoot_password_hash("owl-17", second, err), 0);
    assert_string_not_equal(first, second); /* another salt */
    assert_int_equal(strncmp(first, "$argon2id$v=19$m=19456,t=2,p=1$", 31), 0);
    assert_int_equal(hoot_password_verify(first, "owl-17", err), 1);
    assert_int_equal(hoot_password_verify(first, "owl-1", err), 0);
    assert_false(hoot_password_needs_rehash(first));
    return 0;
}

static void verifies_its_own_hashes(void **state)
{
    (void)state;
    assert_int_equal(run(hash_and_verify), 0);
}

static int verify_nonsense(hoot_error *err, void *arg)
{
    static const char *const hashes[] = {
        "",
        "$",
        "owl-17",
        "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8",
        "$2b$12$abcdefghijklmnopqrstuv",
        "$argon2x$v=19$m=64,t=1,p=1$bW91c2Vtb3VzZQ$aGFzaGhhc2g",
        "$argon2id$v=18$m=64,t=1,p=1$bW91c2Vtb3VzZQ$aGFzaGhhc2g",
        "$argon2id$v=19$m=64,t=1,p=1$bW91c2Vtb3VzZQ",
        "$argon2id$v=19$m=64,t=1,p=1$bW91c2Vtb3VzZQ$",
        "$argon2id$v=19$m=64,t=1,p=1$bW91c2U$aGFzaGhhc2g",
        "$argon2id$v=19$m=64,t=0,p=1$bW91c2Vtb3VzZQ$aGFzaGhhc2g",
        "$argon2id$v=19$m=7,t=1,p=1$bW91c2Vtb3VzZQ$aGFzaGhhc2g",
        "$argon2id$v=19$m=64,t=1,p=0$bW91c2Vtb3VzZQ$aGFzaGhhc2g",
        "$argon2id$v=19$m=064,t=1,p=1$bW91c2Vtb3VzZQ$aGFzaGhhc2g",
        "$argon2id$v=19$m=64,t=1,p=1$bW91c2Vtb3VzZQ==$aGFzaGhhc2g",
        "$argon2id$v=19$m=64,t=1,p=1$bW91c2Vtb3Vz_Q$aGFzaGhhc2g",
        "$argon2id$v=19$m=64,t=1,p=1$bW91c2Vtb3VzZQ$aGFzaGhhc2g$more",
        "$argon2id$v=19$m=99999999999,t=1,p=1$bW91c2Vtb3VzZQ$aGFzaGhhc2g",
        /* 65 bytes of hash */
        ("$argon2id$v=19$m=64,t=1,p=1$bW91c2Vtb3VzZQ$"
         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        /* cost */
        "$argon2id$v=19$m=1048577,t=1,p=1$bW91c2Vtb3VzZQ$aGFzaGhhc2g",
        "$argon2id$v=19$m=4294967295,t=1,p=1$bW91c2Vtb3VzZQ$aGFzaGhhc2g",
        "$argon2id$v=19$m=64,t=65,p=1$bW91c2Vtb3VzZQ$aGFzaGhhc2g",
        "$argon2id$v=19$m=1024,t=1,p=65$bW91c2Vtb3VzZQ$aGFzaGhhc2g",
    };

    (void)arg;
    for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
        hoot_error_clear(err);
        assert_int_equal(hoot_password_verify(hashes[i], "owl-17", err), HOOT_EBADINPUT);
        assert_int_equal(err->code, HOOT_EBADINPUT);
        assert_true(i >= 19 || hoot_password_needs_rehash(hashes[i]));
    }
    hoot_error_clear(err);
    return 0;
}

static void refuses_what_is_no_hash_or_costs_too_much(void **state)
{
    (void)state;
    assert_int_equal(run(verify_nonsense), 0);
}

static int use_long_password(hoot_error *err, void *arg)
{
    char out[HOOT_PASSWORD_HASH_BYTES] = "untouched", password[HOOT_PASSWORD_MAX_BYTES + 2];

    (void)arg;
    memset(password, 'x', sizeof(password));
    password[HOOT_PASSWORD_MAX_BYTES + 1] = '\0';
    assert_int_equal(hoot_password_hash(password, out, err), HOOT_EINVAL);
    assert_string_equal(out, "untouched");
    assert_int_equal(hoot_password_verify(made_elsewhere[0], password, err), 0);
    password[HOOT_PASSWORD_MAX_BYTES] = '\0';
    assert_int_equal(hoot_password_verify(made_elsewhere[0], password, err), 0);
    hoot_error_clear(err);
    assert_int_equal(hoot_password_hash(password, out, err), 0);
    assert_int_equal(hoot_password_verify(out, password, err), 1);
    return 0;
}

static void takes_passwords_of_1024_bytes(void **state)
{
    (void)state;
    assert_int_equal(run(use_long_password), 0);
}

static int hash_when_canceled(hoot_error *err, void *arg)
{
    char out[HOOT_PASSWORD_HASH_BYTES] = "untouched";

    (void)arg;
    hoot__task_cancel(hoot_current_task());
    assert_int_equal(hoot_password_hash("owl-17", out, err), HOOT_ECANCELED);
    assert_string_equal(out, "untouched");
    assert_int_equal(err->code, HOOT_ECANCELED);
    assert_int_equal(hoot_password_verify(made_elsewhere[0], "owl-17", err), HOOT_ECANCELED);
    return 0;
}

static void does_not_start_in_a_canceled_task(void **state)
{
    (void)state;
    assert_int_equal(run(hash_when_canceled), 0);
}

static int hash_past_deadline(hoot_error *err, void *arg)
{
    char out[HOOT_PASSWORD_HASH_BYTES];

    (void)arg;
    hoot__task_set_deadline(hoot_current_task(), 0);
    assert_int_equal(hoot_password_hash("owl-17", out, err), HOOT_ETIMEOUT);
    assert_int_equal(hoot_password_verify(made_elsewhere[0], "owl-17", err), HOOT_ETIMEOUT);
    return 0;
}

static void does_not_start_past_the_deadline(void **state)
{
    (void)state;
    assert_int_equal(run(hash_past_deadline), 0);
}

static int hash_in_group(hoot_error *err, void *arg)
{
    char *out = arg;

    return hoot_password_hash("owl-17", out, err);
}

/* More of them than the pool has threads, canceled while some run: none leaves before its thread is done. */
static int cancel_a_group(hoot_error *err, void *arg)
{
    char hashes[8][HOOT_PASSWORD_HASH_BYTES] = { "" };
    hoot_group *group = hoot_group_new(err);

    (void)arg;
    assert_non_null(group);
    for (int i = 0; i < 8; i++)
        assert_int_equal(hoot_group_start(group, hash_in_group, hashes[i], err), 0);
    assert_int_equal(hoot_yield(), 0);
    hoot_group_cancel(group);
    assert_int_equal(hoot_group_join(group, NULL), HOOT_ECANCELED);
    hoot_group_free(group);
    for (int i = 0; i < 8; i++)
        assert_true(hashes[i][0] == '\0' || !hoot_password_needs_rehash(hashes[i]));
    hoot_error_clear(err);
    return 0;
}

static void waits_for_its_thread_when_canceled(void **state)
{
    (void)state;
    assert_int_equal(run(cancel_a_group), 0);
}

static void asks_for_a_rehash_of_what_is_weaker(void **state)
{
    static const char tail[] = "$bW91c2Vtb3VzZW1vdXNlMQ$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g";
    static const struct {
        const char *head;
        bool weaker;
    } cases[] = {
        { "$argon2id$v=19$m=19456,t=2,p=1", false }, { "$argon2id$v=19$m=65536,t=3,p=4", false },
        { "$argon2id$v=19$m=19455,t=2,p=1", true },  { "$argon2id$v=19$m=19456,t=1,p=1", true },
        { "$argon2id$v=16$m=19456,t=2,p=1", true },  { "$argon2id$m=19456,t=2,p=1", true },
        { "$argon2i$v=19$m=19456,t=2,p=1", true },   { "$argon2d$v=19$m=19456,t=2,p=1", true },
    };
    char hash[200];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        strcpy(hash, cases[i].head);
        strcat(hash, tail);
        assert_int_equal(hoot_password_needs_rehash(hash), cases[i].weaker);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verifies_hashes_of_other_implementations),
        cmocka_unit_test(verifies_its_own_hashes),
        cmocka_unit_test(refuses_what_is_no_hash_or_costs_too_much),
        cmocka_unit_test(takes_passwords_of_1024_bytes),
        cmocka_unit_test(does_not_start_in_a_canceled_task),
        cmocka_unit_test(does_not_start_past_the_deadline),
        cmocka_unit_test(waits_for_its_thread_when_canceled),
        cmocka_unit_test(asks_for_a_rehash_of_what_is_weaker),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
