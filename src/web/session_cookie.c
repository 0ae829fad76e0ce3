/* The signed text of a session cookie, as itsdangerous' URLSafeTimedSerializer writes it for Flask and Quart:
 *
 *     [.]PAYLOAD "." TIMESTAMP "." SIGNATURE      each in base64url without padding
 *
 *     PAYLOAD     JSON; behind a '.' zlib's compression of it, used when that is shorter by two bytes or more
 *     TIMESTAMP   Unix seconds, big-endian, without leading zero bytes
 *     SIGNATURE   HMAC-SHA1(key, all before the last '.'), where key = HMAC-SHA1(secret key,
 * "cookie-session")
 *
 * Bytes in, bytes out: no request, no clock. The signature is checked before anything else is looked at, so
 * only who has the key gets as far as the decompressor. Where Python's base64 takes several spellings of the
 * same bytes, only the one that is written is taken here. Source: itsdangerous 2.1 signer.py, timed.py,
 * url_safe.py, encoding.py; flask 2.2 sessions.py. */
#include "web/session_internal.h"

enum { SIGNATURE_CHARS = 27, STAMP_BYTES = 8 };

void hoot__session_key_init(hoot__hmac_key *key, hoot_str secret)
{
    uint8_t derived[HOOT_SHA1_BYTES];

    hoot_hmac_sha1(secret, HOOT_STR("cookie-session"), derived);
    hoot__hmac_key_init(key, HOOT__SHA1, hoot_str_of(derived, sizeof(derived)));
    hoot_wipe(derived, sizeof(derived));
}

/* A buffer over `memory`, which has room for `bytes` and stays its owner's. */
static hoot_buf buffer_over(void *memory, size_t bytes)
{
    return (hoot_buf){ .data = memory, .capacity = bytes, .max_bytes = bytes };
}

/* Cut "HEAD.TAIL" at the last '.'. */
static bool cut_last(hoot_str *text, hoot_str *out_tail)
{
    const char *dot = text->len ? memrchr(text->ptr, '.', text->len) : NULL;

    if (!dot)
        return false;
    *out_tail = hoot_str_from_index(*text, (size_t)(dot - text->ptr) + 1);
    text->len = (size_t)(dot - text->ptr);
    return true;
}

static bool is_signed(const hoot__hmac_key *keys, size_t key_count, hoot_str text, hoot_str signature)
{
    uint8_t given[HOOT_SHA1_BYTES], mac[HOOT_SHA1_BYTES];
    hoot_buf bytes = buffer_over(given, sizeof(given));
    bool same = false;

    if (signature.len != SIGNATURE_CHARS || hoot_base64url_decode(signature, &bytes) < 0)
        return false;
    for (size_t i = 0; i < key_count && !same; i++) {
        hoot__hmac_key_mac(&keys[i], text, mac);
        same = hoot_equal_secret(hoot_buf_str(&bytes), hoot_str_of(mac, sizeof(mac)));
    }
    return same;
}

/* Not from the future, and not older than `lifetime_s`. */
static bool is_of_age(hoot_str stamp, int64_t now, int64_t lifetime_s)
{
    uint8_t bytes[STAMP_BYTES];
    hoot_buf buf = buffer_over(bytes, sizeof(bytes));
    uint64_t seconds = 0;

    if (hoot_base64url_decode(stamp, &buf) < 0)
        return false;
    for (size_t i = 0; i < buf.len; i++)
        seconds = seconds << 8 | bytes[i];
    return now >= 0 && seconds <= (uint64_t)now && (uint64_t)now - seconds <= (uint64_t)lifetime_s;
}

/* Base64url to bytes in the arena. */
static int decode(hoot_arena *arena, hoot_str text, hoot_str *out)
{
    size_t room = text.len / 4 * 3 + 3;
    char *memory = hoot_arena_alloc(arena, room + 1);
    hoot_buf bytes = buffer_over(memory, room);
    int rc = memory ? hoot_base64url_decode(text, &bytes) : HOOT_ENOMEM;

    *out = hoot_buf_str(&bytes);
    return rc;
}

static int inflate_to_arena(hoot_arena *arena, hoot_str compressed, hoot_str *out)
{
    hoot_buf json;
    const char *copy = NULL;
    int rc;

    hoot_buf_init(&json, HOOT__SESSION_MAX_JSON_BYTES);
    rc = hoot__session_inflate(&json, compressed);
    if (rc == 0) {
        copy = hoot_arena_dup(arena, hoot_buf_str(&json));
        rc = copy ? 0 : HOOT_ENOMEM;
        *out = hoot_str_of(copy, copy ? json.len : 0);
    }
    hoot_buf_fini(&json);
    return rc;
}

static int read_payload(hoot_arena *arena, hoot_str payload, hoot_str *out_json)
{
    bool compressed = payload.len && payload.ptr[0] == '.';
    hoot_str bytes;
    int rc;

    if (payload.len > 2 * HOOT__SESSION_MAX_JSON_BYTES)
        return HOOT_EBADINPUT;
    rc = decode(arena, hoot_str_from_index(payload, compressed), &bytes);
    if (rc == 0 && compressed)
        rc = inflate_to_arena(arena, bytes, &bytes);
    if (rc == 0)
        *out_json = bytes;
    return rc == 0 || rc == HOOT_ENOMEM ? rc : HOOT_EBADINPUT;
}

int hoot__session_unsign(hoot_arena *arena, const hoot__hmac_key *keys, size_t key_count, hoot_str cookie,
                         int64_t now, int64_t lifetime_s, hoot__session_text *out)
{
    hoot_str text = cookie, signature, stamp, json;
    int rc;

    if (!cut_last(&text, &signature) || !is_signed(keys, key_count, text, signature))
        return HOOT_EBADINPUT;
    if (!cut_last(&text, &stamp) || !is_of_age(stamp, now, lifetime_s))
        return HOOT_EBADINPUT;
    rc = read_payload(arena, text, &json);
    if (rc == 0)
        *out = (hoot__session_text){ .json = json, .payload = text };
    return rc;
}

int hoot__session_encode(hoot_buf *out, hoot_str json)
{
    size_t before = out->len;
    hoot_buf shorter;
    int rc;

    hoot_buf_init(&shorter, HOOT__SESSION_MAX_JSON_BYTES);
    rc = hoot__session_deflate(&shorter, json);
    if (rc > 0)
        rc = hoot_buf_add_byte(out, '.');
    if (rc == 0)
        rc = hoot_base64url_encode(shorter.len ? hoot_buf_str(&shorter) : json, out);
    if (rc < 0)
        out->len = before;
    hoot_buf_fini(&shorter);
    return rc;
}

static int add_stamp(hoot_buf *out, int64_t now)
{
    uint8_t bytes[STAMP_BYTES];
    size_t zeros = 0;

    for (size_t i = 0; i < STAMP_BYTES; i++)
        bytes[i] = (uint8_t)((uint64_t)now >> (56 - 8 * i));
    while (zeros < STAMP_BYTES - 1 && bytes[zeros] == 0)
        zeros++;
    return hoot_base64url_encode(hoot_str_of(bytes + zeros, STAMP_BYTES - zeros), out);
}

int hoot__session_sign(hoot_buf *out, const hoot__hmac_key *key, hoot_str payload, int64_t now)
{
    size_t before = out->len;
    uint8_t mac[HOOT_SHA1_BYTES];
    int rc = hoot_buf_reserve(out, payload.len + 2 + 11 + SIGNATURE_CHARS);

    if (rc < 0)
        return rc;
    hoot_buf_add_str(out, payload);
    hoot_buf_add_byte(out, '.');
    add_stamp(out, now);
    hoot__hmac_key_mac(key, hoot_str_from_index(hoot_buf_str(out), before), mac);
    hoot_buf_add_byte(out, '.');
    return hoot_base64url_encode(hoot_str_of(mac, sizeof(mac)), out);
}
