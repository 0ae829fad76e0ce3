/* A TLS stream, as the files that make one see it. */
#ifndef HOOT_NET_TLS_STREAM_H
#define HOOT_NET_TLS_STREAM_H

#include "net/socket.h"
#include "net/tls.h"
#include "runtime/loop.h"

#include <openssl/ssl.h>

#define HOOT__TLS_OPEN 1 /* lower_end: the stream below has not ended */

/* What waits below the TLS stream, encrypted: data stops at the first, all else at the second. */
#define HOOT__TLS_HIGH_BYTES ((size_t)64 * 1024)
#define HOOT__TLS_MAX_BYTES  ((size_t)128 * 1024)

struct hoot__tls_context {
    SSL_CTX *ssl;
    unsigned users;
    bool server;
    bool resume;
    hoot__tls_verify verify;
    unsigned char *alpn; /* as on the wire: each name behind a byte with its length */
    unsigned alpn_len;
    SSL_SESSION *session; /* the last, with session_host */
    char *session_host;
};

/* Only while it lasts. */
typedef struct hoot__tls_handshake {
    hoot__timer timer; /* as the server: when it has lasted too long */
    struct hoot__tls_stream *stream;
    uint32_t limit_ms;
    hoot__tls_done_fn done;
    void *user;
    hoot_error err; /* what is wrong with the peer's certificate */
    char host[256]; /* the peer, for messages */
} hoot__tls_handshake;

typedef struct hoot__tls_stream {
    hoot_stream base;
    hoot_stream *lower;
    hoot__tls_context *context;
    SSL *ssl;
    hoot__tls_handshake *handshake; /* NULL: it is over */
    char *session_host;             /* with context->resume: whose sessions these are */
    hoot__deferred turn;            /* flushes, goes on reading, lets `in` go */
    char *in;                       /* in[in_start..in_len): came encrypted, not yet taken by OpenSSL */
    size_t in_start, in_len;
    hoot_buf rest; /* rest.data[rest_start..len): flushed, not yet encrypted; goes before `out` */
    size_t rest_start;
    unsigned long ssl_error; /* why reading or writing failed, as OpenSSL has it */
    int lower_end;           /* HOOT__TLS_OPEN, or how the stream below ended */
    int read_code;           /* < 0: what came is not what the peer sent, or says that it failed */
    int write_code;          /* < 0: writing has failed for good */
    unsigned busy;           /* callbacks on the stack: who closes does not free */
    bool reading;            /* the owner wants bytes */
    bool ended;              /* the owner was told, or must not be any more */
    bool stuck;              /* a flush gave 1: `drained` is owed */
    bool write_waits;        /* the rest waits for OpenSSL to read or to answer something first */
    bool shut_wanted;        /* say the end after what is pending */
    bool shut;               /* it was said */
    bool cut;                /* closing must look like a cut */
    bool closed;
} hoot__tls_stream;

static inline hoot__tls_stream *hoot__tls_of(const hoot_stream *stream)
{
    return (hoot__tls_stream *)stream;
}

/* --- tls.c --- */

/* A stream over `lower_take` (taken only on success), in the handshake. NULL: no memory. */
HOOT_NODISCARD hoot__tls_stream *hoot__tls_stream_new(hoot_stream *lower, hoot__tls_context *context);

/* Read from below if somebody wants bytes and there are none, else do not. Gives 0 or a negative code. */
int hoot__tls_pull(hoot__tls_stream *s);

/* Hand on what OpenSSL has gathered below, at the end of this turn. */
void hoot__tls_schedule(hoot__tls_stream *s);

/* The code for what a call of OpenSSL failed with (SSL_ERROR_SSL, SSL_ERROR_SYSCALL); its queue is emptied.
 */
int hoot__tls_failure(hoot__tls_stream *s);

/* --- tls_write.c --- */

/* Hand on what is below now. Gives 0, 1 some waits, or a negative code, which stays. */
int hoot__tls_push(hoot__tls_stream *s);

int hoot__tls_flush(hoot_stream *stream);
int hoot__tls_shut_down(hoot_stream *stream);

/* The stream below has sent what waited, or cannot (`code` < 0): go on with the rest. May call `drained`,
 * whose owner may close the stream. */
void hoot__tls_go_on_sending(hoot__tls_stream *s, int code);

/* Nothing can be written any more. Gives `code` back. */
int hoot__tls_write_failed(hoot__tls_stream *s, int code);

/* A last word, if what was said before it has all been sent. */
void hoot__tls_say_goodbye(hoot__tls_stream *s);

/* --- tls_handshake.c --- */

/* Go on with the handshake; may call `done`, whose owner may close the stream. */
void hoot__tls_handshake_step(hoot__tls_stream *s);

/* --- tls_bio.c --- */

/* What OpenSSL reads `in` and writes lower->out through. NULL: no memory. */
HOOT_NODISCARD BIO *hoot__tls_bio_new(hoot__tls_stream *s);

/* --- tls_explain.c --- */

/* Called by OpenSSL for each certificate of the peer: notes the first thing that is wrong. */
int hoot__tls_on_verify(int ok, X509_STORE_CTX *store);

/* Say in `err` why a handshake failed with `code`. Gives the code to hand on. */
int hoot__tls_explain_handshake(const hoot__tls_stream *s, int code, hoot_error *err);

#endif
