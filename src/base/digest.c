/* SHA-1, SHA-256 and HMAC over them.
 *
 * These use libcrypto's low-level functions, which OpenSSL 3 marks as deprecated and keeps: the same assembly
 * without the provider machinery around it, which allocates for every context and every copy of one. An
 * HMAC-SHA1 of a session cookie (70 bytes), measured on one machine without SHA instructions: prepared key
 * and these functions 346 ns; prepared key and EVP_MD_CTX_copy_ex 527 ns; these functions without a prepared
 * key 925 ns; HMAC() 3943 ns. All that touches those functions is in this file, so that moving to EVP is a
 * matter of this file.
 *
 * A digest state is a plain struct here: copying it is how a prepared HMAC key is used. */
#define OPENSSL_SUPPRESS_DEPRECATED /* see above */

#include "base/hmac.h"

#include <assert.h>
#include <openssl/sha.h>

enum { BLOCK_BYTES = 64, DIGEST_MAX_BYTES = HOOT_SHA256_BYTES }; /* of SHA-1 and SHA-256 alike */

static_assert(sizeof(SHA_CTX) <= sizeof(hoot__digest_state), "a digest state holds libcrypto's");
static_assert(sizeof(SHA256_CTX) <= sizeof(hoot__digest_state), "a digest state holds libcrypto's");
static_assert(SHA_CBLOCK == BLOCK_BYTES && SHA256_CBLOCK == BLOCK_BYTES,
              "both digests have blocks of 64 bytes");

/* The two digests behind one form; a state is read and written as libcrypto's struct by these only. */
static void start(hoot__digest digest, hoot__digest_state *state)
{
    if (digest == HOOT__SHA1)
        SHA1_Init((SHA_CTX *)state);
    else
        SHA256_Init((SHA256_CTX *)state);
}

static void update(hoot__digest digest, hoot__digest_state *state, const void *data, size_t len)
{
    if (digest == HOOT__SHA1)
        SHA1_Update((SHA_CTX *)state, data, len);
    else
        SHA256_Update((SHA256_CTX *)state, data, len);
}

static void finish(hoot__digest digest, hoot__digest_state *state, uint8_t *out)
{
    if (digest == HOOT__SHA1)
        SHA1_Final(out, (SHA_CTX *)state);
    else
        SHA256_Final(out, (SHA256_CTX *)state);
}

static void digest_once(hoot__digest digest, hoot_str data, uint8_t *out)
{
    hoot__digest_state state;

    start(digest, &state);
    update(digest, &state, data.ptr, data.len);
    finish(digest, &state, out);
    hoot_wipe(&state, sizeof(state));
}

void hoot_sha1(hoot_str data, uint8_t *out_digest)
{
    digest_once(HOOT__SHA1, data, out_digest);
}

void hoot_sha256(hoot_str data, uint8_t *out_digest)
{
    digest_once(HOOT__SHA256, data, out_digest);
}

/* The state after one block of `key` with every byte turned by `pad`. */
static void start_padded(hoot__digest digest, hoot__digest_state *state, const uint8_t *key, uint8_t pad)
{
    uint8_t block[BLOCK_BYTES];

    for (size_t i = 0; i < BLOCK_BYTES; i++)
        block[i] = key[i] ^ pad;
    start(digest, state);
    update(digest, state, block, sizeof(block));
    hoot_wipe(block, sizeof(block));
}

/* Source: RFC 2104 section 2: a key longer than a block is digested first; a shorter one is filled up with
 * zeros. */
void hoot__hmac_key_init(hoot__hmac_key *key, hoot__digest digest, hoot_str secret)
{
    uint8_t block[BLOCK_BYTES] = { 0 };

    if (secret.len > BLOCK_BYTES)
        digest_once(digest, secret, block);
    else if (secret.len)
        memcpy(block, secret.ptr, secret.len);
    key->digest = digest;
    start_padded(digest, &key->inner, block, 0x36);
    start_padded(digest, &key->outer, block, 0x5c);
    hoot_wipe(block, sizeof(block));
}

void hoot__hmac_key_mac(const hoot__hmac_key *key, hoot_str data, uint8_t *out)
{
    hoot__digest_state state = key->inner;
    uint8_t inner[DIGEST_MAX_BYTES];

    update(key->digest, &state, data.ptr, data.len);
    finish(key->digest, &state, inner);
    state = key->outer;
    update(key->digest, &state, inner, hoot__digest_bytes(key->digest));
    finish(key->digest, &state, out);
    hoot_wipe(&state, sizeof(state));
}

void hoot__hmac_key_fini(hoot__hmac_key *key)
{
    if (key)
        hoot_wipe(key, sizeof(*key));
}

static void hmac_once(hoot__digest digest, hoot_str key, hoot_str data, uint8_t *out)
{
    hoot__hmac_key ready;

    hoot__hmac_key_init(&ready, digest, key);
    hoot__hmac_key_mac(&ready, data, out);
    hoot__hmac_key_fini(&ready);
}

void hoot_hmac_sha1(hoot_str key, hoot_str data, uint8_t *out_mac)
{
    hmac_once(HOOT__SHA1, key, data, out_mac);
}

void hoot_hmac_sha256(hoot_str key, hoot_str data, uint8_t *out_mac)
{
    hmac_once(HOOT__SHA256, key, data, out_mac);
}
