/* Making one INSERT of many rows out of an INSERT of one. */
#ifndef HOOT_DB_MYSQL_MANY_ROWS_H
#define HOOT_DB_MYSQL_MANY_ROWS_H

#include <hoot/buf.h>

/* "INSERT INTO t (a, b) VALUES (?, ?) ON DUPLICATE KEY UPDATE n = n + 1", in its three parts. */
typedef struct hoot__my_values {
    hoot_str head;  /* to VALUES, included */
    hoot_str group; /* "(?, ?)" */
    hoot_str tail;  /* behind it, without parameters */
} hoot__my_values;

/* Take a statement apart if it is certain what it says: INSERT or REPLACE, one VALUES with one group that
 * holds all `columns` parameters. False for everything that may mean something else when it stands there many
 * times. */
bool hoot__my_values_find(hoot_str sql, size_t columns, hoot__my_values *out);

/* The text with `count` groups, in place of what is in `out`. Errors: HOOT_ELIMIT, HOOT_ENOMEM. */
int hoot__my_values_repeat(const hoot__my_values *values, size_t count, hoot_buf *out);

/* Is it one of the statements that MariaDB runs in bulk: INSERT, REPLACE, UPDATE, DELETE? */
bool hoot__my_takes_bulk(hoot_str sql);

#endif
