/* Names to addresses. */
#ifndef HOOT_NET_RESOLVE_H
#define HOOT_NET_RESOLVE_H

#include <hoot/error.h>

#include <netdb.h>

/* The addresses of a host for TCP, in the order they should be tried; let go with uv_freeaddrinfo(). An
 * address in text needs no look-up. Suspends: while the name is looked up off the loop.  Errors:
 * HOOT_ECONNECT with the cause; HOOT_ETIMEOUT; HOOT_ECANCELED; HOOT_ENOMEM. */
int hoot__resolve(const char *host, uint16_t port, struct addrinfo **out, hoot_error *err);

#endif
