/* Single statements in autocommit: on a lane, or on a connection of their own.
 *
 * A server that is read-only or not prepared refuses a statement without running it. With several hosts it is
 * tried at each of the others, once: whoever asked sees the refusal only when all of them refuse, or the
 * others cannot be reached. A text that may do several things (a procedure, a block, several statements) is
 * not tried again, since what came before the one that was refused is done. */
#include "db/cursor.h"

/* One on its way. */
typedef struct single {
    hoot_pool *pool;
    const hoot_value *values;
    size_t count;
    hoot_error *err;
    bool keeps_rows;     /* a cursor is wanted, not the number of rows changed */
    hoot_cursor *cursor; /* NULL: it failed */
    int64_t changed;     /* or a negative code */
    uint32_t tried;      /* hosts that refused it, by number */
} single;

static int on_lane(single *s)
{
    hoot__lane_ask ask = { .values = s->values, .count = s->count, .err = s->err };

    if (s->keeps_rows && !(s->cursor = hoot__cursor_new(s->pool->target.max_answer_bytes, s->err)))
        return HOOT_ENOMEM;
    ask.cursor = s->cursor;
    hoot__lanes_run(s->pool, &ask);
    s->changed = (int64_t)ask.changed;
    if (!ask.code)
        return 0;
    hoot_cursor_close(s->cursor);
    s->cursor = NULL;
    return ask.code;
}

static int on_slot(single *s, hoot__slot *slot)
{
    uint32_t host = (uint32_t)(slot->host - s->pool->hosts);
    int rc;

    slot->task = hoot_current_task();
    hoot__lanes_ask(s->pool, slot);
    if (s->keeps_rows)
        s->cursor = hoot__cursor_read(slot, s->values, s->count, s->err);
    else
        s->changed = hoot__slot_execute(slot, s->values, s->count, s->err);
    rc = s->keeps_rows ? (s->cursor ? 0 : s->err->code) : (s->changed < 0 ? (int)s->changed : 0);
    if (!hoot__slot_leave(slot))
        return rc == HOOT_EUNFIT ? HOOT_ECLOSED : rc; /* the pool may be gone */
    hoot__pool_release(slot);
    s->tried |= rc == HOOT_EUNFIT ? 1u << host : 0;
    return rc;
}

static int anywhere(single *s)
{
    hoot__slot *slot;

    if (hoot__lanes_take(s->pool, s->values, s->count, s->pool->limits.share_writes))
        return on_lane(s);
    slot = hoot__pool_borrow(s->pool, s->err);
    return slot ? on_slot(s, slot) : s->err->code;
}

static bool is_one_of(hoot_str word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (hoot_str_equal_nocase(word, hoot_str_from(words[i])))
            return true;
    }
    return false;
}

/* All of it was refused, or nothing. */
static bool does_one_thing(const single *s)
{
    static const char *const blocks[] = { "CALL", "EXECUTE", "BEGIN", "DO",     "IF",
                                          "FOR",  "WHILE",   "LOOP",  "REPEAT", "CASE" };
    hoot_str sql = s->values[0].str;
    size_t len = 0;

    while (len < sql.len && ((sql.ptr[len] | 32) >= 'a' && (sql.ptr[len] | 32) <= 'z'))
        len++;
    return len > 0 && !is_one_of(hoot_str_head(sql, len), blocks, sizeof(blocks) / sizeof(blocks[0])) &&
           !(s->pool->target.multi_statements && hoot_str_find(sql, ';') >= 0);
}

/* At a host that has not refused it. Gives: as before, when there is none. */
static int elsewhere(single *s)
{
    hoot_error own = HOOT_ERROR_INIT, *err = s->err;
    hoot__slot *slot = hoot__pool_borrow(s->pool, &own);
    int rc;

    if (!slot && own.code != HOOT_ETIMEOUT && own.code != HOOT_ECANCELED && own.code != HOOT_ECLOSED)
        return HOOT_EUNFIT;
    if (slot && s->tried & 1u << (slot->host - s->pool->hosts)) {
        hoot__pool_release(slot);
        return HOOT_EUNFIT;
    }
    s->err = &own;
    rc = slot ? on_slot(s, slot) : own.code;
    s->err = err;
    *err = own; /* empty, if it went well */
    return rc;
}

/* A lane does not tell which host it led to, so that one may be asked a second time. */
static int run(single *s)
{
    uint32_t left = s->pool->host_count;
    int rc = anywhere(s);

    if (rc != HOOT_EUNFIT || left < 2 || !does_one_thing(s))
        return rc;
    for (uint32_t before = ~0u; rc == HOOT_EUNFIT && left > 0 && s->tried != before; left--) {
        before = s->tried;
        rc = elsewhere(s);
    }
    return rc;
}

hoot_cursor *hoot_pool_query_values(hoot_pool *pool, hoot_error *err, const hoot_value *values, size_t count)
{
    single s = { .pool = pool, .values = values, .count = count, .err = err, .keeps_rows = true };
    hoot_error own;

    hoot_error_clear(&own);
    if (!err)
        s.err = &own;
    return run(&s) ? NULL : s.cursor;
}

int64_t hoot_pool_execute_values(hoot_pool *pool, hoot_error *err, const hoot_value *values, size_t count)
{
    single s = { .pool = pool, .values = values, .count = count, .err = err };
    hoot_error own;
    int rc;

    hoot_error_clear(&own);
    if (!err)
        s.err = &own;
    rc = run(&s);
    return rc ? rc : s.changed;
}
