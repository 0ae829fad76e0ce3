/* The program: hooter's app and the command line that every Hoot application has. */
#include "hooter.h"

int main(int argc, char **argv)
{
    static const char help[] =
        "hooter's own variables:\n"
        "  HOOTER_DB_HOST, HOOTER_DB_PORT, HOOTER_DB_USER, HOOTER_DB_PASSWORD, HOOTER_DB\n"
        "                             the MySQL or MariaDB server; without HOOTER_DB_HOST: SQLite in "
        "var/hooter.db\n"
        "  HOOTER_DB_URL              all of that in one: mysql://user:password@host:3306/database, "
        "sqlite:PATH\n"
        "  HOOTER_SECRET_KEY          signs the session cookies; needed with a database server\n"
        "  HOOTER_SECRET_KEY_FALLBACKS  older keys, with commas: cookies signed with them are still good\n"
        "  HOOTER_COOKIE_SECURE       1: cookies only over https, also behind a proxy that ends TLS "
        "(default: 0)\n"
        "  HOOTER_CORS_ORIGINS        origins whose pages may ask with cookies, with commas (default: none)\n"
        "  HOOTER_LOGIN_ADDRESS_FAILURES  failed logins of one address before it is slowed down; 0: never, "
        "for servers\n"
        "                             behind a proxy, where every client has one address (default: 100)\n";

    return hoot_main_with(&(hoot_main_options){ .factory = hooter_make_app, .name = "hooter", .help = help },
                          argc, argv);
}
