/* hoot_arena: a bump allocator over a chain of blocks.
 *
 *     hoot_arena | first block ............ |      one allocation, 2 KiB: kept by reset
 *                                 cursor^  ^limit
 *     block | ... |   block | ... |                doubling up to 64 KiB; a big request has a block of its
 * own
 *
 * An allocation is an aligned addition and one comparison: `limit` is the end of the current block or the
 * point where the arena's own limit is used up, whichever comes first. What was handed out is computed, not
 * counted: `earlier` + (cursor - start). Bytes skipped for alignment count as handed out; unused ends of
 * blocks do not, and are never more than a quarter of a block. Texts are not aligned, so that many small ones
 * cost what they hold.
 *
 * Arenas come and go with every request and every answer, and a block of this size is what malloc is slowest
 * with: each thread keeps some dozens of first blocks. To reset an arena that has not left its first block is
 * to move the cursor back.
 *
 * Under AddressSanitizer all that is not handed out is poisoned, and a gap is left after each allocation, so
 * that a write past one's end is seen as in heap memory. The gap counts for nothing: limits are the same in
 * every build. */
#include <hoot/arena.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/large.h"

#include <assert.h>
#include <stdalign.h>
#include <stdio.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif

#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define POISONS            true
#define POISON(from, to)   __asan_poison_memory_region((from), (size_t)((to) - (from)))
#define UNPOISON(from, to) __asan_unpoison_memory_region((from), (size_t)((to) - (from)))
#else
#define POISONS            false
#define POISON(from, to)   ((void)0)
#define UNPOISON(from, to) ((void)0)
#endif

#define ALIGNMENT ((size_t)alignof(max_align_t))

enum {
    FIRST_BLOCK_BYTES = 2048 - 16, /* malloc's own header makes it 2 KiB */
    SECOND_BLOCK_BYTES = 4096 - 16,
    LAST_BLOCK_BYTES = 64 * 1024 - 16,
    ASAN_GAP_BYTES = 16,
    KEPT_BYTES_MAX = 1024,
};

/* Stands in front of each block but the first. */
typedef struct block {
    alignas(max_align_t) struct block *next;
    char *end;
} block;

struct hoot_arena {
    alignas(max_align_t) char *cursor; /* the next free byte of the current block */
    char *limit;                       /* what may not be passed, see above */
    char *start;                       /* where the current block's handed-out bytes begin */
    char *end;                         /* of the current block */
    size_t earlier;                    /* handed out of other blocks */
    size_t max_bytes;
    size_t next_block_bytes;
    block *blocks; /* all but the first */
    size_t kept;   /* bytes at the beginning of the first block that a reset leaves */
};

size_t hoot_arena_used(const hoot_arena *arena)
{
    return arena->earlier + (size_t)(arena->cursor - arena->start);
}

/* Put `limit` where the block or the arena's limit ends. */
static void set_limit(hoot_arena *arena)
{
    size_t left = arena->max_bytes - hoot_arena_used(arena);
    size_t room = (size_t)(arena->end - arena->cursor);

    arena->limit = arena->cursor + (left < room ? left : room);
}

/* Go on in the block from `start` to `end`; `used` bytes were handed out before. */
static void enter_block(hoot_arena *arena, char *start, char *end, size_t used)
{
    arena->start = arena->cursor = start;
    arena->end = end;
    arena->earlier = used;
    set_limit(arena);
    POISON(start, end);
}

static void enter_first_block(hoot_arena *arena)
{
    char *first = (char *)(arena + 1);

    arena->next_block_bytes = SECOND_BLOCK_BYTES;
    POISON(first, first + arena->kept);
    enter_block(arena, first + arena->kept, (char *)arena + FIRST_BLOCK_BYTES, arena->kept);
}

/* --- spare first blocks, a list through themselves --- */

#ifdef ARENA_ASAN
enum { SPARES_MAX = 0 }; /* so that a use after the end is still found */
#else
enum { SPARES_MAX = 64 };
#endif

static _Thread_local block *spares;
static _Thread_local int spare_count;

static void *first_block_get(void)
{
    block *spare = spares;

    if (!spare)
        return hoot__malloc(FIRST_BLOCK_BYTES);
    spares = spare->next;
    spare_count--;
    return spare;
}

static void first_block_put(void *memory)
{
    block *spare = memory;

    if (spare_count >= SPARES_MAX) {
        hoot__free(memory);
        return;
    }
    spare->next = spares;
    spares = spare;
    spare_count++;
}

hoot_arena *hoot_arena_new(size_t max_bytes)
{
    hoot_arena *arena = first_block_get();

    if (!arena)
        return NULL;
    arena->max_bytes = max_bytes ? max_bytes : HOOT_ARENA_DEFAULT_MAX_BYTES;
    arena->blocks = NULL;
    arena->kept = 0;
    enter_first_block(arena);
    return arena;
}

__attribute__((noinline)) static void free_blocks(hoot_arena *arena)
{
    while (arena->blocks) {
        block *gone = arena->blocks;

        arena->blocks = gone->next;
        UNPOISON((char *)(gone + 1), gone->end);
        hoot__large_put(gone, (size_t)(gone->end - (char *)gone));
    }
}

void hoot_arena_free(hoot_arena *arena)
{
    if (!arena)
        return;
    free_blocks(arena);
    UNPOISON((char *)(arena + 1), (char *)arena + FIRST_BLOCK_BYTES);
    first_block_put(arena);
}

void hoot_arena_reset(hoot_arena *arena)
{
    if (!arena->blocks && !POISONS) {
        arena->cursor = arena->start; /* of the first block, whose limit stands */
        return;
    }
    free_blocks(arena);
    enter_first_block(arena);
}

void *hoot__arena_kept(hoot_arena *arena)
{
    char *first = (char *)(arena + 1);

    UNPOISON(first, first + arena->kept);
    return first;
}

void *hoot__arena_keep(hoot_arena *arena, size_t size)
{
    assert(hoot_arena_used(arena) == 0 && size <= KEPT_BYTES_MAX && size <= arena->max_bytes - ALIGNMENT);
    arena->kept = (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    enter_first_block(arena);
    return hoot__arena_kept(arena);
}

/* A block with `room` bytes for use, on the chain. NULL: no memory. */
static block *add_block(hoot_arena *arena, size_t room)
{
    size_t bytes = sizeof(block) + room;
    block *fresh = bytes < HOOT__LARGE_BYTES ? hoot__malloc(bytes) : hoot__large_get(&bytes);

    if (!fresh)
        return NULL;
    fresh->end = (char *)fresh + bytes;
    fresh->next = arena->blocks;
    arena->blocks = fresh;
    return fresh;
}

/* A block for one request only: the current block goes on being filled, with that much less left to hand out.
 */
static void *take_own_block(hoot_arena *arena, size_t size)
{
    block *own = add_block(arena, size);

    if (!own)
        return NULL;
    arena->earlier += size;
    set_limit(arena);
    return own + 1;
}

static void *take(hoot_arena *arena, size_t size, size_t alignment);

/* The current block is full, or the arena is. */
__attribute__((noinline)) static void *take_slow(hoot_arena *arena, size_t size, size_t alignment)
{
    size_t used = hoot_arena_used(arena);
    size_t room = arena->next_block_bytes - sizeof(block);
    block *fresh;

    if (size > arena->max_bytes - used || size > PTRDIFF_MAX / 2)
        return NULL;
    if (size > room / 4)
        return take_own_block(arena, size);
    fresh = add_block(arena, room);
    if (!fresh)
        return NULL;
    if (arena->next_block_bytes < LAST_BLOCK_BYTES)
        arena->next_block_bytes = 2 * (arena->next_block_bytes + 16) - 16;
    enter_block(arena, (char *)(fresh + 1), fresh->end, used);
    return take(arena, size, alignment);
}

/* Open what was taken to use, and leave the gap behind it. */
static void note_taken(hoot_arena *arena, char *taken)
{
#ifdef ARENA_ASAN
    size_t room = (size_t)(arena->end - arena->cursor);
    size_t gap = room < ASAN_GAP_BYTES ? room : ASAN_GAP_BYTES;

    UNPOISON(taken, arena->cursor);
    arena->cursor += gap;
    arena->start += gap;
    set_limit(arena);
#else
    (void)arena;
    (void)taken;
#endif
}

static inline char *aligned(const hoot_arena *arena, size_t alignment)
{
    return arena->cursor + (-(uintptr_t)arena->cursor & (alignment - 1));
}

/* Aligning may have led past the limit. */
static inline bool has_room(const hoot_arena *arena, const char *from, size_t size)
{
    ptrdiff_t left = arena->limit - from;

    return left >= 0 && size <= (size_t)left;
}

static inline void *take(hoot_arena *arena, size_t size, size_t alignment)
{
    char *taken = aligned(arena, alignment);

    if (__builtin_expect(!has_room(arena, taken, size), 0))
        return take_slow(arena, size, alignment);
    arena->cursor = taken + size;
    note_taken(arena, taken);
    return taken;
}

void *hoot_arena_alloc(hoot_arena *arena, size_t size)
{
    return take(arena, size ? size : 1, ALIGNMENT);
}

/* Where the chain leads to the block that is `taken`'s own; NULL: it lies among others. */
static block **link_to_own(hoot_arena *arena, const void *taken)
{
    for (block **link = &arena->blocks; *link; link = &(*link)->next) {
        if ((const void *)(*link + 1) == taken && taken != arena->start)
            return link;
    }
    return NULL;
}

static block *grow_block(block **link, size_t bytes)
{
    block *grown = hoot__realloc(*link, bytes);

    if (grown) {
        grown->end = (char *)grown + bytes;
        *link = grown;
    }
    return grown;
}

void *hoot__arena_grow(hoot_arena *arena, void *taken, size_t old_size, size_t size)
{
    block **link = link_to_own(arena, taken);
    block *own;

    if (!link) {
        void *copy = hoot_arena_alloc(arena, size);

        return copy ? memcpy(copy, taken, old_size) : NULL;
    }
    if (size - old_size > arena->max_bytes - hoot_arena_used(arena) || size > PTRDIFF_MAX / 2)
        return NULL;
    own = (char *)taken + size <= (*link)->end ? *link : grow_block(link, sizeof(block) + size);
    if (!own)
        return NULL;
    arena->earlier += size - old_size;
    set_limit(arena);
    return own + 1;
}

void *hoot_arena_zalloc(hoot_arena *arena, size_t size)
{
    void *taken = hoot_arena_alloc(arena, size);

    return taken ? memset(taken, 0, size) : NULL;
}

void *hoot_arena_alloc_array(hoot_arena *arena, size_t count, size_t size)
{
    size_t bytes;

    return __builtin_mul_overflow(count, size, &bytes) ? NULL : hoot_arena_alloc(arena, bytes);
}

char *hoot_arena_dup(hoot_arena *arena, hoot_str s)
{
    char *copy = s.len < SIZE_MAX ? take(arena, s.len + 1, 1) : NULL;

    if (!copy)
        return NULL;
    if (s.len)
        memcpy(copy, s.ptr, s.len);
    copy[s.len] = '\0';
    return copy;
}

char *hoot_arena_strdup(hoot_arena *arena, const char *text)
{
    return hoot_arena_dup(arena, hoot_str_from(text));
}

/* Formatted into the rest of the block, and kept there if it fits; else once more, into a place of its
 * length. */
char *hoot_arena_vprintf(hoot_arena *arena, const char *format, va_list args)
{
    size_t room = (size_t)(arena->limit - arena->cursor);
    char *out = arena->cursor;
    va_list again;
    int len;

    va_copy(again, args);
    UNPOISON(out, arena->limit);
    len = vsnprintf(out, room, format, args);
    POISON(out, arena->limit);
    out = len < 0 ? NULL : take(arena, (size_t)len + 1, 1);
    if (out && (size_t)len >= room)
        vsnprintf(out, (size_t)len + 1, format, again);
    va_end(again);
    return out;
}

char *hoot_arena_printf(hoot_arena *arena, const char *format, ...)
{
    va_list args;
    char *out;

    va_start(args, format);
    out = hoot_arena_vprintf(arena, format, args);
    va_end(args);
    return out;
}
