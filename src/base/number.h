/* Numbers as text, the same in every locale. */
#ifndef HOOT_BASE_NUMBER_H
#define HOOT_BASE_NUMBER_H

#include <hoot/defs.h>

/* Room for any text of hoot__double_text(), terminator included. */
#define HOOT__DOUBLE_TEXT_BYTES 40

/* The shortest digits that read back as the same number: as a 4-byte float (to 9 digits), or as a double (to
 * 17). Valid JSON, if the number is finite; "nan", "inf", "-inf" else. Terminated. Gives: the length. */
size_t hoot__double_text(double number, bool as_float, char *out);

/* Decimal digits of a whole number; `to` has room for HOOT__U64_DIGITS, whatever the number. Gives: the end.
 */
#define HOOT__U64_DIGITS 20
char *hoot__put_u64(char *to, uint64_t number);

#endif
