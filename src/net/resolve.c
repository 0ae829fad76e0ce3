/* Looking a name up goes through libuv's work pool, and cannot be stopped once it runs: so the request lives
 * on the heap, and a task that gave up leaves it to clean up after itself. */
#include "net/resolve.h"

#include "base/alloc.h"
#include "runtime/loop.h"

#include <stdio.h>

typedef struct lookup {
    uv_getaddrinfo_t request;
    hoot_waiter *waiter; /* NULL: nobody waits any more */
    struct addrinfo *found;
} lookup;

static const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };

static void on_found(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    lookup *l = request->data;

    if (!l->waiter) {
        uv_freeaddrinfo(found);
        hoot__free(l);
        return;
    }
    l->found = found;
    hoot_wake(l->waiter, status);
}

/* Addresses in text, such as "127.0.0.1": nothing to wait for. */
static bool is_numeric(const char *host, const char *port, struct addrinfo **out)
{
    struct addrinfo numeric = hints;

    numeric.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    return getaddrinfo(host, port, &numeric, out) == 0;
}

static int wait_for(lookup *l, struct addrinfo **out)
{
    hoot_waiter waiter = HOOT_WAITER_INIT;
    int rc;

    l->waiter = &waiter;
    rc = hoot_wait(&waiter);
    l->waiter = NULL;
    if (!waiter.woken) {
        uv_cancel((uv_req_t *)&l->request);
        return rc;
    }
    if (rc < 0)
        uv_freeaddrinfo(l->found);
    else
        *out = l->found;
    hoot__free(l);
    return rc;
}

int hoot__resolve(const char *host, uint16_t port, struct addrinfo **out, hoot_error *err)
{
    char port_text[8];
    lookup *l;
    int rc;

    snprintf(port_text, sizeof port_text, "%u", (unsigned)port);
    if (is_numeric(host, port_text, out))
        return 0;
    l = hoot__calloc(1, sizeof *l);
    if (!l)
        return hoot_error_set(err, HOOT_ENOMEM, "no memory to look %s up", host);
    l->request.data = l;
    rc = uv_getaddrinfo(hoot__loop_uv(hoot__loop_current()), &l->request, on_found, host, port_text, &hints);
    if (rc < 0) {
        hoot__free(l);
        return hoot_error_set(err, HOOT_ECONNECT, "cannot look %s up: %s", host, uv_strerror(rc));
    }
    rc = wait_for(l, out);
    if (rc == HOOT_ETIMEOUT || rc == HOOT_ECANCELED)
        return hoot_error_set(err, rc, "looking %s up: %s", host, hoot_error_text(rc));
    if (rc < 0)
        return hoot_error_set(err, HOOT_ECONNECT, "cannot look %s up: %s", host, uv_strerror(rc));
    return 0;
}
