/* The drivers by name: the two that are built in, and those a program adds. */
#include <hoot/sys/driver.h>

#include "db/mysql/driver.h"
#include "db/sqlite/driver.h"

#include <string.h>

enum { MOST_DRIVERS = 16 };

static const hoot_driver *drivers[MOST_DRIVERS] = { &hoot__mysql_driver, &hoot__sqlite_driver };

const hoot_driver *hoot_driver_find(const char *name)
{
    for (size_t i = 0; i < MOST_DRIVERS && drivers[i]; i++) {
        if (strcmp(drivers[i]->name, name) == 0)
            return drivers[i];
    }
    return NULL;
}

int hoot_driver_register(const hoot_driver *driver)
{
    size_t i = 0;

    if (hoot_driver_find(driver->name))
        return HOOT_EINVAL;
    while (i < MOST_DRIVERS && drivers[i])
        i++;
    if (i == MOST_DRIVERS)
        return HOOT_ELIMIT;
    drivers[i] = driver;
    return 0;
}
