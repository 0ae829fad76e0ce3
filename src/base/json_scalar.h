/* JSON's scalars, for all who write JSON. */
#ifndef HOOT_BASE_JSON_SCALAR_H
#define HOOT_BASE_JSON_SCALAR_H

#include <hoot/buf.h>

/* Append a text in quotes. Errors: HOOT_EBADINPUT no UTF-8: nothing was appended; HOOT_ELIMIT, HOOT_ENOMEM.
 */
int hoot__json_text(hoot_buf *out, hoot_str s);

/* Bytes as base64, in quotes. */
int hoot__json_bytes(hoot_buf *out, hoot_str bytes);

/* A number; null, if it is not finite. `as_float`: the digits of a 4-byte float. */
int hoot__json_double(hoot_buf *out, double number, bool as_float);

#endif
