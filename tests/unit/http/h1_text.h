/* Short words for the tests of the HTTP/1.1 parser: a head in, a verdict out. */
#ifndef HOOT_TEST_H1_TEXT_H
#define HOOT_TEST_H1_TEXT_H

#include "http/h1_parser.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define HEAD_BYTES  16384
#define HEAD_FIELDS 100

static hoot__header test_fields[HEAD_FIELDS];
static hoot__exchange test_exchange;
static hoot__h1_head test_head;
static const char *test_why;

/* Parse into test_exchange and test_head. */
static inline int parse(hoot_str bytes)
{
    size_t scanned = 0;

    test_why = "";
    test_exchange = (hoot__exchange){ .headers.at = test_fields };
    test_head = (hoot__h1_head){ .ex = &test_exchange };
    return hoot__h1_parse_head(bytes, &scanned, HEAD_BYTES, HEAD_FIELDS, &test_head, &test_why);
}

static inline int parse_text(const char *text)
{
    return parse(hoot_str_from(text));
}

/* The verdict must be this status, and a reason must be given. */
#define assert_refused(text, status)                                                                         \
    do {                                                                                                     \
        assert_int_equal(parse_text(text), -(status));                                                       \
        assert_true(test_why[0] != '\0');                                                                    \
    } while (0)

/* The whole text is one head. */
#define assert_accepted(text) assert_int_equal(parse_text(text), (int)strlen(text))

#define assert_str(slice, text) assert_true(hoot_str_is(slice, text))

#endif
