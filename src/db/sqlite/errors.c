/* SQLite's result codes as ours. SQLSTATEs are those that the same failure has in other databases.
 * Source: https://www.sqlite.org/rescode.html */
#include "db/sqlite/link.h"

#include <stdio.h>

static int code_of(int extended)
{
    switch (extended) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID: return HOOT_EDUPLICATE;
    case SQLITE_BUSY_SNAPSHOT: return HOOT_EDEADLOCK; /* it can only begin anew */
    }
    switch (extended & 0xff) {
    case SQLITE_CONSTRAINT: return HOOT_ECONSTRAINT;
    case SQLITE_BUSY: return HOOT__SQLITE_BUSY;
    case SQLITE_LOCKED: return HOOT_EDEADLOCK;
    case SQLITE_INTERRUPT: return HOOT_ECANCELED;
    case SQLITE_NOMEM: return HOOT_ENOMEM;
    case SQLITE_TOOBIG: return HOOT_ELIMIT;
    default: return HOOT_EDB;
    }
}

static const char *sqlstate_of(int code)
{
    switch (code) {
    case HOOT_EDUPLICATE:
    case HOOT_ECONSTRAINT: return "23000";
    case HOOT__SQLITE_BUSY:
    case HOOT_EDEADLOCK: return "40001";
    default: return "HY000";
    }
}

int hoot__sqlite_error(hoot__sqlite_link *link, int code, hoot_error *err)
{
    int extended = link->db && code != SQLITE_MISUSE ? sqlite3_extended_errcode(link->db) : code;
    int ours = code_of(extended);

    hoot_error_set(err, ours == HOOT__SQLITE_BUSY ? HOOT_EDEADLOCK : ours, "%s",
                   link->db ? sqlite3_errmsg(link->db) : sqlite3_errstr(code));
    if (err) {
        err->server_code = extended;
        snprintf(err->sqlstate, sizeof(err->sqlstate), "%s", sqlstate_of(ours));
    }
    if (!link->in_memory && ((extended & 0xff) == SQLITE_IOERR || (extended & 0xff) == SQLITE_NOTADB))
        link->link.broken = true;
    return ours;
}
