/* hoot_arena: memory that is let go all at once.
 *
 * Lifetimes nest: process, app, worker, connection, request, scratch; each has an arena. What must outlive
 * its arena is copied, by a call whose name ends in _dup. */
#ifndef HOOT_ARENA_H
#define HOOT_ARENA_H

#include <hoot/str.h>

#include <stdarg.h>

HOOT_BEGIN_DECLS

typedef struct hoot_arena hoot_arena;

/* Limit of an arena that was made with max_bytes 0. */
#define HOOT_ARENA_DEFAULT_MAX_BYTES ((size_t)1 << 30)

/* Gives: an arena that hands out at most `max_bytes` in all (0: HOOT_ARENA_DEFAULT_MAX_BYTES); NULL: no
 * memory. */
HOOT_API HOOT_NODISCARD hoot_arena *hoot_arena_new(size_t max_bytes);
HOOT_API void hoot_arena_free(hoot_arena *arena);
HOOT_DEFINE_AUTO(hoot_arena, hoot_arena_free);

/* Let go of everything in it, keep the first block for the next user. */
HOOT_API void hoot_arena_reset(hoot_arena *arena);

/* `size` bytes, aligned for any type, not cleared (hoot_arena_zalloc: cleared). Lives: as long as the arena.
 * Errors: NULL: no memory, or the arena's limit. */
HOOT_API HOOT_NODISCARD void *hoot_arena_alloc(hoot_arena *arena, size_t size);
HOOT_API HOOT_NODISCARD void *hoot_arena_zalloc(hoot_arena *arena, size_t size);
HOOT_API HOOT_NODISCARD void *hoot_arena_alloc_array(hoot_arena *arena, size_t count, size_t size);

/* Copies, terminated. NULL: no memory. */
HOOT_API HOOT_NODISCARD char *hoot_arena_dup(hoot_arena *arena, hoot_str s);
HOOT_API HOOT_NODISCARD char *hoot_arena_strdup(hoot_arena *arena, const char *text);
HOOT_API HOOT_NODISCARD char *hoot_arena_printf(hoot_arena *arena, const char *format, ...) HOOT_PRINTF(2, 3);
HOOT_API HOOT_NODISCARD char *hoot_arena_vprintf(hoot_arena *arena, const char *format, va_list args);

/* Bytes handed out since it was made or reset. */
HOOT_API size_t hoot_arena_used(const hoot_arena *arena);

HOOT_END_DECLS
#endif
