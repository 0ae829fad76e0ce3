/* Every option of a pool by its name: what urls and option files set, and how they lie over each other. */
#ifndef HOOT_DB_SETTINGS_H
#define HOOT_DB_SETTINGS_H

#include <hoot/arena.h>
#include <hoot/pool.h>

/* Set the option `name` from a text (decoded, terminated; lives as long as `out` does), as behind '?' in a
 * url. `where` begins the messages: "the database url". They never hold the value. Errors: HOOT_ECONFIG no
 * such option (the text names it, and the known ones), or not such a value; HOOT_ENOMEM. */
int hoot__setting_put(hoot_arena *arena, hoot_pool_options *out, const char *name, const char *value,
                      const char *where, hoot_error *err);

/* Is it one of 1, true, yes, on, 0, false, no, off (in capitals, too)? */
bool hoot__setting_is_switch(const char *value, bool *out_on);

/* What `into` leaves out is taken from `from`. */
void hoot__settings_merge(hoot_pool_options *into, const hoot_pool_options *from);

#endif
