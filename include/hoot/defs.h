/* The few macros that the other headers are written with. */
#ifndef HOOT_DEFS_H
#define HOOT_DEFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define HOOT_BEGIN_DECLS extern "C" {
#define HOOT_END_DECLS   }
#else
#define HOOT_BEGIN_DECLS
#define HOOT_END_DECLS
#endif

#if defined(__GNUC__)
#define HOOT_API             __attribute__((visibility("default")))
#define HOOT_NODISCARD       __attribute__((warn_unused_result))
#define HOOT_PRINTF(fmt, va) __attribute__((format(printf, fmt, va)))
#define HOOT_NONNULL         __attribute__((nonnull))
#define HOOT_UNUSED          __attribute__((unused))
#define HOOT_NORETURN        __attribute__((noreturn))
#else
#error "Hoot needs gcc or clang: it uses cleanup attributes and statement expressions"
#endif

/* The place in a source file where it stands, for reports ("src/users.c:41"). */
#define HOOT_PLACE        __FILE__ ":" HOOT__TEXT(__LINE__)
#define HOOT__TEXT(x)     HOOT__TEXT2(x)
#define HOOT__TEXT2(x)    #x
#define HOOT__JOIN(a, b)  HOOT__JOIN2(a, b)
#define HOOT__JOIN2(a, b) a##b

/* Declare a pointer that is let go at the end of its scope, whatever path leaves it:
 *
 *     HOOT_AUTO(hoot_cursor) rows = hoot_pool_query(...);
 *
 * Works for every type that has a HOOT_DEFINE_AUTO line in its header. Initialize it: NULL is fine. */
#define HOOT_AUTO(type) __attribute__((cleanup(type##__auto))) type *

/* For the header of `type`: at the end of the scope, `release` is called, NULL included. */
#define HOOT_DEFINE_AUTO(type, release)                                                                      \
    static inline void type##__auto(type **slot)                                                             \
    {                                                                                                        \
        release(*slot);                                                                                      \
    }                                                                                                        \
    struct hoot__needs_a_semicolon

#endif
