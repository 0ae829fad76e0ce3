/* Texts of values, for those who have no arena. */
#ifndef HOOT_BASE_VALUE_TEXT_H
#define HOOT_BASE_VALUE_TEXT_H

#include <hoot/value.h>

/* Room for any text of hoot__time_text(), terminator included. */
#define HOOT__TIME_TEXT_BYTES 64

/* A HOOT_DATE, HOOT_TIME or HOOT_DATETIME as hoot_value_format() writes it. Terminated. Gives: the length. */
size_t hoot__time_text(const hoot_value *value, char *out);

#endif
