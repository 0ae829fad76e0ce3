/* A session cookie from a client: signed text, compression, JSON, tags.
 *
 * First the input as it is. Then, since nobody guesses a signature, the input as a payload that is signed
 * here; and as the JSON itself. What can be read must be written back to something that reads the same. */
#include "web/session_internal.h"

#include <hoot/json.h>

#include <stdlib.h>

static hoot__hmac_key key;
static hoot_arena *arena;

static void require(bool what)
{
    if (!what)
        abort();
}

static void set_up(void)
{
    if (arena)
        return;
    arena = hoot_arena_new(16 * 1024 * 1024);
    require(arena != NULL);
    hoot__session_key_init(&key, HOOT_STR("owl and mouse"));
}

static void untag_all(const hoot__session_members *members)
{
    for (size_t i = 0; i < members->count; i++) {
        hoot_str json = members->at[i].json;
        json_t *value = json_loadb(json.ptr, json.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

        if (value)
            value = hoot__session_untag(value);
        json_decref(value);
    }
}

static void assert_same(const hoot__session_members *a, const hoot__session_members *b)
{
    require(a->count == b->count);
    for (size_t i = 0; i < a->count; i++) {
        require(hoot_str_equal(a->at[i].name, b->at[i].name));
        require(hoot_str_equal(a->at[i].json, b->at[i].json));
    }
}

static void try_json(hoot_str json)
{
    hoot__session_members members, again;
    hoot_buf written;

    if (hoot__session_read(arena, json, &members) < 0)
        return;
    untag_all(&members);
    hoot_buf_init(&written, 8 * HOOT__SESSION_MAX_JSON_BYTES);
    require(hoot__session_write(&written, &members) == 0);
    require(hoot__session_read(arena, hoot_buf_str(&written), &again) == 0);
    assert_same(&members, &again);
    hoot_buf_fini(&written);
}

static void try_cookie(hoot_str cookie)
{
    hoot__session_text text;

    if (hoot__session_unsign(arena, &key, 1, cookie, INT32_MAX, INT64_MAX, &text) == 0)
        try_json(text.json);
}

static void try_payload(hoot_str payload)
{
    hoot_buf cookie;

    hoot_buf_init(&cookie, payload.len + HOOT__SESSION_SIGN_BYTES + 8);
    require(hoot__session_sign(&cookie, &key, payload, 1) == 0);
    try_cookie(hoot_buf_str(&cookie));
    hoot_buf_fini(&cookie);
}

static void try_round_trip(hoot_str json)
{
    hoot__session_text text;
    hoot_buf payload, cookie;

    if (json.len > HOOT__SESSION_MAX_JSON_BYTES)
        return;
    hoot_buf_init(&payload, 2 * HOOT__SESSION_MAX_JSON_BYTES);
    hoot_buf_init(&cookie, 2 * HOOT__SESSION_MAX_JSON_BYTES + 100);
    require(hoot__session_encode(&payload, json) == 0);
    require(hoot__session_sign(&cookie, &key, hoot_buf_str(&payload), 1) == 0);
    require(hoot__session_unsign(arena, &key, 1, hoot_buf_str(&cookie), 1, 0, &text) == 0);
    require(hoot_str_equal(text.json, json));
    hoot_buf_fini(&payload);
    hoot_buf_fini(&cookie);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hoot_str input = hoot_str_of(data, size);

    set_up();
    try_cookie(input);
    try_payload(input);
    try_json(input);
    try_round_trip(input);
    hoot_arena_reset(arena);
    return 0;
}
