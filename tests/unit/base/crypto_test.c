/* Digests against FIPS 180 (NIST's examples), RFC 2202 and RFC 4231. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <hoot/crypto.h>

#include "base/hmac.h"

#include <ctype.h>
#include <stdlib.h>

static void assert_hex(const uint8_t *bytes, size_t len, const char *expected)
{
    char text[2 * HOOT_SHA256_BYTES + 1];

    hoot_hex(bytes, len, text);
    assert_string_equal(text, expected);
}

static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

static void sha1_gives_the_examples_of_fips_180(void **state)
{
    uint8_t digest[HOOT_SHA1_BYTES];

    (void)state;
    hoot_sha1(HOOT_STR("abc"), digest);
    assert_hex(digest, sizeof(digest), "a9993e364706816aba3e25717850c26c9cd0d89d");
    hoot_sha1(hoot_str_from(two_blocks), digest);
    assert_hex(digest, sizeof(digest), "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    hoot_sha1(hoot_str_of(NULL, 0), digest);
    assert_hex(digest, sizeof(digest), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

static void sha256_gives_the_examples_of_fips_180(void **state)
{
    uint8_t digest[HOOT_SHA256_BYTES];

    (void)state;
    hoot_sha256(HOOT_STR("abc"), digest);
    assert_hex(digest, sizeof(digest), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hoot_sha256(hoot_str_from(two_blocks), digest);
    assert_hex(digest, sizeof(digest), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    hoot_sha256(HOOT_STR(""), digest);
    assert_hex(digest, sizeof(digest), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void digests_a_million_letters(void **state)
{
    char *text = malloc(1000000);
    uint8_t digest[HOOT_SHA256_BYTES];

    (void)state;
    memset(text, 'a', 1000000);
    hoot_sha1(hoot_str_of(text, 1000000), digest);
    assert_hex(digest, HOOT_SHA1_BYTES, "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
    hoot_sha256(hoot_str_of(text, 1000000), digest);
    assert_hex(digest, HOOT_SHA256_BYTES, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(text);
}

/* One byte `times` times, for keys and data of the RFCs' cases. */
static hoot_str run(char *buffer, int byte, size_t times)
{
    memset(buffer, byte, times);
    return hoot_str_of(buffer, times);
}

#define LONG_KEY_TEXT  "Test Using Larger Than Block-Size Key - Hash Key First"
#define LONG_DATA_TEXT "Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data"

static void hmac_sha1_gives_the_cases_of_rfc_2202(void **state)
{
    char key[80], data[50];
    uint8_t mac[HOOT_SHA1_BYTES];

    (void)state;
    hoot_hmac_sha1(run(key, 0x0b, 20), HOOT_STR("Hi There"), mac);
    assert_hex(mac, sizeof(mac), "b617318655057264e28bc0b6fb378c8ef146be00");
    hoot_hmac_sha1(HOOT_STR("Jefe"), HOOT_STR("what do ya want for nothing?"), mac);
    assert_hex(mac, sizeof(mac), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    hoot_hmac_sha1(run(key, 0xaa, 20), run(data, 0xdd, 50), mac);
    assert_hex(mac, sizeof(mac), "125d7342b9ac11cd91a39af48aa17b4f63f175d3");
    hoot_hmac_sha1(run(key, 0xaa, 80), HOOT_STR(LONG_KEY_TEXT), mac);
    assert_hex(mac, sizeof(mac), "aa4ae5e15272d00e95705637ce8a3b55ed402112");
    hoot_hmac_sha1(run(key, 0xaa, 80), HOOT_STR(LONG_DATA_TEXT), mac);
    assert_hex(mac, sizeof(mac), "e8e99d0f45237d786d6bbaa7965c7808bbff1a91");
}

static void hmac_sha256_gives_the_cases_of_rfc_4231(void **state)
{
    char key[131], data[50];
    uint8_t mac[HOOT_SHA256_BYTES];

    (void)state;
    hoot_hmac_sha256(run(key, 0x0b, 20), HOOT_STR("Hi There"), mac);
    assert_hex(mac, sizeof(mac), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    hoot_hmac_sha256(HOOT_STR("Jefe"), HOOT_STR("what do ya want for nothing?"), mac);
    assert_hex(mac, sizeof(mac), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    hoot_hmac_sha256(run(key, 0xaa, 20), run(data, 0xdd, 50), mac);
    assert_hex(mac, sizeof(mac), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    hoot_hmac_sha256(run(key, 0xaa, 131), HOOT_STR(LONG_KEY_TEXT), mac);
    assert_hex(mac, sizeof(mac), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void a_prepared_key_is_used_many_times(void **state)
{
    hoot__hmac_key key;
    uint8_t mac[HOOT_SHA256_BYTES];

    (void)state;
    hoot__hmac_key_init(&key, HOOT__SHA1, HOOT_STR("Jefe"));
    for (int i = 0; i < 3; i++) {
        hoot__hmac_key_mac(&key, HOOT_STR("what do ya want for nothing?"), mac);
        assert_hex(mac, HOOT_SHA1_BYTES, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
        hoot__hmac_key_mac(&key, HOOT_STR("something else"), mac);
    }
    hoot__hmac_key_fini(&key);
    for (size_t i = 0; i < sizeof(key); i++)
        assert_int_equal(((const unsigned char *)&key)[i], 0);
    hoot__hmac_key_fini(NULL);
}

static void uuids_have_their_form_and_differ(void **state)
{
    char one[HOOT_UUID_CHARS + 1], other[HOOT_UUID_CHARS + 1];

    (void)state;
    hoot_uuid4(one);
    hoot_uuid4(other);
    assert_int_equal(strlen(one), HOOT_UUID_CHARS);
    for (int i = 0; i < HOOT_UUID_CHARS; i++) {
        if (i == 8 || i == 13 || i == 18 || i == 23)
            assert_int_equal(one[i], '-');
        else
            assert_true(isdigit((unsigned char)one[i]) || (one[i] >= 'a' && one[i] <= 'f'));
    }
    assert_int_equal(one[14], '4');
    assert_non_null(strchr("89ab", one[19]));
    assert_string_not_equal(one, other);
}

static void random_fills_every_byte(void **state)
{
    unsigned char seen[300] = { 0 }, bytes[300];

    (void)state;
    for (int round = 0; round < 20; round++) {
        hoot_random(bytes, sizeof(bytes));
        for (size_t i = 0; i < sizeof(bytes); i++)
            seen[i] |= bytes[i];
    }
    for (size_t i = 0; i < sizeof(seen); i++)
        assert_int_not_equal(seen[i], 0);
    hoot_random(NULL, 0);
}

static void secrets_are_equal_byte_for_byte(void **state)
{
    (void)state;
    assert_true(hoot_equal_secret(HOOT_STR("owl"), HOOT_STR("owl")));
    assert_false(hoot_equal_secret(HOOT_STR("owl"), HOOT_STR("owk")));
    assert_false(hoot_equal_secret(HOOT_STR("owl"), HOOT_STR("owls")));
    assert_true(hoot_equal_secret(hoot_str_of(NULL, 0), HOOT_STR("")));
}

static void wipes(void **state)
{
    char secret[16] = "a night owl";

    (void)state;
    hoot_wipe(secret, sizeof(secret));
    for (size_t i = 0; i < sizeof(secret); i++)
        assert_int_equal(secret[i], 0);
    hoot_wipe(NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha1_gives_the_examples_of_fips_180),
        cmocka_unit_test(sha256_gives_the_examples_of_fips_180),
        cmocka_unit_test(digests_a_million_letters),
        cmocka_unit_test(hmac_sha1_gives_the_cases_of_rfc_2202),
        cmocka_unit_test(hmac_sha256_gives_the_cases_of_rfc_4231),
        cmocka_unit_test(a_prepared_key_is_used_many_times),
        cmocka_unit_test(uuids_have_their_form_and_differ),
        cmocka_unit_test(random_fills_every_byte),
        cmocka_unit_test(secrets_are_equal_byte_for_byte),
        cmocka_unit_test(wipes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
