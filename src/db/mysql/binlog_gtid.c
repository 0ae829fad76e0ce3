/* Sets of transactions: one sorted array of ranges, few in practice (one a server or domain). */
#include "binlog_gtid.h"

#include "base/alloc.h"

#include <string.h>

enum { FIRST_CAPACITY = 8, UUID_BYTES = 16, UUID_TEXT = 36 };

void hoot__gtid_set_init(hoot__gtid_set *set, bool maria)
{
    memset(set, 0, sizeof(*set));
    set->maria = maria;
}

void hoot__gtid_set_fini(hoot__gtid_set *set)
{
    hoot__free(set->ranges);
    memset(set, 0, sizeof(*set));
}

int hoot__gtid_set_reserve(hoot__gtid_set *set)
{
    size_t capacity = set->capacity ? 2 * set->capacity : FIRST_CAPACITY;
    hoot__gtid_range *ranges;

    if (set->count < set->capacity)
        return 0;
    if (set->count >= HOOT__GTID_RANGES_MAX)
        return HOOT_ELIMIT;
    ranges = hoot__realloc(set->ranges, capacity * sizeof(*ranges));
    if (!ranges)
        return HOOT_ENOMEM;
    set->ranges = ranges;
    set->capacity = capacity;
    return 0;
}

static int insert_at(hoot__gtid_set *set, size_t at, const hoot__gtid_range *range)
{
    int rc = hoot__gtid_set_reserve(set);

    if (rc < 0)
        return rc;
    memmove(&set->ranges[at + 1], &set->ranges[at], (set->count - at) * sizeof(*range));
    set->ranges[at] = *range;
    set->count++;
    return 0;
}

static void remove_at(hoot__gtid_set *set, size_t at)
{
    set->count--;
    memmove(&set->ranges[at], &set->ranges[at + 1], (set->count - at) * sizeof(*set->ranges));
}

static int add_maria(hoot__gtid_set *set, const hoot__gtid_range *range)
{
    size_t at = 0;

    while (at < set->count && set->ranges[at].domain < range->domain)
        at++;
    if (at == set->count || set->ranges[at].domain != range->domain)
        return insert_at(set, at, range);
    set->ranges[at] = *range; /* the last one, by the order of the log: numbers may go back in a domain */
    return 0;
}

/* The first range of that uuid that ends at `first` - 1 or behind it; else where it belongs. */
static size_t find(const hoot__gtid_set *set, const hoot__gtid_range *range)
{
    size_t at = 0;

    for (; at < set->count; at++) {
        int order = memcmp(set->ranges[at].uuid, range->uuid, UUID_BYTES);

        if (order > 0 || (order == 0 && set->ranges[at].last >= range->first - 1))
            break;
    }
    return at;
}

static bool touches(const hoot__gtid_set *set, size_t at, const hoot__gtid_range *range)
{
    return at < set->count && memcmp(set->ranges[at].uuid, range->uuid, UUID_BYTES) == 0 &&
           set->ranges[at].first <= range->last + 1;
}

int hoot__gtid_set_add(hoot__gtid_set *set, const hoot__gtid_range *range)
{
    hoot__gtid_range *into;
    size_t at;

    if (set->maria)
        return add_maria(set, range);
    at = find(set, range);
    if (!touches(set, at, range))
        return insert_at(set, at, range);
    into = &set->ranges[at];
    into->first = into->first < range->first ? into->first : range->first;
    into->last = into->last > range->last ? into->last : range->last;
    while (touches(set, at + 1, into)) {
        into->last = into->last > set->ranges[at + 1].last ? into->last : set->ranges[at + 1].last;
        remove_at(set, at + 1);
    }
    return 0;
}

/* --- text --- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_uuid(hoot_str text, uint8_t *out)
{
    size_t at = 0;

    if (text.len != UUID_TEXT)
        return false;
    for (size_t i = 0; i < UUID_BYTES; i++) {
        int high, low;

        if ((i == 4 || i == 6 || i == 8 || i == 10) && text.ptr[at++] != '-')
            return false;
        high = hex_digit(text.ptr[at]);
        low = hex_digit(text.ptr[at + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
        at += 2;
    }
    return true;
}

static bool is_number(hoot_str text, uint64_t max, uint64_t *out)
{
    return text.len > 0 && text.ptr[0] != '+' && hoot_str_to_u64(text, out) == 0 && *out <= max;
}

/* Numbers of MySQL end at 2^63 - 2. */
#define NUMBER_MAX ((uint64_t)INT64_MAX - 1)

/* "uuid:1-5:7" */
static int add_mysql_text(hoot__gtid_set *set, hoot_str rest)
{
    hoot__gtid_range range = { .first = 0 };
    hoot_str part, number;
    bool any = false;

    if (!hoot_str_split(&rest, ':', &part) || !parse_uuid(hoot_str_trim(part, " \r\n\t"), range.uuid))
        return HOOT_EINVAL;
    while (hoot_str_split(&rest, ':', &part)) {
        hoot_str ends = hoot_str_trim(part, " \r\n\t");
        int rc;

        if (!hoot_str_split(&ends, '-', &number) || !is_number(number, NUMBER_MAX, &range.first))
            return HOOT_EINVAL;
        range.last = range.first;
        if (ends.ptr && !is_number(ends, NUMBER_MAX, &range.last))
            return HOOT_EINVAL;
        if (range.first < 1 || range.last < range.first)
            return HOOT_EINVAL;
        rc = hoot__gtid_set_add(set, &range);
        if (rc < 0)
            return rc;
        any = true;
    }
    return any ? 0 : HOOT_EINVAL;
}

/* "domain-server-number" */
static int add_maria_text(hoot__gtid_set *set, hoot_str rest)
{
    hoot__gtid_range range = { .first = 0 };
    uint64_t domain, server_id;
    hoot_str part[3];

    for (size_t i = 0; i < 3; i++)
        if (!hoot_str_split(&rest, '-', &part[i]))
            return HOOT_EINVAL;
    if (rest.ptr || !is_number(part[0], UINT32_MAX, &domain) || !is_number(part[1], UINT32_MAX, &server_id) ||
        !is_number(part[2], UINT64_MAX, &range.last))
        return HOOT_EINVAL;
    range.domain = (uint32_t)domain;
    range.server_id = (uint32_t)server_id;
    return hoot__gtid_set_add(set, &range);
}

int hoot__gtid_set_add_text(hoot__gtid_set *set, hoot_str text)
{
    hoot_str part;

    text = hoot_str_trim(text, " \r\n\t");
    while (text.len > 0 && hoot_str_split(&text, ',', &part)) {
        int rc;

        part = hoot_str_trim(part, " \r\n\t");
        rc = set->maria ? add_maria_text(set, part) : add_mysql_text(set, part);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static void put_uuid(const uint8_t *uuid, hoot_buf *out)
{
    for (size_t i = 0; i < UUID_BYTES; i++)
        (void)hoot_buf_printf(out, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid[i]);
}

static void put_mysql_range(const hoot__gtid_set *set, size_t i, hoot_buf *out)
{
    const hoot__gtid_range *range = &set->ranges[i];

    if (i == 0 || memcmp(set->ranges[i - 1].uuid, range->uuid, UUID_BYTES) != 0) {
        (void)hoot_buf_printf(out, "%s", i ? "," : "");
        put_uuid(range->uuid, out);
    }
    (void)hoot_buf_printf(out, ":%llu", (unsigned long long)range->first);
    if (range->last > range->first)
        (void)hoot_buf_printf(out, "-%llu", (unsigned long long)range->last);
}

int hoot__gtid_set_text(const hoot__gtid_set *set, hoot_buf *out)
{
    for (size_t i = 0; i < set->count; i++) {
        const hoot__gtid_range *range = &set->ranges[i];

        if (set->maria)
            (void)hoot_buf_printf(out, "%s%u-%u-%llu", i ? "," : "", range->domain, range->server_id,
                                  (unsigned long long)range->last);
        else
            put_mysql_range(set, i, out);
    }
    return out->failed ? HOOT_ENOMEM : 0;
}

int hoot__gtid_text(const hoot__bin_gtid *gtid, uint32_t server_id, hoot_buf *out)
{
    if (gtid->maria)
        return hoot_buf_printf(out, "%u-%u-%llu", gtid->domain, server_id, (unsigned long long)gtid->number);
    put_uuid(gtid->uuid, out);
    return hoot_buf_printf(out, ":%llu", (unsigned long long)gtid->number);
}

/* --- MySQL's and MariaDB's bytes --- */

static size_t same_uuid(const hoot__gtid_set *set, size_t from)
{
    size_t i = from;

    while (i < set->count && memcmp(set->ranges[i].uuid, set->ranges[from].uuid, UUID_BYTES) == 0)
        i++;
    return i - from;
}

/* count (8), then for each server: uuid (16), count (8), then for each range: first (8), last + 1 (8) */
int hoot__gtid_set_encode(const hoot__gtid_set *set, hoot_buf *out)
{
    uint64_t servers = 0;

    for (size_t i = 0; i < set->count; i += same_uuid(set, i))
        servers++;
    hoot__my_put_u64(out, servers);
    for (size_t i = 0; i < set->count;) {
        size_t count = same_uuid(set, i);

        (void)hoot_buf_add(out, set->ranges[i].uuid, UUID_BYTES);
        hoot__my_put_u64(out, count);
        for (size_t end = i + count; i < end; i++) {
            hoot__my_put_u64(out, set->ranges[i].first);
            hoot__my_put_u64(out, set->ranges[i].last + 1);
        }
    }
    return hoot__my_put_check(out);
}

static int decode_ranges(hoot__gtid_set *set, hoot__my_in *in, hoot__gtid_range *range)
{
    uint64_t count = hoot__my_u64(in);
    int rc = 0;

    for (uint64_t i = 0; i < count && rc == 0; i++) {
        uint64_t end;

        range->first = hoot__my_u64(in);
        end = hoot__my_u64(in);
        if (in->failed || range->first < 1 || end <= range->first || end > NUMBER_MAX + 1)
            return HOOT_EPROTOCOL;
        range->last = end - 1;
        rc = hoot__gtid_set_add(set, range);
    }
    return rc;
}

static int decode_mysql(hoot__gtid_set *set, hoot__my_in *in)
{
    uint64_t servers = hoot__my_u64(in);
    int rc = 0;

    if (servers >> 56) /* from MySQL 8.3 on: a set with tags has another form, and says so here */
        return HOOT_ENOTSUP;
    for (uint64_t i = 0; i < servers && rc == 0; i++) {
        hoot__gtid_range range = { .first = 0 };
        hoot_str uuid = hoot__my_bytes(in, UUID_BYTES);

        if (in->failed)
            return HOOT_EPROTOCOL;
        memcpy(range.uuid, uuid.ptr, UUID_BYTES);
        rc = decode_ranges(set, in, &range);
    }
    return rc < 0 ? rc : in->failed ? HOOT_EPROTOCOL : 0;
}

/* flags (4 bits) and count (28 bits), then for each: domain (4), server (4), number (8). A domain's last one
 * stands behind its others. */
static int decode_maria(hoot__gtid_set *set, hoot__my_in *in)
{
    uint32_t count = hoot__my_u32(in) & 0x0fffffff;
    int rc = 0;

    for (uint32_t i = 0; i < count && rc == 0; i++) {
        hoot__gtid_range range = { .first = 0 };

        range.domain = hoot__my_u32(in);
        range.server_id = hoot__my_u32(in);
        range.last = hoot__my_u64(in);
        if (in->failed)
            return HOOT_EPROTOCOL;
        rc = hoot__gtid_set_add(set, &range);
    }
    return rc < 0 ? rc : in->failed ? HOOT_EPROTOCOL : 0;
}

int hoot__gtid_set_decode(hoot__gtid_set *set, hoot_str body)
{
    hoot__my_in in = hoot__my_in_of(body.ptr, body.len);

    return set->maria ? decode_maria(set, &in) : decode_mysql(set, &in);
}
