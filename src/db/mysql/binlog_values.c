/* Values of row events. The kinds are those that queries give for the same columns (rows_binary.c), with one
 * difference: a TIMESTAMP is UTC here, for no session's time zone has touched it.
 *
 * Source: MySQL Internals, "Row Events"; the layouts stand above each function. Numbers are little-endian but
 * for those of the "2" types and decimals, which are big-endian so that they sort as bytes. */
#include "binlog_rows.h"

#include "protocol.h"
#include "rows.h"

#include <arpa/inet.h>
#include <string.h>
#include <time.h>

enum {
    DIGITS_A_WORD = 9, /* of a decimal, in four bytes */
    PRECISION_MAX = 65,
    SCALE_MAX = 38,
    UUID_BYTES = 16,
    FRACTION_DIGITS = 6, /* of seconds: the callers of those that read them have looked */
};

static uint64_t big_endian(hoot__my_in *in, size_t width)
{
    uint64_t value = 0;

    for (size_t i = 0; i < width; i++)
        value = value << 8 | hoot__my_u8(in);
    return value;
}

static uint64_t little_endian(hoot__my_in *in, size_t width)
{
    uint64_t value = 0;

    for (size_t i = 0; i < width; i++)
        value |= (uint64_t)hoot__my_u8(in) << (8 * i);
    return value;
}

/* --- numbers --- */

static hoot_value integer(hoot__my_in *in, size_t width, bool is_unsigned)
{
    uint64_t value = little_endian(in, width);
    unsigned unused = 64 - 8 * (unsigned)width;

    return is_unsigned ? hoot_value_uint(value) : hoot_value_int((int64_t)(value << unused) >> unused);
}

static hoot_value float_of(hoot__my_in *in)
{
    uint32_t bits = hoot__my_u32(in);
    float number;

    memcpy(&number, &bits, sizeof(number));
    return hoot_value_float(number);
}

static hoot_value double_of(hoot__my_in *in)
{
    uint64_t bits = hoot__my_u64(in);
    double number;

    memcpy(&number, &bits, sizeof(number));
    return hoot_value_double(number);
}

/* Bytes that 0 to 9 decimal digits take. */
static const uint8_t digit_bytes[] = { 0, 1, 1, 2, 2, 3, 3, 4, 4, 4 };

/* One group of up to nine digits. Gives: false: it holds a larger number. */
static bool put_digits(hoot__my_in *in, unsigned digits, uint8_t mask, char **at)
{
    static const uint32_t limits[] = { 1,      10,      100,      1000,      10000,
                                       100000, 1000000, 10000000, 100000000, 1000000000 };
    uint32_t value = 0;

    for (unsigned i = 0; i < digit_bytes[digits]; i++)
        value = value << 8 | (uint8_t)(hoot__my_u8(in) ^ mask);
    if (value >= limits[digits])
        return false;
    for (unsigned i = digits; i > 0; i--, value /= 10)
        (*at)[i - 1] = (char)('0' + value % 10);
    *at += digits;
    return true;
}

/* Digits in groups of nine, a shorter group at both ends; the integer's, then the fraction's. The first bit
 * is set for numbers that are not negative; of negative ones all other bits are inverted. */
static bool put_number(hoot__my_in *in, unsigned integer_digits, unsigned scale, char **at)
{
    bool negative = !(*in->at & 0x80);
    uint8_t mask = negative ? 0xff : 0;
    unsigned char first = *in->at ^ 0x80;
    unsigned char bytes[40];
    size_t len = 4 * (integer_digits / DIGITS_A_WORD + scale / DIGITS_A_WORD) +
                 digit_bytes[integer_digits % DIGITS_A_WORD] + digit_bytes[scale % DIGITS_A_WORD];
    hoot_str raw = hoot__my_bytes(in, len);
    hoot__my_in own;
    bool good = true;

    if (in->failed || len > sizeof(bytes))
        return false;
    memcpy(bytes, raw.ptr, len);
    bytes[0] = first;
    own = hoot__my_in_of(bytes, len);
    if (negative)
        *(*at)++ = '-';
    if (integer_digits == 0)
        *(*at)++ = '0';
    if (integer_digits % DIGITS_A_WORD)
        good = put_digits(&own, integer_digits % DIGITS_A_WORD, mask, at);
    for (unsigned i = 0; i < integer_digits / DIGITS_A_WORD; i++)
        good = good && put_digits(&own, DIGITS_A_WORD, mask, at);
    if (scale)
        *(*at)++ = '.';
    for (unsigned i = 0; i < scale / DIGITS_A_WORD; i++)
        good = good && put_digits(&own, DIGITS_A_WORD, mask, at);
    if (scale % DIGITS_A_WORD)
        good = good && put_digits(&own, scale % DIGITS_A_WORD, mask, at);
    return good;
}

int hoot__bin_decimal(hoot__my_in *in, unsigned precision, unsigned scale, hoot_arena *arena, hoot_str *out)
{
    char *text = hoot_arena_alloc(arena, PRECISION_MAX + 4), *at = text, *digits;

    if (!text)
        return HOOT_ENOMEM;
    if (precision < 1 || precision > PRECISION_MAX || scale > SCALE_MAX || scale > precision ||
        hoot__my_left(in) == 0 || !put_number(in, precision - scale, scale, &at))
        return HOOT_EPROTOCOL;
    digits = text + (*text == '-');
    while (digits[0] == '0' && digits + 1 < at && digits[1] != '.') { /* zeros in front */
        memmove(digits, digits + 1, (size_t)(at - digits - 1));
        at--;
    }
    *out = hoot_str_of(text, (size_t)(at - text));
    return 0;
}

/* --- times --- */

/* year * 13 + month (17 bits and sign), day (5), hour (5), minute (6), second (6), microsecond (24) */
bool hoot__bin_unpack_datetime(int64_t packed, hoot_time *out)
{
    uint64_t number = (uint64_t)packed, clock = number >> 24, date = clock >> 17;

    *out = (hoot_time){ 0 };
    if (packed < 0)
        return false;
    out->year = (uint16_t)((date >> 5) / 13);
    out->month = (uint8_t)((date >> 5) % 13);
    out->day = (uint8_t)(date & 31);
    out->hour = (uint16_t)(clock >> 12 & 31);
    out->minute = (uint8_t)(clock >> 6 & 63);
    out->second = (uint8_t)(clock & 63);
    out->microsecond = (uint32_t)(number & 0xffffff);
    return (date >> 5) / 13 <= 9999 && hoot__my_time_is_valid(HOOT_DATETIME, out);
}

/* hour (10 bits and sign), minute (6), second (6), microsecond (24); negated as a whole */
bool hoot__bin_unpack_time(int64_t packed, hoot_time *out)
{
    uint64_t number = packed < 0 ? 0 - (uint64_t)packed : (uint64_t)packed;

    *out = (hoot_time){ .negative = packed < 0 };
    out->hour = (uint16_t)(number >> 36 & 1023);
    out->minute = (uint8_t)(number >> 30 & 63);
    out->second = (uint8_t)(number >> 24 & 63);
    out->microsecond = (uint32_t)(number & 0xffffff);
    return number >> 46 == 0 && hoot__my_time_is_valid(HOOT_TIME, out);
}

static size_t fraction_bytes(unsigned digits)
{
    return (digits + 1) / 2;
}

/* Microseconds that the last unit of a fraction of so many bytes counts. */
static uint32_t fraction_unit(size_t bytes)
{
    return bytes == 1 ? 10000 : bytes == 2 ? 100 : 1;
}

/* Five bytes, 2^39 added, then the fraction. */
static bool datetime2(hoot__my_in *in, unsigned digits, hoot_time *out)
{
    int64_t seconds = (int64_t)big_endian(in, 5) - ((int64_t)1 << 39);
    size_t width = fraction_bytes(digits);
    uint64_t fraction = big_endian(in, width) * fraction_unit(width);

    return seconds >= 0 && fraction < 1000000 &&
           hoot__bin_unpack_datetime(seconds * (1 << 24) + (int64_t)fraction, out);
}

/* Three bytes and the fraction as one number, with its highest bit added: it goes on below zero. */
static bool time2(hoot__my_in *in, unsigned digits, hoot_time *out)
{
    size_t width = fraction_bytes(digits);
    int64_t whole = (int64_t)1 << (8 * width);
    int64_t number = (int64_t)big_endian(in, 3 + width) - ((int64_t)1 << (23 + 8 * width));
    int64_t sign = number < 0 ? -1 : 1, size = number * sign;

    return hoot__bin_unpack_time(sign * (size / whole * (1 << 24) + size % whole * fraction_unit(width)),
                                 out);
}

static bool timestamp(uint64_t seconds, uint64_t microsecond, hoot_time *out)
{
    time_t when = (time_t)seconds;
    struct tm tm;

    *out = (hoot_time){ 0 };
    if (seconds == 0 && microsecond == 0)
        return true; /* the zero timestamp */
    if (microsecond >= 1000000 || !gmtime_r(&when, &tm))
        return false;
    out->year = (uint16_t)(tm.tm_year + 1900);
    out->month = (uint8_t)(tm.tm_mon + 1);
    out->day = (uint8_t)tm.tm_mday;
    out->hour = (uint16_t)tm.tm_hour;
    out->minute = (uint8_t)tm.tm_min;
    out->second = (uint8_t)tm.tm_sec;
    out->microsecond = (uint32_t)microsecond;
    return true;
}

static bool timestamp2(hoot__my_in *in, unsigned digits, hoot_time *out)
{
    uint64_t seconds = big_endian(in, 4);
    size_t width = fraction_bytes(digits);

    return timestamp(seconds, big_endian(in, width) * fraction_unit(width), out);
}

/* day (5 bits), month (4), year (15) */
static bool date(hoot__my_in *in, hoot_time *out)
{
    uint32_t number = hoot__my_u24(in);

    *out = (hoot_time){ .year = (uint16_t)(number >> 9),
                        .month = (uint8_t)(number >> 5 & 15),
                        .day = (uint8_t)(number & 31) };
    return hoot__my_time_is_valid(HOOT_DATE, out);
}

/* The decimal digits of the number are HHMMSS, in tables from before MySQL 5.6. */
static bool old_time(hoot__my_in *in, hoot_time *out)
{
    int32_t number = (int32_t)(hoot__my_u24(in) << 8) >> 8, size = number < 0 ? -number : number;

    *out = (hoot_time){ .hour = (uint16_t)(size / 10000),
                        .minute = (uint8_t)(size / 100 % 100),
                        .second = (uint8_t)(size % 100),
                        .negative = number < 0 };
    return hoot__my_time_is_valid(HOOT_TIME, out);
}

/* And YYYYMMDDHHMMSS. */
static bool old_datetime(hoot__my_in *in, hoot_time *out)
{
    uint64_t number = hoot__my_u64(in), day = number / 1000000;

    *out = (hoot_time){ .year = (uint16_t)(day / 10000),
                        .month = (uint8_t)(day / 100 % 100),
                        .day = (uint8_t)(day % 100),
                        .hour = (uint16_t)(number / 10000 % 100),
                        .minute = (uint8_t)(number / 100 % 100),
                        .second = (uint8_t)(number % 100) };
    return day / 10000 <= 9999 && hoot__my_time_is_valid(HOOT_DATETIME, out);
}

/* --- text and bytes --- */

/* What latin1 of MySQL (Windows-1252) has at 0x80 to 0x9f; its five holes stand for themselves. */
static const uint16_t latin1_high[32] = {
    0x20ac, 0x0081, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008d, 0x017d, 0x008f, 0x0090, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x009d, 0x017e, 0x0178,
};

static size_t put_point(unsigned point, char *out)
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (char)(0xc0 | point >> 6);
        out[1] = (char)(0x80 | (point & 0x3f));
        return 2;
    }
    out[0] = (char)(0xe0 | point >> 12);
    out[1] = (char)(0x80 | (point >> 6 & 0x3f));
    out[2] = (char)(0x80 | (point & 0x3f));
    return 3;
}

static int latin1(hoot_str text, hoot_arena *arena, hoot_value *out)
{
    char *utf8 = hoot_arena_alloc(arena, 3 * text.len + 1);
    size_t len = 0;

    if (!utf8)
        return HOOT_ENOMEM;
    for (size_t i = 0; i < text.len; i++) {
        unsigned c = (unsigned char)text.ptr[i];

        len += put_point(c >= 0x80 && c < 0xa0 ? latin1_high[c - 0x80] : c, utf8 + len);
    }
    *out = hoot_value_str(hoot_str_of(utf8, len));
    return 0;
}

static int text_of(hoot_str text, hoot__bin_charset charset, hoot_arena *arena, hoot_value *out)
{
    bool is_text = charset == HOOT__BIN_CHARSET_UTF8 || charset == HOOT__BIN_CHARSET_UNKNOWN;

    if (charset == HOOT__BIN_CHARSET_LATIN1)
        return latin1(text, arena, out);
    *out = is_text && hoot_str_is_utf8(text) ? hoot_value_str(text) : hoot_value_bytes(text);
    return 0;
}

/* A length in front, then so many bytes. */
static hoot_str counted(hoot__my_in *in, size_t width)
{
    uint64_t len = little_endian(in, width);

    if (len > hoot__my_left(in))
        in->failed = true;
    return hoot__my_bytes(in, in->failed ? 0 : (size_t)len);
}

/* The log leaves zeros at the end of a BINARY out. */
static int padded(hoot_str bytes, size_t len, hoot_arena *arena, hoot_str *out)
{
    char *copy;

    *out = bytes;
    if (bytes.len >= len)
        return 0;
    copy = hoot_arena_zalloc(arena, len + 1);
    if (!copy)
        return HOOT_ENOMEM;
    memcpy(copy, bytes.ptr, bytes.len);
    *out = hoot_str_of(copy, len);
    return 0;
}

/* MariaDB stores the parts of a UUID of versions 1 to 5 in opposite order, the newest bits in front. */
static int uuid(hoot_str bytes, hoot_arena *arena, hoot_value *out)
{
    static const uint8_t turned[UUID_BYTES] = { 12, 13, 14, 15, 10, 11, 8, 9, 6, 7, 0, 1, 2, 3, 4, 5 };
    const unsigned char *b = (const unsigned char *)bytes.ptr;
    bool is_turned = (b[6] & 0x80) && b[8] > 0 && b[8] <= 0x80;
    char *text = hoot_arena_alloc(arena, 37), *at = text;

    if (!text)
        return HOOT_ENOMEM;
    for (size_t i = 0; i < UUID_BYTES; i++) {
        unsigned char byte = b[is_turned ? turned[i] : i];

        if (i == 4 || i == 6 || i == 8 || i == 10)
            *at++ = '-';
        *at++ = "0123456789abcdef"[byte >> 4];
        *at++ = "0123456789abcdef"[byte & 15];
    }
    *out = hoot_value_str(hoot_str_of(text, (size_t)(at - text)));
    return 0;
}

static int address(hoot_str bytes, int family, hoot_arena *arena, hoot_value *out)
{
    char *text = hoot_arena_alloc(arena, INET6_ADDRSTRLEN);

    if (!text)
        return HOOT_ENOMEM;
    *out = hoot_value_text(inet_ntop(family, bytes.ptr, text, INET6_ADDRSTRLEN));
    return 0;
}

static int fixed_string(hoot_str bytes, const hoot__bin_column *column, hoot_arena *arena, hoot_value *out)
{
    int rc = 0;

    if (column->charset == HOOT__BIN_CHARSET_BINARY)
        rc = padded(bytes, column->meta, arena, &bytes);
    if (rc < 0)
        return rc;
    if (column->special == HOOT__BIN_UUID && bytes.len == 16)
        return uuid(bytes, arena, out);
    if (column->special == HOOT__BIN_INET6 && bytes.len == 16)
        return address(bytes, AF_INET6, arena, out);
    if (column->special == HOOT__BIN_INET4 && bytes.len == 4)
        return address(bytes, AF_INET, arena, out);
    return text_of(bytes, column->charset, arena, out);
}

/* The number of a label from 1 on; 0 is what was no label. */
static int enum_of(hoot__my_in *in, const hoot__bin_column *column, hoot_value *out)
{
    uint64_t number = little_endian(in, column->meta & 3);

    if (number > 0 && number <= column->label_count)
        *out = hoot_value_str(column->labels[number - 1]);
    else if (number == 0 && column->labels)
        *out = hoot_value_str(hoot_str_of("", 0));
    else
        *out = hoot_value_uint(number);
    return 0;
}

/* A bit a label. Those that are set, with commas between. */
static int set_of(hoot__my_in *in, const hoot__bin_column *column, hoot_arena *arena, hoot_value *out)
{
    size_t width = column->meta > 8 ? 8 : column->meta, len = 0;
    uint64_t bits = little_endian(in, width);
    char *text, *at;

    *out = hoot_value_uint(bits);
    if (!column->labels || (column->label_count < 64 && bits >> column->label_count))
        return 0;
    for (uint32_t i = 0; i < column->label_count && i < 64; i++)
        len += bits >> i & 1 ? column->labels[i].len + 1 : 0;
    text = at = hoot_arena_alloc(arena, len + 1);
    if (!text)
        return HOOT_ENOMEM;
    for (uint32_t i = 0; i < column->label_count && i < 64; i++) {
        if (!(bits >> i & 1))
            continue;
        if (at > text)
            *at++ = ',';
        memcpy(at, column->labels[i].ptr, column->labels[i].len);
        at += column->labels[i].len;
    }
    *out = hoot_value_str(hoot_str_of(text, (size_t)(at - text)));
    return 0;
}

/* --- all of them --- */

static int timed(bool good, hoot_kind kind, hoot_time time, hoot_value *out)
{
    *out = kind == HOOT_DATE   ? hoot_value_date(time)
           : kind == HOOT_TIME ? hoot_value_time(time)
                               : hoot_value_datetime(time);
    return good ? 0 : HOOT_EPROTOCOL;
}

static int time_value(hoot__my_in *in, const hoot__bin_column *column, hoot_value *out)
{
    hoot_time time = { 0 };

    if (column->meta > FRACTION_DIGITS)
        return HOOT_EPROTOCOL;
    switch (column->type) {
    case HOOT__MY_TYPE_NEWDATE:
    case HOOT__MY_TYPE_DATE: return timed(date(in, &time), HOOT_DATE, time, out);
    case HOOT__MY_TYPE_TIME: return timed(old_time(in, &time), HOOT_TIME, time, out);
    case HOOT__MY_TYPE_DATETIME: return timed(old_datetime(in, &time), HOOT_DATETIME, time, out);
    case HOOT__MY_TYPE_TIMESTAMP:
        return timed(timestamp(hoot__my_u32(in), 0, &time), HOOT_DATETIME, time, out);
    case HOOT__BIN_TYPE_TIME2: return timed(time2(in, column->meta, &time), HOOT_TIME, time, out);
    case HOOT__BIN_TYPE_DATETIME2: return timed(datetime2(in, column->meta, &time), HOOT_DATETIME, time, out);
    case HOOT__BIN_TYPE_TIMESTAMP2:
        return timed(timestamp2(in, column->meta, &time), HOOT_DATETIME, time, out);
    default: return HOOT_ENOTSUP;
    }
}

static int decimal(hoot__my_in *in, const hoot__bin_column *column, hoot_arena *arena, hoot_value *out)
{
    hoot_str text;
    int rc = hoot__bin_decimal(in, column->meta & 0xff, column->meta >> 8, arena, &text);

    if (rc == 0)
        *out = hoot_value_decimal(text);
    return rc;
}

static int json(hoot__my_in *in, const hoot__bin_column *column, hoot_arena *arena, hoot_value *out)
{
    hoot_str document = counted(in, column->meta), text;
    int rc = in->failed ? HOOT_EPROTOCOL : hoot__bin_json(document, arena, &text);

    if (rc == 0)
        *out = hoot_value_str(text);
    return rc;
}

/* Bits, the highest first: a bit count below, whole bytes above. */
static hoot_value bits(hoot__my_in *in, uint16_t meta)
{
    return hoot_value_bytes(hoot__my_bytes(in, (size_t)(meta >> 8) + ((meta & 0xff) ? 1 : 0)));
}

static int decode(hoot__my_in *in, const hoot__bin_column *c, hoot_arena *arena, hoot_value *out)
{
    size_t prefix = c->meta < 256 ? 1 : 2;

    switch (c->type) {
    case HOOT__MY_TYPE_TINY: *out = integer(in, 1, c->is_unsigned); return 0;
    case HOOT__MY_TYPE_SHORT: *out = integer(in, 2, c->is_unsigned); return 0;
    case HOOT__MY_TYPE_INT24: *out = integer(in, 3, c->is_unsigned); return 0;
    case HOOT__MY_TYPE_LONG: *out = integer(in, 4, c->is_unsigned); return 0;
    case HOOT__MY_TYPE_LONGLONG: *out = integer(in, 8, c->is_unsigned); return 0;
    case HOOT__MY_TYPE_YEAR:
        *out = hoot_value_uint(hoot__my_u8(in));
        out->u64 += out->u64 ? 1900 : 0;
        return 0;
    case HOOT__MY_TYPE_FLOAT: *out = float_of(in); return 0;
    case HOOT__MY_TYPE_DOUBLE: *out = double_of(in); return 0;
    case HOOT__MY_TYPE_NEWDECIMAL: return decimal(in, c, arena, out);
    case HOOT__MY_TYPE_BIT: *out = bits(in, c->meta); return 0;
    case HOOT__MY_TYPE_ENUM: return enum_of(in, c, out);
    case HOOT__MY_TYPE_SET: return set_of(in, c, arena, out);
    case HOOT__MY_TYPE_STRING: return fixed_string(counted(in, prefix), c, arena, out);
    case HOOT__MY_TYPE_VARCHAR:
    case HOOT__MY_TYPE_VAR_STRING: return text_of(counted(in, prefix), c->charset, arena, out);
    case HOOT__BIN_TYPE_VARCHAR_COMPRESSED: *out = hoot_value_bytes(counted(in, prefix)); return 0;
    case HOOT__MY_TYPE_BLOB: return text_of(counted(in, c->meta), c->charset, arena, out);
    case HOOT__BIN_TYPE_BLOB_COMPRESSED:
    case HOOT__MY_TYPE_VECTOR:
    case HOOT__MY_TYPE_GEOMETRY: *out = hoot_value_bytes(counted(in, c->meta)); return 0;
    case HOOT__MY_TYPE_JSON: return json(in, c, arena, out);
    default: return time_value(in, c, out);
    }
}

int hoot__bin_value(hoot__my_in *in, const hoot__bin_column *column, hoot_arena *arena, hoot_value *out)
{
    int rc = decode(in, column, arena, out);

    return in->failed ? HOOT_EPROTOCOL : rc;
}
