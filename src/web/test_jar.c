/* A few names and values: a list, searched from its start. */
#include "web/test_jar.h"

#include "base/alloc.h"
#include "http/message.h"

static hoot__kept *find(const hoot__jar *jar, hoot_str name)
{
    for (size_t i = 0; i < jar->count; i++) {
        hoot_str other = hoot_str_from(jar->at[i].name);

        if (jar->any_case ? hoot_str_equal_nocase(other, name) : hoot_str_equal(other, name))
            return &jar->at[i];
    }
    return NULL;
}

const char *hoot__jar_find(const hoot__jar *jar, hoot_str name)
{
    const hoot__kept *kept = find(jar, name);

    return kept ? kept->value : NULL;
}

static void take_out(hoot__jar *jar, hoot__kept *kept)
{
    hoot__free(kept->name);
    hoot__free(kept->value);
    jar->count--;
    memmove(kept, kept + 1, (size_t)(jar->at + jar->count - kept) * sizeof(*kept));
}

static int add(hoot__jar *jar, hoot_str name, char *value_take)
{
    hoot__kept *at = hoot__realloc(jar->at, (jar->count + 1) * sizeof(*at));
    char *copy = at ? hoot__strndup(name.ptr, name.len) : NULL;

    jar->at = at ? at : jar->at;
    if (!copy) {
        hoot__free(value_take);
        return HOOT_ENOMEM;
    }
    jar->at[jar->count++] = (hoot__kept){ copy, value_take };
    return 0;
}

int hoot__jar_set(hoot__jar *jar, hoot_str name, hoot_str value)
{
    hoot__kept *kept = find(jar, name);
    char *copy;

    if (!value.ptr) {
        if (kept)
            take_out(jar, kept);
        return 0;
    }
    copy = hoot__strndup(value.ptr, value.len);
    if (!copy)
        return HOOT_ENOMEM;
    if (!kept)
        return add(jar, name, copy);
    hoot__free(kept->value);
    kept->value = copy;
    return 0;
}

void hoot__jar_clear(hoot__jar *jar)
{
    while (jar->count)
        take_out(jar, &jar->at[jar->count - 1]);
    hoot__free(jar->at);
    jar->at = NULL;
}

/* Has the attribute ended the cookie's life? */
static bool says_gone(hoot_str attribute, int64_t now)
{
    hoot_str name, value = attribute;
    int64_t seconds;
    time_t when;

    hoot_str_split(&value, '=', &name);
    if (!value.ptr)
        return false;
    if (hoot_str_equal_nocase(name, HOOT_STR("Max-Age")))
        return hoot_str_to_i64(value, &seconds) == 0 && seconds <= 0;
    return hoot_str_equal_nocase(name, HOOT_STR("Expires")) && hoot__http_date_parse(value, &when) == 0 &&
           when <= now;
}

int hoot__jar_take_set_cookie(hoot__jar *jar, hoot_str field, int64_t now)
{
    hoot_str rest = field, pair, name, attribute;
    bool gone = false;

    hoot_str_split(&rest, ';', &pair);
    while (rest.ptr && hoot_str_split(&rest, ';', &attribute))
        gone |= says_gone(hoot_str_trim(attribute, " "), now);
    hoot_str_split(&pair, '=', &name);
    if (!pair.ptr)
        return 0;
    return hoot__jar_set(jar, name, gone ? hoot_str_of(NULL, 0) : pair);
}

int hoot__jar_write(const hoot__jar *jar, hoot_buf *out)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < jar->count; i++)
        rc = hoot_buf_printf(out, "%s%s=%s", i ? "; " : "", jar->at[i].name, jar->at[i].value);
    return rc;
}
