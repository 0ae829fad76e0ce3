/* The statements of a text, one by one. */
#ifndef HOOT_DB_SQL_SPLIT_H
#define HOOT_DB_SQL_SPLIT_H

#include <hoot/str.h>

/* Take the first statement off `*rest`, without its ';'. A ';' ends one when it stands outside of quotes and
 * comments and nothing but blanks, or a "--" comment, follows on its line. `backslash`: '\' escapes inside of
 * quotes (MySQL). Texts of blanks and comments only are passed over. Gives false when there is none left. */
bool hoot__sql_next(hoot_str *rest, bool backslash, hoot_str *out_statement);

#endif
