/* Scopes: closers in reverse order, arenas, whose scope is current. */
#include "support/run.h"

#include <hoot/scope.h>

#include <string.h>

static char order[16];

static void note(hoot_closer *closer, void *user)
{
    assert_null(closer->next);
    strncat(order, user, 1);
}

static void note_later(hoot_closer *closer, void *user)
{
    assert_int_equal(hoot_sleep(10), 0); /* a closer may suspend */
    note(closer, user);
}

static void note_and_defer(hoot_closer *closer, void *user)
{
    static hoot_closer another;

    note(closer, user);
    hoot_scope_defer(hoot_current_scope(), &another, note, "z");
}

static int defer_some(hoot_error *err, void *arg)
{
    hoot_closer *closers = arg;
    hoot_scope *scope = hoot_current_scope();

    (void)err;
    assert_ptr_equal(scope, hoot__task_scope(hoot_current_task()));
    hoot_scope_defer(scope, &closers[0], note, "a");
    hoot_scope_defer(scope, &closers[1], note_later, "b");
    hoot_scope_defer(scope, &closers[2], note, "c");
    hoot_scope_defer(scope, &closers[3], note_and_defer, "d");
    hoot_closer_cancel(&closers[2]);
    hoot_closer_cancel(&closers[2]);
    hoot_closer_cancel(&closers[4]); /* never on a list */
    assert_string_equal(hoot_arena_strdup(hoot_scope_arena(scope), "kept"), "kept");
    return 0;
}

static void closers_run_in_reverse_order_when_the_task_ends(void **state)
{
    hoot_closer closers[5] = { 0 };

    (void)state;
    order[0] = '\0';
    run_in_virtual_time(defer_some, closers);
    assert_string_equal(order, "dzba");
}

static int use_other_scopes(hoot_error *err, void *arg)
{
    HOOT_AUTO(hoot_arena) arena = hoot_arena_new(0);
    hoot_scope *own = hoot_current_scope(), *with_own_arena = hoot__scope_new(NULL),
               *in_arena = hoot__scope_new(arena);
    hoot_closer closer;

    (void)err;
    (void)arg;
    assert_ptr_equal(hoot_scope_arena(in_arena), arena);
    assert_ptr_equal(hoot_scope_arena(with_own_arena), hoot_scope_arena(with_own_arena));
    assert_ptr_equal(hoot__task_use_scope(in_arena), own);
    assert_ptr_equal(hoot_current_scope(), in_arena);
    hoot_scope_defer(hoot_current_scope(), &closer, note, "a");
    assert_ptr_equal(hoot__task_use_scope(with_own_arena), in_arena);
    hoot__scope_end(in_arena);
    assert_string_equal(order, "a");
    assert_string_equal(hoot_arena_strdup(arena, "still"), "still");
    assert_ptr_equal(hoot__task_use_scope(NULL), with_own_arena);
    assert_ptr_equal(hoot_current_scope(), own);
    hoot__scope_end(with_own_arena);
    hoot__scope_end(NULL);
    return 0;
}

static void a_task_can_use_the_scope_of_another_life(void **state)
{
    (void)state;
    order[0] = '\0';
    run_in_loop(use_other_scopes, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closers_run_in_reverse_order_when_the_task_ends),
        cmocka_unit_test(a_task_can_use_the_scope_of_another_life),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
