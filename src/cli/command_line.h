/* What can be said on the command line and in HOOT_ variables. */
#ifndef HOOT_CLI_COMMAND_LINE_H
#define HOOT_CLI_COMMAND_LINE_H

#include "server/serve.h"

#include <hoot/log.h>

typedef enum hoot__command {
    HOOT__COMMAND_SERVE,
    HOOT__COMMAND_ROUTES,
    HOOT__COMMAND_CHECK,
    HOOT__COMMAND_VERSION,
    HOOT__COMMAND_HELP,
} hoot__command;

typedef struct hoot__command_line {
    hoot__command command;
    hoot_log_level log_level;
    hoot_log_format log_format;
    hoot__serve_config serve; /* all but factory, argv and environment */
} hoot__command_line;

/* Read the command line, then files of variables (--env-file, or .env where there is one), then HOOT_
 * variables for what the command line left open, then defaults. Errors: HOOT_ECONFIG: `err` says which option
 * or variable, and what it takes. */
int hoot__command_line_read(hoot__command_line *out, const char *default_bind, int argc, char **argv,
                            hoot_error *err);

/* The table of options for --help, on standard output. */
void hoot__command_line_help(const char *default_bind);

#endif
