/* The numbers of the MySQL client/server protocol that we use.
 *
 * Source: MySQL Internals, "Client/Server Protocol" (Capabilities Flags, Status Flags, Text Protocol, Column
 * Type); MariaDB Knowledge Base, "Clients & Utilities / Server Client Protocol". */
#ifndef HOOT_DB_MYSQL_PROTOCOL_H
#define HOOT_DB_MYSQL_PROTOCOL_H

/* The longest payload of one packet; a payload that is as long goes on in the next packet. */
#define HOOT__MY_PACKET_MAX 0xffffffu

/* Nothing may be longer than this: the largest max_allowed_packet a server can be given. */
#define HOOT__MY_PAYLOAD_MAX ((size_t)1 << 30)

/* Capability flags. */
enum {
    HOOT__MY_CAP_LONG_PASSWORD = 1u << 0, /* MariaDB calls it CLIENT_MYSQL and does not set it */
    HOOT__MY_CAP_FOUND_ROWS = 1u << 1,    /* only by option */
    HOOT__MY_CAP_LONG_FLAG = 1u << 2,
    HOOT__MY_CAP_CONNECT_WITH_DB = 1u << 3,
    HOOT__MY_CAP_COMPRESS = 1u << 5,
    HOOT__MY_CAP_LOCAL_FILES = 1u << 7, /* only by option: a server could ask for a file */
    HOOT__MY_CAP_PROTOCOL_41 = 1u << 9,
    HOOT__MY_CAP_SSL = 1u << 11,
    HOOT__MY_CAP_TRANSACTIONS = 1u << 13,
    HOOT__MY_CAP_SECURE_CONNECTION = 1u << 15,
    HOOT__MY_CAP_MULTI_STATEMENTS = 1u << 16, /* only by option: what injected SQL needs most */
    HOOT__MY_CAP_MULTI_RESULTS = 1u << 17,
    HOOT__MY_CAP_PS_MULTI_RESULTS = 1u << 18,
    HOOT__MY_CAP_PLUGIN_AUTH = 1u << 19,
    HOOT__MY_CAP_CONNECT_ATTRS = 1u << 20,
    HOOT__MY_CAP_PLUGIN_AUTH_LENENC = 1u << 21,
    HOOT__MY_CAP_SESSION_TRACK = 1u << 23,
    HOOT__MY_CAP_DEPRECATE_EOF = 1u << 24,
    /* Never sent, being a note that clients keep for themselves: here, that MariaDB's CACHE_COLUMNS is on. */
    HOOT__MY_CAP_CACHES_COLUMNS = 1u << 30,
};

/* Those that MariaDB added, in four bytes of their own. */
enum {
    HOOT__MY_MARIADB_CAP_BULK = 1u << 2,          /* COM_STMT_BULK_EXECUTE */
    HOOT__MY_MARIADB_CAP_CACHE_COLUMNS = 1u << 4, /* columns are not sent again with each execution */
};

/* Status flags of OK and EOF packets. */
enum {
    HOOT__MY_STATUS_IN_TRANS = 0x0001,
    HOOT__MY_STATUS_AUTOCOMMIT = 0x0002,
    HOOT__MY_STATUS_MORE_RESULTS = 0x0008,
    HOOT__MY_STATUS_OUT_VALUES = 0x1000,
    HOOT__MY_STATUS_STATE_CHANGED = 0x4000,
};

/* Commands. */
enum {
    HOOT__MY_COM_QUIT = 0x01,
    HOOT__MY_COM_INIT_DB = 0x02,
    HOOT__MY_COM_QUERY = 0x03,
    HOOT__MY_COM_PING = 0x0e,
    HOOT__MY_COM_CHANGE_USER = 0x11,
    HOOT__MY_COM_STMT_PREPARE = 0x16,
    HOOT__MY_COM_STMT_EXECUTE = 0x17,
    HOOT__MY_COM_STMT_CLOSE = 0x19,
    HOOT__MY_COM_RESET_CONNECTION = 0x1f,
    HOOT__MY_COM_STMT_BULK_EXECUTE = 0xfa, /* MariaDB */
};

/* First bytes of answers. */
enum {
    HOOT__MY_OK = 0x00,
    HOOT__MY_MORE_DATA = 0x01,    /* while logging in */
    HOOT__MY_LOCAL_INFILE = 0xfb, /* where a result begins; inside a text row it is NULL */
    HOOT__MY_EOF = 0xfe,          /* while logging in: another plugin is asked for */
    HOOT__MY_ERR = 0xff,
};

/* Column types. */
enum {
    HOOT__MY_TYPE_DECIMAL = 0,
    HOOT__MY_TYPE_TINY = 1,
    HOOT__MY_TYPE_SHORT = 2,
    HOOT__MY_TYPE_LONG = 3,
    HOOT__MY_TYPE_FLOAT = 4,
    HOOT__MY_TYPE_DOUBLE = 5,
    HOOT__MY_TYPE_NULL = 6,
    HOOT__MY_TYPE_TIMESTAMP = 7,
    HOOT__MY_TYPE_LONGLONG = 8,
    HOOT__MY_TYPE_INT24 = 9,
    HOOT__MY_TYPE_DATE = 10,
    HOOT__MY_TYPE_TIME = 11,
    HOOT__MY_TYPE_DATETIME = 12,
    HOOT__MY_TYPE_YEAR = 13,
    HOOT__MY_TYPE_NEWDATE = 14,
    HOOT__MY_TYPE_VARCHAR = 15,
    HOOT__MY_TYPE_BIT = 16,
    HOOT__MY_TYPE_VECTOR = 242,
    HOOT__MY_TYPE_JSON = 245,
    HOOT__MY_TYPE_NEWDECIMAL = 246,
    HOOT__MY_TYPE_ENUM = 247,
    HOOT__MY_TYPE_SET = 248,
    HOOT__MY_TYPE_TINY_BLOB = 249,
    HOOT__MY_TYPE_MEDIUM_BLOB = 250,
    HOOT__MY_TYPE_LONG_BLOB = 251,
    HOOT__MY_TYPE_BLOB = 252,
    HOOT__MY_TYPE_VAR_STRING = 253,
    HOOT__MY_TYPE_STRING = 254,
    HOOT__MY_TYPE_GEOMETRY = 255,
};

/* Flags of a column definition. */
#define HOOT__MY_FLAG_NOT_NULL       0x0001
#define HOOT__MY_FLAG_PRIMARY_KEY    0x0002
#define HOOT__MY_FLAG_UNSIGNED       0x0020
#define HOOT__MY_FLAG_ENUM           0x0100
#define HOOT__MY_FLAG_AUTO_INCREMENT 0x0200
#define HOOT__MY_FLAG_SET            0x0800
#define HOOT__MY_PARAM_UNSIGNED      0x80 /* second byte of a parameter's type */

#define HOOT__MY_CHARSET_BINARY  63 /* its values are bytes, not text */
#define HOOT__MY_CHARSET_UTF8MB4 45 /* utf8mb4_general_ci: known to every server since 5.5 */

#endif
