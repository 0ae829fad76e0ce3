/* The server's first packet. */
#ifndef HOOT_DB_MYSQL_GREETING_H
#define HOOT_DB_MYSQL_GREETING_H

#include "packet.h"

#include <hoot/error.h>

enum {
    HOOT__MY_SEED_BYTES = 20,
    HOOT__MY_ED25519_SEED_BYTES = 32,
    HOOT__MY_PLUGIN_BYTES = 64,
    HOOT__MY_VERSION_BYTES = 128,
};

/* The random bytes that a password's proof is made with, and the plugin it is made by. */
typedef struct hoot__my_challenge {
    char plugin[HOOT__MY_PLUGIN_BYTES]; /* terminated */
    uint8_t seed[HOOT__MY_ED25519_SEED_BYTES];
    size_t seed_len; /* 20, of ed25519 32, or what the server had */
} hoot__my_challenge;

typedef struct hoot__my_greeting {
    char version[HOOT__MY_VERSION_BYTES]; /* terminated; without MariaDB's "5.5.5-" in front */
    bool is_mariadb;
    uint32_t connection_id;
    uint32_t capabilities;
    uint32_t mariadb_capabilities; /* those that MariaDB added */
    uint16_t status;
    hoot__my_challenge challenge;
} hoot__my_greeting;

/* Errors: HOOT_EPROTOCOL: it is no greeting of protocol 10, or the server is too old. */
int hoot__my_greeting_parse(hoot_str packet, hoot__my_greeting *out, hoot_error *err);

/* The server asks for another plugin: 0xfe, its name, a new seed. Errors: false: malformed. A lone 0xfe is
 * "mysql_old_password". */
bool hoot__my_switch_parse(hoot_str packet, hoot__my_challenge *out);

/* Our part: what we want and the server can. `with_database`: one was named. */
uint32_t hoot__my_capabilities(const hoot__my_greeting *greeting, bool with_database);

#endif
