/* What the server's session tracking does not tell.
 *
 * With session_track_state_change=ON the server marks the OK packet after SET, USE, PREPARE, and statements
 * on temporary tables. MariaDB 10.11 (seen, not read) is silent about user variables that a SELECT sets (@a
 * := 1, INTO @a), about locks (GET_LOCK, LOCK TABLES, FLUSH ... WITH READ LOCK, BACKUP LOCK), HANDLER ...
 * OPEN and XA; and an error packet has no status, whatever a CALL did before it failed. So:
 *
 *   1. the first word must be one of those that are known to leave nothing (and not MariaDB's BEGIN NOT
 * ATOMIC);
 *   2. GET_LOCK, or an @ that does not begin a system variable's @@, makes any statement a suspect (an
 * address in a literal too: that costs a reset, and nothing in a parameter does);
 *   3. without tracking, so does TEMPORARY.
 *
 * A role (SET ROLE) outlives COM_RESET_CONNECTION on MariaDB, and there is no statement that goes back to the
 * default one: such a connection is closed instead of reset.
 *
 * Not seen: a stored function or a trigger that takes a named lock. Such a lock stays until the connection is
 * reset or closed. */
#include "session.h"

#include <string.h>

static const char *const harmless[] = {
    "SELECT",   "INSERT",    "UPDATE",   "DELETE",   "REPLACE", "WITH",   "VALUES",
    "SHOW",     "EXPLAIN",   "DESCRIBE", "DESC",     "START",   "BEGIN",  "COMMIT",
    "ROLLBACK", "SAVEPOINT", "RELEASE",  "TRUNCATE", "CREATE",  "ALTER",  "DROP",
    "RENAME",   "ANALYZE",   "OPTIMIZE", "CHECK",    "GRANT",   "REVOKE", "KILL",
};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* Past blanks and opening parentheses. A comment in front is not looked into: what hides there may be
 * executed. */
static hoot_str first_word(hoot_str sql)
{
    size_t start = 0, len = 0;

    while (start < sql.len && strchr(" \t\r\n(", sql.ptr[start]) && sql.ptr[start])
        start++;
    while (start + len < sql.len && is_letter(sql.ptr[start + len]))
        len++;
    return hoot_str_of(sql.ptr + start, len);
}

static bool is_harmless(hoot_str word)
{
    for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
        if (hoot_str_equal_nocase(word, hoot_str_from(harmless[i])))
            return true;
    }
    return false;
}

/* Is `word`, in any case, somewhere in the text? For texts that are short. */
static bool mentions(hoot_str sql, hoot_str word)
{
    for (size_t i = 0; i + word.len <= sql.len; i++) {
        if (hoot_str_equal_nocase(hoot_str_of(sql.ptr + i, word.len), word))
            return true;
    }
    return false;
}

/* GET_LOCK, in any case. A text may be a bulk insert of megabytes, so the search goes from one underscore to
 * the next. */
static bool mentions_lock(hoot_str sql)
{
    const hoot_str word = HOOT_STR("GET_LOCK");
    const size_t before = 3; /* its letters in front of the underscore */
    size_t at = 0;

    for (;;) {
        ptrdiff_t found = hoot_str_find(hoot_str_from_index(sql, at), '_');

        if (found < 0)
            return false;
        at += (size_t)found;
        if (at >= before && sql.len - at + before >= word.len &&
            hoot_str_equal_nocase(hoot_str_of(sql.ptr + at - before, word.len), word))
            return true;
        at++;
    }
}

/* @name, and not only @@name? */
static bool mentions_variable(hoot_str sql)
{
    size_t at = 0;

    for (;;) {
        ptrdiff_t found = hoot_str_find(hoot_str_from_index(sql, at), '@');

        if (found < 0)
            return false;
        at += (size_t)found;
        if (at + 1 == sql.len || sql.ptr[at + 1] != '@')
            return true;
        at += 2;
    }
}

/* BEGIN NOT ATOMIC is MariaDB's block of statements, not the start of a transaction. */
static bool is_block(hoot_str word, hoot_str sql)
{
    return hoot_str_equal_nocase(word, HOOT_STR("BEGIN")) && mentions(sql, HOOT_STR("ATOMIC"));
}

static bool is_definition(hoot_str word)
{
    return hoot_str_equal_nocase(word, HOOT_STR("CREATE")) || hoot_str_equal_nocase(word, HOOT_STR("DROP"));
}

hoot__my_effect hoot__my_effect_of(hoot_str sql, bool tracked)
{
    hoot_str word = first_word(sql);

    if (!is_harmless(word) || is_block(word, sql))
        return mentions(sql, HOOT_STR("ROLE")) ? HOOT__MY_OUTLIVES_RESET : HOOT__MY_LEAVES_STATE;
    if (mentions_variable(sql) || mentions_lock(sql) ||
        (!tracked && is_definition(word) && mentions(sql, HOOT_STR("TEMPORARY"))))
        return HOOT__MY_LEAVES_STATE;
    return HOOT__MY_LEAVES_NOTHING;
}

hoot__my_effect hoot__my_effect_of_several(hoot_str sql, bool tracked)
{
    if (hoot_str_find(sql, ';') < 0)
        return hoot__my_effect_of(sql, tracked);
    return mentions(sql, HOOT_STR("ROLE")) ? HOOT__MY_OUTLIVES_RESET : HOOT__MY_LEAVES_STATE;
}

/* LOAD {DATA | XML} [LOW_PRIORITY | CONCURRENT] LOCAL */
bool hoot__my_reads_local_file(hoot_str sql)
{
    static const char *const words[] = { "LOAD", "DATA", "LOCAL" };
    hoot_str word = first_word(sql);

    for (size_t i = 0; i < 3; i++) {
        bool is_it = hoot_str_equal_nocase(word, hoot_str_from(words[i])) ||
                     (i == 1 && hoot_str_equal_nocase(word, HOOT_STR("XML")));
        bool passes = i == 2 && (hoot_str_equal_nocase(word, HOOT_STR("LOW_PRIORITY")) ||
                                 hoot_str_equal_nocase(word, HOOT_STR("CONCURRENT")));

        if (!is_it && !passes)
            return false;
        sql = hoot_str_from_index(sql, (size_t)(word.ptr - sql.ptr) + word.len);
        word = first_word(sql);
        i -= passes;
    }
    return true;
}

/* --- sharing --- */

static bool is_one_of(hoot_str word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (hoot_str_equal_nocase(word, hoot_str_from(words[i])))
            return true;
    }
    return false;
}

#define IS_ONE_OF(word, words) is_one_of(word, words, sizeof(words) / sizeof((words)[0]))

static size_t word_length(hoot_str text)
{
    size_t len = 0;

    while (len < text.len && is_letter(text.ptr[len]))
        len++;
    return len;
}

/* Is one of these words in the text, a user variable, or maybe a second statement? Literals and comments are
 * not told apart: a word too many found costs a connection of its own, no more. One pass, for it is made for
 * every statement. */
static bool has_word(hoot_str sql, const char *const *words, size_t count)
{
    size_t len;

    for (size_t at = 0; at < sql.len; at += len ? len : 1) {
        len = word_length(hoot_str_from_index(sql, at));
        if (len >= 4 && strchr("EFGILNRSUWefgilnrsuw", sql.ptr[at]) &&
            is_one_of(hoot_str_of(sql.ptr + at, len), words, count))
            return true;
        if (sql.ptr[at] == ';')
            return true;
        if (sql.ptr[at] != '@')
            continue;
        if (at + 1 == sql.len || sql.ptr[at + 1] != '@')
            return true;
        len = 2;
    }
    return false;
}

/* Definitions take long, and those of temporary tables stay: they are not among these. */
static const char *const writing[] = { "INSERT", "UPDATE", "DELETE", "REPLACE" };
static const char *const reading[] = { "SELECT", "SHOW", "VALUES" };

bool hoot__my_may_share(hoot_str sql)
{
    static const char *const suspects[] = { "GET_LOCK", "SETVAL", "LAST_INSERT_ID" };
    hoot_str word = first_word(sql);

    return (IS_ONE_OF(word, reading) || IS_ONE_OF(word, writing)) &&
           !has_word(sql, suspects, sizeof(suspects) / sizeof(suspects[0]));
}

bool hoot__my_may_batch(hoot_str sql, bool several)
{
    static const char *const more[] = { "WITH", "EXPLAIN", "DESCRIBE", "DESC" };
    hoot_str word = first_word(sql);

    return (IS_ONE_OF(word, reading) || IS_ONE_OF(word, writing) || IS_ONE_OF(word, more)) &&
           !(several && hoot_str_find(sql, ';') >= 0);
}

/* INTO OUTFILE writes, FOR UPDATE and LOCK IN SHARE MODE lock, sequences count, LAST_INSERT_ID(n) leaves n.
 * What tells of the statement before it must come behind that one.
 */
bool hoot__my_may_repeat(hoot_str sql)
{
    static const char *const suspects[] = { "INTO",     "LOCK",       "UPDATE",    "SHARE",
                                            "GET_LOCK", "NEXTVAL",    "NEXT",      "LASTVAL",
                                            "SETVAL",   "FOUND_ROWS", "ROW_COUNT", "LAST_INSERT_ID" };
    static const char *const told[] = { "WARNINGS", "ERRORS" };
    hoot_str word = first_word(sql);

    return IS_ONE_OF(word, reading) && !has_word(sql, suspects, sizeof(suspects) / sizeof(suspects[0])) &&
           !(hoot_str_equal_nocase(word, HOOT_STR("SHOW")) &&
             has_word(sql, told, sizeof(told) / sizeof(told[0])));
}
