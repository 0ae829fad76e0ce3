/* Our answer to the greeting, and the proof that goes on from there. */
#ifndef HOOT_DB_MYSQL_LOGIN_H
#define HOOT_DB_MYSQL_LOGIN_H

#include "channel.h"
#include "greeting.h"

#include <hoot/sys/driver.h>

/* Protocol::HandshakeResponse41, appended to `out`. Errors: out->failed. */
void hoot__my_login_packet(hoot_buf *out, const hoot_target *target, uint32_t capabilities,
                           uint32_t mariadb_capabilities, const char *plugin, hoot_str proof);

/* Log in, from the greeting (already read) to the server's OK. Suspends.
 * Gives: 0.  Errors: HOOT_EAUTH, HOOT_ECONNECT, HOOT_EDB with server_code: refused; HOOT_EPROTOCOL; the
 * channel's own. */
int hoot__my_login(hoot__my_channel *channel, const hoot_target *target, hoot__my_greeting *greeting,
                   hoot_error *err);

/* COM_CHANGE_USER: log in as the user of `target` on a connection that is logged in. The server closes when
 * it refuses. Suspends.  Errors: as hoot__my_login(). */
int hoot__my_login_again(hoot__my_channel *channel, const hoot_target *target, hoot__my_greeting *greeting,
                         hoot_error *err);

#endif
