/* Errors: the table of our codes read three ways, errno's texts from libc, and the message in a hoot_error.
 *
 * Messages are made in a buffer of their own and then copied, so that an error's own text may be among the
 * arguments
 * (`hoot_error_set(err, code, "while closing: %s", err->text)`). A text that is too long is cut between
 * characters. */
#include <hoot/error.h>

#include "base/utf8.h"

#include <features.h>
#include <stdio.h>
#include <string.h>

#undef hoot_error_set /* what static analysis takes for it */

#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 32)
#define ERRNO_TEXT(number) strerrordesc_np(number)
#define ERRNO_NAME(number) strerrorname_np(number)
#else
/* Other C libraries (musl) give texts that are constant; names are not to be had there. */
#define ERRNO_TEXT(number) strerror(number)
#define ERRNO_NAME(number) ((const char *)NULL)
#endif

/* An entry of the table: sorted nowhere, two dozen lines, read when something failed. */
typedef struct code_info {
    int code;
    int status;
    const char *name;
    const char *text;
} code_info;

static const code_info codes[] = {
#define X(name, number, text, status) { number, status, "HOOT_" #name, text },
    HOOT_ERROR_TABLE(X)
#undef X
};

static const code_info *find_code(int code)
{
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (codes[i].code == code)
            return &codes[i];
    }
    return NULL;
}

/* Is it -errno? Linux has none above 4095. */
static bool is_errno(int code)
{
    return code < 0 && code >= -4095;
}

const char *hoot_error_text(int code)
{
    const code_info *info = find_code(code);
    const char *text = NULL;

    if (info)
        return info->text;
    if (is_errno(code))
        text = ERRNO_TEXT(-code);
    return text ? text : code == 0 ? "no error" : "unknown error";
}

const char *hoot_error_name(int code)
{
    const code_info *info = find_code(code);
    const char *name = NULL;

    if (info)
        return info->name;
    if (is_errno(code))
        name = ERRNO_NAME(-code);
    return name ? name : "unknown";
}

int hoot_error_status(int code)
{
    const code_info *info = find_code(code);

    return info ? info->status : 500;
}

/* Format into a buffer of HOOT_ERROR_TEXT_BYTES. Gives: the length after cutting. */
static size_t format_text(char *out, const char *format, va_list args)
{
    int len = vsnprintf(out, HOOT_ERROR_TEXT_BYTES, format, args);

    if (len < 0)
        len = 0;
    if (len < HOOT_ERROR_TEXT_BYTES) {
        out[len] = '\0';
        return (size_t)len;
    }
    len = (int)hoot__utf8_cut(out, HOOT_ERROR_TEXT_BYTES - 1);
    out[len] = '\0';
    return (size_t)len;
}

int hoot_error_setv(hoot_error *err, int code, const char *format, va_list args)
{
    char text[HOOT_ERROR_TEXT_BYTES];
    size_t len;

    if (!err)
        return code;
    len = format_text(text, format, args);
    hoot_error_clear(err);
    err->code = code;
    memcpy(err->text, text, len + 1);
    return code;
}

int hoot_error_set(hoot_error *err, int code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    hoot_error_setv(err, code, format, args);
    va_end(args);
    return code;
}

/* Both texts are shorter than the buffer; what does not fit is cut off the old one's end. */
int hoot_error_prefix(hoot_error *err, const char *format, ...)
{
    char text[2 * HOOT_ERROR_TEXT_BYTES + 2];
    size_t prefix, len;
    va_list args;

    if (!err)
        return 0;
    va_start(args, format);
    prefix = format_text(text, format, args);
    va_end(args);
    len = prefix + (size_t)snprintf(text + prefix, sizeof(text) - prefix, ": %s", err->text);
    if (len >= HOOT_ERROR_TEXT_BYTES)
        len = hoot__utf8_cut(text, HOOT_ERROR_TEXT_BYTES - 1);
    memcpy(err->text, text, len);
    err->text[len] = '\0';
    return err->code;
}
