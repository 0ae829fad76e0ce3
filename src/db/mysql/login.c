/* Logging in: one answer to the greeting, then at most a few rounds in which the server asks for another
 * plugin, for a full proof, or refuses. Nothing else is sent until its OK. TLS has begun before (secure.c).
 *
 * The password itself leaves in two cases only: over TLS or a unix socket where the plugin asks for it
 * (caching_sha2_password's full proof, sha256_password, and by opt-in mysql_clear_password), and encrypted
 * with the server's RSA key, by opt-in. */
#include "login.h"

#include "answer.h"
#include "auth.h"
#include "protocol.h"

#include <hoot/crypto.h>
#include <hoot/version.h>

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum {
    ROUNDS_MAX = 8,   /* packets of the server, in all */
    SWITCHES_MAX = 2, /* of the plugin */
    LOGIN_MAX = 64 * 1024,
    SHA256_REQUEST_KEY = 0x01,
    SHA2_REQUEST_KEY = 0x02,
};

typedef struct login {
    hoot__my_channel *channel;
    const hoot_target *target;
    hoot__my_challenge challenge; /* the one to prove against now */
    int switches;
    bool awaits_key;
} login;

static void put_attribute(hoot_buf *out, const char *name, const char *value)
{
    hoot__my_put_lenenc_str(out, hoot_str_from(name));
    hoot__my_put_lenenc_str(out, hoot_str_from(value));
}

/* What administrators see in performance_schema.session_connect_attrs. */
static void put_attributes(hoot_buf *out, const char *const *more)
{
    hoot_buf attributes;
    char pid[24];

    snprintf(pid, sizeof(pid), "%ld", (long)getpid());
    hoot_buf_init(&attributes, LOGIN_MAX);
    put_attribute(&attributes, "_client_name", "libhoot");
    put_attribute(&attributes, "_client_version", hoot_version());
    put_attribute(&attributes, "_pid", pid);
    put_attribute(&attributes, "program_name", program_invocation_short_name);
    for (; more && more[0]; more += 2)
        put_attribute(&attributes, more[0], more[1]);
    out->failed = out->failed || attributes.failed;
    hoot__my_put_lenenc_str(out, hoot_buf_str(&attributes));
    hoot_buf_fini(&attributes);
}

/*     capabilities (4), longest packet (4), charset (1), reserved (23), user (NUL), proof (with its length),
 * [database (NUL)], [plugin (NUL)], [attributes: length, then names and values] Source: MySQL Internals,
 * "Protocol::HandshakeResponse41". The last 4 reserved bytes are MariaDB's own capabilities. */
void hoot__my_login_packet(hoot_buf *out, const hoot_target *target, uint32_t capabilities,
                           uint32_t mariadb_capabilities, const char *plugin, hoot_str proof)
{
    hoot__my_put_u32(out, capabilities);
    hoot__my_put_u32(out, (uint32_t)HOOT__MY_PAYLOAD_MAX);
    hoot__my_put_u8(out, HOOT__MY_CHARSET_UTF8MB4);
    hoot__my_put_zeros(out, 19);
    hoot__my_put_u32(out, mariadb_capabilities);
    hoot__my_put_nul_str(out, target->user);
    hoot__my_put_lenenc_str(
        out, proof); /* at most 64 bytes: the same with and without CLIENT_PLUGIN_AUTH_LENENC */
    if (capabilities & HOOT__MY_CAP_CONNECT_WITH_DB)
        hoot__my_put_nul_str(out, target->database);
    if (capabilities & HOOT__MY_CAP_PLUGIN_AUTH)
        hoot__my_put_nul_str(out, plugin);
    if (capabilities & HOOT__MY_CAP_CONNECT_ATTRS)
        put_attributes(out, target->attributes);
}

/* Send one payload, then forget its bytes: there may be a secret in them. */
static int send_secret(hoot__my_channel *channel, hoot_buf *payload, hoot_error *err)
{
    hoot_buf *out = &channel->stream->out;
    int rc = hoot__my_put_check(payload);

    if (rc == 0)
        rc = hoot__my_channel_write(channel, hoot_buf_str(payload));
    if (rc == 0)
        rc = hoot__my_channel_flush(channel);
    if (out->data && out->len == 0)
        hoot_wipe(out->data, out->capacity);
    if (payload->data)
        hoot_wipe(payload->data, payload->capacity);
    hoot_buf_fini(payload);
    return rc < 0 ? hoot_error_set(err, rc, "%s", hoot_error_text(rc)) : 0;
}

/* A default that we cannot do, or would hand the password over for, need not be this user's: answer with one
 * that proves; the server says if it wants another. */
static bool begins_well(const hoot__my_challenge *challenge)
{
    hoot__my_plugin plugin = hoot__my_plugin_of(challenge->plugin);

    return plugin == HOOT__MY_PLUGIN_NATIVE || plugin == HOOT__MY_PLUGIN_SHA2;
}

static int prove_first(login *l, uint8_t *proof, hoot_error *err)
{
    if (!begins_well(&l->challenge))
        snprintf(l->challenge.plugin, sizeof(l->challenge.plugin), "mysql_native_password");
    return hoot__my_prove(&l->challenge, l->target->password, proof, err);
}

static int send_first(login *l, const hoot__my_greeting *greeting, hoot_error *err)
{
    uint8_t proof[HOOT__MY_PROOF_MAX];
    hoot_buf payload;
    int len;

    len = prove_first(l, proof, err);
    if (len < 0)
        return len;
    hoot_buf_init(&payload, LOGIN_MAX);
    hoot__my_login_packet(&payload, l->target, greeting->capabilities, greeting->mariadb_capabilities,
                          l->challenge.plugin, hoot_str_of(proof, (size_t)len));
    hoot_wipe(proof, sizeof(proof));
    return send_secret(l->channel, &payload, err);
}

static int send_password(login *l, hoot_error *err)
{
    hoot_buf payload;

    hoot_buf_init(&payload, LOGIN_MAX);
    hoot__my_put_nul_str(&payload, l->target->password);
    return send_secret(l->channel, &payload, err);
}

static int send_byte(login *l, uint8_t byte, hoot_error *err)
{
    hoot_buf payload;

    hoot_buf_init(&payload, LOGIN_MAX);
    hoot__my_put_u8(&payload, byte);
    return send_secret(l->channel, &payload, err);
}

/* Who sits between could send a key of their own; on a unix socket nobody does. */
static int ask_for_key(login *l, uint8_t request, hoot_error *err)
{
    if (!l->target->allow_public_key_retrieval && !l->channel->stream->local)
        return hoot_error_set(
            err, HOOT_EAUTH,
            "the server has to see the password of this user (%s): connect with TLS or once by unix "
            "socket, or set allow_public_key_retrieval if the network is trusted",
            l->challenge.plugin);
    l->awaits_key = true;
    return send_byte(l, request, err);
}

static int answer_clear(login *l, hoot_error *err)
{
    const hoot_stream *stream = l->channel->stream;

    if (!l->target->allow_cleartext_password)
        return hoot_error_set(
            err, HOOT_EAUTH,
            "the server asks for the password in clear (mysql_clear_password), which is sent with "
            "allow_cleartext_password only");
    if (!stream->secure && !stream->local)
        return hoot_error_set(err, HOOT_EAUTH,
                              "the server asks for the password in clear (mysql_clear_password), which is "
                              "sent over TLS or a unix socket only");
    return send_password(l, err);
}

/* It takes the password as it is over TLS only: a unix socket is not enough for this plugin of the server's.
 */
static int answer_sha256(login *l, hoot_error *err)
{
    int rc = hoot__my_prove(&l->challenge, "", NULL, err); /* the seed, that is */

    if (rc < 0)
        return rc;
    if (l->target->password[0] == '\0' || l->channel->stream->secure)
        return send_password(l, err);
    return ask_for_key(l, SHA256_REQUEST_KEY, err);
}

static int answer_proof(login *l, hoot_error *err)
{
    uint8_t proof[HOOT__MY_PROOF_MAX];
    int len = hoot__my_prove(&l->challenge, l->target->password, proof, err);
    hoot_buf payload;

    if (len < 0)
        return len;
    hoot_buf_init(&payload, LOGIN_MAX);
    (void)hoot_buf_add(&payload, proof, (size_t)len);
    hoot_wipe(proof, sizeof(proof));
    return send_secret(l->channel, &payload, err);
}

static int answer_switch(login *l, hoot_str packet, hoot_error *err)
{
    if (++l->switches > SWITCHES_MAX)
        return hoot_error_set(err, HOOT_EPROTOCOL,
                              "the server changes the authentication plugin again and again");
    if (!hoot__my_switch_parse(packet, &l->challenge))
        return hoot_error_set(err, HOOT_EPROTOCOL,
                              "the server's request for another authentication plugin is malformed");
    l->awaits_key = false;
    switch (hoot__my_plugin_of(l->challenge.plugin)) {
    case HOOT__MY_PLUGIN_CLEAR: return answer_clear(l, err);
    case HOOT__MY_PLUGIN_SHA256: return answer_sha256(l, err);
    default: return answer_proof(l, err);
    }
}

/* The server does not remember this password: it wants to see it. */
static int answer_full(login *l, hoot_error *err)
{
    const hoot_stream *stream = l->channel->stream;

    if (stream->secure || stream->local)
        return send_password(l, err);
    return ask_for_key(l, SHA2_REQUEST_KEY, err);
}

static int answer_key(login *l, hoot_str packet, hoot_error *err)
{
    hoot_buf payload;
    int rc;

    l->awaits_key = false;
    hoot_buf_init(&payload, LOGIN_MAX);
    rc = hoot__my_encrypt_password(hoot_str_from_index(packet, 1), l->target->password, l->challenge.seed,
                                   &payload, err);
    if (rc == 0)
        return send_secret(l->channel, &payload, err);
    hoot_buf_fini(&payload);
    return rc;
}

static int refused(const login *l, hoot_str packet, hoot_error *err)
{
    hoot__my_refusal refusal;
    int rc;

    if (!hoot__my_refusal_parse(packet, &refusal))
        return hoot_error_set(err, HOOT_EPROTOCOL, "an error packet is cut short");
    hoot__my_refusal_to_error(&refusal, err);
    rc = hoot__my_code_of_login_refusal(refusal.code);
    if (err)
        err->code = rc;
    (void)hoot_error_prefix(err, "login of user \"%s\" by %s", l->target->user, l->challenge.plugin);
    return rc;
}

/* Gives: 1 logged in, 0 go on, or negative. */
static int answer(login *l, hoot_str packet, hoot_error *err)
{
    switch (hoot__my_auth_step_of(packet, hoot__my_plugin_of(l->challenge.plugin), l->awaits_key)) {
    case HOOT__MY_AUTH_DONE: return 1;
    case HOOT__MY_AUTH_REFUSED: return refused(l, packet, err);
    case HOOT__MY_AUTH_SWITCH: return answer_switch(l, packet, err);
    case HOOT__MY_AUTH_WAIT: return 0;
    case HOOT__MY_AUTH_FULL: return answer_full(l, err);
    case HOOT__MY_AUTH_KEY: return answer_key(l, packet, err);
    case HOOT__MY_AUTH_NONSENSE: break;
    }
    return hoot_error_set(err, HOOT_EPROTOCOL, "a packet came that does not belong to a login by %s",
                          l->challenge.plugin);
}

/* Round by round to the server's OK. What the last proof was made with is kept: the next one begins there. */
static int converse(login *l, hoot__my_greeting *greeting, hoot_error *err)
{
    int rc = 0;

    for (int round = 0; rc == 0 && round < ROUNDS_MAX; round++) {
        hoot__my_packet packet;

        rc = hoot__my_channel_read(l->channel, true, &packet, err);
        if (rc > 0)
            rc = answer(l, hoot_str_of(packet.ptr, packet.len), err);
    }
    if (rc == 0)
        return hoot_error_set(err, HOOT_EPROTOCOL, "the login has no end: %d packets and no answer",
                              ROUNDS_MAX);
    greeting->challenge = l->challenge;
    return rc < 0 ? rc : 0;
}

int hoot__my_login(hoot__my_channel *channel, const hoot_target *target, hoot__my_greeting *greeting,
                   hoot_error *err)
{
    login l = { .channel = channel, .target = target, .challenge = greeting->challenge };
    int rc = send_first(&l, greeting, err);

    return rc < 0 ? rc : converse(&l, greeting, err);
}

/*     17, user (NUL), proof (its length in one byte), database (NUL), charset (2), plugin (NUL), [attributes]
 * Source: MySQL Internals, "COM_CHANGE_USER". */
static int send_change(login *l, const hoot__my_greeting *greeting, hoot_error *err)
{
    uint8_t proof[HOOT__MY_PROOF_MAX];
    hoot_buf payload;
    int len;

    len = prove_first(l, proof, err);
    if (len < 0)
        return len;
    hoot_buf_init(&payload, LOGIN_MAX);
    hoot__my_put_u8(&payload, HOOT__MY_COM_CHANGE_USER);
    hoot__my_put_nul_str(&payload, l->target->user);
    hoot__my_put_u8(&payload, (uint8_t)len);
    (void)hoot_buf_add(&payload, proof, (size_t)len);
    hoot__my_put_nul_str(&payload, l->target->database);
    hoot__my_put_u16(&payload, HOOT__MY_CHARSET_UTF8MB4);
    if (greeting->capabilities & HOOT__MY_CAP_PLUGIN_AUTH)
        hoot__my_put_nul_str(&payload, l->challenge.plugin);
    if (greeting->capabilities & HOOT__MY_CAP_CONNECT_ATTRS)
        put_attributes(&payload, l->target->attributes);
    hoot_wipe(proof, sizeof(proof));
    return send_secret(l->channel, &payload, err);
}

int hoot__my_login_again(hoot__my_channel *channel, const hoot_target *target, hoot__my_greeting *greeting,
                         hoot_error *err)
{
    login l = { .channel = channel, .target = target, .challenge = greeting->challenge };
    int rc;

    channel->sequence = 0;
    rc = send_change(&l, greeting, err);
    return rc < 0 ? rc : converse(&l, greeting, err);
}
