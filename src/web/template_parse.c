/* Mustache text into steps.
 *
 * Text is cut at tags. What a tag is, its sigil says, which stands first in it:
 *
 *     {{name}} {{{name}}} {{&name}}   {{#name}} {{^name}} {{/name}}   {{>name}}   {{! }}   {{=<% %>=}}
 *
 * A tag that prints nothing itself (all but the first three) and stands alone on its line takes the line with
 * it: blanks before it, blanks and the line's end behind it. Whether it is alone is seen in the text around
 * it, without regard to other tags: those are no blanks.
 *
 * A standalone partial's blanks are its indentation, put in front of each line of the partial *before* it is
 * rendered. So a step notes that it begins a line of the text (`line_start`); a line whose only tag is
 * standalone is no line any more. A comment in front of a line is no step, and leaves the note to the next
 * one.
 *
 * While a section is open its `skip` holds the section around it (its index + 1; 0: none). */
#include "web/template_internal.h"

#include <stdio.h>

enum { MAX_DELIMITER = 16, QUOTED_BYTES = 60 };

#define NOWHERE SIZE_MAX

typedef struct tag {
    size_t start, end; /* from the opening delimiter to behind the closing one */
    char sigil;        /* 0: a plain name */
    hoot_str content;  /* without sigil and blanks around it */
    bool alone;
    size_t line, after; /* if it is alone: where its line starts, and the next one */
} tag;

typedef struct parser {
    hoot_template *page;
    hoot_str text;
    const char *name;
    size_t at;            /* all before it is done */
    hoot_str open, close; /* delimiters */
    hoot_buf steps;       /* an array of hoot__step */
    uint32_t count;
    uint32_t section; /* the innermost open one: its index + 1 */
    uint32_t nesting;
    bool line_start_left; /* by a comment, for the next step */
    hoot_error *err;
} parser;

/* --- mistakes --- */

/* "page, line 3, column 7: " and the text of a mistake at that place; columns count characters. */
static int mistake(parser *p, size_t where, const char *what)
{
    size_t line = 1, column = 1;

    for (size_t i = 0; i < where; i++) {
        unsigned char c = (unsigned char)p->text.ptr[i];

        line += c == '\n';
        column = c == '\n' ? 1 : column + ((c & 0xc0) != 0x80);
    }
    return hoot_error_set(p->err, HOOT_ECONFIG, "%.60s, line %zu, column %zu: %s", p->name, line, column,
                          what);
}

/* The same with something quoted in it, for which the format has one %.*s. */
static int mistake_of(parser *p, size_t where, const char *format, hoot_str quoted)
{
    char what[160];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(what, sizeof(what), format, (int)hoot_str_head(quoted, QUOTED_BYTES).len, quoted.ptr);
#pragma GCC diagnostic pop
    return mistake(p, where, what);
}

static int no_memory(parser *p)
{
    return hoot_error_set(p->err, HOOT_ENOMEM, "the template could not be compiled: out of memory");
}

/* --- steps --- */

static hoot__step *step_at(parser *p, uint32_t index)
{
    return (hoot__step *)(void *)p->steps.data + index;
}

static int add_step(parser *p, hoot__step *step)
{
    step->line_start |= p->line_start_left;
    p->line_start_left = false;
    if (hoot_buf_add(&p->steps, step, sizeof(*step)) < 0)
        return no_memory(p);
    p->count++;
    return 0;
}

static bool is_line_start(const parser *p, size_t where)
{
    return where == 0 || p->text.ptr[where - 1] == '\n';
}

static int add_text(parser *p, size_t from, size_t to)
{
    hoot__step step = { .kind = HOOT__STEP_TEXT };

    if (from >= to)
        return 0;
    step.text = hoot_str_of(p->text.ptr + from, to - from);
    step.line_start = is_line_start(p, from);
    return add_step(p, &step);
}

/* --- finding tags --- */

static size_t find(const parser *p, size_t from, hoot_str what)
{
    const char *hit = memmem(p->text.ptr + from, p->text.len - from, what.ptr, what.len);

    return hit ? (size_t)(hit - p->text.ptr) : NOWHERE;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_space(char c)
{
    return is_blank(c) || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

/* Is the tag the only thing on its line, or its lines? Then `line` and `after` are set. */
static bool stands_alone(const parser *p, tag *t)
{
    size_t line = t->start, after = t->end;

    while (line > 0 && is_blank(p->text.ptr[line - 1]))
        line--;
    while (after < p->text.len && is_blank(p->text.ptr[after]))
        after++;
    if (!is_line_start(p, line))
        return false;
    if (after + 1 < p->text.len && p->text.ptr[after] == '\r' && p->text.ptr[after + 1] == '\n')
        after += 2;
    else if (after < p->text.len && p->text.ptr[after] == '\n')
        after++;
    else if (after < p->text.len)
        return false;
    t->line = line;
    t->after = after;
    return true;
}

/* What ends a tag with that sigil. `room` has MAX_DELIMITER + 1 bytes. */
static hoot_str end_of_tag(const parser *p, char sigil, char *room)
{
    if (sigil != '=' && sigil != '{')
        return p->close;
    room[0] = sigil == '=' ? '=' : '}';
    memcpy(room + 1, p->close.ptr, p->close.len);
    return hoot_str_of(room, p->close.len + 1);
}

/* Gives 1 and the next tag; 0: none. */
static int next_tag(parser *p, tag *t)
{
    char room[MAX_DELIMITER + 1];
    size_t from, stop;
    hoot_str end;

    t->start = find(p, p->at, p->open);
    if (t->start == NOWHERE)
        return 0;
    from = t->start + p->open.len;
    while (from < p->text.len && is_space(p->text.ptr[from]))
        from++;
    t->sigil = from < p->text.len && memchr("#^/>!=&{<$", p->text.ptr[from], 10) ? p->text.ptr[from] : '\0';
    from += t->sigil != '\0';
    end = end_of_tag(p, t->sigil, room);
    stop = find(p, from, end);
    if (stop == NOWHERE)
        return mistake_of(p, t->start, "this tag has no end, which is \"%.*s\"", end);
    t->content = hoot_str_trim(hoot_str_of(p->text.ptr + from, stop - from), " \t\r\n\v\f");
    t->end = stop + end.len;
    t->alone = t->sigil && memchr("#^/>!=", t->sigil, 6) && stands_alone(p, t);
    return 1;
}

/* --- names --- */

static size_t count_parts(hoot_str name)
{
    size_t count = 1;

    for (size_t i = 0; i < name.len; i++)
        count += name.ptr[i] == '.';
    return count;
}

static int check_name(parser *p, const tag *t)
{
    if (t->content.len == 0)
        return mistake(p, t->start, "this tag is empty");
    for (size_t i = 0; i < t->content.len; i++) {
        if (t->content.ptr[i] == '\0')
            return mistake(p, t->start, "a NUL byte is in a name");
        if (is_space(t->content.ptr[i]))
            return mistake_of(p, t->start, "\"%.*s\" is no name: blanks may not stand in it", t->content);
    }
    return 0;
}

/* A name, copied and cut at its dots. */
static int split_name(parser *p, const tag *t, const hoot__template_name **out)
{
    hoot_str rest = t->content, part;
    size_t count = hoot_str_is(rest, ".") ? 0 : count_parts(rest);
    hoot__template_name *name = hoot_arena_alloc(p->page->arena, sizeof(*name) + count * sizeof(char *));

    if (!name)
        return no_memory(p);
    name->count = count;
    for (size_t i = 0; i < count && hoot_str_split(&rest, '.', &part); i++) {
        if (part.len == 0)
            return mistake_of(p, t->start, "\"%.*s\" is no name: nothing stands before or behind a dot",
                              t->content);
        name->parts[i] = hoot_arena_dup(p->page->arena, part);
        if (!name->parts[i])
            return no_memory(p);
    }
    *out = name;
    return 0;
}

/* --- tags --- */

/* A step for a tag with a name. */
static int add_named(parser *p, const tag *t, hoot__step_kind kind)
{
    hoot__step step = { .kind = (uint8_t)kind, .skip = p->section, .text = t->content };
    int rc = split_name(p, t, &step.name);

    step.line_start = !t->alone && is_line_start(p, t->start);
    return rc < 0 ? rc : add_step(p, &step);
}

static int take_section(parser *p, const tag *t, hoot__step_kind kind)
{
    int rc = add_named(p, t, kind);

    if (rc < 0)
        return rc;
    p->section = p->count;
    if (++p->nesting > HOOT__TEMPLATE_MAX_NESTING)
        return mistake(p, t->start, "sections nest deeper than 100 levels");
    return 0;
}

static int take_end(parser *p, const tag *t)
{
    hoot__step end = { .kind = HOOT__STEP_END, .line_start = !t->alone && is_line_start(p, t->start) };
    uint32_t index = p->section - 1;
    hoot__step *section;
    int rc;

    if (p->section == 0)
        return mistake_of(p, t->start, "\"%.*s\" is closed, but no section is open", t->content);
    if (!hoot_str_equal(step_at(p, index)->text, t->content))
        return mistake_of(p, t->start, "the section to close here is \"%.*s\"", step_at(p, index)->text);
    rc = add_step(p, &end);
    if (rc < 0)
        return rc;
    section = step_at(p, index);
    p->section = section->skip;
    p->nesting--;
    section->skip = p->count - 1 - index;
    return 0;
}

static int take_partial(parser *p, const tag *t)
{
    hoot__step step = { .kind = HOOT__STEP_PARTIAL, .alone = t->alone };
    int rc;

    if (t->content.ptr[0] == '*')
        return mistake(p, t->start, "dynamic names ({{>*name}}) are not supported");
    rc = hoot__template_partial(p->page, t->content, &step.partial, p->err);
    if (rc < 0)
        return rc;
    if (!step.partial)
        return mistake_of(p, t->start, "there is no partial \"%.*s\"", t->content);
    if (t->alone)
        step.text = hoot_str_of(p->text.ptr + t->line, t->start - t->line);
    step.line_start = !t->alone && is_line_start(p, t->start);
    return add_step(p, &step);
}

static int take_delimiters(parser *p, const tag *t)
{
    size_t cut = 0;
    hoot_str open, close;

    while (cut < t->content.len && !is_space(t->content.ptr[cut]))
        cut++;
    open = hoot_str_head(t->content, cut);
    close = hoot_str_trim(hoot_str_from_index(t->content, cut), " \t\r\n\v\f");
    for (size_t i = 0; i < close.len; i++) {
        if (is_space(close.ptr[i]))
            close.len = 0;
    }
    if (open.len == 0 || close.len == 0 || open.len > MAX_DELIMITER || close.len > MAX_DELIMITER)
        return mistake(p, t->start,
                       "delimiters are two, of 1 to 16 bytes, with a blank between: {{=<% %>=}}");
    p->open = open;
    p->close = close;
    return 0;
}

/* Of a tag that is not there any more when the text is rendered. */
static int take_unseen(parser *p, const tag *t)
{
    if (!t->alone && is_line_start(p, t->start))
        p->line_start_left = true;
    return t->sigil == '=' ? take_delimiters(p, t) : 0;
}

static int take_tag(parser *p, const tag *t)
{
    int rc = add_text(p, p->at, t->alone ? t->line : t->start);

    p->at = t->alone ? t->after : t->end;
    if (rc == 0 && t->sigil != '!' && t->sigil != '=')
        rc = check_name(p, t);
    if (rc < 0)
        return rc;
    switch (t->sigil) {
    case '!':
    case '=': return take_unseen(p, t);
    case '#': return take_section(p, t, HOOT__STEP_SECTION);
    case '^': return take_section(p, t, HOOT__STEP_INVERTED);
    case '/': return take_end(p, t);
    case '>': return take_partial(p, t);
    case '<':
    case '$': return mistake(p, t->start, "inheritance ({{<name}}, {{$name}}) is not supported");
    case '{':
    case '&': return add_named(p, t, HOOT__STEP_RAW);
    default: return add_named(p, t, HOOT__STEP_ESCAPED);
    }
}

/* The text behind the last tag, and the unit's END, which takes the place of a line that ends in a comment.
 */
static int finish(parser *p)
{
    hoot__step end = { .kind = HOOT__STEP_END };
    int rc = add_text(p, p->at, p->text.len);

    if (rc < 0)
        return rc;
    if (p->section) {
        hoot_str name = step_at(p, p->section - 1)->text;

        return mistake_of(p, (size_t)(name.ptr - p->text.ptr), "the section \"%.*s\" is never closed", name);
    }
    return add_step(p, &end);
}

static int parse(parser *p)
{
    tag t;
    int rc;

    while ((rc = next_tag(p, &t)) > 0) {
        rc = take_tag(p, &t);
        if (rc < 0)
            return rc;
    }
    return rc < 0 ? rc : finish(p);
}

int hoot__template_parse(hoot_template *page, hoot__template_unit *unit, hoot_error *err)
{
    parser p = { .page = page,
                 .text = unit->text,
                 .name = unit->name,
                 .open = HOOT_STR("{{"),
                 .close = HOOT_STR("}}"),
                 .err = err };
    hoot__step *steps;
    int rc;

    hoot_buf_init(&p.steps, (size_t)(HOOT__TEMPLATE_MAX_BYTES + 1) * sizeof(hoot__step));
    rc = parse(&p);
    if (rc == 0) {
        steps = hoot_arena_alloc_array(page->arena, p.count, sizeof(*steps));
        if (steps)
            memcpy(steps, p.steps.data, p.count * sizeof(*steps));
        unit->steps = steps;
        rc = steps ? 0 : no_memory(&p);
    }
    hoot_buf_fini(&p.steps);
    return rc;
}
