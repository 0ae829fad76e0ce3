/* Where stacks come from.
 *
 * 64 stacks are carved from one mapping (a slab, 16 MiB of address space, committed page by page), because
 * the kernel limits how many mappings a process may have, and one or two a stack would meet that limit near
 * 32,000 tasks.
 *
 *     slab   | guard | stack 0 ......... head | guard | stack 1 ......... head | ...
 *                          <- grows down
 *
 * Guard: where the kernel has MADV_GUARD_INSTALL (Linux 6.13) it costs no mapping. Elsewhere mprotect(),
 * which splits the mapping, for as many stacks as fit in a quarter of vm.max_map_count. The rest have a
 * canary that is looked at each time their task is switched out: the lowest bytes of a stack are zero until
 * somebody has written there, so it costs no memory either.
 *
 * A released stack stays warm (lent again first, its pages kept) up to HOOT__STACKS_WARM of them; others give
 * their pages back and become a bit in their slab. A warm stack that went deep gives back what is below 16
 * KiB. That it went deep is seen at one cache line there, which a large untouched buffer may skip, so every
 * 1024th use gives back anyway (every 64th cost more than all the rest of starting and ending a task).
 *
 * The heads of stacks lie at the same place of their pages, which would be the same few sets of the
 * first-level cache for all tasks, so each is moved down by a multiple of 64 bytes. */
#include "runtime/stack.h"

#include "base/alloc.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif
#endif
#ifndef RUNNING_ON_VALGRIND
#define RUNNING_ON_VALGRIND               0
#define VALGRIND_STACK_REGISTER(low, top) 0u
#define VALGRIND_STACK_DEREGISTER(id)     ((void)(id))
#endif

#if defined(__SANITIZE_ADDRESS__)
#define HOOT__ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HOOT__ASAN 1
#endif
#endif
#ifdef HOOT__ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

#define SLAB_STACKS     64
#define SLAB_BYTES      (SLAB_STACKS * HOOT_TASK_STACK_BYTES)
#define SLABS_KEPT      4 /* empty ones */
#define GUARD_BYTES     ((size_t)16 * 1024)
#define SHALLOW_BYTES   ((size_t)16 * 1024) /* of a warm stack, kept */
#define COLOURS         16
#define LINE_BYTES      64
#define USES_UNTIL_TRIM 1024
#define SMALLEST_PAGE   4096

struct hoot__slab {
    hoot__slab *next, *prev; /* in `partial`, while `cold` is not 0 */
    char *base;
    uint64_t cold;    /* bit i: stack i may be lent */
    uint64_t guarded; /* bit i: stack i has its guard */
    uint8_t guard[SLAB_STACKS];
    unsigned valgrind_id[SLAB_STACKS];
};

/* Stacks of this process that may still be guarded by mprotect(); negative: not counted yet. */
static atomic_long mprotect_budget = -1;

static long mprotect_budget_read(void)
{
    long mappings = 65530;
    FILE *file = fopen("/proc/sys/vm/max_map_count", "re");

    if (file) {
        if (fscanf(file, "%ld", &mappings) != 1 || mappings < 0)
            mappings = 65530;
        fclose(file);
    }
    return mappings / 4 / 2; /* each guard makes two mappings of one */
}

static bool mprotect_budget_take(void)
{
    long unknown = -1;

    if (atomic_load(&mprotect_budget) < 0)
        atomic_compare_exchange_strong(&mprotect_budget, &unknown, mprotect_budget_read());
    if (atomic_fetch_sub(&mprotect_budget, 1) > 0)
        return true;
    atomic_fetch_add(&mprotect_budget, 1);
    return false;
}

void hoot__stacks_init(hoot__stacks *stacks, size_t head_bytes, hoot__guard best)
{
    long page = sysconf(_SC_PAGESIZE);

    *stacks = (hoot__stacks){ .best_guard = best, .on_valgrind = RUNNING_ON_VALGRIND != 0 };
    stacks->head_bytes = (head_bytes + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES;
    stacks->page_bytes = page > 0 ? (size_t)page : 4096;
    stacks->guard_bytes = GUARD_BYTES > stacks->page_bytes ? GUARD_BYTES : stacks->page_bytes;
}

/* --- slabs --- */

static void link_partial(hoot__stacks *stacks, hoot__slab *slab)
{
    slab->prev = NULL;
    slab->next = stacks->partial;
    if (slab->next)
        slab->next->prev = slab;
    stacks->partial = slab;
}

static void unlink_partial(hoot__stacks *stacks, hoot__slab *slab)
{
    if (slab->next)
        slab->next->prev = slab->prev;
    if (slab->prev)
        slab->prev->next = slab->next;
    else
        stacks->partial = slab->next;
}

static hoot__slab *slab_new(hoot__stacks *stacks)
{
    hoot__slab *slab = hoot__calloc(1, sizeof *slab);
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK;

    if (!slab)
        return NULL;
    slab->base = mmap(NULL, SLAB_BYTES, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (slab->base == MAP_FAILED) {
        hoot__free(slab);
        return NULL;
    }
    madvise(slab->base, SLAB_BYTES, MADV_NOHUGEPAGE); /* else one touched page would commit 2 MiB */
    slab->cold = UINT64_MAX;
    stacks->slab_count++;
    stacks->empty_slabs++;
    link_partial(stacks, slab);
    return slab;
}

static void slab_free(hoot__stacks *stacks, hoot__slab *slab)
{
    for (unsigned i = 0; i < SLAB_STACKS; i++) {
        if (stacks->on_valgrind && (slab->guarded >> i & 1))
            VALGRIND_STACK_DEREGISTER(slab->valgrind_id[i]);
        if ((slab->guarded >> i & 1) && slab->guard[i] == HOOT__GUARD_MPROTECT)
            atomic_fetch_add(&mprotect_budget, 1);
    }
    unlink_partial(stacks, slab);
    munmap(slab->base, SLAB_BYTES);
    hoot__free(slab);
    stacks->slab_count--;
    stacks->empty_slabs--;
}

/* Guard one stack, as well as this kernel can. */
static hoot__guard guard_install(hoot__stacks *stacks, char *low)
{
    if (stacks->best_guard == HOOT__GUARD_KERNEL) {
        if (madvise(low, stacks->guard_bytes, MADV_GUARD_INSTALL) == 0)
            return HOOT__GUARD_KERNEL;
        stacks->best_guard = HOOT__GUARD_MPROTECT;
    }
    if (stacks->best_guard == HOOT__GUARD_MPROTECT && mprotect_budget_take()) {
        if (mprotect(low, stacks->guard_bytes, PROT_NONE) == 0)
            return HOOT__GUARD_MPROTECT;
        atomic_fetch_add(&mprotect_budget, 1);
    }
    return HOOT__GUARD_CANARY;
}

/* --- stacks --- */

static hoot__stack *head_of(const hoot__stacks *stacks, char *low, unsigned index)
{
    size_t down = stacks->head_bytes + (index % COLOURS) * (size_t)LINE_BYTES;

    return (hoot__stack *)(low + HOOT_TASK_STACK_BYTES - down);
}

static hoot__stack *acquire_cold(hoot__stacks *stacks, hoot__slab *slab)
{
    unsigned index = (unsigned)__builtin_ctzll(slab->cold);
    char *low = slab->base + index * HOOT_TASK_STACK_BYTES;
    hoot__stack *stack = head_of(stacks, low, index);

    if (slab->cold == UINT64_MAX)
        stacks->empty_slabs--;
    slab->cold &= slab->cold - 1;
    if (!slab->cold)
        unlink_partial(stacks, slab);
    if (!(slab->guarded >> index & 1)) {
        slab->guard[index] = (uint8_t)guard_install(stacks, low);
        slab->guarded |= (uint64_t)1 << index;
        if (stacks->on_valgrind)
            slab->valgrind_id[index] = VALGRIND_STACK_REGISTER(low, low + HOOT_TASK_STACK_BYTES - 1);
    }
    *stack = (hoot__stack){ .low = low, .slab = slab, .index = (uint8_t)index, .guard = slab->guard[index] };
    return stack;
}

__attribute__((noinline)) static hoot__stack *acquire_slowly(hoot__stacks *stacks)
{
    hoot__slab *slab = stacks->partial ? stacks->partial : slab_new(stacks);

    return slab ? acquire_cold(stacks, slab) : NULL;
}

hoot__stack *hoot__stack_acquire(hoot__stacks *stacks)
{
    return stacks->warm_count ? stacks->warm[--stacks->warm_count] : acquire_slowly(stacks);
}

/* How deep the stack was ever used: the lowest page that is there tells. Asked in debug builds, before pages
 * are given back. */
static void note_depth(hoot__stacks *stacks, const hoot__stack *stack)
{
#ifdef HOOT_DEBUG
    unsigned char there[HOOT_TASK_STACK_BYTES / SMALLEST_PAGE];
    char *base = hoot__stack_base(stacks, stack);
    size_t bytes = (size_t)(stack->low + HOOT_TASK_STACK_BYTES - base);
    size_t page = 0;

    if (mincore(base, bytes, there) < 0)
        return;
    while (page < bytes / stacks->page_bytes && !(there[page] & 1))
        page++;
    if (bytes - page * stacks->page_bytes > stacks->deepest)
        stacks->deepest = bytes - page * stacks->page_bytes;
#else
    (void)stacks, (void)stack;
#endif
}

/* Give the pages below `keep` bytes from the top back to the kernel; they read as zero from then on. */
__attribute__((noinline)) static void trim(hoot__stacks *stacks, hoot__stack *stack, size_t keep)
{
    char *from = hoot__stack_base(stacks, stack);
    char *to = stack->low + HOOT_TASK_STACK_BYTES - keep;

    note_depth(stacks, stack);
    ASAN_UNPOISON_MEMORY_REGION(from, (size_t)(to - from));
    madvise(from, (size_t)(to - from), MADV_DONTNEED);
}

/* Whether any of the `LINE_BYTES` at `line`, zero at first, was written to. Frames that left may have
 * poisoned it. */
__attribute__((no_sanitize("address"), noinline)) static bool line_is_dirty(const char *line)
{
    typedef uint64_t part __attribute__((vector_size(16)));
    const volatile part *parts = (const volatile part *)(const void *)line;
    part any = parts[0] | parts[1] | parts[2] | parts[3];

    _Static_assert(LINE_BYTES == 4 * sizeof(part), "all of it");
    return (any[0] | any[1]) != 0;
}

static bool went_deep(const hoot__stacks *stacks, const hoot__stack *stack)
{
    /* To Valgrind what is below the stack pointer is not ours to read. */
    return stacks->on_valgrind ||
           line_is_dirty(stack->low + HOOT_TASK_STACK_BYTES - SHALLOW_BYTES - LINE_BYTES);
}

__attribute__((noinline)) static void release_cold(hoot__stacks *stacks, hoot__stack *stack)
{
    hoot__slab *slab = stack->slab;
    unsigned index = stack->index;

    trim(stacks, stack, stacks->page_bytes);
    if (!slab->cold)
        link_partial(stacks, slab);
    slab->cold |= (uint64_t)1 << index;
    if (slab->cold == UINT64_MAX && ++stacks->empty_slabs > SLABS_KEPT)
        slab_free(stacks, slab);
}

void hoot__stack_release(hoot__stacks *stacks, hoot__stack *stack)
{
    char *shallow = stack->low + HOOT_TASK_STACK_BYTES - SHALLOW_BYTES;

    ASAN_UNPOISON_MEMORY_REGION(shallow, SHALLOW_BYTES);
    if (stacks->warm_count == HOOT__STACKS_WARM) {
        release_cold(stacks, stack);
        return;
    }
    if (went_deep(stacks, stack) || ++stack->uses == USES_UNTIL_TRIM) {
        trim(stacks, stack, SHALLOW_BYTES);
        stack->uses = 0;
    }
    stacks->warm[stacks->warm_count++] = stack;
}

void hoot__stacks_fini(hoot__stacks *stacks)
{
    while (stacks->warm_count)
        release_cold(stacks, stacks->warm[--stacks->warm_count]);
    while (stacks->partial)
        slab_free(stacks, stacks->partial);
    assert(stacks->slab_count == 0);
}

bool hoot__stack_canary_died(const hoot__stacks *stacks, const hoot__stack *stack)
{
    const char *lowest = stack->low;

    return stack->guard == HOOT__GUARD_CANARY && !stacks->on_valgrind &&
           line_is_dirty(lowest + stacks->guard_bytes - LINE_BYTES);
}
