/* What went wrong with TLS, in words that say what to do, and what the peer showed.
 *
 * OpenSSL tells of a certificate that it is not accepted; which one, and what is in it, is only known while
 * it verifies, so it is noted there. Names in certificates are the peer's: they are cut, and only printable
 * characters are shown. */
#include "net/tls_stream.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <time.h>

#define NAMES_BYTES 96 /* of what a message shows of a certificate */

/* --- certificates -------------------------------------------------------------------------------- */

static void add_printable(char *out, const unsigned char *text, int len)
{
    size_t at = strlen(out);

    for (int i = 0; i < len && at + 1 < NAMES_BYTES; i++)
        out[at++] = text[i] > ' ' && text[i] < 0x7f ? (char)text[i] : text[i] == ' ' ? ' ' : '?';
    out[at] = '\0';
}

static void add_text(char *out, const char *text)
{
    add_printable(out, (const unsigned char *)text, (int)strlen(text));
}

/* The common name, or else the last part of a name. */
static void name_text(const X509_NAME *name, char *out)
{
    int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    const X509_NAME_ENTRY *entry;

    out[0] = '\0';
    if (at < 0)
        at = X509_NAME_entry_count(name) - 1;
    entry = at < 0 ? NULL : X509_NAME_get_entry(name, at);
    if (entry) {
        const ASN1_STRING *text = X509_NAME_ENTRY_get_data(entry);

        add_printable(out, ASN1_STRING_get0_data(text), ASN1_STRING_length(text));
    }
    if (!out[0])
        add_text(out, "no name");
}

static void add_alternative(char *out, const GENERAL_NAME *one)
{
    char address[INET6_ADDRSTRLEN];
    int type;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(one, &type);

    if (type != GEN_DNS && type != GEN_IPADD)
        return;
    if (out[0])
        add_text(out, ", ");
    if (type == GEN_DNS)
        add_printable(out, ASN1_STRING_get0_data(value), ASN1_STRING_length(value));
    else if (inet_ntop(ASN1_STRING_length(value) == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(value),
                       address, sizeof address))
        add_text(out, address);
}

/* The hosts that a certificate is for. */
static void hosts_text(const X509 *cert, char *out)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);

    out[0] = '\0';
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
        add_alternative(out, sk_GENERAL_NAME_value(names, i));
    GENERAL_NAMES_free(names);
    if (!out[0])
        name_text(X509_get_subject_name(cert), out);
}

static void day_text(const ASN1_TIME *time, char *out, size_t size)
{
    struct tm tm;

    if (ASN1_TIME_to_tm(time, &tm) != 1 || strftime(out, size, "%Y-%m-%d", &tm) == 0)
        snprintf(out, size, "a day that is none");
}

static void say_day(hoot_error *err, int problem, const X509 *cert, const char *whose)
{
    bool over = problem == X509_V_ERR_CERT_HAS_EXPIRED;
    char day[32];

    day_text(over ? X509_get0_notAfter(cert) : X509_get0_notBefore(cert), day, sizeof day);
    if (over)
        hoot_error_set(err, HOOT_ECONNECT,
                       "the certificate of %s expired on %s: renew it there, or check this machine's clock",
                       whose, day);
    else
        hoot_error_set(err, HOOT_ECONNECT,
                       "the certificate of %s is not valid before %s: check this machine's clock", whose,
                       day);
}

static void say_wrong_host(hoot_error *err, const X509 *cert, const char *host)
{
    char hosts[NAMES_BYTES];

    hosts_text(cert, hosts);
    hoot_error_set(
        err, HOOT_ECONNECT,
        "the certificate is for %s, not for %.64s: connect by a name that it has, or have one made "
        "for this name",
        hosts, host);
}

static void say_unknown_authority(hoot_error *err, int problem, const X509 *cert, const char *whose)
{
    char issuer[NAMES_BYTES];

    name_text(X509_get_issuer_name(cert), issuer);
    if (problem == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT)
        hoot_error_set(
            err, HOOT_ECONNECT,
            "the certificate of %s is signed by itself, not by a trusted authority: name it as the "
            "CA file if it is the right one",
            whose);
    else
        hoot_error_set(err, HOOT_ECONNECT,
                       "the certificate of %s is signed by an unknown authority (%s): name that authority's "
                       "certificate as the CA file if it is the right one",
                       whose, issuer);
}

static void say_problem(hoot_error *err, int problem, const X509 *cert, const char *whose, const char *host)
{
    switch (problem) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID: say_day(err, problem, cert, whose); break;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: say_wrong_host(err, cert, host); break;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE: say_unknown_authority(err, problem, cert, whose); break;
    case X509_V_ERR_CERT_REVOKED:
        hoot_error_set(err, HOOT_ECONNECT, "the certificate of %s was revoked: it needs a new one", whose);
        break;
    case X509_V_ERR_UNABLE_TO_GET_CRL:
        hoot_error_set(err, HOOT_ECONNECT,
                       "the CRL file has no revocation list for the certificate of %s: it needs one of each "
                       "authority in the chain",
                       whose);
        break;
    case X509_V_ERR_CRL_HAS_EXPIRED:
        hoot_error_set(err, HOOT_ECONNECT, "the revocation list for the certificate of %s is out of date",
                       whose);
        break;
    default:
        hoot_error_set(err, HOOT_ECONNECT, "the certificate of %s is not accepted: %s", whose,
                       X509_verify_cert_error_string(problem));
    }
}

int hoot__tls_on_verify(int ok, X509_STORE_CTX *store)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    const hoot__tls_stream *s = SSL_get_app_data(ssl);
    const X509 *cert = X509_STORE_CTX_get_current_cert(store);
    hoot__tls_handshake *h = s->handshake;
    char subject[NAMES_BYTES];
    bool is_host;

    if (ok || !h || !cert || h->err.code < 0)
        return ok;
    is_host = h->host[0] && X509_STORE_CTX_get_error_depth(store) == 0;
    name_text(X509_get_subject_name(cert), subject);
    if (is_host)
        snprintf(subject, sizeof subject, "%.64s", h->host);
    say_problem(&h->err, X509_STORE_CTX_get_error(store), cert, subject, h->host);
    return ok;
}

/* --- handshakes ---------------------------------------------------------------------------------- */

/* Words for what OpenSSL says in its own way; NULL: its own words will do. */
static const char *words_for(unsigned long error)
{
    switch (ERR_GET_REASON(error)) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_BAD_RECORD_TYPE:
        return "what the peer sends is not TLS: wrong port, or TLS is not switched on there";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
        return "there is no TLS version that both sides allow: see the least version here and there";
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
        return "the two sides have no cipher in common, or the server wants a client certificate";
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
        return "the server wants a client certificate, and none is configured";
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: return "the client showed no certificate";
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
        return "the peer does not know the authority that signed our certificate";
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN: return "the peer does not accept our certificate";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED: return "the peer says that our certificate has expired";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED: return "the peer says that our certificate was revoked";
    case SSL_R_NO_APPLICATION_PROTOCOL:
    case SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL:
        return "the two sides have no application protocol (ALPN) in common";
    default: return NULL;
    }
}

static const char *error_words(unsigned long error)
{
    const char *words = words_for(error);

    if (!words && error)
        words = ERR_reason_error_string(error);
    return words ? words : hoot_error_text(HOOT_EPROTOCOL);
}

int hoot__tls_explain_handshake(const hoot__tls_stream *s, int code, hoot_error *err)
{
    if (code == HOOT_ENOMEM)
        return hoot_error_set(err, code, "out of memory for the TLS handshake");
    if (err->code < 0) /* the certificate */
        return err->code;
    if (code == HOOT_EPROTOCOL)
        return hoot_error_set(err, HOOT_ECONNECT, "the TLS handshake failed: %s", error_words(s->ssl_error));
    if (code == HOOT_EEOF)
        return hoot_error_set(err, HOOT_ECONNECT, "the peer closed the connection during the TLS handshake");
    return hoot_error_set(err, HOOT_ECONNECT, "the connection was lost during the TLS handshake: %s",
                          hoot_error_text(code));
}

/* --- of a TLS stream ----------------------------------------------------------------------------- */

int hoot__tls_explain(const hoot_stream *stream, int code, hoot_error *err)
{
    bool tls = hoot__tls_below(stream) != stream;
    unsigned long error = tls ? hoot__tls_of(stream)->ssl_error : 0;

    if (code == HOOT_EPROTOCOL && error)
        return hoot_error_set(err, code, "TLS failed: %s", error_words(error));
    return hoot_error_set(err, code, "%s", hoot_error_text(code));
}

const char *hoot__tls_version_name(const hoot_stream *stream)
{
    return SSL_get_version(hoot__tls_of(stream)->ssl);
}

hoot_str hoot__tls_alpn(const hoot_stream *stream)
{
    const unsigned char *name = NULL;
    unsigned len = 0;

    SSL_get0_alpn_selected(hoot__tls_of(stream)->ssl, &name, &len);
    return hoot_str_of((const char *)name, len);
}

bool hoot__tls_resumed(const hoot_stream *stream)
{
    return SSL_session_reused(hoot__tls_of(stream)->ssl);
}

int hoot__tls_peer_fingerprint(const hoot_stream *stream, uint8_t *out_digest)
{
    const X509 *cert = SSL_get0_peer_certificate(hoot__tls_of(stream)->ssl);

    if (!cert)
        return HOOT_ENOTFOUND;
    if (X509_digest(cert, EVP_sha256(), out_digest, NULL) == 1)
        return 0;
    ERR_clear_error();
    return HOOT_ENOMEM;
}
