/* Answers to COM_QUERY. */
#include "mysql_result.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return feed_result(data, size, false);
}
