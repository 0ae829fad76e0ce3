/* TLS between greeting and login, and what all connections of a pool share.
 *
 * The greeting is all that is read in clear. With TLS the first half of the login packet (capabilities, no
 * name and no proof) goes out, then the handshake; what a server sends between would be somebody else's word,
 * and is an error (MariaDB CONC-648). What the greeting says is taken from an attacker, too, when one sits
 * between: it can only make a login fail, for from `required` on nothing is sent without TLS (CVE-2015-3152).
 * Source: MySQL Internals, "Protocol::SSLRequest". */
#include "connection.h"

#include "protocol.h"

#include "base/alloc.h"

#include <hoot/log.h>

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* --- once a pool --- */

static const char *given(const char *text)
{
    return text && text[0] ? text : NULL;
}

/* Nothing that could end a name or a quoted text in SQL. */
static int check_word(const char *what, const char *text, const char *more, hoot_error *err)
{
    for (const char *c = text ? text : ""; *c; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');

        if (!plain && !strchr(more, *c))
            return hoot_error_set(err, HOOT_ECONFIG,
                                  "the pool's %s \"%s\" has a character that none of them has", what, text);
    }
    return strlen(text ? text : "") < 512
               ? 0
               : hoot_error_set(err, HOOT_ECONFIG, "the pool's %s is too long", what);
}

/* Texts are UTF-8 here, or they are bytes: the server converts columns of every other charset. */
static int check_charset(const char *charset, hoot_error *err)
{
    static const char *const good[] = { "utf8mb4", "utf8mb3", "utf8", "binary" };

    for (size_t i = 0; given(charset) && i < sizeof(good) / sizeof(good[0]); i++) {
        if (strcasecmp(charset, good[i]) == 0)
            return 0;
    }
    if (!given(charset))
        return 0;
    return hoot_error_set(
        err, HOOT_ECONFIG,
        "the pool's charset is utf8mb4, utf8mb3 or binary: texts are UTF-8, and the server converts "
        "columns of other charsets");
}

static int check_session(const hoot_target *target, hoot_error *err)
{
    int rc = check_charset(target->charset, err);

    if (rc == 0)
        rc = check_word("collation", target->collation, "_", err);
    if (rc == 0)
        rc = check_word("time_zone", target->time_zone, "_+-:/", err);
    return rc == 0 ? check_word("sql_mode", target->sql_mode, "_, ", err) : rc;
}

static int min_version_of(const char *text, hoot__tls_version *out, hoot_error *err)
{
    *out = HOOT__TLS_1_2;
    if (!given(text) || strcmp(text, "1.2") == 0)
        return 0;
    *out = HOOT__TLS_1_3;
    return strcmp(text, "1.3") == 0
               ? 0
               : hoot_error_set(err, HOOT_ECONFIG, "the pool's tls_min_version is \"1.2\" or \"1.3\"");
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "3b:5D...", 64 digits. */
static bool read_fingerprint(const char *text, uint8_t *out)
{
    for (size_t i = 0; i < HOOT__TLS_FINGERPRINT_BYTES; i++) {
        int high, low;

        if (*text == ':' && i > 0)
            text++;
        high = hex_digit(text[0]);
        low = high < 0 ? -1 : hex_digit(text[1]);
        if (low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
        text += 2;
    }
    return *text == '\0';
}

/* A fingerprint is of no use where the certificate may not come at all. */
static int take_fingerprint(const hoot_target *target, hoot__my_shared *own, hoot_error *err)
{
    own->pinned = given(target->ssl_fingerprint) != NULL;
    if (!own->pinned)
        return 0;
    if (target->sslmode <= HOOT_SSLMODE_PREFERRED)
        return hoot_error_set(err, HOOT_ECONFIG, "the pool's ssl_fingerprint needs sslmode=required or more");
    if (!read_fingerprint(target->ssl_fingerprint, own->fingerprint))
        return hoot_error_set(err, HOOT_ECONFIG,
                              "the pool's ssl_fingerprint is no SHA-256: 64 hexadecimal digits");
    return 0;
}

static hoot__tls_verify verify_of(hoot_sslmode mode)
{
    if (mode == HOOT_SSLMODE_VERIFY_IDENTITY)
        return HOOT__TLS_VERIFY_IDENTITY;
    return mode == HOOT_SSLMODE_VERIFY_CA ? HOOT__TLS_VERIFY_CA : HOOT__TLS_VERIFY_NONE;
}

static int make_context(const hoot_target *target, hoot__my_shared *own, hoot_error *err)
{
    hoot__tls_options options = {
        .ca_file = given(target->ssl_ca),
        .ca_dir = given(target->ssl_capath),
        .crl_file = given(target->ssl_crl),
        .cert_file = given(target->ssl_cert),
        .key_file = given(target->ssl_key),
        .verify = verify_of(target->sslmode),
        .resume = true,
    };
    int rc = min_version_of(target->tls_min_version, &options.min_version, err);

    if (rc < 0 || target->sslmode == HOOT_SSLMODE_DISABLED)
        return rc;
    own->tls = hoot__tls_client_context(&options, err);
    return own->tls ? 0 : hoot_error_code(err);
}

int hoot__my_prepare(hoot_target *target, hoot_error *err)
{
    hoot_error local = HOOT_ERROR_INIT;
    int rc = check_session(target, err);

    if (rc < 0)
        return rc;
    target->prepared = hoot__calloc(1, sizeof(hoot__my_shared));
    if (!target->prepared)
        return hoot_error_set(err, HOOT_ENOMEM, "no memory for a database pool");
    rc = take_fingerprint(target, target->prepared, err);
    return rc < 0 ? rc : make_context(target, target->prepared, err ? err : &local);
}

void hoot__my_forget(hoot_target *target)
{
    hoot__my_shared *own = target->prepared;

    if (own) {
        hoot__tls_context_unref(own->tls);
        hoot__my_texts_fini(&own->texts);
    }
    hoot__free(own);
    target->prepared = NULL;
}

/* --- once a connection --- */

/* A unix socket is as private as TLS, so it need not be preferred there. */
static bool is_wanted(const hoot__my_link *link)
{
    hoot_sslmode mode = link->base.target->sslmode;

    return mode > HOOT_SSLMODE_PREFERRED || (mode == HOOT_SSLMODE_PREFERRED && !link->channel.stream->local);
}

static int do_without(const hoot__my_link *link, hoot__my_shared *own, hoot_error *err)
{
    const hoot_target *target = link->base.target;

    if (target->sslmode > HOOT_SSLMODE_PREFERRED)
        return hoot_error_set(err, HOOT_ECONNECT,
                              "the server has no TLS, and sslmode demands it: nothing was sent to it");
    if (!own->told)
        hoot_log_info(
            "mysql %s:%u has no TLS, so connections are not encrypted (sslmode=disabled says that this "
            "is meant, sslmode=required forbids it)",
            target->host, (unsigned)target->port);
    own->told = true;
    return 0;
}

/*     capabilities (4), longest packet (4), charset (1), reserved (19), MariaDB (4): the login packet up to
 * the user's name */
static int write_request(hoot__my_link *link)
{
    int rc;

    hoot_buf_clear(&link->command);
    hoot__my_put_u32(&link->command, link->greeting.capabilities);
    hoot__my_put_u32(&link->command, (uint32_t)HOOT__MY_PAYLOAD_MAX);
    hoot__my_put_u8(&link->command, HOOT__MY_CHARSET_UTF8MB4);
    hoot__my_put_zeros(&link->command, 19);
    hoot__my_put_u32(&link->command, link->greeting.mariadb_capabilities);
    rc = hoot__my_put_check(&link->command);
    return rc < 0 ? rc : hoot__my_channel_write(&link->channel, hoot_buf_str(&link->command));
}

/* Whose certificate it must be: over a unix socket the machine's own. */
static const char *host_of(const hoot_target *target)
{
    return target->socket[0] || !target->host[0] ? "localhost" : target->host;
}

static int check_fingerprint(const hoot__my_link *link, const hoot__my_shared *own, hoot_error *err)
{
    uint8_t theirs[HOOT__TLS_FINGERPRINT_BYTES];
    char text[2 * HOOT__TLS_FINGERPRINT_BYTES + 1];
    int rc = own->pinned ? hoot__tls_peer_fingerprint(link->channel.stream, theirs) : 0;

    if (rc < 0)
        return hoot_error_set(err, rc == HOOT_ENOMEM ? rc : HOOT_ECONNECT,
                              "the server's certificate has no fingerprint: %s", hoot_error_text(rc));
    if (!own->pinned || memcmp(theirs, own->fingerprint, sizeof(theirs)) == 0)
        return 0;
    for (size_t i = 0; i < sizeof(theirs); i++)
        snprintf(text + 2 * i, 3, "%02x", theirs[i]);
    return hoot_error_set(err, HOOT_ECONNECT,
                          "the server's certificate is not that of ssl_fingerprint, but %s", text);
}

int hoot__my_secure(hoot__my_link *link, uint32_t theirs, hoot_error *err)
{
    const hoot_target *target = link->base.target;
    hoot__my_shared *own = target->prepared;
    hoot_error local = HOOT_ERROR_INIT;
    int rc;

    if (!is_wanted(link))
        return 0;
    if (!own || !own->tls)
        return hoot_error_set(err, HOOT_ESTATE, "TLS is wanted, and the driver was not prepared for it");
    if (!(theirs & HOOT__MY_CAP_SSL))
        return do_without(link, own, err);
    link->greeting.capabilities |= HOOT__MY_CAP_SSL;
    rc = write_request(link);
    if (rc < 0)
        return hoot_error_set(err, rc, "%s", hoot_error_text(rc));
    rc = hoot__my_channel_secure(&link->channel, own->tls, host_of(target), err ? err : &local);
    return rc < 0 ? rc : check_fingerprint(link, own, err);
}
