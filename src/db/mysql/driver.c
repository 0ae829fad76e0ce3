/* The table by which the pool knows MySQL and MariaDB. */
#include "driver.h"

const hoot_driver hoot__mysql_driver = {
    .name = "mysql",
    .default_port = 3306,
    .begin = "START TRANSACTION",
    .commit = "COMMIT",
    .rollback = "ROLLBACK",
};
