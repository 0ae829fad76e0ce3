/* What the tests of this room share: a loop around a body, a folder of their own, log lines caught. */
#ifndef DB_TEST_H
#define DB_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <hoot/log.h>
#include <hoot/migrate.h>
#include <hoot/pool.h>

#include "runtime/loop.h"
#include "runtime/task.h"

/* Run a body as a task on a loop with a virtual clock; when it is back, no task may be left. */
static inline void run_virtual(hoot_task_fn body, void *arg)
{
    const hoot__loop_options options = { .virtual_clock = true };
    hoot_error err = HOOT_ERROR_INIT;

    assert_int_equal(hoot__loop_run(&options, body, arg, &err), 0);
}

static inline void run_real(hoot_task_fn body, void *arg)
{
    hoot_error err = HOOT_ERROR_INIT;

    assert_int_equal(hoot_run(body, arg, &err), 0);
}

/* A test whose body is a task, on a loop with a virtual clock or a real one. */
#define TASK_TEST(name, run_it)                                                                              \
    static int body_of_##name(hoot_error *unused_err, void *unused_arg);                                     \
    static void name(void **state)                                                                           \
    {                                                                                                        \
        (void)state;                                                                                         \
        run_it(body_of_##name, NULL);                                                                        \
    }                                                                                                        \
    static int body_of_##name(HOOT_UNUSED hoot_error *unused_err, HOOT_UNUSED void *unused_arg)
#define VIRTUAL_TEST(name) TASK_TEST(name, run_virtual)
#define REAL_TEST(name)    TASK_TEST(name, run_real)

/* --- a folder that is gone afterwards --- */
static char test_folder[64];

static inline void remove_files(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    char path[512];

    if (!dir)
        return;
    while ((entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        if (unlink(path) != 0) {
            remove_files(path);
            rmdir(path);
        }
    }
    closedir(dir);
}

static inline int make_folder(void **state)
{
    (void)state;
    strcpy(test_folder, "/tmp/hoot_db_test_XXXXXX");
    return mkdtemp(test_folder) ? 0 : -1;
}

static inline int remove_folder(void **state)
{
    (void)state;
    remove_files(test_folder);
    return rmdir(test_folder);
}

/* --- log lines --- */
static char logged[4096];
static int logged_lines;

static inline void catch_line(hoot_log_level level, const char *text, void *user)
{
    (void)level, (void)user;
    snprintf(logged, sizeof(logged), "%s", text);
    logged_lines++;
}

static inline void catch_log(void)
{
    logged_lines = 0;
    logged[0] = '\0';
    hoot_log_set_sink(catch_line, NULL);
}

#endif
