/* hoot_binlog: the changes of a MySQL or MariaDB server as they are committed, read from its binary log over
 * a connection of its own, the way a replica reads them.
 *
 *     HOOT_AUTO(hoot_binlog) log = NULL;
 *     hoot_binlog_event event;
 *     int rc = hoot_binlog_open(&(hoot_binlog_options){ .connect.url = url }, &log, err);
 *
 *     while (rc >= 0 && (rc = hoot_binlog_next(log, &event, err)) > 0)
 *         ...
 *
 * The server must log rows (binlog_format=ROW); the user needs REPLICATION SLAVE, and REPLICATION CLIENT
 * (MariaDB: BINLOG MONITOR) to start at "now". Column names, and the words of ENUM and SET, come with the log
 * when the server has binlog_row_metadata=FULL; otherwise they are asked for over a second connection, and
 * are those of the moment of asking. Used by one task at a time. */
#ifndef HOOT_BINLOG_H
#define HOOT_BINLOG_H

#include <hoot/pool.h>

HOOT_BEGIN_DECLS

typedef struct hoot_binlog hoot_binlog;

/* What an event is; as a set in hoot_binlog_options. */
typedef enum hoot_binlog_kind {
    HOOT_BINLOG_INSERT = 1 << 0,    /* one row: after */
    HOOT_BINLOG_UPDATE = 1 << 1,    /* one row: before, after */
    HOOT_BINLOG_DELETE = 1 << 2,    /* one row: before */
    HOOT_BINLOG_COMMIT = 1 << 3,    /* a transaction is complete: all before it may be confirmed */
    HOOT_BINLOG_QUERY = 1 << 4,     /* text: a statement that was logged as such: DDL, mostly */
    HOOT_BINLOG_GTID = 1 << 5,      /* a transaction begins; gtid ("": the server gives none) */
    HOOT_BINLOG_ANNOTATE = 1 << 6,  /* text: the statement whose rows follow, where servers log it */
    HOOT_BINLOG_ROTATE = 1 << 7,    /* the log goes on in another file: file, offset */
    HOOT_BINLOG_FORMAT = 1 << 8,    /* a file begins; text: the version of the server that wrote it */
    HOOT_BINLOG_GTID_LIST = 1 << 9, /* text: the transactions in front of this file */
    HOOT_BINLOG_HEARTBEAT = 1 << 10 /* nothing has happened */
} hoot_binlog_kind;

#define HOOT_BINLOG_ROWS (HOOT_BINLOG_INSERT | HOOT_BINLOG_UPDATE | HOOT_BINLOG_DELETE)
#define HOOT_BINLOG_ALL  ((1 << 11) - 1)

/* Where to connect, where to begin, what to give; zero is the default beside it. All is copied. */
typedef struct hoot_binlog_options {
    hoot_pool_options connect; /* url, or host, user ...; max_answer_bytes limits one event. What says how a
                                  pool lends is not used */

    /* Begin behind these transactions: "0-1-77,1-5-3" (MariaDB), "3E11FA47-...:1-5,..." (MySQL);
     * or at a place in a file: "mysql-bin.000003", 4;
     * or with the oldest file that the server still has. None of them: with what comes from now on.
     * All that hoot_binlog_where() gave may be handed back: a gtid is preferred to file and offset, and ""
     * is none; file "" with offset 4 is the oldest file. */
    const char *gtid;
    const char *file;
    uint64_t offset; /* 4: the beginning of the file */
    bool from_start;

    uint32_t server_id;    /* a random one; no two replicas of a server may have the same */
    uint32_t heartbeat_ms; /* 10,000; not below 100: the server speaks at least that often; silent for three
                              times as long, it is taken for lost */
    uint32_t events;       /* a set of HOOT_BINLOG_...; HOOT_BINLOG_ROWS | HOOT_BINLOG_COMMIT */
    uint32_t since;        /* seconds since 1970: what is older is not given */
    bool stop_at_end;      /* do not wait for more when all that is there has been read */

    /* Lists that end with NULL. A table is "table" or "schema.table"; names are compared as they are. Row
     * events must be in the first two, where those are given, and in none of the others. The lists of schemas
     * hold for HOOT_BINLOG_QUERY too. */
    const char *const *schemas, *const *tables;
    const char *const *ignored_schemas, *const *ignored_tables;
} hoot_binlog_options;

/* One event. Texts are terminated, "" when there is none; `text` and the values inside of `before` and
 * `after` are slices.  Lives: until the next call on the same binlog. */
typedef struct hoot_binlog_event {
    hoot_binlog_kind kind;
    uint32_t timestamp; /* when it happened, seconds since 1970; 0: unknown */
    uint32_t server_id; /* of the server where it happened first */
    const char *file;   /* where it ends in the log */
    uint64_t offset;
    const char *gtid; /* of the transaction it belongs to */
    const char *schema, *table;
    hoot_str text;
    uint64_t xid; /* of HOOT_BINLOG_COMMIT; 0: none */

    /* Of a row. A column whose name could not be learned is "@1", "@2" ...; a column that the log does not
     * hold (binlog_row_image) is not in `has_...`, and its value is NULL. */
    uint32_t column_count;
    const char *const *names;
    const hoot_value *before, *after;
    const bool *has_before, *has_after;
} hoot_binlog_event;

/* Where to go on when this process begins again: behind the last transaction that was given as a whole. Store
 * all three and open with them later, or `gtid` only, where it is known (it holds on another server too). */
typedef struct hoot_binlog_position {
    const char *file;
    uint64_t offset;
    const char *gtid; /* "": not known (yet) */
} hoot_binlog_position;

/* Connect, and ask for the log. Suspends: within connect.connect_timeout_ms.
 * Errors: as hoot_pool_open(); HOOT_ECONFIG from_start beside a gtid or a file, an offset without a file, a
 * gtid that is none; HOOT_EDB the server has no binary log, or the user may not read it. */
HOOT_API int hoot_binlog_open(const hoot_binlog_options *options, hoot_binlog **out_binlog, hoot_error *err);

/* The next event. Nothing is read from the server but by this call: who is slow lets the server wait.
 * Suspends: until there is one.
 * Gives: 1 and the event; 0: the end, with stop_at_end only. What the values are: docs/database/replication.
 * Errors: HOOT_ETIMEOUT, HOOT_ECANCELED: nothing is lost, the next call goes on; HOOT_ECONNLOST,
 * HOOT_ECONNECT: the next call connects anew, and goes on behind the last event that was given; HOOT_EDB: the
 * server refuses (1236: what was asked for is not in its log any more); HOOT_EPROTOCOL a malformed event or a
 * wrong checksum; HOOT_ELIMIT an event over max_answer_bytes; HOOT_ENOTSUP an event that cannot be read, and
 * `err` names the server's setting that does without. After the last three the same comes again. */
HOOT_API int hoot_binlog_next(hoot_binlog *binlog, hoot_binlog_event *out_event, hoot_error *err);

/* Lives: until the next call on the same binlog. */
HOOT_API void hoot_binlog_where(const hoot_binlog *binlog, hoot_binlog_position *out);

/* The number of a column of a row event; -1: it has none of that name. */
HOOT_API int hoot_binlog_column(const hoot_binlog_event *event, const char *name);

/* Does not suspend. NULL is fine. */
HOOT_API void hoot_binlog_close(hoot_binlog *binlog);
HOOT_DEFINE_AUTO(hoot_binlog, hoot_binlog_close);

HOOT_END_DECLS
#endif
