/* The log, read back from the far end of standard error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <hoot/log.h>
#include <hoot/str.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static int real_stderr = -1;
static int reading = -1;
static char got[3 * HOOT_LOG_LINE_BYTES];

/* Put `fd` in the place of standard error until restore(); takes `fd`. */
static void replace_stderr(int fd)
{
    assert_true(fd >= 0);
    real_stderr = dup(STDERR_FILENO);
    assert_true(dup2(fd, STDERR_FILENO) >= 0);
    close(fd);
}

static void restore(void)
{
    if (real_stderr >= 0) {
        dup2(real_stderr, STDERR_FILENO);
        close(real_stderr);
    }
    if (reading >= 0)
        close(reading);
    real_stderr = reading = -1;
}

static void open_pipe(void)
{
    int ends[2];

    assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    reading = ends[0];
    replace_stderr(ends[1]);
}

/* What has been written to the pipe; standard error is itself again. */
static const char *take_written(void)
{
    ssize_t n = read(reading, got, sizeof(got) - 1);

    restore();
    got[n > 0 ? n : 0] = '\0';
    return got;
}

static int defaults(void **state)
{
    (void)state;
    restore();
    hoot_log_set_level(HOOT_INFO);
    hoot_log_set_format(HOOT_LOG_TEXT);
    hoot_log_set_name(NULL);
    hoot_log_set_sink(NULL, NULL);
    return 0;
}

/* "2026-02-23T10:00:00.123Z" at the front? */
static void assert_time(const char *text)
{
    const char *form = "dddd-dd-ddTdd:dd:dd.dddZ";

    assert_true(strlen(text) > strlen(form));
    for (size_t i = 0; form[i]; i++) {
        if (form[i] == 'd')
            assert_in_range(text[i], '0', '9');
        else
            assert_int_equal(text[i], form[i]);
    }
}

static void writes_a_line_of_text(void **state)
{
    (void)state;
    hoot_log_set_name("worker 2");
    open_pipe();
    hoot_log_info("listening on %s", "127.0.0.1:8800");
    take_written();
    assert_time(got);
    assert_string_equal(got + 24, " INFO  worker 2: listening on 127.0.0.1:8800\n");
}

static void writes_without_a_name(void **state)
{
    (void)state;
    open_pipe();
    hoot_log_warning("slow");
    take_written();
    assert_string_equal(got + 24, " WARN  slow\n");
}

static void writes_a_json_object_a_line(void **state)
{
    (void)state;
    hoot_log_set_name("worker \"2\"");
    hoot_log_set_format(HOOT_LOG_JSON);
    open_pipe();
    hoot_log_error("a \"b\" \\ c\n\t\x01\x7f");
    take_written();
    assert_memory_equal(got, "{\"time\":\"", 9);
    assert_time(got + 9);
    assert_string_equal(got + 33, "\",\"level\":\"error\",\"name\":\"worker \\\"2\\\"\","
                                  "\"text\":\"a \\\"b\\\" \\\\ c\\n\\t\\u0001\\u007f\"}\n");
}

static void json_holds_bytes_that_are_not_utf8(void **state)
{
    (void)state;
    hoot_log_set_format(HOOT_LOG_JSON);
    open_pipe();
    hoot_log_info("gr\xc3\xbc\xc3\x9f \xff\xc3(");
    take_written();
    assert_non_null(strstr(got, "\"text\":\"gr\xc3\xbc\xc3\x9f \\\\xFF\\\\xC3(\"}\n"));
    assert_true(hoot_str_is_utf8(hoot_str_from(got)));
}

static void no_value_forges_a_line(void **state)
{
    (void)state;
    open_pipe();
    hoot_log_info("user %s",
                  "x\r\n2026-02-23T10:00:00.123Z INFO  fine\x1b[2J\\n\xff\xc2\x9b\xe2\x80\xa8\xe2\x80\xae");
    take_written();
    assert_string_equal(got + 24, " INFO  user x\\r\\n2026-02-23T10:00:00.123Z INFO  fine\\x1B[2J\\\\n\\xFF"
                                  "\\xC2\\x9B\\xE2\\x80\\xA8\\xE2\\x80\\xAE\n");
}

static void drops_lines_below_the_level(void **state)
{
    (void)state;
    open_pipe();
    hoot_log_debug("not this");
    hoot_log_set_level(HOOT_ERROR);
    hoot_log_warning("nor this");
    hoot_log_set_level(HOOT_DEBUG_LEVEL);
    hoot_log_debug("but this");
    take_written();
    assert_string_equal(got + 24, " DEBUG but this\n");
}

/* A long line of what takes most room escaped: cut between characters, marked, and still one line. */
static void cuts_long_lines_and_marks_them(void **state)
{
    char *text = malloc(10001);
    const hoot_log_format formats[] = { HOOT_LOG_TEXT, HOOT_LOG_JSON };
    const char *endings[] = { "...\n", "...\"}\n" };
    const char fills[] = { 'x', '\x01', '\xff' };

    (void)state;
    for (size_t i = 0; i < 2 * sizeof(fills); i++) {
        hoot_str line;

        memset(text, fills[i / 2], 10000);
        text[10000] = '\0';
        hoot_log_set_format(formats[i % 2]);
        open_pipe();
        hoot_log_info("%s", text);
        line = hoot_str_from(take_written());
        assert_in_range(line.len, HOOT_LOG_LINE_BYTES - 100, HOOT_LOG_LINE_BYTES);
        assert_true(hoot_str_ends(line, hoot_str_from(endings[i % 2])));
        assert_int_equal(hoot_str_find(line, '\n'), line.len - 1);
    }
    free(text);
}

static void a_line_that_just_fits_is_not_marked(void **state)
{
    char *text = malloc(4001);

    (void)state;
    memset(text, 'x', 4000);
    text[4000] = '\0';
    open_pipe();
    hoot_log_info("%s", text);
    take_written();
    assert_int_equal(strlen(got), 24 + 7 + 4000 + 1);
    assert_null(strstr(got, "..."));
    free(text);
}

static void counts_lines_it_cannot_write(void **state)
{
    uint64_t before = hoot_log_lost();

    (void)state;
    replace_stderr(open("/dev/full", O_WRONLY | O_CLOEXEC));
    errno = EXDEV;
    hoot_log_info("into a full disk");
    assert_int_equal(errno, EXDEV);
    restore();
    assert_int_equal(hoot_log_lost(), before + 1);
}

static void does_not_wait_for_a_reader(void **state)
{
    uint64_t before = hoot_log_lost();

    (void)state;
    open_pipe();
    for (int i = 0; i < 10000; i++)
        hoot_log_info("%0100d", i);
    restore();
    assert_true(hoot_log_lost() > before);
}

/* A disk that fills up inside a line: the next line starts on a line of its own. */
static void a_torn_line_does_not_tear_the_next(void **state)
{
    char path[] = "/tmp/hoot-log-XXXXXX";
    int fd = mkstemp(path);
    struct rlimit old, small;
    uint64_t before = hoot_log_lost();

    (void)state;
    reading = dup(fd);
    unlink(path);
    getrlimit(RLIMIT_FSIZE, &old);
    small = (struct rlimit){ 10, old.rlim_max };
    signal(SIGXFSZ, SIG_IGN);
    replace_stderr(fd);
    setrlimit(RLIMIT_FSIZE, &small);
    hoot_log_info("first");
    setrlimit(RLIMIT_FSIZE, &old);
    hoot_log_info("second");
    lseek(reading, 0, SEEK_SET);
    take_written();
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(hoot_log_lost(), before + 1);
    assert_int_equal(got[10], '\n');
    assert_time(got + 11);
    assert_string_equal(got + 35, " INFO  second\n");
}

typedef struct heard {
    hoot_log_level level;
    char text[100];
    int count;
} heard;

static void listen(hoot_log_level level, const char *text, void *user)
{
    heard *h = user;

    h->level = level;
    h->count++;
    snprintf(h->text, sizeof(h->text), "%s", text);
}

static void a_sink_hears_the_text_alone(void **state)
{
    heard h = { 0 };

    (void)state;
    hoot_log_set_name("worker 2");
    hoot_log_set_sink(listen, &h);
    hoot_log_error("no %s\n", "owl");
    hoot_log_debug("below the level");
    assert_int_equal(h.count, 1);
    assert_int_equal(h.level, HOOT_ERROR);
    assert_string_equal(h.text, "no owl\\n");
}

static void long_names_are_cut(void **state)
{
    (void)state;
    hoot_log_set_name("0123456789012345678901234567890123456789");
    open_pipe();
    hoot_log_info("x");
    take_written();
    assert_string_equal(got + 24, " INFO  0123456789012345678901234567890: x\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(writes_a_line_of_text, defaults),
        cmocka_unit_test_teardown(writes_without_a_name, defaults),
        cmocka_unit_test_teardown(writes_a_json_object_a_line, defaults),
        cmocka_unit_test_teardown(json_holds_bytes_that_are_not_utf8, defaults),
        cmocka_unit_test_teardown(no_value_forges_a_line, defaults),
        cmocka_unit_test_teardown(drops_lines_below_the_level, defaults),
        cmocka_unit_test_teardown(cuts_long_lines_and_marks_them, defaults),
        cmocka_unit_test_teardown(a_line_that_just_fits_is_not_marked, defaults),
        cmocka_unit_test_teardown(counts_lines_it_cannot_write, defaults),
        cmocka_unit_test_teardown(does_not_wait_for_a_reader, defaults),
        cmocka_unit_test_teardown(a_torn_line_does_not_tear_the_next, defaults),
        cmocka_unit_test_teardown(a_sink_hears_the_text_alone, defaults),
        cmocka_unit_test_teardown(long_names_are_cut, defaults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
