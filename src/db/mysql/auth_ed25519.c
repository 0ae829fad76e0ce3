/* client_ed25519, MariaDB's plugin: an Ed25519 signature (RFC 8032 section 5.1.6) of the server's 32 bytes,
 * but for where the key comes from. There the private key is 32 random bytes and is hashed; here the
 * password, of any length, stands in its place:
 *
 *     a, prefix = SHA512(password), a clamped       A = a*B
 *     r = SHA512(prefix, seed)                      R = r*B
 *     S = r + SHA512(R, A, seed) * a                proof = R, S
 *
 * OpenSSL's Ed25519 takes no other key than 32 bytes and hides the curve below it, so libsodium does the
 * arithmetic. Source: MariaDB Knowledge Base, "Authentication Plugin - ed25519". */
#include "auth.h"

#include <hoot/crypto.h>

#include <sodium.h>

enum { POINT = crypto_core_ed25519_BYTES, SCALAR = crypto_core_ed25519_SCALARBYTES };

typedef struct scratch {
    uint8_t secret[crypto_hash_sha512_BYTES]; /* a, prefix */
    uint8_t wide[crypto_hash_sha512_BYTES];
    uint8_t r[SCALAR], k[SCALAR];
    uint8_t public[POINT];
} scratch;

/* SHA512(parts...) as a number below the order of B. */
static void hash_scalar(scratch *s, hoot_str first, hoot_str second, hoot_str third, uint8_t *out)
{
    crypto_hash_sha512_state state;

    crypto_hash_sha512_init(&state);
    crypto_hash_sha512_update(&state, (const unsigned char *)first.ptr, first.len);
    crypto_hash_sha512_update(&state, (const unsigned char *)second.ptr, second.len);
    crypto_hash_sha512_update(&state, (const unsigned char *)third.ptr, third.len);
    crypto_hash_sha512_final(&state, s->wide);
    crypto_core_ed25519_scalar_reduce(out, s->wide);
    hoot_wipe(&state, sizeof(state));
}

static void derive(scratch *s, hoot_str password)
{
    crypto_hash_sha512(s->secret, (const unsigned char *)password.ptr, password.len);
    s->secret[0] &= 248;
    s->secret[31] &= 63;
    s->secret[31] |= 64;
}

bool hoot__my_ed25519_proof(hoot_str password, const uint8_t *seed, uint8_t *out_proof)
{
    hoot_str message = hoot_str_of(seed, HOOT__MY_ED25519_SEED_BYTES);
    scratch s;
    bool done;

    if (sodium_init() < 0)
        return false;
    derive(&s, password);
    hash_scalar(&s, hoot_str_of(s.secret + SCALAR, SCALAR), message, hoot_str_of("", 0), s.r);
    done = crypto_scalarmult_ed25519_base_noclamp(s.public, s.secret) == 0 &&
           crypto_scalarmult_ed25519_base_noclamp(out_proof, s.r) == 0;
    hash_scalar(&s, hoot_str_of(out_proof, POINT), hoot_str_of(s.public, POINT), message, s.k);
    crypto_core_ed25519_scalar_mul(s.k, s.k, s.secret);
    crypto_core_ed25519_scalar_add(out_proof + POINT, s.k, s.r);
    hoot_wipe(&s, sizeof(s));
    return done;
}
