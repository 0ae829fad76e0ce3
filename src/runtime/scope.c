/* Scopes: a ring of closers and an arena that is made when it is first asked for.
 *
 * Each task carries one, and most tasks use none of it, so an untouched scope is all zero and ending it costs
 * a look at two pointers. The ring's head is a closer, so that a closer can leave without knowing its scope.
 */
#include "runtime/internal.h"

#include "base/alloc.h"

#include <assert.h>

void hoot_scope_defer(hoot_scope *scope, hoot_closer *closer, hoot_closer_fn close, void *user)
{
    hoot_closer *ring = &scope->ring;

    if (!ring->next)
        ring->next = ring->prev = ring;
    *closer = (hoot_closer){ .next = ring, .prev = ring->prev, .close = close, .user = user };
    ring->prev->next = closer;
    ring->prev = closer;
}

void hoot_closer_cancel(hoot_closer *closer)
{
    if (!closer->next)
        return;
    closer->next->prev = closer->prev;
    closer->prev->next = closer->next;
    closer->next = closer->prev = NULL;
}

hoot_arena *hoot_scope_arena(hoot_scope *scope)
{
    if (!scope->arena) {
        scope->arena = hoot_arena_new(0);
        scope->owns_arena = true;
    }
    return scope->arena;
}

hoot_scope *hoot_current_scope(void)
{
    hoot_task *task = hoot_current_task();

    return task ? task->scope : NULL;
}

hoot_scope *hoot__scope_new(hoot_arena *arena)
{
    hoot_scope *scope = arena ? hoot_arena_zalloc(arena, sizeof *scope) : hoot__calloc(1, sizeof *scope);

    if (scope) {
        scope->arena = arena;
        scope->on_heap = !arena;
    }
    return scope;
}

void hoot__scope_close(hoot_scope *scope)
{
    while (scope->ring.next && scope->ring.prev != &scope->ring) {
        hoot_closer *closer = scope->ring.prev;

        hoot_closer_cancel(closer);
        closer->close(closer, closer->user);
    }
    if (scope->owns_arena)
        hoot_arena_free(scope->arena);
    scope->arena = NULL;
    scope->owns_arena = false;
}

void hoot__scope_end(hoot_scope *scope)
{
    if (!scope)
        return;
    hoot__scope_fini(scope);
    if (scope->on_heap)
        hoot__free(scope);
}

hoot_scope *hoot__task_scope(hoot_task *task)
{
    return &task->own_scope;
}

void hoot__task_set_scope(hoot_task *task, hoot_scope *scope)
{
    task->scope = scope ? scope : &task->own_scope;
}

hoot_scope *hoot__task_use_scope(hoot_scope *scope)
{
    hoot_task *task = hoot_current_task();
    hoot_scope *before;

    assert(task);
    before = task->scope;
    hoot__task_set_scope(task, scope);
    return before;
}
