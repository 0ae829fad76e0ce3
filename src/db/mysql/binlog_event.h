/* What a binary log is made of: events from bytes. Nothing here knows of streams, tasks or connections.
 * Source: MySQL Internals, "Replication Protocol" (Binlog Event, Event Types); MariaDB Knowledge Base,
 * "Replication Protocol". */
#ifndef HOOT_DB_MYSQL_BINLOG_EVENT_H
#define HOOT_DB_MYSQL_BINLOG_EVENT_H

#include "packet.h"

#include <hoot/error.h>

/* Types of events. */
enum {
    HOOT__BIN_QUERY = 2,
    HOOT__BIN_STOP = 3,
    HOOT__BIN_ROTATE = 4,
    HOOT__BIN_FORMAT = 15,
    HOOT__BIN_XID = 16,
    HOOT__BIN_TABLE_MAP = 19,
    HOOT__BIN_INSERT_V1 = 23,
    HOOT__BIN_UPDATE_V1 = 24,
    HOOT__BIN_DELETE_V1 = 25,
    HOOT__BIN_HEARTBEAT = 27,
    HOOT__BIN_ROWS_QUERY = 29, /* MySQL's ANNOTATE */
    HOOT__BIN_INSERT_V2 = 30,
    HOOT__BIN_UPDATE_V2 = 31,
    HOOT__BIN_DELETE_V2 = 32,
    HOOT__BIN_GTID = 33, /* 33 to 36, 39 to 42: MySQL */
    HOOT__BIN_ANONYMOUS_GTID = 34,
    HOOT__BIN_PREVIOUS_GTIDS = 35,
    HOOT__BIN_XA_PREPARE = 38,
    HOOT__BIN_PARTIAL_UPDATE = 39,
    HOOT__BIN_TRANSACTION_PAYLOAD = 40,
    HOOT__BIN_HEARTBEAT_V2 = 41,
    HOOT__BIN_TAGGED_GTID = 42,
    HOOT__BIN_ANNOTATE = 160, /* from here on: MariaDB */
    HOOT__BIN_MARIA_GTID = 162,
    HOOT__BIN_GTID_LIST = 163,
    HOOT__BIN_QUERY_COMPRESSED = 165,
    HOOT__BIN_INSERT_COMPRESSED_V1 = 166,
    HOOT__BIN_UPDATE_COMPRESSED_V1 = 167,
    HOOT__BIN_DELETE_COMPRESSED_V1 = 168,
    HOOT__BIN_INSERT_COMPRESSED = 169,
    HOOT__BIN_UPDATE_COMPRESSED = 170,
    HOOT__BIN_DELETE_COMPRESSED = 171,
};

#define HOOT__BIN_FLAG_ARTIFICIAL 0x20 /* made for this replica: it is in no file */

/* One event. */
typedef struct hoot__bin_event {
    uint32_t timestamp;
    uint8_t type;
    uint32_t server_id;
    uint32_t end; /* offset behind it in its file; 0: it is in none */
    uint16_t flags;
    hoot_str body; /* without header and checksum */
} hoot__bin_event;

/* What a format description says of the events behind it. */
typedef struct hoot__bin_format {
    bool maria;          /* the server is a MariaDB, by its version */
    bool checksum;       /* four bytes of CRC-32 at their end */
    bool short_table_id; /* table ids have four bytes: servers before 5.1.4 */
    char version[51];    /* of the server that wrote the file */
} hoot__bin_format;

/* Take header and checksum off. `checksum`: those of this stream have one, which is compared.
 * Errors: HOOT_EPROTOCOL. */
int hoot__bin_event_parse(hoot_str bytes, bool checksum, hoot__bin_event *out, hoot_error *err);

/* The parsers of bodies. Errors: false: malformed. Slices lie in the body. */
bool hoot__bin_format_parse(hoot_str body, hoot__bin_format *out);

typedef struct hoot__bin_rotate {
    uint64_t offset;
    hoot_str file;
} hoot__bin_rotate;
bool hoot__bin_rotate_parse(hoot_str body, hoot__bin_rotate *out);

typedef struct hoot__bin_query {
    hoot_str schema;
    hoot_str text;
} hoot__bin_query;
bool hoot__bin_query_parse(hoot_str body, hoot__bin_query *out);

bool hoot__bin_xid_parse(hoot_str body, uint64_t *out);

/* The transaction that begins, in MySQL's form or in MariaDB's. */
typedef struct hoot__bin_gtid {
    bool maria;
    bool standalone;  /* MariaDB: one event without a COMMIT behind it */
    uint8_t uuid[16]; /* MySQL */
    uint32_t domain;  /* MariaDB; its server is the event's server_id */
    uint64_t number;
} hoot__bin_gtid;
bool hoot__bin_gtid_parse(const hoot__bin_event *event, hoot__bin_gtid *out);

/* Text of ANNOTATE and ROWS_QUERY. */
bool hoot__bin_annotate_parse(const hoot__bin_event *event, hoot_str *out);

/* What MariaDB's log_bin_compress has compressed, appended: of a query its text, of rows all behind the
 * bitmaps. At most what `out` may hold. Errors: HOOT_EPROTOCOL, HOOT_ELIMIT, HOOT_ENOMEM. */
int hoot__bin_inflate(hoot_str compressed, hoot_buf *out);

#endif
