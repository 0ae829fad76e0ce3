/* Query strings and urlencoded forms: "name=value&name=value" (the URL standard, section 5.1).
 *
 * The text is copied once and decoded in the copy, part by part: a decoded part is never longer, and the
 * separator behind it becomes its terminator. Parts are split before they are decoded and decoded once, so an
 * encoded '&' or '=' is data. */
#include "http/message.h"
#include "http/url.h"

/* How many parts are not empty. */
static size_t count_parts(hoot_str text)
{
    size_t count = 0;
    hoot_str part;

    while (hoot_str_split(&text, '&', &part))
        count += part.len > 0;
    return count;
}

/* Decode a part of the copy in place and terminate it: the byte behind it is a separator or the copy's own
 * terminator. */
static int decode(hoot_str part, hoot_str *out)
{
    char *text = (char *)part.ptr;
    ptrdiff_t len = hoot__percent_decode_in_place(text, part.len, true, true);

    if (len < 0)
        return (int)len;
    text[len] = '\0';
    *out = hoot_str_of(text, (size_t)len);
    return 0;
}

static int parse_pair(hoot_str part, hoot__pair *pair)
{
    ptrdiff_t equals = hoot_str_find(part, '=');
    int rc;

    pair->value = hoot_str_of("", 0);
    if (equals < 0)
        return decode(part, &pair->name);
    rc = decode(hoot_str_head(part, (size_t)equals), &pair->name);
    if (rc < 0)
        return rc;
    return decode(hoot_str_of(part.ptr + equals + 1, part.len - (size_t)equals - 1), &pair->value);
}

int hoot__pairs_parse(hoot_arena *arena, hoot_str text, size_t max_pairs, hoot__pairs *out)
{
    size_t count = count_parts(text);
    hoot__pairs pairs = { NULL, 0 };
    hoot_str rest, part;

    if (count > max_pairs)
        return HOOT_ELIMIT;
    if (count > 0) {
        pairs.at = hoot_arena_alloc_array(arena, count, sizeof(*pairs.at));
        rest = hoot_str_of(hoot_arena_dup(arena, text), text.len);
        if (!pairs.at || !rest.ptr)
            return HOOT_ENOMEM;
        while (hoot_str_split(&rest, '&', &part)) {
            int rc = part.len ? parse_pair(part, &pairs.at[pairs.count]) : 0;

            if (rc < 0)
                return rc;
            pairs.count += part.len > 0;
        }
    }
    *out = pairs;
    return 0;
}
