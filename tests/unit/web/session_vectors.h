/* Made by tests/tools/session_vectors.py: cookies of Flask 2.2.2 and Quart's session interface. */
/* clang-format off */
#ifndef SESSION_VECTORS_H
#define SESSION_VECTORS_H

#define VECTOR_KEY "owl and mouse"
#define VECTOR_OLD_KEY "an older key"
#define VECTOR_SIGNED_AT 1700000000

typedef struct session_vector {
    const char *name, *json, *cookie;
} session_vector;

static const session_vector session_vectors[] = {
    { "plain",
      "{\"user\":\"user_17\"}",
      "eyJ1c2VyIjoidXNlcl8xNyJ9.ZVPxAA.lBEiLN6PgSfI106neamxvYgmGV0" },
    { "non_ascii",
      "{\"name\":\"Zo\\u00eb \\ud83e\\udd89 \\\"q\\\" \\\\ / \\u007f\\n\"}",
      "eyJuYW1lIjoiWm9cdTAwZWIgXHVkODNlXHVkZDg5IFwicVwiIFxcIC8gXHUwMDdmXG4ifQ.ZVPxAA.O6F1EtfItvd0-y8shcjGXqgIj6A" },
    { "numbers",
      "{\"int\":12345678901234567890123,\"neg\":-7,\"float\":0.1,\"big\":1e+16,\"nan\":NaN}",
      ".eJyrVsrMK1GyMjQyNjE1M7ewNEBh6SjlpaYrWema6yil5eQnAhUa6BnqKCVlAgUNU7UNzYAKEvOUrPwS_WoBruIS8Q.ZVPxAA.4PLzTxzFwk8UbQcUlGhhXvV-43I" },
    { "nested",
      "{\"a\":[1,{\"b\":[true,false,null]}],\"c\":{},\"d\":[]}",
      "eyJhIjpbMSx7ImIiOlt0cnVlLGZhbHNlLG51bGxdfV0sImMiOnt9LCJkIjpbXX0.ZVPxAA.Xzr7I_Rf32LuQ8ChSLsVmAU0Btw" },
    { "tuple",
      "{\"t\":{\" t\":[1,{\" t\":[2,\"x\"]},[]]}}",
      "eyJ0Ijp7IiB0IjpbMSx7IiB0IjpbMiwieCJdfSxbXV19fQ.ZVPxAA.ARu2sFqLorIRzHPzSw2cBMdCaR8" },
    { "bytes",
      "{\"b\":{\" b\":\"AP/+IG93bA==\"},\"empty\":{\" b\":\"\"}}",
      "eyJiIjp7IiBiIjoiQVAvK0lHOTNiQT09In0sImVtcHR5Ijp7IiBiIjoiIn19.ZVPxAA.hTeOF3fJqvd26HNTCwBe4wlVOAk" },
    { "markup",
      "{\"m\":{\" m\":\"<b>hoo</b>\"}}",
      "eyJtIjp7IiBtIjoiPGI-aG9vPC9iPiJ9fQ.ZVPxAA.7CuUymwBoTveK-NtN3M9HjzO_co" },
    { "uuid",
      "{\"u\":{\" u\":\"123456781234567890ab1234567890ab\"}}",
      ".eJyrVipVsqpWUgCSSoZGxiamZuYWMNrSIDEJma1UWwsADIALfw.ZVPxAA.F5sQFSAczF3TzlNarjmDSYV9-eo" },
    { "datetime",
      "{\"d\":{\" d\":\"Mon, 23 Feb 2026 10:00:05 GMT\"}}",
      "eyJkIjp7IiBkIjoiTW9uLCAyMyBGZWIgMjAyNiAxMDowMDowNSBHTVQifX0.ZVPxAA.dfBy0OimbLuurL8nrv57zvk_fmo" },
    { "datetime",
      "{\"d\":{\" d\":\"2026-02-23T10:00:05.000000+00:00\"}}",
      "eyJkIjp7IiBkIjoiMjAyNi0wMi0yM1QxMDowMDowNS4wMDAwMDArMDA6MDAifX0.ZVPxAA.EKOxrF-C1pEt3ODY5tAP2mwaxHA" },
    { "escaped",
      "{\"x\":{\" di\":{\" t__\":[1]}},\"y\":{\" di\":{\" di__\":{\" di\":{\" b__\":\"no\"}}}},\"z\":{\" d\":1,\"more\":2}}",
      ".eJyrVqpQsqpWUkjJBFMl8fFKVtGGsbW1OkqVyBIpmSAZBD8JxFXKy1eqrQWprYLIKVkZ6ijl5helKlkZ1dYCANG2GsI.ZVPxAA.7UK2VuWL95LM0uNBDw-qHziBc5g" },
    { "escaped_top",
      "{\" di\":{\" t__\":\"a session of one odd name\"}}",
      "eyIgZGkiOnsiIHRfXyI6ImEgc2Vzc2lvbiBvZiBvbmUgb2RkIG5hbWUifX0.ZVPxAA.O-PGla5onloRcyiWskdSXW4BMds" },
    { "flashes",
      "{\"_flashes\":[{\" t\":[\"message\",\"hi\"]},{\" t\":[\"error\",\"no\"]}]}",
      ".eJyrVopPy0kszkgtVrKKrlZSKAFSSrmpxcWJ6alKOkoZmUqxtTow8dSiovwioGhePlA0thYAUHYTSQ.ZVPxAA.WH5wYHX45iopMNQ5k9Bx7McWZlQ" },
    { "permanent",
      "{\"_permanent\":true,\"user\":\"user_17\"}",
      "eyJfcGVybWFuZW50Ijp0cnVlLCJ1c2VyIjoidXNlcl8xNyJ9.ZVPxAA.rGV1mR3gP1GZX0tnaoGcFohZpyw" },
    { "compressed",
      "{\"list\":[\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\",\"the same again\"],\"user\":\"user_17\"}",
      ".eJyrVsrJLC5RsopWKslIVShOzE1VSExPzMxT0hkVGBUYfAKxOkqlxalFSlZgKt7QXKkWAAQT6Io.ZVPxAA.r2ra879C_24rrTwfK_-NgUkUgzU" },
};

/* {"user":"user_17"} under the older key. */
#define VECTOR_OLD_COOKIE \
    "eyJ1c2VyIjoidXNlcl8xNyJ9.ZVPxAA.lZwpt-oCL837R04NzW6Aeqd4sO0"

/* Sound, but no session: a list; text that is no JSON; a tagged session that is no object. */
static const char *const vector_not_sessions[] = {
    "WzEsMl0.ZVPxAA.OZxlFfWJJGkM2gYAaUmN4h8eTDA",
    "eyJhIjo.ZVPxAA.QSKoLKKWKMlSM7xyUGG3854n-S0",
    "eyIgdCI6WzFdfQ.ZVPxAA.06TETLS6SzwhUAdPHXU9gQY5G2k",
    "eyJhIjoxfXg.ZVPxAA.e4rdjCCuUDrqkG7icQGhiGevA-s",
    "bnVsbA.ZVPxAA.EPGn4oYwdeDOpRjmPDN5aSM_jEk",
    ".ZVPxAA.jmezomu2JM1UM4SsX3vfEh_pNlc",
};

/* Payloads of zlib streams: one cut short, one of 70,000 bytes, one that is none. */
static const char *const vector_bad_streams[] = {
    ".eJyrVkpUsjKsBQ.ZVPxAA.3FIyNHftWQ32Hpi0Un-okhGyr90",
    ".eJztwUENADAIBDAvJwM3c0FC8D4TPNtOXioNAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAJzLfpf_Nhw.ZVPxAA.mhgsWWDYzhcGEemND6koFQxyeWU",
    ".eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eA.ZVPxAA.jRYMdNbo5t5HjcgRheM68otJT8I",
};

#endif
