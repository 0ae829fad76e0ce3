/* Tables of row events.
 *
 *     id (6, or 4), flags (2), length and name of the schema, NUL, length and name of the table, NUL,
 *     columns (lenenc), a type each, length (lenenc) and bytes of what the types need beside, a bit each: may
 *     be NULL, then optional metadata: type (1), length (lenenc), bytes
 *
 * Servers with binlog_row_metadata=MINIMAL send signs and character sets in the optional metadata, with FULL
 * names and labels too, with MariaDB's NO_LOG nothing. */
#include "binlog_rows.h"

#include "protocol.h"

#include <stdio.h>
#include <string.h>

/* Kinds of optional metadata. */
enum {
    META_SIGNEDNESS = 1,
    META_DEFAULT_CHARSET = 2,
    META_COLUMN_CHARSET = 3,
    META_COLUMN_NAME = 4,
    META_SET_LABELS = 5,
    META_ENUM_LABELS = 6,
};

/* --- character sets --- */

typedef struct collation_range {
    uint16_t first, last;
    hoot__bin_charset charset;
} collation_range;

/* The collations of MySQL and MariaDB that are read as text, by number: SHOW COLLATION. From 1024 on MariaDB
 * counts those without padding, from 2048 on the newer Unicode ones. */
static const collation_range collations[] = {
    { 5, 5, HOOT__BIN_CHARSET_LATIN1 },       { 8, 8, HOOT__BIN_CHARSET_LATIN1 },
    { 11, 11, HOOT__BIN_CHARSET_UTF8 },       { 15, 15, HOOT__BIN_CHARSET_LATIN1 },
    { 31, 31, HOOT__BIN_CHARSET_LATIN1 },     { 33, 33, HOOT__BIN_CHARSET_UTF8 },
    { 45, 46, HOOT__BIN_CHARSET_UTF8 },       { 47, 49, HOOT__BIN_CHARSET_LATIN1 },
    { 63, 63, HOOT__BIN_CHARSET_BINARY },     { 65, 65, HOOT__BIN_CHARSET_UTF8 },
    { 76, 76, HOOT__BIN_CHARSET_UTF8 },       { 83, 83, HOOT__BIN_CHARSET_UTF8 },
    { 94, 94, HOOT__BIN_CHARSET_LATIN1 },     { 192, 215, HOOT__BIN_CHARSET_UTF8 },
    { 223, 247, HOOT__BIN_CHARSET_UTF8 },     { 255, 323, HOOT__BIN_CHARSET_UTF8 },
    { 576, 578, HOOT__BIN_CHARSET_UTF8 },     { 608, 610, HOOT__BIN_CHARSET_UTF8 },
    { 1032, 1032, HOOT__BIN_CHARSET_LATIN1 }, { 1035, 1035, HOOT__BIN_CHARSET_UTF8 },
    { 1057, 1057, HOOT__BIN_CHARSET_UTF8 },   { 1069, 1070, HOOT__BIN_CHARSET_UTF8 },
    { 1071, 1071, HOOT__BIN_CHARSET_LATIN1 }, { 1089, 1089, HOOT__BIN_CHARSET_UTF8 },
    { 1107, 1107, HOOT__BIN_CHARSET_UTF8 },   { 1216, 1216, HOOT__BIN_CHARSET_UTF8 },
    { 1238, 1238, HOOT__BIN_CHARSET_UTF8 },   { 1248, 1248, HOOT__BIN_CHARSET_UTF8 },
    { 1270, 1270, HOOT__BIN_CHARSET_UTF8 },   { 2048, 2559, HOOT__BIN_CHARSET_UTF8 },
};

hoot__bin_charset hoot__bin_charset_of_collation(uint64_t collation)
{
    for (size_t i = 0; i < sizeof(collations) / sizeof(collations[0]); i++)
        if (collation >= collations[i].first && collation <= collations[i].last)
            return collations[i].charset;
    return HOOT__BIN_CHARSET_OTHER;
}

hoot__bin_charset hoot__bin_charset_named(hoot_str name)
{
    if (name.len == 0 || hoot_str_is(name, "binary"))
        return HOOT__BIN_CHARSET_BINARY;
    if (hoot_str_is(name, "ascii") || hoot_str_is(name, "utf8") || hoot_str_is(name, "utf8mb3") ||
        hoot_str_is(name, "utf8mb4"))
        return HOOT__BIN_CHARSET_UTF8;
    return hoot_str_is(name, "latin1") ? HOOT__BIN_CHARSET_LATIN1 : HOOT__BIN_CHARSET_OTHER;
}

/* --- which columns optional metadata speaks of --- */

static bool is_number(const hoot__bin_column *c)
{
    switch (c->type) {
    case HOOT__MY_TYPE_TINY:
    case HOOT__MY_TYPE_SHORT:
    case HOOT__MY_TYPE_INT24:
    case HOOT__MY_TYPE_LONG:
    case HOOT__MY_TYPE_LONGLONG:
    case HOOT__MY_TYPE_FLOAT:
    case HOOT__MY_TYPE_DOUBLE:
    case HOOT__MY_TYPE_NEWDECIMAL: return true;
    default: return false;
    }
}

static bool is_text(const hoot__bin_column *c)
{
    switch (c->type) {
    case HOOT__MY_TYPE_STRING:
    case HOOT__MY_TYPE_VARCHAR:
    case HOOT__MY_TYPE_VAR_STRING:
    case HOOT__MY_TYPE_BLOB: return true;
    default: return false;
    }
}

/* What servers count when they send a sign for each: a YEAR, too, as a number without one. */
static bool has_sign(const hoot__bin_column *c)
{
    return is_number(c) || c->type == HOOT__MY_TYPE_YEAR;
}

/* And when they send a character set: MariaDB does for more than MySQL. */
static bool has_charset(const hoot__bin_column *c, bool maria)
{
    return is_text(c) ||
           (maria && (c->type == HOOT__MY_TYPE_GEOMETRY || c->type == HOOT__BIN_TYPE_BLOB_COMPRESSED ||
                      c->type == HOOT__BIN_TYPE_VARCHAR_COMPRESSED));
}

/* --- types --- */

/* What a type has beside it: bytes, little-endian but for those that are two numbers. */
static void read_meta(hoot__my_in *in, hoot__bin_column *c)
{
    unsigned first, second;

    switch (c->type) {
    case HOOT__MY_TYPE_FLOAT:
    case HOOT__MY_TYPE_DOUBLE:
    case HOOT__MY_TYPE_BLOB:
    case HOOT__MY_TYPE_JSON:
    case HOOT__MY_TYPE_VECTOR:
    case HOOT__MY_TYPE_GEOMETRY:
    case HOOT__BIN_TYPE_BLOB_COMPRESSED:
    case HOOT__BIN_TYPE_TIMESTAMP2:
    case HOOT__BIN_TYPE_DATETIME2:
    case HOOT__BIN_TYPE_TIME2: c->meta = hoot__my_u8(in); return;
    case HOOT__MY_TYPE_BIT:
    case HOOT__MY_TYPE_VARCHAR:
    case HOOT__MY_TYPE_VAR_STRING:
    case HOOT__BIN_TYPE_VARCHAR_COMPRESSED:
    case HOOT__MY_TYPE_NEWDECIMAL: c->meta = hoot__my_u16(in); return;
    case HOOT__MY_TYPE_STRING:
    case HOOT__MY_TYPE_ENUM:
    case HOOT__MY_TYPE_SET:
        /* the real type, in two bits of which lengths over 255 hide their own, inverted; the length */
        first = hoot__my_u8(in);
        second = hoot__my_u8(in);
        c->type = (uint8_t)(first | 0x30);
        c->meta = (uint16_t)(second | ((first & 0x30) ^ 0x30) << 4);
        return;
    default: return;
    }
}

static int read_columns(hoot__my_in *in, hoot__bin_table *table)
{
    hoot_str types = hoot__my_bytes(in, table->count), meta = hoot__my_lenenc_str(in);
    hoot__my_in at = hoot__my_in_of(meta.ptr, meta.len);

    hoot__my_skip(in, (table->count + 7) / 8);
    if (in->failed)
        return HOOT_EPROTOCOL;
    for (uint32_t i = 0; i < table->count; i++) {
        hoot__bin_column *c = &table->columns[i];

        c->type = (uint8_t)types.ptr[i];
        read_meta(&at, c);
        if ((c->type == HOOT__MY_TYPE_BLOB || c->type == HOOT__MY_TYPE_JSON ||
             c->type == HOOT__MY_TYPE_GEOMETRY || c->type == HOOT__MY_TYPE_VECTOR ||
             c->type == HOOT__BIN_TYPE_BLOB_COMPRESSED) &&
            (c->meta < 1 || c->meta > 4))
            return HOOT_EPROTOCOL;
    }
    return at.failed ? HOOT_EPROTOCOL : 0;
}

/* --- optional metadata --- */

/* A bit for each column of numbers, the highest first. */
static void read_signs(hoot__my_in in, hoot__bin_table *table)
{
    unsigned bit = 0;
    uint8_t byte = 0;

    for (uint32_t i = 0; i < table->count; i++) {
        if (!has_sign(&table->columns[i]))
            continue;
        if (bit++ % 8 == 0)
            byte = hoot__my_u8(&in);
        table->columns[i].is_unsigned = byte >> (7 - (bit - 1) % 8) & 1;
    }
}

/* The collation of most, then pairs for the others: number among the text columns, collation. */
static void read_default_charset(hoot__my_in in, bool maria, hoot__bin_table *table)
{
    hoot__bin_charset most = hoot__bin_charset_of_collation(hoot__my_lenenc(&in));
    uint64_t other = hoot__my_left(&in) ? hoot__my_lenenc(&in) : UINT64_MAX, number = 0;

    for (uint32_t i = 0; i < table->count && !in.failed; i++) {
        hoot__bin_column *c = &table->columns[i];

        if (!has_charset(c, maria))
            continue;
        c->charset = most;
        if (number++ != other)
            continue;
        c->charset = hoot__bin_charset_of_collation(hoot__my_lenenc(&in));
        other = hoot__my_left(&in) ? hoot__my_lenenc(&in) : UINT64_MAX;
    }
}

static void read_charsets(hoot__my_in in, bool maria, hoot__bin_table *table)
{
    for (uint32_t i = 0; i < table->count && !in.failed; i++)
        if (has_charset(&table->columns[i], maria))
            table->columns[i].charset = hoot__bin_charset_of_collation(hoot__my_lenenc(&in));
}

static int read_names(hoot_arena *arena, hoot__my_in in, hoot__bin_table *table)
{
    for (uint32_t i = 0; i < table->count; i++) {
        hoot_str name = hoot__my_lenenc_str(&in);

        if (in.failed || hoot_str_find(name, '\0') >= 0)
            return HOOT_EPROTOCOL;
        table->names[i] = hoot_arena_dup(arena, name);
        if (!table->names[i])
            return HOOT_ENOMEM;
    }
    table->named = true;
    return 0;
}

/* Labels come in the column's character set, which is looked at no closer: what is no UTF-8 is not taken. */
static int read_labels(hoot_arena *arena, hoot__my_in in, hoot__bin_table *table, uint8_t type)
{
    for (uint32_t i = 0; i < table->count && hoot__my_left(&in) > 0; i++) {
        hoot__bin_column *c = &table->columns[i];
        hoot_str *labels;
        bool good = true;
        uint64_t count;

        if (c->type != type)
            continue;
        count = hoot__my_lenenc(&in);
        if (in.failed || count > hoot__my_left(&in))
            return HOOT_EPROTOCOL;
        labels = hoot_arena_alloc_array(arena, count + 1, sizeof(*labels));
        if (!labels)
            return HOOT_ENOMEM;
        for (uint64_t k = 0; k < count; k++) {
            hoot_str label = hoot__my_lenenc_str(&in);
            const char *copy = hoot_arena_dup(arena, label);

            if (!copy)
                return HOOT_ENOMEM;
            labels[k] = hoot_str_of(copy, label.len);
            good = good && hoot_str_is_utf8(label);
        }
        c->labels = good ? labels : NULL;
        c->label_count = good ? (uint32_t)count : 0;
    }
    return in.failed ? HOOT_EPROTOCOL : 0;
}

static int read_optional(hoot_arena *arena, hoot__my_in *in, bool maria, hoot__bin_table *table)
{
    while (hoot__my_left(in) > 0) {
        uint8_t what = hoot__my_u8(in);
        hoot_str bytes = hoot__my_lenenc_str(in);
        hoot__my_in own = hoot__my_in_of(bytes.ptr, bytes.len);
        int rc = 0;

        if (in->failed)
            return HOOT_EPROTOCOL;
        switch (what) {
        case META_SIGNEDNESS: read_signs(own, table); break;
        case META_DEFAULT_CHARSET: read_default_charset(own, maria, table); break;
        case META_COLUMN_CHARSET: read_charsets(own, maria, table); break;
        case META_COLUMN_NAME: rc = read_names(arena, own, table); break;
        case META_SET_LABELS: rc = read_labels(arena, own, table, HOOT__MY_TYPE_SET); break;
        case META_ENUM_LABELS: rc = read_labels(arena, own, table, HOOT__MY_TYPE_ENUM); break;
        default: break;
        }
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* --- the table --- */

static bool read_head(hoot__my_in *in, bool short_id, uint64_t *out_id, hoot_str *out_schema,
                      hoot_str *out_table)
{
    hoot_str id;

    *out_id = hoot__my_u32(in);
    if (!short_id)
        *out_id |= (uint64_t)hoot__my_u16(in) << 32;
    hoot__my_skip(in, 2);
    id = hoot__my_bytes(in, hoot__my_u8(in));
    *out_schema = id;
    if (hoot__my_u8(in) != 0)
        return false;
    *out_table = hoot__my_bytes(in, hoot__my_u8(in));
    if (hoot__my_u8(in) != 0)
        return false;
    return !in->failed && hoot_str_find(*out_schema, '\0') < 0 && hoot_str_find(*out_table, '\0') < 0;
}

bool hoot__bin_table_head(hoot_str body, bool short_id, uint64_t *out_id, hoot_str *out_schema,
                          hoot_str *out_table)
{
    hoot__my_in in = hoot__my_in_of(body.ptr, body.len);

    return read_head(&in, short_id, out_id, out_schema, out_table);
}

static int allocate(hoot_arena *arena, hoot__bin_table *table)
{
    uint32_t n = table->count;

    table->columns = hoot_arena_zalloc(arena, n * sizeof(*table->columns));
    table->names = hoot_arena_zalloc(arena, n * sizeof(*table->names));
    table->before = hoot_arena_zalloc(arena, 2 * n * sizeof(*table->before));
    table->has_before = hoot_arena_zalloc(arena, 2 * n * sizeof(*table->has_before));
    if (!table->columns || !table->names || !table->before || !table->has_before)
        return HOOT_ENOMEM;
    table->after = table->before + n;
    table->has_after = table->has_before + n;
    for (uint32_t i = 0; i < n; i++) {
        table->names[i] = hoot_arena_printf(arena, "@%u", i + 1);
        if (!table->names[i])
            return HOOT_ENOMEM;
    }
    return 0;
}

int hoot__bin_table_parse(hoot_arena *arena, hoot_str body, const hoot__bin_format *format,
                          hoot__bin_table *out)
{
    hoot__my_in in = hoot__my_in_of(body.ptr, body.len);
    hoot_str schema, table;
    uint64_t count;
    int rc;

    memset(out, 0, sizeof(*out));
    if (!read_head(&in, format->short_table_id, &out->id, &schema, &table))
        return HOOT_EPROTOCOL;
    count = hoot__my_lenenc(&in);
    if (in.failed || count < 1 || count > HOOT__BIN_COLUMNS_MAX)
        return HOOT_EPROTOCOL;
    out->count = (uint32_t)count;
    out->schema = hoot_arena_dup(arena, schema);
    out->table = hoot_arena_dup(arena, table);
    rc = out->schema && out->table ? allocate(arena, out) : HOOT_ENOMEM;
    if (rc == 0)
        rc = read_columns(&in, out);
    return rc < 0 ? rc : read_optional(arena, &in, format->maria, out);
}

/* --- information_schema --- */

/* One label in single quotes, a quote within doubled, is taken off `*rest` and written to `text`. */
static bool take_label(char *text, hoot_str *rest, hoot_str *out)
{
    size_t at = 1, len = 0;

    if (rest->len < 2 || rest->ptr[0] != '\'')
        return false;
    for (; at < rest->len; at++) {
        if (rest->ptr[at] == '\'') {
            if (at + 1 >= rest->len || rest->ptr[at + 1] != '\'')
                break;
            at++;
        }
        text[len++] = rest->ptr[at];
    }
    if (at >= rest->len)
        return false;
    *out = hoot_str_of(text, len);
    *rest = hoot_str_from_index(*rest, at + 1);
    return true;
}

/* "enum('a','b''c')" */
static int describe_labels(hoot_arena *arena, hoot__bin_column *c, hoot_str type)
{
    hoot_str rest = hoot_str_from_index(type, (size_t)hoot_str_find(type, '(') + 1), label;
    hoot_str *labels;
    char *text = hoot_arena_alloc(arena, type.len + 1);
    uint32_t count = 1;

    for (size_t i = 0; i < rest.len; i++)
        count += rest.ptr[i] == ',';
    labels = hoot_arena_alloc_array(arena, count, sizeof(*labels));
    if (!labels || !text)
        return HOOT_ENOMEM;
    for (count = 0; take_label(text, &rest, &label); count++) {
        labels[count] = label;
        text += label.len;
        if (rest.len == 0 || rest.ptr[0] != ',')
            break;
        rest = hoot_str_from_index(rest, 1);
    }
    if (rest.len == 0 || rest.ptr[0] != ')')
        return 0; /* not of that form: numbers will do */
    c->labels = labels;
    c->label_count = count + 1;
    return 0;
}

static bool contains(hoot_str text, const char *word)
{
    size_t len = strlen(word);

    for (size_t i = 0; i + len <= text.len; i++)
        if (memcmp(text.ptr + i, word, len) == 0)
            return true;
    return false;
}

int hoot__bin_column_describe(hoot_arena *arena, hoot__bin_table *table, uint32_t column, const char *name,
                              hoot_str type, hoot_str charset)
{
    hoot__bin_column *c = &table->columns[column];

    table->names[column] = hoot_arena_strdup(arena, name);
    if (!table->names[column])
        return HOOT_ENOMEM;
    if (is_number(c))
        c->is_unsigned = contains(type, "unsigned");
    if (is_text(c))
        c->charset = hoot__bin_charset_named(charset);
    if (c->type == HOOT__MY_TYPE_STRING)
        c->special = hoot_str_is(type, "uuid")    ? HOOT__BIN_UUID
                     : hoot_str_is(type, "inet4") ? HOOT__BIN_INET4
                     : hoot_str_is(type, "inet6") ? HOOT__BIN_INET6
                                                  : HOOT__BIN_PLAIN;
    if (c->special != HOOT__BIN_PLAIN)
        c->charset = HOOT__BIN_CHARSET_BINARY;
    if ((c->type == HOOT__MY_TYPE_ENUM && hoot_str_starts(type, HOOT_STR("enum("))) ||
        (c->type == HOOT__MY_TYPE_SET && hoot_str_starts(type, HOOT_STR("set("))))
        return describe_labels(arena, c, type);
    return 0;
}
