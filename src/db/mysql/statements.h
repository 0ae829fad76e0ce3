/* The prepared statements of one connection, found by their text, and where that matters by the kinds of
 * their parameters; the one that was not used for longest goes first. */
#ifndef HOOT_DB_MYSQL_STATEMENTS_H
#define HOOT_DB_MYSQL_STATEMENTS_H

#include "columns.h"
#include "packet.h"
#include "session.h"

#include <hoot/value.h>

/* Columns that the server has told once and leaves out from then on. Whoever awaits an answer that may be
 * without them has a share, for the statement may be dropped meanwhile. */
typedef struct hoot__my_kept {
    hoot__my_columns columns;
    uint32_t users;
} hoot__my_kept;

/* NULL: no memory. */
hoot__my_kept *hoot__my_kept_new(void);

/* NULL is fine. */
hoot__my_kept *hoot__my_kept_ref(hoot__my_kept *kept);
void hoot__my_kept_unref(hoot__my_kept *kept);

typedef struct hoot__my_statement hoot__my_statement;

struct hoot__my_statement {
    hoot__my_statement *chain; /* the next in its bucket */
    hoot__my_statement *newer;
    hoot__my_statement *older;
    uint32_t hash;
    uint32_t id; /* the server's */
    uint16_t params;
    uint16_t columns;       /* of its rows; 0: it has none */
    bool refuses_bulk;      /* MariaDB does not run it for many rows at once */
    hoot__my_effect effect; /* of its text */
    hoot__my_kept *kept;    /* NULL: the server sends its columns each time */
    bool typed;             /* the server keeps to the kinds of the first parameters */
    size_t len;
    char sql[]; /* and behind it, if typed, the kind of each parameter, HOOT_NULL: none was given yet */
};

typedef struct hoot__my_statements {
    hoot__my_statement **buckets; /* NULL until the first is added */
    uint32_t bucket_count;        /* a power of two */
    uint32_t count;
    uint32_t max; /* at least 1 */
    hoot__my_statement *newest;
    hoot__my_statement *oldest;
    bool typed;       /* set by the owner: for the statements added from then on */
    hoot_buf closing; /* COM_STMT_CLOSE packets to go out in front of the next command */
} hoot__my_statements;

void hoot__my_statements_init(hoot__my_statements *statements, uint32_t max);
void hoot__my_statements_fini(hoot__my_statements *statements);

/* The statement with this text, now the newest; NULL: not here. */
hoot__my_statement *hoot__my_statements_find(hoot__my_statements *statements, hoot_str sql);

/* The same, but one that was run with parameters of other kinds does not count. */
hoot__my_statement *hoot__my_statements_find_for(hoot__my_statements *statements, hoot_str sql,
                                                 const hoot_value *params, size_t count);

/* The one with this text and number. */
hoot__my_statement *hoot__my_statements_find_id(hoot__my_statements *statements, hoot_str sql, uint32_t id);

/* It is run with these, as many as it has: from now on find_for() tells it from one with others. */
void hoot__my_statement_note_kinds(hoot__my_statement *statement, const hoot_value *params);

/* Remember one that the server has just prepared; the oldest is dropped when there are too many. NULL: no
 * memory (it is queued for closing). */
hoot__my_statement *hoot__my_statements_add(hoot__my_statements *statements, hoot_str sql, uint32_t id,
                                            uint16_t params);

/* Forget one, or all. `close`: the server still has them. */
void hoot__my_statements_drop(hoot__my_statements *statements, hoot__my_statement *statement, bool close);
void hoot__my_statements_clear(hoot__my_statements *statements, bool close);

/* Have the server forget an id: it goes out with the next command. */
void hoot__my_statements_close_id(hoot__my_statements *statements, uint32_t id);

#endif
