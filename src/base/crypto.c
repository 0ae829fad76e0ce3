/* Random bytes, comparing and wiping secrets, hex. Digests are in digest.c, base64 in base64.c. */
#include <hoot/crypto.h>

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

/* Straight from the kernel: nothing here to seed again after a fork. */
void hoot_random(void *out, size_t len)
{
    unsigned char *at = out;

    while (len) {
        ssize_t n = getrandom(at, len, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            fputs("hoot: the system gives no random bytes\n", stderr);
            abort();
        }
        at += n;
        len -= (size_t)n;
    }
}

/* xxxxxxxx-xxxx-4xxx-Nxxx-xxxxxxxxxxxx, N one of 8 9 a b. Source: RFC 9562 sections 4 and 5.4. */
void hoot_uuid4(char *out_text)
{
    static const uint8_t group_bytes[] = { 4, 2, 2, 2, 6 };
    uint8_t bytes[16];
    const uint8_t *from = bytes;

    hoot_random(bytes, sizeof(bytes));
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
    for (size_t i = 0; i < sizeof(group_bytes); i++) {
        hoot_hex(from, group_bytes[i], out_text);
        from += group_bytes[i];
        out_text += 2 * group_bytes[i];
        *out_text++ = '-';
    }
    out_text[-1] = '\0';
}

bool hoot_equal_secret(hoot_str a, hoot_str b)
{
    return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.ptr, b.ptr, a.len) == 0);
}

void hoot_wipe(void *data, size_t len)
{
    if (len)
        explicit_bzero(data, len);
}

void hoot_hex(const void *data, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = data;

    for (size_t i = 0; i < len; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
    *out = '\0';
}
