/* hoot_template: pages from templates, in Mustache.
 *
 *     <ul>{{#owls}}<li>{{name}}</li>{{/owls}}{{^owls}}<li>none</li>{{/owls}}</ul>
 *
 * Names are looked up in the data, a hoot_value: an object's members, a jansson object's. {{name}} is escaped
 * for HTML; {{{name}}} and {{&name}} are not. What is absent, NULL, an object or an array renders as nothing.
 * A section is rendered for each item of an array; once for anything else that is true; not at all for what
 * is false: absent, NULL, false, 0, "", an empty array.
 *
 * Source: the Mustache specification, its required part: interpolation, sections, inverted sections,
 * partials, comments, delimiters (of 1 to 16 bytes). Lambdas, inheritance and dynamic names are optional
 * there and not here. */
#ifndef HOOT_TEMPLATE_H
#define HOOT_TEMPLATE_H

#include <hoot/app.h>
#include <hoot/buf.h>
#include <hoot/response.h>

HOOT_BEGIN_DECLS

/* Compiled, never changed again: any number of tasks may render it. */
typedef struct hoot_template hoot_template;

/* The text of the partial `{{>name}}`, copied by the caller. Gives: false: there is none. */
typedef bool (*hoot_template_partial_fn)(const char *name, hoot_str *out_text, void *user);

/* Zero is the default beside it. */
typedef struct hoot_template_options {
    const char *name;                 /* "template": for messages */
    hoot_template_partial_fn partial; /* there are no partials */
    void *partial_user;
    bool require_partials; /* false: a partial that is not there renders as nothing, as specified */
} hoot_template_options;

/* Compile a text and the partials it uses, which are asked for now. `options` may be NULL. Sections nest to
 * 100 levels, a text has at most 4 MiB, a template at most 1,000 partials.
 * Errors: NULL: HOOT_ECONFIG a mistake, `err` says where and what: "page, line 3, column 7: ..."; HOOT_ELIMIT
 * too large; HOOT_ENOMEM. */
HOOT_API HOOT_NODISCARD hoot_template *hoot_template_compile(hoot_str text,
                                                             const hoot_template_options *options,
                                                             hoot_error *err);
HOOT_API void hoot_template_free(hoot_template *page);
HOOT_DEFINE_AUTO(hoot_template, hoot_template_free);

/* Append the template, filled with `data`. Numbers, dates and times are written as hoot_value_format() does,
 * booleans as true and false.
 * Errors: HOOT_ELIMIT it outgrows the buffer, sections and partials nest deeper than 200 levels while it is
 * rendered, or it takes more than 10,000,000 steps; HOOT_ENOMEM. The buffer is as it was. */
HOOT_API int hoot_template_render(const hoot_template *page, const hoot_value *data, hoot_buf *out,
                                  hoot_error *err);

/* An answer with the template as its body, text/html; charset=utf-8. What cannot be rendered is logged and
 * answered with 500; so is a page of NULL. */
HOOT_API hoot_response *hoot_render(hoot_request *req, int status, const hoot_template *page,
                                    hoot_value data);

/* Load all files NAME.mustache of a directory, for hoot_app_template(app, "NAME"); each is a partial of the
 * others by the same name. At most 1,000 files of at most 1 MiB. Once an app, before it serves.
 * Errors: -errno a file cannot be read; HOOT_ECONFIG a template is wrong, or uses a partial that is not
 * there; HOOT_ELIMIT; HOOT_ENOMEM; HOOT_ESTATE. `err` names the file. */
HOOT_API int hoot_app_templates(hoot_app *app, const char *directory, hoot_error *err);

/* NULL: there is none of that name. Lives: as long as the app. */
HOOT_API const hoot_template *hoot_app_template(const hoot_app *app, const char *name);

HOOT_END_DECLS
#endif
