/* Option files of the MySQL tools (my.cnf).
 *
 *     # or ; comments                       [group]
 *     name = value                          name                      (a switch)
 *     name = "value # with \n escapes"      !include file             !includedir directory (its *.cnf)
 *
 * Read are [client], [client-server] and [client-mariadb], as by the tools of MariaDB, and the group asked
 * for; in them what a pool can use: the other names belong to other programs. '-' and '_' are the same in
 * names, "loose-", "enable-", "skip-" and "disable-" may stand in front. Later lines win, whatever their
 * group. What is bounded: a file's size, the number of files in all, the depth of includes. A file that
 * everybody may write to is refused, for it says where the password goes. Source: MySQL Reference Manual,
 * "Using Option Files".
 *
 * How much TLS must protect is said in three words: ssl-mode (MySQL), ssl and ssl-verify-server-cert
 * (MariaDB). They are noted line by line and put together at the end, so that their order is of no matter,
 * and none of them lowers what another one asks for. */
#include "db/options.h"
#include "db/settings.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 64 * 1024, FILES_MAX = 64, DEPTH_MAX = 8, NAME_MAX_BYTES = 64, WHERE_BYTES = 160 };

/* What was said last of a switch. */
typedef enum said { UNSAID, OFF, ON } said;

typedef struct reading {
    hoot_arena *arena;
    const char *group;
    hoot_pool_options *out;
    hoot_error *err;
    int files, depth;
    const char *path; /* of the file that is being read */
    int line;
    char where[WHERE_BYTES]; /* "path:line", for messages */
    said ssl, verify;
} reading;

const char hoot__sslmode_at_least_required[] = "required";

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

/* What may stand in an option file, and how a pool calls it. */
typedef enum option_kind { TEXT, PASSWORD, PORT, VERSIONS, SSL, VERIFY, SETTING, FLAG } option_kind;

static const struct known {
    const char *file;
    option_kind kind;
    size_t at; /* of a text */
    const char *pool;
} options[] = {
    { "host", TEXT, offsetof(hoot_pool_options, host), NULL },
    { "user", TEXT, offsetof(hoot_pool_options, user), NULL },
    { "database", TEXT, offsetof(hoot_pool_options, database), NULL },
    { "password", PASSWORD, 0, NULL },
    { "port", PORT, 0, NULL },
    { "tls_version", VERSIONS, 0, NULL },
    { "ssl", SSL, 0, NULL },
    { "ssl_verify_server_cert", VERIFY, 0, NULL },
    { "socket", SETTING, 0, "socket" },
    { "ssl_mode", SETTING, 0, "sslmode" },
    { "ssl_ca", SETTING, 0, "ssl_ca" },
    { "ssl_capath", SETTING, 0, "ssl_capath" },
    { "ssl_crl", SETTING, 0, "ssl_crl" },
    { "ssl_cert", SETTING, 0, "ssl_cert" },
    { "ssl_key", SETTING, 0, "ssl_key" },
    { "default_character_set", SETTING, 0, "charset" },
    { "connect_timeout", SETTING, 0, "connect_timeout" },
    { "init_command", SETTING, 0, "init_command" },
    { "compress", FLAG, 0, "compress" },
};

/* 0 is the default, as with the tools. */
static int put_port(reading *r, const char *value)
{
    uint64_t port;

    if (hoot_str_to_u64(hoot_str_from(value), &port) < 0 || port > UINT16_MAX)
        return hoot_error_set(r->err, HOOT_ECONFIG, "%s: port is not a number from 0 to 65535", r->where);
    r->out->port = (uint16_t)port;
    return 0;
}

/* The least of "TLSv1.2,TLSv1.3" that we speak. What is older is left out, but it cannot be all. */
static int put_versions(reading *r, const char *value)
{
    hoot_str rest = hoot_str_from(value), one;
    bool has_2 = false, has_3 = false;

    while (hoot_str_split(&rest, ',', &one)) {
        one = strip(one);
        has_2 = has_2 || (one.len == 7 && strncasecmp(one.ptr, "TLSv1.2", 7) == 0);
        has_3 = has_3 || (one.len == 7 && strncasecmp(one.ptr, "TLSv1.3", 7) == 0);
    }
    if (!has_2 && !has_3)
        return hoot_error_set(r->err, HOOT_ECONFIG, "%s: tls-version has neither TLSv1.2 nor TLSv1.3",
                              r->where);
    r->out->tls_min_version = has_2 ? "1.2" : "1.3";
    return 0;
}

static int put_word(reading *r, said *out, const char *name, const char *value)
{
    bool on;

    if (!hoot__setting_is_switch(value, &on))
        return hoot_error_set(r->err, HOOT_ECONFIG, "%s: %s is true or false", r->where, name);
    *out = on ? ON : OFF;
    return 0;
}

/* `value` NULL: the name stands alone. */
static int put_option(reading *r, const struct known *one, const char *value)
{
    bool is_flag = one->kind == SSL || one->kind == VERIFY || one->kind == FLAG;

    if (one->kind == PASSWORD) { /* alone it makes the tools ask: there is nobody here to be asked */
        r->out->password = value;
        return 0;
    }
    if (!value && !is_flag)
        return hoot_error_set(r->err, HOOT_ECONFIG, "%s: %s has no value", r->where, one->file);
    switch (one->kind) {
    case TEXT: *(const char **)((char *)r->out + one->at) = value; return 0;
    case PORT: return put_port(r, value);
    case VERSIONS: return put_versions(r, value);
    case SSL: return put_word(r, &r->ssl, one->file, value ? value : "1");
    case VERIFY: return put_word(r, &r->verify, one->file, value ? value : "1");
    default: return hoot__setting_put(r->arena, r->out, one->pool, value ? value : "1", r->where, r->err);
    }
}

static bool cut_prefix(const char **name, const char *prefix)
{
    size_t len = strlen(prefix);
    bool has_it = strncmp(*name, prefix, len) == 0;

    *name += has_it ? len : 0;
    return has_it;
}

/* "loose-" would make the tools forgive names that they do not know, as is done here with all of them.
 * "skip-" of a password means none; of other texts nothing. */
static int find_option(reading *r, const char *name, const char *value)
{
    const char *given = name;
    bool off, on;

    while (cut_prefix(&name, "loose_"))
        ;
    off = cut_prefix(&name, "skip_") || cut_prefix(&name, "disable_");
    on = !off && cut_prefix(&name, "enable_");
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        option_kind kind = options[i].kind;
        bool is_flag = kind == SSL || kind == VERIFY || kind == FLAG;

        if (strcmp(options[i].file, name) != 0)
            continue;
        if ((off || on) && !is_flag && !(off && kind == PASSWORD))
            return hoot_error_set(r->err, HOOT_ECONFIG, "%s: %s is not a switch", r->where, given);
        if (off)
            value = is_flag ? "0" : NULL;
        return put_option(r, &options[i], on ? "1" : value);
    }
    return 0;
}

/* --- what the lines say together --- */

static int refuse_contradiction(reading *r)
{
    return hoot_error_set(r->err, HOOT_ECONFIG,
                          "the option file contradicts itself: ssl-mode, ssl and ssl-verify-server-cert ask "
                          "for TLS and switch it off");
}

/* Not weaker than any of the three. */
static int conclude_tls(reading *r)
{
    const char *mode = r->out->sslmode;
    bool no_mode = mode && strcasecmp(mode, "disabled") == 0;
    bool off = no_mode || r->ssl == OFF;

    if (off && (r->verify == ON || r->ssl == ON || (mode && !no_mode)))
        return refuse_contradiction(r);
    if (off)
        r->out->sslmode = "disabled";
    else if (r->verify == ON)
        r->out->sslmode = "verify-identity";
    else if (r->ssl == ON && (!mode || strcasecmp(mode, "preferred") == 0))
        r->out->sslmode = hoot__sslmode_at_least_required;
    return 0;
}

/* As the tools: the socket is that of localhost, and of no other host. (Debian's own files name a socket for
 * everybody.) */
static void conclude_place(reading *r)
{
    if (!r->out->host || !r->out->socket)
        return;
    if (strcasecmp(r->out->host, "localhost") == 0)
        r->out->host = NULL;
    else
        r->out->socket = NULL;
}

static int conclude(reading *r)
{
    conclude_place(r);
    return conclude_tls(r);
}

/* name = value, or a name alone. */
static int read_option(reading *r, hoot_str line)
{
    ptrdiff_t equals = hoot_str_find(line, '=');
    hoot_str raw = equals < 0 ? cut_comment(line) : strip(hoot_str_head(line, (size_t)equals));
    char name[NAME_MAX_BYTES];
    char *value = NULL;

    if (raw.len >= sizeof(name))
        return 0;
    for (size_t i = 0; i < raw.len; i++)
        name[i] = raw.ptr[i] == '-' ? '_' : raw.ptr[i];
    name[raw.len] = '\0';
    if (equals >= 0)
        value = value_of(r, hoot_str_from_index(line, (size_t)equals + 1));
    if (equals >= 0 && !value)
        return hoot_error_set(r->err, HOOT_ENOMEM, "no memory for options");
    snprintf(r->where, sizeof(r->where), "%s:%d", r->path, r->line);
    return find_option(r, name, value);
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
    static const char *const always[] = { "client", "client-server", "client-mariadb" };
    ptrdiff_t end = hoot_str_find(line, ']');
    hoot_str name = strip(hoot_str_head(hoot_str_from_index(line, 1), end < 1 ? 0 : (size_t)end - 1));

    for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
        if (hoot_str_is(name, always[i]))
            return true;
    }
    return r->group && hoot_str_is(name, r->group);
}

static int read_lines(reading *r, hoot_str text)
{
    enum { NO_GROUP, OTHERS, OURS } group = NO_GROUP;
    hoot_str line;
    int rc = 0;

    if (hoot_str_starts(text, HOOT_STR("\xef\xbb\xbf"))) /* how some editors begin a file of UTF-8 */
        text = hoot_str_from_index(text, 3);
    for (r->line = 1; rc == 0 && hoot_str_split(&text, '\n', &line); r->line++) {
        line = strip(line);
        if (line.len == 0 || line.ptr[0] == '#' || line.ptr[0] == ';')
            continue;
        if (line.ptr[0] == '!')
            rc = read_include(r, line);
        else if (line.ptr[0] == '[')
            group = is_wanted(r, line) ? OURS : OTHERS;
        else if (group == NO_GROUP)
            rc = hoot_error_set(r->err, HOOT_ECONFIG, "%s:%d: an option stands before the first [group]",
                                r->path, r->line);
        else if (group == OURS)
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
    const char *outer = r->path;
    int outer_line = r->line;
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
    assert(text);
    r->depth++;
    r->path = path;
    rc = read_lines(r, hoot_str_of(text, (size_t)len));
    r->depth--;
    r->path = outer;
    r->line = outer_line;
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
    reading r = {
        .arena = arena, .group = group, .out = out, .err = err, .depth = DEPTH_MAX, .path = "the option file"
    };
    int rc = read_lines(&r, text);

    return rc ? rc : conclude(&r);
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
    return rc ? rc : conclude(&r);
}
