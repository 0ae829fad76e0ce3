/* Answers to COM_STMT_PREPARE and COM_STMT_EXECUTE. */
#include "mysql_result.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return feed_result(data, size, true);
}
