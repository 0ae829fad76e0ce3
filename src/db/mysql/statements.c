/* A hash table of chains and a list from newest to oldest. A statement that is dropped is closed on the
 * server by a packet that has no answer: such packets are gathered in `closing` and go out in front of the
 * next command, in the same write. When even they find no memory the id is lost to the server until the
 * connection is reset: harmless, and counted by its own limit.
 *
 * MySQL (8.0.22 and later) gives a parameter its type when the statement is first run, and converts what
 * comes later to that type, silently: after an integer, "abc" is 0. So there may be several statements with
 * the same text, told apart by the kinds of their parameters. NULL has every kind. MariaDB takes each
 * execution's types. */
#include "statements.h"

#include "protocol.h"
#include "texts.h"

#include "base/alloc.h"

enum { BUCKETS_MIN = 16, BUCKETS_MAX = 4096, CLOSING_MAX = 1024 * 1024 };

void hoot__my_statements_init(hoot__my_statements *statements, uint32_t max)
{
    uint32_t buckets = BUCKETS_MIN;

    memset(statements, 0, sizeof(*statements));
    statements->max = max ? max : 1;
    while (buckets < statements->max && buckets < BUCKETS_MAX)
        buckets *= 2;
    statements->bucket_count = buckets;
    hoot_buf_init(&statements->closing, CLOSING_MAX);
}

void hoot__my_statements_fini(hoot__my_statements *statements)
{
    hoot__my_statements_clear(statements, false);
    hoot__free(statements->buckets);
    statements->buckets = NULL;
    hoot_buf_fini(&statements->closing);
}

hoot__my_kept *hoot__my_kept_new(void)
{
    hoot__my_kept *kept = hoot__malloc(sizeof(*kept));

    if (!kept)
        return NULL;
    hoot__my_columns_init(&kept->columns);
    kept->users = 1;
    return kept;
}

hoot__my_kept *hoot__my_kept_ref(hoot__my_kept *kept)
{
    if (kept)
        kept->users++;
    return kept;
}

void hoot__my_kept_unref(hoot__my_kept *kept)
{
    if (!kept || --kept->users > 0)
        return;
    hoot__my_columns_fini(&kept->columns);
    hoot__free(kept);
}

static hoot__my_statement **bucket_of(hoot__my_statements *statements, uint32_t hash)
{
    return &statements->buckets[hash & (statements->bucket_count - 1)];
}

static void unlink_age(hoot__my_statements *statements, hoot__my_statement *statement)
{
    *(statement->newer ? &statement->newer->older : &statements->newest) = statement->older;
    *(statement->older ? &statement->older->newer : &statements->oldest) = statement->newer;
}

static void link_newest(hoot__my_statements *statements, hoot__my_statement *statement)
{
    statement->newer = NULL;
    statement->older = statements->newest;
    *(statements->newest ? &statements->newest->newer : &statements->oldest) = statement;
    statements->newest = statement;
}

static bool is_text(const hoot__my_statement *statement, uint32_t hash, hoot_str sql)
{
    return statement->hash == hash && hoot_str_equal(hoot_str_of(statement->sql, statement->len), sql);
}

static hoot__my_statement *first_of(const hoot__my_statements *statements, uint32_t hash)
{
    return statements->buckets ? statements->buckets[hash & (statements->bucket_count - 1)] : NULL;
}

/* A wrong number of parameters is found out by others. */
static bool fits(const hoot__my_statement *statement, const hoot_value *params, size_t count)
{
    const uint8_t *kinds = (const uint8_t *)statement->sql + statement->len;

    if (!statement->typed || count != statement->params)
        return true;
    for (size_t i = 0; i < count; i++) {
        if (kinds[i] != params[i].kind && kinds[i] != HOOT_NULL && params[i].kind != HOOT_NULL)
            return false;
    }
    return true;
}

static hoot__my_statement *used(hoot__my_statements *statements, hoot__my_statement *statement)
{
    if (statement && statement != statements->newest) {
        unlink_age(statements, statement);
        link_newest(statements, statement);
    }
    return statement;
}

hoot__my_statement *hoot__my_statements_find(hoot__my_statements *statements, hoot_str sql)
{
    uint32_t hash = hoot__my_text_hash(sql);
    hoot__my_statement *statement = first_of(statements, hash);

    while (statement && !is_text(statement, hash, sql))
        statement = statement->chain;
    return used(statements, statement);
}

hoot__my_statement *hoot__my_statements_find_for(hoot__my_statements *statements, hoot_str sql,
                                                 const hoot_value *params, size_t count)
{
    uint32_t hash = hoot__my_text_hash(sql);
    hoot__my_statement *statement = first_of(statements, hash);

    while (statement && !(is_text(statement, hash, sql) && fits(statement, params, count)))
        statement = statement->chain;
    return used(statements, statement);
}

hoot__my_statement *hoot__my_statements_find_id(hoot__my_statements *statements, hoot_str sql, uint32_t id)
{
    uint32_t hash = hoot__my_text_hash(sql);
    hoot__my_statement *statement = first_of(statements, hash);

    while (statement && !(statement->id == id && is_text(statement, hash, sql)))
        statement = statement->chain;
    return statement;
}

void hoot__my_statement_note_kinds(hoot__my_statement *statement, const hoot_value *params)
{
    uint8_t *kinds = (uint8_t *)statement->sql + statement->len;

    for (size_t i = 0; statement->typed && i < statement->params; i++) {
        if (params[i].kind != HOOT_NULL)
            kinds[i] = (uint8_t)params[i].kind;
    }
}

static bool make_buckets(hoot__my_statements *statements)
{
    if (!statements->buckets)
        statements->buckets = hoot__calloc(statements->bucket_count, sizeof(*statements->buckets));
    return statements->buckets != NULL;
}

hoot__my_statement *hoot__my_statements_add(hoot__my_statements *statements, hoot_str sql, uint32_t id,
                                            uint16_t params)
{
    hoot__my_statement *statement =
        make_buckets(statements) ? hoot__malloc(sizeof(*statement) + sql.len + params) : NULL;
    hoot__my_statement **bucket;

    if (!statement) {
        hoot__my_statements_close_id(statements, id);
        return NULL;
    }
    while (statements->count >= statements->max)
        hoot__my_statements_drop(statements, statements->oldest, true);
    memset(statement, 0, sizeof(*statement));
    statement->hash = hoot__my_text_hash(sql);
    statement->id = id;
    statement->params = params;
    statement->len = sql.len;
    memcpy(statement->sql, sql.ptr, sql.len);
    statement->typed = statements->typed;
    memset(statement->sql + sql.len, HOOT_NULL, params);
    bucket = bucket_of(statements, statement->hash);
    statement->chain = *bucket;
    *bucket = statement;
    link_newest(statements, statement);
    statements->count++;
    return statement;
}

void hoot__my_statements_drop(hoot__my_statements *statements, hoot__my_statement *statement, bool close)
{
    hoot__my_statement **slot = bucket_of(statements, statement->hash);

    while (*slot != statement)
        slot = &(*slot)->chain;
    *slot = statement->chain;
    unlink_age(statements, statement);
    statements->count--;
    if (close)
        hoot__my_statements_close_id(statements, statement->id);
    hoot__my_kept_unref(statement->kept);
    hoot__free(statement);
}

void hoot__my_statements_clear(hoot__my_statements *statements, bool close)
{
    while (statements->newest)
        hoot__my_statements_drop(statements, statements->newest, close);
    if (!close)
        hoot_buf_clear(&statements->closing);
}

/*     length (3): 5, number (1): 0, 19, id (4). Source: MySQL Internals, "COM_STMT_CLOSE". */
void hoot__my_statements_close_id(hoot__my_statements *statements, uint32_t id)
{
    hoot_buf *closing = &statements->closing;

    if (hoot_buf_reserve(closing, 9) < 0)
        return;
    hoot__my_put_u24(closing, 5);
    hoot__my_put_u8(closing, 0);
    hoot__my_put_u8(closing, HOOT__MY_COM_STMT_CLOSE);
    hoot__my_put_u32(closing, id);
}
