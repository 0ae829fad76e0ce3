/* Groups: tasks with a common end.
 *
 * A group knows its members (a ring through the tasks) and the first failure; the task that made it knows the
 * group, so that cancelling it reaches the members at once, wherever it waits. A group made inside a
 * hoot_shield() block belongs to that block's cleanup and is not cancelled from outside. */
#include "runtime/internal.h"

#include "base/alloc.h"

#include <assert.h>

struct hoot_group {
    hoot_task *owner; /* NULL: made outside of tasks */
    hoot_group *next, *prev;
    hoot_task *members;
    size_t count;
    bool canceled;
    bool shielded;
    hoot_waiter *joiner;
    hoot_error first; /* code 0: none failed */
};

static void init(hoot_group *group)
{
    hoot_task *owner = hoot_current_task();

    *group = (hoot_group){ .owner = owner };
    if (!owner)
        return;
    group->shielded = owner->shields > 0;
    group->next = owner->groups;
    if (group->next)
        group->next->prev = group;
    owner->groups = group;
}

static void leave_owner(hoot_group *group)
{
    if (group->next)
        group->next->prev = group->prev;
    if (group->prev)
        group->prev->next = group->next;
    else if (group->owner)
        group->owner->groups = group->next;
    group->owner = NULL;
    group->next = group->prev = NULL;
}

hoot_group *hoot_group_new(hoot_error *err)
{
    hoot_group *group = hoot__malloc(sizeof *group);

    if (!group) {
        hoot_error_set(err, HOOT_ENOMEM, "no memory for a group of tasks");
        return NULL;
    }
    init(group);
    return group;
}

int hoot_group_start(hoot_group *group, hoot_task_fn fn, void *arg, hoot_error *err)
{
    const hoot_task *running = hoot_current_task();
    hoot__task_options options = { .name = running ? running->name : NULL };
    hoot_task *task;

    if (group->canceled)
        return hoot_error_set(err, HOOT_ECANCELED, "the group of tasks was cancelled");
    task = hoot__task_start(&options, fn, NULL, arg);
    if (!task)
        return hoot_error_set(err, HOOT_ENOMEM, "no memory for a task");
    task->group = group;
    task->group_next = group->members;
    if (task->group_next)
        task->group_next->group_prev = task;
    group->members = task;
    group->count++;
    return 0;
}

__attribute__((noinline)) void hoot__group_left_by(hoot_group *group, hoot_task *task)
{
    if (task->group_next)
        task->group_next->group_prev = task->group_prev;
    if (task->group_prev)
        task->group_prev->group_next = task->group_next;
    else
        group->members = task->group_next;
    group->count--;
    if (task->result < 0 && !group->first.code) {
        group->first = task->err;
        group->first.code = task->result;
        hoot_group_cancel(group);
    }
    if (!group->count && group->joiner)
        hoot_wake(group->joiner, 0);
}

void hoot_group_cancel(hoot_group *group)
{
    group->canceled = true;
    for (hoot_task *task = group->members; task; task = task->group_next)
        hoot__task_cancel(task);
}

void hoot__groups_cancel(hoot_task *task)
{
    for (hoot_group *group = task->groups; group; group = group->next)
        if (!group->shielded)
            hoot_group_cancel(group);
}

/* Wait for the last member to end. Gives 0, or why the caller would not wait. */
static int wait_for_members(hoot_group *group, int (*wait)(hoot_waiter *waiter))
{
    hoot_waiter waiter = HOOT_WAITER_INIT;
    int rc;

    if (!group->count)
        return 0;
    assert(!group->joiner);
    group->joiner = &waiter;
    rc = wait(&waiter);
    group->joiner = NULL;
    return rc;
}

int hoot_group_join(hoot_group *group, hoot_error *err)
{
    int rc = wait_for_members(group, hoot_wait);

    if (rc < 0) {
        if (!group->first.code)
            hoot_error_set(&group->first, rc, "%s", hoot_error_text(rc));
        hoot_group_cancel(group);
        wait_for_members(group, hoot_wait_always);
    }
    if (group->first.code && err)
        *err = group->first;
    return group->first.code;
}

static void fini(hoot_group *group)
{
    if (group->count) {
        hoot_group_cancel(group);
        wait_for_members(group, hoot_wait_always);
    }
    leave_owner(group);
}

__attribute__((noinline)) void hoot__groups_end(hoot_task *task)
{
    while (task->groups)
        fini(task->groups);
}

void hoot_group_free(hoot_group *group)
{
    if (!group)
        return;
    fini(group);
    hoot__free(group);
}

int hoot_gather_calls(const hoot_call *calls, size_t count, hoot_error *err)
{
    hoot_group group;
    int rc = 0;

    init(&group);
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = hoot_group_start(&group, calls[i].fn, calls[i].arg, err);
    if (rc == 0)
        rc = hoot_group_join(&group, err);
    fini(&group);
    return rc;
}
