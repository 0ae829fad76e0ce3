/* LOAD DATA LOCAL: the server asks for a file, and what a callback of the program gives is sent instead.
 *
 *     statement -> <- fb, name   bytes ->  bytes ->  ...  empty packet ->   <- OK or ERR
 *
 * A server can ask for any file in answer to any statement, so the capability is only set by option, the
 * bytes belong to the one statement that was run with a source, and they are given once. The name is never
 * looked at.
 *
 * The end of the bytes is an empty packet; "they ended early" cannot be said. So when the source fails, or
 * the task is stopped meanwhile, the connection is broken: no end is sent that would look like a good one.
 * Source: MySQL Internals, "LOCAL INFILE Request". */
#include "connection.h"

#include "base/alloc.h"

enum {
    CHUNK_BYTES = 64 * 1024,
    MAX_PENDING = 256 * 1024, /* what may wait while more is asked for */
};

static int send_bytes(hoot__my_link *link, const char *bytes, size_t len)
{
    int rc = hoot__my_channel_write(&link->channel, hoot_str_of(bytes, len));

    return rc < 0 ? rc : hoot__reader_flush(&link->channel.reader, MAX_PENDING);
}

/* The source's own failure, with its own words. */
static int fail_source(hoot__my_link *link, ptrdiff_t got, hoot_error *err)
{
    int rc = got < 0 ? (int)got : HOOT_EINVAL;

    if (got > 0)
        hoot_error_set(err, rc, "it gave more bytes than there was room for");
    else if (err && !err->code)
        hoot_error_set(err, rc, "%s", hoot_error_text(rc));
    (void)hoot_error_prefix(err, "the source of LOAD DATA LOCAL failed");
    hoot__my_move_to(link, HOOT__MY_BROKEN);
    return rc;
}

static int send_all(hoot__my_link *link, char *chunk, hoot_error *err)
{
    ptrdiff_t got;

    while ((got = link->source(chunk, CHUNK_BYTES, err, link->source_arg)) > 0 && got <= CHUNK_BYTES) {
        int rc = send_bytes(link, chunk, (size_t)got);

        if (rc < 0) {
            link->channel.torn = true;
            return hoot__my_fail(link, hoot_error_set(err, rc, "%s", hoot_error_text(rc)), err);
        }
    }
    return got ? fail_source(link, got, err) : 0;
}

static int send_end(hoot__my_link *link, hoot_error *err)
{
    int rc = hoot__my_channel_write(&link->channel, hoot_str_of("", 0));

    if (rc == 0)
        rc = hoot__my_channel_flush(&link->channel);
    return rc < 0 ? hoot__my_fail(link, hoot_error_set(err, rc, "%s", hoot_error_text(rc)), err) : 0;
}

int hoot__my_send_file(hoot__my_link *link, hoot_error *err)
{
    char *chunk = hoot__malloc(CHUNK_BYTES);
    int rc;

    link->source_asked = true;
    if (!chunk)
        return hoot__my_fail(link, hoot_error_set(err, HOOT_ENOMEM, "no memory for LOAD DATA LOCAL"), err);
    rc = send_all(link, chunk, err);
    hoot__free(chunk);
    if (rc == 0)
        rc = send_end(link, err);
    return rc < 0 ? rc : HOOT__MY_GOES_ON;
}

/* To the end of all results, while the source is there. */
static int run_to_end(hoot__my_link *link, hoot_str sql, hoot_answer *out_answer, hoot_error *err)
{
    const hoot__my_ok *ok = &link->reply.ok;
    const hoot_value *cells;
    int rc = hoot__my_run(&link->base, sql, NULL, 0, out_answer, err);

    if (rc < 0)
        return rc;
    while ((rc = hoot__my_next_row(&link->base, &cells, err)) > 0)
        continue;
    *out_answer = (hoot_answer){ .affected_rows = ok->affected_rows, .warnings = ok->warnings };
    return rc;
}

int hoot__my_run_load(hoot_link *base, hoot_str sql, hoot_source_fn source, void *arg,
                      hoot_answer *out_answer, hoot_error *err)
{
    hoot__my_link *link = hoot__my_link_of(base);
    int rc;

    if (!(link->greeting.capabilities & HOOT__MY_CAP_LOCAL_FILES))
        return hoot_error_set(
            err, HOOT_ENOTSUP,
            "LOAD DATA LOCAL needs .local_infile in the pool's options and the server's consent");
    base->keep_results = false;
    link->source = source;
    link->source_arg = arg;
    link->source_asked = false;
    rc = run_to_end(link, sql, out_answer, err);
    link->source = NULL;
    if (rc == 0 && !link->source_asked)
        rc = hoot_error_set(err, HOOT_EINVAL,
                            "the statement was run, and asked for no file: it is no LOAD DATA LOCAL INFILE");
    return rc;
}
