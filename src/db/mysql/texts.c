/* A table of sets of two: a text that is not in its set takes the place of the one that was asked for longer
 * ago. Whole texts are compared, never only their hashes: to take one for another would put a statement that
 * changes its session among those of other tasks. */
#include "texts.h"

#include "session.h"

#include "base/alloc.h"

struct hoot__my_text {
    uint32_t hash;
    uint32_t len;
    bool may_share, may_repeat;
    char sql[];
};

void hoot__my_texts_fini(hoot__my_texts *texts)
{
    for (size_t i = 0; i < HOOT__MY_TEXT_SETS; i++) {
        for (size_t way = 0; way < HOOT__MY_TEXT_WAYS; way++)
            hoot__free(texts->sets[i][way]);
    }
    memset(texts, 0, sizeof(*texts));
}

static bool is_it(const hoot__my_text *text, uint32_t hash, hoot_str sql)
{
    return text && text->hash == hash && text->len == sql.len && memcmp(text->sql, sql.ptr, sql.len) == 0;
}

static hoot__my_text *text_new(uint32_t hash, hoot_str sql)
{
    hoot__my_text *text = hoot__malloc(sizeof(*text) + sql.len);

    if (!text)
        return NULL;
    text->hash = hash;
    text->len = (uint32_t)sql.len;
    text->may_share = hoot__my_may_share(sql);
    text->may_repeat = hoot__my_may_repeat(sql);
    memcpy(text->sql, sql.ptr, sql.len);
    return text;
}

/* In front of its set; NULL: no memory. */
static const hoot__my_text *find(hoot__my_texts *texts, hoot_str sql)
{
    uint32_t hash = hoot__my_text_hash(sql);
    hoot__my_text **set = texts->sets[hash & (HOOT__MY_TEXT_SETS - 1)], *text;

    if (is_it(set[0], hash, sql))
        return set[0];
    text = set[1];
    if (!is_it(text, hash, sql)) {
        text = text_new(hash, sql);
        if (!text)
            return NULL;
        hoot__free(set[1]);
    }
    set[1] = set[0];
    set[0] = text;
    return text;
}

bool hoot__my_texts_shares(hoot__my_texts *texts, hoot_str sql, bool writes)
{
    const hoot__my_text *text = texts && sql.len <= HOOT__MY_TEXT_MAX ? find(texts, sql) : NULL;

    if (!text)
        return writes ? hoot__my_may_share(sql) : hoot__my_may_repeat(sql);
    return writes ? text->may_share : text->may_repeat;
}
