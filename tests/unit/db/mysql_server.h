/* A database server of one test program's own: a data directory below /tmp, a free port, a unix socket, no
 * configuration files. It is ended by its pid, also when the test program dies (the kernel sends it SIGKILL
 * then).
 *
 * It is the MariaDB that this machine has installed, or, where HOOT_TEST_SERVER names the folder of a server
 * that
 * `./dev servers` made, that one. */
#ifndef HOOT_TEST_MYSQL_SERVER_H
#define HOOT_TEST_MYSQL_SERVER_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct mysql_server {
    char directory[64];
    char socket[96];
    uint16_t port;
    pid_t pid;
} mysql_server;

/* The folder that `./dev servers` made of the server to test with; NULL: the installed one. */
static inline const char *mysql_server_folder(void)
{
    const char *folder = getenv("HOOT_TEST_SERVER");

    return folder && folder[0] ? folder : NULL;
}

/* Whether the server is Oracle's and not MariaDB: its folder's `kind` says so. */
static inline bool mysql_server_is_mysql(void)
{
    char path[512], kind[16] = "";
    FILE *file;

    if (!mysql_server_folder())
        return false;
    snprintf(path, sizeof(path), "%s/kind", mysql_server_folder());
    file = fopen(path, "r");
    if (!file || !fgets(kind, sizeof(kind), file)) {
        fprintf(stderr, "%s is no server's folder: ./dev servers\n", mysql_server_folder());
        exit(1);
    }
    fclose(file);
    return strcmp(kind, "mysql\n") == 0;
}

/* A program of the server's packages: they put some into sbin. */
static const char *mysql_server_program(const char *name, char *out, size_t size)
{
    static const char *const folders[] = { "/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin" };

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        snprintf(out, size, "%s/%s", folders[i], name);
        if (access(out, X_OK) == 0)
            return out;
    }
    fprintf(stderr, "%s is not installed: ./dev setup test\n", name);
    exit(1);
}

static pid_t mysql_server_spawn(const mysql_server *server, char *const arguments[])
{
    char log[96];
    pid_t pid;

    snprintf(log, sizeof(log), "%s/output.log", server->directory);
    pid = fork();
    if (pid != 0)
        return pid;
    int fd = open(log, O_CREAT | O_APPEND | O_WRONLY, 0600);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(open("/dev/null", O_RDONLY), 0);
    dup2(fd, 1);
    dup2(fd, 2);
    setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
    execv(arguments[0], arguments);
    _exit(127);
}

static uint16_t mysql_server_free_port(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) < 0) {
        perror("a free port");
        exit(1);
    }
    close(fd);
    return ntohs(address.sin_port);
}

static int mysql_server_answers(const mysql_server *server)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int answers;

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", server->socket);
    answers = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
    close(fd);
    return answers;
}

static void mysql_server_die(const mysql_server *server, const char *what)
{
    char command[128];

    fprintf(stderr, "%s\n", what);
    snprintf(command, sizeof(command), "tail -n 30 %s/output.log >&2", server->directory);
    if (system(command) != 0)
        fprintf(stderr, "and there is no log\n");
    exit(1);
}

static void mysql_server_finish(const mysql_server *server, char *const arguments[])
{
    pid_t pid = mysql_server_spawn(server, arguments);
    int status = -1;

    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        mysql_server_die(server, arguments[0]);
}

static void mysql_server_make_data(const mysql_server *server, const char *user)
{
    char program[96], datadir[96], tmpdir[96], as[64];
    char *arguments[] = { program,
                          "--no-defaults",
                          tmpdir,
                          "--auth-root-authentication-method=normal",
                          "--skip-test-db",
                          "--skip-name-resolve",
                          "--innodb-log-file-size=16M",
                          datadir,
                          as,
                          NULL };

    mysql_server_program("mariadb-install-db", program, sizeof(program));
    snprintf(datadir, sizeof(datadir), "--datadir=%s/data", server->directory);
    snprintf(tmpdir, sizeof(tmpdir), "--tmpdir=%s", server->directory);
    snprintf(as, sizeof(as), "--user=%s", user);
    mysql_server_finish(server, arguments);
}

static void mysql_server_copy_data(const mysql_server *server)
{
    char from[512], to[96];
    char *arguments[] = { "/bin/cp", "-R", from, to, NULL };

    snprintf(from, sizeof(from), "%s/data", mysql_server_folder());
    snprintf(to, sizeof(to), "%s/data", server->directory);
    mysql_server_finish(server, arguments);
}

/* What only one of the two kinds takes. Gives: how many. */
static size_t mysql_server_own_options(char **out)
{
    static char *const of_mariadb[] = { "--innodb-log-file-size=16M" };
    static char *const of_mysql[] = { "--innodb-redo-log-capacity=32M", "--skip-log-bin" };
    char *const *from = mysql_server_is_mysql() ? of_mysql : of_mariadb;
    size_t count = mysql_server_is_mysql() ? sizeof(of_mysql) / sizeof(of_mysql[0]) : 1;

    memcpy(out, from, count * sizeof(*from));
    return count;
}

/* `options` end with NULL, at most 8. */
static void mysql_server_start(mysql_server *server, const char *const *options)
{
    const char *user = getpwuid(getuid())->pw_name;
    char program[512], datadir[96], tmpdir[96], as[64], where[128], port[32], pid_file[96];
    char *arguments[32] = { program,
                            "--no-defaults",
                            datadir,
                            tmpdir, /* its own: a server that starts removes temporary tables of others */
                            as,
                            where,
                            port,
                            pid_file,
                            "--bind-address=127.0.0.1",
                            "--skip-name-resolve",
                            "--performance-schema=OFF",
                            "--innodb-buffer-pool-size=32M",
                            "--innodb-flush-log-at-trx-commit=2",
                            "--character-set-server=utf8mb4" };
    size_t count = 14;

    snprintf(server->directory, sizeof(server->directory), "/tmp/hoot-mysql-XXXXXX");
    if (!mkdtemp(server->directory)) {
        perror("a directory below /tmp");
        exit(1);
    }
    snprintf(server->socket, sizeof(server->socket), "%s/socket", server->directory);
    server->port = mysql_server_free_port();
    if (mysql_server_folder()) {
        mysql_server_copy_data(server);
        snprintf(program, sizeof(program), "%s/server", mysql_server_folder());
    } else {
        mysql_server_make_data(server, user);
        mysql_server_program("mariadbd", program, sizeof(program));
    }
    snprintf(datadir, sizeof(datadir), "--datadir=%s/data", server->directory);
    snprintf(tmpdir, sizeof(tmpdir), "--tmpdir=%s", server->directory);
    snprintf(as, sizeof(as), "--user=%s", user);
    snprintf(where, sizeof(where), "--socket=%s", server->socket);
    snprintf(port, sizeof(port), "--port=%u", (unsigned)server->port);
    snprintf(pid_file, sizeof(pid_file), "--pid-file=%s/pid", server->directory);
    count += mysql_server_own_options(arguments + count);
    for (size_t i = 0; options && options[i] && i < 8; i++)
        arguments[count++] = (char *)(uintptr_t)options[i];
    server->pid = mysql_server_spawn(server, arguments);
    for (int tries = 0; !mysql_server_answers(server); tries++) {
        if (server->pid < 0 || tries > 3000 || waitpid(server->pid, NULL, WNOHANG) != 0)
            mysql_server_die(server, "the database server does not answer");
        poll(NULL, 0, 20);
    }
}

static int mysql_server_remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void mysql_server_stop(mysql_server *server)
{
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    nftw(server->directory, mysql_server_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
