/* Sets of transactions, as text and in the forms of both servers.
 *
 * MariaDB: the last number of each domain, "0-1-77,5-2-3" (domain-server-number). MySQL: ranges of numbers by
 * the uuid of the server, "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5:7,...". */
#ifndef HOOT_DB_MYSQL_BINLOG_GTID_H
#define HOOT_DB_MYSQL_BINLOG_GTID_H

#include "binlog_event.h"

/* Numbers first to last, of one server; or of MariaDB: the last one of a domain. */
typedef struct hoot__gtid_range {
    uint8_t uuid[16]; /* MySQL */
    uint32_t domain;  /* MariaDB */
    uint32_t server_id;
    uint64_t first, last; /* MariaDB: last only */
} hoot__gtid_range;

/* Sorted by uuid and first, or by domain; ranges neither touch nor overlap. */
typedef struct hoot__gtid_set {
    hoot__gtid_range *ranges;
    size_t count, capacity;
    bool maria;
} hoot__gtid_set;

/* More ranges than this are taken for an attack. */
#define HOOT__GTID_RANGES_MAX 65536

void hoot__gtid_set_init(hoot__gtid_set *set, bool maria);
void hoot__gtid_set_fini(hoot__gtid_set *set);

/* Add one transaction, or a range of them. Errors: HOOT_ENOMEM, HOOT_ELIMIT. */
int hoot__gtid_set_add(hoot__gtid_set *set, const hoot__gtid_range *range);

/* Room for one more: the next hoot__gtid_set_add() cannot fail. Errors: the same. */
int hoot__gtid_set_reserve(hoot__gtid_set *set);

/* Add what a text lists. Blanks and line ends between are fine. Errors: HOOT_EINVAL, as above. */
int hoot__gtid_set_add_text(hoot__gtid_set *set, hoot_str text);

/* Append its text. */
int hoot__gtid_set_text(const hoot__gtid_set *set, hoot_buf *out);

/* Append MySQL's binary form, for COM_BINLOG_DUMP_GTID. */
int hoot__gtid_set_encode(const hoot__gtid_set *set, hoot_buf *out);

/* Add the body of PREVIOUS_GTIDS or GTID_LIST. Errors: HOOT_EPROTOCOL, HOOT_ENOTSUP (tagged ones), as above.
 */
int hoot__gtid_set_decode(hoot__gtid_set *set, hoot_str body);

/* Append one transaction's text. */
int hoot__gtid_text(const hoot__bin_gtid *gtid, uint32_t server_id, hoot_buf *out);

#endif
