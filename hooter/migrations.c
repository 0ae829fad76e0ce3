/* hooter's tables. Steps that were applied anywhere are never changed; what comes later is a new step. */
#include "hooter.h"

/* Types that MariaDB, MySQL and SQLite all read the same way. Emails are stored in lower case by the service;
 * the collation of the MySQL table also finds those that the service's Python days stored otherwise. */
const hoot_migration hooter_migrations[] = {
    { .number = 1,
      .name = "create users",
      .sql = "CREATE TABLE IF NOT EXISTS users (\n"
             "    user_id VARCHAR(64) NOT NULL PRIMARY KEY,\n"
             "    user_name VARCHAR(100) NOT NULL,\n"
             "    user_email VARCHAR(254) NOT NULL UNIQUE,\n"
             "    phone_number VARCHAR(20) NOT NULL,\n"
             "    user_password VARCHAR(255) NOT NULL,\n"
             "    user_designation VARCHAR(100) NOT NULL,\n"
             "    user_access VARCHAR(100) NOT NULL,\n"
             "    created_at DATETIME NOT NULL\n"
             ")" },
    { .number = 2,
      .name = "create login_attempts",
      .sql = "CREATE TABLE IF NOT EXISTS login_attempts (\n"
             "    subject VARCHAR(270) NOT NULL PRIMARY KEY,\n"
             "    failures INTEGER NOT NULL,\n"
             "    blocked_until_ms BIGINT NOT NULL,\n"
             "    last_at_ms BIGINT NOT NULL\n"
             ");\n"
             "CREATE INDEX login_attempts_by_time ON login_attempts (last_at_ms)" },
};

const size_t hooter_migration_count = sizeof hooter_migrations / sizeof *hooter_migrations;
