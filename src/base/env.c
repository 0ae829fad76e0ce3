/* The environment, and files that add to it.
 *
 * A file is read whole (64 KiB at most) and looked at line by line. A line that is not understood stops
 * everything with its number; what it says is not repeated in the message, because it may be a password. */
#include <hoot/buf.h>
#include <hoot/env.h>

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

enum { FILE_MAX_BYTES = 64 * 1024, READ_BYTES = 4096 };

const char *hoot_env(const char *name)
{
    const char *value = getenv(name);

    return value && value[0] ? value : NULL;
}

const char *hoot_env_or(const char *name, const char *otherwise)
{
    const char *value = hoot_env(name);

    return value ? value : otherwise;
}

int hoot_env_int(const char *name, int64_t min, int64_t max, int64_t otherwise, int64_t *out, hoot_error *err)
{
    const char *value = hoot_env(name);
    int64_t number = otherwise;

    if (value && (hoot_str_to_i64(hoot_str_from(value), &number) < 0 || number < min || number > max))
        return hoot_error_set(err, HOOT_ECONFIG,
                              "%s is \"%.64s\", and should be a whole number from %" PRId64 " to %" PRId64,
                              name, value, min, max);
    *out = number;
    return 0;
}

/* Where a line stands, for messages. */
typedef struct place {
    const char *path;
    unsigned line;
} place;

static int bad_line(const place *at, const char *what, hoot_error *err)
{
    return hoot_error_set(err, HOOT_ECONFIG, "%s:%u: %s", at->path, at->line, what);
}

static bool is_name(hoot_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';

        if (!letter && c != '_' && !(i > 0 && c >= '0' && c <= '9'))
            return false;
    }
    return name.len > 0;
}

/* Behind a closing quote only a comment may stand. */
static bool is_rest_empty(hoot_str rest)
{
    rest = hoot_str_trim(rest, " \t");
    return rest.len == 0 || rest.ptr[0] == '#';
}

/* What `\c` in double quotes means; 0: nothing. */
static char unescape(char c)
{
    switch (c) {
    case 'n': return '\n';
    case 't': return '\t';
    case '"':
    case '\\': return c;
    default: return '\0';
    }
}

/* "..." : `text` begins behind the opening quote. */
static int read_double_quoted(hoot_str text, hoot_buf *out, const place *at, hoot_error *err)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];

        if (c == '"')
            return is_rest_empty(hoot_str_from_index(text, i + 1))
                       ? 0
                       : bad_line(at, "text behind the closing quote", err);
        if (c == '\\') {
            c = ++i < text.len ? unescape(text.ptr[i]) : '\0';
            if (!c)
                return bad_line(at, "in double quotes a backslash stands before n, t, \" or \\ only", err);
        }
        if (hoot_buf_add_byte(out, c) < 0)
            return hoot_error_set(err, HOOT_ENOMEM, "no memory to read %s", at->path);
    }
    return bad_line(at, "the closing quote is missing", err);
}

static int add_value(hoot_str value, hoot_buf *out, const place *at, hoot_error *err)
{
    return hoot_buf_add_str(out, value) < 0
               ? hoot_error_set(err, HOOT_ENOMEM, "no memory to read %s", at->path)
               : 0;
}

/* '...' : as it stands. */
static int read_single_quoted(hoot_str text, hoot_buf *out, const place *at, hoot_error *err)
{
    ptrdiff_t close = hoot_str_find(text, '\'');

    if (close < 0)
        return bad_line(at, "the closing quote is missing", err);
    if (!is_rest_empty(hoot_str_from_index(text, (size_t)close + 1)))
        return bad_line(at, "text behind the closing quote", err);
    return add_value(hoot_str_head(text, (size_t)close), out, at, err);
}

/* Up to a comment, which begins with # behind a blank. */
static int read_bare(hoot_str text, hoot_buf *out, const place *at, hoot_error *err)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '#' && (i == 0 || text.ptr[i - 1] == ' ' || text.ptr[i - 1] == '\t')) {
            text.len = i;
            break;
        }
    }
    return add_value(hoot_str_trim(text, " \t"), out, at, err);
}

static int read_value(hoot_str text, hoot_buf *out, const place *at, hoot_error *err)
{
    if (text.len && text.ptr[0] == '"')
        return read_double_quoted(hoot_str_from_index(text, 1), out, at, err);
    if (text.len && text.ptr[0] == '\'')
        return read_single_quoted(hoot_str_from_index(text, 1), out, at, err);
    return read_bare(text, out, at, err);
}

/* Put NAME=value into the environment; both are copied by setenv(). */
static int set_variable(hoot_str name, hoot_str value, const place *at, hoot_error *err)
{
    char *name_text = hoot__strndup(name.ptr, name.len);
    char *value_text = hoot__strndup(value.ptr, value.len);
    int rc = 0;

    if (!name_text || !value_text || setenv(name_text, value_text, 0) < 0)
        rc = hoot_error_set(err, HOOT_ENOMEM, "no memory to read %s", at->path);
    hoot__free(name_text);
    hoot__free(value_text);
    return rc;
}

static int read_assignment(hoot_str line, const place *at, hoot_error *err)
{
    ptrdiff_t equals = hoot_str_find(line, '=');
    hoot_str name, text;
    hoot_buf value;
    int rc;

    if (equals < 0)
        return bad_line(at, "expected NAME=value", err);
    name = hoot_str_trim(hoot_str_head(line, (size_t)equals), " \t");
    if (!is_name(name))
        return bad_line(at, "a name has letters, digits and _ only, and does not begin with a digit", err);
    text = hoot_str_trim(hoot_str_from_index(line, (size_t)equals + 1), " \t");
    hoot_buf_init(&value, FILE_MAX_BYTES);
    rc = read_value(text, &value, at, err);
    if (rc == 0)
        rc = set_variable(name, hoot_buf_str(&value), at, err);
    hoot_buf_fini(&value);
    return rc;
}

static int read_line(hoot_str line, const place *at, hoot_error *err)
{
    line = hoot_str_trim(line, " \t\r");
    if (line.len == 0 || line.ptr[0] == '#')
        return 0;
    if (hoot_str_find(line, '\0') >= 0)
        return bad_line(at, "there is a NUL byte in it", err);
    if (hoot_str_starts(line, HOOT_STR("export ")) || hoot_str_starts(line, HOOT_STR("export\t")))
        line = hoot_str_trim(hoot_str_from_index(line, 7), " \t");
    return read_assignment(line, at, err);
}

static int read_lines(hoot_str text, const char *path, hoot_error *err)
{
    place at = { path, 0 };
    hoot_str line;

    if (hoot_str_starts(text, HOOT_STR("\xef\xbb\xbf"))) /* a byte order mark, from an editor that adds one */
        text = hoot_str_from_index(text, 3);
    while (hoot_str_split(&text, '\n', &line)) {
        int rc;

        at.line++;
        rc = read_line(line, &at, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* All of `fd` into `out`. Errors: -errno, or HOOT_ELIMIT, HOOT_ENOMEM. */
static int read_all(int fd, hoot_buf *out)
{
    for (;;) {
        int rc = hoot_buf_reserve(out, READ_BYTES);
        ssize_t n;

        if (rc < 0)
            return rc;
        n = read(fd, out->data + out->len, READ_BYTES);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : 0;
        out->len += (size_t)n;
    }
}

static int read_file(const char *path, hoot_buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int rc;

    if (fd < 0)
        return -errno;
    rc = read_all(fd, out);
    close(fd);
    return rc;
}

int hoot_env_load(const char *path, hoot_error *err)
{
    hoot_buf file;
    int rc;

    hoot_buf_init(&file, FILE_MAX_BYTES + READ_BYTES);
    rc = read_file(path, &file);
    if (rc == HOOT_ELIMIT)
        rc = hoot_error_set(err, HOOT_ECONFIG, "%s is longer than %d KiB", path, FILE_MAX_BYTES / 1024);
    else if (rc < 0)
        hoot_error_set(err, rc, "cannot read %s: %s", path, hoot_error_text(rc));
    else
        rc = read_lines(hoot_buf_str(&file), path, err);
    hoot_buf_fini(&file);
    return rc;
}
