/* Digests, random bytes and encodings, over OpenSSL. None of these suspends. */
#ifndef HOOT_CRYPTO_H
#define HOOT_CRYPTO_H

#include <hoot/arena.h>
#include <hoot/buf.h>

HOOT_BEGIN_DECLS

#define HOOT_SHA1_BYTES   20
#define HOOT_SHA256_BYTES 32
#define HOOT_UUID_CHARS   36 /* 8-4-4-4-12 hex digits, without terminator */

/* Fill with bytes from the system's generator. It does not fail: a process that cannot have them ends. */
HOOT_API void hoot_random(void *out, size_t len);

/* A random UUID (RFC 9562 section 5.4) in lower case, terminated: HOOT_UUID_CHARS + 1 bytes. */
HOOT_API void hoot_uuid4(char *out_text);

HOOT_API void hoot_sha1(hoot_str data, uint8_t *out_digest);
HOOT_API void hoot_sha256(hoot_str data, uint8_t *out_digest);
HOOT_API void hoot_hmac_sha1(hoot_str key, hoot_str data, uint8_t *out_mac);
HOOT_API void hoot_hmac_sha256(hoot_str key, hoot_str data, uint8_t *out_mac);

/* Compare in a time that tells nothing about where they differ. Different lengths are unequal at once. */
HOOT_API bool hoot_equal_secret(hoot_str a, hoot_str b);

/* Clear memory that held a secret; not optimized away. */
HOOT_API void hoot_wipe(void *data, size_t len);

/* Lower-case hex digits, terminated: 2 * len + 1 bytes at `out`. */
HOOT_API void hoot_hex(const void *data, size_t len, char *out);

/* Base64 (RFC 4648 section 4, with padding) and base64url (section 5, without), appended to `out`.
 * Decoding is strict: HOOT_EBADINPUT for a byte outside the alphabet, a wrong length, wrong padding, or spare
 * bits that are not zero. */
HOOT_API int hoot_base64_encode(hoot_str data, hoot_buf *out);
HOOT_API int hoot_base64_decode(hoot_str text, hoot_buf *out);
HOOT_API int hoot_base64url_encode(hoot_str data, hoot_buf *out);
HOOT_API int hoot_base64url_decode(hoot_str text, hoot_buf *out);

HOOT_END_DECLS
#endif
