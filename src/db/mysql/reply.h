/* The answer to one command, as a machine that is fed packets. It can be left and gone on with after any
 * packet, so that an answer which nobody wants any more can be read to its end by somebody else; several of
 * them in a row are several commands under way.
 *
 *   query:    RESULT -> OK, or ERR, or COLUMN x n -> [EOF] -> ROW x m -> EOF/OK; RESULT again while more
 * results are announced prepare:  PREPARED -> PARAM x n -> [EOF] -> FIELD x m -> [EOF]
 *
 * Source: MySQL Internals, "COM_QUERY Response", "COM_STMT_PREPARE Response", "COM_STMT_EXECUTE Response". */
#ifndef HOOT_DB_MYSQL_REPLY_H
#define HOOT_DB_MYSQL_REPLY_H

#include "answer.h"
#include "columns.h"

typedef enum hoot__my_due {
    HOOT__MY_DUE_NOTHING,     /* the answer is complete */
    HOOT__MY_DUE_RESULT,      /* OK, ERR, or a column count */
    HOOT__MY_DUE_COLUMN,      /* column definitions */
    HOOT__MY_DUE_COLUMNS_END, /* the EOF behind them, from servers that still send one */
    HOOT__MY_DUE_ROW,         /* rows, or the end */
    HOOT__MY_DUE_PREPARED,    /* PREPARE_OK or ERR */
    HOOT__MY_DUE_FIELD,       /* definitions of a prepared statement's parameters, then of its columns */
    HOOT__MY_DUE_FIELDS_END,
} hoot__my_due;

/* What a packet meant. */
typedef enum hoot__my_event {
    HOOT__MY_GOES_ON,  /* nothing to act on yet */
    HOOT__MY_DONE,     /* a result without rows; reply->ok */
    HOOT__MY_REFUSED,  /* reply->refusal, which lives as long as the packet */
    HOOT__MY_COLUMNS,  /* all columns of a result are known; rows follow */
    HOOT__MY_ROW,      /* the packet is a row */
    HOOT__MY_ROWS_END, /* reply->ok */
    HOOT__MY_PREPARED, /* reply->prepared; its definitions may follow */
    HOOT__MY_FILE,     /* the server waits for the bytes of LOAD DATA LOCAL */
} hoot__my_event;

typedef struct hoot__my_reply {
    hoot__my_due due;
    bool binary;               /* rows of a prepared statement */
    bool deprecate_eof;        /* CLIENT_DEPRECATE_EOF is on */
    bool tracked;              /* CLIENT_SESSION_TRACK is on */
    bool has_prepared;         /* `prepared` is set */
    bool caches;               /* a result says whether its columns follow */
    bool in_columns;           /* of a prepared statement: its parameters are over */
    bool takes_file;           /* set behind begin: the statement may ask for a file, once */
    uint32_t left;             /* definitions to come */
    uint32_t fields;           /* of a prepared statement: definitions behind the parameters' */
    hoot__my_columns *columns; /* where definitions go; NULL: nowhere */
    hoot__my_ok ok;
    /* From here on: set by the event that tells of it. */
    hoot__my_refusal refusal;
    hoot__my_prepared prepared;
} hoot__my_reply;

/* Await the answer of a query, an execute (`binary`), or another command that is answered by OK. */
void hoot__my_reply_begin(hoot__my_reply *reply, uint32_t capabilities, bool binary,
                          hoot__my_columns *columns);
/* Await the answer of COM_STMT_PREPARE. `columns`: where those of its rows go; NULL: nowhere. */
void hoot__my_reply_begin_prepare(hoot__my_reply *reply, uint32_t capabilities, hoot__my_columns *columns);

/* Take one packet. Gives: a hoot__my_event.  Errors: HOOT_EPROTOCOL and others, with `err`: the connection is
 * of no use then. */
int hoot__my_reply_feed(hoot__my_reply *reply, hoot_str packet, hoot_error *err);

#endif
