/*
 * test_command_input.c: reads of the command kess that a shell cannot arrange.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * read and poll are replaced by a list of what they shall do.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

/* What the next reads return: an errno, bytes, or the end (NULL). */
typedef struct step {
    int error;
    const char *bytes;
} step;

static const step *steps;
static int polls, poll_result;

static ssize_t fake_read(int fd, void *out, size_t room)
{
    const step now = *steps++;

    (void)fd;
    if (now.error != 0) {
        errno = now.error;
        return -1;
    }
    const size_t len = now.bytes == NULL ? 0 : strlen(now.bytes);
    CHECK(len <= room);
    if (len > 0) {
        memcpy(out, now.bytes, len);
    }
    return (ssize_t)len;
}

static int fake_poll(struct pollfd *set, nfds_t count, int timeout)
{
    CHECK_EQUAL(1, count);
    CHECK_EQUAL(POLLIN, set->events);
    CHECK_EQUAL(-1, timeout);
    polls++;
    return poll_result;
}

#define read fake_read
#define poll fake_poll
#include "../command/input.c"
#undef read
#undef poll

/* ------------------------------------------------------------ what it calls */

int is_input_open(void)
{
    return 1;
}

void say(const char *format, ...)
{
    (void)format;
}

static const char *said;

int say_usage(const char *format, ...)
{
    said = format;
    return EXIT_USAGE;
}

const char *shown_path(char out[SHOWN_MAX], const char *path)
{
    (void)path;
    out[0] = '\0';
    return out;
}

/* ------------------------------------------------------------ tests */

static int read_steps(input *in, const step *list, int poll_gives)
{
    *in = (input){NULL, 0, 0};
    steps = list;
    polls = 0;
    poll_result = poll_gives;
    return read_all(in, 0, 1000);
}

/* A descriptor that does not block is waited for, and a read that a signal
 * interrupted is repeated. */
static void test_is_repeated(void)
{
    static const step list[] = {{EAGAIN, NULL}, {0, "[1,"},   {EINTR, NULL},
                                {0, "2]"},      {EAGAIN, NULL}, {0, NULL}};
    input in;

    CHECK_EQUAL(1, read_steps(&in, list, 1));
    CHECK_EQUAL(2, polls);
    CHECK_EQUAL(5, in.len);
    CHECK(memcmp(in.data, "[1,2]", 5) == 0);
    input_free(&in);
    CHECK(in.data == NULL && in.len == 0 && in.room == 0);
}

/* Any other failure ends it: half a document is none. */
static void test_is_given_up(void)
{
    static const step broken[] = {{0, "[1]"}, {EIO, NULL}};
    static const step no_poll[] = {{0, "[1]"}, {EAGAIN, NULL}};
    input in;

    CHECK_EQUAL(0, read_steps(&in, broken, 1));
    CHECK_EQUAL(EIO, errno);
    CHECK_EQUAL(0, polls);
    input_free(&in);
    CHECK_EQUAL(0, read_steps(&in, no_poll, -1));
    CHECK_EQUAL(1, polls);
    input_free(&in);
}

/* What was read may be a key: it is wiped before it is freed, also when the room
 * grows. */
static void test_is_wiped(void)
{
    uint8_t bytes[64];
    input in = {bytes, 5, sizeof bytes};
    size_t i;

    memset(bytes, 0x55, sizeof bytes);
    wipe(&in);
    for (i = 0; i < sizeof bytes; i++) {
        CHECK_EQUAL(0, bytes[i]);
    }
}

/* Only an input that is too long is said to be, with what is the most. */
static void test_why_it_was_not_read(void)
{
    CHECK_EQUAL(EXIT_USAGE, say_unread("x", EFBIG, 1000));
    CHECK(strstr(said, "more than") != NULL);
    CHECK_EQUAL(EXIT_USAGE, say_unread("x", EISDIR, 1000));
    CHECK(strstr(said, "more than") == NULL);
}

int main(void)
{
    test_why_it_was_not_read();
    test_is_repeated();
    test_is_given_up();
    test_is_wiped();
    return 0;
}
