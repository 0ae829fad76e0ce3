/* hoot_driver: what a kind of database is, for writers of drivers. The pool, cursors and transactions stand
 * on it; `mysql` and `sqlite` are built in.
 *
 * A driver's connection is used by one task at a time. Calls that suspend obey the task's deadline and
 * cancelling; when one of them fails with HOOT_ETIMEOUT or HOOT_ECANCELED in the middle of an answer, the
 * connection is `unfinished`, and only recover() or close() may follow. */
#ifndef HOOT_SYS_DRIVER_H
#define HOOT_SYS_DRIVER_H

#include <hoot/conn.h>
#include <hoot/error.h>
#include <hoot/value.h>

HOOT_BEGIN_DECLS

typedef struct hoot_driver hoot_driver;
typedef struct hoot_link hoot_link;

/* How much a connection must be protected by TLS (<hoot/pool.h>, `sslmode`). */
typedef enum hoot_sslmode {
    HOOT_SSLMODE_DISABLED,
    HOOT_SSLMODE_PREFERRED,
    HOOT_SSLMODE_REQUIRED,
    HOOT_SSLMODE_VERIFY_CA,
    HOOT_SSLMODE_VERIFY_IDENTITY,
} hoot_sslmode;

/* Where and how to connect, from hoot_pool_options; every text is set (maybe ""). Lives: as long as the pool.
 */
typedef struct hoot_target {
    const hoot_driver *driver;
    const char *host, *socket, *user, *password, *database;
    uint16_t port;
    uint32_t connect_timeout_ms;
    uint32_t statement_cache;
    uint64_t max_answer_bytes;
    bool multi_statements, local_infile, found_rows;
    bool allow_public_key_retrieval, allow_cleartext_password, compress;
    hoot_sslmode sslmode;
    const char *ssl_ca, *ssl_capath, *ssl_crl, *ssl_cert, *ssl_key, *tls_min_version, *ssl_fingerprint;
    const char *charset, *collation, *time_zone, *sql_mode, *init_command;
    const char *const *attributes; /* names and values in turn, NULL behind the last; or NULL */
    uint32_t keepalive_s;
    void *prepared; /* the driver's own, made by prepare() */
} hoot_target;

/* What a refused statement tells of the whole server. */
typedef enum hoot_unfit {
    HOOT_UNFIT_NOT = 0,
    HOOT_UNFIT_READ_ONLY,   /* it takes no writes: another is the primary now */
    HOOT_UNFIT_NOT_SERVING, /* it takes no statements: outside of its cluster, not ready yet */
} hoot_unfit;

/* A driver's connection; drivers embed it first. */
struct hoot_link {
    const hoot_driver *driver;
    const hoot_target *target;
    const char *server_version; /* owned by the driver */
    uint64_t id;                /* the server's number for it, or 0 */
    bool in_transaction;        /* kept true to the server's word */
    bool state_changed; /* session state differs from a fresh connection: reset() before the next task */
    bool unfinished;    /* an answer was left in the middle */
    bool broken;        /* of no use any more: close() only */
    hoot_unfit unfit;   /* its server said so: the pool closes it and avoids the server for a while */
    uint64_t last_insert_id;
    bool keep_results; /* set by who calls run(): each result is wanted, next_result() will be called. Else
                          the first that has rows is the answer, and the others are dropped */
    bool more_results; /* the result that was just read to its end is not the last */
    uint32_t warnings; /* of the result that was just read to its end */
    bool sent;         /* set by run(): the server may have seen the statement of the last one. Its caller may
                          clear it before */
    bool out_values;   /* and it was the OUT and INOUT parameters of a procedure */
};

/* What a statement answers first. */
typedef struct hoot_answer {
    uint32_t column_count; /* 0: a result without rows; the answer is complete then, but for more_results */
    const char *const *names;   /* column_count terminated names; Lives: until the next run() on the link */
    const hoot_column *columns; /* the first one's, each `column_step` bytes behind the one before; NULL: not
                                   known. Lives: as the names */
    size_t column_step;
    uint64_t affected_rows;
    uint64_t last_insert_id;
    uint32_t warnings;
} hoot_answer;

/* One of several statements that are under way on a link at the same time. Who sends it owns it, and keeps it
 * until `ended`. */
typedef struct hoot_pipe_call hoot_pipe_call;

/* What the sender of a call is told, on the loop, outside of tasks. None of these may suspend or close the
 * link. */
typedef struct hoot_pipe_events {
    /* Its answer begins: columns, or a complete answer without rows. */
    void (*begun)(hoot_pipe_call *call, const hoot_answer *answer);
    /* A row. Lives: until this returns. */
    void (*row)(hoot_pipe_call *call, const hoot_value *cells);
    /* Nothing more comes: 0, or the code and `err` of what failed. The driver has forgotten the call. */
    void (*ended)(hoot_pipe_call *call, int code, const hoot_error *err);
} hoot_pipe_events;

struct hoot_pipe_call {
    const hoot_pipe_events *events;
    hoot_str sql; /* with `params`: good until the call is abandoned or has ended */
    const hoot_value *params;
    size_t param_count;
    bool abandoned; /* nobody waits any more: its answer is read and dropped, of the events only `ended` comes
                     */
    bool sent;      /* set by the driver: the server may have run it */
    bool in_order; /* it must not overtake, or be overtaken: is_ready() said so, and it is never sent again */
    bool fenced;   /* a fence is in front of it: "read-only transaction" says nothing of the server */
    bool internal; /* of our own: what it changes is undone by another of these */
    /* The driver's own. */
    hoot_pipe_call *next; /* the one that is answered after it */
    int step, note;
    uint32_t number;
    void *kept;
    bool repeated, only_prepare;
};

/* Several statements at once on one link: commands are written without waiting for answers, answers come in
 * their order. Only `suits` and `stop` suspend. */
typedef struct hoot_pipe {
    /* May the statement share a link with those of other tasks: short, in autocommit, leaving nothing behind?
     * `writes`: also one that may not be repeated. */
    bool (*may_share)(const hoot_target *target, hoot_str sql, const hoot_value *params, size_t param_count,
                      bool writes);
    /* May it be run twice, or again after the server has stopped it: does it only read? */
    bool (*may_repeat)(hoot_str sql);
    /* Does the server, or what stands in front of it, take commands before it has answered earlier ones?
     * Gives: 1, 0, or a negative code. */
    int (*suits)(hoot_link *link, hoot_error *err);
    /* Begin, on an idle link. `lost`: the link has broken, after every call on it has ended. */
    int (*open)(hoot_link *link, void (*lost)(void *user), void *user);
    /* Write a call's command into the stream's buffer. Errors: nothing was written, it is not under way. */
    int (*send)(hoot_link *link, hoot_pipe_call *call, hoot_error *err);
    /* Hand what was written to the system. */
    void (*flush)(hoot_link *link);
    /* Bytes that the system has not taken yet. */
    size_t (*pending)(const hoot_link *link);
    /* Much is due: answers may be told of when some are there, together. false: as they come. May be NULL. */
    void (*gather)(hoot_link *link, bool on);
    /* The call whose answer is due; those behind it follow by `next`. */
    const hoot_pipe_call *(*head)(const hoot_link *link);
    /* End every call on it with `code`; the link is broken then. */
    void (*abort)(hoot_link *link, int code, const char *why);
    /* Back to one statement at a time: when no call is under way. */
    void (*close)(hoot_link *link);
    /* Have the server stop the statement that runs now, which may be the one behind the head by then. */
    int (*stop)(hoot_link *link, hoot_error *err);

    /* --- for the statements of one task, in their order --- */

    /* May those behind it be sent before it is answered: short, with one result, changing neither the
     * session, nor what is defined, nor where a transaction begins and ends? */
    bool (*may_batch)(const hoot_link *link, hoot_str sql, const hoot_value *params, size_t param_count);
    /* Can send() write it as it is, or must the server learn its text first? */
    bool (*is_ready)(hoot_link *link, const hoot_pipe_call *call);
    /* Have the server learn it, if it has not and nobody has asked it to. Gives: 1: the call is under way,
     * and only `ended` comes of it; 0: nothing to do.  Errors: as send(). */
    int (*prepare)(hoot_link *link, hoot_pipe_call *call, hoot_error *err);
    /* End every call on it with HOOT_ECANCELED: the link is unfinished then. `ends`: recover() will not make
     * it good again, only stop what runs. */
    void (*leave)(hoot_link *link, bool ends);
    /* In a transaction: a statement that lets no write behind it be run should the transaction be over by
     * then, sent in front of each; and the one that ends this. NULL: there is none. */
    const char *fence, *unfence;
} hoot_pipe;

struct hoot_driver {
    const char *name;      /* "mysql": the scheme of its urls */
    uint16_t default_port; /* 0: none */
    /* Statements the pool sends. */
    const char *begin, *commit, *rollback;

    /* Once a pool, before the first connection: check the options and make what connections share, into
     * target->prepared. May block for reading files. Errors: HOOT_ECONFIG, HOOT_ENOMEM. NULL: nothing to do.
     */
    int (*prepare)(hoot_target *target, hoot_error *err);

    /* Let that go, behind the last connection; also when prepare() failed. NULL: nothing to do. */
    void (*forget)(hoot_target *target);

    /* Suspends.  Gives: 0 and a link.  The task's deadline is already narrowed to connect_timeout_ms. */
    int (*connect)(const hoot_target *target, hoot_link **out_link, hoot_error *err);

    /* Let everything go at once. Does not suspend (an orderly goodbye is sent if that needs no waiting). Fine
     * in every state. */
    void (*close)(hoot_link *link);

    /* A look that costs at most one system call: false when the connection is dead or something unexpected
     * has come. Only while idle. */
    bool (*is_alive)(hoot_link *link);

    /* Send a statement and read until the first row could come. Suspends.
     * Errors: the server's refusal (server_code, sqlstate, and a code of the HOOT_EDB family) leaves the link
     * usable; others set broken or unfinished. */
    int (*run)(hoot_link *link, hoot_str sql, const hoot_value *params, size_t param_count,
               hoot_answer *out_answer, hoot_error *err);

    /* The next row. Suspends.  Gives: 1 and column_count cells, whose text and bytes are terminated behind
     * their end; 0 behind the last (then the answer is complete).  Lives: until the next call on the link.
     * Errors: as run(). */
    int (*next_row)(hoot_link *link, const hoot_value **out_cells, hoot_error *err);

    /* Rows that nobody wants: skip what is already there without suspending. Gives: 1 the answer is complete;
     * 0 it is not, and the link is marked unfinished. */
    int (*skip_rows)(hoot_link *link);

    /* Make an unfinished link usable again: stop its statement on the server, read the answer to its end,
     * within the task's deadline. Suspends. Gives: 0; anything else: close it. */
    int (*recover)(hoot_link *link, hoot_error *err);

    /* Session state like that of a fresh connection; prepared statements are forgotten. Suspends. */
    int (*reset)(hoot_link *link, hoot_error *err);

    int (*ping)(hoot_link *link, hoot_error *err);

    /* Would its server serve now, and with `writes` take writes? Asked before a server that was avoided is
     * used again. Suspends. Gives: 0; else `err` tells why not. NULL: connecting is proof enough. */
    int (*serves)(hoot_link *link, bool writes, hoot_error *err);
    /* --- what not every database can: NULL then, and who asks for it gets HOOT_ENOTSUP --- */

    /* A query for the warnings of the statement before: rows of level, code, text. */
    const char *warnings;

    /* Drop the rows that are left of this result and go to the next one, when keep_results was set. Suspends.
     * Gives: 1 and the answer; 0 there is none.  Errors: as run(). */
    int (*next_result)(hoot_link *link, hoot_answer *out_answer, hoot_error *err);

    /* Run a statement for each of row_count rows of `columns` parameters, in as few commands as possible.
     * Gives: 0 and the counts of all of them. Errors: HOOT_ENOTSUP, before anything was sent: this statement
     * must be run row by row; others as run(), with the numbers of the rows in front of the text. */
    int (*run_many)(hoot_link *link, hoot_str sql, const hoot_value *rows, size_t row_count, size_t columns,
                    hoot_answer *out_answer, hoot_error *err);

    /* Run a statement that reads a file of the client's: `source` is called for its bytes. Suspends. */
    int (*run_load)(hoot_link *link, hoot_str sql, hoot_source_fn source, void *arg, hoot_answer *out_answer,
                    hoot_error *err);

    int (*select_db)(hoot_link *link, const char *database, hoot_error *err);
    /* Go on as another user, in a session that has just begun; it ends with the lending. */
    int (*change_user)(hoot_link *link, const char *user, const char *password, const char *database,
                       hoot_error *err);
    /* Stop the statement of another connection, or (`whole`) that connection. */
    int (*kill)(hoot_link *link, uint64_t id, bool whole, hoot_error *err);

    const hoot_pipe *pipe; /* NULL: one statement at a time */
};

/* Add a driver of your own, before a pool is opened; at most 16. `driver` must live for ever. Errors:
 * HOOT_ELIMIT, HOOT_EINVAL the name is taken. */
HOOT_API int hoot_driver_register(const hoot_driver *driver);
HOOT_API const hoot_driver *hoot_driver_find(const char *name);

HOOT_END_DECLS
#endif
