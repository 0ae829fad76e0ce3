/* TLS contexts: what all connections of one kind have in common, made from files once.
 *
 * Safe by default: TLS 1.2 and later, the ciphers that OpenSSL (or the system's policy) allows, no
 * renegotiation, no compression, and clients that verify both authority and host name. A client's sessions
 * are not kept unless asked for, and then only the last: its ticket saves the certificates and signatures of
 * the next handshake with the same host. */
#include "net/tls_stream.h"

#include "base/alloc.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- files --------------------------------------------------------------------------------------- */

/* The reason of OpenSSL's last error; its queue is emptied. */
static int bad_file(hoot_error *err, const char *what, const char *path)
{
    unsigned long error = ERR_peek_last_error();
    const char *reason = ERR_reason_error_string(error);

    ERR_clear_error();
    if (ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE)
        return hoot_error_set(err, HOOT_ENOMEM, "out of memory for the %s %s", what, path);
    return hoot_error_set(err, HOOT_ECONFIG, "the %s %s cannot be used: %s", what, path,
                          reason ? reason : "it is not PEM");
}

/* OpenSSL's own words for a file that is not there are about its internals. */
static int check_there(const char *what, const char *path, bool directory, hoot_error *err)
{
    struct stat info;
    int rc = stat(path, &info) < 0 || access(path, R_OK) < 0 ? -errno : 0;

    if (rc == 0 && !!S_ISDIR(info.st_mode) != directory)
        rc = directory ? -ENOTDIR : -EISDIR;
    if (rc == 0)
        return 0;
    return hoot_error_set(err, HOOT_ECONFIG, "the %s %s cannot be read: %s", what, path, hoot_error_text(rc));
}

static int load_ca_file(SSL_CTX *ssl, const char *path, hoot_error *err)
{
    int rc = path ? check_there("CA file", path, false, err) : 0;

    if (rc == 0 && path && SSL_CTX_load_verify_file(ssl, path) != 1)
        return bad_file(err, "CA file", path);
    return rc;
}

static int load_ca_dir(SSL_CTX *ssl, const char *path, hoot_error *err)
{
    int rc = path ? check_there("CA directory", path, true, err) : 0;

    if (rc == 0 && path && SSL_CTX_load_verify_dir(ssl, path) != 1)
        return bad_file(err, "CA directory", path);
    return rc;
}

static int load_crl(SSL_CTX *ssl, const char *path, hoot_error *err)
{
    X509_STORE *store = SSL_CTX_get_cert_store(ssl);
    X509_LOOKUP *lookup;
    int rc = path ? check_there("CRL file", path, false, err) : 0;

    if (rc < 0 || !path)
        return rc;
    lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
    if (!lookup || X509_load_crl_file(lookup, path, X509_FILETYPE_PEM) < 1 ||
        X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL) != 1)
        return bad_file(err, "CRL file", path);
    return 0;
}

static int load_trust(SSL_CTX *ssl, const hoot__tls_options *options, hoot_error *err)
{
    int rc = load_ca_file(ssl, options->ca_file, err);

    if (rc == 0)
        rc = load_ca_dir(ssl, options->ca_dir, err);
    if (rc == 0)
        rc = load_crl(ssl, options->crl_file, err);
    if (rc == 0 && !options->ca_file && !options->ca_dir && SSL_CTX_set_default_verify_paths(ssl) != 1)
        return bad_file(err, "store of authorities of", "the system");
    return rc;
}

/* OpenSSL would ask at the terminal. */
static int no_password(char *out, int size, int writing, void *user)
{
    (void)out;
    (void)size;
    (void)writing;
    (void)user;
    return -1;
}

static int load_own(SSL_CTX *ssl, const char *cert_file, const char *key_file, hoot_error *err)
{
    int rc = check_there("certificate file", cert_file, false, err);

    if (rc == 0)
        rc = check_there("key file", key_file, false, err);
    if (rc < 0)
        return rc;
    if (SSL_CTX_use_certificate_chain_file(ssl, cert_file) != 1)
        return bad_file(err, "certificate file", cert_file);
    if (SSL_CTX_use_PrivateKey_file(ssl, key_file, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(ssl) != 1)
        return bad_file(err, "key file", key_file);
    return 0;
}

static int load_files(hoot__tls_context *context, const hoot__tls_options *options, hoot_error *err)
{
    const char *key_file = options->key_file ? options->key_file : options->cert_file;
    int rc;

    SSL_CTX_set_default_passwd_cb(context->ssl, no_password);
    if (!options->cert_file && (context->server || options->key_file))
        return hoot_error_set(err, HOOT_ECONFIG, "a %s without a certificate file",
                              context->server ? "TLS server" : "key file");
    rc = options->cert_file ? load_own(context->ssl, options->cert_file, key_file, err) : 0;
    if (rc == 0 && context->verify != HOOT__TLS_VERIFY_NONE)
        rc = load_trust(context->ssl, options, err);
    return rc;
}

/* --- protocol ------------------------------------------------------------------------------------ */

static int version_number(hoot__tls_version version, int by_default)
{
    return version == HOOT__TLS_1_2 ? TLS1_2_VERSION : version == HOOT__TLS_1_3 ? TLS1_3_VERSION : by_default;
}

static int set_versions(SSL_CTX *ssl, const hoot__tls_options *options, hoot_error *err)
{
    int min = version_number(options->min_version, TLS1_2_VERSION);
    int max = version_number(options->max_version, 0);

    if (max != 0 && max < min)
        return hoot_error_set(err, HOOT_ECONFIG, "the least TLS version is above the greatest");
    SSL_CTX_set_min_proto_version(ssl, min);
    SSL_CTX_set_max_proto_version(ssl, max);
    return 0;
}

/* "h2,http/1.1" as on the wire. Source: RFC 7301 section 3.1. */
static int set_alpn_names(hoot__tls_context *context, const char *names, hoot_error *err)
{
    size_t len = strlen(names), name_len = 0;

    context->alpn = hoot__malloc(len + 1);
    if (!context->alpn)
        return hoot_error_set(err, HOOT_ENOMEM, "out of memory for ALPN");
    for (size_t i = 0; i <= len; i++) {
        if (i < len && names[i] != ',') {
            context->alpn[i + 1] = (unsigned char)names[i];
            name_len++;
            continue;
        }
        if (name_len == 0 || name_len > 255)
            return hoot_error_set(err, HOOT_ECONFIG, "ALPN names have 1 to 255 bytes: %s", names);
        context->alpn[i - name_len] = (unsigned char)name_len;
        name_len = 0;
    }
    context->alpn_len = (unsigned)len + 1;
    return 0;
}

/* The first of ours that the client has too. */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *offered,
                   unsigned offered_len, void *user)
{
    const hoot__tls_context *context = user;
    unsigned char *chosen;

    (void)ssl;
    if (SSL_select_next_proto(&chosen, out_len, context->alpn, context->alpn_len, offered, offered_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static int set_alpn(hoot__tls_context *context, const char *names, hoot_error *err)
{
    int rc = names ? set_alpn_names(context, names, err) : 0;

    if (rc < 0 || !names)
        return rc;
    if (context->server)
        SSL_CTX_set_alpn_select_cb(context->ssl, on_alpn, context);
    else if (SSL_CTX_set_alpn_protos(context->ssl, context->alpn, context->alpn_len) != 0)
        return hoot_error_set(err, HOOT_ENOMEM, "out of memory for ALPN");
    return 0;
}

static int set_verify(hoot__tls_context *context, const hoot__tls_options *options, hoot_error *err)
{
    hoot__tls_verify by_default = context->server ? HOOT__TLS_VERIFY_NONE : HOOT__TLS_VERIFY_IDENTITY;
    int mode = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;

    context->verify = options->verify ? options->verify : by_default;
    if (context->server && context->verify == HOOT__TLS_VERIFY_IDENTITY)
        return hoot_error_set(err, HOOT_ECONFIG, "a TLS server verifies the authority of clients, not names");
    if (context->verify != HOOT__TLS_VERIFY_NONE)
        SSL_CTX_set_verify(context->ssl, mode, hoot__tls_on_verify);
    return 0;
}

/* --- sessions ------------------------------------------------------------------------------------ */

/* The server has sent a ticket: keep it instead of the last one. Gives 1: taken. */
static int on_session(SSL *ssl, SSL_SESSION *session)
{
    const hoot__tls_stream *s = SSL_get_app_data(ssl);
    hoot__tls_context *context = s->context;
    char *host = s->session_host ? hoot__strdup(s->session_host) : NULL;

    if (!host)
        return 0;
    SSL_SESSION_free(context->session);
    hoot__free(context->session_host);
    context->session = session;
    context->session_host = host;
    return 1;
}

static void set_sessions(hoot__tls_context *context, bool resume)
{
    static const unsigned char name[] = "hoot";
    long mode = SSL_SESS_CACHE_OFF;

    context->resume = resume && !context->server;
    if (context->resume) {
        mode = SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL;
        SSL_CTX_sess_set_new_cb(context->ssl, on_session);
    }
    SSL_CTX_set_session_cache_mode(context->ssl, mode);
    /* Without it a server that asks for certificates refuses every client that resumes. */
    SSL_CTX_set_session_id_context(context->ssl, name, sizeof name - 1);
}

/* --- life ---------------------------------------------------------------------------------------- */

static int set_up(hoot__tls_context *context, const hoot__tls_options *options, hoot_error *err)
{
    int rc;

    context->ssl = SSL_CTX_new(context->server ? TLS_server_method() : TLS_client_method());
    if (!context->ssl) {
        ERR_clear_error();
        return hoot_error_set(err, HOOT_ENOMEM, "out of memory for TLS");
    }
    SSL_CTX_set_options(context->ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context->ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                       SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    set_sessions(context, options->resume);
    rc = set_versions(context->ssl, options, err);
    if (rc == 0)
        rc = set_verify(context, options, err);
    if (rc == 0)
        rc = set_alpn(context, options->alpn, err);
    return rc < 0 ? rc : load_files(context, options, err);
}

static hoot__tls_context *context_new(const hoot__tls_options *options, bool server, hoot_error *err)
{
    hoot__tls_context *context = hoot__calloc(1, sizeof *context);

    if (!context) {
        hoot_error_set(err, HOOT_ENOMEM, "out of memory for TLS");
        return NULL;
    }
    context->users = 1;
    context->server = server;
    if (set_up(context, options, err) < 0) {
        hoot__tls_context_unref(context);
        return NULL;
    }
    return context;
}

hoot__tls_context *hoot__tls_client_context(const hoot__tls_options *options, hoot_error *err)
{
    return context_new(options, false, err);
}

hoot__tls_context *hoot__tls_server_context(const hoot__tls_options *options, hoot_error *err)
{
    return context_new(options, true, err);
}

hoot__tls_context *hoot__tls_context_ref(hoot__tls_context *context)
{
    context->users++;
    return context;
}

void hoot__tls_context_unref(hoot__tls_context *context)
{
    if (!context || --context->users > 0)
        return;
    SSL_SESSION_free(context->session);
    SSL_CTX_free(context->ssl);
    hoot__free(context->session_host);
    hoot__free(context->alpn);
    hoot__free(context);
}
