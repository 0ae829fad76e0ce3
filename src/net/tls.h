/* TLS over any stream: contexts made from files, the handshake of either side, and what the peer showed.
 *
 * A stream of kind "tls" is used as every other; it owns the stream below it. Contexts and streams belong to
 * the thread of one loop. */
#ifndef HOOT_NET_TLS_H
#define HOOT_NET_TLS_H

#include "net/net.h"

typedef struct hoot__tls_context hoot__tls_context;

/* What is asked of the peer's certificate. */
typedef enum hoot__tls_verify {
    HOOT__TLS_VERIFY_DEFAULT,  /* a client: IDENTITY; a server: NONE */
    HOOT__TLS_VERIFY_NONE,     /* nothing: whoever sits on the line can read and change everything */
    HOOT__TLS_VERIFY_CA,       /* signed by a trusted authority; a server: every client must show one */
    HOOT__TLS_VERIFY_IDENTITY, /* and made for the host we connect to; clients only */
} hoot__tls_verify;

typedef enum hoot__tls_version { HOOT__TLS_DEFAULT, HOOT__TLS_1_2, HOOT__TLS_1_3 } hoot__tls_version;

/* Files are PEM. */
typedef struct hoot__tls_options {
    const char *ca_file;   /* authorities to trust, and no others; neither file nor dir: the system's store */
    const char *ca_dir;    /* the same, a directory made by `openssl rehash` */
    const char *crl_file;  /* revocation lists, one of each authority in the chain; NULL: not asked */
    const char *cert_file; /* our own, with the chain behind it; a server must have one */
    const char *key_file;  /* its key, without a password; NULL: in cert_file */
    hoot__tls_verify verify;
    hoot__tls_version min_version; /* 1.2 */
    hoot__tls_version max_version; /* the newest */
    const char *alpn;              /* "h2,http/1.1", the favourite first; NULL: none */
    bool resume;                   /* clients: offer the last session with the same host */
} hoot__tls_options;

/* Reads the files, by blocking. Gives: a context to hoot__tls_context_unref(); streams hold it too.
 * Errors: NULL and `err`: HOOT_ECONFIG which file and why; HOOT_ENOMEM. */
HOOT_NODISCARD hoot__tls_context *hoot__tls_client_context(const hoot__tls_options *options, hoot_error *err);
HOOT_NODISCARD hoot__tls_context *hoot__tls_server_context(const hoot__tls_options *options, hoot_error *err);
hoot__tls_context *hoot__tls_context_ref(hoot__tls_context *context);
void hoot__tls_context_unref(hoot__tls_context *context);

/* Begin TLS on a connected stream, as the client. What `lower_take` has gathered in `out` (a request in clear
 * to begin TLS) is sent in front of the handshake.
 * Suspends: until the handshake is done.
 * Takes:    the stream, also on failure; its events are replaced.
 * host:     a name or an address, sent to the server (names only) and compared with its certificate; NULL
 *           where it is not verified.
 * already:  what the caller has read from `lower_take` and not used. There must be nothing: bytes that came
 *           in clear are not the server's word, whoever sent them meant them to be taken for it.
 * Gives:    a stream, not yet reading, without events.
 * Errors:   NULL and `err`: HOOT_EPROTOCOL something came in clear; HOOT_ECONNECT what is wrong with the
 *           certificate or the handshake; HOOT_EINVAL the host; HOOT_ETIMEOUT; HOOT_ECANCELED; HOOT_ENOMEM.
 */
HOOT_NODISCARD hoot_stream *hoot__tls_connect(hoot_stream *lower_take, hoot__tls_context *context,
                                              const char *host, hoot_str already, hoot_error *err);

/* The handshake is over: 0 and the stream may be used, or a negative code with `err` and the stream is only
 * good for closing. On the loop, outside of tasks, never inside hoot__tls_accept(). */
typedef void (*hoot__tls_done_fn)(hoot_stream *stream, int code, const hoot_error *err, void *user);

/* What a client has for its handshake when hoot__tls_accept() is given no limit. */
#define HOOT__TLS_ACCEPT_MS (10 * 1000)

/* Begin TLS as the server, on a stream from which nothing was read. No task is needed.
 * limit_ms: the handshake as a whole may take so long, however busy the client is; 0: HOOT__TLS_ACCEPT_MS.
 *           When it is over, `done` gets HOOT_ETIMEOUT.
 * Takes:    the stream, also on failure; its events are replaced.
 * Gives:    the TLS stream; until `done` it can only be closed, and then `done` does not come.
 * Errors:   NULL and `err`: HOOT_ENOMEM, -errno. */
HOOT_NODISCARD hoot_stream *hoot__tls_accept(hoot_stream *lower_take, hoot__tls_context *context,
                                             uint32_t limit_ms, hoot__tls_done_fn done, void *user,
                                             hoot_error *err);

/* --- of a TLS stream, after the handshake --------------------------------------------------------- */

/* "TLSv1.3". */
const char *hoot__tls_version_name(const hoot_stream *stream);

/* The protocol both sides agreed on; empty: none. Lives: as long as the stream. */
hoot_str hoot__tls_alpn(const hoot_stream *stream);

/* The session of an earlier connection was taken up. */
bool hoot__tls_resumed(const hoot_stream *stream);

/* SHA-256 of the certificate that the peer showed. Errors: HOOT_ENOTFOUND it showed none; HOOT_ENOMEM. */
#define HOOT__TLS_FINGERPRINT_BYTES 32
int hoot__tls_peer_fingerprint(const hoot_stream *stream, uint8_t *out_digest);

/* `code` came from reading or writing `stream`, TLS or not: say in `err` what is known about it. (With TLS
 * 1.3 a server refuses a client's certificate only after the client's handshake.) Gives `code` back. */
int hoot__tls_explain(const hoot_stream *stream, int code, hoot_error *err);

#endif
