/* What the files of the HTTP/1.1 parser share: a place in the bytes, and the steps of reading a head.
 *
 * Every step gives 1 (it is done), 0 (the bytes end before it is decided) or -status (it is wrong, and `why`
 * says what). A step gives 0 only when every byte so far could still be right: so the verdict on a head does
 * not depend on how the bytes were cut into reads. */
#ifndef HOOT_HTTP_H1_GRAMMAR_H
#define HOOT_HTTP_H1_GRAMMAR_H

#include "http/h1_parser.h"

typedef struct hoot__h1_in {
    const char *p;     /* next byte */
    const char *first; /* from here to `end` may be read, whatever was asked about */
    const char *end;
    const char *why;
} hoot__h1_in;

/* The fields of a section. */
typedef struct hoot__h1_fields {
    hoot__header *at;
    size_t max, count;
    int16_t *known;    /* of HOOT__HEADER_COUNT: the first of each name, or -1 */
    uint32_t repeated; /* those of which more came, one bit each */
} hoot__h1_fields;

static inline int hoot__h1_refuse(hoot__h1_in *in, int status, const char *why)
{
    in->why = why;
    return -status;
}

/* Field lines up to and with the blank line. When it gives 0, `p` stands at the start of the line that is not
 * whole. */
int hoot__h1_read_fields(hoot__h1_in *in, hoot__h1_fields *fields);

/* Could a head end, or must it be refused, in bytes[from..]? Looks on from `*scanned` and moves it; so each
 * byte is looked at once however it arrives. Gives: the index behind the blank line or behind the byte that
 * no head may hold; 0: neither yet. */
size_t hoot__h1_find_end(hoot_str bytes, size_t *scanned);

/* "name", "name:80", "192.0.2.1", "[2001:db8::1]:8080": uri-host [":" port], not empty. A slice of the
 * bytes of `in`. */
bool hoot__h1_is_authority(const hoot__h1_in *in, hoot_str s);

/* Take the target apart into scheme, authority, target, path and query. Needs method and target; path and
 * query up to and behind the first '?'. */
int hoot__h1_split_target(hoot__h1_in *in, hoot__exchange *ex);

/* Host, body framing, Connection, Expect, Upgrade: what the fields of a whole head mean. */
int hoot__h1_judge(hoot__h1_in *in, const hoot__h1_fields *fields, hoot__h1_head *head);

#define HOOT__NAME_SLOTS 32

/* A name that the library knows. */
typedef struct hoot__known_name {
    char text[24]; /* in lower case, with its colon: "host:", and NULs up to 16 bytes or more */
    uint32_t len;  /* without the colon; 0: the slot is empty */
    hoot__known_header id;
} hoot__known_name;

extern const hoot__known_name hoot__known_names[HOOT__NAME_SLOTS];

/* The only one that a name of that length and first letter, of either case, can be. */
static inline const hoot__known_name *hoot__known_name_at(char letter, size_t len)
{
    return &hoot__known_names[((unsigned char)letter + len) % HOOT__NAME_SLOTS];
}

/* hoot__http_known_header() for a name that is known to be a token. */
hoot__known_header hoot__http_known_token(hoot_str token);

#endif
