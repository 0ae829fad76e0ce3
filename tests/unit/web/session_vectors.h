/* Made by tests/tools/session_vectors.py: cookies of Flask 2.2.2 and Quart's session interface. */
#ifndef SESSION_VECTORS_H
#define SESSION_VECTORS_H

#define VECTOR_KEY "owl and mouse"
#define VECTOR_OLD_KEY "an older key"
#define VECTOR_SIGNED_AT 1767225600

typedef struct session_vector {
    const char *name, *json, *cookie;
} session_vector;

/* clang-format off */
static const session_vector session_vectors[] = {
    { "plain",
      "{\"user\":\"user_17\"}",
      "eyJ1c2VyIjoidXNlcl8xNyJ9.aVW5AA.QDmZQ8VADjSh3lFKE6gbmSwRc38" },
    { "non_ascii",
      "{\"name\":\"Zo\\u00eb \\ud83e\\udd89 \\\"q\\\" \\\\ / \\u007f\\n\"}",
      "eyJuYW1lIjoiWm9cdTAwZWIgXHVkODNlXHVkZDg5IFwicVwiIFxcIC8gXHUwMDdmXG4ifQ.aVW5AA.jDnG4FUyLdFCWX5EBUtAIwf3hVc" },
    { "numbers",
      "{\"int\":12345678901234567890123,\"neg\":-7,\"float\":0.1,\"big\":1e+16,\"nan\":NaN}",
      ".eJyrVsrMK1GyMjQyNjE1M7ewNEBh6SjlpaYrWema6yil5eQnAhUa6BnqKCVlAgUNU7UNzYAKEvOUrPwS_WoBruIS8Q.aVW5AA.iC_zfAWFSgwhnIVd2B5tQTlkXEQ" },
    { "nested",
      "{\"a\":[1,{\"b\":[true,false,null]}],\"c\":{},\"d\":[]}",
      "eyJhIjpbMSx7ImIiOlt0cnVlLGZhbHNlLG51bGxdfV0sImMiOnt9LCJkIjpbXX0.aVW5AA.XU5NUau8be4EQzQ0HOoZEarUk0k" },
    { "tuple",
      "{\"t\":{\" t\":[1,{\" t\":[2,\"x\"]},[]]}}",
      "eyJ0Ijp7IiB0IjpbMSx7IiB0IjpbMiwieCJdfSxbXV19fQ.aVW5AA.kxvRm70jt0GnLgOx5HkqZ0LXpxw" },
    { "bytes",
      "{\"b\":{\" b\":\"AP/+IG93bA==\"},\"empty\":{\" b\":\"\"}}",
      "eyJiIjp7IiBiIjoiQVAvK0lHOTNiQT09In0sImVtcHR5Ijp7IiBiIjoiIn19.aVW5AA.j-IuEHfyW9J_PQ1_G-zifiKUe7g" },
    { "markup",
      "{\"m\":{\" m\":\"<b>hoo</b>\"}}",
      "eyJtIjp7IiBtIjoiPGI-aG9vPC9iPiJ9fQ.aVW5AA.SJQeEjgGIbyv8CYq64wSB22EV60" },
    { "uuid",
      "{\"u\":{\" u\":\"123456781234567890ab1234567890ab\"}}",
      ".eJyrVipVsqpWUgCSSoZGxiamZuYWMNrSIDEJma1UWwsADIALfw.aVW5AA.1rJOyfJ2Rmtv-H43H6v-E8NpWzQ" },
    { "datetime",
      "{\"d\":{\" d\":\"Mon, 23 Feb 2026 10:00:05 GMT\"}}",
      "eyJkIjp7IiBkIjoiTW9uLCAyMyBGZWIgMjAyNiAxMDowMDowNSBHTVQifX0.aVW5AA.aLvmDWVKK9QpyvTvYqJoMA7GVl4" },
    { "datetime",
      "{\"d\":{\" d\":\"2026-02-23T10:00:05.000000+00:00\"}}",
      "eyJkIjp7IiBkIjoiMjAyNi0wMi0yM1QxMDowMDowNS4wMDAwMDArMDA6MDAifX0.aVW5AA.vNjkayFwzDX1UHEfYilB3y8z1hU" },
    { "escaped",
      "{\"x\":{\" di\":{\" t__\":[1]}},\"y\":{\" di\":{\" di__\":{\" di\":{\" b__\":\"no\"}}}},\"z\":{\" d\":1,\"more\":2}}",
      ".eJyrVqpQsqpWUkjJBFMl8fFKVtGGsbW1OkqVyBIpmSAZBD8JxFXKy1eqrQWprYLIKVkZ6ijl5helKlkZ1dYCANG2GsI.aVW5AA.aT0a7HG_q4HYVoI1Qkhkx7wTBCY" },
    { "escaped_top",
      "{\" di\":{\" t__\":\"a session of one odd name\"}}",
      "eyIgZGkiOnsiIHRfXyI6ImEgc2Vzc2lvbiBvZiBvbmUgb2RkIG5hbWUifX0.aVW5AA.H8RYx5Oyvqa53JciKYzNkNiOXvE" },
    { "flashes",
      "{\"_flashes\":[{\" t\":[\"message\",\"hi\"]},{\" t\":[\"error\",\"no\"]}]}",
      ".eJyrVopPy0kszkgtVrKKrlZSKAFSSrmpxcWJ6alKOkoZmUqxtTow8dSiovwioGhePlA0thYAUHYTSQ.aVW5AA.Sl2favZVUkzekzyWPlG4EHlBBsg" },
    { "permanent",
      "{\"_permanent\":true,\"user\":\"user_17\"}",
      "eyJfcGVybWFuZW50Ijp0cnVlLCJ1c2VyIjoidXNlcl8xNyJ9.aVW5AA.Mwc8-n3mrocYrYVNSxa_QXU0QBM" },
    { "compressed",
      "{\"list\":[\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\"],\"user\":\"user_17\"}",
      ".eJyrVsrJLC5RsopWKslIVShOzE1VSExPzMxT0hkVGBUYfAKxOkqlxalFSlZgKt7QXKkWAAQT6Io.aVW5AA.os_ZKHHm9_bMOHKJpGUPuOgko-M" },
};

/* {"user":"user_17"} under the older key. */
#define VECTOR_OLD_COOKIE \
    "eyJ1c2VyIjoidXNlcl8xNyJ9.aVW5AA.uiQUBRlL0Zv3gn8Sq7FM_2h5gKE"

/* Sound, but no session: a list; text that is no JSON; a tagged session that is no object. */
static const char *const vector_not_sessions[] = {
    "WzEsMl0.aVW5AA.CTd5vT5doooFkuNeNWvyyVVJCLY",
    "eyJhIjo.aVW5AA.lDN6rT5yOlh9_rXmjTW04U90Uig",
    "eyIgdCI6WzFdfQ.aVW5AA.f5TWf28HBxrSNa_syC3TnqLBLto",
    "eyJhIjoxfXg.aVW5AA.bD1lLbTwcqIXUmqxPKtueF8ImTQ",
    "bnVsbA.aVW5AA.nDUWTukIzgz-eiTssbLQ6792x5k",
    ".aVW5AA.0N4g6HPxfljsaw7TnaqIhZSlUuI",
};

/* Payloads of zlib streams: one cut short, one of 70,000 bytes, one that is none. */
static const char *const vector_bad_streams[] = {
    ".eJyrVkpUsjKsBQ.aVW5AA.-jD4qqZBuR3mLlF3dk3gRCok-wo",
    ".eJztwUENADAIBDAvJwM3c0FC8D4TPNtOXioNAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAJzLfpf_Nhw.aVW5AA.cX1PC95hkFXXoU29EykqKDw8o7o",
    ".eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eA.aVW5AA.ySReE4y1HBVgWdKGOU7dxyrLY1o",
};
/* clang-format on */

#endif
