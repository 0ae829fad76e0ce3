/* One connection to a MySQL or MariaDB server: what the functions of the driver's table share.
 * docs/internals/mysql.md draws its states. */
#ifndef HOOT_DB_MYSQL_CONNECTION_H
#define HOOT_DB_MYSQL_CONNECTION_H

#include "channel.h"
#include "greeting.h"
#include "protocol.h"
#include "reply.h"
#include "statements.h"
#include "texts.h"

#include "net/tls.h"

#include <hoot/sys/driver.h>

/* What all links of a pool share: target->prepared. */
typedef struct hoot__my_shared {
    hoot__tls_context *tls; /* NULL: never */
    bool told;              /* that there is no TLS where it was preferred */
    bool pinned;            /* the certificate must have this fingerprint */
    uint8_t fingerprint[HOOT__TLS_FINGERPRINT_BYTES];
    hoot__my_texts texts;
} hoot__my_shared;

typedef enum hoot__my_state {
    HOOT__MY_LOGIN,      /* until the server has let us in */
    HOOT__MY_IDLE,       /* nothing under way: the only state from which a command may be sent */
    HOOT__MY_BUSY,       /* a command was sent and its answer is being read */
    HOOT__MY_UNFINISHED, /* somebody stopped reading in the middle: recover() or close() */
    HOOT__MY_BROKEN,     /* close() only */
} hoot__my_state;

/* What fails a statement while its answer goes on. */
typedef enum hoot__my_fault {
    HOOT__MY_FAULT_NOT,
    HOOT__MY_FAULT_TYPE,  /* a column of a type that is not known */
    HOOT__MY_FAULT_LONG,  /* a row of more than max_answer_bytes */
    HOOT__MY_FAULT_VALUE, /* one that its column cannot have */
} hoot__my_fault;

/* Several statements under way: see pipeline.c. */
typedef struct hoot__my_pipe {
    hoot_pipe_call *first, *last;               /* answers are due in this order */
    hoot_pipe_call *first_parked, *last_parked; /* wait until their text is prepared for somebody in front */
    void (*lost)(void *user);
    void *user;
    bool begun;           /* the first's owner has had its columns */
    hoot__my_fault fault; /* what has failed the first, which its owner is told when its answer ends */
    uint32_t fault_column;
} hoot__my_pipe;

typedef struct hoot__my_link {
    hoot_link base;
    hoot__my_state state;
    hoot__my_channel channel;
    hoot__my_greeting greeting; /* capabilities are those that both sides have */
    hoot__my_reply reply;       /* the answer under way */
    hoot__my_columns columns;   /* of the last result, if no statement keeps them */
    hoot__my_columns *shown;    /* of the last result */
    bool last_writes;           /* the statement that was prepared last is not one that only reads */
    hoot__my_kept *preparing;   /* where those of a statement go that is being prepared */
    hoot__my_statements statements;
    hoot_buf command;       /* the one that is made now */
    size_t max_command;     /* the server's max_allowed_packet */
    bool outlives_reset;    /* something was left that COM_RESET_CONNECTION does not take away */
    hoot__my_effect effect; /* of the statement under way, as far as its text tells */
    hoot_source_fn source;  /* of the LOAD DATA LOCAL under way; else NULL */
    void *source_arg;
    bool source_asked; /* for its bytes, by the server */
    hoot__my_pipe pipe;
    uint32_t owed;     /* UNFINISHED: answers due behind the one under way */
    bool owed_prepare; /* those of COM_STMT_PREPARE */
    bool ends;         /* and it cannot be made good again */
} hoot__my_link;

static inline hoot__my_link *hoot__my_link_of(hoot_link *link)
{
    return (hoot__my_link *)link;
}

/* The server leaves columns out that it has sent before (MariaDB 10.6 and later). */
static inline bool hoot__my_keeps_columns(const hoot__my_link *link)
{
    return (link->greeting.capabilities & HOOT__MY_CAP_CACHES_COLUMNS) != 0;
}

/* Await the answer of a query, or of an execution whose statement keeps its columns (`kept` may be NULL). */
static inline void hoot__my_begin_rows(hoot__my_link *link, bool binary, hoot__my_kept *kept)
{
    link->shown = kept ? &kept->columns : &link->columns;
    hoot__my_reply_begin(&link->reply, link->greeting.capabilities, binary, link->shown);
}

/* Await the answer of COM_STMT_PREPARE. Gives: false: no memory for the columns that the server will not
 * send again. */
bool hoot__my_begin_prepare(hoot__my_link *link);

/* Remember a statement that was just prepared, and its columns, which it takes. NULL: no memory: it is
 * closed. */
hoot__my_statement *hoot__my_add_prepared(hoot__my_link *link, hoot_str sql,
                                          const hoot__my_prepared *prepared, hoot__my_kept *columns);

/* The server reports changes of session state. */
static inline bool hoot__my_is_tracked(const hoot__my_link *link)
{
    return (link->greeting.capabilities & HOOT__MY_CAP_SESSION_TRACK) != 0;
}

/* --- open.c --- */

/* A link over a stream that is connected already; takes it over, on failure too. What connect() does behind
 * the socket. Suspends. */
int hoot__my_link_open(const hoot_target *target, hoot_stream *stream, hoot__my_link **out_link,
                       hoot_error *err);

/* Queue a command that is one byte and two texts, numbered from 0, unflushed; for writing several commands at
 * once. */
int hoot__my_write(hoot__my_link *link, uint8_t command, const char *text, const char *more);

/* Await the answer of the next of several commands that were written at once: each is numbered anew. */
void hoot__my_begin_answer(hoot__my_link *link, hoot__my_columns *columns);

/* connect(), with the address to go to instead of what target->host resolves to (which is still whose
 * certificate is due); NULL: that. */
int hoot__my_connect_at(const hoot_target *target, const char *address, hoot_link **out_link,
                        hoot_error *err);

/* --- setup.c --- */

/* Queue the statements that make a session ours: character set, autocommit, tracking, and what the options
 * say.
 */
int hoot__my_write_setup(hoot__my_link *link);

/* Read their answers. */
int hoot__my_read_setup(hoot__my_link *link, hoot_error *err);

/* Both, behind the login, and ask for max_allowed_packet. Suspends. */
int hoot__my_set_up(hoot__my_link *link, hoot_error *err);

/* --- secure.c --- */

/* Behind the greeting, when the capabilities are chosen but for TLS: begin it as target->sslmode asks for, if
 * it is among `theirs`.
 * Suspends.  Errors: HOOT_ECONNECT the server has no TLS, and nothing was sent to it; as
 * hoot__my_channel_secure(). */
int hoot__my_secure(hoot__my_link *link, uint32_t theirs, hoot_error *err);

/* --- connection.c --- */

/* Put "mysql HOST:PORT" or the socket's path in front of what `err` says. */
int hoot__my_say_where(const hoot_target *target, hoot_error *err);

/* The one place that changes `state`, and the flags of the base with it. */
void hoot__my_move_to(hoot__my_link *link, hoot__my_state state);

/* Something went wrong with the connection itself (`rc`, `err` as left by channel or reply): put where it was
 * in front of the text, and move to UNFINISHED (deadline, cancelling) or BROKEN. Gives: the code for the
 * caller. */
int hoot__my_fail(hoot__my_link *link, int rc, hoot_error *err);

/* The command could not be written. When the server has closed, its reason may be on the way: wait a moment
 * for it. Gives: as hoot__my_fail(). */
int hoot__my_fail_sending(hoot__my_link *link, int rc, hoot_error *err);

/* The server refused a command. Gives: the code. */
int hoot__my_refuse(hoot__my_link *link, hoot_error *err);

/* What a refusal that has come says of the statement under way and of its server. Gives: its code, with
 * `err`: HOOT_EUNFIT: the statement was not run, for the server is read-only or not prepared. */
int hoot__my_take_refusal(hoot__my_link *link, hoot_error *err);

/* The packet that came out of turn may be the server's goodbye. Gives: HOOT_ECONNLOST with its words, or
 * `rc`. */
int hoot__my_last_words(const hoot__my_packet *packet, int rc, hoot_error *err);

/* Keep in mind what an OK or EOF says of the session. */
void hoot__my_note_status(hoot__my_link *link);

/* Queue the closings of prepared statements, which have no answer. */
int hoot__my_write_closings(hoot__my_link *link);

/* Errors: HOOT_ELIMIT: a command of `len` bytes is more than the server takes. */
int hoot__my_check_length(const hoot__my_link *link, size_t len, hoot_error *err);

/* Keep in mind what the statement under way has left, as far as its text tells: done or failed on the way. */
void hoot__my_note_effect(hoot__my_link *link);

/* Errors: HOOT_ESTATE, HOOT_ECONNLOST, and HOOT_ECANCELED or HOOT_ETIMEOUT when the task is at its end
 * already. */
int hoot__my_check_idle(hoot__my_link *link, hoot_error *err);

/* Send link->command behind the closings that wait; the link is busy then. */
int hoot__my_send(hoot__my_link *link, hoot_error *err);

/* Read one packet and feed the reply. Gives: a hoot__my_event with the packet; HOOT__MY_GOES_ON without
 * `wait` when none is there yet (packet.ptr is NULL then); negative: hoot__my_fail() was called. */
int hoot__my_step(hoot__my_link *link, bool wait, hoot__my_packet *out_packet, hoot_error *err);

/* Read what is left of the answer, dropping it, for commands that have no rows or whose rows nobody wants.
 * Gives: 0; a refusal's code; negative as above. */
int hoot__my_finish(hoot__my_link *link, hoot_error *err);

/* A command without arguments that is answered by OK. */
int hoot__my_simple(hoot__my_link *link, uint8_t command, hoot_error *err);

/* --- command.c --- */

/* The statement with this text, good for these parameters, prepared if it is not yet. */
int hoot__my_statement_for(hoot__my_link *link, hoot_str sql, const hoot_value *params, size_t count,
                           hoot__my_statement **out, hoot_error *err);

/* Errors: HOOT_EINVAL: the statement takes another number of parameters. */
int hoot__my_check_count(const hoot__my_statement *statement, size_t count, hoot_error *err);

/* From the command that was sent to its first row, or to its end. */
int hoot__my_read_answer(hoot__my_link *link, hoot_answer *out_answer, hoot_error *err);

/* A row came with a value that its column cannot have: HOOT_EPROTOCOL, with its column's name. */
int hoot__my_bad_value(const hoot__my_link *link, uint32_t column, hoot_error *err);

/* --- together.c --- */

/* Prepare and run a statement in one round trip, where that is known to be safe. Gives: 1: it is not, or it
 * did not work out, and the statement has not been run; else as run(). */
int hoot__my_run_together(hoot__my_link *link, hoot_str sql, const hoot_value *params, size_t count,
                          hoot_answer *out_answer, hoot_error *err);

/* --- load.c --- */

/* The server asked for the file: send what the source gives, and the empty packet behind it. */
int hoot__my_send_file(hoot__my_link *link, hoot_error *err);

/* --- recover.c --- */

/* KILL QUERY over a second connection to the same address; `whole`: KILL. Suspends. */
int hoot__my_stop(hoot__my_link *link, bool whole, hoot_error *err);

/* --- pipeline.c --- */
extern const hoot_pipe hoot__my_pipe_functions;

/* --- the driver's table --- */
int hoot__my_prepare(hoot_target *target, hoot_error *err);
void hoot__my_forget(hoot_target *target);
int hoot__my_connect(const hoot_target *target, hoot_link **out_link, hoot_error *err);
void hoot__my_close(hoot_link *link);
bool hoot__my_is_alive(hoot_link *link);
int hoot__my_run(hoot_link *link, hoot_str sql, const hoot_value *params, size_t param_count,
                 hoot_answer *out_answer, hoot_error *err);
int hoot__my_next_row(hoot_link *link, const hoot_value **out_cells, hoot_error *err);
int hoot__my_skip_rows(hoot_link *link);
int hoot__my_recover(hoot_link *link, hoot_error *err);
int hoot__my_reset(hoot_link *link, hoot_error *err);
int hoot__my_ping(hoot_link *link, hoot_error *err);
int hoot__my_serves(hoot_link *link, bool writes, hoot_error *err);
int hoot__my_next_result(hoot_link *link, hoot_answer *out_answer, hoot_error *err);
int hoot__my_run_many(hoot_link *link, hoot_str sql, const hoot_value *rows, size_t row_count, size_t columns,
                      hoot_answer *out_answer, hoot_error *err);
int hoot__my_run_load(hoot_link *link, hoot_str sql, hoot_source_fn source, void *arg,
                      hoot_answer *out_answer, hoot_error *err);
int hoot__my_select_db(hoot_link *link, const char *database, hoot_error *err);
int hoot__my_change_user(hoot_link *link, const char *user, const char *password, const char *database,
                         hoot_error *err);
int hoot__my_kill(hoot_link *link, uint64_t id, bool whole, hoot_error *err);

#endif
