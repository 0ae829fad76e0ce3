/* The sqlite driver. */
#ifndef HOOT_DB_SQLITE_DRIVER_H
#define HOOT_DB_SQLITE_DRIVER_H

#include <hoot/sys/driver.h>

extern const hoot_driver hoot__sqlite_driver;

#endif
