/*
 * test_command_output.c: writes of the command kess that a shell cannot arrange.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * write, poll, close and isatty are replaced.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

static struct {
    int errors[8];  /* of the next writes; 0: some bytes are taken */
    size_t at_once; /* how many */
    int calls, polls, poll_result, close_error, is_terminal;
    char text[256];
    size_t len;
} world;

static ssize_t fake_write(int fd, const void *data, size_t len)
{
    const int error = world.errors[world.calls++];

    CHECK_EQUAL(STDOUT_FILENO, fd);
    if (error != 0) {
        errno = error;
        return -1;
    }
    len = len > world.at_once ? world.at_once : len;
    memcpy(world.text + world.len, data, len);
    world.len += len;
    return (ssize_t)len;
}

static int fake_poll(struct pollfd *set, nfds_t count, int timeout)
{
    CHECK_EQUAL(1, count);
    CHECK_EQUAL(POLLOUT, set->events);
    CHECK_EQUAL(-1, timeout);
    world.polls++;
    return world.poll_result;
}

static int fake_close(int fd)
{
    CHECK_EQUAL(STDOUT_FILENO, fd);
    errno = world.close_error;
    return world.close_error != 0 ? -1 : 0;
}

static int fake_isatty(int fd)
{
    (void)fd;
    return world.is_terminal;
}

#define write fake_write
#define poll fake_poll
#define close fake_close
#define isatty fake_isatty
#include "../command/output.c"
#undef write
#undef poll
#undef close
#undef isatty

static int said;

void say(const char *format, ...)
{
    (void)format;
    said++;
}

/* ------------------------------------------------------------ tests */

static void begin(void)
{
    memset(&world, 0, sizeof world);
    world.at_once = 3;
    world.poll_result = 1;
    said = 0;
    was_open[STDOUT_FILENO] = 1;
}

/* A short write is followed by the rest, a full pipe is waited for, and a write that
 * a signal interrupted is repeated. */
static void test_is_repeated(void)
{
    begin();
    world.errors[1] = EINTR;
    world.errors[2] = EAGAIN;
    CHECK_EQUAL(EXIT_DONE, output_put("{\"a\":1}", 7));
    CHECK_EQUAL(7, world.len);
    CHECK(memcmp(world.text, "{\"a\":1}", 7) == 0);
    CHECK_EQUAL(1, world.polls);
    CHECK_EQUAL(0, said);
}

/* What is not written whole is no success. */
static void test_is_given_up(void)
{
    begin();
    world.errors[1] = ENOSPC;
    CHECK_EQUAL(EXIT_NOT_WRITTEN, output_put("{\"a\":1}", 7));
    CHECK_EQUAL(1, said);
    begin();
    world.errors[1] = EAGAIN;
    world.poll_result = -1;
    CHECK_EQUAL(EXIT_NOT_WRITTEN, output_put("{\"a\":1}", 7));
    begin();
    world.errors[0] = EPIPE;
    CHECK_EQUAL(EXIT_NO_READER, output_put("{\"a\":1}", 7));
    CHECK_EQUAL(0, said);
    begin();
    world.close_error = EDQUOT;
    CHECK_EQUAL(EXIT_NOT_WRITTEN, output_put("[]", 2));
    CHECK_EQUAL(1, said);
    begin();
    was_open[STDOUT_FILENO] = 0;
    CHECK_EQUAL(EXIT_NOT_WRITTEN, output_put("[]", 2));
    CHECK_EQUAL(0, world.calls);
}

/* On a terminal nothing moves a cursor, and a failure is one, too. */
static void test_on_a_terminal(void)
{
    begin();
    world.is_terminal = 1;
    world.at_once = 100;
    CHECK_EQUAL(EXIT_DONE, output_put("a\033\177b", 4));
    CHECK_EQUAL(11, world.len);
    CHECK(memcmp(world.text, "a\\x1b\\x7fb\n", 11) == 0);
    begin();
    world.is_terminal = 1;
    world.errors[1] = ENOSPC;
    CHECK_EQUAL(EXIT_NOT_WRITTEN, output_put("abc", 3));
    CHECK_EQUAL(2, world.calls);
}

int main(void)
{
    test_is_repeated();
    test_is_given_up();
    test_on_a_terminal();
    return 0;
}
