/* Row events: the table they are about (TABLE_MAP), and its rows as values. Bytes in, values out; nothing
 * here knows of streams or connections. */
#ifndef HOOT_DB_MYSQL_BINLOG_ROWS_H
#define HOOT_DB_MYSQL_BINLOG_ROWS_H

#include "binlog_event.h"

#include <hoot/value.h>

/* Column types that only a binary log has; the others are in protocol.h. */
enum {
    HOOT__BIN_TYPE_TIMESTAMP2 = 17,
    HOOT__BIN_TYPE_DATETIME2 = 18,
    HOOT__BIN_TYPE_TIME2 = 19,
    HOOT__BIN_TYPE_BLOB_COMPRESSED = 140, /* MariaDB; given as they are stored */
    HOOT__BIN_TYPE_VARCHAR_COMPRESSED = 141,
};

/* How the bytes of a text column are to be read. */
typedef enum hoot__bin_charset {
    HOOT__BIN_CHARSET_UNKNOWN, /* text if it is UTF-8, else bytes */
    HOOT__BIN_CHARSET_BINARY,
    HOOT__BIN_CHARSET_UTF8, /* and ASCII */
    HOOT__BIN_CHARSET_LATIN1,
    HOOT__BIN_CHARSET_OTHER, /* bytes */
} hoot__bin_charset;

/* What MariaDB keeps in a binary string, and information_schema names. */
typedef enum hoot__bin_special {
    HOOT__BIN_PLAIN,
    HOOT__BIN_UUID,
    HOOT__BIN_INET4,
    HOOT__BIN_INET6,
} hoot__bin_special;

typedef struct hoot__bin_column {
    uint8_t type;  /* HOOT__MY_TYPE_... or above; of STRING the real one */
    uint16_t meta; /* its length, precision, digits of seconds: by type */
    bool is_unsigned;
    hoot__bin_charset charset;
    hoot__bin_special special;
    const hoot_str *labels; /* of ENUM and SET; NULL: not known */
    uint32_t label_count;
} hoot__bin_column;

/* More columns than any server's table may have are malformed. */
#define HOOT__BIN_COLUMNS_MAX 4096

typedef struct hoot__bin_table {
    uint64_t id;
    const char *schema, *table;
    uint32_t count;
    hoot__bin_column *columns;
    const char **names;         /* "@1", "@2" ... where they are not known */
    bool named;                 /* the log itself has told the names */
    hoot_value *before, *after; /* room for a row */
    bool *has_before, *has_after;
} hoot__bin_table;

/* Read a TABLE_MAP's body into `arena`, which holds all of `out`. Errors: HOOT_EPROTOCOL, HOOT_ENOMEM. */
int hoot__bin_table_parse(hoot_arena *arena, hoot_str body, const hoot__bin_format *format,
                          hoot__bin_table *out);

/* Its id alone, and the names of schema and table, in the body. */
bool hoot__bin_table_head(hoot_str body, bool short_id, uint64_t *out_id, hoot_str *out_schema,
                          hoot_str *out_table);

/* What information_schema tells of a column; texts are copied into `arena`. `charset` is "" for columns
 * without. Errors: HOOT_ENOMEM. */
int hoot__bin_column_describe(hoot_arena *arena, hoot__bin_table *table, uint32_t column, const char *name,
                              hoot_str column_type, hoot_str charset);

hoot__bin_charset hoot__bin_charset_of_collation(uint64_t collation);
hoot__bin_charset hoot__bin_charset_named(hoot_str name);

/* --- rows --- */

typedef enum hoot__bin_change { HOOT__BIN_INSERTED, HOOT__BIN_UPDATED, HOOT__BIN_DELETED } hoot__bin_change;

/* A row event whose rows are taken one by one. */
typedef struct hoot__bin_rows {
    hoot__bin_change change;
    uint64_t table_id;
    uint32_t count;                 /* columns */
    const unsigned char *in_first;  /* bitmaps of the columns that are there: before (INSERT: after) */
    const unsigned char *in_second; /* after, of UPDATE */
    bool compressed;                /* the rows are to be inflated first */
    hoot__my_in in;
} hoot__bin_rows;

/* Is it a row event of the kinds that can be read? */
bool hoot__bin_is_rows(uint8_t type);

/* Read all in front of the rows. Errors: false: malformed. */
bool hoot__bin_rows_begin(const hoot__bin_event *event, bool short_id, hoot__bin_rows *out);

/* The next row, into table->before and table->after. `arena` is emptied first; it and the event's bytes hold
 * what values point at. Gives: 1; 0 behind the last.
 * Errors: HOOT_EPROTOCOL; HOOT_ENOTSUP a column of a type that nobody knows; HOOT_ENOMEM. `err` is filled. */
int hoot__bin_rows_next(hoot__bin_rows *rows, hoot__bin_table *table, hoot_arena *arena, hoot_error *err);

/* --- values --- */

/* One value. Errors: HOOT_EPROTOCOL, HOOT_ENOTSUP, HOOT_ENOMEM. */
int hoot__bin_value(hoot__my_in *in, const hoot__bin_column *column, hoot_arena *arena, hoot_value *out);

/* A decimal number of MySQL's binary form. Gives: text in the arena. Errors: as above. */
int hoot__bin_decimal(hoot__my_in *in, unsigned precision, unsigned scale, hoot_arena *arena, hoot_str *out);

/* Times packed into a number, as DATETIME2, TIME2 and JSON have them: false: no such time. */
bool hoot__bin_unpack_datetime(int64_t packed, hoot_time *out);
bool hoot__bin_unpack_time(int64_t packed, hoot_time *out);

/* MySQL's binary JSON as text, the way the server writes it. Errors: as above. */
int hoot__bin_json(hoot_str document, hoot_arena *arena, hoot_str *out);

#endif
