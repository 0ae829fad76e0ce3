/* The templates of an app, from the files of a directory: all read first, then each compiled with the others
 * as its partials. A partial that is not there is a mistake then: a name was misspelt. */
#include "web/template_internal.h"

#include "base/alloc.h"
#include "web/app_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct file {
    const char *name; /* without ".mustache" */
    hoot_str text;
    hoot_template *page;
} file;

struct hoot__template_set {
    hoot_arena *arena;
    file *files; /* in the arena, MAX_FILES of them; ordered by name once all were read */
    size_t count;
};

#define SUFFIX          ".mustache"
#define MAX_ARENA_BYTES ((size_t)64 * 1024 * 1024)

static int no_memory(hoot_error *err)
{
    return hoot_error_set(err, HOOT_ENOMEM, "the templates could not be loaded: out of memory");
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const file *)a)->name, ((const file *)b)->name);
}

static const file *find_file(const hoot__template_set *set, const char *name)
{
    file wanted = { .name = name };

    return bsearch(&wanted, set->files, set->count, sizeof(wanted), compare_names);
}

static bool partial_of_set(const char *name, hoot_str *out_text, void *user)
{
    const file *found = find_file(user, name);

    if (found)
        *out_text = found->text;
    return found != NULL;
}

/* --- reading --- */

/* Append what a descriptor gives. */
static int read_all(int fd, hoot_buf *out)
{
    ssize_t got;
    int rc;

    do {
        rc = hoot_buf_reserve(out, 16 * 1024);
        if (rc < 0)
            return rc;
        got = read(fd, out->data + out->len, out->capacity - out->len);
        if (got > 0)
            out->len += (size_t)got;
    } while (got > 0 || (got < 0 && errno == EINTR));
    return got < 0 ? -errno : 0;
}

/* Read a file to its end: `out` may hold a little more than a file may have, so that too much is noticed. */
static int read_file(int directory, const char *entry, hoot_buf *out, hoot_error *err)
{
    int fd = openat(directory, entry, O_RDONLY | O_CLOEXEC);
    int rc = fd < 0 ? -errno : read_all(fd, out);

    if (fd >= 0)
        close(fd);
    if (rc == 0 && out->len > HOOT__TEMPLATE_MAX_FILE_BYTES)
        rc = HOOT_ELIMIT;
    if (rc < 0)
        return hoot_error_set(err, rc, "the template \"%.60s\" could not be read: %s", entry,
                              rc == HOOT_ELIMIT ? "it is larger than 1 MiB" : hoot_error_text(rc));
    return 0;
}

static int add_file(hoot__template_set *set, int directory, hoot_str entry, hoot_buf *bytes, hoot_error *err)
{
    file *added = &set->files[set->count];
    int rc;

    if (set->count == HOOT__TEMPLATE_MAX_FILES)
        return hoot_error_set(err, HOOT_ELIMIT, "there are more than 1,000 templates");
    hoot_buf_clear(bytes);
    rc = read_file(directory, entry.ptr, bytes, err);
    if (rc < 0)
        return rc;
    added->name = hoot_arena_dup(set->arena, hoot_str_head(entry, entry.len - strlen(SUFFIX)));
    added->text = hoot_str_of(hoot_arena_dup(set->arena, hoot_buf_str(bytes)), bytes->len);
    if (!added->name || !added->text.ptr)
        return no_memory(err);
    set->count++;
    return 0;
}

static int add_files(hoot__template_set *set, DIR *directory, hoot_buf *bytes, hoot_error *err)
{
    const struct dirent *entry;
    int rc = 0;

    while (rc == 0 && (errno = 0, entry = readdir(directory))) {
        hoot_str name = hoot_str_from(entry->d_name);

        if (hoot_str_ends(name, HOOT_STR(SUFFIX)) && name.ptr[0] != '.')
            rc = add_file(set, dirfd(directory), name, bytes, err);
    }
    return rc;
}

static int read_directory(hoot__template_set *set, const char *path, hoot_error *err)
{
    DIR *directory = opendir(path);
    hoot_buf bytes;
    int rc;

    if (!directory)
        return hoot_error_set(err, -errno, "the templates in \"%.60s\" could not be read: %s", path,
                              strerror(errno));
    hoot_buf_init(&bytes, HOOT__TEMPLATE_MAX_FILE_BYTES + 64 * 1024);
    rc = add_files(set, directory, &bytes, err);
    hoot_buf_fini(&bytes);
    closedir(directory);
    qsort(set->files, set->count, sizeof(*set->files), compare_names);
    return rc;
}

/* --- the set --- */

static int compile_all(hoot__template_set *set, hoot_error *err)
{
    for (size_t i = 0; i < set->count; i++) {
        file *one = &set->files[i];
        hoot_template_options options = { one->name, partial_of_set, set, true };

        one->page = hoot_template_compile(one->text, &options, err);
        if (!one->page)
            return hoot_error_code(err);
    }
    return 0;
}

static hoot__template_set *set_new(void)
{
    hoot__template_set *set = hoot__calloc(1, sizeof(*set));

    if (!set)
        return NULL;
    set->arena = hoot_arena_new(MAX_ARENA_BYTES);
    if (set->arena)
        set->files = hoot_arena_zalloc(set->arena, HOOT__TEMPLATE_MAX_FILES * sizeof(file));
    if (set->files)
        return set;
    hoot__template_set_free(set);
    return NULL;
}

void hoot__template_set_free(hoot__template_set *set)
{
    if (!set)
        return;
    for (size_t i = 0; i < set->count; i++)
        hoot_template_free(set->files[i].page);
    hoot_arena_free(set->arena);
    hoot__free(set);
}

int hoot_app_templates(hoot_app *app, const char *directory, hoot_error *err)
{
    hoot_error why = HOOT_ERROR_INIT;
    hoot__template_set *set;
    int rc;

    if (app->serving || app->templates)
        return hoot_error_set(err, HOOT_ESTATE, "the app \"%s\" serves already, or has its templates",
                              app->name);
    set = set_new();
    if (!set)
        return no_memory(err);
    rc = read_directory(set, directory, &why);
    if (rc == 0)
        rc = compile_all(set, &why);
    if (rc < 0) {
        hoot__template_set_free(set);
        if (err)
            *err = why;
        return rc;
    }
    app->templates = set;
    return 0;
}

const hoot_template *hoot_app_template(const hoot_app *app, const char *name)
{
    const file *found = app->templates ? find_file(app->templates, name) : NULL;

    return found ? found->page : NULL;
}
