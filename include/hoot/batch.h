/* hoot_batch: statements that are sent together, and their results in the same order.
 *
 *     HOOT_AUTO(hoot_batch) batch = hoot_batch_new(err);
 *     hoot_batch_add(batch, "UPDATE users SET seen = NOW() WHERE user_id = ?", id);
 *     hoot_batch_add(batch, "SELECT hoot_id, body FROM hoots WHERE user_id = ?", id);
 *     if (hoot_conn_batch(conn, batch, err))
 *         return hoot_error_code(err);
 *     rows = hoot_batch_result(batch, 1);
 *
 * docs/database/batches.md tells what is behind a statement that fails. */
#ifndef HOOT_BATCH_H
#define HOOT_BATCH_H

#include <hoot/pool.h>

HOOT_BEGIN_DECLS

typedef struct hoot_batch hoot_batch;

/* Gives: an empty batch of the task's, let go with it at the latest.  Errors: NULL: HOOT_ENOMEM; HOOT_ESTATE
 * there is no task. */
HOOT_API HOOT_NODISCARD hoot_batch *hoot_batch_new(hoot_error *err);

/* Add a statement: a text, then its parameters. They are copied. NULL as batch is fine.
 * Errors: HOOT_EINVAL it is no statement, HOOT_ENOMEM; hoot_conn_batch() gives them too, so nobody has to
 * look here. */
#define hoot_batch_add(batch, ...) hoot_batch_add_values(batch, HOOT__VALUES(__VA_ARGS__))
HOOT_API int hoot_batch_add_values(hoot_batch *batch, const hoot_value *values, size_t count);

/* Send a statement only when those in front of it have succeeded: a round trip each, and none is run behind
 * one that failed. */
HOOT_API void hoot_batch_stop_at_error(hoot_batch *batch);

/* Run all of them, in order. Where the server takes it (as with lanes, hoot_pool_options.pipeline) they are
 * written together and their answers read behind each other, else one after the other, with the same results.
 * A statement that fails does not keep those behind it from being run. Suspends: until every answer is there.
 * Gives: 0 when all have succeeded. Errors: the first that failed, with its number in `err`; as
 * hoot_conn_query(). HOOT_ETIMEOUT, HOOT_ECANCELED, HOOT_ECONNLOST also end the others: hoot_batch_was_sent()
 * tells which the server may have run. */
HOOT_API int hoot_conn_batch(hoot_conn *conn, hoot_batch *batch, hoot_error *err);

/* The same without a connection: each statement in autocommit. If all of them only read, they go over the
 * connections that tasks share (lanes; docs/database/lanes.md), and see the database each at a moment of its
 * own, not one after the other. Else, and behind hoot_batch_stop_at_error(), the batch has a connection to
 * itself meanwhile. Suspends.  Gives, Errors: as hoot_conn_batch(); as hoot_pool_acquire(), and then none was
 * sent. */
HOOT_API int hoot_pool_batch(hoot_pool *pool, hoot_batch *batch, hoot_error *err);

/* How many were added; statements are numbered from 0. */
HOOT_API size_t hoot_batch_count(const hoot_batch *batch);

/* What became of one: a cursor, for one without rows too (hoot_affected_rows, hoot_last_insert_id,
 * hoot_warning_count). Lives: as long as the batch, which closes it. NULL: it failed, or has not run. */
HOOT_API hoot_cursor *hoot_batch_result(const hoot_batch *batch, size_t index);

/* 0, or the code with which it failed, and then `err` is filled. */
HOOT_API int hoot_batch_error(const hoot_batch *batch, size_t index, hoot_error *err);

/* May the server have run it? false: certainly not. */
HOOT_API bool hoot_batch_was_sent(const hoot_batch *batch, size_t index);

/* Let it go, with its results. NULL is fine. */
HOOT_API void hoot_batch_free(hoot_batch *batch);
HOOT_DEFINE_AUTO(hoot_batch, hoot_batch_free);

HOOT_END_DECLS
#endif
