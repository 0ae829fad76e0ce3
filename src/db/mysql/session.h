/* Does a statement leave something behind in its session? */
#ifndef HOOT_DB_MYSQL_SESSION_H
#define HOOT_DB_MYSQL_SESSION_H

#include <hoot/str.h>

typedef enum hoot__my_effect {
    HOOT__MY_LEAVES_NOTHING,
    HOOT__MY_LEAVES_STATE,   /* a reset takes it away */
    HOOT__MY_OUTLIVES_RESET, /* only closing does */
} hoot__my_effect;

/* A cheap look at a statement's text. `tracked`: the server reports what it tracks, so only the rest is
 * looked for. A suspicion too many costs a reset; one too few would hand one task's state to another: what is
 * not known is suspected. */
hoot__my_effect hoot__my_effect_of(hoot_str sql, bool tracked);

/* The same for a text that may hold several statements: behind a ';' anything may stand. */
hoot__my_effect hoot__my_effect_of_several(hoot_str sql, bool tracked);

/* LOAD DATA LOCAL or LOAD XML LOCAL: the server will ask for a file. Behind a comment it is not seen. */
bool hoot__my_reads_local_file(hoot_str sql);

/* May it run on a connection that many tasks share: in autocommit, neither a transaction nor anything else of
 * the session is touched by it, as far as its text tells? */
bool hoot__my_may_share(hoot_str sql);

/* The same, and does it only read, so that it may be run twice? */
bool hoot__my_may_repeat(hoot_str sql);

/* May statements of the same task be sent behind it before it is answered: has it one result at most, and
 * leaves definitions, the session's settings and the bounds of transactions alone? */
bool hoot__my_may_batch(hoot_str sql, bool several);

#endif
