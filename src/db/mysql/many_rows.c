/* A statement's text is only taken apart when no doubt is left. The scanner knows blanks, words, quoted
 * texts, parentheses and the question mark; a comment, a backslash, a variable, a subquery, LAST_INSERT_ID()
 * or a second statement ends it with "no", and the rows are then run one by one, which is slower and always
 * right. */
#include "many_rows.h"

#include <string.h>

typedef enum token_kind {
    TOKEN_END,
    TOKEN_WORD,
    TOKEN_QUOTED,
    TOKEN_MARK, /* ? */
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_OTHER,
    TOKEN_DOUBT,
} token_kind;

typedef struct token {
    token_kind kind;
    hoot_str text; /* in the statement */
} token;

static bool is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || (unsigned char)c >= 0x80;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* From a quote to its end. A quote that is doubled is inside. 0: there is no end, or a backslash. */
static size_t quoted_len(hoot_str rest)
{
    char quote = rest.ptr[0];

    for (size_t i = 1; i < rest.len; i++) {
        if (rest.ptr[i] == '\\')
            return 0;
        if (rest.ptr[i] != quote)
            continue;
        if (i + 1 == rest.len || rest.ptr[i + 1] != quote)
            return i + 1;
        i++;
    }
    return 0;
}

static token take(hoot_str *rest, token_kind kind, size_t len)
{
    token t = { kind, hoot_str_head(*rest, len) };

    *rest = hoot_str_from_index(*rest, len);
    return t;
}

static token next_token(hoot_str *rest)
{
    size_t len = 0;
    char c;

    while (rest->len > 0 && is_blank(rest->ptr[0]))
        *rest = hoot_str_from_index(*rest, 1);
    if (rest->len == 0)
        return take(rest, TOKEN_END, 0);
    c = rest->ptr[0];
    while (len < rest->len && is_word_byte(rest->ptr[len]))
        len++;
    if (len > 0)
        return take(rest, TOKEN_WORD, len);
    if (c == '\'' || c == '"' || c == '`') {
        len = quoted_len(*rest);
        return take(rest, len ? TOKEN_QUOTED : TOKEN_DOUBT, len);
    }
    switch (c) {
    case '?': return take(rest, TOKEN_MARK, 1);
    case '(': return take(rest, TOKEN_OPEN, 1);
    case ')': return take(rest, TOKEN_CLOSE, 1);
    case '+':
    case ',':
    case '.':
    case '=': return take(rest, TOKEN_OTHER, 1);
    default:
        return take(rest, TOKEN_DOUBT, 1); /* comments, variables, ';', and '-', which begins a comment */
    }
}

static bool is_word(token t, const char *word)
{
    return t.kind == TOKEN_WORD && hoot_str_equal_nocase(t.text, hoot_str_from(word));
}

/* Words that make a row depend on another, or on how many statements there are. */
static bool is_doubtful(token t)
{
    return t.kind == TOKEN_DOUBT || is_word(t, "SELECT") || is_word(t, "LAST_INSERT_ID") ||
           is_word(t, "RETURNING") || is_word(t, "ROW_COUNT") || is_word(t, "SET") || is_word(t, "TABLE");
}

/* From INSERT to VALUES at the outermost level. */
static bool find_head(hoot_str *rest)
{
    token t = next_token(rest);
    int depth = 0;

    if (!is_word(t, "INSERT") && !is_word(t, "REPLACE"))
        return false;
    for (;;) {
        t = next_token(rest);
        if (t.kind == TOKEN_END || t.kind == TOKEN_MARK || is_doubtful(t))
            return false;
        depth += t.kind == TOKEN_OPEN ? 1 : t.kind == TOKEN_CLOSE ? -1 : 0;
        if (depth == 0 && (is_word(t, "VALUES") || is_word(t, "VALUE")))
            return true;
    }
}

/* "(?, ?, NOW())". Gives: the number of its parameters; -1: doubt. */
static ptrdiff_t find_group(hoot_str *rest)
{
    token t = next_token(rest);
    ptrdiff_t marks = 0;
    int depth = 1;

    if (t.kind != TOKEN_OPEN)
        return -1;
    while (depth > 0) {
        t = next_token(rest);
        if (t.kind == TOKEN_END || is_doubtful(t))
            return -1;
        marks += t.kind == TOKEN_MARK;
        depth += t.kind == TOKEN_OPEN ? 1 : t.kind == TOKEN_CLOSE ? -1 : 0;
    }
    return marks;
}

/* Nothing, or ON DUPLICATE KEY UPDATE without parameters, maybe with AS before it. */
static bool is_tail(hoot_str rest)
{
    token t = next_token(&rest);

    if (t.kind == TOKEN_END)
        return true;
    if (!is_word(t, "ON") && !is_word(t, "AS"))
        return false;
    while (t.kind != TOKEN_END) {
        t = next_token(&rest);
        if (t.kind == TOKEN_MARK || is_doubtful(t))
            return false;
    }
    return true;
}

bool hoot__my_values_find(hoot_str sql, size_t columns, hoot__my_values *out)
{
    hoot_str rest = sql;
    size_t head, group;

    if (!find_head(&rest))
        return false;
    head = sql.len - rest.len;
    if (find_group(&rest) != (ptrdiff_t)columns)
        return false;
    group = sql.len - rest.len - head;
    if (!is_tail(rest))
        return false;
    out->head = hoot_str_head(sql, head);
    out->group = hoot_str_of(sql.ptr + head, group);
    out->tail = rest;
    return true;
}

int hoot__my_values_repeat(const hoot__my_values *values, size_t count, hoot_buf *out)
{
    size_t bytes = values->head.len + count * (values->group.len + 1) + values->tail.len;
    int rc;

    hoot_buf_clear(out);
    rc = hoot_buf_reserve(out, bytes);
    if (rc < 0)
        return rc;
    (void)hoot_buf_add_str(out, values->head);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            (void)hoot_buf_add_byte(out, ',');
        (void)hoot_buf_add_str(out, values->group);
    }
    return hoot_buf_add_str(out, values->tail);
}

bool hoot__my_takes_bulk(hoot_str sql)
{
    token t = next_token(&sql);

    return is_word(t, "INSERT") || is_word(t, "REPLACE") || is_word(t, "UPDATE") || is_word(t, "DELETE");
}
