/* hoot_template: a text and the partials it uses, compiled together.
 *
 * A partial becomes a unit when a tag first names it, and is parsed after the unit that did so; a tag points
 * to the unit, so a partial that uses itself is a pointer back, and nothing here calls itself. */
#include "web/template_internal.h"

#include "base/alloc.h"

#define MAX_ARENA_BYTES ((size_t)256 * 1024 * 1024)

static int no_memory(hoot_error *err)
{
    return hoot_error_set(err, HOOT_ENOMEM, "the template could not be compiled: out of memory");
}

/* Put a unit with copies of its name and text behind the others. */
static int add_unit(hoot_template *page, hoot_str name, hoot_str text, hoot_error *err)
{
    hoot__template_unit *unit;

    if (text.len > HOOT__TEMPLATE_MAX_BYTES || page->unit_count == HOOT__TEMPLATE_MAX_UNITS)
        return hoot_error_set(err, HOOT_ELIMIT,
                              "the template \"%.*s\" is too large, or has too many partials",
                              (int)hoot_str_head(name, 60).len, name.ptr);
    unit = hoot_arena_zalloc(page->arena, sizeof(*unit));
    if (!unit)
        return no_memory(err);
    unit->name = hoot_arena_dup(page->arena, name);
    unit->text = hoot_str_of(hoot_arena_dup(page->arena, text), text.len);
    if (!unit->name || !unit->text.ptr)
        return no_memory(err);
    if (page->last)
        page->last->next = unit;
    else
        page->first = unit;
    page->last = unit;
    page->unit_count++;
    return 0;
}

/* The template itself is in front and is no partial, whatever its name. */
static const hoot__template_unit *find_partial(const hoot_template *page, hoot_str name)
{
    for (const hoot__template_unit *unit = page->first->next; unit; unit = unit->next) {
        if (hoot_str_is(name, unit->name))
            return unit;
    }
    return NULL;
}

int hoot__template_partial(hoot_template *page, hoot_str name, const hoot__template_unit **out,
                           hoot_error *err)
{
    const hoot_template_options *options = &page->options;
    hoot_str text = hoot_str_of("", 0);
    const char *terminated;
    bool found;
    int rc;

    *out = find_partial(page, name);
    if (*out)
        return 0;
    terminated = hoot_arena_dup(page->arena, name);
    if (!terminated)
        return no_memory(err);
    found = options->partial && options->partial(terminated, &text, options->partial_user);
    if (!found && options->require_partials)
        return 0;
    rc = add_unit(page, name, found ? text : hoot_str_of("", 0), err);
    if (rc == 0)
        *out = page->last;
    return rc;
}

static int compile(hoot_template *page, hoot_str text, hoot_error *err)
{
    const char *name = page->options.name ? page->options.name : "template";
    int rc;

    page->arena = hoot_arena_new(MAX_ARENA_BYTES);
    if (!page->arena)
        return no_memory(err);
    rc = add_unit(page, hoot_str_from(name), text, err);
    for (hoot__template_unit *unit = page->first; rc == 0 && unit; unit = unit->next)
        rc = hoot__template_parse(page, unit, err);
    return rc;
}

hoot_template *hoot_template_compile(hoot_str text, const hoot_template_options *options, hoot_error *err)
{
    hoot_template *page = hoot__calloc(1, sizeof(*page));

    if (!page) {
        no_memory(err);
        return NULL;
    }
    if (options)
        page->options = *options;
    if (compile(page, text, err) == 0)
        return page;
    hoot_template_free(page);
    return NULL;
}

void hoot_template_free(hoot_template *page)
{
    if (!page)
        return;
    hoot_arena_free(page->arena);
    hoot__free(page);
}
