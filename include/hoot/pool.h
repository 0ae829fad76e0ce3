/* hoot_pool: connections to one database, lent to tasks. One pool a worker; nothing in it is shared between
 * threads. */
#ifndef HOOT_POOL_H
#define HOOT_POOL_H

#include <hoot/conn.h>
#include <hoot/scope.h>

HOOT_BEGIN_DECLS

typedef struct hoot_pool hoot_pool;

/* Several hosts: the first that is well; or any of those with the fewest connections of the pool. */
typedef enum hoot_host_order { HOOT_HOSTS_IN_ORDER = 0, HOOT_HOSTS_AT_RANDOM } hoot_host_order;

/* Something to be done to a connection, with statements of its own: 0, or a negative code with `err` filled,
 * and then the connection is closed and the asker gets the error. `conn` is good until the hook is back. */
typedef int (*hoot_conn_hook_fn)(hoot_conn *conn, hoot_error *err, void *arg);

/* Values of hoot_pool_options.pipeline; others are a depth. */
enum { HOOT_PIPELINE_AUTO = 0, HOOT_PIPELINE_OFF = -1 };

/* How to connect and how to lend; zero is the default that stands beside it. Text is copied. */
typedef struct hoot_pool_options {
    /* "mysql://user:password@host:3306/database?sslmode=required&max_size=20",
     * "mysql:///database?socket=/run/mysqld/mysqld.sock", "sqlite:var/app.db", "sqlite::memory:" (one
     * connection only). Everything is percent-decoded; a '?' in a file's name is %3F. Behind '?' may stand
     * every field below by its name; connect_timeout=10 is in seconds, and attr.NAME=VALUE adds a connection
     * attribute. */
    const char *url;
    /* Or one by one; they win over the url. */
    const char *driver; /* "mysql" */
    const char *host;   /* "127.0.0.1" */
    uint16_t port;      /* 3306 */
    const char *hosts;  /* several: "a:3306,b:3306", at most 16; also in the url. One that cannot be connected
                           to, or that refuses (read-only, not prepared), is avoided for 0.5 to 30 s and then
                           until a connection of the pool's own has found it well */
    hoot_host_order host_order; /* in order: the first that is well, and back to it when it returns */
    const char *socket; /* path of a unix socket, instead of host and port: of host, hosts and socket one
                           is given, but "localhost" and "127.0.0.1" may stand beside a socket */
    const char *user;
    const char *password;
    const char *database; /* of SQLite: the file */

    uint32_t min_size;           /* 1: opened at once and kept open. 0 with `lazy`: none */
    uint32_t max_size;           /* 10 */
    uint32_t max_waiters;        /* 10,000 tasks waiting for a connection; over it HOOT_ELIMIT at once */
    uint32_t connect_timeout_ms; /* 10,000 for all of it: name, TCP, greeting, TLS, login; of several hosts
                                    each may take an equal share of what is left */
    uint32_t max_age_ms;       /* 1,800,000, each connection up to 10 % less, so that not all end together */
    uint32_t idle_ms;          /* 600,000: an idle one over min_size is closed */
    uint32_t statement_cache;  /* 100 prepared statements a connection; each may exist on each connection of
                                  each worker, and all  count against the server's max_prepared_stmt_count
                                  (16,382 by default) */
    uint64_t max_answer_bytes; /* 256 MiB a result kept in memory, and one row; at least 4,096 */
    uint32_t close_timeout_ms; /* 5,000: how long closing waits for lent connections before it cuts them */
    int pipeline;      /* statements of hoot_pool_query(), _execute() and _batch() that may be under way on
                          one connection. HOOT_PIPELINE_AUTO, where the server takes more than one: as
                          many as it answers in 10 ms, 16 to 128 */
    uint32_t lanes;    /* 2 connections of max_size may be shared so */
    bool share_writes; /* statements that write may be behind others on a connection, too: one that waits
                          for a row lock then holds up those behind it. Off: they have one to themselves */
    hoot_conn_hook_fn on_connect; /* on each new connection, and again when its session state was reset */
    hoot_conn_hook_fn on_acquire; /* on each connection before it is lent, for a single statement too */
    void *hook_arg;
    bool lazy;             /* do not connect when opened: a database that is down then is no error */
    bool multi_statements; /* one text may hold several statements, divided by ';' (those without parameters).
                              Off: whoever manages to write into a statement cannot add one of his own */
    bool found_rows;       /* affected rows of an UPDATE are those it found. Off: those that it changed */
    bool local_infile;     /* hoot_conn_load_data() may be used. Off: no server can ask for any bytes */
    bool allow_public_key_retrieval; /* caching_sha2 and sha256 over plain TCP: accept the server's RSA key
                                        as sent (an attacker between can then learn the password). Off: such a
                                        login is refused unless the server remembers it */
    bool allow_cleartext_password; /* mysql_clear_password (PAM, LDAP): send the password itself, over TLS or
                                      a unix socket only */

    /* TLS with servers. "disabled"; "preferred": if the server has it, whoever it is; "required": nothing is
     * sent without; "verify-ca": and a trusted authority has signed its certificate; "verify-identity": and
     * for this host. Default: "preferred", with ssl_ca or ssl_capath "verify-identity". Over a unix socket
     * "preferred" is without. */
    const char *sslmode;
    const char *ssl_ca;          /* PEM file of authorities; without it and ssl_capath the system's */
    const char *ssl_capath;      /* directory of them, made by `openssl rehash` */
    const char *ssl_crl;         /* PEM file of revoked certificates */
    const char *ssl_cert;        /* PEM file of our own certificate, for servers that ask for one */
    const char *ssl_key;         /* PEM file of its key; default: in ssl_cert */
    const char *tls_min_version; /* "1.2", or "1.3" */
    const char *ssl_fingerprint; /* SHA-256 of the server's certificate, 64 hexadecimal digits, ':' between as
                                    you like: any other certificate is refused. Default of sslmode with it:
                                    "required", for whose certificate it is says nothing more then */

    /* The session, set at login and again after every reset. */
    const char *charset;   /* "utf8mb4"; others: "utf8mb3", and "binary": texts come as bytes, unconverted */
    const char *collation; /* of literals; the server's default for the charset */
    const char *time_zone; /* "+00:00", "Europe/Paris"; the server's */
    const char *sql_mode;  /* "TRADITIONAL,ANSI_QUOTES"; the server's */
    const char *init_command;      /* run behind these; several: each on lines of its own, ended by ';' */
    const char *const *attributes; /* what the server shows of us: names and values in turn, then NULL */
    bool compress;        /* zlib, if the server has it: pays on slow networks; 40 KiB a connection */
    uint32_t keepalive_s; /* 30: a server that has vanished is noticed within about so long */

    /* An option file of the MySQL tools: the groups [client], [client-server], [client-mariadb] and
     * read_default_group; later lines win. What stands above or in the url wins over it. */
    const char *read_default_file; /* "~/.my.cnf" */
    const char
        *read_default_group; /* without read_default_file: in /etc/my.cnf, /etc/mysql/my.cnf, ~/.my.cnf */
} hoot_pool_options;

/* Open a pool. Unless `lazy`, min_size connections are made first.
 * `scope`: the pool closes itself when that ends: hoot_app_scope(app) in a before_serving hook. NULL: close
 * it yourself. Suspends: while connecting.  Gives: 0 and *out_pool. Errors: HOOT_ECONFIG the url or an option
 * is wrong; HOOT_ECONNECT, HOOT_EAUTH, HOOT_EDB (server_code tells). */
HOOT_API int hoot_pool_open(hoot_scope *scope, hoot_pool **out_pool, const hoot_pool_options *options,
                            hoot_error *err);

/* Are these options whole: a driver that exists, a url that is one, values in range, the files of
 * certificates there and good? Connects to nothing and does not suspend (but blocks for reading files), so
 * that a wrong configuration can stop a start before anything else.  Errors: HOOT_ECONFIG, HOOT_ENOMEM. */
HOOT_API int hoot_pool_options_check(const hoot_pool_options *options, hoot_error *err);

/* No more lending; waiters get HOOT_ECLOSED; lent connections are waited for up to close_timeout_ms, then
 * cut. Suspends: until no connection is left. NULL is fine. */
HOOT_API void hoot_pool_close(hoot_pool *pool);

/* Lend a connection, opening one while the pool is below its limit. Waiters are served in order.
 * Suspends: until one is free, or the task's deadline.
 * Gives:    a connection; hoot_conn_release() it from the same task, or declare it HOOT_AUTO.
 * Errors:   NULL and `err`: HOOT_ETIMEOUT none came free; HOOT_ECANCELED; HOOT_ECLOSED the pool is closing;
 * HOOT_ELIMIT too many wait; otherwise connecting failed, and `err` tells how. A connection still lent when
 * its task ends is taken back and reported with the place that acquired it. */
#define hoot_pool_acquire(pool, err) hoot_pool_acquire_at(pool, HOOT_PLACE, err)
HOOT_API HOOT_NODISCARD hoot_conn *hoot_pool_acquire_at(hoot_pool *pool, const char *place, hoot_error *err);

/* One statement in autocommit, on whatever connection is free, or on one shared with other tasks' statements
 * (a lane; see docs/database/lanes.md); parameters and results as in <hoot/conn.h>.
 * The cursor owns its rows: no connection is held when the call is back. HOOT_AUTO(hoot_cursor) rows =
 * hoot_pool_query(pool, err, "SELECT user_name FROM users WHERE user_id = ?", user_id); Suspends.  Errors: as
 * hoot_pool_acquire() and hoot_conn_query(). */
#define hoot_pool_query(pool, err, ...)   hoot_pool_query_values(pool, err, HOOT__VALUES(__VA_ARGS__))
#define hoot_pool_execute(pool, err, ...) hoot_pool_execute_values(pool, err, HOOT__VALUES(__VA_ARGS__))
HOOT_API HOOT_NODISCARD hoot_cursor *hoot_pool_query_values(hoot_pool *pool, hoot_error *err,
                                                            const hoot_value *values, size_t count);
HOOT_API int64_t hoot_pool_execute_values(hoot_pool *pool, hoot_error *err, const hoot_value *values,
                                          size_t count);

/* What hoot_pool_transaction() runs: 0 to commit, a negative code (with `err` filled) to roll back. May run
 * more than once. */
typedef int (*hoot_transaction_fn)(hoot_conn *conn, hoot_error *err, void *arg);

/* Run `fn` between BEGIN and COMMIT on a connection of its own; once more, up to 5 times in all with a short
 * random pause, when the database ended it as a deadlock or lock conflict (HOOT_EDEADLOCK). Suspends.  Gives:
 * 0, or the code of what failed. */
HOOT_API int hoot_pool_transaction(hoot_pool *pool, hoot_transaction_fn fn, void *arg, hoot_error *err);

/* "mysql" or "sqlite". */
HOOT_API const char *hoot_pool_driver(const hoot_pool *pool);

/* How long tasks stood in line: up to 1 ms, 5 ms, ... 5 s, and longer. */
#define HOOT_POOL_WAIT_BOUNDS_MS                                                                             \
    {                                                                                                        \
        1, 5, 10, 50, 100, 500, 1000, 5000                                                                   \
    }
enum { HOOT_POOL_WAITS = 9 };

/* Figures of now, and counts since the pool was opened. */
typedef struct hoot_pool_stats {
    uint32_t open, idle, lent, connecting, waiting;
    uint64_t acquired, waited, timed_out, statements, errors;
    uint64_t opened, open_failed;
    uint64_t waits[HOOT_POOL_WAITS]; /* whoever waited, with success or not */
    /* Why connections were retired: too old; idle too long; found dead before they were lent; could not be
     * cleaned; lost in use, or their host was; their server refused (read-only, not prepared); on_acquire
     * failed; a host came back and they moved there. */
    uint64_t closed_age, closed_idle, closed_dead, closed_dirty, closed_lost, closed_read_only, closed_hook,
        closed_moved;
    uint64_t leaked;
} hoot_pool_stats;
HOOT_API void hoot_pool_stats_get(const hoot_pool *pool, hoot_pool_stats *out);

/* The same of one host. */
typedef struct hoot_pool_host_stats {
    const char *host; /* "db1:3306"; Lives: as long as the pool */
    uint32_t open;
    uint64_t opened, open_failed;
    uint64_t lost;    /* connections in use */
    uint64_t refused; /* read-only, not prepared */
    bool avoided;
} hoot_pool_host_stats;

/* Fill at most `count`, in their order. Gives: how many hosts the pool has. */
HOOT_API size_t hoot_pool_hosts_get(const hoot_pool *pool, hoot_pool_host_stats *out, size_t count);

HOOT_END_DECLS
#endif
