/* Templates: the specification's cases, each with jansson's data and with hoot_values; mistakes and where
 * they are; limits; values of every kind; answers, and the files of an app. */
#include "unit/web/web_test.h"

#include "unit/web/template_spec.h"

#include "base/alloc.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#define count_of(array) (sizeof(array) / sizeof((array)[0]))

/* --- helpers --- */

/* Partials: name, text, ..., NULL. */
static bool listed_partial(const char *name, hoot_str *out_text, void *user)
{
    const char *const *list = user;

    for (size_t i = 0; i < 4 && list[i]; i += 2) {
        if (strcmp(list[i], name) == 0) {
            *out_text = hoot_str_from(list[i + 1]);
            return true;
        }
    }
    return false;
}

static hoot_template *compile_with(const char *text, const char *const *partials, hoot_error *err)
{
    hoot_template_options options = { .name = "page",
                                      .partial = listed_partial,
                                      .partial_user = (void *)partials };

    return hoot_template_compile(hoot_str_from(text), partials ? &options : NULL, err);
}

/* The text rendered; the last one is kept until the next. */
static const char *render_with(const char *text, const char *const *partials, hoot_value data)
{
    static hoot_buf buf;
    hoot_error err = HOOT_ERROR_INIT;
    HOOT_AUTO(hoot_template) page = compile_with(text, partials, &err);

    if (!page)
        fail_msg("%s: %s", text, err.text);
    hoot_buf_fini(&buf);
    hoot_buf_init(&buf, 1 << 20);
    if (hoot_template_render(page, &data, &buf, &err) < 0 || hoot_buf_add_byte(&buf, '\0') < 0)
        fail_msg("%s: %s", text, err.text);
    return buf.data;
}

#define assert_renders(text, data, expected) assert_string_equal(render_with(text, NULL, data), expected)

/* The mistake in a text: "code: what `err` says". */
static const char *mistake_in(const char *text)
{
    static char said[400];
    hoot_error err = HOOT_ERROR_INIT;
    hoot_template *page = hoot_template_compile(hoot_str_from(text), NULL, &err);

    hoot_template_free(page);
    if (page)
        fail_msg("%s: compiled", text);
    snprintf(said, sizeof(said), "%s: %s", hoot_error_name(err.code), err.text);
    return said;
}

/* --- the specification --- */

static hoot_value as_value(hoot_arena *arena, json_t *json);

static hoot_value as_items(hoot_arena *arena, json_t *json)
{
    hoot_value *items = hoot_arena_alloc_array(arena, json_array_size(json) + 1, sizeof(*items));

    assert_non_null(items);
    for (size_t i = 0; i < json_array_size(json); i++)
        items[i] = as_value(arena, json_array_get(json, i));
    return hoot_value_items(items, json_array_size(json));
}

static hoot_value as_members(hoot_arena *arena, json_t *json)
{
    hoot_member *members = hoot_arena_alloc_array(arena, json_object_size(json) + 1, sizeof(*members));
    size_t count = 0;
    const char *name;
    json_t *value;

    assert_non_null(members);
    json_object_foreach(json, name, value) members[count++] = hoot_member_of(name, as_value(arena, value));
    return hoot_value_members(members, count);
}

/* The same data without jansson. */
static hoot_value as_value(hoot_arena *arena, json_t *json)
{
    switch (json_typeof(json)) {
    case JSON_OBJECT: return as_members(arena, json);
    case JSON_ARRAY: return as_items(arena, json);
    case JSON_STRING: return HOOT_VALUE(json_string_value(json));
    case JSON_INTEGER: return HOOT_VALUE(json_integer_value(json));
    case JSON_REAL: return HOOT_VALUE(json_real_value(json));
    case JSON_NULL: return HOOT_VALUE(NULL);
    default: return HOOT_VALUE((bool)json_is_true(json));
    }
}

static void assert_case(const spec_case *one)
{
    json_t *json = hoot_json_parse(hoot_str_from(one->data), NULL);
    hoot_arena *arena = hoot_arena_new(0);
    const char *text;

    assert_non_null(json);
    assert_non_null(arena);
    text = render_with(one->text, one->partials, HOOT_VALUE(json));
    if (strcmp(text, one->expected) != 0)
        fail_msg("%s, jansson: \"%s\" instead of \"%s\"", one->name, text, one->expected);
    text = render_with(one->text, one->partials, as_value(arena, json));
    if (strcmp(text, one->expected) != 0)
        fail_msg("%s: \"%s\" instead of \"%s\"", one->name, text, one->expected);
    hoot_arena_free(arena);
    json_decref(json);
}

#define SPEC_TEST(file)                                                                                      \
    static void renders_the_specifications_##file(void **state)                                              \
    {                                                                                                        \
        (void)state;                                                                                         \
        for (size_t i = 0; i < count_of(spec_##file); i++)                                                   \
            assert_case(&spec_##file[i]);                                                                    \
    }

SPEC_TEST(interpolation)
SPEC_TEST(sections)
SPEC_TEST(inverted)
SPEC_TEST(partials)
SPEC_TEST(comments)
SPEC_TEST(delimiters)

/* --- beyond its cases --- */

static void escapes_five_characters_wherever_they_stand(void **state)
{
    char text[100], expected[300];

    (void)state;
    assert_renders("{{.}}", HOOT_VALUE("<a href=\"x\">'&'</a>"),
                   "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
    assert_renders("{{.}}", HOOT_VALUE("%$!#()*+,-./:;=?@[]^_`{|}~\x7f\xc3\xa9\xe2\x80\xa6"),
                   "%$!#()*+,-./:;=?@[]^_`{|}~\x7f\xc3\xa9\xe2\x80\xa6");
    for (int at = 0; at < 40; at++) {
        snprintf(text, sizeof(text), "%.*s<%.*s", at, "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrst",
                 40 - at, "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRST");
        snprintf(expected, sizeof(expected), "%.*s&lt;%s", at, text, text + at + 1);
        assert_renders("{{.}}", HOOT_VALUE(text), expected);
    }
}

/* For every byte: escaped if it is one of five, else as it is. */
static void escapes_no_other_byte(void **state)
{
    char bytes[32], expected[64];

    (void)state;
    for (int c = 1; c < 256; c++) {
        const char *entity = c == '&'   ? "&amp;"
                             : c == '<' ? "&lt;"
                             : c == '>' ? "&gt;"
                             : c == '"' ? "&quot;"
                                        : NULL;

        memset(bytes, 'x', sizeof(bytes));
        bytes[17] = bytes[3] = (char)c;
        bytes[20] = '\0';
        entity = c == '\'' ? "&#39;" : entity;
        if (entity)
            snprintf(expected, sizeof(expected), "xxx%sxxxxxxxxxxxxx%sxx", entity, entity);
        else
            snprintf(expected, sizeof(expected), "%s", bytes);
        assert_renders("{{.}}", HOOT_VALUE(bytes), expected);
    }
}

static void writes_every_kind_of_value(void **state)
{
    hoot_time time = {
        .year = 2026, .month = 2, .day = 23, .hour = 10, .minute = 5, .second = 7, .microsecond = 500000
    };
    hoot_time long_time = { .hour = 100, .minute = 1, .second = 2, .negative = true };

    (void)state;
    assert_renders("{{.}}", HOOT_VALUE(-5), "-5");
    assert_renders("{{.}}", HOOT_VALUE(UINT64_MAX), "18446744073709551615");
    assert_renders("{{.}}", HOOT_VALUE(0.1f), "0.1");
    assert_renders("{{.}}", HOOT_VALUE(1e15), "1e15");
    assert_renders("{{.}}", HOOT_VALUE(true), "true");
    assert_renders("{{.}}", HOOT_VALUE(false), "false");
    assert_renders("{{.}}", hoot_value_decimal(HOOT_STR("-12.340")), "-12.340");
    assert_renders("{{.}}", hoot_value_bytes(HOOT_STR("a<")), "a&lt;");
    assert_renders("{{.}}", hoot_value_date(time), "2026-02-23");
    assert_renders("{{.}}", hoot_value_datetime(time), "2026-02-23 10:05:07.5");
    assert_renders("{{.}}", hoot_value_time(long_time), "-100:01:02");
    assert_renders("[{{.}}]", HOOT_VALUE(NULL), "[]");
    assert_renders("[{{.}}{{a}}{{{o}}}]", hoot_object("a", hoot_array(1), "o", hoot_empty_object()), "[]");
}

static void knows_what_is_false(void **state)
{
    hoot_value none[] = {
        HOOT_VALUE(NULL),
        HOOT_VALUE(false),
        HOOT_VALUE(0),
        HOOT_VALUE(0u),
        HOOT_VALUE(0.0),
        HOOT_VALUE((double)NAN),
        HOOT_VALUE(""),
        hoot_empty_array(),
        hoot_value_decimal(HOOT_STR("-0.00")),
        hoot_value_bytes(HOOT_STR("")),
    };
    hoot_value some[] = {
        HOOT_VALUE(true),    HOOT_VALUE(-1),
        HOOT_VALUE(7u),      HOOT_VALUE(0.5),
        HOOT_VALUE("0"),     HOOT_VALUE(" "),
        hoot_empty_object(), hoot_value_decimal(HOOT_STR("0.01")),
        hoot_array(NULL),    hoot_value_date((hoot_time){ 0 }),
    };

    (void)state;
    for (size_t i = 0; i < count_of(none); i++)
        assert_renders("{{#v}}yes{{/v}}{{^v}}no{{/v}}", hoot_object("v", none[i]), "no");
    for (size_t i = 0; i < count_of(some); i++)
        assert_renders("{{#v}}yes{{/v}}{{^v}}no{{/v}}", hoot_object("v", some[i]), "yes");
}

static void mixes_both_kinds_of_data(void **state)
{
    json_t *owl = json_pack("{s:s, s:[i,i]}", "name", "Ural", "sizes", 60, 62);
    hoot_value data = hoot_object("place", "Masuria", "owls", hoot_array(owl, hoot_object("name", "Pygmy")));

    (void)state;
    assert_renders("{{#owls}}{{name}} of {{place}}{{#sizes}} {{.}}{{/sizes}};{{/owls}}", data,
                   "Ural of Masuria 60 62;Pygmy of Masuria;");
    json_decref(owl);
}

/* A name that is there but NULL hides those further out; what is no object is passed over. */
static void finds_the_innermost_name_even_if_it_is_null(void **state)
{
    hoot_value data = hoot_object("n", "outer", "in", hoot_object("n", NULL), "text", "t");

    (void)state;
    assert_renders("{{#in}}[{{n}}]{{/in}}{{#text}}[{{n}}]{{/text}}", data, "[][outer]");
    assert_renders("{{text.n}}{{n.n.n}}", data, "");
}

static void indents_the_lines_of_partials_in_partials(void **state)
{
    static const char *const partials[4] = { "outer", "a\n\n  {{>inner}}\n{{! c }}{{#on}}b{{/on}}\n", "inner",
                                             "{{#list}}\n- {{.}}{{#on}}\n+{{/on}}\n{{/list}}\n" };
    static const char *const in_line[4] = { "p", "x\n{{>q}}y\n", "q", "1\n2" };

    (void)state;
    assert_string_equal(
        render_with("<\n\t{{>outer}}\n>", partials, hoot_object("on", true, "list", hoot_array(1, "2\n3"))),
        "<\n\ta\n\t\n\t  - 1\n\t  +\n\t  - 2\n3\n\t  +\n\tb\n>");
    assert_string_equal(render_with(" {{>p}}\n", in_line, HOOT_VALUE(NULL)), " x\n 1\n2y\n");
    assert_string_equal(render_with("  {{>p}}",
                                    (const char *const[4]){ "p", "{{#a}}\nx\n{{/a}} y\n{{!}}{{!}}" },
                                    hoot_object("a", true)),
                        "  x\n   y\n  ");
}

static void asks_for_a_partial_once_and_only_at_compile_time(void **state)
{
    char text[] = "{{x}}";
    const char *const partials[4] = { "p", text };
    hoot_error err = HOOT_ERROR_INIT;
    HOOT_AUTO(hoot_template) page = compile_with("{{>p}}{{>p}}", partials, &err);
    hoot_value data = hoot_object("x", 1);
    hoot_buf out;

    (void)state;
    assert_non_null(page);
    memset(text, '-', sizeof(text) - 1);
    hoot_buf_init(&out, 100);
    assert_int_equal(hoot_template_render(page, &data, &out, &err), 0);
    assert_true(hoot_str_is(hoot_buf_str(&out), "11"));
    hoot_buf_fini(&out);
}

static void takes_delimiters_of_all_shapes(void **state)
{
    (void)state;
    assert_renders("{{=<% %>=}}<%{h}%><%&h%>{{h}}<%={{ }}=%>{{h}}", hoot_object("h", "<"), "<<{{h}}&lt;");
    assert_renders("{{= abcdefghijklmnop  - =}}abcdefghijklmnoph-", hoot_object("h", "x"), "x");
    assert_renders("{{ # a }}{{{ b }}}{{ /a }}{{ ! x }}", hoot_object("a", true, "b", "'"), "'");
}

static void an_empty_template_renders_as_nothing(void **state)
{
    hoot_template *page = hoot_template_compile(hoot_str_of(NULL, 0), NULL, NULL);
    hoot_buf out;

    (void)state;
    assert_non_null(page);
    hoot_buf_init(&out, 10);
    assert_int_equal(hoot_template_render(page, NULL, &out, NULL), 0);
    assert_int_equal(out.len, 0);
    hoot_template_free(page);
    hoot_template_free(NULL);
}

/* --- mistakes and limits --- */

static void says_that_a_name_holds_a_nul(void **state)
{
    hoot_error err = HOOT_ERROR_INIT;

    (void)state;
    assert_null(hoot_template_compile(HOOT_STR("{{\0a}}"), NULL, &err));
    assert_string_equal(err.text, "template, line 1, column 1: a NUL byte is in a name");
}

static void says_where_a_mistake_is(void **state)
{
    static const char *const cases[][2] = {
        { "a\nb {{x", "line 2, column 3: this tag has no end, which is \"}}\"" },
        { "{{{x}}", "line 1, column 1: this tag has no end, which is \"}}}\"" },
        { "{{=<% %>}}", "line 1, column 1: this tag has no end, which is \"=}}\"" },
        { "\xc3\xa9\xc3\xa9{{}}", "line 1, column 3: this tag is empty" },
        { "{{#}}", "line 1, column 1: this tag is empty" },
        { "{{a b}}", "line 1, column 1: \"a b\" is no name: blanks may not stand in it" },
        { "{{a..b}}", "line 1, column 1: \"a..b\" is no name: nothing stands before or behind a dot" },
        { "{{.a}}", "line 1, column 1: \".a\" is no name: nothing stands before or behind a dot" },
        { "{{a.}}", "line 1, column 1: \"a.\" is no name: nothing stands before or behind a dot" },
        { "x{{/a}}", "line 1, column 2: \"a\" is closed, but no section is open" },
        { "{{#a}}{{#b}}\n{{/a}}", "line 2, column 1: the section to close here is \"b\"" },
        { "{{^a}}\n{{#b}}{{/b}}", "line 1, column 4: the section \"a\" is never closed" },
        { "{{= one =}}",
          "line 1, column 1: delimiters are two, of 1 to 16 bytes, with a blank between: {{=<% %>=}}" },
        { "{{=a b c=}}",
          "line 1, column 1: delimiters are two, of 1 to 16 bytes, with a blank between: {{=<% %>=}}" },
        { "{{=12345678901234567 x=}}",
          "line 1, column 1: delimiters are two, of 1 to 16 bytes, with a blank between: {{=<% %>=}}" },
        { "{{<a}}{{/a}}", "line 1, column 1: inheritance ({{<name}}, {{$name}}) is not supported" },
        { "{{$a}}{{/a}}", "line 1, column 1: inheritance ({{<name}}, {{$name}}) is not supported" },
        { "{{>*a}}", "line 1, column 1: dynamic names ({{>*name}}) are not supported" },
    };
    char expected[300];

    (void)state;
    for (size_t i = 0; i < count_of(cases); i++) {
        snprintf(expected, sizeof(expected), "HOOT_ECONFIG: template, %s", cases[i][1]);
        assert_string_equal(mistake_in(cases[i][0]), expected);
    }
}

static void names_the_partial_that_is_wrong_or_missing(void **state)
{
    static const char *const partials[4] = { "good", "\n\n {{>bad}}", "bad", "\n{{/x}}" };
    hoot_template_options options = { "page", listed_partial, (void *)partials, true };
    hoot_error err = HOOT_ERROR_INIT;

    (void)state;
    assert_null(hoot_template_compile(HOOT_STR("{{>good}}"), &options, &err));
    assert_string_equal(err.text, "bad, line 2, column 1: \"x\" is closed, but no section is open");
    assert_null(hoot_template_compile(HOOT_STR("..{{>other}}"), &options, &err));
    assert_string_equal(err.text, "page, line 1, column 3: there is no partial \"other\"");
    assert_int_equal(err.code, HOOT_ECONFIG);
}

static char *repeated(const char *text, int times)
{
    char *all = malloc(strlen(text) * (size_t)times + 1);

    assert_non_null(all);
    for (int i = 0; i < times; i++)
        strcpy(all + strlen(text) * (size_t)i, text);
    return all;
}

static void bounds_how_deep_sections_nest(void **state)
{
    char *opened = repeated("{{#.}}", 101), *closed = repeated("{{/.}}", 100);
    char text[1300];

    (void)state;
    assert_string_equal(mistake_in(opened),
                        "HOOT_ECONFIG: template, line 1, column 601: sections nest deeper than 100 levels");
    snprintf(text, sizeof(text), "%.600sx%s", opened, closed);
    assert_renders(text, HOOT_VALUE(1), "x");
    free(opened);
    free(closed);
}

static void bounds_the_size_of_a_text(void **state)
{
    size_t len = 4 * 1024 * 1024 + 1;
    char *large = malloc(len);
    hoot_error err = HOOT_ERROR_INIT;
    hoot_template *page;

    (void)state;
    assert_non_null(large);
    memset(large, 'x', len);
    assert_null(hoot_template_compile(hoot_str_of(large, len), NULL, &err));
    assert_int_equal(err.code, HOOT_ELIMIT);
    page = hoot_template_compile(hoot_str_of(large, len - 1), NULL, &err);
    assert_non_null(page);
    hoot_template_free(page);
    free(large);
}

static int render_code(const char *text, const char *const *partials, hoot_value data, size_t max_bytes,
                       hoot_error *err)
{
    hoot_template *page = compile_with(text, partials, err);
    hoot_buf out;
    int rc;

    assert_non_null(page);
    hoot_buf_init(&out, max_bytes);
    hoot_buf_add(&out, "kept", 4);
    rc = hoot_template_render(page, &data, &out, err);
    assert_true(rc == 0 || hoot_str_is(hoot_buf_str(&out), "kept"));
    hoot_buf_fini(&out);
    hoot_template_free(page);
    return rc;
}

static void bounds_rendering_and_leaves_the_buffer_as_it_was(void **state)
{
    static const char *const endless[4] = { "p", "x{{>p}}" }, *const doubling[4] = { "p", "{{>p}}{{>p}}" };
    hoot_error err = HOOT_ERROR_INIT;

    (void)state;
    assert_int_equal(render_code("{{>p}}", endless, HOOT_VALUE(1), 1000, &err), HOOT_ELIMIT);
    assert_string_equal(err.text,
                        "the template \"page\" cannot be rendered: sections and partials nest deeper "
                        "than 200 levels");
    assert_int_equal(render_code("1234567", NULL, HOOT_VALUE(1), 10, &err), HOOT_ELIMIT);
    assert_string_equal(err.text, "the template \"template\" cannot be rendered: it outgrows its buffer");
    assert_int_equal(render_code("123456", NULL, HOOT_VALUE(1), 10, &err), 0);
    assert_int_equal(render_code("{{>p}}", doubling, HOOT_VALUE(1), 1000, &err), HOOT_ELIMIT);
}

static void bounds_the_steps_that_data_can_ask_for(void **state)
{
    static hoot_value items[500];
    hoot_error err = HOOT_ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < count_of(items); i++)
        items[i] = HOOT_VALUE(1);
    assert_int_equal(render_code("{{#l}}{{#l}}{{#l}}{{/l}}{{/l}}{{/l}}", NULL,
                                 hoot_object("l", hoot_value_items(items, count_of(items))), 1000, &err),
                     HOOT_ELIMIT);
    assert_string_equal(err.text,
                        "the template \"template\" cannot be rendered: it takes more than 10,000,000 steps");
}

static void fails_cleanly_when_memory_runs_out(void **state)
{
    static const char *const partials[4] = { "p", "{{a.b}}" };
    hoot_error err = HOOT_ERROR_INIT;
    unsigned long n = 0;
    int rc = HOOT_ENOMEM;

    (void)state;
    while (rc == HOOT_ENOMEM) {
        hoot_value data = hoot_object("x", 1, "y", "z");
        hoot_buf out;
        hoot_template *page;

        hoot_buf_init(&out, 1000);
        hoot__alloc_fail_next(++n);
        page = compile_with("{{#x}} {{>p}} {{/x}} {{{y}}}", partials, &err);
        rc = page ? hoot_template_render(page, &data, &out, &err) : err.code;
        hoot__alloc_fail_next(0);
        hoot_template_free(page);
        hoot_buf_fini(&out);
    }
    assert_int_equal(rc, 0);
    assert_true(n > 4);
}

/* --- answers and files --- */

static char directory[] = "/tmp/hoot-templates-XXXXXX";

static void write_file(const char *name, hoot_str text)
{
    char path[200];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text.ptr, 1, text.len, file), text.len);
    fclose(file);
}

static void remove_file(const char *name)
{
    char path[200];

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    unlink(path);
}

static hoot_response *page(hoot_request *req)
{
    const char *name = hoot_path_text(req, "name");

    return hoot_render(req, 201, hoot_app_template(hoot_current_app(), name),
                       hoot_object("who", "<Ada>", "self", hoot_array(1)));
}

static void set_up(hoot_app *app)
{
    write_file("page.mustache", HOOT_STR("<p>{{who}}</p>\n  {{>part}}\n"));
    write_file("part.mustache", HOOT_STR("<hr>\n"));
    write_file("endless.mustache", HOOT_STR("{{#self}}\n-\n  {{>endless}}\n{{/self}}"));
    write_file("empty.mustache", HOOT_STR(""));
    write_file("other.txt", HOOT_STR("{{"));
    must(hoot_app_templates(app, directory, &err_));
    must(hoot_app_route(app, "GET", "/<name>", page, &err_));
    assert_int_equal(hoot_app_templates(app, directory, NULL), HOOT_ESTATE);
    assert_null(hoot_app_template(app, "other"));
    assert_non_null(hoot_app_template(app, "part"));
}

static void get_pages(hoot_test_client *client)
{
    const hoot_test_reply *reply = hoot_test_get(client, "/page");

    assert_status(reply, 201);
    assert_body(reply, "<p>&lt;Ada&gt;</p>\n  <hr>\n");
    assert_string_equal(hoot_test_reply_header(client, "Content-Type"), "text/html; charset=utf-8");
    reply = hoot_test_get(client, "/empty");
    assert_status(reply, 201);
    assert_int_equal(reply->body.len, 0);
    reply = hoot_test_get(client, "/endless");
    assert_status(reply, 500);
    assert_non_null(strstr(web_test_log, "deeper than 200 levels"));
    reply = hoot_test_get(client, "/nothing");
    assert_status(reply, 500);
    assert_non_null(strstr(web_test_log, "there is no template to render"));
}

static void answers_with_templates_of_a_directory(void **state)
{
    (void)state;
    web_test_run(set_up, get_pages);
    remove_file("endless.mustache");
}

static void refuses_directories_that_are_wrong(void **state)
{
    hoot_error err = HOOT_ERROR_INIT;
    HOOT_AUTO(hoot_app) app = hoot_app_new("app", NULL);
    char *large = repeated("0123456789abcdef", 64 * 1024);

    (void)state;
    assert_null(hoot_app_template(app, "page"));
    assert_int_equal(hoot_app_templates(app, "/nowhere", &err), -ENOENT);
    assert_string_equal(err.text,
                        "the templates in \"/nowhere\" could not be read: No such file or directory");
    write_file("wrong.mustache", HOOT_STR("\n{{>missing}}"));
    assert_int_equal(hoot_app_templates(app, directory, &err), HOOT_ECONFIG);
    assert_string_equal(err.text, "wrong, line 2, column 1: there is no partial \"missing\"");
    write_file("wrong.mustache", hoot_str_of(large, 1024 * 1024));
    assert_int_equal(hoot_app_templates(app, directory, &err), 0);
    remove_file("wrong.mustache");
    free(large);
}

static void refuses_a_file_that_is_too_large(void **state)
{
    hoot_error err = HOOT_ERROR_INIT;
    HOOT_AUTO(hoot_app) app = hoot_app_new("app", NULL);
    char *large = repeated("0123456789abcdefg", 64 * 1024);

    (void)state;
    write_file("large.mustache", hoot_str_from(large));
    assert_int_equal(hoot_app_templates(app, directory, &err), HOOT_ELIMIT);
    assert_string_equal(err.text,
                        "the template \"large.mustache\" could not be read: it is larger than 1 MiB");
    remove_file("large.mustache");
    free(large);
}

static void loads_a_directory_or_says_that_memory_ran_out(void **state)
{
    HOOT_AUTO(hoot_app) app = hoot_app_new("app", NULL);
    hoot_error err = HOOT_ERROR_INIT;
    unsigned long n = 0;
    int rc = HOOT_ENOMEM;

    (void)state;
    while (rc == HOOT_ENOMEM) {
        assert_null(hoot_app_template(app, "page"));
        hoot__alloc_fail_next(++n);
        rc = hoot_app_templates(app, directory, &err);
        hoot__alloc_fail_next(0);
        assert_int_equal(rc, rc < 0 ? err.code : 0);
    }
    assert_int_equal(rc, 0);
    assert_true(n > 10);
    assert_non_null(hoot_app_template(app, "page"));
}

static int make_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
    static const char *const files[] = { "page.mustache", "part.mustache", "empty.mustache", "other.txt" };

    (void)state;
    for (size_t i = 0; i < count_of(files); i++)
        remove_file(files[i]);
    return rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(renders_the_specifications_interpolation),
        cmocka_unit_test(renders_the_specifications_sections),
        cmocka_unit_test(renders_the_specifications_inverted),
        cmocka_unit_test(renders_the_specifications_partials),
        cmocka_unit_test(renders_the_specifications_comments),
        cmocka_unit_test(renders_the_specifications_delimiters),
        cmocka_unit_test(escapes_five_characters_wherever_they_stand),
        cmocka_unit_test(escapes_no_other_byte),
        cmocka_unit_test(writes_every_kind_of_value),
        cmocka_unit_test(knows_what_is_false),
        cmocka_unit_test(mixes_both_kinds_of_data),
        cmocka_unit_test(finds_the_innermost_name_even_if_it_is_null),
        cmocka_unit_test(indents_the_lines_of_partials_in_partials),
        cmocka_unit_test(asks_for_a_partial_once_and_only_at_compile_time),
        cmocka_unit_test(takes_delimiters_of_all_shapes),
        cmocka_unit_test(an_empty_template_renders_as_nothing),
        cmocka_unit_test(says_that_a_name_holds_a_nul),
        cmocka_unit_test(says_where_a_mistake_is),
        cmocka_unit_test(names_the_partial_that_is_wrong_or_missing),
        cmocka_unit_test(bounds_how_deep_sections_nest),
        cmocka_unit_test(bounds_the_size_of_a_text),
        cmocka_unit_test(bounds_rendering_and_leaves_the_buffer_as_it_was),
        cmocka_unit_test(bounds_the_steps_that_data_can_ask_for),
        cmocka_unit_test(fails_cleanly_when_memory_runs_out),
        cmocka_unit_test(answers_with_templates_of_a_directory),
        cmocka_unit_test(refuses_directories_that_are_wrong),
        cmocka_unit_test(refuses_a_file_that_is_too_large),
        cmocka_unit_test(loads_a_directory_or_says_that_memory_ran_out),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
