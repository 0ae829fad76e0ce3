/* Parsing JSON from outside.
 *
 * jansson's parser calls itself for each level; on a task's stack that must be bounded, so the text is looked
 * through first: how deep do brackets nest outside of strings? The look costs one pass without memory.
 * Everything else is jansson's to judge. */
#include "base/alloc.h"
#include "web/json_internal.h"

/* Does it nest deeper than `limit`? Strings are skipped; whether it is JSON at all is not asked. */
static bool too_deep(hoot_str text, int limit)
{
    bool in_string = false;
    int depth = 0;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];

        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string && (c == '[' || c == '{'))
            depth++;
        else if (!in_string && (c == ']' || c == '}'))
            depth--;
        if (depth > limit)
            return true;
    }
    return false;
}

/* jansson takes a failed allocation for a mistake in the text; so it is noted where it happens. */
static _Thread_local bool memory_ran_out;

/* What jansson says of the text, without the piece of it that it quotes. */
static int refused(json_error_t *why, hoot_error *err)
{
    char *quote = strstr(why->text, " near '");

    if (quote)
        *quote = '\0';
    if (json_error_code(why) == json_error_null_character)
        snprintf(why->text, sizeof(why->text), "\\u0000 may not stand in a text");
    if (memory_ran_out)
        return hoot_error_set(err, HOOT_ENOMEM, "the JSON could not be parsed: out of memory");
    return hoot_error_set(err, HOOT_EBADINPUT, "not valid JSON: line %d, column %d: %s", why->line,
                          why->column, why->text);
}

json_t *hoot_json_parse(hoot_str text, hoot_error *err)
{
    json_error_t why;
    json_t *json;

    if (too_deep(text, HOOT_JSON_MAX_DEPTH)) {
        hoot_error_set(err, HOOT_ELIMIT, "the JSON nests deeper than %d levels", HOOT_JSON_MAX_DEPTH);
        return NULL;
    }
    hoot__json_set_up();
    memory_ran_out = false;
    json = json_loadb(text.len ? text.ptr : "", text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    if (!json)
        refused(&why, err);
    return json;
}

static void *allocate(size_t size)
{
    void *memory = hoot__malloc(size);

    memory_ran_out |= memory == NULL;
    return memory;
}

/* They are libc's underneath, so that values made before are freed rightly all the same. */
void hoot__json_set_up(void)
{
    static bool done;

    if (done)
        return;
    done = true;
    json_object_seed(0);
    json_set_alloc_funcs(allocate, hoot__free);
}
