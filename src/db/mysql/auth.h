/* Proving a password to the server: mysql_native_password, caching_sha2_password, sha256_password and
 * client_ed25519; and mysql_clear_password, which proves nothing but hands the password over. Pure: bytes in,
 * bytes out.
 *
 * Every other plugin is refused with an error that names it. mysql_old_password is broken. */
#ifndef HOOT_DB_MYSQL_AUTH_H
#define HOOT_DB_MYSQL_AUTH_H

#include "greeting.h"

typedef enum hoot__my_plugin {
    HOOT__MY_PLUGIN_NATIVE,
    HOOT__MY_PLUGIN_SHA2,    /* caching_sha2_password */
    HOOT__MY_PLUGIN_SHA256,  /* sha256_password */
    HOOT__MY_PLUGIN_ED25519, /* client_ed25519 */
    HOOT__MY_PLUGIN_CLEAR,   /* mysql_clear_password */
    HOOT__MY_PLUGIN_OTHER,
} hoot__my_plugin;

hoot__my_plugin hoot__my_plugin_of(const char *name);

enum { HOOT__MY_PROOF_MAX = 64 };

/* The proof for a challenge, of the plugins that have one: not of sha256 and clear, whose seed is checked
 * only. Gives: its length; 0 without a proof, and for an empty password but by ed25519. Errors:
 * HOOT_EPROTOCOL the seed is too short; HOOT_EAUTH the plugin is none of ours, and what to do. */
int hoot__my_prove(const hoot__my_challenge *challenge, const char *password, uint8_t *out_proof,
                   hoot_error *err);

/* The two proofs. Source: MySQL Internals, "Secure Password Authentication"; "Caching_sha2_password
 * information". */
void hoot__my_native_proof(hoot_str password, const uint8_t *seed, uint8_t *out_proof);
void hoot__my_sha2_proof(hoot_str password, const uint8_t *seed, uint8_t *out_proof);

/* 64 bytes for a seed of 32. Source: as said in auth_ed25519.c. Errors: false: it cannot be computed. */
bool hoot__my_ed25519_proof(hoot_str password, const uint8_t *seed, uint8_t *out_proof);

/* The password, encrypted for the server's RSA key (PEM), appended to `out`.
 * Errors: HOOT_EAUTH the key is none that is acceptable, or the password is too long for it; HOOT_ENOMEM. */
int hoot__my_encrypt_password(hoot_str pem, const char *password, const uint8_t *seed, hoot_buf *out,
                              hoot_error *err);

/* What the server wants after the first proof. */
typedef enum hoot__my_auth_step {
    HOOT__MY_AUTH_DONE,     /* OK */
    HOOT__MY_AUTH_REFUSED,  /* an error packet */
    HOOT__MY_AUTH_SWITCH,   /* prove again, by another plugin */
    HOOT__MY_AUTH_WAIT,     /* the server remembers the password: OK follows */
    HOOT__MY_AUTH_FULL,     /* it does not: the password itself is wanted */
    HOOT__MY_AUTH_KEY,      /* its RSA key, as asked for */
    HOOT__MY_AUTH_NONSENSE, /* nothing that belongs here */
} hoot__my_auth_step;

/* What a packet of the login means. `awaits_key`: we have asked for the key. */
hoot__my_auth_step hoot__my_auth_step_of(hoot_str packet, hoot__my_plugin plugin, bool awaits_key);

#endif
