/* A stream that compresses what goes through it, for the MySQL protocol. */
#ifndef HOOT_DB_MYSQL_SQUEEZED_STREAM_H
#define HOOT_DB_MYSQL_SQUEEZED_STREAM_H

#include <hoot/sys/stream.h>

/* Put between a stream and its owner, who is its owner from then on and asks for events anew. `out` takes
 * whole packets of the ordinary protocol: one with number 0 begins a command. Takes: the stream, on success.
 * NULL: no memory. */
HOOT_NODISCARD hoot_stream *hoot__my_squeezed_stream_new(hoot_stream *lower);

#endif
