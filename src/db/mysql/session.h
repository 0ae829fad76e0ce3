/* Does a statement leave something behind in its session? */
#ifndef HOOT_DB_MYSQL_SESSION_H
#define HOOT_DB_MYSQL_SESSION_H

#include <hoot/str.h>

/* A cheap look at a statement's text. `tracked`: the server reports what it tracks, so only the rest is
 * looked for. Gives: true when the session may differ afterwards; false for the everyday statements. Too many
 * trues cost a reset, a false too many would hand one task's state to another: what is not known counts as
 * true. */
bool hoot__my_may_change_state(hoot_str sql, bool tracked);

#endif
