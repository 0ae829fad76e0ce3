/* Column definitions.
 *
 *     catalog, schema, table, original table, name, original name (all lenenc strings),
 *     length of what follows (lenenc, 12), charset (2), column length (4), type (1), flags (2), decimals (1),
 * filler (2)
 *
 * Source: MySQL Internals, "Protocol::ColumnDefinition41". Newer servers may put more behind `decimals`; it
 * is not read. MariaDB's extended type information (JSON, INET6, UUID) is not asked for: those come as text.
 */
#include "columns.h"

#include "protocol.h"

#include "base/alloc.h"

#include <hoot/error.h>

enum {
    FIRST_CAPACITY = 8,
    NAMES_MAX = 16 * 1024 * 1024, /* bytes of all names together */
    FIXED_BYTES = 12,
};

void hoot__my_columns_init(hoot__my_columns *columns)
{
    memset(columns, 0, sizeof(*columns));
    hoot_buf_init(&columns->text, NAMES_MAX);
}

void hoot__my_columns_fini(hoot__my_columns *columns)
{
    hoot__free(columns->items);
    hoot__free(columns->cells);
    hoot__free(columns->names);
    hoot_buf_fini(&columns->text);
    memset(columns, 0, sizeof(*columns));
}

void hoot__my_columns_clear(hoot__my_columns *columns)
{
    columns->count = 0;
    columns->unknown_column = 0;
    hoot_buf_clear(&columns->text);
}

/* Errors: HOOT_ENOMEM; what was there is there. */
static int set_capacity(hoot__my_columns *columns, uint32_t capacity)
{
    hoot__my_column *items = hoot__realloc(columns->items, capacity * sizeof(*items));
    hoot_value *cells = hoot__realloc(columns->cells, capacity * sizeof(*cells));
    const char **names = hoot__realloc(columns->names, capacity * sizeof(*names));

    columns->items = items ? items : columns->items;
    columns->cells = cells ? cells : columns->cells;
    columns->names = names ? names : columns->names;
    if (!items || !cells || !names)
        return HOOT_ENOMEM;
    columns->capacity = capacity;
    return 0;
}

static int reserve_one(hoot__my_columns *columns)
{
    if (columns->count < columns->capacity)
        return 0;
    if (columns->count >= HOOT__MY_COLUMNS_MAX)
        return HOOT_ELIMIT;
    return set_capacity(columns, columns->capacity ? 2 * columns->capacity : FIRST_CAPACITY);
}

void hoot__my_columns_fit(hoot__my_columns *columns)
{
    if (columns->count == 0)
        return;
    columns->capacity = columns->count; /* whichever of the three could be made smaller */
    (void)set_capacity(columns, columns->count);
}

/* What a column's cells become. Gives: false: nobody knows this type. */
static bool kind_of(uint8_t type, uint16_t flags, uint16_t charset, hoot_kind *out)
{
    switch (type) {
    case HOOT__MY_TYPE_TINY:
    case HOOT__MY_TYPE_SHORT:
    case HOOT__MY_TYPE_INT24:
    case HOOT__MY_TYPE_LONG:
    case HOOT__MY_TYPE_LONGLONG:
    case HOOT__MY_TYPE_YEAR: *out = (flags & HOOT__MY_FLAG_UNSIGNED) ? HOOT_UINT : HOOT_INT; return true;
    case HOOT__MY_TYPE_FLOAT: *out = HOOT_FLOAT; return true;
    case HOOT__MY_TYPE_DOUBLE: *out = HOOT_DOUBLE; return true;
    case HOOT__MY_TYPE_DECIMAL:
    case HOOT__MY_TYPE_NEWDECIMAL: *out = HOOT_DECIMAL; return true;
    case HOOT__MY_TYPE_DATE:
    case HOOT__MY_TYPE_NEWDATE: *out = HOOT_DATE; return true;
    case HOOT__MY_TYPE_TIME: *out = HOOT_TIME; return true;
    case HOOT__MY_TYPE_DATETIME:
    case HOOT__MY_TYPE_TIMESTAMP: *out = HOOT_DATETIME; return true;
    case HOOT__MY_TYPE_NULL: *out = HOOT_NULL; return true;
    case HOOT__MY_TYPE_JSON:
        *out = HOOT_TEXT;
        return true; /* MySQL calls its charset binary, but it is utf8mb4 */
    case HOOT__MY_TYPE_BIT:
    case HOOT__MY_TYPE_GEOMETRY:
    case HOOT__MY_TYPE_VECTOR: *out = HOOT_BYTES; return true;
    case HOOT__MY_TYPE_VARCHAR:
    case HOOT__MY_TYPE_VAR_STRING:
    case HOOT__MY_TYPE_STRING:
    case HOOT__MY_TYPE_ENUM:
    case HOOT__MY_TYPE_SET:
    case HOOT__MY_TYPE_TINY_BLOB:
    case HOOT__MY_TYPE_MEDIUM_BLOB:
    case HOOT__MY_TYPE_LONG_BLOB:
    case HOOT__MY_TYPE_BLOB: *out = charset == HOOT__MY_CHARSET_BINARY ? HOOT_BYTES : HOOT_TEXT; return true;
    default: return false;
    }
}

/* Its name in SQL. Servers send ENUM and SET as texts with a flag, and one type for all sizes of BLOB and
 * TEXT.
 */
static const char *text_type_name(uint8_t type, uint16_t flags, bool binary)
{
    if (flags & (HOOT__MY_FLAG_ENUM | HOOT__MY_FLAG_SET))
        return flags & HOOT__MY_FLAG_ENUM ? "ENUM" : "SET";
    switch (type) {
    case HOOT__MY_TYPE_STRING: return binary ? "BINARY" : "CHAR";
    case HOOT__MY_TYPE_VARCHAR:
    case HOOT__MY_TYPE_VAR_STRING: return binary ? "VARBINARY" : "VARCHAR";
    case HOOT__MY_TYPE_ENUM: return "ENUM";
    case HOOT__MY_TYPE_SET: return "SET";
    default: return binary ? "BLOB" : "TEXT";
    }
}

static const char *type_name(uint8_t type, uint16_t flags, bool binary)
{
    switch (type) {
    case HOOT__MY_TYPE_TINY: return "TINYINT";
    case HOOT__MY_TYPE_SHORT: return "SMALLINT";
    case HOOT__MY_TYPE_INT24: return "MEDIUMINT";
    case HOOT__MY_TYPE_LONG: return "INT";
    case HOOT__MY_TYPE_LONGLONG: return "BIGINT";
    case HOOT__MY_TYPE_YEAR: return "YEAR";
    case HOOT__MY_TYPE_FLOAT: return "FLOAT";
    case HOOT__MY_TYPE_DOUBLE: return "DOUBLE";
    case HOOT__MY_TYPE_DECIMAL:
    case HOOT__MY_TYPE_NEWDECIMAL: return "DECIMAL";
    case HOOT__MY_TYPE_DATE:
    case HOOT__MY_TYPE_NEWDATE: return "DATE";
    case HOOT__MY_TYPE_TIME: return "TIME";
    case HOOT__MY_TYPE_DATETIME: return "DATETIME";
    case HOOT__MY_TYPE_TIMESTAMP: return "TIMESTAMP";
    case HOOT__MY_TYPE_NULL: return "NULL";
    case HOOT__MY_TYPE_JSON: return "JSON";
    case HOOT__MY_TYPE_BIT: return "BIT";
    case HOOT__MY_TYPE_GEOMETRY: return "GEOMETRY";
    case HOOT__MY_TYPE_VECTOR: return "VECTOR";
    default: return text_type_name(type, flags, binary);
    }
}

/* The name goes behind those before it; it becomes a pointer when all have come, for the bytes may still
 * move. */
static int add_name(hoot__my_columns *columns, hoot_str name, uint32_t *out_at)
{
    size_t at = columns->text.len;
    int rc = hoot_buf_reserve(&columns->text, name.len + 1);

    if (rc < 0)
        return rc;
    (void)hoot_buf_add_str(&columns->text, name);
    (void)hoot_buf_add_byte(&columns->text, '\0');
    *out_at = (uint32_t)at;
    return 0;
}

int hoot__my_columns_add(hoot__my_columns *columns, hoot_str packet)
{
    hoot__my_in in = hoot__my_in_of(packet.ptr, packet.len);
    hoot__my_column column = { 0 };
    uint16_t charset, flags;
    hoot_str name;
    int rc;

    for (int i = 0; i < 4; i++)
        (void)hoot__my_lenenc_str(&in); /* catalog, schema, table, original table */
    name = hoot__my_lenenc_str(&in);
    (void)hoot__my_lenenc_str(&in);
    if (hoot__my_lenenc(&in) < FIXED_BYTES)
        return HOOT_EPROTOCOL;
    charset = hoot__my_u16(&in);
    column.info.length = hoot__my_u32(&in);
    column.type = hoot__my_u8(&in);
    flags = hoot__my_u16(&in);
    column.info.decimals = hoot__my_u8(&in);
    hoot__my_skip(&in, 2);
    if (in.failed)
        return HOOT_EPROTOCOL;
    rc = reserve_one(columns);
    if (rc == 0)
        rc = add_name(columns, name, &column.name_at);
    if (rc < 0)
        return rc;
    if (!kind_of(column.type, flags, charset, &column.kind) && columns->unknown_column == 0)
        columns->unknown_column = columns->count + 1;
    column.info.type = type_name(column.type, flags, charset == HOOT__MY_CHARSET_BINARY);
    column.info.kind = column.kind;
    column.info.nullable = !(flags & HOOT__MY_FLAG_NOT_NULL);
    column.info.is_unsigned = flags & HOOT__MY_FLAG_UNSIGNED;
    column.info.in_primary_key = flags & HOOT__MY_FLAG_PRIMARY_KEY;
    column.info.auto_increment = flags & HOOT__MY_FLAG_AUTO_INCREMENT;
    columns->items[columns->count++] = column;
    return 0;
}

void hoot__my_columns_finish(hoot__my_columns *columns)
{
    for (uint32_t i = 0; i < columns->count; i++)
        columns->names[i] = columns->text.data + columns->items[i].name_at;
}
