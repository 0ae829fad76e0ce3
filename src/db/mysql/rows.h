/* Rows of both protocols, decoded in place into columns->cells. */
#ifndef HOOT_DB_MYSQL_ROWS_H
#define HOOT_DB_MYSQL_ROWS_H

#include "columns.h"

/* A row whose form is as it should be, but for a value that its column cannot have. */
#define HOOT__MY_BAD_VALUE 1

/* Decode one row. `row` is changed: cells' bytes are terminated inside it, and behind it: one byte behind its
 * end must be writable (hoot__my_channel_make_room()). Cells live as long as its bytes. Errors:
 * HOOT_EPROTOCOL: a cell does not end inside the row, or bytes are left over; HOOT__MY_BAD_VALUE: a number
 * that is none, a date out of range. *out_column is then the 1-based number of the cell at fault, 0 for the
 * row itself. */
int hoot__my_row_text(hoot__my_columns *columns, hoot__my_packet row, uint32_t *out_column);
int hoot__my_row_binary(hoot__my_columns *columns, hoot__my_packet row, uint32_t *out_column);

/* Put a NUL behind the bytes of every cell that has some, when all of the row has been read: a cell's NUL may
 * fall on the length in front of the next. */
void hoot__my_row_terminate(const hoot__my_columns *columns, hoot__my_packet row);

/* Text of the server to a value; `text` must be terminated for the numbers with a fraction. Errors: false:
 * not of that form. */
bool hoot__my_parse_double(hoot_str text, bool as_float, double *out);
bool hoot__my_parse_date(hoot_str text, hoot_time *out);
bool hoot__my_parse_time(hoot_str text, hoot_time *out);
bool hoot__my_parse_datetime(hoot_str text, hoot_time *out);

/* Fields within what a database can hold: months to 12, days to 31, hours to 23 (of a HOOT_TIME to 838). */
bool hoot__my_time_is_valid(hoot_kind kind, const hoot_time *time);

#endif
