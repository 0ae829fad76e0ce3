/* The key that signs cookies when nobody set one: made once, kept beside the SQLite database. */
#include "hooter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_FOLDER "var"
#define SECRET_PATH   SECRET_FOLDER "/secret.key"
#define SECRET_BYTES  32
#define SECRET_CHARS  (2 * SECRET_BYTES)

static int failed(const char *what, hoot_error *err)
{
    int code = errno;

    return hoot_error_set(err, -code, "%s %s: %s. Set HOOTER_SECRET_KEY, or make the folder writable",
                          SECRET_PATH, what, strerror(code));
}

static int read_key(int fd, char *key, hoot_error *err)
{
    ssize_t len = read(fd, key, SECRET_CHARS);

    if (len < 0)
        return failed("cannot be read", err);
    if (len != SECRET_CHARS)
        return hoot_error_set(err, HOOT_ECONFIG, "%s is not a whole key: remove it to have a new one made",
                              SECRET_PATH);
    key[SECRET_CHARS] = '\0';
    return 0;
}

static int write_key(int fd, char *key, hoot_error *err)
{
    uint8_t random[SECRET_BYTES];

    hoot_random(random, sizeof random);
    hoot_hex(random, sizeof random, key);
    hoot_wipe(random, sizeof random);
    if (write(fd, key, SECRET_CHARS) != SECRET_CHARS || fsync(fd) < 0)
        return failed("cannot be written", err);
    hoot_log_info("HOOTER_SECRET_KEY is not set: made a key in %s", SECRET_PATH);
    return 0;
}

/* Made under another name and linked into place, so that whoever reads it finds it whole. */
static int make_key(char *key, hoot_error *err)
{
    char draft[] = SECRET_FOLDER "/secret.XXXXXX";
    int fd, rc;

    if (mkdir(SECRET_FOLDER, 0700) < 0 && errno != EEXIST)
        return failed("cannot be made", err);
    fd = mkstemp(draft);
    if (fd < 0)
        return failed("cannot be made", err);
    rc = write_key(fd, key, err);
    if (rc == 0 && link(draft, SECRET_PATH) < 0 && errno != EEXIST)
        rc = failed("cannot be made", err);
    unlink(draft);
    close(fd);
    return rc;
}

static int read_existing(char *key, hoot_error *err)
{
    int fd = open(SECRET_PATH, O_RDONLY | O_CLOEXEC);
    int rc;

    if (fd < 0)
        return errno == ENOENT ? HOOT_ENOTFOUND : failed("cannot be read", err);
    rc = read_key(fd, key, err);
    close(fd);
    return rc;
}

int hooter_secret_made(char **out_key, hoot_error *err)
{
    char *key = calloc(1, SECRET_CHARS + 1);
    int rc = key ? read_existing(key, err) : hoot_error_set(err, HOOT_ENOMEM, "out of memory");

    if (rc == HOOT_ENOTFOUND) {
        rc = make_key(key, err);
        if (rc == 0)
            rc = read_existing(key, err); /* another process may have been first */
    }
    if (rc < 0) {
        free(key);
        return rc;
    }
    *out_key = key;
    return 0;
}
