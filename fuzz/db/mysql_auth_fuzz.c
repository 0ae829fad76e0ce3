/* The packets of a login: the first byte chooses the plugin and whether a key was asked for, the rest is the
 * server's packet. */
#include "db/mysql/auth.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void answer_switch(hoot_str packet)
{
    uint8_t proof[HOOT__MY_PROOF_MAX];
    hoot_error err = HOOT_ERROR_INIT;
    hoot__my_challenge challenge;

    if (hoot__my_switch_parse(packet, &challenge)) {
        int len = hoot__my_prove(&challenge, "password", proof, &err);

        assert(len == 0 || len == 20 || len == 32 || len == 64 || (len < 0 && err.text[0]));
    }
}

static void answer_key(hoot_str pem)
{
    static const uint8_t seed[HOOT__MY_SEED_BYTES] = { 1, 2, 3 };
    hoot_error err = HOOT_ERROR_INIT;
    hoot_buf out;

    hoot_buf_init(&out, 8192);
    if (hoot__my_encrypt_password(pem, "password", seed, &out, &err) < 0)
        assert(err.text[0]);
    else
        assert(out.len >= 128);
    hoot_buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hoot_str packet = hoot_str_of(data + 1, size ? size - 1 : 0);

    if (size == 0)
        return 0;
    switch (hoot__my_auth_step_of(packet, data[0] & 1 ? HOOT__MY_PLUGIN_SHA2 : HOOT__MY_PLUGIN_NATIVE,
                                  data[0] & 2)) {
    case HOOT__MY_AUTH_SWITCH: answer_switch(packet); break;
    case HOOT__MY_AUTH_KEY: answer_key(hoot_str_from_index(packet, 1)); break;
    default: break;
    }
    return 0;
}
