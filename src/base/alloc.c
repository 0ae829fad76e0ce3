/* The counting side of the allocation seam, and string copies. The counter is atomic because threads of the
 * work pool allocate too; what order they come in is the test's affair. */
#include "base/alloc.h"

#include <stdint.h>

unsigned long hoot__alloc_fail_at;
unsigned long hoot__alloc_count;

void hoot__alloc_fail_next(unsigned long n)
{
    __atomic_store_n(&hoot__alloc_count, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&hoot__alloc_fail_at, n, __ATOMIC_RELAXED);
}

bool hoot__alloc_counted_fails(void)
{
    unsigned long number = __atomic_add_fetch(&hoot__alloc_count, 1, __ATOMIC_RELAXED);

    return number == hoot__alloc_fail_at;
}

char *hoot__strndup(const char *text, size_t len)
{
    char *copy = len < SIZE_MAX ? hoot__malloc(len + 1) : NULL;

    if (!copy)
        return NULL;
    if (len)
        memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

char *hoot__strdup(const char *text)
{
    return text ? hoot__strndup(text, strlen(text)) : NULL;
}
