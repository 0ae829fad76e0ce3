#ifndef HOOT_VERSION_H
#define HOOT_VERSION_H

#include <hoot/defs.h>

HOOT_BEGIN_DECLS

/* The version these headers belong to. */
#define HOOT_VERSION_MAJOR 0
#define HOOT_VERSION_MINOR 1
#define HOOT_VERSION_PATCH 0

/* The version of the library that runs, "0.1.0". */
HOOT_API const char *hoot_version(void);

HOOT_END_DECLS
#endif
