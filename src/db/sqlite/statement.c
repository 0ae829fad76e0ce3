/* Prepared statements of a link: found by their text, the one not used for longest let go when there are too
 * many. */
#include "db/sqlite/link.h"

#include <assert.h>
#include <math.h>

#include "base/alloc.h"

/* FNV-1a, to pass over most of the others without comparing texts. */
static uint64_t hash_of(hoot_str text)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (unsigned char)text.ptr[i]) * 0x100000001b3u;
    return hash;
}

static void unlink_statement(hoot__sqlite_link *link, hoot__sqlite_statement *statement)
{
    if (statement->newer)
        statement->newer->older = statement->older;
    else
        link->newest = statement->older;
    if (statement->older)
        statement->older->newer = statement->newer;
    else
        link->oldest = statement->newer;
    link->cached--;
}

static void link_statement(hoot__sqlite_link *link, hoot__sqlite_statement *statement)
{
    statement->newer = NULL;
    statement->older = link->newest;
    if (statement->older)
        statement->older->newer = statement;
    else
        link->oldest = statement;
    link->newest = statement;
    link->cached++;
}

static void free_statement(hoot__sqlite_statement *statement)
{
    sqlite3_finalize(statement->stmt);
    hoot__free(statement->names);
    hoot__free(statement->sql);
    hoot__free(statement);
}

void hoot__sqlite_forget_statements(hoot__sqlite_link *link)
{
    while (link->newest) {
        hoot__sqlite_statement *statement = link->newest;

        assert(!statement->newer);
        unlink_statement(link, statement);
        free_statement(statement);
    }
}

static hoot__sqlite_statement *find(hoot__sqlite_link *link, hoot_str sql, uint64_t hash)
{
    hoot__sqlite_statement *statement = link->newest;

    while (statement &&
           (statement->hash != hash || !hoot_str_equal(hoot_str_of(statement->sql, statement->len), sql)))
        statement = statement->older;
    return statement;
}

/* Behind a statement there may be blanks, comments and semicolons; SQLite finds no statement in those. */
static bool is_all(hoot__sqlite_link *link, const char *tail)
{
    sqlite3_stmt *more = NULL;
    bool all = true;

    while (all && *tail) {
        const char *next = tail;

        all = sqlite3_prepare_v3(link->db, tail, -1, 0, &more, &next) == SQLITE_OK && !more;
        if (next == tail)
            break;
        tail = next;
    }
    sqlite3_finalize(more);
    return all;
}

static int prepare(hoot__sqlite_link *link, hoot__sqlite_statement *statement, hoot_error *err)
{
    const char *tail;
    int code;

    if (statement->len > INT32_MAX || strlen(statement->sql) != statement->len)
        return hoot_error_set(err, HOOT_EINVAL, "the statement holds a NUL byte, or is too long");
    link->seen_state_change = false;
    code = sqlite3_prepare_v3(link->db, statement->sql, (int)statement->len + 1, SQLITE_PREPARE_PERSISTENT,
                              &statement->stmt, &tail);
    if (code != SQLITE_OK)
        return hoot__sqlite_error(link, code, err);
    statement->changes_state = link->seen_state_change;
    if (!statement->stmt)
        return hoot_error_set(err, HOOT_EDB, "the statement is empty");
    if (!is_all(link, tail))
        return hoot_error_set(err, HOOT_EINVAL, "one call runs one statement; this text holds several");
    return 0;
}

static int make(hoot__sqlite_link *link, hoot_str sql, uint64_t hash, hoot__sqlite_statement **out,
                hoot_error *err)
{
    hoot__sqlite_statement *statement = hoot__calloc(1, sizeof(*statement));
    int rc;

    if (!statement)
        return hoot_error_set(err, HOOT_ENOMEM, "no memory for a statement");
    statement->sql = hoot__strndup(sql.ptr, sql.len);
    statement->len = sql.len;
    statement->hash = hash;
    statement->named_at = -1;
    rc = statement->sql ? prepare(link, statement, err)
                        : hoot_error_set(err, HOOT_ENOMEM, "no memory for a statement");
    if (rc) {
        free_statement(statement);
        return rc;
    }
    *out = statement;
    return 0;
}

/* --- parameters --- */

static int bind_time(sqlite3_stmt *stmt, int at, const hoot_value *value, hoot_arena *arena)
{
    const char *text = hoot_value_format(arena, value);

    return text ? sqlite3_bind_text(stmt, at, text, -1, SQLITE_TRANSIENT) : SQLITE_NOMEM;
}

/* Everything is copied: rows may be read on when the caller's parameters are gone. Gives: a code of SQLite;
 * -1 it has no such kind; -2 it is out of range. */
static int bind_one(sqlite3_stmt *stmt, int at, const hoot_value *value, hoot_arena *arena)
{
    const char *bytes = value->str.len ? value->str.ptr : "";

    switch (value->kind) {
    case HOOT_NULL: return sqlite3_bind_null(stmt, at);
    case HOOT_BOOL: return sqlite3_bind_int64(stmt, at, value->boolean);
    case HOOT_INT: return sqlite3_bind_int64(stmt, at, value->i64);
    case HOOT_UINT:
        return value->u64 > INT64_MAX ? -2 : sqlite3_bind_int64(stmt, at, (sqlite3_int64)value->u64);
    case HOOT_FLOAT:
    case HOOT_DOUBLE: return isnan(value->f64) ? -2 : sqlite3_bind_double(stmt, at, value->f64);
    case HOOT_DECIMAL:
    case HOOT_TEXT:
        return sqlite3_bind_text64(stmt, at, bytes, value->str.len, SQLITE_TRANSIENT, SQLITE_UTF8);
    case HOOT_BYTES: return sqlite3_bind_blob64(stmt, at, bytes, value->str.len, SQLITE_TRANSIENT);
    case HOOT_DATE:
    case HOOT_TIME:
    case HOOT_DATETIME: return bind_time(stmt, at, value, arena);
    default: return -1;
    }
}

static int bind(hoot__sqlite_link *link, hoot__sqlite_statement *statement, const hoot_value *params,
                size_t count, hoot_error *err)
{
    int wanted = sqlite3_bind_parameter_count(statement->stmt);

    if ((size_t)wanted != count)
        return hoot_error_set(err, HOOT_EINVAL, "the statement has %d parameters, and %zu were given", wanted,
                              count);
    for (int i = 0; i < wanted; i++) {
        int code = bind_one(statement->stmt, i + 1, &params[i], link->bytes);

        if (code == -1)
            return hoot_error_set(err, HOOT_EINVAL, "parameter %d is JSON: give its text", i + 1);
        if (code == -2)
            return hoot_error_set(err, HOOT_ERANGE, "parameter %d: SQLite has no such number", i + 1);
        if (code != SQLITE_OK)
            return hoot__sqlite_error(link, code, err);
    }
    return 0;
}

static void make_room(hoot__sqlite_link *link)
{
    hoot__sqlite_statement *oldest = link->oldest;

    if (link->cached < link->link.target->statement_cache || !oldest)
        return;
    unlink_statement(link, oldest);
    free_statement(oldest);
}

int hoot__sqlite_prepare_on_thread(hoot__sqlite_link *link, hoot_str sql, const hoot_value *params,
                                   size_t count, hoot__sqlite_statement **out, hoot_error *err)
{
    uint64_t hash = hash_of(sql);
    hoot__sqlite_statement *statement = find(link, sql, hash);
    int rc = 0;

    if (statement)
        unlink_statement(link, statement);
    else
        rc = make(link, sql, hash, &statement, err);
    if (rc)
        return rc;
    make_room(link);
    link_statement(link, statement);
    hoot_arena_reset(link->bytes);
    rc = bind(link, statement, params, count, err);
    if (rc)
        sqlite3_clear_bindings(statement->stmt);
    else
        *out = statement;
    return rc;
}

int hoot__sqlite_name_columns(hoot__sqlite_statement *statement, hoot_error *err)
{
    int count = sqlite3_column_count(statement->stmt);
    int prepared = sqlite3_stmt_status(statement->stmt, SQLITE_STMTSTATUS_REPREPARE, 0);
    size_t size = (size_t)count * sizeof(char *);
    const char **names;
    char *text;

    if (statement->named_at == prepared)
        return 0;
    for (int i = 0; i < count; i++) {
        const char *name = sqlite3_column_name(statement->stmt, i);

        size += (name ? strlen(name) : 0) + 1;
    }
    names = hoot__malloc(size + 1);
    if (!names)
        return hoot_error_set(err, HOOT_ENOMEM, "no memory for an answer's columns");
    text = (char *)(names + count);
    for (int i = 0; i < count; i++) {
        const char *name = sqlite3_column_name(statement->stmt, i);
        size_t len = name ? strlen(name) : 0;

        names[i] = memcpy(text, name ? name : "", len + 1);
        text += len + 1;
    }
    hoot__free(statement->names);
    statement->names = names;
    statement->column_count = count;
    statement->named_at = prepared;
    return 0;
}
