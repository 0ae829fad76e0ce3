/* The three short packets that end or refuse something: OK, EOF, ERR; and the head of a prepared statement.
 */
#ifndef HOOT_DB_MYSQL_ANSWER_H
#define HOOT_DB_MYSQL_ANSWER_H

#include "packet.h"

#include <hoot/error.h>
#include <hoot/sys/driver.h>

typedef struct hoot__my_ok {
    uint64_t affected_rows;
    uint64_t last_insert_id;
    uint16_t status;
    uint16_t warnings;
    bool state_changed;  /* the server says that session state is not what it was */
    bool schema_changed; /* and that the database is another */
} hoot__my_ok;

/* An OK packet, whole: with 0x00 or 0xfe in front. `tracked`: CLIENT_SESSION_TRACK is on. Errors: false: it
 * is malformed. */
bool hoot__my_ok_parse(hoot_str packet, bool tracked, hoot__my_ok *out);

/* An EOF packet of servers without CLIENT_DEPRECATE_EOF. */
bool hoot__my_eof_parse(hoot_str packet, hoot__my_ok *out);

typedef struct hoot__my_refusal {
    uint16_t code;
    char sqlstate[6];
    hoot_str message; /* in the packet */
} hoot__my_refusal;

/* An ERR packet, with or without SQLSTATE (there is none before the login). */
bool hoot__my_refusal_parse(hoot_str packet, hoot__my_refusal *out);

/* Fill `err` with what the server said: "1062 (23000): Duplicate entry ...". Gives: the code, as
 * hoot__my_code_of_refusal(). */
int hoot__my_refusal_to_error(const hoot__my_refusal *refusal, hoot_error *err);

/* Our code for a server's error number; HOOT_EDB for those without a meaning to act on. */
int hoot__my_code_of_refusal(uint16_t server_code);

/* The same for a refused login. */
int hoot__my_code_of_login_refusal(uint16_t server_code);

/* Does the server end the connection with this error? */
bool hoot__my_refusal_is_final(uint16_t server_code);

/* Does the error tell of the whole server that it does not serve now? `in_transaction`: it came inside of
 * one. */
hoot_unfit hoot__my_refusal_tells_unfit(const hoot__my_refusal *refusal, bool in_transaction);

typedef struct hoot__my_prepared {
    uint32_t id;
    uint16_t columns;
    uint16_t params;
} hoot__my_prepared;

/* The first packet of COM_STMT_PREPARE's answer. */
bool hoot__my_prepared_parse(hoot_str packet, hoot__my_prepared *out);

#endif
