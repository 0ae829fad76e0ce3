/* Protocol::HandshakeV10, the server's first packet:
 *
 *     10, version (NUL), connection id (4), seed (8), 00, capabilities (2), charset (1), status (2),
 * capabilities (2), length of the seed (1), reserved (6), MariaDB's capabilities (4), rest of the seed (12,
 * NUL), plugin (NUL)
 *
 * MariaDB's four bytes are reserved in MySQL; they count when the server does not set CLIENT_LONG_PASSWORD.
 * Old servers leave the NUL behind the plugin's name out. Source: MySQL Internals, "Protocol::HandshakeV10";
 * MariaDB Knowledge Base, "Connecting", "Initial Handshake Packet". */
#include "greeting.h"

#include "protocol.h"

#include <stdio.h>

enum { PROTOCOL_VERSION = 10, FIRST_SEED_BYTES = 8 };

#define MARIADB_PREFIX "5.5.5-" /* keeps old replicas from taking MariaDB 10 for MySQL 1.0 */

/* Copy as a terminated text, if it fits. */
static bool copy_text(char *out, size_t size, hoot_str text)
{
    if (text.len >= size || hoot_str_find(text, '\0') >= 0)
        return false;
    memcpy(out, text.ptr, text.len);
    out[text.len] = '\0';
    return true;
}

static void add_seed(hoot__my_challenge *challenge, hoot_str bytes, size_t most)
{
    hoot_str part = hoot_str_head(bytes, most - challenge->seed_len);

    memcpy(challenge->seed + challenge->seed_len, part.ptr, part.len);
    challenge->seed_len += part.len;
}

/* To the NUL, or to the end. */
static hoot_str take_name(hoot__my_in *in)
{
    hoot_str rest = hoot__my_rest(in);
    ptrdiff_t len = hoot_str_find(rest, '\0');

    return len < 0 ? rest : hoot_str_head(rest, (size_t)len);
}

static void set_version(hoot__my_greeting *greeting, hoot_str version)
{
    size_t len;

    greeting->is_mariadb = hoot_str_starts(version, HOOT_STR(MARIADB_PREFIX));
    if (greeting->is_mariadb)
        version = hoot_str_from_index(version, sizeof(MARIADB_PREFIX) - 1);
    len = version.len < sizeof(greeting->version) ? version.len : sizeof(greeting->version) - 1;
    memcpy(greeting->version, version.ptr, len);
    greeting->version[len] = '\0';
    greeting->is_mariadb = greeting->is_mariadb || strstr(greeting->version, "MariaDB");
}

/* Behind the first half of the capabilities. */
static bool parse_second_half(hoot__my_in *in, hoot__my_greeting *greeting)
{
    hoot__my_challenge *challenge = &greeting->challenge;
    uint8_t seed_len;

    hoot__my_skip(in, 1); /* charset */
    greeting->status = hoot__my_u16(in);
    greeting->capabilities |= (uint32_t)hoot__my_u16(in) << 16;
    seed_len = hoot__my_u8(in);
    hoot__my_skip(in, 6);
    greeting->mariadb_capabilities = hoot__my_u32(in);
    if (greeting->capabilities & HOOT__MY_CAP_LONG_PASSWORD)
        greeting->mariadb_capabilities = 0;
    if (greeting->capabilities & HOOT__MY_CAP_SECURE_CONNECTION) {
        size_t rest = seed_len > 21 ? seed_len - FIRST_SEED_BYTES : 13; /* the NUL is counted */

        add_seed(challenge,
                 hoot__my_bytes(in, hoot__my_left(in) < rest ? HOOT__MY_SEED_BYTES - FIRST_SEED_BYTES : rest),
                 HOOT__MY_SEED_BYTES);
    }
    if (in->failed)
        return false;
    if (!(greeting->capabilities & HOOT__MY_CAP_PLUGIN_AUTH))
        return copy_text(challenge->plugin, sizeof(challenge->plugin), HOOT_STR("mysql_native_password"));
    return copy_text(challenge->plugin, sizeof(challenge->plugin), take_name(in));
}

int hoot__my_greeting_parse(hoot_str packet, hoot__my_greeting *out, hoot_error *err)
{
    const uint32_t needed = HOOT__MY_CAP_PROTOCOL_41 | HOOT__MY_CAP_SECURE_CONNECTION;
    hoot__my_in in = hoot__my_in_of(packet.ptr, packet.len);
    uint8_t version = hoot__my_u8(&in);

    memset(out, 0, sizeof(*out));
    if (!in.failed && version != PROTOCOL_VERSION)
        return hoot_error_set(
            err, HOOT_EPROTOCOL,
            "no MySQL server: its greeting begins with byte %u, not with protocol version 10",
            (unsigned)version);
    set_version(out, hoot__my_nul_str(&in));
    out->connection_id = hoot__my_u32(&in);
    add_seed(&out->challenge, hoot__my_bytes(&in, FIRST_SEED_BYTES), HOOT__MY_SEED_BYTES);
    hoot__my_skip(&in, 1);
    out->capabilities = hoot__my_u16(&in);
    if (in.failed)
        return hoot_error_set(err, HOOT_EPROTOCOL, "the server's greeting is cut short");
    if ((out->capabilities & needed) != needed)
        return hoot_error_set(err, HOOT_EPROTOCOL, "the server (%s) does not speak protocol 4.1",
                              out->version);
    if (!parse_second_half(&in, out))
        return hoot_error_set(err, HOOT_EPROTOCOL, "the server's greeting is cut short");
    return 0;
}

bool hoot__my_switch_parse(hoot_str packet, hoot__my_challenge *out)
{
    hoot__my_in in = hoot__my_in_of(packet.ptr, packet.len);

    memset(out, 0, sizeof(*out));
    hoot__my_skip(&in, 1);
    if (hoot__my_left(&in) == 0)
        return copy_text(out->plugin, sizeof(out->plugin), HOOT_STR("mysql_old_password"));
    if (!copy_text(out->plugin, sizeof(out->plugin), hoot__my_nul_str(&in)))
        return false;
    /* Behind 20 bytes comes a NUL that is none of them. */
    add_seed(out, hoot__my_rest(&in),
             strcmp(out->plugin, "client_ed25519") == 0 ? HOOT__MY_ED25519_SEED_BYTES : HOOT__MY_SEED_BYTES);
    return !in.failed;
}

uint32_t hoot__my_capabilities(const hoot__my_greeting *greeting, bool with_database)
{
    uint32_t wanted = HOOT__MY_CAP_LONG_PASSWORD | HOOT__MY_CAP_LONG_FLAG | HOOT__MY_CAP_PROTOCOL_41 |
                      HOOT__MY_CAP_TRANSACTIONS | HOOT__MY_CAP_SECURE_CONNECTION |
                      HOOT__MY_CAP_MULTI_RESULTS | HOOT__MY_CAP_PS_MULTI_RESULTS | HOOT__MY_CAP_PLUGIN_AUTH |
                      HOOT__MY_CAP_CONNECT_ATTRS | HOOT__MY_CAP_PLUGIN_AUTH_LENENC |
                      HOOT__MY_CAP_SESSION_TRACK | HOOT__MY_CAP_DEPRECATE_EOF;

    if (with_database)
        wanted |= HOOT__MY_CAP_CONNECT_WITH_DB;
    return wanted & greeting->capabilities;
}
