/* What the rooms may do with an arena that applications need not. */
#ifndef HOOT_BASE_ARENA_H
#define HOOT_BASE_ARENA_H

#include <hoot/arena.h>

/* More room for `taken`, of which old_size bytes were asked for, for `size` (over old_size). It may move;
 * large memory does so without being copied, where the system can. Gives NULL: no memory, or the arena's
 * limit; `taken` is as it was. */
HOOT_NODISCARD void *hoot__arena_grow(hoot_arena *arena, void *taken, size_t old_size, size_t size);

/* Begin an arena that has just been made with `size` bytes (1 KiB at most) that stay when it is reset: the
 * record of what the arena is for. Gives them, aligned for any type, not cleared. */
void *hoot__arena_keep(hoot_arena *arena, size_t size);

/* The same bytes again, after a reset. */
void *hoot__arena_kept(hoot_arena *arena);

#endif
