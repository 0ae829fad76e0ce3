/* The server's first packet, and OK, EOF, ERR and PREPARE_OK: any bytes. */
#include "db/mysql/answer.h"
#include "db/mysql/greeting.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hoot_str packet = hoot_str_of(data, size);
    hoot_error err = HOOT_ERROR_INIT;
    hoot__my_greeting greeting;
    hoot__my_refusal refusal;
    hoot__my_prepared prepared;
    hoot__my_ok ok;

    if (hoot__my_greeting_parse(packet, &greeting, &err) == 0) {
        assert(strlen(greeting.version) < sizeof(greeting.version));
        assert(strlen(greeting.challenge.plugin) < sizeof(greeting.challenge.plugin));
        assert(greeting.challenge.seed_len <= sizeof(greeting.challenge.seed));
        assert((hoot__my_capabilities(&greeting, true) & ~greeting.capabilities) == 0);
    } else {
        assert(err.code < 0 && err.text[0]);
    }
    (void)hoot__my_ok_parse(packet, true, &ok);
    (void)hoot__my_ok_parse(packet, false, &ok);
    (void)hoot__my_eof_parse(packet, &ok);
    (void)hoot__my_prepared_parse(packet, &prepared);
    if (hoot__my_refusal_parse(packet, &refusal))
        assert(hoot__my_refusal_to_error(&refusal, &err) < 0);
    return 0;
}
