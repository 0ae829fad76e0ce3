/* Changes of a MySQL or MariaDB server as JSON lines, one a row:
 *
 *     changes --url mysql://user:password@127.0.0.1/ --state changes.state
 *     {"kind":"insert","timestamp":1771840800,"schema":"shop","table":"orders","after":{"id":7,"total":"12.50"}}
 *
 * The url may stand in CHANGES_URL. With --state it writes down after each transaction how far it has come,
 * and begins there the next time; else it begins at --gtid, at --file and --offset, --from-start, or now. It
 * connects again when the server goes away. --table (repeatable) names the tables to follow, --all prints
 * statements, transactions and files too, --stop-at-end ends when there is nothing more. */
#include <hoot/binlog.h>
#include <hoot/env.h>
#include <hoot/json.h>
#include <hoot/task.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TABLES_MAX = 64,
    COLUMNS_MAX = 4096,
    LINE_BYTES_MAX = 512 * 1024 * 1024,
    PAUSE_MS = 500,
    STATE_MAX = 65536
};

struct changes {
    hoot_binlog_options options;
    const char *tables[TABLES_MAX + 1];
    const char *state;
    char gtid[STATE_MAX], file[1024]; /* from the state */
    hoot_member members[2][COLUMNS_MAX];
    hoot_buf line;
};

static const char *kind_name(hoot_binlog_kind kind)
{
    switch (kind) {
    case HOOT_BINLOG_INSERT: return "insert";
    case HOOT_BINLOG_UPDATE: return "update";
    case HOOT_BINLOG_DELETE: return "delete";
    case HOOT_BINLOG_COMMIT: return "commit";
    case HOOT_BINLOG_QUERY: return "query";
    case HOOT_BINLOG_GTID: return "gtid";
    case HOOT_BINLOG_ANNOTATE: return "annotate";
    case HOOT_BINLOG_ROTATE: return "rotate";
    case HOOT_BINLOG_FORMAT: return "format";
    case HOOT_BINLOG_GTID_LIST: return "gtid_list";
    case HOOT_BINLOG_HEARTBEAT: return "heartbeat";
    }
    return "unknown";
}

/* The columns that the log holds, by name. */
static hoot_value row_of(const hoot_binlog_event *event, const hoot_value *values, const bool *has,
                         hoot_member *members)
{
    size_t count = 0;

    for (uint32_t i = 0; i < event->column_count && i < COLUMNS_MAX; i++)
        if (has[i])
            members[count++] = hoot_member_of(event->names[i], values[i]);
    return hoot_value_members(members, count);
}

static int print(struct changes *changes, const hoot_binlog_event *event, hoot_error *err)
{
    hoot_member all[12];
    size_t count = 0;
    hoot_value line;
    int rc;

    all[count++] = hoot_member_of("kind", HOOT_VALUE(kind_name(event->kind)));
    all[count++] = hoot_member_of("timestamp", HOOT_VALUE(event->timestamp));
    all[count++] = hoot_member_of("file", HOOT_VALUE(event->file));
    all[count++] = hoot_member_of("offset", HOOT_VALUE(event->offset));
    if (event->gtid[0])
        all[count++] = hoot_member_of("gtid", HOOT_VALUE(event->gtid));
    if (event->schema[0])
        all[count++] = hoot_member_of("schema", HOOT_VALUE(event->schema));
    if (event->table[0])
        all[count++] = hoot_member_of("table", HOOT_VALUE(event->table));
    if (event->text.len)
        all[count++] = hoot_member_of("text", hoot_str_is_utf8(event->text) ? hoot_value_str(event->text)
                                                                            : hoot_value_bytes(event->text));
    if (event->before)
        all[count++] =
            hoot_member_of("before", row_of(event, event->before, event->has_before, changes->members[0]));
    if (event->after)
        all[count++] =
            hoot_member_of("after", row_of(event, event->after, event->has_after, changes->members[1]));
    line = hoot_value_members(all, count);
    hoot_buf_clear(&changes->line);
    rc = hoot_json_write(&changes->line, &line);
    if (rc == 0)
        rc = hoot_buf_add_byte(&changes->line, '\n');
    if (rc < 0)
        return hoot_error_set(err, rc, "a change cannot be written as JSON: %s", hoot_error_text(rc));
    fwrite(changes->line.data, 1, changes->line.len, stdout);
    return fflush(stdout) == 0 ? 0 : hoot_error_set(err, HOOT_ECLOSED, "nobody reads the changes");
}

/* --- how far we are --- */

/* A file of three lines: file, offset, transactions. */
static void read_state(struct changes *changes)
{
    FILE *in = fopen(changes->state, "r");
    unsigned long long offset = 0;

    if (!in)
        return;
    if (fscanf(in, "%1023[^\n]\n%llu\n", changes->file, &offset) == 2) {
        changes->options.from_start = false;
        changes->options.file = changes->file;
        changes->options.offset = offset;
        if (fscanf(in, "%65535[^\n]", changes->gtid) != 1)
            changes->gtid[0] = '\0';
        changes->options.gtid = changes->gtid;
    }
    fclose(in);
}

/* Written beside and renamed, so that it is the old one or the new one whatever happens. */
static int write_state(const struct changes *changes, const hoot_binlog *binlog, hoot_error *err)
{
    char beside[1024];
    hoot_binlog_position where;
    FILE *out;

    if (!changes->state)
        return 0;
    hoot_binlog_where(binlog, &where);
    snprintf(beside, sizeof(beside), "%s.new", changes->state);
    out = fopen(beside, "w");
    if (!out)
        return hoot_error_set(err, HOOT_ECONFIG, "%s cannot be written", beside);
    fprintf(out, "%s\n%llu\n%s\n", where.file, (unsigned long long)where.offset, where.gtid);
    if (fclose(out) != 0 || rename(beside, changes->state) != 0)
        return hoot_error_set(err, HOOT_ECONFIG, "%s cannot be written", changes->state);
    return 0;
}

/* --- following --- */

static int follow(struct changes *changes, hoot_binlog *binlog, hoot_error *err)
{
    hoot_binlog_event event;
    int rc;

    for (;;) {
        rc = hoot_binlog_next(binlog, &event, err);
        if (rc == HOOT_ECONNLOST || rc == HOOT_ECONNECT) {
            fprintf(stderr, "changes: %s; again in %d ms\n", err->text, PAUSE_MS);
            rc = hoot_sleep(PAUSE_MS);
            if (rc == 0)
                continue;
        }
        if (rc <= 0)
            return rc;
        rc = print(changes, &event, err);
        if (rc == 0 && event.kind == HOOT_BINLOG_COMMIT)
            rc = write_state(changes, binlog, err);
        if (rc < 0)
            return rc;
    }
}

static int run(hoot_error *err, void *arg)
{
    HOOT_AUTO(hoot_binlog) binlog = NULL;
    struct changes *changes = arg;
    int rc = hoot_binlog_open(&changes->options, &binlog, err);

    if (rc < 0)
        return rc;
    fprintf(stderr, "changes: following\n");
    return follow(changes, binlog, err);
}

static int usage(void)
{
    fprintf(stderr, "usage: changes [--url URL] [--state FILE] [--gtid SET | --file NAME [--offset N] | "
                    "--from-start]\n               [--table NAME]... [--all] [--stop-at-end]\n");
    return 2;
}

static bool read_options(int argc, char **argv, struct changes *changes)
{
    static const struct option names[] = {
        { "url", required_argument, NULL, 'u' },    { "state", required_argument, NULL, 's' },
        { "gtid", required_argument, NULL, 'g' },   { "file", required_argument, NULL, 'f' },
        { "offset", required_argument, NULL, 'o' }, { "table", required_argument, NULL, 't' },
        { "from-start", no_argument, NULL, 'b' },   { "all", no_argument, NULL, 'a' },
        { "stop-at-end", no_argument, NULL, 'e' },  { NULL, 0, NULL, 0 },
    };
    hoot_binlog_options *options = &changes->options;
    size_t tables = 0;
    int option;

    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        switch (option) {
        case 'u': options->connect.url = optarg; break;
        case 's': changes->state = optarg; break;
        case 'g': options->gtid = optarg; break;
        case 'f': options->file = optarg; break;
        case 'o': options->offset = strtoull(optarg, NULL, 10); break;
        case 'b': options->from_start = true; break;
        case 'a': options->events = HOOT_BINLOG_ALL & ~HOOT_BINLOG_HEARTBEAT; break;
        case 'e': options->stop_at_end = true; break;
        case 't':
            if (tables == TABLES_MAX)
                return false;
            changes->tables[tables++] = optarg;
            options->tables = changes->tables;
            break;
        default: return false;
        }
    }
    return optind == argc && options->connect.url;
}

int main(int argc, char **argv)
{
    struct changes *changes = calloc(1, sizeof(*changes));
    hoot_error err = HOOT_ERROR_INIT;
    int rc;

    if (!changes)
        return 1;
    changes->options.connect.url = hoot_env("CHANGES_URL");
    hoot_buf_init(&changes->line, LINE_BYTES_MAX);
    if (!read_options(argc, argv, changes)) {
        free(changes);
        return usage();
    }
    if (changes->state)
        read_state(changes);
    rc = hoot_run(run, changes, &err);
    if (rc < 0)
        fprintf(stderr, "changes: %s\n", err.text);
    hoot_buf_fini(&changes->line);
    free(changes);
    return rc < 0;
}
