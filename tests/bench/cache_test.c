/* Tests of bench/tfb/cache.c. */
#include "tfb/cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define TTL_MS 1000

static int64_t get(struct cache *cache, int64_t key, uint64_t now_ms)
{
    int64_t value = -1;

    return cache_get(cache, key, now_ms, &value) ? value : -1;
}

static void gives_what_was_put_and_nothing_else(void **state)
{
    struct cache *cache = cache_new(10, TTL_MS);

    (void)state;
    assert_int_equal(get(cache, 7, 0), -1);
    cache_put(cache, 7, 0, 70);
    cache_put(cache, 8, 0, 80);
    assert_int_equal(get(cache, 7, 0), 70);
    assert_int_equal(get(cache, 8, 0), 80);
    assert_int_equal(get(cache, 9, 0), -1);
    cache_put(cache, 7, 0, 71);
    assert_int_equal(get(cache, 7, 0), 71);
    cache_free(cache);
}

static void forgets_what_is_too_old(void **state)
{
    struct cache *cache = cache_new(10, TTL_MS);

    (void)state;
    cache_put(cache, 1, 5000, 10);
    cache_put(cache, 2, 5500, 20);
    assert_int_equal(get(cache, 1, 5000 + TTL_MS - 1), 10);
    assert_int_equal(get(cache, 1, 5000 + TTL_MS), -1);
    assert_int_equal(get(cache, 2, 5000 + TTL_MS), 20);
    cache_put(cache, 1, 6000, 11);
    assert_int_equal(get(cache, 1, 6000 + TTL_MS - 1), 11);
    cache_free(cache);
}

static void the_one_not_used_for_longest_makes_way(void **state)
{
    struct cache *cache = cache_new(3, TTL_MS);

    (void)state;
    cache_put(cache, 1, 0, 10);
    cache_put(cache, 2, 0, 20);
    cache_put(cache, 3, 0, 30);
    assert_int_equal(get(cache, 1, 0), 10);
    cache_put(cache, 4, 0, 40);
    assert_int_equal(get(cache, 2, 0), -1);
    assert_int_equal(get(cache, 1, 0), 10);
    assert_int_equal(get(cache, 3, 0), 30);
    assert_int_equal(get(cache, 4, 0), 40);
    cache_free(cache);
}

/* The same by shifting an array: the most recent use comes first. */
struct model {
    struct pair {
        int64_t key, value;
    } pairs[16];
    size_t used, capacity;
};

static struct pair *model_find(struct model *model, int64_t key)
{
    for (size_t i = 0; i < model->used; i++) {
        struct pair found = model->pairs[i];

        if (found.key != key)
            continue;
        for (; i > 0; i--)
            model->pairs[i] = model->pairs[i - 1];
        model->pairs[0] = found;
        return &model->pairs[0];
    }
    return NULL;
}

static void model_put(struct model *model, int64_t key, int64_t value)
{
    if (!model_find(model, key)) {
        if (model->used < model->capacity)
            model->used++;
        for (size_t i = model->used - 1; i > 0; i--)
            model->pairs[i] = model->pairs[i - 1];
        model->pairs[0].key = key;
    }
    model->pairs[0].value = value;
}

static void agrees_with_a_plain_list(void **state)
{
    (void)state;
    srand(1);
    for (size_t capacity = 1; capacity <= 16; capacity++) {
        struct cache *cache = cache_new(capacity, TTL_MS);
        struct model model = { .capacity = capacity };

        for (int64_t step = 0; step < 5000; step++) {
            int64_t key = rand() % 24 - 4;
            struct pair *expected;

            if (rand() % 2) {
                cache_put(cache, key, 0, step);
                model_put(&model, key, step);
            }
            key = rand() % 24 - 4;
            expected = model_find(&model, key);
            assert_int_equal(get(cache, key, 0), expected ? expected->value : -1);
        }
        cache_free(cache);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_what_was_put_and_nothing_else),
        cmocka_unit_test(forgets_what_is_too_old),
        cmocka_unit_test(the_one_not_used_for_longest_makes_way),
        cmocka_unit_test(agrees_with_a_plain_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
