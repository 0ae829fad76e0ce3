/* The part of HTTP dates that depends on today, with today as an argument. */
#ifndef HOOT_HTTP_DATE_H
#define HOOT_HTTP_DATE_H

#include "http/message.h"

/* hoot__http_date_parse(), where `now` decides the century of an RFC 850 date. */
int hoot__http_date_parse_at(hoot_str text, time_t now, time_t *out);

#endif
