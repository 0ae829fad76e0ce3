/* The table by which the pool knows MySQL and MariaDB. */
#include "driver.h"

#include "connection.h"

const hoot_driver hoot__mysql_driver = {
    .name = "mysql",
    .default_port = 3306,
    .begin = "START TRANSACTION",
    .commit = "COMMIT",
    .rollback = "ROLLBACK",
    .prepare = hoot__my_prepare,
    .forget = hoot__my_forget,
    .connect = hoot__my_connect,
    .close = hoot__my_close,
    .is_alive = hoot__my_is_alive,
    .run = hoot__my_run,
    .next_row = hoot__my_next_row,
    .skip_rows = hoot__my_skip_rows,
    .recover = hoot__my_recover,
    .reset = hoot__my_reset,
    .ping = hoot__my_ping,
    .serves = hoot__my_serves,
    .warnings = "SHOW WARNINGS",
    .next_result = hoot__my_next_result,
    .run_many = hoot__my_run_many,
    .run_load = hoot__my_run_load,
    .select_db = hoot__my_select_db,
    .change_user = hoot__my_change_user,
    .kill = hoot__my_kill,
    .pipe = &hoot__my_pipe_functions,
};
