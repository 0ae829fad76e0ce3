/* The cookies and header fields that a test client keeps between its requests: names and values, in order. */
#ifndef HOOT_WEB_TEST_JAR_H
#define HOOT_WEB_TEST_JAR_H

#include "http/exchange.h"

#include <hoot/buf.h>

typedef struct hoot__kept {
    char *name, *value;
} hoot__kept;

typedef struct hoot__jar {
    hoot__kept *at;
    size_t count;
    bool any_case; /* names are equal whatever their case: header fields */
} hoot__jar;

/* The value; NULL: absent. */
const char *hoot__jar_find(const hoot__jar *jar, hoot_str name);

/* Set; a NULL value's pointer takes it out. Errors: HOOT_ENOMEM. */
int hoot__jar_set(hoot__jar *jar, hoot_str name, hoot_str value);
void hoot__jar_clear(hoot__jar *jar);

/* What a Set-Cookie field says: set, or take out when its Max-Age is not over 0 or its Expires has passed.
 * Path, domain and the other attributes are not looked at. Errors: HOOT_ENOMEM. */
int hoot__jar_take_set_cookie(hoot__jar *jar, hoot_str field, int64_t now);

/* "a=1; b=2" appended. Errors: HOOT_ENOMEM, HOOT_ELIMIT. */
int hoot__jar_write(const hoot__jar *jar, hoot_buf *out);

#endif
