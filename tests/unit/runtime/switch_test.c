/* Switching between stacks: the processor's own switch, and the portable one, which is built into this test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/switch.h"

#if defined(__SANITIZE_ADDRESS__)
#define HOOT__ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HOOT__ASAN 1
#endif
#endif
#ifdef HOOT__ASAN
#include <sanitizer/common_interface_defs.h>
#else
#define __sanitizer_start_switch_fiber(save, base, size)  ((void)(save), (void)(base), (void)(size))
#define __sanitizer_finish_switch_fiber(save, base, size) ((void)(save), (void)(base), (void)(size))
#endif

#define STACK_BYTES ((size_t)256 * 1024)
#define ROUNDS      10

/* The control words of the floating-point units, which a function must preserve. */
#ifdef __x86_64__
static void round_down(void)
{
    uint32_t mxcsr;
    uint16_t x87;

    __asm__("stmxcsr %0" : "=m"(mxcsr));
    __asm__("fnstcw %0" : "=m"(x87));
    mxcsr |= 1u << 13;
    x87 |= 1u << 10;
    __asm__ volatile("ldmxcsr %0" ::"m"(mxcsr));
    __asm__ volatile("fldcw %0" ::"m"(x87));
}

static int rounding(void)
{
    uint32_t mxcsr;
    uint16_t x87;

    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    __asm__ volatile("fnstcw %0" : "=m"(x87));
    return (int)(mxcsr >> 13 & 3) << 4 | (x87 >> 10 & 3);
}
#define NEAREST 0x00
#define DOWN    0x11
#else
static int rounds;

static void round_down(void)
{
    rounds = 1;
}

static int rounding(void)
{
    return rounds;
}
#define NEAREST rounds
#define DOWN    rounds
#endif

struct bounds {
    const void *base;
    size_t size;
};

/* The same test against either kind: X_ is what its functions and types begin with. */
#define DEFINE_TEST(X_)                                                                                      \
    struct X_##pair {                                                                                        \
        X_##context outside, inside;                                                                         \
        char *stack;                                                                                         \
        struct bounds outer;                                                                                 \
        void *outer_fake, *inner_fake;                                                                       \
        double sum;                                                                                          \
        int rounds;                                                                                          \
    };                                                                                                       \
                                                                                                             \
    static void X_##go_out(struct X_##pair *pair)                                                            \
    {                                                                                                        \
        __sanitizer_start_switch_fiber(&pair->inner_fake, pair->outer.base, pair->outer.size);               \
        X_##context_switch(&pair->inside, &pair->outside);                                                   \
        __sanitizer_finish_switch_fiber(pair->inner_fake, &pair->outer.base, &pair->outer.size);             \
    }                                                                                                        \
                                                                                                             \
    /* After the last round it returns; ASan must not look at the frame that is left then. */                \
    __attribute__((no_sanitize("address"))) static X_##context *X_##entry(void *arg)                         \
    {                                                                                                        \
        struct X_##pair *pair = arg;                                                                         \
        double local = 0.5;                                                                                  \
        _Alignas(16) char aligned[32];                                                                       \
                                                                                                             \
        __sanitizer_finish_switch_fiber(NULL, &pair->outer.base, &pair->outer.size);                         \
        assert_int_equal((uintptr_t)aligned % 16, 0);                                                        \
        round_down();                                                                                        \
        for (;;) {                                                                                           \
            local *= 2;                                                                                      \
            pair->sum += local;                                                                              \
            if (++pair->rounds == ROUNDS)                                                                    \
                break;                                                                                       \
            X_##go_out(pair);                                                                                \
            assert_int_equal(rounding(), DOWN);                                                              \
        }                                                                                                    \
        __sanitizer_start_switch_fiber(NULL, pair->outer.base, pair->outer.size);                            \
        return &pair->outside;                                                                               \
    }                                                                                                        \
                                                                                                             \
    static void X_##go_in(struct X_##pair *pair)                                                             \
    {                                                                                                        \
        __sanitizer_start_switch_fiber(&pair->outer_fake, pair->stack, STACK_BYTES);                         \
        if (pair->rounds > 0)                                                                                \
            X_##context_switch(&pair->outside, &pair->inside);                                               \
        else                                                                                                 \
            X_##context_begin(&pair->outside, &pair->inside, pair->stack, STACK_BYTES, X_##entry, pair);     \
        __sanitizer_finish_switch_fiber(pair->outer_fake, NULL, NULL);                                       \
    }                                                                                                        \
                                                                                                             \
    static void X_##keeps_locals_and_rounding(void **state)                                                  \
    {                                                                                                        \
        struct X_##pair *pair = calloc(1, sizeof *pair);                                                     \
                                                                                                             \
        (void)state;                                                                                         \
        pair->stack = malloc(STACK_BYTES);                                                                   \
        for (int i = 1; i <= ROUNDS; i++) {                                                                  \
            X_##go_in(pair);                                                                                 \
            assert_int_equal(pair->rounds, i);                                                               \
            assert_int_equal(rounding(), NEAREST);                                                           \
        }                                                                                                    \
        assert_true(pair->sum == 1023.0);                                                                    \
        free(pair->stack);                                                                                   \
        free(pair);                                                                                          \
    }

DEFINE_TEST(hoot__)

/* --- the portable one, under other names --- */
#undef HOOT_RUNTIME_SWITCH_H
#ifndef HOOT_SWITCH_UCONTEXT
#define HOOT_SWITCH_UCONTEXT 1
#endif
#define hoot__context        portable_context
#define hoot__context_switch portable_context_switch
#define hoot__context_begin  portable_context_begin
#include "runtime/switch.c"

DEFINE_TEST(portable_)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hoot__keeps_locals_and_rounding),
        cmocka_unit_test(portable_keeps_locals_and_rounding),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
