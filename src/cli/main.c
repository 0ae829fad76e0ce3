/* The command line of every application. */
#include "base/alloc.h"
#include "cli/command_line.h"

#include <hoot/version.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_BIND "127.0.0.1:8800"

static void print_help(const hoot_main_options *app)
{
    printf("%s %s\n\n"
           "usage: %s [serve] [options]   serve until SIGTERM; SIGHUP replaces the workers one by one\n"
           "       %s routes              list the routes\n"
           "       %s check               make the app and say whether its configuration is whole\n"
           "       %s version\n\n"
           "options (the command line wins over variables, variables over files):\n",
           app->name, app->version, app->name, app->name, app->name, app->name);
    hoot__command_line_help(app->default_bind);
    if (app->help)
        printf("\n%s", app->help);
}

static void print_route(const char *methods, const char *rule, const char *name, void *user)
{
    (void)user;
    printf("%-16s %-40s %s\n", methods, rule, name ? name : "");
}

static int with_app(const hoot_main_options *main_options, bool list)
{
    hoot_error err = HOOT_ERROR_INIT;
    HOOT_AUTO(hoot_app) app = main_options->factory(&err);

    if (!app) {
        fprintf(stderr, "%s: %s\n", main_options->name, err.text);
        return 2;
    }
    if (list)
        hoot_app_each_route(app, print_route, NULL);
    else
        printf("%s: the configuration is whole\n", main_options->name);
    return 0;
}

/* The environment as it is now; its strings are borrowed. NULL: no memory. */
static char **environment_now(void)
{
    size_t n = 0;
    char **copy;

    while (environ[n])
        n++;
    copy = hoot__calloc(n + 1, sizeof *copy);
    if (copy)
        memcpy(copy, environ, n * sizeof *copy);
    return copy;
}

static int serve(const hoot_main_options *app, hoot__command_line *options, char **argv, char **environment)
{
    options->serve.factory = app->factory;
    options->serve.name = app->name;
    options->serve.argv = argv;
    options->serve.environment = environment;
    return hoot__serve(&options->serve);
}

static int run(const hoot_main_options *app, hoot__command_line *options, char **argv, char **environment)
{
    hoot_log_set_level(options->log_level);
    hoot_log_set_format(options->log_format);
    switch (options->command) {
    case HOOT__COMMAND_HELP: print_help(app); return 0;
    case HOOT__COMMAND_VERSION:
        printf("%s %s (hoot %s)\n", app->name, app->version, hoot_version());
        return 0;
    case HOOT__COMMAND_ROUTES: return with_app(app, true);
    case HOOT__COMMAND_CHECK: return with_app(app, false);
    case HOOT__COMMAND_SERVE: break;
    }
    return serve(app, options, argv, environment);
}

static hoot_main_options with_defaults(const hoot_main_options *options)
{
    hoot_main_options full = *options;

    full.name = full.name ? full.name : "hoot";
    full.version = full.version ? full.version : hoot_version();
    full.default_bind = full.default_bind ? full.default_bind : DEFAULT_BIND;
    return full;
}

int hoot_main_with(const hoot_main_options *main_options, int argc, char **argv)
{
    hoot_main_options app = with_defaults(main_options);
    hoot_error err = HOOT_ERROR_INIT;
    hoot__command_line *options = hoot__calloc(1, sizeof *options);
    char **environment = environment_now();
    int status = 2;

    if (!options || !environment)
        fprintf(stderr, "%s: out of memory\n", app.name);
    else if (hoot__command_line_read(options, app.default_bind, argc, argv, &err) < 0)
        fprintf(stderr, "%s: %s\n", app.name, err.text);
    else
        status = run(&app, options, argv, environment);
    hoot__free(options);
    hoot__free(environment);
    return status;
}

int hoot_main(hoot_app_factory_fn factory, int argc, char **argv)
{
    return hoot_main_with(&(hoot_main_options){ .factory = factory }, argc, argv);
}
