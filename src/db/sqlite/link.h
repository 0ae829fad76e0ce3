/* The sqlite driver from inside: one SQLite handle, the statement that is open on it, and the rows it has
 * ahead.
 *
 *     driver.c  the table of functions: from tasks to threads and back
 *     open.c    opening, closing                       statement.c  preparing, the cache, parameters
 *     rows.c    stepping, rows ahead                   errors.c     SQLite's codes to ours
 *
 * Names that end in _on_thread run on a thread of the work pool, while the one task that uses the link waits:
 * nothing but `stop` is touched from both sides at a time. */
#ifndef HOOT_DB_SQLITE_LINK_H
#define HOOT_DB_SQLITE_LINK_H

#include <hoot/sys/driver.h>

#include <sqlite3.h>
#include <stdatomic.h>

/* A prepared statement of the cache; the list is by last use. */
typedef struct hoot__sqlite_statement hoot__sqlite_statement;

struct hoot__sqlite_statement {
    hoot__sqlite_statement *newer, *older;
    sqlite3_stmt *stmt;
    char *sql;
    size_t len;
    uint64_t hash;
    const char **names; /* of its columns; one block with the texts */
    int column_count;
    int named_at;       /* how often SQLite had prepared it anew when `names` were made */
    bool changes_state; /* of the session: PRAGMA, ATTACH, temporary tables */
};

typedef struct hoot__sqlite_link {
    hoot_link link;
    sqlite3 *db;
    hoot__sqlite_statement *newest, *oldest;
    uint32_t cached;
    bool in_memory;
    bool seen_state_change;          /* by the authorizer, in the statement that is being prepared */
    atomic_bool stop;                /* what runs on a thread is to end */
    hoot__sqlite_statement *current; /* open: rows may come. NULL: the answer is complete */
    sqlite3_int64 first_insert;      /* rowid of the first row that the statement inserted */
    /* rows ahead */
    hoot_arena *bytes;
    hoot_value *cells;
    size_t cell_capacity;
    size_t columns, rows, next_row;
} hoot__sqlite_link;

/* What a thread gives when another connection holds a lock, and trying again may help. Never leaves the
 * driver. */
enum { HOOT__SQLITE_BUSY = 1 };

/* --- errors.c --- */
/* Fill `err` with what SQLite says. Gives: its code, or HOOT__SQLITE_BUSY. */
int hoot__sqlite_error(hoot__sqlite_link *link, int code, hoot_error *err);

/* --- open.c --- */
/* Open the database of the link's target. Errors: HOOT_ECONNECT, HOOT_ENOMEM, HOOT__SQLITE_BUSY. */
int hoot__sqlite_open_on_thread(hoot__sqlite_link *link, hoot_error *err);
/* Close it, with all statements; `link` stays. */
void hoot__sqlite_shut_on_thread(hoot__sqlite_link *link);

/* --- statement.c --- */
/* From the cache, or prepared; its parameters bound. */
int hoot__sqlite_prepare_on_thread(hoot__sqlite_link *link, hoot_str sql, const hoot_value *params,
                                   size_t count, hoot__sqlite_statement **out, hoot_error *err);
/* Bring its column names up to date. */
int hoot__sqlite_name_columns(hoot__sqlite_statement *statement, hoot_error *err);
void hoot__sqlite_forget_statements(hoot__sqlite_link *link);

/* --- rows.c --- */
/* The next rows of the current statement, as many as fit; behind the last one the statement is finished. */
int hoot__sqlite_step_on_thread(hoot__sqlite_link *link, hoot_error *err);
/* The current statement ends: its locks are let go. Cheap for one that only reads. */
void hoot__sqlite_finish(hoot__sqlite_link *link);

#endif
