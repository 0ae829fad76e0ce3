/* Events of a binary log.
 *
 *     +---------------+----------+---------------+----------+---------+-----------+------+--------------+
 *     | timestamp (4) | type (1) | server id (4) | size (4) | end (4) | flags (2) | body | [CRC-32 (4)] |
 *     +---------------+----------+---------------+----------+---------+-----------+------+--------------+
 *
 * The checksum is over all in front of it. Whether there is one, the format description at the beginning of
 * each file says; a server sends them only to a replica that has said it knows them. What newer servers put
 * behind the fields that are read here is not looked at. */
#include "binlog_event.h"

#include <string.h>
#include <zlib.h>

enum {
    HEADER_BYTES = 19,
    CHECKSUM_BYTES = 4,
    VERSION_BYTES = 50,
    FL_STANDALONE = 1,
    CHECKSUM_NONE = 0,
    CHECKSUM_CRC32 = 1,
    MAX_TABLE_ID_SHORT = 6, /* post-header bytes of a table map whose id has four bytes */
};

static bool checksum_is_right(hoot_str bytes)
{
    hoot__my_in tail = hoot__my_in_of(bytes.ptr + bytes.len - CHECKSUM_BYTES, CHECKSUM_BYTES);
    uLong sum = crc32_z(0, (const Bytef *)bytes.ptr, bytes.len - CHECKSUM_BYTES);

    return hoot__my_u32(&tail) == (uint32_t)sum;
}

int hoot__bin_event_parse(hoot_str bytes, bool checksum, hoot__bin_event *out, hoot_error *err)
{
    hoot__my_in in = hoot__my_in_of(bytes.ptr, bytes.len);
    size_t tail = CHECKSUM_BYTES;
    uint32_t size;

    if (bytes.len > HEADER_BYTES + tail && (uint8_t)bytes.ptr[4] == HOOT__BIN_FORMAT)
        checksum = bytes.ptr[bytes.len - tail - 1] == CHECKSUM_CRC32;
    else
        tail = checksum ? CHECKSUM_BYTES : 0;
    if (bytes.len < HEADER_BYTES + tail)
        return hoot_error_set(err, HOOT_EPROTOCOL, "an event of the binary log has only %zu bytes",
                              bytes.len);
    out->timestamp = hoot__my_u32(&in);
    out->type = hoot__my_u8(&in);
    out->server_id = hoot__my_u32(&in);
    size = hoot__my_u32(&in);
    out->end = hoot__my_u32(&in);
    out->flags = hoot__my_u16(&in);
    if (size != bytes.len)
        return hoot_error_set(err, HOOT_EPROTOCOL, "an event of the binary log has %zu bytes and says %u",
                              bytes.len, (unsigned)size);
    if (checksum && !checksum_is_right(bytes))
        return hoot_error_set(err, HOOT_EPROTOCOL,
                              "an event of the binary log (type %u) has a wrong checksum",
                              (unsigned)out->type);
    out->body = hoot__my_bytes(&in, bytes.len - HEADER_BYTES - tail);
    return 0;
}

/* version of the format (2), server (50), creation (4), header's length (1), post-headers' lengths by type
 * (1 each), checksum algorithm (1). Room for its own checksum is there whatever the algorithm. Servers before
 * MySQL 5.6.1 and MariaDB 5.3, whose format ends in front of the algorithm, are not read. */
bool hoot__bin_format_parse(hoot_str body, hoot__bin_format *out)
{
    hoot__my_in in = hoot__my_in_of(body.ptr, body.len);
    uint16_t format = hoot__my_u16(&in);
    hoot_str version = hoot__my_bytes(&in, VERSION_BYTES), lengths;
    uint8_t algorithm;

    hoot__my_skip(&in, 4);
    if (format != 4 || hoot__my_u8(&in) != HEADER_BYTES || in.failed)
        return false;
    lengths = hoot__my_rest(&in);
    if (lengths.len < HOOT__BIN_TABLE_MAP + 1)
        return false;
    algorithm = (uint8_t)lengths.ptr[lengths.len - 1];
    if (algorithm != CHECKSUM_NONE && algorithm != CHECKSUM_CRC32)
        return false;
    out->checksum = algorithm == CHECKSUM_CRC32;
    out->short_table_id = lengths.ptr[HOOT__BIN_TABLE_MAP - 1] == MAX_TABLE_ID_SHORT;
    memset(out->version, 0, sizeof(out->version));
    memcpy(out->version, version.ptr, strnlen(version.ptr, version.len));
    out->maria = strcasestr(out->version, "mariadb") != NULL;
    return true;
}

bool hoot__bin_rotate_parse(hoot_str body, hoot__bin_rotate *out)
{
    hoot__my_in in = hoot__my_in_of(body.ptr, body.len);

    out->offset = hoot__my_u64(&in);
    out->file = hoot__my_rest(&in);
    return !in.failed && out->file.len > 0 && hoot_str_find(out->file, '\0') < 0;
}

/* thread (4), seconds it took (4), length of the schema's name (1), error (2), length of the variables (2),
 * variables, schema, NUL, statement */
bool hoot__bin_query_parse(hoot_str body, hoot__bin_query *out)
{
    hoot__my_in in = hoot__my_in_of(body.ptr, body.len);
    size_t schema_len, variables_len;

    hoot__my_skip(&in, 8);
    schema_len = hoot__my_u8(&in);
    hoot__my_skip(&in, 2);
    variables_len = hoot__my_u16(&in);
    hoot__my_skip(&in, variables_len);
    out->schema = hoot__my_bytes(&in, schema_len);
    if (hoot__my_u8(&in) != 0)
        return false;
    out->text = hoot__my_rest(&in);
    return !in.failed && hoot_str_find(out->schema, '\0') < 0;
}

bool hoot__bin_xid_parse(hoot_str body, uint64_t *out)
{
    hoot__my_in in = hoot__my_in_of(body.ptr, body.len);

    *out = hoot__my_u64(&in);
    return !in.failed;
}

/* MySQL:   flags (1), uuid (16), number (8), logical clock ...
 * MariaDB: number (8), domain (4), flags (1) ... */
bool hoot__bin_gtid_parse(const hoot__bin_event *event, hoot__bin_gtid *out)
{
    hoot__my_in in = hoot__my_in_of(event->body.ptr, event->body.len);
    hoot_str uuid;

    memset(out, 0, sizeof(*out));
    out->maria = event->type == HOOT__BIN_MARIA_GTID;
    if (out->maria) {
        out->number = hoot__my_u64(&in);
        out->domain = hoot__my_u32(&in);
        out->standalone = hoot__my_u8(&in) & FL_STANDALONE;
        return !in.failed;
    }
    hoot__my_skip(&in, 1);
    uuid = hoot__my_bytes(&in, sizeof(out->uuid));
    out->number = hoot__my_u64(&in);
    if (in.failed)
        return false;
    memcpy(out->uuid, uuid.ptr, sizeof(out->uuid));
    return true;
}

/* MySQL puts one byte in front, which says nothing for longer texts. */
bool hoot__bin_annotate_parse(const hoot__bin_event *event, hoot_str *out)
{
    hoot__my_in in = hoot__my_in_of(event->body.ptr, event->body.len);

    if (event->type == HOOT__BIN_ROWS_QUERY)
        hoot__my_skip(&in, 1);
    *out = hoot__my_rest(&in);
    return !in.failed;
}

/* 0x80 | algorithm << 4 | bytes of the length, length (big-endian), zlib's format. Algorithm 0 is zlib. */
int hoot__bin_inflate(hoot_str compressed, hoot_buf *out)
{
    hoot__my_in in = hoot__my_in_of(compressed.ptr, compressed.len);
    uint8_t head = hoot__my_u8(&in);
    unsigned width = head & 7u;
    uint64_t len = 0;
    uLongf there;
    hoot_str rest;
    int rc;

    for (unsigned i = 0; i < width; i++)
        len = len << 8 | hoot__my_u8(&in);
    rest = hoot__my_rest(&in);
    if (in.failed || (head & 0xf0) != 0x80 || width < 1 || width > 4)
        return HOOT_EPROTOCOL;
    rc = hoot_buf_reserve(out, len);
    if (rc < 0)
        return rc;
    there = (uLongf)len;
    if (len > 0 && (uncompress((Bytef *)out->data + out->len, &there, (const Bytef *)rest.ptr,
                               (uLong)rest.len) != Z_OK ||
                    there != len))
        return HOOT_EPROTOCOL;
    out->len += len;
    return 0;
}
