/* The MySQL and MariaDB driver: `mysql` in a pool's options and urls. */
#ifndef HOOT_DB_MYSQL_DRIVER_H
#define HOOT_DB_MYSQL_DRIVER_H

#include <hoot/sys/driver.h>

extern const hoot_driver hoot__mysql_driver;

#endif
