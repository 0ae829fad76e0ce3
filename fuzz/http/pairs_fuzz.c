/* Query strings and urlencoded forms: each pair against a decoding of its own part, and the whole against
 * what it is when written out again. */
#include "http/message.h"

#include <assert.h>

#define MAX_PAIRS 64

/* The part must give this name and value, or it must be the reason for refusing all. */
static bool part_is(hoot_arena *arena, hoot_str part, const hoot__pair *pair)
{
    ptrdiff_t equals = hoot_str_find(part, '=');
    hoot_str name = equals < 0 ? part : hoot_str_head(part, (size_t)equals);
    hoot_str value = equals < 0 ? HOOT_STR("") : hoot_str_from_index(part, (size_t)equals + 1);
    bool good = hoot__percent_decode(arena, name, true, true, &name) == 0 &&
                hoot__percent_decode(arena, value, true, true, &value) == 0;

    if (good && pair) {
        assert(hoot_str_equal(pair->name, name) && hoot_str_equal(pair->value, value));
        assert(pair->name.ptr[name.len] == '\0' && pair->value.ptr[value.len] == '\0');
    }
    return good;
}

static void check_parts(hoot_arena *arena, hoot_str text, int rc, const hoot__pairs *pairs)
{
    size_t count = 0;
    bool good = true;
    hoot_str part;

    while (hoot_str_split(&text, '&', &part)) {
        if (part.len == 0)
            continue;
        good = part_is(arena, part, rc == 0 && count < pairs->count ? &pairs->at[count] : NULL) && good;
        count++;
    }
    assert(rc == (count > MAX_PAIRS ? HOOT_ELIMIT : good ? 0 : HOOT_EBADINPUT));
    assert(rc < 0 || count == pairs->count);
}

static void write_out(const hoot__pairs *pairs, hoot_buf *out)
{
    for (size_t i = 0; i < pairs->count; i++) {
        if (i > 0)
            hoot_buf_add_byte(out, '&');
        hoot__percent_encode(out, pairs->at[i].name, false);
        hoot_buf_add_byte(out, '=');
        hoot__percent_encode(out, pairs->at[i].value, false);
    }
    assert(!out->failed);
}

static void check_again(hoot_arena *arena, const hoot__pairs *pairs)
{
    hoot__pairs again;
    hoot_buf text;

    hoot_buf_init(&text, 1 << 24);
    write_out(pairs, &text);
    assert(hoot__pairs_parse(arena, hoot_buf_str(&text), MAX_PAIRS, &again) == 0);
    assert(again.count == pairs->count);
    for (size_t i = 0; i < again.count; i++) {
        assert(hoot_str_equal(again.at[i].name, pairs->at[i].name));
        assert(hoot_str_equal(again.at[i].value, pairs->at[i].value));
    }
    hoot_buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    hoot__pairs pairs = { NULL, 0 };
    int rc;

    assert(arena);
    rc = hoot__pairs_parse(arena, hoot_str_of(data, size), MAX_PAIRS, &pairs);
    check_parts(arena, hoot_str_of(data, size), rc, &pairs);
    if (rc == 0)
        check_again(arena, &pairs);
    return 0;
}
