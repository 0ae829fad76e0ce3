#include "users.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define COLUMNS "user_id, user_name, user_email, phone_number, user_password, user_designation, user_access"

static const char *kept(const hoot_row *row, const char *column)
{
    const char *text = hoot_row_text(row, column);

    return hoot_arena_strdup(hoot_scope_arena(hoot_current_scope()), text ? text : "");
}

static int read_user(hoot_cursor *rows, struct user *out, hoot_error *err)
{
    const hoot_row *row = hoot_fetchone(rows);

    if (!row)
        return rows ? HOOT_ENOTFOUND : hoot_error_code(err);
    *out = (struct user){
        .id = kept(row, "user_id"),
        .name = kept(row, "user_name"),
        .email = kept(row, "user_email"),
        .number = kept(row, "phone_number"),
        .password = kept(row, "user_password"),
        .designation = kept(row, "user_designation"),
        .access = kept(row, "user_access"),
    };
    if (!out->id || !out->name || !out->email || !out->number || !out->password || !out->designation ||
        !out->access)
        return hoot_error_set(err, HOOT_ENOMEM, "out of memory");
    return 0;
}

int user_by_email(hoot_pool *pool, const char *email, struct user *out, hoot_error *err)
{
    HOOT_AUTO(hoot_cursor)
    rows = hoot_pool_query(pool, err, "SELECT " COLUMNS " FROM users WHERE user_email = ?", email);

    return read_user(rows, out, err);
}

int user_by_id(hoot_pool *pool, const char *id, struct user *out, hoot_error *err)
{
    HOOT_AUTO(hoot_cursor)
    rows = hoot_pool_query(pool, err, "SELECT " COLUMNS " FROM users WHERE user_id = ?", id);

    return read_user(rows, out, err);
}

/* "user_", the first 18 characters of a random UUID, the date. */
static void make_user_id(char *out, const struct tm *now)
{
    char uuid[HOOT_UUID_CHARS + 1];

    hoot_uuid4(uuid);
    snprintf(out, USER_ID_BYTES, "user_%.18s%04u%02u%02u", uuid, (unsigned)(now->tm_year + 1900) % 10000,
             (unsigned)(now->tm_mon + 1) % 100, (unsigned)now->tm_mday % 100);
}

static hoot_value datetime_of(const struct tm *tm)
{
    return hoot_value_datetime((hoot_time){
        .year = (uint16_t)(tm->tm_year + 1900),
        .month = (uint8_t)(tm->tm_mon + 1),
        .day = (uint8_t)tm->tm_mday,
        .hour = (uint16_t)tm->tm_hour,
        .minute = (uint8_t)tm->tm_min,
        .second = (uint8_t)tm->tm_sec,
    });
}

int user_add(hoot_pool *pool, const struct user *user, hoot_error *err)
{
    time_t now = time(NULL);
    char id[USER_ID_BYTES];
    struct tm utc;
    int64_t rc;

    gmtime_r(&now, &utc);
    make_user_id(id, &utc);
    rc = hoot_pool_execute(pool, err,
                           "INSERT INTO users (" COLUMNS ", created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", id,
                           user->name, user->email, user->number, user->password, user->designation,
                           user->access, datetime_of(&utc));
    return rc < 0 ? (int)rc : 0;
}

int user_set_password(hoot_pool *pool, const char *id, const char *old_hash, const char *new_hash,
                      hoot_error *err)
{
    int64_t rc = hoot_pool_execute(
        pool, err, "UPDATE users SET user_password = ? WHERE user_id = ? AND user_password = ?", new_hash, id,
        old_hash);

    return rc < 0 ? (int)rc : 0;
}
