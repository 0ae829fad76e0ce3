/* hoot_conn: one database connection, lent by a pool to one task at a time. For transactions, streaming, and
 * anything with session state; for single statements the pool's own calls (hoot_pool_query) are shorter. */
#ifndef HOOT_CONN_H
#define HOOT_CONN_H

#include <hoot/cursor.h>

HOOT_BEGIN_DECLS

typedef struct hoot_conn hoot_conn;

/* Run one statement and keep all of its rows. Parameters take the places of `?` and never become SQL text.
 *     rows = hoot_conn_query(conn, err, "SELECT user_name FROM users WHERE user_id = ?", id);
 * Suspends: until the whole answer is there.
 * Gives: a cursor, for a statement without rows too (hoot_affected_rows, hoot_last_insert_id).
 * Errors: NULL: HOOT_EDB and its kinds (HOOT_EDUPLICATE, HOOT_EDEADLOCK, HOOT_ECONSTRAINT) with server_code
 * and sqlstate; HOOT_EUNFIT the server takes no such statement now (read-only, not prepared);
 * HOOT_ECONNLOST; HOOT_ETIMEOUT, HOOT_ECANCELED: the statement is stopped on the server too; HOOT_ELIMIT the
 * answer is over max_answer_bytes; HOOT_EINVAL the number of parameters is wrong; HOOT_EBUSY a streaming
 * cursor is open on it. */
#define hoot_conn_query(conn, err, ...) hoot_conn_query_values(conn, err, HOOT__VALUES(__VA_ARGS__))

/* The same, rows read one by one while they come: memory stays flat. The connection is busy until the cursor
 * is closed. */
#define hoot_conn_stream(conn, err, ...) hoot_conn_stream_values(conn, err, HOOT__VALUES(__VA_ARGS__))

/* The same for statements without rows. Gives: the number of rows changed.  Errors: negative, as above. */
#define hoot_conn_execute(conn, err, ...) hoot_conn_execute_values(conn, err, HOOT__VALUES(__VA_ARGS__))

/* What the macros call, and what code with a parameter list made at run time calls: values[0] is the SQL
 * text, the parameters follow. count is 1 to 65,536. */
HOOT_API HOOT_NODISCARD hoot_cursor *hoot_conn_query_values(hoot_conn *conn, hoot_error *err,
                                                            const hoot_value *values, size_t count);
HOOT_API HOOT_NODISCARD hoot_cursor *hoot_conn_stream_values(hoot_conn *conn, hoot_error *err,
                                                             const hoot_value *values, size_t count);
HOOT_API int64_t hoot_conn_execute_values(hoot_conn *conn, hoot_error *err, const hoot_value *values,
                                          size_t count);

/* Run a statement once for each row of parameters: `rows` holds row_count times `columns` values, row by row.
 * Where the database can, many rows go in one command: MariaDB's bulk execution for INSERT, REPLACE, UPDATE
 * and DELETE; for "INSERT ... VALUES (?, ...)" elsewhere, statements of many rows; else one by one. Stops at
 * the first failure; `err` tells the number of the row, or of the rows that went with it. What of the rows
 * before it was kept outside of a transaction depends on how they were sent: begin one to be sure. Suspends.
 * Gives: rows changed in all. */
HOOT_API int64_t hoot_conn_executemany(hoot_conn *conn, const char *sql, const hoot_value *rows,
                                       size_t row_count, size_t columns, hoot_error *err);

/* Where LOAD DATA LOCAL gets its bytes: put at most `size` into `buffer`. May suspend, but not use the
 * connection. Gives: their number; 0: that was all.  Errors: a negative code, with `err`. */
typedef ptrdiff_t (*hoot_source_fn)(char *buffer, size_t size, hoot_error *err, void *arg);

/* Run one LOAD DATA LOCAL INFILE '...' statement, whose file is what `source` gives; the name in the
 * statement is not looked at. The pool needs .local_infile; a server's request for a file is refused for
 * every other statement. Suspends.  Gives: rows loaded. Errors: as hoot_conn_query(); HOOT_ENOTSUP the pool
 * does not allow it; HOOT_EINVAL the statement was run, but asked for no file; those of `source`: the
 * connection is closed then, for the protocol has no other way to end in the middle. The server may keep what
 * it has read by then, unless a transaction was begun. */
HOOT_API int64_t hoot_conn_load_data(hoot_conn *conn, const char *sql, hoot_source_fn source, void *arg,
                                     hoot_error *err);

/* The id that the last statement on this connection generated; 0: none. */
HOOT_API uint64_t hoot_conn_last_insert_id(const hoot_conn *conn);

/* Transactions. Suspend.  A connection released inside one is rolled back.
 * Errors: as hoot_conn_query(); HOOT_ESTATE: begin inside a transaction. */
HOOT_API int hoot_conn_begin(hoot_conn *conn, hoot_error *err);
HOOT_API int hoot_conn_commit(hoot_conn *conn, hoot_error *err);
HOOT_API int hoot_conn_rollback(hoot_conn *conn, hoot_error *err);
HOOT_API bool hoot_conn_in_transaction(const hoot_conn *conn);

/* Ask the server for a sign of life. Suspends. */
HOOT_API int hoot_conn_ping(hoot_conn *conn, hoot_error *err);

/* What the server noted about the last statement. */
typedef struct hoot_warning {
    const char *level; /* "Note", "Warning", "Error" */
    const char *text;
    uint32_t code; /* the server's number */
} hoot_warning;

/* Ask for the warnings of the statement before. Suspends.
 * Gives: their number and, if it is not 0, *out_warnings. Lives: as long as the scope that acquired.
 * Errors: negative, as hoot_conn_query(). */
HOOT_API ptrdiff_t hoot_conn_warnings(hoot_conn *conn, const hoot_warning **out_warnings, hoot_error *err);

/* Session matters. Suspend. What they change is undone before the connection is lent again. Errors: as
 * hoot_conn_query(); HOOT_ENOTSUP not with this database. */
HOOT_API int hoot_conn_select_db(hoot_conn *conn, const char *database, hoot_error *err);
/* Go on as another user. The open transaction is rolled back, the session begins anew; when the connection
 * comes back it is closed, and hoot_conn_reset() does not bring the pool's user back. NULL as password: none;
 * NULL as database: the pool's. A refusal (HOOT_EAUTH) closes it too. */
HOOT_API int hoot_conn_change_user(hoot_conn *conn, const char *user, const char *password,
                                   const char *database, hoot_error *err);
/* As if freshly lent: transaction, variables, temporary tables, locks are gone.
 * Errors: HOOT_ESTATE after hoot_conn_change_user(), SET ROLE, or a database where the pool has none, which
 * only another connection is free of: this one is closed. */
HOOT_API int hoot_conn_reset(hoot_conn *conn, hoot_error *err);
/* Stop what runs on the connection with this hoot_conn_id(), or that whole connection. */
HOOT_API int hoot_conn_kill_query(hoot_conn *conn, uint64_t id, hoot_error *err);
HOOT_API int hoot_conn_kill(hoot_conn *conn, uint64_t id, hoot_error *err);

/* "mysql" or "sqlite"; the server's version text; the server's number for the connection (0: it has none). */
HOOT_API const char *hoot_conn_driver(const hoot_conn *conn);
HOOT_API const char *hoot_conn_server_version(const hoot_conn *conn);
HOOT_API uint64_t hoot_conn_id(const hoot_conn *conn);

/* Give it back to its pool, which makes it clean: an open transaction is rolled back, changed session state
 * reset, an answer that was not read drained or the connection closed. Never suspends: the pool cleans in a
 * task of its own. Open cursors on it are closed. Only the task that acquired it may release it, once. NULL
 * is fine. */
HOOT_API void hoot_conn_release(hoot_conn *conn);
HOOT_DEFINE_AUTO(hoot_conn, hoot_conn_release);

HOOT_END_DECLS
#endif
