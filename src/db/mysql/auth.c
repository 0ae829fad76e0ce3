/* Password proofs.
 *
 * sha256:        none; the password itself, over TLS as it is, else encrypted as below.
 * ed25519:       see auth_ed25519.c.
 * native:        SHA1(password) ^ SHA1(seed, SHA1(SHA1(password)))
 * caching_sha2:  SHA256(password) ^ SHA256(SHA256(SHA256(password)), seed)
 *                then 01 03: known, OK follows; or 01 04: send the password itself, over a secure channel as
 * it is (with its NUL), else encrypted with the server's RSA key (OAEP) after XOR with the seed.
 *
 * The RSA key comes unsigned over the same wire, so who sits between can put in their own: only by opt-in.
 * Source: MySQL Internals, "Authentication Method"; MySQL Reference Manual, "Caching SHA-2 Pluggable
 * Authentication". */
#include "auth.h"

#include "protocol.h"

#include <hoot/crypto.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

enum {
    FAST_OK = 0x03,
    FULL_WANTED = 0x04,
    KEY_BITS_MIN = 1024,
    KEY_BITS_MAX = 16384,
    PEM_MAX = 8192,
    OAEP_OVERHEAD = 42, /* of SHA-1: 2 * 20 + 2 */
};

static const char *const plugins[] = {
    [HOOT__MY_PLUGIN_NATIVE] = "mysql_native_password", [HOOT__MY_PLUGIN_SHA2] = "caching_sha2_password",
    [HOOT__MY_PLUGIN_SHA256] = "sha256_password",       [HOOT__MY_PLUGIN_ED25519] = "client_ed25519",
    [HOOT__MY_PLUGIN_CLEAR] = "mysql_clear_password",
};

hoot__my_plugin hoot__my_plugin_of(const char *name)
{
    int plugin = 0;

    while (plugin < HOOT__MY_PLUGIN_OTHER && strcmp(name, plugins[plugin]) != 0)
        plugin++;
    return (hoot__my_plugin)plugin;
}

static void xor_into(uint8_t *bytes, const uint8_t *other, size_t len)
{
    for (size_t i = 0; i < len; i++)
        bytes[i] ^= other[i];
}

void hoot__my_native_proof(hoot_str password, const uint8_t *seed, uint8_t *out_proof)
{
    uint8_t first[HOOT_SHA1_BYTES], mixed[HOOT__MY_SEED_BYTES + HOOT_SHA1_BYTES];

    hoot_sha1(password, first);
    memcpy(mixed, seed, HOOT__MY_SEED_BYTES);
    hoot_sha1(hoot_str_of(first, sizeof(first)), mixed + HOOT__MY_SEED_BYTES);
    hoot_sha1(hoot_str_of(mixed, sizeof(mixed)), out_proof);
    xor_into(out_proof, first, sizeof(first));
    hoot_wipe(first, sizeof(first));
    hoot_wipe(mixed, sizeof(mixed));
}

void hoot__my_sha2_proof(hoot_str password, const uint8_t *seed, uint8_t *out_proof)
{
    uint8_t first[HOOT_SHA256_BYTES], second[HOOT_SHA256_BYTES];
    uint8_t mixed[HOOT_SHA256_BYTES + HOOT__MY_SEED_BYTES];

    hoot_sha256(password, first);
    hoot_sha256(hoot_str_of(first, sizeof(first)), second);
    memcpy(mixed, second, sizeof(second));
    memcpy(mixed + HOOT_SHA256_BYTES, seed, HOOT__MY_SEED_BYTES);
    hoot_sha256(hoot_str_of(mixed, sizeof(mixed)), out_proof);
    xor_into(out_proof, first, sizeof(first));
    hoot_wipe(first, sizeof(first));
    hoot_wipe(second, sizeof(second));
    hoot_wipe(mixed, sizeof(mixed));
}

static int refuse_plugin(const char *name, hoot_error *err)
{
    if (strcmp(name, "mysql_old_password") == 0)
        return hoot_error_set(
            err, HOOT_EAUTH,
            "the user's password is stored in the format from before MySQL 4.1 (mysql_old_password), "
            "which is not safe; set it anew on the server");
    return hoot_error_set(
        err, HOOT_EAUTH,
        "the server wants the authentication plugin \"%s\", which is not supported; give the user "
        "caching_sha2_password, client_ed25519 or mysql_native_password",
        name);
}

static int check_seed(hoot__my_plugin plugin, size_t len, hoot_error *err)
{
    size_t due = plugin == HOOT__MY_PLUGIN_ED25519 ? HOOT__MY_ED25519_SEED_BYTES : HOOT__MY_SEED_BYTES;

    if (plugin == HOOT__MY_PLUGIN_CLEAR || len == due)
        return 0;
    return hoot_error_set(err, HOOT_EPROTOCOL, "the server's login challenge has %zu bytes instead of %zu",
                          len, due);
}

static int prove_ed25519(hoot_str secret, const uint8_t *seed, uint8_t *out_proof, hoot_error *err)
{
    if (hoot__my_ed25519_proof(secret, seed, out_proof))
        return HOOT__MY_PROOF_MAX;
    return hoot_error_set(err, HOOT_EAUTH, "the proof of client_ed25519 cannot be computed");
}

int hoot__my_prove(const hoot__my_challenge *challenge, const char *password, uint8_t *out_proof,
                   hoot_error *err)
{
    hoot__my_plugin plugin = hoot__my_plugin_of(challenge->plugin);
    hoot_str secret = hoot_str_from(password);
    int rc = plugin == HOOT__MY_PLUGIN_OTHER ? refuse_plugin(challenge->plugin, err)
                                             : check_seed(plugin, challenge->seed_len, err);

    if (rc < 0)
        return rc;
    if (plugin == HOOT__MY_PLUGIN_ED25519)
        return prove_ed25519(secret, challenge->seed, out_proof, err);
    if (secret.len == 0)
        return 0;
    if (plugin == HOOT__MY_PLUGIN_NATIVE) {
        hoot__my_native_proof(secret, challenge->seed, out_proof);
        return HOOT_SHA1_BYTES;
    }
    if (plugin != HOOT__MY_PLUGIN_SHA2)
        return 0;
    hoot__my_sha2_proof(secret, challenge->seed, out_proof);
    return HOOT_SHA256_BYTES;
}

/* The key in a PEM text, if it is an RSA key of a sane size. */
static EVP_PKEY *read_key(hoot_str pem)
{
    BIO *bio = pem.len <= PEM_MAX ? BIO_new_mem_buf(pem.ptr, (int)pem.len) : NULL;
    EVP_PKEY *key = bio ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;

    BIO_free(bio);
    if (key && EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) >= KEY_BITS_MIN &&
        EVP_PKEY_get_bits(key) <= KEY_BITS_MAX)
        return key;
    EVP_PKEY_free(key);
    ERR_clear_error();
    return NULL;
}

static int encrypt(EVP_PKEY *key, hoot_str secret, hoot_buf *out)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    size_t len = (size_t)EVP_PKEY_get_size(key);
    bool done = context && EVP_PKEY_encrypt_init(context) > 0 &&
                EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) > 0 &&
                hoot_buf_reserve(out, len) == 0 &&
                EVP_PKEY_encrypt(context, (unsigned char *)out->data + out->len, &len,
                                 (const unsigned char *)secret.ptr, secret.len) > 0;

    EVP_PKEY_CTX_free(context);
    if (!done)
        return HOOT_ENOMEM;
    out->len += len;
    return 0;
}

/* The password with its NUL, XORed with the seed over and over. */
static int mask_password(const char *password, const uint8_t *seed, hoot_buf *out)
{
    size_t len = strlen(password) + 1;
    int rc = hoot_buf_add(out, password, len);

    for (size_t i = 0; rc == 0 && i < len; i++)
        out->data[i] = (char)((unsigned char)out->data[i] ^ seed[i % HOOT__MY_SEED_BYTES]);
    return rc;
}

int hoot__my_encrypt_password(hoot_str pem, const char *password, const uint8_t *seed, hoot_buf *out,
                              hoot_error *err)
{
    EVP_PKEY *key = read_key(pem);
    hoot_buf masked;
    int rc;

    if (!key)
        return hoot_error_set(err, HOOT_EAUTH, "the server sent no RSA key of 1,024 to 16,384 bits");
    if (strlen(password) + 1 + OAEP_OVERHEAD > (size_t)EVP_PKEY_get_size(key)) {
        EVP_PKEY_free(key);
        return hoot_error_set(err, HOOT_EAUTH, "the password is too long for the server's RSA key");
    }
    hoot_buf_init(&masked, PEM_MAX);
    rc = mask_password(password, seed, &masked);
    if (rc == 0)
        rc = encrypt(key, hoot_buf_str(&masked), out);
    if (masked.data)
        hoot_wipe(masked.data, masked.len);
    hoot_buf_fini(&masked);
    EVP_PKEY_free(key);
    return rc < 0 ? hoot_error_set(err, rc, "encrypting the password failed") : 0;
}

static hoot__my_auth_step more_data(hoot_str packet, hoot__my_plugin plugin, bool awaits_key)
{
    if (awaits_key && (plugin == HOOT__MY_PLUGIN_SHA2 || plugin == HOOT__MY_PLUGIN_SHA256))
        return HOOT__MY_AUTH_KEY;
    if (plugin != HOOT__MY_PLUGIN_SHA2 || packet.len != 2)
        return HOOT__MY_AUTH_NONSENSE;
    if (packet.ptr[1] == FAST_OK)
        return HOOT__MY_AUTH_WAIT;
    return packet.ptr[1] == FULL_WANTED ? HOOT__MY_AUTH_FULL : HOOT__MY_AUTH_NONSENSE;
}

hoot__my_auth_step hoot__my_auth_step_of(hoot_str packet, hoot__my_plugin plugin, bool awaits_key)
{
    if (packet.len == 0)
        return HOOT__MY_AUTH_NONSENSE;
    switch ((uint8_t)packet.ptr[0]) {
    case HOOT__MY_OK: return HOOT__MY_AUTH_DONE;
    case HOOT__MY_ERR: return HOOT__MY_AUTH_REFUSED;
    case HOOT__MY_EOF: return HOOT__MY_AUTH_SWITCH;
    case HOOT__MY_MORE_DATA: return more_data(packet, plugin, awaits_key);
    default: return HOOT__MY_AUTH_NONSENSE;
    }
}
