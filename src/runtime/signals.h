/* Signals as events of the loop. */
#ifndef HOOT_RUNTIME_SIGNALS_H
#define HOOT_RUNTIME_SIGNALS_H

typedef struct hoot__signal hoot__signal;
typedef void (*hoot__signal_fn)(int number, void *user);

/* Call `fn` on the loop, outside of tasks, each time the signal arrives, until closed. Does not keep the loop
 * alive. Gives NULL when the system refuses. */
hoot__signal *hoot__signal_open(int number, hoot__signal_fn fn, void *user);
void hoot__signal_close(hoot__signal *signal);

#endif
