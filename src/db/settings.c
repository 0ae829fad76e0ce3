/* The table of all options.
 *
 * hoot_pool_options is the one struct for what the application sets, what its url sets and what an option
 * file sets; zero is "not set" in all of them. So they are laid over each other field by field, and a new
 * option is one line here and one field there. */
#include "db/settings.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

typedef enum setting_kind { TEXT, U16, U32, U64, SECONDS, SWITCH, ORDER, PIPELINE } setting_kind;

enum { ATTRIBUTES_MAX = 64 };

typedef struct setting {
    const char *name;
    setting_kind kind;
    size_t at;
    bool elsewhere; /* a url has another place for it than behind '?' */
} setting;

#define SETTING(field, kind)                                                                                 \
    {                                                                                                        \
#field, kind, offsetof(hoot_pool_options, field), false                                              \
    }
#define ELSEWHERE(field, kind)                                                                               \
    {                                                                                                        \
#field, kind, offsetof(hoot_pool_options, field), true                                               \
    }

static const setting settings[] = {
    ELSEWHERE(driver, TEXT),
    ELSEWHERE(host, TEXT),
    ELSEWHERE(hosts, TEXT),
    SETTING(host_order, ORDER),
    ELSEWHERE(port, U16),
    ELSEWHERE(user, TEXT),
    ELSEWHERE(password, TEXT),
    ELSEWHERE(database, TEXT),
    SETTING(socket, TEXT),
    SETTING(min_size, U32),
    SETTING(max_size, U32),
    SETTING(max_waiters, U32),
    { "connect_timeout", SECONDS, offsetof(hoot_pool_options, connect_timeout_ms), false },
    SETTING(connect_timeout_ms, U32),
    SETTING(max_age_ms, U32),
    SETTING(idle_ms, U32),
    SETTING(statement_cache, U32),
    SETTING(max_answer_bytes, U64),
    SETTING(close_timeout_ms, U32),
    SETTING(pipeline, PIPELINE),
    SETTING(lanes, U32),
    SETTING(share_writes, SWITCH),
    SETTING(lazy, SWITCH),
    SETTING(multi_statements, SWITCH),
    SETTING(found_rows, SWITCH),
    SETTING(local_infile, SWITCH),
    SETTING(allow_public_key_retrieval, SWITCH),
    SETTING(allow_cleartext_password, SWITCH),
    SETTING(sslmode, TEXT),
    SETTING(ssl_ca, TEXT),
    SETTING(ssl_capath, TEXT),
    SETTING(ssl_crl, TEXT),
    SETTING(ssl_cert, TEXT),
    SETTING(ssl_key, TEXT),
    SETTING(tls_min_version, TEXT),
    SETTING(ssl_fingerprint, TEXT),
    SETTING(charset, TEXT),
    SETTING(collation, TEXT),
    SETTING(time_zone, TEXT),
    SETTING(sql_mode, TEXT),
    SETTING(init_command, TEXT),
    SETTING(compress, SWITCH),
    SETTING(keepalive_s, U32),
    SETTING(read_default_file, TEXT),
    SETTING(read_default_group, TEXT),
};

enum { COUNT = sizeof(settings) / sizeof(settings[0]) };

/* --- setting one --- */

static int bad_number(const char *where, const char *name, uint64_t most, hoot_error *err)
{
    return hoot_error_set(err, HOOT_ECONFIG, "%s: %s is not a number from 0 to %llu", where, name,
                          (unsigned long long)most);
}

static int put_number(const setting *one, void *field, const char *value, const char *where, hoot_error *err)
{
    static const uint64_t most[] = {
        [U16] = UINT16_MAX, [U32] = UINT32_MAX, [U64] = UINT64_MAX, [SECONDS] = UINT32_MAX / 1000
    };
    uint64_t number;

    if (hoot_str_to_u64(hoot_str_from(value), &number) < 0 || number > most[one->kind])
        return bad_number(where, one->name, most[one->kind], err);
    switch (one->kind) {
    case U16: *(uint16_t *)field = (uint16_t)number; break;
    case U64: *(uint64_t *)field = number; break;
    case SECONDS: *(uint32_t *)field = (uint32_t)number * 1000; break;
    default: *(uint32_t *)field = (uint32_t)number;
    }
    return 0;
}

bool hoot__setting_is_switch(const char *value, bool *out_on)
{
    static const char *const words[] = { "1", "true", "yes", "on", "0", "false", "no", "off" };

    for (int i = 0; i < 8; i++) {
        if (strcasecmp(value, words[i]) == 0) {
            *out_on = i < 4;
            return true;
        }
    }
    return false;
}

static int put_switch(const setting *one, bool *field, const char *value, const char *where, hoot_error *err)
{
    return hoot__setting_is_switch(value, field)
               ? 0
               : hoot_error_set(err, HOOT_ECONFIG, "%s: %s is true or false", where, one->name);
}

static int put_order(hoot_host_order *field, const char *value, const char *where, hoot_error *err)
{
    bool random = strcasecmp(value, "random") == 0;

    if (!random && strcasecmp(value, "in_order") != 0)
        return hoot_error_set(err, HOOT_ECONFIG, "%s: host_order is in_order or random", where);
    *field = random ? HOOT_HOSTS_AT_RANDOM : HOOT_HOSTS_IN_ORDER;
    return 0;
}

static int put_pipeline(int *field, const char *value, const char *where, hoot_error *err)
{
    uint64_t depth;

    if (strcasecmp(value, "auto") == 0 || strcasecmp(value, "off") == 0) {
        *field = strcasecmp(value, "auto") == 0 ? HOOT_PIPELINE_AUTO : HOOT_PIPELINE_OFF;
        return 0;
    }
    if (hoot_str_to_u64(hoot_str_from(value), &depth) < 0 || depth < 1 || depth > INT32_MAX)
        return hoot_error_set(err, HOOT_ECONFIG, "%s: pipeline is auto, off, or a number of statements",
                              where);
    *field = (int)depth;
    return 0;
}

/* A list one pair longer; what was there stays as it is. */
static int add_attribute(hoot_arena *arena, hoot_pool_options *out, const char *name, const char *value,
                         const char *where, hoot_error *err)
{
    const char **longer;
    size_t count = 0;

    while (out->attributes && out->attributes[count])
        count++;
    if (name[0] == '\0' || count >= 2 * ATTRIBUTES_MAX)
        return hoot_error_set(err, HOOT_ECONFIG, "%s: attr.NAME=VALUE needs a name, and there are %d at most",
                              where, ATTRIBUTES_MAX);
    longer = hoot_arena_alloc_array(arena, count + 3, sizeof(*longer));
    if (!longer)
        return hoot_error_set(err, HOOT_ENOMEM, "no memory for the pool's options");
    if (count > 0)
        memcpy(longer, out->attributes, count * sizeof(*longer));
    longer[count] = name;
    longer[count + 1] = value;
    longer[count + 2] = NULL;
    out->attributes = longer;
    return 0;
}

/* All names do not fit into an error's text. */
static int refuse_unknown(const char *name, const char *where, hoot_error *err)
{
    return hoot_error_set(
        err, HOOT_ECONFIG,
        "%s has an unknown option \"%.32s\"; known are the fields of hoot_pool_options (sslmode, "
        "ssl_ca, charset, time_zone, socket, max_size, compress, ...), connect_timeout, attr.NAME",
        where, name);
}

int hoot__setting_put(hoot_arena *arena, hoot_pool_options *out, const char *name, const char *value,
                      const char *where, hoot_error *err)
{
    if (strncmp(name, "attr.", 5) == 0)
        return add_attribute(arena, out, name + 5, value, where, err);
    for (size_t i = 0; i < COUNT; i++) {
        const setting *one = &settings[i];
        void *field = (char *)out + one->at;

        if (one->elsewhere || strcmp(one->name, name) != 0)
            continue;
        if (one->kind == SWITCH)
            return put_switch(one, field, value, where, err);
        if (one->kind == ORDER)
            return put_order(field, value, where, err);
        if (one->kind == PIPELINE)
            return put_pipeline(field, value, where, err);
        if (one->kind != TEXT)
            return put_number(one, field, value, where, err);
        *(const char **)field = value;
        return 0;
    }
    return refuse_unknown(name, where, err);
}

/* --- laying over each other --- */

static size_t size_of(setting_kind kind)
{
    switch (kind) {
    case TEXT: return sizeof(char *);
    case U16: return sizeof(uint16_t);
    case U64: return sizeof(uint64_t);
    case SWITCH: return sizeof(bool);
    case ORDER: return sizeof(hoot_host_order);
    case PIPELINE: return sizeof(int);
    default: return sizeof(uint32_t);
    }
}

void hoot__settings_merge(hoot_pool_options *into, const hoot_pool_options *from)
{
    static const char zero[sizeof(uint64_t)];

    for (size_t i = 0; i < COUNT; i++) {
        char *field = (char *)into + settings[i].at;
        size_t size = size_of(settings[i].kind);

        if (memcmp(field, zero, size) == 0)
            memcpy(field, (const char *)from + settings[i].at, size);
    }
    if (!into->attributes)
        into->attributes = from->attributes;
}
