/* Percent-encoding for the other files of this room; message.h has what rooms above use. */
#ifndef HOOT_HTTP_URL_H
#define HOOT_HTTP_URL_H

#include "http/message.h"

/* Decode `text` onto itself; it only shrinks, and is not terminated. `plus`: '+' is a space. `utf8`: the
 * result must be UTF-8. Gives: the new length. Errors: HOOT_EBADINPUT '%' without two hexadecimal digits, a
 * NUL byte, not UTF-8. */
ptrdiff_t hoot__percent_decode_in_place(char *text, size_t len, bool plus, bool utf8);

/* Percent-encode all but bytes of these HOOT__CHAR_ classes and the byte `also` (0: none).
 * Errors: as hoot_buf_add(); nothing was added then. */
int hoot__percent_encode_but(hoot_buf *out, hoot_str s, unsigned classes, char also);

#endif
