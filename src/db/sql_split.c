/* Cutting a migration's text into statements: knows quotes ('..', "..", `..`, doubled quotes come out right
 * by themselves), "--" and block comments, and nothing else of SQL. */
#include "db/sql_split.h"

/* Behind the quote that ends what begins at `i`; len when it is open to the end. */
static size_t skip_quoted(hoot_str s, size_t i, bool backslash)
{
    char quote = s.ptr[i++];

    while (i < s.len && s.ptr[i] != quote)
        i += backslash && s.ptr[i] == '\\' && quote != '`' && i + 1 < s.len ? 2 : 1;
    return i < s.len ? i + 1 : s.len;
}

static size_t skip_line(hoot_str s, size_t i)
{
    while (i < s.len && s.ptr[i] != '\n')
        i++;
    return i;
}

static bool is_at(hoot_str s, size_t i, char a, char b)
{
    return i + 1 < s.len && s.ptr[i] == a && s.ptr[i + 1] == b;
}

static size_t skip_block_comment(hoot_str s, size_t i)
{
    i += 2;
    while (i < s.len && !is_at(s, i, '*', '/'))
        i++;
    return i < s.len ? i + 2 : s.len;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Behind the comment or the quoted text that begins at `i`; `i` itself when none does. */
static size_t skip_token(hoot_str s, size_t i, bool backslash)
{
    if (s.ptr[i] == '\'' || s.ptr[i] == '"' || s.ptr[i] == '`')
        return skip_quoted(s, i, backslash);
    if (is_at(s, i, '-', '-'))
        return skip_line(s, i);
    return is_at(s, i, '/', '*') ? skip_block_comment(s, i) : i;
}

/* Does the line end behind the ';' at `i`? */
static bool ends_line(hoot_str s, size_t i)
{
    for (i++; i < s.len && s.ptr[i] != '\n'; i++) {
        if (is_at(s, i, '-', '-'))
            return true;
        if (!is_blank(s.ptr[i]))
            return false;
    }
    return true;
}

bool hoot__sql_next(hoot_str *rest, bool backslash, hoot_str *out_statement)
{
    hoot_str s = *rest;
    size_t start = 0, i = 0, next;
    bool empty = true;

    for (; i < s.len; i = next) {
        next = skip_token(s, i, backslash);
        if (next > i) {
            empty = empty && s.ptr[i] != '\'' && s.ptr[i] != '"' && s.ptr[i] != '`';
            continue;
        }
        next = i + 1;
        if (s.ptr[i] == ';' && ends_line(s, i)) {
            if (!empty)
                break;
            start = next;
        } else if (!is_blank(s.ptr[i])) {
            empty = false;
        }
    }
    *rest = hoot_str_from_index(s, i < s.len ? i + 1 : s.len);
    *out_statement = hoot_str_trim(hoot_str_of(s.ptr + start, i - start), " \t\r\n");
    return !empty;
}
