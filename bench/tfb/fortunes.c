/* /fortunes: all rows of a table and one more, sorted, as a page. */
#include "tfb.h"

#include <stdlib.h>

#define ADDED "Additional fortune added at request time."

static const char page[] = "<!DOCTYPE html>\n"
                           "<html>\n"
                           "<head><title>Fortunes</title></head>\n"
                           "<body>\n"
                           "<table>\n"
                           "<tr><th>id</th><th>message</th></tr>\n"
                           "{{#fortunes}}\n"
                           "<tr><td>{{id}}</td><td>{{message}}</td></tr>\n"
                           "{{/fortunes}}\n"
                           "</table>\n"
                           "</body>\n"
                           "</html>\n";

hoot_template *tfb_fortunes_page(hoot_error *err)
{
    return hoot_template_compile(hoot_str_from(page), &(hoot_template_options){ .name = "fortunes" }, err);
}

/* Objects of id and message, by message. */
static int compare(const void *a, const void *b)
{
    const hoot_value *one = a, *other = b;

    return strcmp(one->members[1].value.str.ptr, other->members[1].value.str.ptr);
}

/* Gives: how many, or a negative code. */
static int read_fortunes(hoot_cursor *rows, hoot_value *list, hoot_error *err)
{
    const hoot_row *row;
    int count = 0;

    while ((row = hoot_fetchone(rows))) {
        if (hoot_row_at(row, 1)->kind != HOOT_TEXT)
            return hoot_error_set(err, HOOT_ETYPE, "Fortune has a message that is no text");
        list[count++] = hoot_row_object(row);
    }
    return count;
}

static hoot_response *fortunes(hoot_request *req)
{
    struct tfb *tfb = tfb_current();
    hoot_error err = HOOT_ERROR_INIT;
    HOOT_AUTO(hoot_cursor) rows = hoot_pool_query(tfb->pool, &err, "SELECT id, message FROM Fortune");
    hoot_value *list;
    int count;

    if (!rows)
        return hoot_fail(req, &err);
    list = hoot_arena_alloc_array(hoot_request_arena(req), hoot_row_number(rows) + 1, sizeof *list);
    if (!list)
        return hoot_abort(req, 503, "out of memory");
    count = read_fortunes(rows, list, &err);
    if (count < 0)
        return hoot_fail(req, &err);
    list[count++] = hoot_object("id", 0, "message", ADDED);
    qsort(list, (size_t)count, sizeof *list, compare);
    return hoot_render(req, 200, tfb->fortunes,
                       hoot_object("fortunes", hoot_value_items(list, (size_t)count)));
}

const hoot_blueprint tfb_fortunes = {
    .name = "fortunes",
    .routes = HOOT_ROUTES({ "GET", "/fortunes", fortunes }),
};
