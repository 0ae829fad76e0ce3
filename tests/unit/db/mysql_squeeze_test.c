/* The compressed protocol: what is packed comes back, and what lies about itself does not get far. The
 * vectors are made with zlib's own compress(), in packets as the protocol's documentation draws them. */
#include "mysql_fake.h"

#include "db/mysql/squeeze.h"

static hoot_buf wire, plain;

static int make_buffers(void **state)
{
    (void)state;
    hoot_buf_init(&wire, (size_t)64 << 20);
    hoot_buf_init(&plain, (size_t)64 << 20);
    return 0;
}

static int free_buffers(void **state)
{
    (void)state;
    hoot_buf_fini(&wire);
    hoot_buf_fini(&plain);
    return 0;
}

/* Bytes that do not compress well, and some that do. */
static void fill(hoot_buf *out, size_t len, bool random)
{
    uint32_t x = 1;

    assert_int_equal(hoot_buf_reserve(out, len), 0);
    for (size_t i = 0; i < len; i++) {
        x = x * 1664525 + 1013904223;
        out->data[out->len++] = random ? (char)(x >> 24) : (char)('a' + i % 7);
    }
}

/* Unpack `wire`, given `piece` bytes at a time, into rooms of `room`. Gives 0 or the error. */
static int unpack(size_t piece, size_t room)
{
    hoot__my_unpacker u = { 0 };
    hoot_str all = hoot_buf_str(&wire);
    int rc = 0;

    hoot_buf_clear(&plain);
    while (rc >= 0 && (all.len > 0 || u.full)) {
        hoot_str in = hoot_str_head(all, piece);
        size_t given = in.len;

        assert_int_equal(hoot_buf_reserve(&plain, room), 0);
        rc = hoot__my_unpack(&u, &in, plain.data + plain.len, room);
        assert_true(rc <= (int)room);
        if (rc > 0)
            plain.len += (size_t)rc;
        all = hoot_str_from_index(all, given - in.len);
    }
    hoot__my_unpacker_fini(&u);
    return rc < 0 ? rc : 0;
}

static void what_is_packed_comes_back(void **state)
{
    static const size_t sizes[] = { 1,      49, 50, 51, 1000, 70000, (size_t)1 << 20, ((size_t)1 << 20) + 1,
                                    3000000 };

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (int random = 0; random < 2; random++) {
            hoot_buf text;
            uint8_t number = 0;

            hoot_buf_init(&text, (size_t)64 << 20);
            hoot_buf_clear(&wire);
            fill(&text, sizes[i], random);
            assert_int_equal(hoot__my_pack(hoot_buf_str(&text), &number, &wire), 0);
            assert_int_equal(number, 1 + (sizes[i] - 1) / (1 << 20));
            assert_int_equal(unpack(SIZE_MAX, 4096), 0);
            assert_true(hoot_str_equal(hoot_buf_str(&plain), hoot_buf_str(&text)));
            if (sizes[i] <= 70000) {
                assert_int_equal(unpack(1, 1), 0);
                assert_true(hoot_str_equal(hoot_buf_str(&plain), hoot_buf_str(&text)));
            }
            hoot_buf_fini(&text);
        }
    }
}

static void what_compresses_gets_shorter(void **state)
{
    uint8_t number = 0;

    (void)state;
    fill(&plain, 100000, false);
    assert_int_equal(hoot__my_pack(hoot_buf_str(&plain), &number, &wire), 0);
    assert_true(wire.len < 2000);
}

/* A packet of `len` equal bytes that says it has `said`, and whose last `cut` bytes are missing. */
static void put_liar(size_t len, size_t said, size_t cut, size_t more)
{
    uLongf room = compressBound(len);
    char *packed = malloc(room);
    hoot_buf zeros;

    hoot_buf_init(&zeros, (size_t)64 << 20);
    fill(&zeros, len, false);
    assert_int_equal(compress((Bytef *)packed, &room, (const Bytef *)zeros.data, len), Z_OK);
    hoot__my_put_u24(&wire, (uint32_t)(room - cut + more));
    hoot__my_put_u8(&wire, 0);
    hoot__my_put_u24(&wire, (uint32_t)said);
    (void)hoot_buf_add(&wire, packed, room - cut);
    hoot__my_put_zeros(&wire, more);
    hoot_buf_fini(&zeros);
    free(packed);
}

static void packets_that_are_not_of_their_size_are_errors(void **state)
{
    static const struct {
        size_t len, said, cut, more;
    } liars[] = {
        { 1000, 999, 0, 0 },      { 1000, 1001, 0, 0 },    { 1000, 1, 0, 0 },
        { 1000, 0xffffff, 0, 0 }, { 1000, 1000, 1, 0 },    { 1000, 1000, 4, 0 },
        { 1000, 1000, 0, 1 },     { 1000, 1000, 0, 5000 }, { 0xffffff, 100, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(liars) / sizeof(liars[0]); i++) {
        for (int slow = 0; slow < 2; slow++) {
            hoot_buf_clear(&wire);
            put_liar(liars[i].len, liars[i].said, liars[i].cut, liars[i].more);
            hoot__my_put_zeros(&wire, 7); /* so that a packet that is cut is followed by something */
            assert_int_equal(unpack(slow ? 1 : SIZE_MAX, 64 * 1024), HOOT_EPROTOCOL);
            assert_true(plain.len <= liars[i].said);
        }
    }
}

static void what_is_no_zlib_is_an_error(void **state)
{
    (void)state;
    (void)hoot_buf_add(&wire, "\x05\0\0\0\x80\0\0hello", 12);
    assert_int_equal(unpack(SIZE_MAX, 4096), HOOT_EPROTOCOL);
    hoot_buf_clear(&wire);
    (void)hoot_buf_add(&wire, "\0\0\0\0\x80\0\0", 7); /* nothing, that should be 128 bytes */
    (void)hoot_buf_add(&wire, "\0\0\0\0\0\0\0", 7);
    assert_int_equal(unpack(SIZE_MAX, 4096), HOOT_EPROTOCOL);
}

/* 16 MiB from 16 KiB: unpacked into what room there is, and no more. */
static void a_bomb_takes_no_more_room_than_it_is_given(void **state)
{
    hoot__my_unpacker u = { 0 };
    char room[512];
    hoot_str in;
    size_t got = 0;
    int rc;

    (void)state;
    put_liar(0xffffff, 0xffffff, 0, 0);
    assert_true(wire.len < 64 * 1024);
    in = hoot_buf_str(&wire);
    do {
        rc = hoot__my_unpack(&u, &in, room, sizeof(room));
        assert_true(rc >= 0 && rc <= (int)sizeof(room));
        got += (size_t)rc;
    } while (rc > 0);
    assert_int_equal(got, 0xffffff);
    assert_int_equal(in.len, 0);
    hoot__my_unpacker_fini(&u);
}

/* --- a server that lies --- */

static void compress_group(fake_talk *talk, const char *bytes, size_t len)
{
    fake_group(talk, 1, 0);
    (void)hoot_buf_add(&talk->bytes, bytes, len);
    talk->ends[talk->groups - 1] = talk->bytes.len;
}

static void a_server_whose_packets_lie_is_left(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } lies[] = {
        { "\x05\0\0\0\x80\0\0hello", 12 },
        { "\xff\xff\xff\0\xff\xff\xff\x78\x9c\xff\xff\xff\xff\xff", 14 },
    };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        fake_talk talk;
        fake_run run;

        fake_init(&talk);
        fake_group(&talk, 0, 0);
        fake_greeting(&talk, FAKE_CAPABILITIES | HOOT__MY_CAP_COMPRESS, "mysql_native_password", true);
        fake_group(&talk, 1, 2);
        FAKE(&talk, FAKE_OK);
        compress_group(&talk, lies[i].bytes, lies[i].len);
        fake_defaults(&run, &talk);
        run.target.compress = true;
        fake_hold(&run);
        assert_int_equal(run.rc, HOOT_EPROTOCOL);
        assert_non_null(strstr(run.err.text, "compressed packet"));
        fake_run_fini(&run);
        fake_fini(&talk);
    }
}

/* It is asked for, and not had. */
static void a_server_without_compression_is_spoken_to_without(void **state)
{
    fake_talk talk;
    fake_run run;

    (void)state;
    fake_init(&talk);
    fake_login(&talk);
    fake_defaults(&run, &talk);
    run.target.compress = true;
    fake_hold(&run);
    if (run.rc != 0)
        fail_msg("%s", run.err.text);
    fake_run_fini(&run);
    fake_fini(&talk);
}

static void what_comes_behind_the_login_is_not_believed(void **state)
{
    fake_talk talk;
    fake_run run;

    (void)state;
    fake_init(&talk);
    fake_group(&talk, 0, 0);
    fake_greeting(&talk, FAKE_CAPABILITIES | HOOT__MY_CAP_COMPRESS, "mysql_native_password", true);
    fake_group(&talk, 1, 2);
    FAKE(&talk, FAKE_OK);
    FAKE(&talk, FAKE_OK);
    fake_defaults(&run, &talk);
    run.target.compress = true;
    fake_hold(&run);
    assert_int_equal(run.rc, HOOT_EPROTOCOL);
    assert_non_null(strstr(run.err.text, "behind the login"));
    fake_run_fini(&run);
    fake_fini(&talk);
}

#define WITH_BUFFERS(test) cmocka_unit_test_setup_teardown(test, make_buffers, free_buffers)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BUFFERS(what_is_packed_comes_back),
        WITH_BUFFERS(what_compresses_gets_shorter),
        WITH_BUFFERS(packets_that_are_not_of_their_size_are_errors),
        WITH_BUFFERS(what_is_no_zlib_is_an_error),
        WITH_BUFFERS(a_bomb_takes_no_more_room_than_it_is_given),
        cmocka_unit_test(a_server_whose_packets_lie_is_left),
        cmocka_unit_test(a_server_without_compression_is_spoken_to_without),
        cmocka_unit_test(what_comes_behind_the_login_is_not_believed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
