/* What a person may enter. None of these suspends. */
#ifndef HOOTER_VALIDATE_H
#define HOOTER_VALIDATE_H

#include <hoot/hoot.h>

/* An address of the form local@domain: RFC 5321's lengths, a dot-atom before the @ (RFC 5322 section 3.2.3),
 * a domain name of at least two labels behind it. Gives a copy in lower case in the arena; NULL: it is none.
 */
const char *valid_email(hoot_arena *arena, const char *text);

/* A phone number: ten digits, an optional +91 before them, spaces and hyphens anywhere between. Gives the ten
 * digits, after "+91" if that was given; NULL: it is none. */
const char *valid_number(hoot_arena *arena, const char *text);

/* Text of 1 to `max` characters without control characters, spaces around it dropped; NULL: it is none. */
const char *valid_text(hoot_arena *arena, const char *text, size_t max);

#endif
