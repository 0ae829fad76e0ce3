/* hooter: the user accounts and sessions of the Hooter workspace. What its files share. */
#ifndef HOOTER_HOOTER_H
#define HOOTER_HOOTER_H

#include <hoot/hoot.h>

#define HOOTER_LOGIN_LINES 64

/* The service's own state: hoot_app_state(). */
struct hooter {
    hoot_pool *pool;
    bool database_ready;                             /* the tables are there */
    char *secret_key;                                /* owned */
    char **fallback_keys;                            /* owned, NULL-terminated; NULL: none */
    char **cors_origins;                             /* owned, NULL-terminated; NULL: none */
    hoot_semaphore *login_lines[HOOTER_LOGIN_LINES]; /* tries for one account come one after the other */
    uint32_t address_failures; /* failed logins an address has before it is slowed down; 0: it never is */
    bool secure_cookies;
};

/* hooter.c */
hoot_app *hooter_make_app(hoot_error *err);
struct hooter *hooter_current(void);

/* config.c: from the environment. Errors: NULL, `err` names the variable. */
struct hooter *hooter_config_new(hoot_error *err);
void hooter_config_free(void *hooter);
/* Which database: HOOTER_DB_URL, the five HOOTER_DB_ variables, or SQLite in var/. */
int hooter_pool_options(hoot_pool_options *out, hoot_error *err);
bool hooter_uses_sqlite_default(void);

/* The line that tries for an account stand in; two accounts may share one. */
hoot_semaphore *hooter_login_line(const struct hooter *hooter, const char *email);

/* secret.c: the key made for the SQLite default, kept in var/secret.key. */
int hooter_secret_made(char **out_key, hoot_error *err);

/* database.c */
int hooter_open_database(hoot_app *app, hoot_error *err);
hoot_response *hooter_need_database(hoot_request *req);

/* migrations.c */
extern const hoot_migration hooter_migrations[];
extern const size_t hooter_migration_count;

/* blueprints */
extern const hoot_blueprint hooter_user;   /* user_handler.c */
extern const hoot_blueprint hooter_health; /* health.c */

#endif
