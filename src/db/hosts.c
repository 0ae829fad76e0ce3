/* Several servers behind one pool.
 *
 * A host is well or avoided. It becomes avoided when connecting to it fails, or when it says that it does not
 * serve (read-only after a failover; a Galera node outside of its cluster), and what is connected to it is
 * retired: idle connections at once, lent ones as they come back. It comes back through a probe, a connection
 * of the pool's own that is made after 0.5 s, then twice as long each time, to 30 s, at random up to a
 * quarter less, and closed again: no task has to wait for a host that is still down. A host that refused
 * writes is well again only when it takes them.
 *
 * A lost connection alone does not make a host avoided, for somebody may have killed just that one; but it is
 * probed at once, so that a host that vanished is avoided after one connect timeout and not after one for
 * each asker.
 *
 * When every host is avoided they are tried all the same: being wrong about that costs a little time, and
 * refusing without a try would cost answers. A pool with one host never avoids it.
 *
 * When a host is back, connections move to it: tried in order, those of hosts behind it; at random, its even
 * share. They are retired at random within a second, so that not all connect again at once.
 *
 * At random means: any of those that have the fewest connections of this pool. So the connections of one pool
 * are spread evenly, also after a host was away, and those of many pools by chance. */
#include "db/hosts.h"

#include <hoot/crypto.h>
#include <hoot/log.h>

#include "db/pool.h"

#include <stdio.h>

enum {
    FIRST_DELAY_MS = 500,
    LAST_DELAY_MS = 30 * 1000,
    STEADY_MS = 60 * 1000, /* well for so long: the next back-off begins anew */
    PROBE_MS = 3000,
    MOVE_WITHIN_MS = 1000,
};

static uint32_t random_below(uint32_t limit)
{
    uint32_t random;

    hoot_random(&random, sizeof(random));
    return random % limit;
}

/* --- the list --- */

/* "host", "host:port", "[address]", "[address]:port" */
static int parse_one(hoot_arena *arena, hoot_str text, hoot_target *target, hoot_error *err)
{
    bool brackets = hoot_str_starts(text, HOOT_STR("["));
    ptrdiff_t end = hoot_str_find(text, brackets ? ']' : ':');
    hoot_str port = hoot_str_of("", 0);
    uint64_t number = target->port;

    if (brackets && end < 0)
        return hoot_error_set(err, HOOT_ECONFIG, "a database host has a '[' without a ']'");
    if (end >= 0) {
        port = hoot_str_from_index(text, (size_t)end + (brackets ? 1 : 0));
        text = hoot_str_head(text, (size_t)end);
    }
    text = brackets ? hoot_str_from_index(text, 1) : text;
    if (port.len && (port.ptr[0] != ':' || hoot_str_to_u64(hoot_str_from_index(port, 1), &number) ||
                     number < 1 || number > 65535))
        return hoot_error_set(err, HOOT_ECONFIG, "a database host's port is not a number from 1 to 65535");
    if (!text.len)
        return hoot_error_set(err, HOOT_ECONFIG, "the list of database hosts has an empty one");
    target->host = hoot_arena_dup(arena, text);
    target->port = (uint16_t)number;
    return target->host ? 0 : hoot_error_set(err, HOOT_ENOMEM, "no memory for the database hosts");
}

static int add(hoot_arena *arena, const hoot_target *target, hoot__host *host, hoot_error *err)
{
    char place[320];

    host->target = *target;
    host->place = hoot_arena_strdup(arena, hoot__target_place(target, place, sizeof(place)));
    host->stats.host = host->place;
    return host->place ? 0 : hoot_error_set(err, HOOT_ENOMEM, "no memory for the database hosts");
}

int hoot__hosts_parse(hoot_arena *arena, const char *list, const hoot_target *model, hoot__host **out_hosts,
                      uint32_t *out_count, hoot_error *err)
{
    hoot__host *hosts = hoot_arena_zalloc(arena, HOOT__HOSTS_MAX * sizeof(*hosts));
    hoot_str rest = hoot_str_from(list ? list : ""), one;
    bool single = !rest.len;
    uint32_t count = 0;
    int rc = hosts ? 0 : hoot_error_set(err, HOOT_ENOMEM, "no memory for the database hosts");

    if (!rc && single)
        rc = add(arena, model, &hosts[count++], err);
    while (!rc && !single && hoot_str_split(&rest, ',', &one)) {
        hoot_target target = *model;

        if (count == HOOT__HOSTS_MAX)
            return hoot_error_set(err, HOOT_ECONFIG, "a pool has at most %d hosts", HOOT__HOSTS_MAX);
        rc = parse_one(arena, hoot_str_trim(one, " "), &target, err);
        if (!rc)
            rc = add(arena, &target, &hosts[count++], err);
    }
    if (rc)
        return rc;
    *out_hosts = hosts;
    *out_count = count;
    return 0;
}

/* --- connections of a host that are to end --- */

static void retire_all(hoot__host *host)
{
    hoot__slot *slot = host->pool->slots, *next;

    for (; slot; slot = next) {
        next = slot->next;
        if (slot->host == host)
            hoot__slot_retire(slot, 0, &host->pool->stats.closed_lost);
    }
}

/* Which connections are elsewhere only because this host was away. */
static bool belongs_to(const hoot__host *back, const hoot__slot *slot)
{
    if (!slot->host || slot->host == back || slot->state == HOOT__CONNECTING)
        return false;
    return back->pool->limits.host_order == HOOT_HOSTS_AT_RANDOM || slot->host > back;
}

static void move_back(const hoot__host *back)
{
    hoot_pool *pool = back->pool;
    uint32_t share = (pool->total + pool->host_count - 1) / pool->host_count;
    uint32_t most = pool->limits.host_order == HOOT_HOSTS_AT_RANDOM ? share : pool->total;
    hoot__slot *slot = pool->slots, *next;

    for (; slot && most; slot = next) {
        next = slot->next;
        if (belongs_to(back, slot) && most--)
            hoot__slot_retire(slot, hoot_now_ms() + random_below(MOVE_WITHIN_MS), &pool->stats.closed_moved);
    }
}

/* --- avoiding, and coming back --- */

static void avoid(hoot__host *host, bool must_write, const char *why)
{
    hoot_pool *pool = host->pool;
    uint64_t now = hoot_now_ms();

    host->must_write = host->must_write || must_write;
    if (pool->host_count == 1 || pool->state != HOOT__POOL_OPEN)
        return;
    if (!host->stats.avoided)
        hoot_log_warning("database host %s is avoided: %s", host->place, why);
    else if (now < host->probe_at_ms)
        return;
    if (!host->stats.avoided && now - host->well_since_ms > STEADY_MS)
        host->delay_ms = 0;
    host->delay_ms = host->delay_ms == 0                  ? FIRST_DELAY_MS
                     : host->delay_ms > LAST_DELAY_MS / 2 ? LAST_DELAY_MS
                                                          : host->delay_ms * 2;
    host->probe_at_ms = now + host->delay_ms - random_below(host->delay_ms / 4);
    host->stats.avoided = true;
    hoot__pool_wake_at(pool, host->probe_at_ms);
    retire_all(host);
}

static void come_back(hoot__host *host)
{
    if (!host->stats.avoided)
        return;
    hoot_log_info("database host %s is back", host->place);
    host->stats.avoided = host->must_write = false;
    host->well_since_ms = hoot_now_ms();
    move_back(host);
}

static int probe_main(hoot_error *err, void *arg)
{
    hoot__host *host = arg;
    const hoot_driver *driver = host->target.driver;
    hoot_link *link = NULL;
    int rc = HOOT_ETIMEOUT;

    hoot_timeout (host->target.connect_timeout_ms < PROBE_MS ? host->target.connect_timeout_ms : PROBE_MS) {
        rc = driver->connect(&host->target, &link, err);
        if (!rc && driver->serves)
            rc = driver->serves(link, host->must_write, err);
        if (link)
            driver->close(link);
    }
    return rc;
}

/* Runs on the loop. */
static void probe_done(int rc, const hoot_error *err, void *arg)
{
    hoot__host *host = arg;
    hoot_pool *pool = host->pool;

    host->probe = NULL;
    pool->probes--;
    if (pool->state != HOOT__POOL_OPEN)
        hoot__pool_tell_closer(pool);
    else if (rc)
        avoid(host, false, err->text[0] ? err->text : hoot_error_text(rc));
    else
        come_back(host);
}

static void probe(hoot__host *host)
{
    const hoot__task_options options = { .name = "pool: probe a host", .detached_context = true };

    if (host->probe)
        return;
    host->probe = hoot__task_start(&options, probe_main, probe_done, host);
    if (host->probe)
        host->pool->probes++;
    else
        host->probe_at_ms = hoot_now_ms() + LAST_DELAY_MS;
}

void hoot__host_suspect(hoot__host *host)
{
    host->stats.lost++;
    if (host->pool->host_count > 1 && host->pool->state == HOOT__POOL_OPEN && !host->stats.avoided)
        probe(host);
}

void hoot__host_refuses(hoot__host *host, bool must_write)
{
    host->stats.refused++;
    avoid(host, must_write, must_write ? "it is read-only" : "it does not serve now");
}

void hoot__hosts_watch(hoot_pool *pool)
{
    for (hoot__host *host = pool->hosts; host < pool->hosts + pool->host_count; host++) {
        if (!host->stats.avoided || host->probe)
            continue;
        if (host->probe_at_ms <= hoot_now_ms())
            probe(host);
        else
            hoot__pool_wake_at(pool, host->probe_at_ms);
    }
}

void hoot__hosts_stop(hoot_pool *pool)
{
    for (hoot__host *host = pool->hosts; host < pool->hosts + pool->host_count; host++) {
        if (host->probe)
            hoot__task_cancel(host->probe);
    }
}

/* --- connecting --- */

static uint32_t connections_of(const hoot__host *host)
{
    uint32_t count = host->connecting;

    for (const hoot__slot *slot = host->pool->slots; slot; slot = slot->next)
        count += slot->host == host;
    return count;
}

/* At random, then by their connections; equal ones stay as they were. */
static void spread(hoot__host *hosts[], uint32_t count)
{
    uint32_t load[HOOT__HOSTS_MAX];

    for (uint32_t i = count; i > 1; i--) { /* Fisher and Yates */
        uint32_t j = random_below(i);
        hoot__host *host = hosts[j];

        hosts[j] = hosts[i - 1];
        hosts[i - 1] = host;
    }
    for (uint32_t i = 0; i < count; i++) {
        hoot__host *host = hosts[i];
        uint32_t own = connections_of(host), j = i;

        for (; j > 0 && load[j - 1] > own; j--) {
            hosts[j] = hosts[j - 1];
            load[j] = load[j - 1];
        }
        hosts[j] = host;
        load[j] = own;
    }
}

/* Who is tried, best first. */
static void line_up(hoot_pool *pool, hoot__host *out[HOOT__HOSTS_MAX])
{
    hoot__host *all[HOOT__HOSTS_MAX];
    uint32_t count = pool->host_count, filled = 0;

    for (uint32_t i = 0; i < count; i++)
        all[i] = &pool->hosts[i];
    if (pool->limits.host_order == HOOT_HOSTS_AT_RANDOM)
        spread(all, count);
    for (int avoided = 0; avoided < 2; avoided++) {
        for (uint32_t i = 0; i < count; i++) {
            if (all[i]->stats.avoided == avoided)
                out[filled++] = all[i];
        }
    }
}

/* A failure that is the host's, and not ours. */
static bool is_of_host(int rc)
{
    return rc != HOOT_ENOMEM && rc != HOOT_ECANCELED && rc != -EMFILE && rc != -ENFILE;
}

/* What it was at when the time was over stays in the text: greeting, TLS or login. */
static int took_too_long(const hoot__host *host, uint64_t within_ms, hoot_error *err)
{
    if (err)
        err->code = HOOT_ECONNECT;
    (void)hoot_error_prefix(err, "connecting to %s took over %llu ms", host->place,
                            (unsigned long long)within_ms);
    return HOOT_ECONNECT;
}

static int connect_one(hoot__host *host, uint64_t within_ms, hoot_link **out_link, hoot_error *err)
{
    int rc = HOOT_ETIMEOUT;

    host->connecting++;
    hoot_timeout (within_ms)
        rc = host->target.driver->connect(&host->target, out_link, err);
    host->connecting--;
    if (rc == HOOT_ETIMEOUT)
        rc = took_too_long(host, within_ms, err);
    if (rc) {
        host->stats.open_failed++;
        if (is_of_host(rc))
            avoid(host, false, err->text);
    }
    return rc;
}

int hoot__hosts_connect(hoot_pool *pool, hoot__host **out_host, hoot_link **out_link, hoot_error *err)
{
    hoot__host *hosts[HOOT__HOSTS_MAX];
    uint64_t end = hoot_now_ms() + pool->target.connect_timeout_ms;
    int rc = 0;

    line_up(pool, hosts);
    for (uint32_t i = 0; i < pool->host_count; i++) {
        uint64_t now = hoot_now_ms(), left = end > now ? end - now : 1;

        rc = connect_one(hosts[i], left / (pool->host_count - i), out_link, err);
        if (rc && is_of_host(rc))
            continue;
        *out_host = hosts[i];
        return rc;
    }
    if (pool->host_count > 1)
        (void)hoot_error_prefix(err, "none of %u hosts could be connected to; the last", pool->host_count);
    return rc;
}

size_t hoot_pool_hosts_get(const hoot_pool *pool, hoot_pool_host_stats *out, size_t count)
{
    for (size_t i = 0; i < count && i < pool->host_count; i++) {
        out[i] = pool->hosts[i].stats;
        out[i].open = 0;
        for (const hoot__slot *slot = pool->slots; slot; slot = slot->next)
            out[i].open += slot->host == &pool->hosts[i] && slot->state != HOOT__CONNECTING;
    }
    return pool->host_count;
}
