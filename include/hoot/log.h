/* The log: one line an event, to standard error, as text or as JSON.
 *
 * Rooms below `web` return errors and do not log them; the first place that decides what to do logs once.
 * Values are escaped, so that nothing a peer sends can forge a line. A line is written with one write(2) of
 * at most HOOT_LOG_LINE_BYTES; what does not fit is cut and marked. A line that cannot be written is counted
 * and dropped. */
#ifndef HOOT_LOG_H
#define HOOT_LOG_H

#include <hoot/error.h>

HOOT_BEGIN_DECLS

typedef enum hoot_log_level { HOOT_DEBUG_LEVEL, HOOT_INFO, HOOT_WARNING, HOOT_ERROR } hoot_log_level;
typedef enum hoot_log_format { HOOT_LOG_TEXT, HOOT_LOG_JSON } hoot_log_format;

#define HOOT_LOG_LINE_BYTES 4096

/* Write one line, printf-like. Errors set in `errno` are left alone. Never suspends. */
HOOT_API void hoot_log(hoot_log_level level, const char *format, ...) HOOT_PRINTF(2, 3);

#define hoot_log_debug(...)   hoot_log(HOOT_DEBUG_LEVEL, __VA_ARGS__)
#define hoot_log_info(...)    hoot_log(HOOT_INFO, __VA_ARGS__)
#define hoot_log_warning(...) hoot_log(HOOT_WARNING, __VA_ARGS__)
#define hoot_log_error(...)   hoot_log(HOOT_ERROR, __VA_ARGS__)

/* Lines below `level` are dropped. Default: HOOT_INFO. */
HOOT_API void hoot_log_set_level(hoot_log_level level);
HOOT_API void hoot_log_set_format(hoot_log_format format);

/* Text put before every line of this process, such as "worker 2"; copied, at most 31 bytes. */
HOOT_API void hoot_log_set_name(const char *name);

/* Send lines to a function instead of standard error (tests do); NULL: back to standard error. */
typedef void (*hoot_log_fn)(hoot_log_level level, const char *text, void *user);
HOOT_API void hoot_log_set_sink(hoot_log_fn sink, void *user);

/* Lines that could not be written since the start. */
HOOT_API uint64_t hoot_log_lost(void);

HOOT_END_DECLS
#endif
