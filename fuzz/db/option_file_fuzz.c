/* Option files (my.cnf): the input is the text of one. Includes are refused, as they are in a file that is
 * included too deep. */
#include "db/options.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA_BYTES = 16 * 1024 * 1024, TEXT_MAX = 64 * 1024 };

/* Reads all of it: it is terminated, and lies in the arena. */
static void expect_text(const char *text, size_t size)
{
    assert(!text || strlen(text) <= size || strlen(text) < 32);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(ARENA_BYTES);
    hoot_pool_options options = { .port = 0 };
    hoot_error err = HOOT_ERROR_INIT;
    hoot_target target = { 0 };
    hoot__limits limits = { 0 };
    int rc;

    if (size > TEXT_MAX)
        return 0;
    rc = hoot__option_text_read(arena, hoot_str_of(data, size), "app", &options, &err);
    assert(rc == 0 || (rc == HOOT_ECONFIG && err.text[0]));
    expect_text(options.host, size);
    expect_text(options.user, size);
    expect_text(options.password, size);
    expect_text(options.database, size);
    expect_text(options.socket, size);
    expect_text(options.charset, size);
    expect_text(options.init_command, size);
    expect_text(options.ssl_ca, size);
    expect_text(options.ssl_cert, size);
    expect_text(options.ssl_key, size);
    expect_text(options.sslmode, size);
    if (rc == 0) {
        err.text[0] = '\0';
        rc = hoot__options_read(arena, &options, &target, &limits, &err); /* which opens no file either */
        assert(rc == 0 || (rc == HOOT_ECONFIG && err.text[0]));
    }
    return 0;
}
