/* The command line of every application: `int main(int argc, char **argv) { return hoot_main(make_app, argc,
 * argv); }` */
#ifndef HOOT_MAIN_H
#define HOOT_MAIN_H

#include <hoot/app.h>

HOOT_BEGIN_DECLS

/* Makes the app, once in each worker (and in the master, to check it, and for `routes`). Reads the
 * configuration from the environment. It must not open connections: that is before_serving's. NULL with
 * `err`: the start ends with that line. */
typedef hoot_app *(*hoot_app_factory_fn)(hoot_error *err);

/* What an application says of itself; zero is the default beside it. */
typedef struct hoot_main_options {
    hoot_app_factory_fn factory;
    const char *name;         /* "hoot": for --help and `version` */
    const char *version;      /* hoot_version() */
    const char *default_bind; /* "127.0.0.1:8800" */
    const char *help;         /* more text for --help: the application's environment variables; NULL */
} hoot_main_options;

/* Run the command line: serve (default), routes, check, version, --help.
 * Gives: the exit status: 0; 1 it failed; 2 the command line or the configuration is wrong. */
HOOT_API int hoot_main(hoot_app_factory_fn factory, int argc, char **argv);
HOOT_API int hoot_main_with(const hoot_main_options *options, int argc, char **argv);

HOOT_END_DECLS
#endif
