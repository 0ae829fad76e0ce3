/* Dates and times from text. */
#ifndef HOOT_DB_DATETIME_H
#define HOOT_DB_DATETIME_H

#include <hoot/error.h>
#include <hoot/value.h>

/* "2026-02-23", "2026-02-23 10:00:00", "...T10:00:00.5", "-838:59:59.999999"; to six digits of a fraction are
 * kept, more are cut. Zero dates are fine. Errors: HOOT_ETYPE it is none of these. */
int hoot__datetime_parse(hoot_str text, hoot_time *out);

#endif
