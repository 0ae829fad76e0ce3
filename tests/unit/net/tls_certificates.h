/* Certificates for the tests of TLS, made anew in each run with OpenSSL and written as PEM files into a
 * directory of the test's own. */
#ifndef HOOT_TESTS_NET_TLS_CERTIFICATES_H
#define HOOT_TESTS_NET_TLS_CERTIFICATES_H

#include "unit/net/net_rig.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define DAY_SECONDS (24L * 60 * 60)

typedef struct identity {
    X509 *cert;
    EVP_PKEY *key;
} identity;

typedef struct identity_wish {
    const char *name;       /* the common name */
    const char *hosts;      /* "DNS:localhost,IP:127.0.0.1"; NULL: none */
    const identity *issuer; /* NULL: itself */
    bool authority;
    long from_days, to_days; /* 0, 0: from yesterday on for a month */
} identity_wish;

static char certificates_dir[64];

static inline const char *file_at(const char *name)
{
    static char paths[8][128];
    static int next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof paths[0], "%s/%s", certificates_dir, name);
    return path;
}

static inline void add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;

    X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(cert, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static inline identity make_identity(const identity_wish *wish)
{
    static long serial = 1;
    identity one = { X509_new(), EVP_EC_gen("P-256") };
    const identity *issuer = wish->issuer ? wish->issuer : &one;
    bool usual = wish->from_days == 0 && wish->to_days == 0;
    X509_NAME *name = X509_get_subject_name(one.cert);

    assert_non_null(one.key);
    X509_set_version(one.cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(one.cert), serial++);
    X509_gmtime_adj(X509_getm_notBefore(one.cert), (usual ? -1 : wish->from_days) * DAY_SECONDS);
    X509_gmtime_adj(X509_getm_notAfter(one.cert), (usual ? 30 : wish->to_days) * DAY_SECONDS);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)wish->name, -1, -1, 0);
    X509_set_issuer_name(one.cert, X509_get_subject_name(issuer->cert));
    X509_set_pubkey(one.cert, one.key);
    if (wish->authority)
        add_extension(one.cert, issuer->cert, NID_basic_constraints, "critical,CA:TRUE");
    if (wish->hosts)
        add_extension(one.cert, issuer->cert, NID_subject_alt_name, wish->hosts);
    assert_true(X509_sign(one.cert, issuer->key, EVP_sha256()) > 0);
    return one;
}

static inline void free_identity(identity *one)
{
    X509_free(one->cert);
    EVP_PKEY_free(one->key);
}

/* The certificate alone, or with its key. */
static inline void write_identity(const identity *one, const char *name, bool with_key)
{
    FILE *file = fopen(file_at(name), "w");

    assert_non_null(file);
    assert_int_equal(PEM_write_X509(file, one->cert), 1);
    if (with_key)
        assert_int_equal(PEM_write_PrivateKey(file, one->key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(file);
}

/* A list of `issuer` that revokes `revoked` (NULL: nothing). */
static inline void write_crl(const identity *issuer, const identity *revoked, const char *name)
{
    FILE *file = fopen(file_at(name), "w");
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *now = X509_gmtime_adj(NULL, -60), *next = X509_gmtime_adj(NULL, DAY_SECONDS);

    assert_non_null(file);
    X509_CRL_set_version(crl, 1);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->cert));
    X509_CRL_set1_lastUpdate(crl, now);
    X509_CRL_set1_nextUpdate(crl, next);
    if (revoked) {
        X509_REVOKED *entry = X509_REVOKED_new();

        X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(revoked->cert));
        X509_REVOKED_set_revocationDate(entry, now);
        assert_int_equal(X509_CRL_add0_revoked(crl, entry), 1);
    }
    X509_CRL_sort(crl);
    assert_true(X509_CRL_sign(crl, issuer->key, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_X509_CRL(file, crl), 1);
    fclose(file);
    ASN1_TIME_free(now);
    ASN1_TIME_free(next);
    X509_CRL_free(crl);
}

static uint8_t good_fingerprint[32];

static inline void make_server_identity(const char *file, const identity *issuer, const char *hosts,
                                        long from_days, long to_days)
{
    identity_wish wish = { "the server", hosts, issuer, false, from_days, to_days };
    identity one = make_identity(&wish);

    write_identity(&one, file, true);
    if (strcmp(file, "good.pem") == 0) {
        assert_int_equal(X509_digest(one.cert, EVP_sha256(), good_fingerprint, NULL), 1);
        write_crl(issuer, &one, "revoked.crl");
        write_crl(issuer, NULL, "nothing.crl");
    }
    free_identity(&one);
}

static inline int make_certificates(void **state)
{
    identity ca = make_identity(&(identity_wish){ .name = "Test CA", .authority = true });
    identity other = make_identity(&(identity_wish){ .name = "Other CA", .authority = true });
    const char *local = "DNS:localhost,IP:127.0.0.1,IP:::1";

    (void)state;
    snprintf(certificates_dir, sizeof certificates_dir, "/tmp/hoot-tls-XXXXXX");
    assert_non_null(mkdtemp(certificates_dir));
    write_identity(&ca, "ca.pem", false);
    write_identity(&other, "other-ca.pem", false);
    make_server_identity("good.pem", &ca, local, 0, 0);
    make_server_identity("wild.pem", &ca, "DNS:*.example.com", 0, 0);
    make_server_identity("expired.pem", &ca, local, -30, -2);
    make_server_identity("future.pem", &ca, local, 2, 30);
    make_server_identity("self.pem", NULL, local, 0, 0);
    make_server_identity("client.pem", &ca, NULL, 0, 0);
    make_server_identity("stranger.pem", &other, NULL, 0, 0);
    free_identity(&ca);
    free_identity(&other);
    return 0;
}

static inline int remove_certificates(void **state)
{
    static const char *const names[] = { "ca.pem",       "other-ca.pem", "good.pem",    "wild.pem",
                                         "expired.pem",  "future.pem",   "self.pem",    "client.pem",
                                         "stranger.pem", "revoked.crl",  "nothing.crl", "junk.pem" };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unlink(file_at(names[i]));
    return rmdir(certificates_dir);
}

#endif
