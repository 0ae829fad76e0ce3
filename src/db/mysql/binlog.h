/* One stream of a binary log: what the files around it share. binlog_event.h and binlog_rows.h are below:
 * they take bytes. */
#ifndef HOOT_DB_MYSQL_BINLOG_H
#define HOOT_DB_MYSQL_BINLOG_H

#include "binlog_gtid.h"
#include "binlog_rows.h"
#include "connection.h"

#include "db/hosts.h"
#include "db/options.h"

#include <hoot/binlog.h>

/* Tables that are remembered: more than one statement can change. */
enum { HOOT__BIN_TABLES_MAX = 128, HOOT__BIN_FILE_BYTES = 513 };

/* A file begins with four bytes that are no event. */
enum { HOOT__BIN_FIRST_OFFSET = 4 };

typedef struct hoot__bin_known {
    hoot_arena *arena; /* holds all of it; NULL: free */
    hoot_str body;     /* of the TABLE_MAP: the same again needs no reading */
    hoot__bin_table table;
    uint64_t used;  /* when: the counter of the stream */
    bool wanted;    /* the filters let it through */
    bool described; /* names are known, or cannot be */
} hoot__bin_known;

/* A place in the log. */
typedef struct hoot__bin_place {
    char file[HOOT__BIN_FILE_BYTES];
    uint64_t offset;
} hoot__bin_place;

struct hoot_binlog {
    hoot_arena *options_arena;
    hoot_binlog_options options; /* with defaults filled in */
    hoot_target target;
    hoot__host *hosts; /* one, or several to try in turn */
    uint32_t host_count, host;
    bool by_gtid; /* asked for by transactions, not by place */

    hoot_link *link;  /* the log comes over it; NULL: to be connected */
    hoot_link *asker; /* for information_schema, or NULL */
    bool maria;
    hoot__bin_format format;
    uint64_t silent_ms; /* waited for in vain since the server spoke last */

    hoot__bin_place place; /* behind the last event read */
    hoot__bin_place safe;  /* behind the last transaction given as a whole */
    hoot__gtid_set done;   /* all transactions in front of `safe`, if `done_known` */
    bool done_known;

    /* The transaction under way. What was given of it is counted, and left out when it comes again. */
    bool in_transaction;
    bool begun;    /* BEGIN has come: it goes on to its COMMIT */
    bool has_gtid; /* `gtid` is its */
    hoot__gtid_range gtid;
    hoot_buf gtid_text;
    uint64_t rows_seen, others_seen;
    uint64_t rows_skipped, others_skipped;

    hoot__bin_known tables[HOOT__BIN_TABLES_MAX];
    uint64_t counter;

    /* The row event whose rows are being given. Its bytes are in the channel, or in `inflated`. */
    bool reading_rows;
    hoot__bin_event event;
    hoot__bin_rows rows;
    hoot__bin_known *known;
    hoot_buf inflated;
    hoot_arena *row; /* what values and texts of the last event point at */

    uint32_t steps;
    hoot_buf where_text; /* of hoot_binlog_where() */
};

/* --- binlog_connect.c --- */

/* Connect and ask for the log from `safe` on. Suspends. */
int hoot__bin_connect(hoot_binlog *binlog, hoot_error *err);

/* The connection is of no use any more: the next call connects anew and leaves out what was given. */
void hoot__bin_disconnect(hoot_binlog *binlog);

/* The next packet of the log, without its first byte. Suspends.  Gives: 1; 0 the end.  Errors: those of
 * hoot_binlog_next(). */
int hoot__bin_read(hoot_binlog *binlog, hoot_str *out_event, hoot_error *err);

/* --- binlog_tables.c --- */

/* Note a table. Errors: HOOT_EPROTOCOL, HOOT_ENOMEM. */
int hoot__bin_tables_add(hoot_binlog *binlog, hoot_str body, hoot_error *err);

/* NULL: it was not announced. */
hoot__bin_known *hoot__bin_tables_find(hoot_binlog *binlog, uint64_t id);

void hoot__bin_tables_clear(hoot_binlog *binlog);

/* Do the lists of schemas let it through? */
bool hoot__bin_wants_schema(const hoot_binlog_options *options, hoot_str schema);

/* Ask for the names of a table's columns, once. Suspends.  Errors: those of connecting and of statements. */
int hoot__bin_describe(hoot_binlog *binlog, hoot__bin_known *known, hoot_error *err);

#endif
