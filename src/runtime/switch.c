/* The switch: store what a function must preserve by the ABI, exchange stack pointers, load it again.
 *
 * To the compiler a switch is a call to an unknown function, so only the callee-saved registers matter, and
 * of the floating-point state only the control words (rounding, masked exceptions). There is no signal mask
 * to save, which is what makes ucontext slow (a system call a switch); that one is the fallback for
 * processors without code below.
 *
 * A processor predicts returns by a stack of its own, which a switch leaves out of step: the calls that it
 * then returns from are all predicted wrongly, at some 20 cycles each. A task that waits cannot help it. One
 * that ends without having waited can: its function is called on the new stack, and returns, through the
 * entry below, to where the way into it was called. That is how most requests end, and it halves what a task
 * costs.
 *
 * The bottom frame of each new stack is hoot__switch_entry, whose return address is declared undefined, so
 * that debuggers, backtrace() and the sanitizers stop there instead of running off the stack.
 *
 * The assembly is a top-level statement in a C file rather than a .S file, so that projects which take these
 * sources need no assembler set-up. */
#include "runtime/switch.h"

#include <stdint.h>

#ifdef HOOT_SWITCH_UCONTEXT

void hoot__context_switch(hoot__context *from, hoot__context *to)
{
    swapcontext(&from->uc, &to->uc);
}

/* makecontext() hands over ints only, so the pointer travels in two halves. */
static void enter(unsigned low_half, unsigned high_half)
{
    hoot__context *context = (hoot__context *)(((uintptr_t)high_half << 16 << 16) | (uintptr_t)low_half);

    setcontext(&context->entry(context->arg)->uc);
    __builtin_trap();
}

void hoot__context_begin(hoot__context *from, hoot__context *to, void *low, size_t size,
                         hoot__context *(*entry)(void *arg), void *arg)
{
    uintptr_t self = (uintptr_t)to;

    getcontext(&to->uc);
    to->uc.uc_stack.ss_sp = low;
    to->uc.uc_stack.ss_size = size;
    to->uc.uc_link = NULL;
    to->entry = entry;
    to->arg = arg;
    makecontext(&to->uc, (void (*)(void))enter, 2, (unsigned)self, (unsigned)(self >> 16 >> 16));
    hoot__context_switch(from, to);
}

#else

#if defined(__x86_64__)

/* What lies at a stored stack pointer, lowest address first: MXCSR and the x87 control word (4 bytes each),
 * r15, r14, r13, r12, rbx, rbp, where to return to. */
#define PUSH_REGISTERS                                                                                       \
    "    pushq %rbp\n"                                                                                       \
    "    .cfi_adjust_cfa_offset 8\n"                                                                         \
    "    .cfi_rel_offset %rbp, 0\n"                                                                          \
    "    pushq %rbx\n"                                                                                       \
    "    .cfi_adjust_cfa_offset 8\n"                                                                         \
    "    .cfi_rel_offset %rbx, 0\n"                                                                          \
    "    pushq %r12\n"                                                                                       \
    "    .cfi_adjust_cfa_offset 8\n"                                                                         \
    "    .cfi_rel_offset %r12, 0\n"                                                                          \
    "    pushq %r13\n"                                                                                       \
    "    .cfi_adjust_cfa_offset 8\n"                                                                         \
    "    .cfi_rel_offset %r13, 0\n"                                                                          \
    "    pushq %r14\n"                                                                                       \
    "    .cfi_adjust_cfa_offset 8\n"                                                                         \
    "    .cfi_rel_offset %r14, 0\n"                                                                          \
    "    pushq %r15\n"                                                                                       \
    "    .cfi_adjust_cfa_offset 8\n"                                                                         \
    "    .cfi_rel_offset %r15, 0\n"                                                                          \
    "    subq $8, %rsp\n"                                                                                    \
    "    .cfi_adjust_cfa_offset 8\n"                                                                         \
    "    stmxcsr (%rsp)\n"                                                                                   \
    "    fnstcw 4(%rsp)\n"

/* Take a frame's registers off the stack: what is left on it is where to go on. */
#define POP_REGISTERS                                                                                        \
    "    addq $8, %rsp\n"                                                                                    \
    "    .cfi_adjust_cfa_offset -8\n"                                                                        \
    "    popq %r15\n"                                                                                        \
    "    .cfi_adjust_cfa_offset -8\n"                                                                        \
    "    .cfi_restore %r15\n"                                                                                \
    "    popq %r14\n"                                                                                        \
    "    .cfi_adjust_cfa_offset -8\n"                                                                        \
    "    .cfi_restore %r14\n"                                                                                \
    "    popq %r13\n"                                                                                        \
    "    .cfi_adjust_cfa_offset -8\n"                                                                        \
    "    .cfi_restore %r13\n"                                                                                \
    "    popq %r12\n"                                                                                        \
    "    .cfi_adjust_cfa_offset -8\n"                                                                        \
    "    .cfi_restore %r12\n"                                                                                \
    "    popq %rbx\n"                                                                                        \
    "    .cfi_adjust_cfa_offset -8\n"                                                                        \
    "    .cfi_restore %rbx\n"                                                                                \
    "    popq %rbp\n"                                                                                        \
    "    .cfi_adjust_cfa_offset -8\n"                                                                        \
    "    .cfi_restore %rbp\n"

__asm__(".text\n"
        ".p2align 4\n"
        ".globl hoot__switch_stacks\n"
        ".hidden hoot__switch_stacks\n"
        ".type hoot__switch_stacks, @function\n"
        "hoot__switch_stacks:\n"
        "    .cfi_startproc\n" PUSH_REGISTERS "    movl (%rsp), %eax\n"
        "    movzwl 4(%rsp), %edx\n"
        "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"   /* the frame has the same shape on both stacks, so the CFI holds */
        "    cmpl (%rsp), %eax\n" /* loading control words is slow, and they hardly ever differ */
        "    jne 2f\n"
        "1:  cmpw 4(%rsp), %dx\n"
        "    jne 3f\n"
        "4:  .cfi_remember_state\n" POP_REGISTERS "    popq %rcx\n"
        "    .cfi_adjust_cfa_offset -8\n"
        "    .cfi_register %rip, %rcx\n"
        "    notrack jmp *%rcx\n" /* not a return: the processor would predict the way we came from */
        "    .cfi_restore_state\n"
        "2:  ldmxcsr (%rsp)\n"
        "    jmp 1b\n"
        "3:  fldcw 4(%rsp)\n"
        "    jmp 4b\n"
        "    .cfi_endproc\n"
        ".size hoot__switch_stacks, . - hoot__switch_stacks\n"
        ".p2align 4\n"
        ".globl hoot__switch_entry\n"
        ".hidden hoot__switch_entry\n"
        ".type hoot__switch_entry, @function\n"
        "hoot__switch_entry:\n"
        "    .cfi_startproc\n" PUSH_REGISTERS "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"
        "    .cfi_def_cfa %rsp, 8\n" /* on the new stack nothing is below */
        "    .cfi_undefined %rip\n"
        "    movq %rcx, %rdi\n"
        "    callq *%rdx\n"
        "    movq (%rax), %rsp\n" /* from here on the frame is that of the context gone to */
        "    .cfi_def_cfa %rsp, 64\n"
        "    .cfi_offset %rip, -8\n"
        "    .cfi_offset %rbp, -16\n"
        "    .cfi_offset %rbx, -24\n"
        "    .cfi_offset %r12, -32\n"
        "    .cfi_offset %r13, -40\n"
        "    .cfi_offset %r14, -48\n"
        "    .cfi_offset %r15, -56\n"
        "    ldmxcsr (%rsp)\n"
        "    fldcw 4(%rsp)\n" POP_REGISTERS
        "    retq\n" /* where a task ends that never waited, this is what the processor predicts */
        "    .cfi_endproc\n"
        ".size hoot__switch_entry, . - hoot__switch_entry\n");

/* The assembly above: keep this place at `out_sp`, and call `entry(arg)` on the stack that ends at `top`. */
void hoot__switch_entry(void **out_sp, void *top, hoot__context *(*entry)(void *arg), void *arg);

void hoot__context_begin(hoot__context *from, hoot__context *to, void *low, size_t size,
                         hoot__context *(*entry)(void *arg), void *arg)
{
    uintptr_t top = ((uintptr_t)low + size) & ~(uintptr_t)15;

    (void)to; /* its place is kept when it is left */
    hoot__switch_entry(&from->sp, (void *)top, entry, arg);
}

#elif defined(__aarch64__)

/* What lies at a stored stack pointer, lowest address first. */
struct saved {
    void *x19, *x20, *x21, *x22, *x23, *x24, *x25, *x26, *x27, *x28;
    void *fp, *lr;
    uint64_t d8_to_d15[8];
    uint64_t fpcr, unused;
};

__asm__(".text\n"
        ".p2align 4\n"
        ".globl hoot__switch_stacks\n"
        ".hidden hoot__switch_stacks\n"
        ".type hoot__switch_stacks, %function\n"
        "hoot__switch_stacks:\n"
        "    .cfi_startproc\n"
        "    hint #34\n" /* bti c */
        "    sub sp, sp, #176\n"
        "    .cfi_adjust_cfa_offset 176\n"
        "    stp x19, x20, [sp, #0]\n"
        "    stp x21, x22, [sp, #16]\n"
        "    stp x23, x24, [sp, #32]\n"
        "    stp x25, x26, [sp, #48]\n"
        "    stp x27, x28, [sp, #64]\n"
        "    stp x29, x30, [sp, #80]\n"
        "    stp d8, d9, [sp, #96]\n"
        "    stp d10, d11, [sp, #112]\n"
        "    stp d12, d13, [sp, #128]\n"
        "    stp d14, d15, [sp, #144]\n"
        "    mrs x9, fpcr\n"
        "    str x9, [sp, #160]\n"
        "    .cfi_rel_offset x19, 0\n"
        "    .cfi_rel_offset x20, 8\n"
        "    .cfi_rel_offset x21, 16\n"
        "    .cfi_rel_offset x22, 24\n"
        "    .cfi_rel_offset x23, 32\n"
        "    .cfi_rel_offset x24, 40\n"
        "    .cfi_rel_offset x25, 48\n"
        "    .cfi_rel_offset x26, 56\n"
        "    .cfi_rel_offset x27, 64\n"
        "    .cfi_rel_offset x28, 72\n"
        "    .cfi_rel_offset x29, 80\n"
        "    .cfi_rel_offset x30, 88\n"
        "    mov x9, sp\n"
        "    str x9, [x0]\n"
        "    mov sp, x1\n" /* the frame has the same shape on both stacks, so the CFI holds */
        "    ldr x9, [sp, #160]\n"
        "    msr fpcr, x9\n"
        "    ldp d14, d15, [sp, #144]\n"
        "    ldp d12, d13, [sp, #128]\n"
        "    ldp d10, d11, [sp, #112]\n"
        "    ldp d8, d9, [sp, #96]\n"
        "    ldp x29, x30, [sp, #80]\n"
        "    ldp x27, x28, [sp, #64]\n"
        "    ldp x25, x26, [sp, #48]\n"
        "    ldp x23, x24, [sp, #32]\n"
        "    ldp x21, x22, [sp, #16]\n"
        "    ldp x19, x20, [sp, #0]\n"
        "    add sp, sp, #176\n"
        "    .cfi_def_cfa_offset 0\n"
        "    ret\n"
        "    .cfi_endproc\n"
        ".size hoot__switch_stacks, . - hoot__switch_stacks\n"
        ".p2align 4\n"
        ".globl hoot__switch_entry\n"
        ".hidden hoot__switch_entry\n"
        ".type hoot__switch_entry, %function\n"
        "    .cfi_startproc\n"
        "    .cfi_undefined x30\n"
        "    nop\n" /* unwinders look one instruction before a return address */
        "hoot__switch_entry:\n"
        "    mov x0, x19\n"
        "    blr x20\n"
        "    ldr x1, [x0]\n"
        "    sub sp, sp, #16\n"
        "    mov x0, sp\n" /* where the old place is kept, which nobody comes back to */
        "    b hoot__switch_stacks\n"
        "    .cfi_endproc\n"
        ".size hoot__switch_entry, . - hoot__switch_entry\n");

/* Defined in assembly; only its address is used. */
void hoot__switch_entry(void);

void hoot__context_begin(hoot__context *from, hoot__context *to, void *low, size_t size,
                         hoot__context *(*entry)(void *arg), void *arg)
{
    uintptr_t top = ((uintptr_t)low + size) & ~(uintptr_t)15;
    struct saved *saved = (struct saved *)(top - sizeof *saved);

    _Static_assert(sizeof *saved == 176, "the assembly's frame");
    __asm__("mrs %0, fpcr" : "=r"(saved->fpcr));
    saved->x19 = arg;
    saved->x20 = (void *)entry;
    saved->fp = NULL;
    saved->lr = (void *)hoot__switch_entry;
    to->sp = saved;
    hoot__context_switch(from, to);
}

#endif
#endif
