/* Rendering: one walk over a template's steps, appending to a buffer.
 *
 * The stack of contexts and the indentation of partials are lists whose items lie in the frames of the calls
 * that added them: nothing is allocated, and data is not copied. Depth and steps are counted, because data
 * and partials that use themselves decide how far it goes. */
#include "web/template_internal.h"

#include "base/number.h"
#include "base/value_text.h"
#include "web/app_internal.h"

#include <hoot/json.h>

#include <math.h>

typedef struct context {
    const struct context *outer;
    const hoot_value *value; /* settled */
} context;

typedef struct indent {
    const struct indent *outer;
    hoot_str text;
} indent;

typedef struct render {
    hoot_buf *out;
    int depth;
    int steps_left;
    const char *limit; /* the one that was reached; NULL: none of ours */
} render;

static int run(render *r, const hoot__step *step, const context *top, const indent *in);

/* --- data ---
 *
 * Values are pointers into the program's data. What jansson holds becomes a hoot_value in `room`, a place of
 * the caller's. */

static const hoot_value nothing = { .kind = HOOT_NULL };

static hoot_value from_json(const json_t *json)
{
    switch (json_typeof(json)) {
    case JSON_STRING: return hoot_value_str(hoot_str_of(json_string_value(json), json_string_length(json)));
    case JSON_INTEGER: return hoot_value_int(json_integer_value(json));
    case JSON_REAL: return hoot_value_double(json_real_value(json));
    case JSON_TRUE: return hoot_value_bool(true);
    case JSON_FALSE: return hoot_value_bool(false);
    case JSON_NULL: return hoot_value_null();
    default: return hoot_value_json(json);
    }
}

/* A scalar of jansson's as the hoot_value it is. */
static inline const hoot_value *settle(const hoot_value *value, hoot_value *room)
{
    if (value->kind != HOOT_JANSSON)
        return value;
    *room = from_json(value->json);
    return room;
}

/* NULL: not there. `room` may be the object itself. */
static const hoot_value *find_member(const hoot_value *object, const char *name, hoot_value *room)
{
    const json_t *json;

    if (object->kind == HOOT_OBJECT) {
        for (const hoot_member *m = object->members, *end = m + object->count; m < end; m++) {
            if (m->name[0] == name[0] && strcmp(m->name, name) == 0)
                return settle(&m->value, room);
        }
        return NULL;
    }
    json =
        object->kind == HOOT_JANSSON ? json_object_get(object->json, name) : NULL; /* NULL for an array too */
    if (!json)
        return NULL;
    *room = from_json(json);
    return room;
}

/* The first part is looked up from the top of the stack down, the others in what came of it. Never NULL. */
static const hoot_value *look_up(const hoot__template_name *name, const context *top, hoot_value *room)
{
    const hoot_value *value = NULL;

    if (name->count == 0)
        return top->value;
    for (; top && !value; top = top->outer)
        value = find_member(top->value, name->parts[0], room);
    for (size_t i = 1; i < name->count && value; i++)
        value = find_member(value, name->parts[i], room);
    return value ? value : &nothing;
}

static bool is_list(const hoot_value *value)
{
    return value->kind == HOOT_ARRAY || (value->kind == HOOT_JANSSON && json_is_array(value->json));
}

static size_t list_length(const hoot_value *list)
{
    return list->kind == HOOT_ARRAY ? list->count : json_array_size(list->json);
}

static const hoot_value *list_item(const hoot_value *list, size_t index, hoot_value *room)
{
    if (list->kind == HOOT_ARRAY)
        return settle(&list->items[index], room);
    *room = from_json(json_array_get(list->json, index));
    return room;
}

static bool is_zero_decimal(hoot_str digits)
{
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.ptr[i] >= '1' && digits.ptr[i] <= '9')
            return false;
    }
    return true;
}

/* As JavaScript's !!value, which the specification names; an empty list is false too. */
static bool is_true(const hoot_value *value)
{
    switch (value->kind) {
    case HOOT_NULL: return false;
    case HOOT_BOOL: return value->boolean;
    case HOOT_INT: return value->i64 != 0;
    case HOOT_UINT: return value->u64 != 0;
    case HOOT_FLOAT:
    case HOOT_DOUBLE: return value->f64 != 0 && !isnan(value->f64);
    case HOOT_DECIMAL: return !is_zero_decimal(value->str);
    case HOOT_TEXT:
    case HOOT_BYTES: return value->str.len > 0;
    case HOOT_ARRAY:
    case HOOT_JANSSON: return !is_list(value) || list_length(value) > 0;
    default: return true;
    }
}

/* --- output --- */

static inline int put(hoot_buf *out, hoot_str text)
{
    if (text.len > out->capacity - out->len || text.len == 0)
        return hoot_buf_add_str(out, text);
    memcpy(out->data + out->len, text.ptr, text.len);
    out->len += text.len;
    return 0;
}

/* The outermost partial's indentation first. */
static int put_indent(render *r, const indent *in)
{
    int rc = in->outer ? put_indent(r, in->outer) : 0;

    return rc < 0 ? rc : put(r->out, in->text);
}

/* Lines that begin in the middle of a text are indented here; `line_start` is for the first. */
static int put_lines(render *r, hoot_str text, const indent *in)
{
    int rc = 0;

    while (rc == 0 && text.len > 0) {
        ptrdiff_t newline = hoot_str_find(text, '\n');
        size_t len = newline < 0 ? text.len : (size_t)newline + 1;

        rc = put(r->out, hoot_str_head(text, len));
        text = hoot_str_from_index(text, len);
        if (rc == 0 && text.len > 0)
            rc = put_indent(r, in);
    }
    return rc;
}

static int put_double(render *r, const hoot_value *value)
{
    char text[HOOT__DOUBLE_TEXT_BYTES];
    size_t len = hoot__double_text(value->f64, value->kind == HOOT_FLOAT, text);

    return put(r->out, hoot_str_of(text, len));
}

static int put_time(render *r, const hoot_value *value)
{
    char text[HOOT__TIME_TEXT_BYTES];
    size_t len = hoot__time_text(value, text);

    return put(r->out, hoot_str_of(text, len));
}

/* Only texts can hold what must be escaped. */
static int put_value(render *r, const hoot_value *value, bool escaped)
{
    switch (value->kind) {
    case HOOT_BOOL: return put(r->out, value->boolean ? HOOT_STR("true") : HOOT_STR("false"));
    case HOOT_INT: return hoot_buf_add_i64(r->out, value->i64);
    case HOOT_UINT: return hoot_buf_add_u64(r->out, value->u64);
    case HOOT_FLOAT:
    case HOOT_DOUBLE: return put_double(r, value);
    case HOOT_DECIMAL:
    case HOOT_TEXT:
    case HOOT_BYTES: return escaped ? hoot__html_escape(r->out, value->str) : put(r->out, value->str);
    case HOOT_DATE:
    case HOOT_TIME:
    case HOOT_DATETIME: return put_time(r, value);
    case HOOT_NULL:
    case HOOT_OBJECT:
    case HOOT_ARRAY:
    case HOOT_JANSSON: return 0;
    }
    return 0;
}

/* --- steps --- */

static int limit_reached(render *r, const char *limit)
{
    r->limit = limit;
    return HOOT_ELIMIT;
}

/* Run steps with one more value on the stack. */
static int run_with(render *r, const hoot__step *steps, const hoot_value *value, const context *top,
                    const indent *in)
{
    context inner = { top, value };

    return run(r, steps, &inner, in);
}

static int run_list(render *r, const hoot__step *steps, const hoot_value *list, const context *top,
                    const indent *in)
{
    int rc = 0;

    for (size_t i = 0, count = list_length(list); i < count && rc == 0; i++) {
        hoot_value room;

        rc = run_with(r, steps, list_item(list, i, &room), top, in);
    }
    return rc;
}

static int run_section(render *r, const hoot__step *step, const context *top, const indent *in)
{
    hoot_value room;
    const hoot_value *value = look_up(step->name, top, &room);

    if (step->kind == HOOT__STEP_INVERTED)
        return is_true(value) ? 0 : run(r, step + 1, top, in);
    if (is_list(value))
        return run_list(r, step + 1, value, top, in);
    return is_true(value) ? run_with(r, step + 1, value, top, in) : 0;
}

static int run_value(render *r, const hoot__step *step, const context *top)
{
    hoot_value room;

    return put_value(r, look_up(step->name, top, &room), step->kind == HOOT__STEP_ESCAPED);
}

/* What stands in the middle of a line is not indented; nor, then, are the partial's other lines. */
static int run_partial(render *r, const hoot__step *step, const context *top, const indent *in)
{
    indent more = { in, step->text };

    if (!step->alone)
        in = NULL;
    else if (step->text.len > 0)
        in = &more;
    return run(r, step->partial->steps, top, in);
}

static int run_steps(render *r, const hoot__step *step, const context *top, const indent *in)
{
    int rc = 0;

    for (; rc == 0; step++) {
        if (--r->steps_left < 0)
            return limit_reached(r, "it takes more than 10,000,000 steps");
        if (in && step->line_start && (rc = put_indent(r, in)) < 0)
            break;
        switch (step->kind) {
        case HOOT__STEP_TEXT: rc = in ? put_lines(r, step->text, in) : put(r->out, step->text); break;
        case HOOT__STEP_ESCAPED:
        case HOOT__STEP_RAW: rc = run_value(r, step, top); break;
        case HOOT__STEP_SECTION:
        case HOOT__STEP_INVERTED:
            rc = run_section(r, step, top, in);
            step += step->skip;
            break;
        case HOOT__STEP_PARTIAL: rc = run_partial(r, step, top, in); break;
        default: return 0;
        }
    }
    return rc;
}

static int run(render *r, const hoot__step *step, const context *top, const indent *in)
{
    int rc;

    if (r->depth == HOOT__TEMPLATE_MAX_DEPTH)
        return limit_reached(r, "sections and partials nest deeper than 200 levels");
    r->depth++;
    rc = run_steps(r, step, top, in);
    r->depth--;
    return rc;
}

int hoot_template_render(const hoot_template *page, const hoot_value *data, hoot_buf *out, hoot_error *err)
{
    render r = { .out = out, .steps_left = HOOT__TEMPLATE_MAX_STEPS };
    hoot_value room;
    context root = { NULL, settle(data ? data : &nothing, &room) };
    size_t before = out->len;
    int rc = run(&r, page->first->steps, &root, NULL);

    if (rc == 0)
        return 0;
    out->len = before;
    if (rc == HOOT_ELIMIT && !r.limit)
        r.limit = "it outgrows its buffer";
    return hoot_error_set(err, rc, "the template \"%.60s\" cannot be rendered: %s", page->first->name,
                          r.limit ? r.limit : hoot_error_text(rc));
}

hoot_response *hoot_render(hoot_request *req, int status, const hoot_template *page, hoot_value data)
{
    hoot_buf *scratch = &hoot__request_app(req)->scratch;
    hoot_error err = HOOT_ERROR_INIT;
    int rc;

    hoot_buf_clear(scratch);
    rc = page ? hoot_template_render(page, &data, scratch, &err)
              : hoot_error_set(&err, HOOT_EINVAL, "there is no template to render");
    if (rc == HOOT_ENOMEM)
        return hoot__response_no_memory(req);
    if (rc < 0) {
        err.code = HOOT_EINVAL; /* a limit of ours is not the client's fault */
        return hoot_fail(req, &err);
    }
    return hoot__response_from_scratch(req, status, HOOT_STR("text/html; charset=utf-8"));
}
