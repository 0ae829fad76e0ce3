/* The exchange operations over memory. They check what a connection checks (one answer, fields that may be
 * sent, no more bytes than promised), so that a test in process fails where a client would. Nothing here
 * suspends. */
#include "http/memory_exchange.h"

#include "http/message.h"
#include "http/server.h"

#define BODY_PIECE_BYTES  ((size_t)16 * 1024)
#define MAX_ANSWER_BYTES  ((size_t)1 << 30)
#define MEMORY_BODY_LIMIT ((uint64_t)16 * 1024 * 1024)

static hoot__memory_exchange *of(hoot__exchange *ex)
{
    return (hoot__memory_exchange *)(void *)ex;
}

static int fail_body(hoot__exchange *ex, int code, int status)
{
    ex->body_status = status;
    return code;
}

static int memory_read_body(hoot__exchange *ex, hoot_str *out_piece)
{
    hoot__memory_exchange *me = of(ex);
    hoot_str piece = hoot_str_head(me->body, BODY_PIECE_BYTES);

    if (ex->body_status || me->body.len + ex->body_read > ex->body_limit)
        return fail_body(ex, HOOT_ELIMIT, 413);
    if (piece.len == 0)
        return 0;
    me->body = hoot_str_from_index(me->body, piece.len);
    ex->body_read += piece.len;
    *out_piece = piece;
    return 1;
}

static int memory_fill_body(hoot__exchange *ex, char *at, size_t room, size_t *out_len)
{
    hoot_str piece = { NULL, 0 };
    int rc = memory_read_body(ex, &piece);

    if (rc <= 0)
        return rc;
    if (piece.len > room) { /* the rest of it is given once more */
        of(ex)->body = hoot_str_of(piece.ptr + room, of(ex)->body.len + piece.len - room);
        ex->body_read -= piece.len - room;
        piece.len = room;
    }
    memcpy(at, piece.ptr, piece.len);
    *out_len = piece.len;
    return 1;
}

static int copy_header(hoot_arena *arena, const hoot__header *from, hoot__header *to)
{
    char *name = hoot_arena_dup(arena, from->name);
    char *value = hoot_arena_dup(arena, from->value);

    if (!name || !value)
        return HOOT_ENOMEM;
    if (!hoot__http_is_token(from->name) || !hoot__http_is_field_value(from->value))
        return HOOT_EINVAL;
    to->name = hoot_str_of(name, from->name.len);
    to->value = hoot_str_of(value, from->value.len);
    to->known = hoot__http_known_header(from->name);
    return 0;
}

static int begin(hoot__exchange *ex, const hoot__response_head *head)
{
    hoot__memory_exchange *me = of(ex);
    hoot__header *copy = hoot_arena_alloc_array(ex->arena, head->header_count + 1, sizeof *copy);

    if (ex->answered)
        return HOOT_ESTATE;
    if (head->status < 200 || head->status > 599)
        return HOOT_EINVAL;
    if (!copy)
        return HOOT_ENOMEM;
    for (size_t i = 0; i < head->header_count; i++) {
        int rc = copy_header(ex->arena, &head->headers[i], &copy[i]);

        if (rc < 0)
            return rc;
    }
    ex->answered = true;
    ex->status = me->status = head->status;
    me->headers = copy;
    me->header_count = head->header_count;
    me->body_bytes = head->body_bytes;
    me->no_body = hoot_str_is(ex->method, "HEAD") || head->status == 204 || head->status == 304;
    return 0;
}

static int add(hoot__memory_exchange *me, hoot_str bytes)
{
    int rc = me->no_body ? 0 : hoot_buf_add_str(&me->answer, bytes);

    if (rc == 0 && !me->no_body)
        me->ex.response_bytes += bytes.len;
    return rc;
}

static int memory_respond(hoot__exchange *ex, const hoot__response_head *head, hoot_str body)
{
    int rc = begin(ex, head);

    if (rc == 0)
        rc = add(of(ex), body);
    of(ex)->finished |= rc == 0;
    return rc;
}

static int memory_start(hoot__exchange *ex, const hoot__response_head *head)
{
    return begin(ex, head);
}

static int memory_write(hoot__exchange *ex, hoot_str bytes)
{
    hoot__memory_exchange *me = of(ex);

    if (!ex->answered || me->finished)
        return HOOT_ESTATE;
    if (me->body_bytes >= 0 && !me->no_body && me->answer.len + bytes.len > (uint64_t)me->body_bytes)
        return HOOT_ELIMIT;
    return add(me, bytes);
}

static int memory_finish(hoot__exchange *ex)
{
    hoot__memory_exchange *me = of(ex);

    if (!ex->answered || me->finished)
        return HOOT_ESTATE;
    if (me->body_bytes >= 0 && !me->no_body && me->answer.len < (uint64_t)me->body_bytes)
        return HOOT_ESTATE;
    me->finished = true;
    return 0;
}

static const hoot__exchange_ops memory_ops = {
    .read_body = memory_read_body,
    .fill_body = memory_fill_body,
    .respond = memory_respond,
    .start = memory_start,
    .write = memory_write,
    .finish = memory_finish,
};

static void set_target(hoot__exchange *ex, hoot_str target)
{
    ptrdiff_t question = hoot_str_find(target, '?');

    ex->target = target;
    ex->path = question < 0 ? target : hoot_str_head(target, (size_t)question);
    ex->query = question < 0 ? hoot_str_of("", 0) : hoot_str_from_index(target, (size_t)question + 1);
}

static int set_headers(hoot__exchange *ex, const hoot__header *headers, size_t count)
{
    memset(ex->known, -1, sizeof ex->known);
    ex->headers.at = hoot_arena_alloc_array(ex->arena, count + 1, sizeof *headers);
    if (!ex->headers.at)
        return HOOT_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        hoot__header *header = &ex->headers.at[i];

        if (!hoot__http_is_token(headers[i].name) || !hoot__http_is_field_value(headers[i].value) ||
            i > INT16_MAX)
            return HOOT_EINVAL;
        *header = headers[i];
        header->known = hoot__http_known_header(header->name);
        if (header->known != HOOT__HEADER_OTHER && ex->known[header->known] < 0)
            ex->known[header->known] = (int16_t)i;
    }
    ex->headers.count = count;
    return 0;
}

int hoot__memory_exchange_init(hoot__memory_exchange *me, hoot_arena *arena, hoot_str method, hoot_str target,
                               const hoot__header *headers, size_t header_count, hoot_str body)
{
    hoot__exchange *ex = &me->ex;
    int rc;

    memset(me, 0, sizeof *me);
    hoot_buf_init(&me->answer, MAX_ANSWER_BYTES);
    me->body = body;
    me->body_bytes = -1;
    ex->ops = &memory_ops;
    ex->arena = arena;
    ex->method = method;
    ex->scheme = HOOT_STR("http");
    ex->version = 11;
    ex->content_length = (int64_t)body.len;
    ex->body_limit = MEMORY_BODY_LIMIT;
    ex->peer = "127.0.0.1";
    ex->started_us = hoot__http_monotonic_us();
    set_target(ex, target);
    rc = set_headers(ex, headers, header_count);
    ex->authority = rc == 0 ? hoot__exchange_known(ex, HOOT__HEADER_HOST) : hoot_str_of(NULL, 0);
    return rc;
}

void hoot__memory_exchange_fini(hoot__memory_exchange *me)
{
    hoot_buf_fini(&me->answer);
}
