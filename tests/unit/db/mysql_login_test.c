/* Logging in, against a server that plays each plugin. The proofs were computed with Python's hashlib by the
 * formulas in the protocol's documentation (that of ed25519 by a plain implementation of RFC 8032), and agree
 * with those of PyMySQL 1.0.2
 * (_auth.scramble_native_password, scramble_caching_sha2): password "secret é" in UTF-8, seed 01 02 ... 14
 * (hex). The RSA path is checked by decrypting with OpenSSL what the client sent. */
#include "mysql_fake.h"

#include "db/mysql/auth.h"

#include <hoot/crypto.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#define NATIVE_PROOF "2c05854a5c07d4f446b2c25c3ae7395068f702b5"
#define SHA2_PROOF   "c1818ea001abf0cd9821772632cce1e2fe0320cd86ab4374837f15b2cb292cca"
#define ED25519_PROOF                                                                                        \
    "25c888098ee3482c704ef9cb33511c38c3f7c3efce6df63b339c89157339bc07"                                       \
    "42a4e2730b02f6f5a3450c7ff26ed9ae4d49017e9c424129a5f15b09cde7ed07"
#define PASSWORD "secret \xC3\xA9"

static const uint8_t seed[FAKE_SEED] = {
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20
};
#define LONG_SEED_TEXT SEED_TEXT "\25\26\27\30\31\32\33\34\35\36\37\40"
#define SEED_TEXT      "\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\20\21\22\23\24"

static void proofs_are_those_of_other_clients(void **state)
{
    uint8_t proof[HOOT__MY_PROOF_MAX];
    char hex[2 * HOOT__MY_PROOF_MAX + 1];

    (void)state;
    hoot__my_native_proof(HOOT_STR(PASSWORD), seed, proof);
    hoot_hex(proof, HOOT_SHA1_BYTES, hex);
    assert_string_equal(hex, NATIVE_PROOF);
    hoot__my_sha2_proof(HOOT_STR(PASSWORD), seed, proof);
    hoot_hex(proof, HOOT_SHA256_BYTES, hex);
    assert_string_equal(hex, SHA2_PROOF);
    assert_true(hoot__my_ed25519_proof(HOOT_STR(PASSWORD), (const uint8_t *)LONG_SEED_TEXT, proof));
    hoot_hex(proof, sizeof(proof), hex);
    assert_string_equal(hex, ED25519_PROOF);
}

/* --- what the client sent --- */

static hoot_str heard_packet(const fake_run *run, size_t which)
{
    hoot__my_in in = hoot__my_in_of(run->server.heard.data, run->server.heard.len);

    for (;;) {
        uint32_t len = hoot__my_u24(&in);
        hoot_str payload;

        (void)hoot__my_u8(&in);
        payload = hoot__my_bytes(&in, len);
        assert_false(in.failed);
        if (which-- == 0)
            return payload;
    }
}

static bool heard_somewhere(const fake_run *run, const void *bytes, size_t len)
{
    return run->server.heard.len > 0 &&
           memmem(run->server.heard.data, run->server.heard.len, bytes, len) != NULL;
}

static void expect_hex(hoot_str bytes, const char *hex)
{
    char text[160];

    assert_true(bytes.len < sizeof(text) / 2);
    hoot_hex(bytes.ptr, bytes.len, text);
    assert_string_equal(text, hex);
}

/* The parts of the answer to the greeting. */
typedef struct response {
    uint32_t capabilities;
    hoot_str user, proof, database, plugin, attributes;
} response;

static response heard_response(const fake_run *run)
{
    hoot_str packet = heard_packet(run, 0);
    hoot__my_in in = hoot__my_in_of(packet.ptr, packet.len);
    response r = { 0 };

    r.capabilities = hoot__my_u32(&in);
    hoot__my_skip(&in, 4 + 1 + 23);
    r.user = hoot__my_nul_str(&in);
    r.proof = hoot__my_lenenc_str(&in);
    if (r.capabilities & HOOT__MY_CAP_CONNECT_WITH_DB)
        r.database = hoot__my_nul_str(&in);
    if (r.capabilities & HOOT__MY_CAP_PLUGIN_AUTH)
        r.plugin = hoot__my_nul_str(&in);
    if (r.capabilities & HOOT__MY_CAP_CONNECT_ATTRS)
        r.attributes = hoot__my_lenenc_str(&in);
    assert_true(hoot__my_spent(&in));
    return r;
}

/* --- conversations --- */

static void begin(fake_talk *talk, fake_run *run, const char *plugin)
{
    fake_init(talk);
    fake_group(talk, 0, 0);
    fake_greeting(talk, FAKE_CAPABILITIES, plugin, true);
    fake_group(talk, 1, 2);
    fake_defaults(run, talk);
    run->remote = true;
    run->deadline_ms = 1000;
}

static void end(fake_talk *talk, fake_run *run)
{
    fake_run_fini(run);
    fake_fini(talk);
}

static void expect_opened(fake_run *run)
{
    fake_hold(run);
    if (run->rc != 0)
        fail_msg("%s", run->err.text);
}

/* And the password is not sent. */
static void expect_refused(fake_run *run, int code, const char *text)
{
    fake_hold(run);
    if (run->rc != code || !strstr(run->err.text, text))
        fail_msg("%d: %s", run->rc, run->err.text);
    assert_non_null(strstr(run->err.text, "mysql db.example:3306"));
    assert_false(heard_somewhere(run, PASSWORD, strlen(PASSWORD)));
}

static void native_password(void **state)
{
    fake_talk talk;
    fake_run run;
    response r;

    (void)state;
    begin(&talk, &run, "mysql_native_password");
    FAKE(&talk, FAKE_OK);
    fake_setup(&talk, false);
    expect_opened(&run);
    r = heard_response(&run);
    assert_true(hoot_str_is(r.user, "ada"));
    assert_true(hoot_str_is(r.database, "hoot"));
    assert_true(hoot_str_is(r.plugin, "mysql_native_password"));
    expect_hex(r.proof, NATIVE_PROOF);
    assert_non_null(memmem(r.attributes.ptr, r.attributes.len, "\x0c_client_name\x07libhoot", 21));
    assert_non_null(memmem(r.attributes.ptr, r.attributes.len, "\x0cprogram_name", 13));
    assert_int_equal(
        r.capabilities & (HOOT__MY_CAP_LOCAL_FILES | HOOT__MY_CAP_MULTI_STATEMENTS | HOOT__MY_CAP_SSL), 0);
    end(&talk, &run);
}

static void an_empty_password_is_an_empty_proof(void **state)
{
    const char *const plugins[] = { "mysql_native_password", "caching_sha2_password" };

    (void)state;
    for (int i = 0; i < 2; i++) {
        fake_talk talk;
        fake_run run;

        begin(&talk, &run, plugins[i]);
        FAKE(&talk, FAKE_OK);
        fake_setup(&talk, false);
        run.target.password = "";
        expect_opened(&run);
        assert_int_equal(heard_response(&run).proof.len, 0);
        end(&talk, &run);
    }
}

/* The client says no more than the server can. */
static void capabilities_are_those_of_both(void **state)
{
    const uint32_t little =
        HOOT__MY_CAP_PROTOCOL_41 | HOOT__MY_CAP_SECURE_CONNECTION | HOOT__MY_CAP_CONNECT_WITH_DB;
    fake_talk talk;
    fake_run run;

    (void)state;
    fake_init(&talk);
    fake_group(&talk, 0, 0);
    fake_greeting(&talk, little | HOOT__MY_CAP_LOCAL_FILES | HOOT__MY_CAP_MULTI_STATEMENTS, "", true);
    fake_group(&talk, 1, 2);
    FAKE(&talk, FAKE_OK);
    fake_setup(&talk, true);
    fake_defaults(&run, &talk);
    expect_opened(&run);
    assert_int_equal(heard_response(&run).capabilities, little);
    end(&talk, &run);
}

static void a_plugin_name_without_its_nul_is_read(void **state)
{
    fake_talk talk;
    fake_run run;

    (void)state;
    fake_init(&talk);
    fake_group(&talk, 0, 0);
    fake_greeting(&talk, FAKE_CAPABILITIES, "caching_sha2_password", false);
    fake_group(&talk, 1, 2);
    FAKE(&talk, FAKE_OK);
    fake_setup(&talk, false);
    fake_defaults(&run, &talk);
    expect_opened(&run);
    assert_true(hoot_str_is(heard_response(&run).plugin, "caching_sha2_password"));
    end(&talk, &run);
}

static void caching_sha2_fast(void **state)
{
    fake_talk talk;
    fake_run run;

    (void)state;
    begin(&talk, &run, "caching_sha2_password");
    FAKE(&talk, "\x01\x03");
    FAKE(&talk, FAKE_OK);
    fake_setup(&talk, false);
    expect_opened(&run);
    expect_hex(heard_response(&run).proof, SHA2_PROOF);
    assert_false(heard_somewhere(&run, PASSWORD, strlen(PASSWORD)));
    end(&talk, &run);
}

/* Over a unix socket nobody listens: the password goes as it is, with its NUL. */
static void caching_sha2_full_over_a_unix_socket(void **state)
{
    hoot_str sent;
    fake_talk talk;
    fake_run run;

    (void)state;
    begin(&talk, &run, "caching_sha2_password");
    FAKE(&talk, "\x01\x04");
    fake_group(&talk, 1, 4);
    FAKE(&talk, FAKE_OK);
    fake_setup(&talk, false);
    run.remote = false;
    expect_opened(&run);
    sent = heard_packet(&run, 1);
    assert_int_equal(sent.len, strlen(PASSWORD) + 1);
    assert_memory_equal(sent.ptr, PASSWORD, sent.len);
    end(&talk, &run);
}

static void caching_sha2_full_over_a_network_is_refused(void **state)
{
    fake_talk talk;
    fake_run run;

    (void)state;
    begin(&talk, &run, "caching_sha2_password");
    FAKE(&talk, "\x01\x04");
    expect_refused(&run, HOOT_EAUTH, "allow_public_key_retrieval");
    end(&talk, &run);
}

/* --- the password itself --- */

static void expect_password(const fake_run *run, size_t which)
{
    hoot_str sent = heard_packet(run, which);

    assert_int_equal(sent.len, strlen(run->target.password) + 1);
    assert_memory_equal(sent.ptr, run->target.password, sent.len);
}

static void caching_sha2_full_over_tls(void **state)
{
    fake_talk talk;
    fake_run run;

    (void)state;
    begin(&talk, &run, "caching_sha2_password");
    FAKE(&talk, "\x01\x04");
    fake_group(&talk, 1, 4);
    FAKE(&talk, FAKE_OK);
    fake_setup(&talk, false);
    run.secure = true;
    expect_opened(&run);
    expect_password(&run, 1);
    end(&talk, &run);
}

/* Empty or not; over TLS. An empty one needs no protection. */
static void sha256_over_tls(void **state)
{
    (void)state;
    for (int empty = 0; empty < 2; empty++) {
        fake_talk talk;
        fake_run run;

        begin(&talk, &run, "mysql_native_password");
        FAKE(&talk, "\xfesha256_password\0" SEED_TEXT "\0");
        fake_group(&talk, 1, 4);
        FAKE(&talk, FAKE_OK);
        fake_setup(&talk, false);
        run.secure = !empty;
        if (empty)
            run.target.password = "";
        expect_opened(&run);
        expect_password(&run, 1);
        end(&talk, &run);
    }
}

static void sha256_over_a_network_is_refused(void **state)
{
    fake_talk talk;
    fake_run run;

    (void)state;
    begin(&talk, &run, "mysql_native_password");
    FAKE(&talk, "\xfesha256_password\0" SEED_TEXT "\0");
    expect_refused(&run, HOOT_EAUTH, "(sha256_password)");
    assert_non_null(strstr(run.err.text, "allow_public_key_retrieval"));
    end(&talk, &run);
}

/* By opt-in, and then over TLS or a unix socket. */
static void the_password_in_clear(void **state)
{
    const struct {
        bool allowed, remote, secure;
        const char *refused;
    } cases[] = {
        { false, true, false, "allow_cleartext_password" },
        { false, true, true, "allow_cleartext_password" },
        { false, false, false, "allow_cleartext_password" },
        { true, true, false, "over TLS or a unix socket only" },
        { true, true, true, NULL },
        { true, false, false, NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fake_talk talk;
        fake_run run;

        begin(&talk, &run, "mysql_native_password");
        FAKE(&talk, "\xfemysql_clear_password\0");
        fake_group(&talk, 1, 4);
        FAKE(&talk, FAKE_OK);
        fake_setup(&talk, false);
        run.remote = cases[i].remote;
        run.secure = cases[i].secure;
        run.target.allow_cleartext_password = cases[i].allowed;
        if (cases[i].refused)
            expect_refused(&run, HOOT_EAUTH, cases[i].refused);
        else {
            expect_opened(&run);
            expect_password(&run, 1);
        }
        end(&talk, &run);
    }
}

/* --- RSA --- */

static EVP_PKEY *make_key(const char *kind, unsigned bits)
{
    EVP_PKEY *key = strcmp(kind, "RSA") == 0 ? EVP_RSA_gen(bits) : EVP_EC_gen("P-256");

    assert_non_null(key);
    return key;
}

static void say_key(fake_talk *talk, EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    hoot_buf payload;
    char *text;
    long len;

    hoot_buf_init(&payload, 16384);
    assert_int_equal(PEM_write_bio_PUBKEY(bio, key), 1);
    len = BIO_get_mem_data(bio, &text);
    hoot__my_put_u8(&payload, 1);
    (void)hoot_buf_add(&payload, text, (size_t)len);
    fake_group(talk, 1, 4);
    fake_packet(talk, payload.data, payload.len);
    hoot_buf_fini(&payload);
    BIO_free(bio);
}

/* What the server would make of the encrypted password. */
static void expect_encrypted(EVP_PKEY *key, hoot_str sent)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    unsigned char plain[512];
    size_t len = sizeof(plain);

    assert_int_equal(EVP_PKEY_decrypt_init(context), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING), 1);
    assert_int_equal(EVP_PKEY_decrypt(context, plain, &len, (const unsigned char *)sent.ptr, sent.len), 1);
    for (size_t i = 0; i < len; i++)
        plain[i] ^= seed[i % FAKE_SEED];
    assert_int_equal(len, strlen(PASSWORD) + 1);
    assert_memory_equal(plain, PASSWORD, len);
    EVP_PKEY_CTX_free(context);
}

static void caching_sha2_full_by_rsa_when_allowed(void **state)
{
    EVP_PKEY *key = make_key("RSA", 2048);
    fake_talk talk;
    fake_run run;

    (void)state;
    begin(&talk, &run, "caching_sha2_password");
    FAKE(&talk, "\x01\x04");
    say_key(&talk, key);
    fake_group(&talk, 1, 6);
    FAKE(&talk, FAKE_OK);
    fake_setup(&talk, false);
    run.target.allow_public_key_retrieval = true;
    expect_opened(&run);
    assert_true(hoot_str_equal(heard_packet(&run, 1), HOOT_STR("\x02")));
    expect_encrypted(key, heard_packet(&run, 2));
    assert_false(heard_somewhere(&run, PASSWORD, strlen(PASSWORD)));
    end(&talk, &run);
    EVP_PKEY_free(key);
}

/* Over a unix socket nobody can put a key in between, so nobody must allow it. */
static void sha256_by_rsa(void **state)
{
    EVP_PKEY *key = make_key("RSA", 2048);

    (void)state;
    for (int remote = 0; remote < 2; remote++) {
        fake_talk talk;
        fake_run run;

        begin(&talk, &run, "mysql_native_password");
        FAKE(&talk, "\xfesha256_password\0" SEED_TEXT "\0");
        say_key(&talk, key);
        fake_group(&talk, 1, 6);
        FAKE(&talk, FAKE_OK);
        fake_setup(&talk, false);
        run.remote = remote;
        run.target.allow_public_key_retrieval = remote;
        expect_opened(&run);
        assert_true(hoot_str_equal(heard_packet(&run, 1), HOOT_STR("\x01")));
        expect_encrypted(key, heard_packet(&run, 2));
        assert_false(heard_somewhere(&run, PASSWORD, strlen(PASSWORD)));
        end(&talk, &run);
    }
    EVP_PKEY_free(key);
}

static void keys_that_are_none_are_refused(void **state)
{
    const struct {
        const char *kind;
        unsigned bits;
        const char *text;
    } keys[] = { { "EC", 0, "no RSA key" }, { "RSA", 512, "no RSA key" }, { NULL, 0, "no RSA key" } };

    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        EVP_PKEY *key = keys[i].kind ? make_key(keys[i].kind, keys[i].bits) : NULL;
        fake_talk talk;
        fake_run run;

        begin(&talk, &run, "caching_sha2_password");
        FAKE(&talk, "\x01\x04");
        if (key)
            say_key(&talk, key);
        else {
            fake_group(&talk, 1, 4);
            FAKE(&talk, "\x01-----BEGIN PUBLIC KEY-----\nMIIBIjAN\n");
        }
        run.target.allow_public_key_retrieval = true;
        expect_refused(&run, HOOT_EAUTH, keys[i].text);
        end(&talk, &run);
        EVP_PKEY_free(key);
    }
}

static void a_password_too_long_for_the_key_is_refused(void **state)
{
    EVP_PKEY *key = make_key("RSA", 1024);
    char password[128];
    fake_talk talk;
    fake_run run;

    (void)state;
    memset(password, 'p', sizeof(password) - 1);
    password[sizeof(password) - 1] = '\0';
    begin(&talk, &run, "caching_sha2_password");
    FAKE(&talk, "\x01\x04");
    say_key(&talk, key);
    run.target.allow_public_key_retrieval = true;
    run.target.password = password;
    expect_refused(&run, HOOT_EAUTH, "too long");
    end(&talk, &run);
    EVP_PKEY_free(key);
}

/* --- another plugin --- */

static void switches_to_each_plugin(void **state)
{
    const struct {
        const char *first, *proof;
        hoot_str request;
    } switches[] = {
        { "caching_sha2_password", NATIVE_PROOF, HOOT_STR("\xfemysql_native_password\0" SEED_TEXT "\0") },
        { "mysql_native_password", SHA2_PROOF,
          HOOT_STR("\xfe"
                   "caching_sha2_password\0" SEED_TEXT "\0") },
        { "client_ed25519", NATIVE_PROOF, HOOT_STR("\xfemysql_native_password\0" SEED_TEXT) },
        { "sha256_password", NATIVE_PROOF, HOOT_STR("\xfemysql_native_password\0" SEED_TEXT) },
        { "mysql_clear_password", NATIVE_PROOF, HOOT_STR("\xfemysql_native_password\0" SEED_TEXT) },
        { "mysql_native_password", ED25519_PROOF,
          HOOT_STR("\xfe"
                   "client_ed25519\0" LONG_SEED_TEXT) },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
        fake_talk talk;
        fake_run run;

        begin(&talk, &run, switches[i].first);
        fake_packet(&talk, switches[i].request.ptr, switches[i].request.len);
        fake_group(&talk, 1, 4);
        FAKE(&talk, FAKE_OK);
        fake_setup(&talk, false);
        expect_opened(&run);
        expect_hex(heard_packet(&run, 1), switches[i].proof);
        end(&talk, &run);
    }
}

static void plugins_that_are_refused(void **state)
{
    const struct {
        const char *text;
        hoot_str request;
    } refused[] = {
        { "mysql_old_password", HOOT_STR("\xfemysql_old_password\0" SEED_TEXT "\0") },
        { "mysql_old_password", HOOT_STR("\xfe") },
        { "\"auth_gssapi_client\"", HOOT_STR("\xfe"
                                             "auth_gssapi_client\0") },
        { "\"parsec\"", HOOT_STR("\xfeparsec\0" LONG_SEED_TEXT) },
        { "\"dialog\"", HOOT_STR("\xfe"
                                 "dialog\0\x04Password: ") },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        for (int remote = 0; remote < 2; remote++) {
            fake_talk talk;
            fake_run run;

            begin(&talk, &run, "mysql_native_password");
            fake_packet(&talk, refused[i].request.ptr, refused[i].request.len);
            run.remote = remote;
            expect_refused(&run, HOOT_EAUTH, refused[i].text);
            end(&talk, &run);
        }
    }
}

static void requests_that_are_malformed(void **state)
{
    const hoot_str requests[] = {
        HOOT_STR("\xfemysql_native_password"),         /* no NUL */
        HOOT_STR("\xfemysql_native_password\0\1\2\3"), /* half a seed */
        HOOT_STR("\xfesha256_password\0\1\2\3"),
        HOOT_STR("\xfe"
                 "client_ed25519\0" SEED_TEXT "\0"),
        HOOT_STR("\x02mysql_native_password\0" SEED_TEXT "\0"), /* a second factor, which was not asked for */
        HOOT_STR(
            "\xfe"
            "a name of more than sixty-three bytes, which no authentication plugin ever had\0" SEED_TEXT),
        HOOT_STR("\x01\x05"),
        HOOT_STR("\x01\x04"),
        HOOT_STR(""),
        HOOT_STR("\x07what"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        fake_talk talk;
        fake_run run;

        begin(&talk, &run, "mysql_native_password");
        fake_packet(&talk, requests[i].ptr, requests[i].len);
        expect_refused(&run, HOOT_EPROTOCOL, "mysql db.example:3306");
        end(&talk, &run);
    }
}

static void a_server_that_switches_for_ever_is_left(void **state)
{
    const hoot_str request = HOOT_STR("\xfemysql_native_password\0" SEED_TEXT "\0");
    fake_talk talk;
    fake_run run;

    (void)state;
    begin(&talk, &run, "caching_sha2_password");
    for (uint8_t i = 0; i < 8; i++) {
        fake_packet(&talk, request.ptr, request.len);
        fake_group(&talk, 1, (uint8_t)(4 + 2 * i));
    }
    expect_refused(&run, HOOT_EPROTOCOL, "again and again");
    end(&talk, &run);
}

static void a_server_that_never_comes_to_an_end_is_left(void **state)
{
    fake_talk talk;
    fake_run run;

    (void)state;
    begin(&talk, &run, "caching_sha2_password");
    for (int i = 0; i < 100; i++)
        FAKE(&talk, "\x01\x03");
    expect_refused(&run, HOOT_EPROTOCOL, "no end");
    end(&talk, &run);
}

/* --- greetings --- */

static void greetings_that_are_none(void **state)
{
    const struct {
        hoot_str greeting;
        int code;
        const char *text;
    } greetings[] = {
        { HOOT_STR("\xff\x10\x04Too many connections"), HOOT_ECONNECT, "Too many connections" },
        { HOOT_STR("\xff\x69\x04#HY000Host is blocked"), HOOT_ECONNECT, "Host is blocked" },
        { HOOT_STR("\x09"
                   "3.20\0"),
          HOOT_EPROTOCOL, "protocol version 10" },
        { HOOT_STR("HTTP/1.1 400 Bad Request"), HOOT_EPROTOCOL, "protocol version 10" },
        { HOOT_STR("\x0a"), HOOT_EPROTOCOL, "cut short" },
        { HOOT_STR("\x0a"
                   "8.0"),
          HOOT_EPROTOCOL, "cut short" },
        { HOOT_STR("\x0a"
                   "8.0\0\1\0\0\0abcdefgh\0\0\0"),
          HOOT_EPROTOCOL, "protocol 4.1" },
        { HOOT_STR(""), HOOT_EPROTOCOL, "cut short" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(greetings) / sizeof(greetings[0]); i++) {
        fake_talk talk;
        fake_run run;

        fake_init(&talk);
        fake_group(&talk, 0, 0);
        fake_packet(&talk, greetings[i].greeting.ptr, greetings[i].greeting.len);
        fake_defaults(&run, &talk);
        expect_refused(&run, greetings[i].code, greetings[i].text);
        assert_int_equal(run.server.heard.len, 0);
        end(&talk, &run);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proofs_are_those_of_other_clients),
        cmocka_unit_test(native_password),
        cmocka_unit_test(an_empty_password_is_an_empty_proof),
        cmocka_unit_test(capabilities_are_those_of_both),
        cmocka_unit_test(a_plugin_name_without_its_nul_is_read),
        cmocka_unit_test(caching_sha2_fast),
        cmocka_unit_test(caching_sha2_full_over_a_unix_socket),
        cmocka_unit_test(caching_sha2_full_over_a_network_is_refused),
        cmocka_unit_test(caching_sha2_full_over_tls),
        cmocka_unit_test(sha256_over_tls),
        cmocka_unit_test(sha256_over_a_network_is_refused),
        cmocka_unit_test(the_password_in_clear),
        cmocka_unit_test(caching_sha2_full_by_rsa_when_allowed),
        cmocka_unit_test(sha256_by_rsa),
        cmocka_unit_test(keys_that_are_none_are_refused),
        cmocka_unit_test(a_password_too_long_for_the_key_is_refused),
        cmocka_unit_test(switches_to_each_plugin),
        cmocka_unit_test(plugins_that_are_refused),
        cmocka_unit_test(requests_that_are_malformed),
        cmocka_unit_test(a_server_that_switches_for_ever_is_left),
        cmocka_unit_test(a_server_that_never_comes_to_an_end_is_left),
        cmocka_unit_test(greetings_that_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
