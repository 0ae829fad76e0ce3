/* The columns of a result: names, and how their cells are read. */
#ifndef HOOT_DB_MYSQL_COLUMNS_H
#define HOOT_DB_MYSQL_COLUMNS_H

#include "packet.h"

#include <hoot/sys/driver.h>

typedef struct hoot__my_column {
    hoot_column info;
    uint8_t type;     /* HOOT__MY_TYPE_... */
    hoot_kind kind;   /* of cells that are not NULL */
    uint32_t name_at; /* in the names' bytes */
} hoot__my_column;

/* Column counts over this are no result of any server (they stop at 4,096). */
#define HOOT__MY_COLUMNS_MAX 65535u

typedef struct hoot__my_columns {
    hoot__my_column *items;
    hoot_value *cells; /* one row's, room for `count` */
    const char **names;
    uint32_t count;
    uint32_t capacity;
    hoot_buf text;           /* the names, terminated */
    uint32_t unknown_column; /* 1-based: the first whose type nobody knows; 0: none */
} hoot__my_columns;

void hoot__my_columns_init(hoot__my_columns *columns);
void hoot__my_columns_fini(hoot__my_columns *columns);

/* Begin a result. */
void hoot__my_columns_clear(hoot__my_columns *columns);

/* Add one column from its definition packet. Memory grows with what has really come, whatever count was
 * announced. Errors: HOOT_EPROTOCOL malformed; HOOT_ENOMEM; HOOT_ELIMIT. A type that nobody knows is noted in
 * unknown_column. */
int hoot__my_columns_add(hoot__my_columns *columns, hoot_str packet);

/* They will be kept for long: no room for more than there are. More may be added all the same. */
void hoot__my_columns_fit(hoot__my_columns *columns);

/* All have come: set `names`. */
void hoot__my_columns_finish(hoot__my_columns *columns);

/* An answer that shows the first `count` of them. */
static inline hoot_answer hoot__my_columns_answer(const hoot__my_columns *columns, uint32_t count)
{
    return (hoot_answer){ .column_count = count,
                          .names = columns->names,
                          .columns = columns->items ? &columns->items->info : NULL,
                          .column_step = sizeof(*columns->items) };
}

#endif
