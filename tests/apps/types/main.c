/* Reads tables and prints every cell with its kind, for tests/integration/test_types.py.
 *
 * The first argument is a database url. Each line of standard input names a table, answered by a line of
 * JSON:
 *
 *     {"text": [ROW, ...], "binary": [ROW, ...]}      in the order of the column `id`
 *     ROW: [["INT", "-5"], ["BYTES", "00ff"], ["NULL", ""], ...]
 *
 * "text" is what a statement without parameters gives, "binary" one with. Texts, bytes and decimals are shown
 * in hexadecimal, all others as hoot_value_format() writes them. */
#include <hoot/hoot.h>
#include <hoot/main.h>
#include <hoot/pool.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kinds[] = {
    [HOOT_NULL] = "NULL",       [HOOT_BOOL] = "BOOL",   [HOOT_INT] = "INT",
    [HOOT_UINT] = "UINT",       [HOOT_FLOAT] = "FLOAT", [HOOT_DOUBLE] = "DOUBLE",
    [HOOT_DECIMAL] = "DECIMAL", [HOOT_TEXT] = "TEXT",   [HOOT_BYTES] = "BYTES",
    [HOOT_DATE] = "DATE",       [HOOT_TIME] = "TIME",   [HOOT_DATETIME] = "DATETIME",
};

static void print_cell(const hoot_row *row, size_t index)
{
    const hoot_value *cell = hoot_row_at(row, index);
    hoot_str bytes = hoot_row_bytes_at(row, index);
    const char *text = hoot_row_text_at(row, index);

    printf("%s[\"%s\", \"", index ? ", " : "", kinds[cell->kind]);
    for (size_t i = 0; i < bytes.len; i++)
        printf("%02x", (unsigned char)bytes.ptr[i]);
    if (!bytes.ptr && text)
        fputs(text, stdout);
    fputs("\"]", stdout);
}

static void print_rows(const char *name, hoot_cursor *rows)
{
    const hoot_row *row;
    bool first = true;

    printf("\"%s\": [", name);
    for (; (row = hoot_fetchone(rows)); first = false) {
        printf("%s[", first ? "" : ", ");
        for (size_t i = 0; i < hoot_row_count(row); i++)
            print_cell(row, i);
        putchar(']');
    }
    putchar(']');
}

static int print_table(hoot_pool *pool, const char *table, hoot_error *err)
{
    char sql[200];

    snprintf(sql, sizeof(sql), "SELECT * FROM %s ORDER BY id", table);
    HOOT_AUTO(hoot_cursor) text = hoot_pool_query(pool, err, sql);
    snprintf(sql, sizeof(sql), "SELECT * FROM %s WHERE id >= ? ORDER BY id", table);
    HOOT_AUTO(hoot_cursor) binary = hoot_pool_query(pool, err, sql, 0);

    if (!text || !binary)
        return -1;
    putchar('{');
    print_rows("text", text);
    fputs(", ", stdout);
    print_rows("binary", binary);
    puts("}");
    fflush(stdout);
    return 0;
}

static int run(hoot_error *err, void *arg)
{
    const hoot_pool_options options = { .url = arg };
    hoot_pool *pool;
    char table[100];

    if (hoot_pool_open(NULL, &pool, &options, err))
        return -1;
    while (fgets(table, sizeof(table), stdin)) {
        table[strcspn(table, "\n")] = '\0';
        if (print_table(pool, table, err))
            break;
    }
    hoot_pool_close(pool);
    return hoot_error_code(err);
}

int main(int argc, char **argv)
{
    hoot_error err = HOOT_ERROR_INIT;

    if (argc == 2 && hoot_run(run, argv[1], &err) == 0)
        return 0;
    fprintf(stderr, "types: %s\n", argc == 2 ? err.text : "one argument: the url of a database");
    return 1;
}
