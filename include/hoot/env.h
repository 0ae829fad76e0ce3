/* The environment, and files that add to it. */
#ifndef HOOT_ENV_H
#define HOOT_ENV_H

#include <hoot/error.h>

HOOT_BEGIN_DECLS

/* A variable's value; NULL when it is unset or empty. Lives: until the environment changes. */
HOOT_API const char *hoot_env(const char *name);

/* The same, or `otherwise`. */
HOOT_API const char *hoot_env_or(const char *name, const char *otherwise);

/* A variable as a whole number within min and max; `otherwise` when unset.
 * Errors: HOOT_ECONFIG it is something else; `err` names the variable, its value and the range. */
HOOT_API int hoot_env_int(const char *name, int64_t min, int64_t max, int64_t otherwise, int64_t *out,
                          hoot_error *err);

/* Read lines NAME=value into the environment; what is set already wins. Blank lines, `# comments`, a leading
 * `export `, and values in single or double quotes (escapes \n \t \" \\ in double ones) are understood.
 * Errors: -errno the file cannot be read; HOOT_ECONFIG a line is none of these; `err` names file and line. */
HOOT_API int hoot_env_load(const char *path, hoot_error *err);

HOOT_END_DECLS
#endif
