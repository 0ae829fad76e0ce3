/* The access log: one line a request, in the combined form that log tools read, or one JSON object. */
#ifndef HOOT_SERVER_ACCESS_LOG_H
#define HOOT_SERVER_ACCESS_LOG_H

#include "http/exchange.h"

typedef struct hoot__access_log hoot__access_log;

/* `path`: "-" is standard output; a file is appended to. Errors: NULL, `err` says which file and why. */
hoot__access_log *hoot__access_log_open(const char *path, bool json, hoot_error *err);

/* Write what is gathered, close. NULL is fine. */
void hoot__access_log_close(hoot__access_log *log);

/* Note a finished request: a hoot__http_log_fn. Lines are gathered and written once a loop turn. */
void hoot__access_log_write(const hoot__exchange *ex, void *log);

#endif
