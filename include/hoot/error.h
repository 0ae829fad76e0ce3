/* Errors: a negative code to act on, and a hoot_error to tell a person what happened.
 *
 * A function that can fail gives zero (or a count) or a negative code; one that gives a pointer gives NULL
 * and fills `err`. System causes are `-errno`; the codes below are ours and never collide with one. `err` may
 * always be NULL. A function without an `err` among its arguments fills none: its code is all there is. */
#ifndef HOOT_ERROR_H
#define HOOT_ERROR_H

#include <hoot/defs.h>

#include <stdarg.h>

HOOT_BEGIN_DECLS

/* X(name, number, text, HTTP status that hoot_fail() answers with) */
#define HOOT_ERROR_TABLE(X)                                                                                  \
    X(ENOMEM, -5001, "out of memory", 503)                                                                   \
    X(ETIMEOUT, -5002, "the deadline passed", 503)                                                           \
    X(ECANCELED, -5003, "the task was cancelled", 503)                                                       \
    X(ECLOSED, -5004, "it is closed", 503)                                                                   \
    X(EEOF, -5005, "the other side closed the stream", 502)                                                  \
    X(EINVAL, -5006, "an argument is not valid", 500)                                                        \
    X(ELIMIT, -5007, "a limit was reached", 413)                                                             \
    X(ENOTFOUND, -5008, "not found", 404)                                                                    \
    X(EPROTOCOL, -5009, "the peer broke the protocol", 502)                                                  \
    X(EBADINPUT, -5010, "the input is not well formed", 400)                                                 \
    X(EBUSY, -5011, "it is in use", 503)                                                                     \
    X(ETYPE, -5012, "the value has another type", 500)                                                       \
    X(ERANGE, -5013, "the value does not fit", 500)                                                          \
    X(ENULL, -5014, "the value is NULL", 500)                                                                \
    X(ESTATE, -5015, "not possible in this state", 500)                                                      \
    X(ENOTSUP, -5016, "not supported", 500)                                                                  \
    X(ECONFIG, -5017, "the configuration is not valid", 500)                                                 \
    X(EDB, -5020, "the database refused the statement", 500)                                                 \
    X(ECONNECT, -5021, "the connection could not be made", 503)                                              \
    X(ECONNLOST, -5022, "the connection was lost", 503)                                                      \
    X(EAUTH, -5023, "the server refused the login", 503)                                                     \
    X(EDUPLICATE, -5024, "a unique key has that value already", 409)                                         \
    X(EDEADLOCK, -5025, "the transaction was chosen to end a deadlock", 503)                                 \
    X(ECONSTRAINT, -5026, "a constraint forbids the value", 409)                                             \
    X(EUNFIT, -5027, "the database server does not take such statements now", 503)

enum {
#define X(name, number, text, status) HOOT_##name = number,
    HOOT_ERROR_TABLE(X)
#undef X
};

/* Bytes of message text kept, terminator included; longer text is cut. */
#define HOOT_ERROR_TEXT_BYTES 256

/* What went wrong, for people and for logs. Fixed in size, lives wherever its owner puts it, allocates
 * nothing. */
typedef struct hoot_error {
    int code;         /* 0, or one of the codes above, or -errno */
    int server_code;  /* the database server's own number (1062, ...), or 0 */
    char sqlstate[6]; /* the database server's SQLSTATE, or "" */
    char text[HOOT_ERROR_TEXT_BYTES];
} hoot_error;

/* An empty error: `hoot_error err = HOOT_ERROR_INIT;` */
#ifdef __cplusplus
#define HOOT_ERROR_INIT                                                                                      \
    {                                                                                                        \
    }
#else
#define HOOT_ERROR_INIT                                                                                      \
    {                                                                                                        \
        0                                                                                                    \
    }
#endif

/* Fill `err` (NULL is fine) and give `code` back, so that one can `return hoot_error_set(err, HOOT_EINVAL,
 * ...)`. The text says what happened and, where there is one, what to do about it. */
HOOT_API int hoot_error_set(hoot_error *err, int code, const char *format, ...) HOOT_PRINTF(3, 4);
#ifdef __clang_analyzer__ /* which cannot look into the library: it gives `code` back */
#define hoot_error_set(err, code, ...) ((void)(hoot_error_set)(err, code, __VA_ARGS__), (code))
#endif
HOOT_API int hoot_error_setv(hoot_error *err, int code, const char *format, va_list args);

/* Put "text: " in front of what `err` says. Gives err's code (0 for NULL). */
HOOT_API int hoot_error_prefix(hoot_error *err, const char *format, ...) HOOT_PRINTF(2, 3);

/* The code in `err`; 0 for NULL and for an empty one. */
static inline int hoot_error_code(const hoot_error *err)
{
    return err ? err->code : 0;
}

/* Make it an empty one. Cheaper than HOOT_ERROR_INIT, which writes all of the text, too. */
static inline void hoot_error_clear(hoot_error *err)
{
    if (err) {
        err->code = err->server_code = 0;
        err->sqlstate[0] = err->text[0] = '\0';
    }
}

/* The fixed text of a code, of ours or of errno. Lives: for ever. */
HOOT_API const char *hoot_error_text(int code);

/* The name of a code: "HOOT_ETIMEOUT", "EACCES"; "unknown" for a number that is none. */
HOOT_API const char *hoot_error_name(int code);

/* The HTTP status a failure of this kind is answered with (the table's last column; 500 for errno). */
HOOT_API int hoot_error_status(int code);

HOOT_END_DECLS
#endif
