/* Options: one table says name, variable, help and how a value is read; the command line and the environment
 * both go through it. */
#include "cli/command_line.h"

#include <hoot/env.h>

#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ENV_FILE ".env"

typedef struct option option;

/* Reads `text` into `*out`. */
typedef int (*option_fn)(const option *o, const char *text, hoot__command_line *out, hoot_error *err);

struct option {
    const char *name, *variable, *value, *help;
    option_fn read;
    size_t offset; /* of the uint32_t or uint64_t it sets */
    uint64_t min, max;
    uint32_t unit; /* what one of it is in the field's unit */
    bool wide;     /* the field is a uint64_t */
};

static int refuse(const option *o, const char *text, const char *takes, hoot_error *err)
{
    return hoot_error_set(err, HOOT_ECONFIG, "--%s (%s) takes %s, not \"%s\"", o->name, o->variable, takes,
                          text);
}

static int read_bind_one(hoot_str part, hoot__command_line *out, hoot_error *err)
{
    char text[256];

    if (out->serve.bind_count == HOOT__MAX_BINDS)
        return hoot_error_set(err, HOOT_ECONFIG, "more than %d addresses to listen on", HOOT__MAX_BINDS);
    if (part.len >= sizeof text)
        return hoot_error_set(err, HOOT_ECONFIG, "an address to listen on is longer than %zu bytes",
                              sizeof text - 1);
    memcpy(text, part.ptr, part.len);
    text[part.len] = '\0';
    return hoot__bind_parse(text, &out->serve.binds[out->serve.bind_count++], err);
}

static int read_bind(const option *o, const char *text, hoot__command_line *out, hoot_error *err)
{
    hoot_str rest = hoot_str_from(text), part;
    int rc = 0;

    (void)o;
    while (rc == 0 && hoot_str_split(&rest, ',', &part))
        rc = read_bind_one(hoot_str_trim(part, " \t"), out, err);
    return rc;
}

static int read_number(const option *o, const char *text, hoot__command_line *out, hoot_error *err)
{
    char takes[96];
    uint64_t number;

    if (hoot_str_to_u64(hoot_str_from(text), &number) < 0 || number < o->min || number > o->max) {
        snprintf(takes, sizeof takes, "a whole number from %llu to %llu", (unsigned long long)o->min,
                 (unsigned long long)o->max);
        return refuse(o, text, takes, err);
    }
    number *= o->unit;
    if (o->wide)
        memcpy((char *)out + o->offset, &number, sizeof number);
    else
        memcpy((char *)out + o->offset, &(uint32_t){ (uint32_t)number }, sizeof(uint32_t));
    return 0;
}

static int read_env_file(const option *o, const char *text, hoot__command_line *out, hoot_error *err)
{
    (void)o, (void)out;
    return hoot_env_load(text, err);
}

static int read_access_log(const option *o, const char *text, hoot__command_line *out, hoot_error *err)
{
    (void)o, (void)err;
    out->serve.access_log = strcmp(text, "off") == 0 ? NULL : text;
    return 0;
}

static int read_log_format(const option *o, const char *text, hoot__command_line *out, hoot_error *err)
{
    if (strcmp(text, "text") != 0 && strcmp(text, "json") != 0)
        return refuse(o, text, "text or json", err);
    out->log_format = text[0] == 'j' ? HOOT_LOG_JSON : HOOT_LOG_TEXT;
    out->serve.access_log_json = text[0] == 'j';
    return 0;
}

static int read_log_level(const option *o, const char *text, hoot__command_line *out, hoot_error *err)
{
    static const char *const names[] = { "debug", "info", "warning", "error" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(text, names[i]) == 0) {
            out->log_level = (hoot_log_level)i;
            return 0;
        }
    }
    return refuse(o, text, "debug, info, warning or error", err);
}

#define AT(field)            offsetof(hoot__command_line, serve.field)
#define SECONDS(field, most) read_number, AT(field), 1, most, 1000, false

static const option options[] = {
    { "bind", "HOOT_BIND", "ADDRESS",
      "host:port, [v6]:port, unix:PATH or fd://N; again for more (variable: with commas)", read_bind, 0, 0, 0,
      0, false },
    { "workers", "HOOT_WORKERS", "N", "processes; 0 serves in this one (default: one a core)", read_number,
      AT(workers), 0, HOOT__MAX_WORKERS, 1, false },
    { "env-file", "HOOT_ENV_FILE", "PATH",
      "read variables from a file; those that are set win (default: .env where there is one)", read_env_file,
      0, 0, 0, 0, false },
    { "access-log", "HOOT_ACCESS_LOG", "PATH",
      "a line a request to a file, or - for standard output (default: off)", read_access_log, 0, 0, 0, 0,
      false },
    { "log-format", "HOOT_LOG_FORMAT", "FORMAT", "text or json, for both logs (default: text)",
      read_log_format, 0, 0, 0, 0, false },
    { "log-level", "HOOT_LOG_LEVEL", "LEVEL", "debug, info, warning or error (default: info)", read_log_level,
      0, 0, 0, 0, false },
    { "start-timeout", "HOOT_START_TIMEOUT", "SECONDS", "a worker must be ready within (default: 60)",
      SECONDS(start_ms, 3600) },
    { "drain-timeout", "HOOT_DRAIN_TIMEOUT", "SECONDS",
      "at a stop, what is under way may take so long (default: 30)", SECONDS(drain_ms, 3600) },
    { "keep-alive", "HOOT_KEEP_ALIVE", "SECONDS", "an idle connection is closed after (default: 5)",
      SECONDS(http.idle_timeout_ms, 3600) },
    { "head-timeout", "HOOT_HEAD_TIMEOUT", "SECONDS", "a request's head must be there within (default: 10)",
      SECONDS(http.head_timeout_ms, 3600) },
    { "body-timeout", "HOOT_BODY_TIMEOUT", "SECONDS", "a request's body must be there within (default: 60)",
      SECONDS(http.body_timeout_ms, 86400) },
    { "request-timeout", "HOOT_REQUEST_TIMEOUT", "SECONDS",
      "a handler may take, where its route says nothing; then 503 (default: 60)",
      SECONDS(http.handler_timeout_ms, 86400) },
    { "max-in-flight", "HOOT_MAX_IN_FLIGHT", "N",
      "requests a worker serves at once; over it 503 (default: 10000)", read_number, AT(http.max_in_flight),
      1, 1000000, 1, false },
    { "max-head", "HOOT_MAX_HEAD", "BYTES", "request line and headers (default: 16384)", read_number,
      AT(http.max_head_bytes), 1024, 1048576, 1, false },
    { "max-body", "HOOT_MAX_BODY", "BYTES",
      "a request's body, where the route sets no limit (default: 16777216)", read_number,
      AT(http.max_body_bytes), 1, (uint64_t)1 << 40, 1, true },
    { "backlog", "HOOT_BACKLOG", "N", "connections that may wait to be accepted (default: 2048)", read_number,
      AT(backlog), 1, 65535, 1, false },
};

#define OPTION_COUNT (sizeof options / sizeof *options)

static const option *find_option(hoot_str name)
{
    if (hoot_str_is(name, "b"))
        name = HOOT_STR("bind");
    else if (hoot_str_is(name, "w"))
        name = HOOT_STR("workers");
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (hoot_str_is(name, options[i].name))
            return &options[i];
    return NULL;
}

static int read_command(const char *word, hoot__command_line *out, hoot_error *err)
{
    static const char *const names[] = { "serve", "routes", "check", "version", "help" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(word, names[i]) == 0) {
            out->command = (hoot__command)i;
            return 0;
        }
    }
    return hoot_error_set(err, HOOT_ECONFIG,
                          "there is no command \"%s\": serve, routes, check, version, help", word);
}

/* One option: "--name value", "--name=value", "-n value". `*i` moves on by the value's word. */
static int read_option(hoot__command_line *out, int argc, char **argv, int *i, bool *given, hoot_error *err)
{
    hoot_str word = hoot_str_from(argv[*i] + (argv[*i][1] == '-' ? 2 : 1));
    ptrdiff_t equals = hoot_str_find(word, '=');
    const option *o = find_option(equals < 0 ? word : hoot_str_head(word, (size_t)equals));

    if (!o)
        return hoot_error_set(err, HOOT_ECONFIG, "there is no option \"%s\": --help lists them", argv[*i]);
    if (equals < 0 && *i + 1 >= argc)
        return hoot_error_set(err, HOOT_ECONFIG, "--%s needs a value: %s", o->name, o->value);
    given[o - options] = true;
    return o->read(o, equals < 0 ? argv[++*i] : word.ptr + equals + 1, out, err);
}

static bool asks_for_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static int read_words(hoot__command_line *out, int argc, char **argv, bool *given, hoot_error *err)
{
    bool commanded = false;
    int rc = 0;

    for (int i = 1; i < argc && rc == 0; i++) {
        if (asks_for_help(argv[i])) {
            out->command = HOOT__COMMAND_HELP;
            return 0;
        }
        if (strcmp(argv[i], "--version") == 0) {
            out->command = HOOT__COMMAND_VERSION;
            return 0;
        }
        if (argv[i][0] == '-' && argv[i][1]) {
            rc = read_option(out, argc, argv, &i, given, err);
        } else if (commanded) {
            rc = hoot_error_set(err, HOOT_ECONFIG, "\"%s\" stands behind a command already: one at a time",
                                argv[i]);
        } else {
            rc = read_command(argv[i], out, err);
            commanded = true;
        }
    }
    return rc;
}

static int read_variables(hoot__command_line *out, const bool *given, hoot_error *err)
{
    int rc = 0;

    for (size_t i = 0; i < OPTION_COUNT && rc == 0; i++) {
        const char *text = hoot_env(options[i].variable);

        if (text && !given[i] && options[i].read != read_env_file)
            rc = options[i].read(&options[i], text, out, err);
    }
    return rc;
}

static int read_env_files(bool given, hoot_error *err)
{
    const char *named = hoot_env("HOOT_ENV_FILE");

    if (given)
        return 0;
    if (named)
        return hoot_env_load(named, err);
    return access(ENV_FILE, F_OK) == 0 ? hoot_env_load(ENV_FILE, err) : 0;
}

static uint32_t cores(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;

    return n < 1 ? 1 : n > HOOT__MAX_WORKERS ? HOOT__MAX_WORKERS : (uint32_t)n;
}

int hoot__command_line_read(hoot__command_line *out, const char *default_bind, int argc, char **argv,
                            hoot_error *err)
{
    bool given[OPTION_COUNT] = { false };
    int rc;

    memset(out, 0, sizeof *out);
    out->log_level = HOOT_INFO;
    out->serve.workers = cores();
    out->serve.backlog = 2048;
    out->serve.start_ms = 60000;
    out->serve.drain_ms = 30000;

    rc = read_words(out, argc, argv, given, err);
    if (rc < 0 || out->command == HOOT__COMMAND_HELP || out->command == HOOT__COMMAND_VERSION)
        return rc;
    rc = read_env_files(given[find_option(HOOT_STR("env-file")) - options], err);
    if (rc == 0)
        rc = read_variables(out, given, err);
    if (rc == 0 && out->serve.bind_count == 0)
        rc = read_bind(NULL, default_bind, out, err);
    return rc;
}

void hoot__command_line_help(const char *default_bind)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        char left[64];

        snprintf(left, sizeof left, "--%s %s", options[i].name, options[i].value);
        printf("  %-26s %s\n", left, options[i].help);
        if (i == 0)
            printf("  %-26s (default: %s)\n", "", default_bind);
        printf("  %-26s variable %s\n", "", options[i].variable);
    }
}
