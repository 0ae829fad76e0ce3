/* The parameters of a prepared statement, as they go over the wire. */
#ifndef HOOT_DB_MYSQL_PARAMS_H
#define HOOT_DB_MYSQL_PARAMS_H

#include "packet.h"

#include <hoot/error.h>
#include <hoot/value.h>

/* Most placeholders a statement can have: the count is two bytes wide. */
#define HOOT__MY_PARAMS_MAX 65535u

/* Check every value and tell how many bytes the command will have.
 * Errors: HOOT_EINVAL not a number, a date out of range, digits that are none; HOOT_ETYPE a JSON value;
 * HOOT_ELIMIT longer than max_bytes. Nothing is cut or wrapped: lengths are added up before a byte is
 * written. */
int hoot__my_params_check(const hoot_value *params, size_t count, size_t max_bytes, size_t *out_bytes,
                          hoot_error *err);

/* One value: is it one that can be sent; its type as the protocol's two bytes; its bytes, and how many they
 * are at most. `number` is for the error's text. */
int hoot__my_param_check(const hoot_value *value, size_t number, hoot_error *err);
uint16_t hoot__my_param_type(hoot_kind kind);
void hoot__my_param_put(hoot_buf *out, const hoot_value *value);
size_t hoot__my_param_bytes(const hoot_value *value);

/* COM_STMT_EXECUTE, appended to `out`; the values have been checked. Errors: out->failed. */
void hoot__my_params_write(hoot_buf *out, uint32_t statement_id, const hoot_value *params, size_t count);

#endif
