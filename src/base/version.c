/* The library's version, which the build knows. */
#include <hoot/version.h>

const char *hoot_version(void)
{
    return HOOT_VERSION_TEXT;
}
