/* What both result targets do: the input is a stream of packets, each with two bytes of length in front, fed
 * to the machine of one answer; rows are decoded from a block of just their size and one byte more. The first
 * byte chooses the capabilities. */
#ifndef FUZZ_DB_MYSQL_RESULT_H
#define FUZZ_DB_MYSQL_RESULT_H

#include "db/mysql/protocol.h"
#include "db/mysql/reply.h"
#include "db/mysql/rows.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static inline void check_cells(const hoot__my_columns *columns, const char *row, size_t len)
{
    for (uint32_t i = 0; i < columns->count; i++) {
        const hoot_value *cell = &columns->cells[i];

        if (cell->kind != HOOT_TEXT && cell->kind != HOOT_BYTES && cell->kind != HOOT_DECIMAL)
            continue;
        assert(cell->str.ptr >= row && cell->str.ptr + cell->str.len <= row + len);
        assert(cell->str.ptr[cell->str.len] == '\0');
    }
}

static inline void decode_row(hoot__my_columns *columns, hoot_str packet, bool binary)
{
    char *row = malloc(packet.len + 1);
    hoot__my_packet own = { row, packet.len };
    uint32_t column;
    int rc;

    assert(row);
    memcpy(row, packet.ptr, packet.len);
    rc = binary ? hoot__my_row_binary(columns, own, &column) : hoot__my_row_text(columns, own, &column);
    if (rc == 0)
        check_cells(columns, row, packet.len);
    else
        assert(column <= columns->count);
    free(row);
}

static inline void feed_all(hoot__my_reply *reply, hoot__my_columns *columns, hoot__my_in *in, bool binary)
{
    while (reply->due != HOOT__MY_DUE_NOTHING && hoot__my_left(in) > 0) {
        hoot_error err = HOOT_ERROR_INIT;
        size_t len = hoot__my_u16(in);
        hoot_str packet = hoot__my_bytes(in, len < hoot__my_left(in) ? len : hoot__my_left(in));
        int event = hoot__my_reply_feed(reply, packet, &err);

        if (event < 0) {
            assert(err.text[0]);
            return;
        }
        if (event == HOOT__MY_ROW && columns->unknown_column == 0)
            decode_row(columns, packet, binary);
    }
}

static inline int feed_result(const uint8_t *data, size_t size, bool binary)
{
    hoot__my_in in = hoot__my_in_of(data, size);
    uint8_t choice = hoot__my_u8(&in);
    uint32_t capabilities = (choice & 1 ? HOOT__MY_CAP_DEPRECATE_EOF : 0) |
                            (choice & 2 ? HOOT__MY_CAP_SESSION_TRACK : 0) |
                            (choice & 4 ? HOOT__MY_CAP_CACHES_COLUMNS : 0);
    hoot__my_columns columns;
    hoot__my_reply reply;

    hoot__my_columns_init(&columns);
    if (binary) {
        hoot__my_reply_begin_prepare(&reply, capabilities, choice & 4 ? &columns : NULL);
        feed_all(&reply, &columns, &in, true);
    }
    hoot__my_reply_begin(&reply, capabilities, binary, &columns);
    feed_all(&reply, &columns, &in, binary);
    hoot__my_columns_fini(&columns);
    return 0;
}

#endif
