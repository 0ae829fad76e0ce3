/* OK, EOF, ERR and PREPARE_OK packets, and what the error numbers mean to a program. */
#include "answer.h"

#include "protocol.h"

#include <stdio.h>
#include <string.h>

/* Source: MySQL Internals, "Session State Information". What is not in this list says that something differs
 * from a fresh session. */
enum {
    TRACK_SCHEMA = 1,
    TRACK_GTIDS = 3,
    TRACK_TRANSACTION_CHARACTERISTICS = 4,
    TRACK_TRANSACTION_STATE = 5
};

/*     type (1), length (lenenc), data; repeated. */
static bool parse_state(hoot_str info, hoot__my_ok *out)
{
    hoot__my_in in = hoot__my_in_of(info.ptr, info.len);

    while (hoot__my_left(&in) > 0 && !in.failed) {
        uint8_t type = hoot__my_u8(&in);

        (void)hoot__my_lenenc_str(&in);
        out->schema_changed = out->schema_changed || type == TRACK_SCHEMA;
        out->state_changed = out->state_changed || (type != TRACK_GTIDS && type != TRACK_TRANSACTION_STATE &&
                                                    type != TRACK_TRANSACTION_CHARACTERISTICS);
    }
    return !in.failed;
}

/* Source: MySQL Internals, "OK_Packet".
 *     00|fe, affected rows (lenenc), insert id (lenenc), status (2), warnings (2), info [length if tracked],
 *     [state information (lenenc string) if status has SERVER_SESSION_STATE_CHANGED] */
bool hoot__my_ok_parse(hoot_str packet, bool tracked, hoot__my_ok *out)
{
    hoot__my_in in = hoot__my_in_of(packet.ptr, packet.len);
    hoot__my_ok ok = { 0 };

    hoot__my_skip(&in, 1);
    ok.affected_rows = hoot__my_lenenc(&in);
    ok.last_insert_id = hoot__my_lenenc(&in);
    ok.status = hoot__my_u16(&in);
    ok.warnings = hoot__my_u16(&in);
    if (tracked && hoot__my_left(&in) > 0)
        (void)hoot__my_lenenc_str(&in);
    if (tracked && (ok.status & HOOT__MY_STATUS_STATE_CHANGED) && !parse_state(hoot__my_lenenc_str(&in), &ok))
        return false;
    if (in.failed || (tracked && !hoot__my_spent(&in)))
        return false;
    *out = ok;
    return true;
}

/*     fe, warnings (2), status (2) */
bool hoot__my_eof_parse(hoot_str packet, hoot__my_ok *out)
{
    hoot__my_in in = hoot__my_in_of(packet.ptr, packet.len);
    hoot__my_ok ok = { 0 };

    hoot__my_skip(&in, 1);
    ok.warnings = hoot__my_u16(&in);
    ok.status = hoot__my_u16(&in);
    ok.state_changed = (ok.status & HOOT__MY_STATUS_STATE_CHANGED) != 0;
    if (!hoot__my_spent(&in))
        return false;
    *out = ok;
    return true;
}

/*     ff, code (2), ['#', SQLSTATE (5)], message */
bool hoot__my_refusal_parse(hoot_str packet, hoot__my_refusal *out)
{
    hoot__my_in in = hoot__my_in_of(packet.ptr, packet.len);
    hoot__my_refusal refusal = { 0 };

    hoot__my_skip(&in, 1);
    refusal.code = hoot__my_u16(&in);
    if (hoot__my_left(&in) > 0 && *in.at == '#') {
        hoot_str state;

        hoot__my_skip(&in, 1);
        state = hoot__my_bytes(&in, sizeof(refusal.sqlstate) - 1);
        memcpy(refusal.sqlstate, state.ptr, state.len);
    }
    refusal.message = hoot__my_rest(&in);
    if (in.failed)
        return false;
    *out = refusal;
    return true;
}

int hoot__my_refusal_to_error(const hoot__my_refusal *refusal, hoot_error *err)
{
    int len =
        refusal->message.len < HOOT_ERROR_TEXT_BYTES ? (int)refusal->message.len : HOOT_ERROR_TEXT_BYTES;
    const char *state = refusal->sqlstate[0] ? refusal->sqlstate : "HY000";
    int code = hoot__my_code_of_refusal(refusal->code);

    hoot_error_set(err, code, "%u (%s): %.*s", (unsigned)refusal->code, state, len, refusal->message.ptr);
    if (err) {
        err->server_code = refusal->code;
        snprintf(err->sqlstate, sizeof(err->sqlstate), "%s", state);
    }
    return code;
}

/* 1205 (lock wait timeout) undoes its statement only, 1213 and 1020 the transaction. All three are answered
 * by rolling back and starting again, which is right for each, so they share a code. Source: mysqld_error.h
 * of both servers; MariaDB's own numbers begin at 1900 and at 4000. */
int hoot__my_code_of_refusal(uint16_t server_code)
{
    switch (server_code) {
    case 1022: /* duplicate key */
    case 1062: /* duplicate entry */
    case 1169: /* unique constraint */
    case 1586: /* duplicate entry, with the key's name */ return HOOT_EDUPLICATE;
    case 1020: /* the record has changed since it was read (MariaDB, snapshot isolation) */
    case 1205: /* lock wait timeout */
    case 1213: /* deadlock */ return HOOT_EDEADLOCK;
    case 1048: /* column cannot be NULL */
    case 1216: /* child row: foreign key */
    case 1217: /* parent row: foreign key */
    case 1364: /* no default value */
    case 1451:
    case 1452:
    case 1557:
    case 3819: /* CHECK constraint (MySQL) */
    case 4025: /* CHECK constraint (MariaDB) */ return HOOT_ECONSTRAINT;
    default: return hoot__my_refusal_is_final(server_code) ? HOOT_ECONNLOST : HOOT_EDB;
    }
}

int hoot__my_code_of_login_refusal(uint16_t server_code)
{
    switch (server_code) {
    case 1044: /* no right to that database */
    case 1045: /* access denied */
    case 1130: /* this host may not connect */
    case 1251: /* the user's plugin is not supported by the client */
    case 1275: /* the password is in the old format */
    case 1524: /* the user's plugin is not loaded */
    case 1698: /* access denied, without a password */
    case 1820: /* the password has expired */
    case 1862:
    case 3118: /* the account is locked (MySQL) */
    case 4151: /* the account is locked (MariaDB) */ return HOOT_EAUTH;
    case 1049: /* unknown database */ return HOOT_EDB;
    default: return HOOT_ECONNECT;
    }
}

static bool has(hoot_str text, const char *part)
{
    return memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

/* 1290 is said of every option that forbids something, so the option's name counts; 1792 also answers a
 * transaction that was begun READ ONLY; 1047 is Galera's only with its word. */
hoot_unfit hoot__my_refusal_tells_unfit(const hoot__my_refusal *refusal, bool in_transaction)
{
    switch (refusal->code) {
    case 1290:
        return has(refusal->message, "read-only") || has(refusal->message, "read_only") ? HOOT_UNFIT_READ_ONLY
                                                                                        : HOOT_UNFIT_NOT;
    case 1792: return in_transaction ? HOOT_UNFIT_NOT : HOOT_UNFIT_READ_ONLY;
    case 1836: return HOOT_UNFIT_READ_ONLY;
    case 1047: return has(refusal->message, "WSREP") ? HOOT_UNFIT_NOT_SERVING : HOOT_UNFIT_NOT;
    default: return HOOT_UNFIT_NOT;
    }
}

bool hoot__my_refusal_is_final(uint16_t server_code)
{
    switch (server_code) {
    case 1053: /* the server shuts down */
    case 1080: /* forced close */
    case 1152: /* aborted connection */
    case 1153: /* a packet over max_allowed_packet */
    case 1154:
    case 1155:
    case 1156: /* packets out of order */
    case 1157:
    case 1158:
    case 1159:
    case 1160:
    case 1161: /* reading or writing the connection failed */
    case 1184: /* aborted connection */
    case 1835: /* malformed packet */
    case 1927: /* connection killed (MariaDB) */
    case 3169: /* session killed (MySQL) */
    case 4031: /* idle for too long (MySQL) */ return true;
    default: return false;
    }
}

/*     00, id (4), columns (2), params (2), filler (1), warnings (2). Some servers leave out what follows
 * `params`. Source: MySQL Internals, "COM_STMT_PREPARE Response". */
bool hoot__my_prepared_parse(hoot_str packet, hoot__my_prepared *out)
{
    hoot__my_in in = hoot__my_in_of(packet.ptr, packet.len);
    hoot__my_prepared prepared;

    hoot__my_skip(&in, 1);
    prepared.id = hoot__my_u32(&in);
    prepared.columns = hoot__my_u16(&in);
    prepared.params = hoot__my_u16(&in);
    if (in.failed)
        return false;
    *out = prepared;
    return true;
}
