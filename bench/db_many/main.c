/* What many rows cost, into the database and out of it. For bench/db_many.py: prints a line of JSON.
 *
 *     db_many URL ROWS STREAMED
 *
 * The table `many` (id, name, amount) must be there. Each way of inserting ROWS rows is measured as it is, in
 * autocommit mode, and inside one transaction.
 * Streaming reads STREAMED rows of 120 bytes and looks at each; resident memory is read all 10,000 rows. */
#include <hoot/hoot.h>
#include <hoot/json.h>
#include <hoot/pool.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef struct bench {
    const char *url;
    size_t rows, streamed;
    hoot_conn *conn;
    hoot_error *err;
} bench;

#define INSERT "INSERT INTO many (id, name, amount) VALUES (?, ?, ?)"

static double read_clock(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

static long resident_kib(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long pages = 0;

    if (!file || fscanf(file, "%*d %ld", &pages) != 1)
        pages = 0;
    if (file)
        fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void die(const bench *b)
{
    fprintf(stderr, "db_many: %s\n", b->err->text);
    exit(1);
}

static hoot_value *make_rows(size_t count)
{
    hoot_value *rows = calloc(count, 3 * sizeof(*rows));

    for (size_t i = 0; rows && i < count; i++) {
        rows[3 * i] = hoot_value_int((int64_t)i);
        rows[3 * i + 1] = hoot_value_text(i % 2 ? "one of the odd ones" : "an even one");
        rows[3 * i + 2] = hoot_value_double((double)i / 7);
    }
    return rows;
}

static void insert_each(const bench *b, const hoot_value *rows)
{
    for (size_t i = 0; i < b->rows; i++) {
        if (hoot_conn_execute(b->conn, b->err, INSERT, rows[3 * i], rows[3 * i + 1], rows[3 * i + 2]) != 1)
            die(b);
    }
}

static void insert_many(const bench *b, const hoot_value *rows)
{
    if (hoot_conn_executemany(b->conn, INSERT, rows, b->rows, 3, b->err) != (int64_t)b->rows)
        die(b);
}

/* Gives: seconds. */
static double insert(const bench *b, void (*way)(const bench *b, const hoot_value *rows), bool together)
{
    hoot_value *rows = make_rows(b->rows);
    double start, seconds;

    if (!rows || hoot_conn_execute(b->conn, b->err, "TRUNCATE many") < 0)
        die(b);
    start = now();
    if (together && hoot_conn_begin(b->conn, b->err))
        die(b);
    way(b, rows);
    if (together && hoot_conn_commit(b->conn, b->err))
        die(b);
    seconds = now() - start;
    free(rows);
    return seconds;
}

/* --- out --- */

typedef struct streamed {
    double seconds;
    long before_kib, most_kib;
} streamed;

static streamed stream(const bench *b, hoot_cursor *rows)
{
    streamed s = { .seconds = now(), .before_kib = resident_kib() };
    const hoot_row *row;
    size_t count = 0;

    s.most_kib = s.before_kib;
    while ((row = hoot_fetchone(rows))) {
        int64_t number;

        if (hoot_row_int_at(row, 0, &number) || hoot_row_bytes_at(row, 1).len != 110)
            die(b);
        if (++count % 10000 == 0 && resident_kib() > s.most_kib)
            s.most_kib = resident_kib();
    }
    if (hoot_cursor_error(rows, b->err) || count != b->streamed)
        die(b);
    s.seconds = now() - s.seconds;
    hoot_cursor_close(rows);
    return s;
}

#define SERIES "SELECT seq, REPEAT('x', 110) AS text FROM seq_1_to_100000000 LIMIT "

static streamed stream_text(const bench *b)
{
    char sql[200];
    hoot_cursor *rows;

    snprintf(sql, sizeof(sql), SERIES "%zu", b->streamed);
    rows = hoot_conn_stream(b->conn, b->err, sql);
    if (!rows)
        die(b);
    return stream(b, rows);
}

static streamed stream_binary(const bench *b)
{
    hoot_cursor *rows = hoot_conn_stream(b->conn, b->err, SERIES "?", b->streamed);

    if (!rows)
        die(b);
    return stream(b, rows);
}

/* Nanoseconds of CPU time for a row of the table as JSON: straight, or by way of a value. */
static double json_ns(const bench *b, bool straight)
{
    hoot_cursor *rows = hoot_conn_query(b->conn, b->err, "SELECT * FROM many LIMIT 50000");
    double start = read_clock(CLOCK_PROCESS_CPUTIME_ID);
    const hoot_row *row;
    hoot_buf out;

    hoot_buf_init(&out, (size_t)64 << 20);
    while ((row = hoot_fetchone(rows))) {
        hoot_value object;

        if (straight) {
            (void)hoot_row_write_json(row, &out);
            continue;
        }
        object = hoot_row_object(row);
        (void)hoot_json_write(&out, &object);
    }
    start = (read_clock(CLOCK_PROCESS_CPUTIME_ID) - start) / (double)hoot_row_number(rows) * 1e9;
    hoot_cursor_close(rows);
    hoot_buf_fini(&out);
    return start;
}

static void measure(const bench *b)
{
    streamed text = stream_text(b), binary = stream_binary(b);

    printf("{\"each_s\": %.3f", insert(b, insert_each, false));
    printf(", \"many_s\": %.3f", insert(b, insert_many, false));
    printf(", \"each_together_s\": %.3f", insert(b, insert_each, true));
    printf(", \"many_together_s\": %.3f", insert(b, insert_many, true));
    printf(", \"text_s\": %.3f, \"text_kib\": %ld", text.seconds, text.most_kib - text.before_kib);
    printf(", \"binary_s\": %.3f, \"binary_kib\": %ld", binary.seconds, binary.most_kib - binary.before_kib);
    printf(", \"resident_kib\": %ld", binary.most_kib > text.most_kib ? binary.most_kib : text.most_kib);
    printf(", \"object_ns\": %.0f", json_ns(b, false));
    printf(", \"json_ns\": %.0f}\n", json_ns(b, true));
}

static int run(hoot_error *err, void *arg)
{
    bench *b = arg;
    const hoot_pool_options options = { .url = b->url, .max_size = 1 };
    hoot_pool *pool;

    b->err = err;
    if (hoot_pool_open(NULL, &pool, &options, err))
        return err->code;
    b->conn = hoot_pool_acquire(pool, err);
    if (!b->conn)
        die(b);
    measure(b);
    hoot_conn_release(b->conn);
    hoot_pool_close(pool);
    return 0;
}

int main(int argc, char **argv)
{
    hoot_error err = HOOT_ERROR_INIT;
    bench b = { 0 };

    if (argc != 4) {
        fputs("db_many URL ROWS STREAMED\n", stderr);
        return 2;
    }
    b.url = argv[1];
    b.rows = strtoul(argv[2], NULL, 10);
    b.streamed = strtoul(argv[3], NULL, 10);
    if (hoot_run(run, &b, &err) == 0)
        return 0;
    fprintf(stderr, "db_many: %s\n", err.text);
    return 1;
}
