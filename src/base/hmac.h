/* HMAC (RFC 2104) under a key that is used many times: the key's two padded blocks are digested once, and
 * each mac starts from copies of those states. Session cookies are verified with it on every request. */
#ifndef HOOT_BASE_HMAC_H
#define HOOT_BASE_HMAC_H

#include <hoot/crypto.h>

typedef enum hoot__digest { HOOT__SHA1, HOOT__SHA256 } hoot__digest;

/* Room for the larger of libcrypto's two digest states. */
#define HOOT__DIGEST_STATE_BYTES 112

typedef struct hoot__digest_state {
    _Alignas(8) unsigned char bytes[HOOT__DIGEST_STATE_BYTES];
} hoot__digest_state;

/* A key made ready. Never changes after init, so any number of threads may use one at a time. It is as secret
 * as the key itself. */
typedef struct hoot__hmac_key {
    hoot__digest digest;
    hoot__digest_state inner; /* after key ^ ipad */
    hoot__digest_state outer; /* after key ^ opad */
} hoot__hmac_key;

void hoot__hmac_key_init(hoot__hmac_key *key, hoot__digest digest, hoot_str secret);

/* The mac of `data`: HOOT_SHA1_BYTES or HOOT_SHA256_BYTES at `out`. Allocates nothing. */
void hoot__hmac_key_mac(const hoot__hmac_key *key, hoot_str data, uint8_t *out);

/* Wipe it. NULL is fine. */
void hoot__hmac_key_fini(hoot__hmac_key *key);

/* The length of a digest in bytes. */
static inline size_t hoot__digest_bytes(hoot__digest digest)
{
    return digest == HOOT__SHA1 ? HOOT_SHA1_BYTES : HOOT_SHA256_BYTES;
}

#endif
