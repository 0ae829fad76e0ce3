/* Stacks: address space for tasks, guarded, pooled. The head of each stack (the task itself) lies at its top.
 */
#ifndef HOOT_RUNTIME_STACK_H
#define HOOT_RUNTIME_STACK_H

#include <hoot/task.h>

/* How an overflow of a stack is noticed. */
typedef enum hoot__guard { HOOT__GUARD_KERNEL, HOOT__GUARD_MPROTECT, HOOT__GUARD_CANARY } hoot__guard;

typedef struct hoot__slab hoot__slab;

/* The first member of what lives at the top of a stack. Good while the stack is lent or warm. */
typedef struct hoot__stack {
    char *low; /* its lowest address, where the guard starts */
    hoot__slab *slab;
    uint8_t index; /* in the slab */
    uint8_t guard; /* enum hoot__guard */
    uint16_t uses; /* since its deep part was last given back to the kernel */
} hoot__stack;

#define HOOT__STACKS_WARM 256

typedef struct hoot__stacks {
    size_t head_bytes, page_bytes, guard_bytes;
    hoot__slab *partial; /* slabs with cold stacks to lend */
    uint32_t slab_count, empty_slabs, warm_count;
    hoot__guard best_guard;
    bool on_valgrind;
    size_t deepest; /* bytes: the most that was touched of any stack given back so far; 0 unless HOOT_DEBUG */
    hoot__stack *warm[HOOT__STACKS_WARM]; /* the last released is lent first */
} hoot__stacks;

/* `head_bytes`: what the caller keeps at the top of a stack, a hoot__stack first. `best`: HOOT__GUARD_KERNEL;
 * tests ask for less. */
void hoot__stacks_init(hoot__stacks *stacks, size_t head_bytes, hoot__guard best);

/* Every stack must have been released. */
void hoot__stacks_fini(hoot__stacks *stacks);

/* Gives a stack whose head is filled in; NULL: no memory. */
hoot__stack *hoot__stack_acquire(hoot__stacks *stacks);
void hoot__stack_release(hoot__stacks *stacks, hoot__stack *stack);

/* The bytes a task may use: from hoot__stack_base(), hoot__stack_room() of them, up to the head. */
static inline char *hoot__stack_base(const hoot__stacks *stacks, const hoot__stack *stack)
{
    return stack->low + stacks->guard_bytes;
}

static inline size_t hoot__stack_room(const hoot__stacks *stacks, const hoot__stack *stack)
{
    return (size_t)((const char *)stack - hoot__stack_base(stacks, stack));
}

static inline bool hoot__stack_is_guard(const hoot__stacks *stacks, const hoot__stack *stack,
                                        const void *address)
{
    return (uintptr_t)address - (uintptr_t)stack->low < stacks->guard_bytes;
}

/* For stacks with HOOT__GUARD_CANARY: whether something was written where the guard would be. */
bool hoot__stack_canary_died(const hoot__stacks *stacks, const hoot__stack *stack);

#endif
