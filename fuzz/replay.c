/* Feeds inputs to a fuzz target without libFuzzer, so that the normal suite replays every corpus with gcc and
 * the sanitizers: each argument is a file, or a directory whose files are all replayed. An input is copied to
 * a heap block of exactly its size, so that AddressSanitizer sees a read of one byte past its end. A corpus
 * that is not there or holds nothing is an error: a test that replays nothing proves nothing. */
#include <errno.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t replayed;

static int fail(const char *path, int code)
{
    fprintf(stderr, "replay: %s: %s\n", path, strerror(code));
    return -1;
}

static int replay_stream(FILE *file, const char *path, size_t size)
{
    uint8_t *data = malloc(size ? size : 1);

    if (!data)
        return fail(path, ENOMEM);
    if (fread(data, 1, size, file) != size) {
        free(data);
        return fail(path, EIO);
    }
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    replayed++;
    return 0;
}

static int replay_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    FILE *file;
    int result;

    (void)walk;
    if (kind == FTW_D)
        return 0;
    if (kind != FTW_F)
        return fail(path, EACCES);
    file = fopen(path, "rb");
    if (!file)
        return fail(path, errno);
    result = replay_stream(file, path, (size_t)status->st_size);
    fclose(file);
    return result;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        int result = nftw(argv[i], replay_entry, 16, 0);

        if (result != 0) {
            if (errno == ENOENT)
                fail(argv[i], errno);
            return 1;
        }
    }
    if (replayed == 0) {
        fprintf(stderr, "replay: no inputs in %s\n", argc > 1 ? argv[1] : "no arguments");
        return 1;
    }
    printf("%zu inputs replayed\n", replayed);
    return 0;
}
