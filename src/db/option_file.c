/* Option files of the MySQL tools (my.cnf).
 *
 *     # or ; comments                       [group]
 *     name = value                          name                      (a switch)
 *     name = "value # with \n escapes"      !include file             !includedir directory (its *.cnf)
 *
 * Only [client] and the group asked for are read, and in them only what a pool can use: the other names
 * belong to other programs. '-' and '_' are the same in names. Later lines win. What is bounded: a file's
 * size, the number of files in all, the depth of includes. A file that everybody may write to is refused, for
 * it says where the password goes. Source: MySQL Reference Manual, "Using Option Files". */
#include "db/options.h"
#include "db/settings.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 64 * 1024, FILES_MAX = 64, DEPTH_MAX = 8, NAME_MAX_BYTES = 64 };

typedef struct reading {
    hoot_arena *arena;
    const char *group;
    hoot_pool_options *out;
    hoot_error *err;
    int files, depth;
} reading;

static int read_file(reading *r, const char *path, bool optional);

/* --- values --- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static hoot_str strip(hoot_str s)
{
    while (s.len && is_blank(s.ptr[0]))
        s = hoot_str_from_index(s, 1);
    while (s.len && is_blank(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

/* The end of a value: a '#' behind a blank and outside of quotes begins a comment. */
static hoot_str cut_comment(hoot_str s)
{
    char quote = '\0';

    for (size_t i = 0; i < s.len; i++) {
        if (quote ? s.ptr[i] == quote : s.ptr[i] == '"' || s.ptr[i] == '\'')
            quote = quote ? '\0' : i == 0 ? s.ptr[i] : '\0';
        else if (!quote && s.ptr[i] == '#' && (i == 0 || is_blank(s.ptr[i - 1])))
            return strip(hoot_str_head(s, i));
    }
    return s;
}

static char unescape(char c)
{
    switch (c) {
    case 'b': return '\b';
    case 't': return '\t';
    case 'n': return '\n';
    case 'r': return '\r';
    case 's': return ' ';
    default: return c;
    }
}

/* A terminated copy, without quotes and escapes. NULL: no memory. */
static char *value_of(reading *r, hoot_str raw)
{
    hoot_str s = cut_comment(strip(raw));
    char *text;
    size_t len = 0;

    if (s.len >= 2 && (s.ptr[0] == '"' || s.ptr[0] == '\'') && s.ptr[s.len - 1] == s.ptr[0])
        s = hoot_str_of(s.ptr + 1, s.len - 2);
    text = hoot_arena_alloc(r->arena, s.len + 1);
    for (size_t i = 0; text && i < s.len; i++) {
        bool escaped = s.ptr[i] == '\\' && i + 1 < s.len && strchr("btnrs\\\"'", s.ptr[i + 1]);

        text[len++] = escaped ? unescape(s.ptr[++i]) : s.ptr[i];
    }
    if (text)
        text[len] = '\0';
    return text;
}

/* --- options --- */

/* How a pool calls what the files call otherwise. */
static const struct {
    const char *file, *pool;
} names[] = {
    { "socket", "socket" },
    { "ssl_mode", "sslmode" },
    { "ssl_ca", "ssl_ca" },
    { "ssl_capath", "ssl_capath" },
    { "ssl_crl", "ssl_crl" },
    { "ssl_cert", "ssl_cert" },
    { "ssl_key", "ssl_key" },
    { "default_character_set", "charset" },
    { "compress", "compress" },
    { "connect_timeout", "connect_timeout" },
    { "init_command", "init_command" },
};

static int put_text(const char **field, const char *value)
{
    *field = value;
    return 0;
}

static int put_port(reading *r, const char *value)
{
    uint64_t port;

    if (hoot_str_to_u64(hoot_str_from(value), &port) < 0 || port < 1 || port > UINT16_MAX)
        return hoot_error_set(r->err, HOOT_ECONFIG, "the option file's port is not a number from 1 to 65535");
    r->out->port = (uint16_t)port;
    return 0;
}

/* The least of "TLSv1.2,TLSv1.3". */
static int put_versions(reading *r, const char *value)
{
    r->out->tls_min_version = strstr(value, "TLSv1.2") ? "1.2" : "1.3";
    return 0;
}

static bool is_off(const char *value)
{
    return strcmp(value, "0") == 0 || strcasecmp(value, "off") == 0 || strcasecmp(value, "false") == 0;
}

/* MariaDB's words for what MySQL calls ssl-mode. */
static int put_ssl(reading *r, bool verify, const char *value)
{
    if (!is_off(value))
        r->out->sslmode = verify ? "verify-identity" : r->out->sslmode ? r->out->sslmode : "required";
    else if (!verify)
        r->out->sslmode = "disabled";
    return 0;
}

static int put_option(reading *r, const char *name, const char *value)
{
    if (strcmp(name, "host") == 0)
        return put_text(&r->out->host, value);
    if (strcmp(name, "user") == 0)
        return put_text(&r->out->user, value);
    if (strcmp(name, "password") == 0)
        return put_text(&r->out->password, value);
    if (strcmp(name, "database") == 0)
        return put_text(&r->out->database, value);
    if (strcmp(name, "port") == 0)
        return put_port(r, value);
    if (strcmp(name, "tls_version") == 0)
        return put_versions(r, value);
    if (strcmp(name, "ssl") == 0 || strcmp(name, "ssl_verify_server_cert") == 0)
        return put_ssl(r, name[3] != '\0', value);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i].file, name) == 0)
            return hoot__setting_put(r->arena, r->out, names[i].pool, value, "the option file", r->err);
    }
    return 0;
}

/* name = value, or a name alone. */
static int read_option(reading *r, hoot_str line)
{
    ptrdiff_t equals = hoot_str_find(line, '=');
    hoot_str raw = equals < 0 ? cut_comment(line) : strip(hoot_str_head(line, (size_t)equals));
    char name[NAME_MAX_BYTES];
    char *value;

    if (raw.len >= sizeof(name))
        return 0;
    for (size_t i = 0; i < raw.len; i++)
        name[i] = raw.ptr[i] == '-' ? '_' : raw.ptr[i];
    name[raw.len] = '\0';
    value = value_of(r, equals < 0 ? HOOT_STR("1") : hoot_str_from_index(line, (size_t)equals + 1));
    return value ? put_option(r, name, value) : hoot_error_set(r->err, HOOT_ENOMEM, "no memory for options");
}

/* --- files --- */

static int include_directory(reading *r, const char *path)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, NULL, alphasort);
    int rc = 0;

    if (count < 0)
        return hoot_error_set(r->err, HOOT_ECONFIG, "the directory of option files %s cannot be read: %s",
                              path, hoot_error_text(-errno));
    for (int i = 0; i < count; i++) {
        hoot_str name = hoot_str_from(entries[i]->d_name);
        const char *file = NULL;

        if (rc == 0 && name.len > 4 && strcmp(name.ptr + name.len - 4, ".cnf") == 0) {
            file = hoot_arena_printf(r->arena, "%s/%s", path, name.ptr);
            rc = file ? read_file(r, file, false)
                      : hoot_error_set(r->err, HOOT_ENOMEM, "no memory for options");
        }
        free(entries[i]);
    }
    free(entries);
    return rc;
}

static int read_include(reading *r, hoot_str line)
{
    bool directory = hoot_str_starts(line, HOOT_STR("!includedir"));
    hoot_str word = directory ? HOOT_STR("!includedir") : HOOT_STR("!include");
    char *path;

    if (!hoot_str_starts(line, word))
        return hoot_error_set(r->err, HOOT_ECONFIG, "an option file has a line with '!' that is no include");
    if (r->depth >= DEPTH_MAX)
        return hoot_error_set(r->err, HOOT_ECONFIG, "option files include each other without an end");
    path = hoot_arena_dup(r->arena, strip(hoot_str_from_index(line, word.len)));
    if (!path)
        return hoot_error_set(r->err, HOOT_ENOMEM, "no memory for options");
    return directory ? include_directory(r, path) : read_file(r, path, false);
}

/* [name]: is it one of ours? */
static bool is_wanted(const reading *r, hoot_str line)
{
    ptrdiff_t end = hoot_str_find(line, ']');
    hoot_str name = strip(hoot_str_head(hoot_str_from_index(line, 1), end < 1 ? 0 : (size_t)end - 1));

    return hoot_str_is(name, "client") || (r->group && hoot_str_is(name, r->group));
}

static int read_lines(reading *r, hoot_str text)
{
    bool wanted = false;
    hoot_str line;
    int rc = 0;

    while (rc == 0 && hoot_str_split(&text, '\n', &line)) {
        line = strip(line);
        if (line.len == 0 || line.ptr[0] == '#' || line.ptr[0] == ';')
            continue;
        if (line.ptr[0] == '!')
            rc = read_include(r, line);
        else if (line.ptr[0] == '[')
            wanted = is_wanted(r, line);
        else if (wanted)
            rc = read_option(r, line);
    }
    return rc;
}

/* All of it, in the arena. Gives its length, or -errno. */
static ssize_t slurp(reading *r, int fd, char **out_text)
{
    struct stat info;
    size_t len = 0;
    ssize_t got = 1;

    if (fstat(fd, &info) < 0)
        return -errno;
    if (!S_ISREG(info.st_mode) || (info.st_mode & S_IWOTH))
        return -EPERM;
    if (info.st_size > FILE_BYTES_MAX)
        return -EFBIG;
    *out_text = hoot_arena_alloc(r->arena, FILE_BYTES_MAX);
    if (!*out_text)
        return -ENOMEM;
    while (got > 0 && len < FILE_BYTES_MAX) {
        got = read(fd, *out_text + len, FILE_BYTES_MAX - len);
        if (got < 0)
            return -errno;
        len += (size_t)got;
    }
    return (ssize_t)len;
}

static int refuse_file(reading *r, const char *path, int code)
{
    if (code == -EPERM)
        return hoot_error_set(r->err, HOOT_ECONFIG,
                              "the option file %s is no plain file, or everybody may write to it", path);
    return hoot_error_set(r->err, HOOT_ECONFIG, "the option file %s cannot be read: %s", path,
                          hoot_error_text(code));
}

static int read_file(reading *r, const char *path, bool optional)
{
    char *text = NULL;
    ssize_t len;
    int fd, rc;

    if (++r->files > FILES_MAX)
        return hoot_error_set(r->err, HOOT_ECONFIG, "option files include each other without an end: %s",
                              path);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return optional && errno == ENOENT ? 0 : refuse_file(r, path, -errno);
    len = slurp(r, fd, &text);
    close(fd);
    if (len < 0)
        return refuse_file(r, path, (int)len);
    r->depth++;
    rc = read_lines(r, hoot_str_of(text, (size_t)len));
    r->depth--;
    return rc;
}

/* "~/..." is in the home directory. NULL: no memory. */
static const char *at_home(reading *r, const char *path)
{
    const char *home = getenv("HOME");

    return path[0] == '~' && path[1] == '/' && home ? hoot_arena_printf(r->arena, "%s%s", home, path + 1)
                                                    : path;
}

int hoot__option_text_read(hoot_arena *arena, hoot_str text, const char *group, hoot_pool_options *out,
                           hoot_error *err)
{
    reading r = { .arena = arena, .group = group, .out = out, .err = err, .depth = DEPTH_MAX };

    return read_lines(&r, text);
}

int hoot__option_file_read(hoot_arena *arena, const char *path, const char *group, hoot_pool_options *out,
                           hoot_error *err)
{
    static const char *const usual[] = { "/etc/my.cnf", "/etc/mysql/my.cnf", "~/.my.cnf" };
    reading r = { .arena = arena, .group = group, .out = out, .err = err };
    size_t count = path ? 1 : sizeof(usual) / sizeof(usual[0]);
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < count; i++) {
        const char *file = at_home(&r, path ? path : usual[i]);

        rc = file ? read_file(&r, file, path == NULL)
                  : hoot_error_set(err, HOOT_ENOMEM, "no memory for options");
    }
    return rc;
}
