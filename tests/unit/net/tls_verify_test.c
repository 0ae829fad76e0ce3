/* TLS: whom each side believes, what it says when it does not, and what contexts are made of. */
#include "unit/net/tls_rig.h"

/* --- certificates of servers --------------------------------------------------------------------- */

typedef struct refusal {
    wish w;
    const char *text; /* NULL: the handshake succeeds */
} refusal;

static void check_one(const refusal *r, hoot__tls_version version)
{
    wish w = r->w;
    both b;
    bool done;

    w.client.max_version = version;
    done = shake(&b, &w);
    if (!r->text && !done)
        fail_msg("%s for %s: %s", w.server.cert_file, w.host, b.client_err.text);
    if (r->text && (b.client || !strstr(b.client_err.text, r->text)))
        fail_msg("%s for %s: %s instead of %s", w.server.cert_file, w.host, b.client_err.text, r->text);
    if (r->text)
        assert_int_equal(b.client_err.code, HOOT_ECONNECT);
    if (!r->text)
        talk(&b);
    end_both(&b);
}

static void check_all(const refusal *all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check_one(&all[i], HOOT__TLS_1_2);
        check_one(&all[i], HOOT__TLS_1_3);
    }
}

#define CHECK(table) check_all(table, sizeof(table) / sizeof((table)[0]))
#define CA           .client.verify = HOOT__TLS_VERIFY_CA
#define NONE         .client.verify = HOOT__TLS_VERIFY_NONE

static void check_authorities(void)
{
    static const refusal all[] = {
        { { .client.ca_file = "other-ca.pem" },
          "the certificate of localhost is signed by an unknown authority (Test CA)" },
        { { .client.ca_file = "other-ca.pem", CA }, "unknown authority" },
        { { .client.ca_file = "other-ca.pem", NONE }, NULL },
        { { .server.cert_file = "self.pem" }, "localhost is signed by itself" },
        { { .server.cert_file = "self.pem", .client.ca_file = "self.pem" }, NULL },
        { { .client.ca_file = "good.pem" }, "unknown authority" },
    };

    CHECK(all);
}

static void asks_who_signed(void **state)
{
    (void)state;
    run_in_task(check_authorities, true);
}

static void check_names(void)
{
    static const refusal all[] = {
        { { .host = "localhost" }, NULL },
        { { .host = "LOCALHOST" }, NULL },
        { { .host = "localhost." }, NULL },
        { { .host = "127.0.0.1" }, NULL },
        { { .host = "::1" }, NULL },
        { { .host = "127.0.0.2" }, "is for localhost, 127.0.0.1, ::1, not for 127.0.0.2: connect by a name" },
        { { .host = "::2" }, "not for ::2" },
        { { .host = "example.com" }, "not for example.com" },
        { { .host = "example.com", CA }, NULL },
        { { .host = "example.com", NONE }, NULL },
        { { .host = "the server" }, "not for the server" }, /* the common name does not count beside others */
        { { .host = "db.example.com", .server.cert_file = "wild.pem" }, NULL },
        { { .host = "example.com", .server.cert_file = "wild.pem" }, "is for *.example.com, not for" },
        { { .host = "a.b.example.com", .server.cert_file = "wild.pem" }, "not for a.b.example.com" },
        { { .host = "example.com.evil.org", .server.cert_file = "wild.pem" }, "not for" },
    };

    CHECK(all);
}

static void asks_whom_it_is_for(void **state)
{
    (void)state;
    run_in_task(check_names, true);
}

static void check_days(void)
{
    static const refusal all[] = {
        { { .server.cert_file = "expired.pem" }, "the certificate of localhost expired on 20" },
        { { .server.cert_file = "expired.pem", CA }, "renew it" },
        { { .server.cert_file = "expired.pem", NONE }, NULL },
        { { .server.cert_file = "future.pem" }, "is not valid before 20" },
    };

    CHECK(all);
}

static void asks_whether_it_is_in_time(void **state)
{
    (void)state;
    run_in_task(check_days, true);
}

static void check_revocation(void)
{
    static const refusal all[] = {
        { { .client.crl_file = "nothing.crl" }, NULL },
        { { .client.crl_file = "revoked.crl" }, "the certificate of localhost was revoked" },
        { { .server.cert_file = "wild.pem", .host = "db.example.com", .client.crl_file = "revoked.crl" },
          NULL },
        { { .server.cert_file = "self.pem", .client.ca_file = "self.pem", .client.crl_file = "nothing.crl" },
          "no revocation list for the certificate of localhost" },
    };

    CHECK(all);
}

static void asks_whether_it_was_revoked(void **state)
{
    (void)state;
    run_in_task(check_revocation, true);
}

static void tell_the_server(void)
{
    wish w = { .client.ca_file = "other-ca.pem" };
    both b;

    assert_false(shake(&b, &w));
    assert_int_equal(b.server_err.code, HOOT_ECONNECT);
    assert_non_null(strstr(b.server_err.text, "does not know the authority that signed our certificate"));
    end_both(&b);
}

static void the_server_hears_why_it_was_refused(void **state)
{
    (void)state;
    run_in_task(tell_the_server, true);
}

static void ask_for_a_host(void)
{
    char long_name[300];
    hoot_error err = HOOT_ERROR_INIT;
    wish w = { 0 };
    both b = { 0 };
    const char *bad[] = { NULL, "", long_name };

    memset(long_name, 'a', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    assert_true(make_contexts(&b, &w));
    for (size_t i = 0; i < 3; i++) {
        hoot_stream *client, *server;

        assert_int_equal(connect_lower(&w, &client, &server), 0);
        assert_null(hoot__tls_connect(client, b.client_context, bad[i], hoot_str_of(NULL, 0), &err));
        assert_int_equal(err.code, HOOT_EINVAL);
        assert_non_null(strstr(err.text, "host name"));
        hoot_stream_close(server);
    }
    end_both(&b);
}

static void verifying_needs_a_host(void **state)
{
    (void)state;
    run_in_task(ask_for_a_host, true);
}

static void take_fingerprint(void)
{
    uint8_t digest[HOOT__TLS_FINGERPRINT_BYTES];
    wish w = { NONE };
    both b;

    must_shake(&b, &w);
    assert_int_equal(hoot__tls_peer_fingerprint(b.client, digest), 0);
    assert_memory_equal(digest, good_fingerprint, sizeof digest);
    assert_int_equal(hoot__tls_peer_fingerprint(b.server, digest), HOOT_ENOTFOUND);
    end_both(&b);
}

static void gives_the_fingerprint_of_the_peer(void **state)
{
    (void)state;
    run_in_task(take_fingerprint, true);
}

/* --- certificates of clients --------------------------------------------------------------------- */

static void show_certificate(void)
{
    for (hoot__tls_version version = HOOT__TLS_1_2; version <= HOOT__TLS_1_3; version++) {
        wish w = { .server.verify = HOOT__TLS_VERIFY_CA, .client.cert_file = "client.pem" };
        uint8_t digest[HOOT__TLS_FINGERPRINT_BYTES];
        both b;

        w.client.max_version = version;
        must_shake(&b, &w);
        talk(&b);
        assert_int_equal(hoot__tls_peer_fingerprint(b.server, digest), 0);
        end_both(&b);
    }
}

static void a_client_shows_its_certificate(void **state)
{
    (void)state;
    run_in_task(show_certificate, true);
}

/* With 1.2 the handshake tells the client that it is refused; with 1.3 the first answer does. */
static void be_refused(const char *cert_file, const char *client_text, const char *server_text)
{
    wish w = { .server.verify = HOOT__TLS_VERIFY_CA, .client.cert_file = cert_file };
    hoot_error err = HOOT_ERROR_INIT;
    hoot__reader reader;
    both b;

    w.client.max_version = HOOT__TLS_1_2;
    assert_false(shake(&b, &w));
    assert_null(b.client);
    assert_int_equal(b.client_err.code, HOOT_ECONNECT);
    end_both(&b);

    w.client.max_version = HOOT__TLS_1_3;
    assert_false(shake(&b, &w));
    assert_null(b.server);
    if (!strstr(b.server_err.text, server_text))
        fail_msg("%s", b.server_err.text);
    assert_non_null(b.client);
    assert_false(hoot_stream_is_alive(b.client));
    hoot__reader_init(&reader, b.client, 100);
    assert_int_equal(hoot__reader_fill(&reader, 1), HOOT_EPROTOCOL);
    assert_int_equal(hoot__tls_explain(b.client, HOOT_EPROTOCOL, &err), HOOT_EPROTOCOL);
    if (!strstr(err.text, client_text))
        fail_msg("%s", err.text);
    hoot__reader_fini(&reader);
    end_both(&b);
}

static void be_refused_in_each_way(void)
{
    be_refused(NULL, "the server wants a client certificate", "the client showed no certificate");
    be_refused("stranger.pem", "does not know the authority",
               "the certificate of the server is signed by an unknown authority (Other CA)");
}

static void a_server_refuses_clients_without_a_good_certificate(void **state)
{
    (void)state;
    run_in_task(be_refused_in_each_way, true);
}

/* --- versions, protocols, sessions --------------------------------------------------------------- */

static void differ_in_versions(void)
{
    wish old_server = { .server.max_version = HOOT__TLS_1_2, .client.min_version = HOOT__TLS_1_3 };
    wish old_client = { .server.min_version = HOOT__TLS_1_3, .client.max_version = HOOT__TLS_1_2 };
    const wish *all[] = { &old_server, &old_client };

    for (int i = 0; i < 2; i++) {
        both b;

        assert_false(shake(&b, all[i]));
        assert_int_equal(b.client_err.code, HOOT_ECONNECT);
        assert_non_null(strstr(b.client_err.text, "no TLS version that both sides allow"));
        assert_non_null(strstr(b.server_err.text, "no TLS version that both sides allow"));
        end_both(&b);
    }
}

static void refuses_versions_below_the_least(void **state)
{
    (void)state;
    run_in_task(differ_in_versions, true);
}

static void agree_on_protocol(void)
{
    wish w = { .server.alpn = "h2,http/1.1", .client.alpn = "http/1.1,h2" };
    both b;

    must_shake(&b, &w);
    assert_true(hoot_str_is(hoot__tls_alpn(b.client), "h2"));
    assert_true(hoot_str_is(hoot__tls_alpn(b.server), "h2"));
    end_both(&b);

    w.client.alpn = NULL;
    must_shake(&b, &w);
    assert_int_equal(hoot__tls_alpn(b.client).len, 0);
    end_both(&b);

    w.client.alpn = "imap";
    assert_false(shake(&b, &w));
    assert_non_null(strstr(b.client_err.text, "no application protocol (ALPN) in common"));
    end_both(&b);
}

static void agrees_on_a_protocol(void **state)
{
    (void)state;
    run_in_task(agree_on_protocol, true);
}

static void come_again(void)
{
    for (hoot__tls_version version = HOOT__TLS_1_2; version <= HOOT__TLS_1_3; version++) {
        wish w = { .client.resume = true, .server.verify = HOOT__TLS_VERIFY_CA };
        wish elsewhere = { .host = "127.0.0.1" };
        both b;

        w.client.cert_file = "client.pem";
        w.client.max_version = version;
        must_shake(&b, &w);
        assert_false(hoot__tls_resumed(b.client));
        talk(&b);
        hang_up(&b);
        assert_true(shake_again(&b, &w));
        assert_true(hoot__tls_resumed(b.client));
        assert_true(hoot__tls_resumed(b.server));
        talk(&b);
        hang_up(&b);
        assert_true(shake_again(&b, &elsewhere));
        assert_false(hoot__tls_resumed(b.client));
        end_both(&b);
    }
}

static void takes_up_the_last_session_with_a_host(void **state)
{
    (void)state;
    run_in_task(come_again, true);
}

static void come_again_anew(void)
{
    wish w = { 0 };
    both b;

    must_shake(&b, &w);
    talk(&b);
    hang_up(&b);
    assert_true(shake_again(&b, &w));
    assert_false(hoot__tls_resumed(b.client));
    end_both(&b);
}

static void keeps_no_session_unless_asked_to(void **state)
{
    (void)state;
    run_in_task(come_again_anew, true);
}

/* --- contexts ------------------------------------------------------------------------------------ */

static void expect_bad(bool server, hoot__tls_options options, const char *text)
{
    hoot_error err = HOOT_ERROR_INIT;

    options = with_paths(options);
    assert_null(server ? hoot__tls_server_context(&options, &err) : hoot__tls_client_context(&options, &err));
    assert_int_equal(err.code, HOOT_ECONFIG);
    if (!strstr(err.text, text))
        fail_msg("%s", err.text);
}

#define BAD_CLIENT(text, ...) expect_bad(false, (hoot__tls_options){ __VA_ARGS__ }, text)
#define BAD_SERVER(text, ...) expect_bad(true, (hoot__tls_options){ __VA_ARGS__ }, text)

static void write_junk(void)
{
    FILE *file = fopen(file_at("junk.pem"), "w");

    assert_non_null(file);
    fputs("this is no certificate\n", file);
    fclose(file);
}

static void says_which_file_is_wrong(void **state)
{
    (void)state;
    write_junk();
    BAD_CLIENT("no-such.pem cannot be read: No such file", .ca_file = "no-such.pem");
    BAD_CLIENT("/tmp cannot be read: Is a directory", .ca_file = "/tmp");
    BAD_CLIENT("junk.pem cannot be used", .ca_file = "junk.pem");
    BAD_CLIENT("the CA directory /no/such cannot be read", .ca_dir = "/no/such");
    BAD_CLIENT("cannot be read: Not a directory", .ca_dir = "/etc/passwd");
    BAD_CLIENT("the CRL file", .ca_file = "ca.pem", .crl_file = "junk.pem");
    BAD_CLIENT("the certificate file", .ca_file = "ca.pem", .cert_file = "junk.pem");
    BAD_CLIENT("a key file without a certificate", .ca_file = "ca.pem", .key_file = "client.pem");
    BAD_SERVER("a TLS server without a certificate", .cert_file = NULL);
    BAD_SERVER("the key file", .cert_file = "good.pem", .key_file = "client.pem");
    BAD_SERVER("the key file", .cert_file = "ca.pem");
}

static void says_which_option_is_wrong(void **state)
{
    (void)state;
    BAD_CLIENT("the least TLS version", .min_version = HOOT__TLS_1_3, .max_version = HOOT__TLS_1_2);
    BAD_CLIENT("ALPN names", .alpn = "");
    BAD_CLIENT("ALPN names", .alpn = "h2,,http/1.1");
    BAD_CLIENT("ALPN names", .alpn = "h2,");
    BAD_SERVER("not names", .cert_file = "good.pem", .verify = HOOT__TLS_VERIFY_IDENTITY);
}

static void trusts_the_system_by_default(void **state)
{
    hoot__tls_options options = { 0 };
    hoot_error err = HOOT_ERROR_INIT;
    hoot__tls_context *context = hoot__tls_client_context(&options, &err);

    (void)state;
    assert_non_null(context);
    assert_int_equal(context->verify, HOOT__TLS_VERIFY_IDENTITY);
    assert_int_equal(SSL_CTX_get_min_proto_version(context->ssl), TLS1_2_VERSION);
    hoot__tls_context_unref(context);
    hoot__tls_context_unref(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_who_signed),
        cmocka_unit_test(asks_whom_it_is_for),
        cmocka_unit_test(asks_whether_it_is_in_time),
        cmocka_unit_test(asks_whether_it_was_revoked),
        cmocka_unit_test(the_server_hears_why_it_was_refused),
        cmocka_unit_test(verifying_needs_a_host),
        cmocka_unit_test(gives_the_fingerprint_of_the_peer),
        cmocka_unit_test(a_client_shows_its_certificate),
        cmocka_unit_test(a_server_refuses_clients_without_a_good_certificate),
        cmocka_unit_test(refuses_versions_below_the_least),
        cmocka_unit_test(agrees_on_a_protocol),
        cmocka_unit_test(takes_up_the_last_session_with_a_host),
        cmocka_unit_test(keeps_no_session_unless_asked_to),
        cmocka_unit_test(says_which_file_is_wrong),
        cmocka_unit_test(says_which_option_is_wrong),
        cmocka_unit_test(trusts_the_system_by_default),
    };

    return cmocka_run_group_tests(tests, make_certificates, remove_certificates);
}
