/* What statements' texts say of themselves, remembered. A pool runs the same few texts over and over, and to
 * look through one takes longer than all else that is done for a short statement. */
#ifndef HOOT_DB_MYSQL_TEXTS_H
#define HOOT_DB_MYSQL_TEXTS_H

#include <hoot/str.h>

enum {
    HOOT__MY_TEXT_SETS = 128, /* a power of two */
    HOOT__MY_TEXT_WAYS = 2,   /* texts of one set, the one asked for last in front */
    HOOT__MY_TEXT_MAX = 1024, /* bytes: longer ones are looked through each time */
};

typedef struct hoot__my_text hoot__my_text;

/* All zero: empty. */
typedef struct hoot__my_texts {
    hoot__my_text *sets[HOOT__MY_TEXT_SETS][HOOT__MY_TEXT_WAYS];
} hoot__my_texts;

void hoot__my_texts_fini(hoot__my_texts *texts);

/* hoot__my_may_share() with `writes`, else hoot__my_may_repeat(). `texts` NULL: nothing is remembered. */
bool hoot__my_texts_shares(hoot__my_texts *texts, hoot_str sql, bool writes);

/* A number for tables of texts. Eight bytes at a time; the texts are the program's own, so nobody chooses
 * collisions. */
static inline uint32_t hoot__my_text_hash(hoot_str sql)
{
    const uint64_t odd = 0x9e3779b97f4a7c15u; /* 2^64 divided by the golden ratio */
    uint64_t hash = sql.len * odd, word = 0;

    for (size_t at = 0; at + 8 <= sql.len; at += 8) {
        memcpy(&word, sql.ptr + at, 8);
        hash = (hash ^ word) * odd;
        hash ^= hash >> 32;
    }
    if (sql.len >= 8)
        memcpy(&word, sql.ptr + sql.len - 8, 8); /* some of it for the second time */
    else if (sql.len > 0)
        memcpy(&word, sql.ptr, sql.len);
    hash = (hash ^ word) * odd;
    return (uint32_t)(hash >> 32);
}

#endif
