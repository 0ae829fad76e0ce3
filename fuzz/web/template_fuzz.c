/* A template, up to the first NUL; behind it the partial "p"; behind the next one JSON for data.
 *
 * What compiles is rendered with data that has something for every short name, and again into a buffer of the
 * exact size: both texts must be the same, and one byte less must be too little. A text without an opening
 * brace must come out as it went in. */
#include "web/template_internal.h"

#include <hoot/json.h>

#include <stdlib.h>

enum { MAX_OUTPUT_BYTES = 1 << 20 };

static void require(bool what)
{
    if (!what)
        abort();
}

static bool partial(const char *name, hoot_str *out_text, void *user)
{
    if (strcmp(name, "p") != 0)
        return false;
    *out_text = *(const hoot_str *)user;
    return true;
}

static void render_again(const hoot_template *page, const hoot_value *data, hoot_str first)
{
    hoot_buf exact;

    hoot_buf_init(&exact, first.len);
    require(hoot_template_render(page, data, &exact, NULL) == 0);
    require(hoot_str_equal(hoot_buf_str(&exact), first));
    hoot_buf_fini(&exact);
    if (first.len == 0)
        return;
    hoot_buf_init(&exact, first.len - 1);
    require(hoot_template_render(page, data, &exact, NULL) == HOOT_ELIMIT && exact.len == 0);
    hoot_buf_fini(&exact);
}

static void render(const hoot_template *page, const hoot_value *data, hoot_str text)
{
    hoot_error err = HOOT_ERROR_INIT;
    hoot_buf out;
    int rc;

    hoot_buf_init(&out, MAX_OUTPUT_BYTES);
    rc = hoot_template_render(page, data, &out, &err);
    require(rc == 0 || (rc == HOOT_ELIMIT && out.len == 0));
    if (hoot_str_find(text, '{') < 0 && text.len <= MAX_OUTPUT_BYTES)
        require(rc == 0 && hoot_str_equal(hoot_buf_str(&out), text));
    if (rc == 0 && out.len < 1000)
        render_again(page, data, hoot_buf_str(&out));
    hoot_buf_fini(&out);
}

static hoot_str take(hoot_str *rest)
{
    hoot_str part = hoot_str_of("", 0);

    if (rest->len)
        hoot_str_split(rest, '\0', &part);
    return part;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hoot_str rest = hoot_str_of(data, size), text = take(&rest), part = take(&rest);
    hoot_template_options options = { .partial = partial, .partial_user = &part };
    hoot_error err = HOOT_ERROR_INIT;
    hoot_template *page = hoot_template_compile(text, &options, &err);
    json_t *json = rest.len ? hoot_json_parse(rest, NULL) : NULL;
    hoot_value letters = hoot_object("a", hoot_array("<", 2, hoot_object("c", "'")), "b", true, "x",
                                     hoot_value_json(json), "e", hoot_empty_array());

    require(page || err.text[0]);
    if (page) {
        render(page, &letters, text);
        if (json) {
            hoot_value value = hoot_value_json(json);

            render(page, &value, text);
        }
    }
    hoot_template_free(page);
    json_decref(json);
    return 0;
}
