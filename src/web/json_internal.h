/* JSON, as the other files of this room use it. */
#ifndef HOOT_WEB_JSON_INTERNAL_H
#define HOOT_WEB_JSON_INTERNAL_H

#include <hoot/json.h>

/* Give jansson our allocator and a random seed for its hash tables; once, before its first value is made. */
void hoot__json_set_up(void);

#endif
