/*
 * output.c: standard output, whole or not at all.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "exits.h"
#include "say.h"

static int was_open[3];

void streams_begin(void)
{
    for (int fd = 0; fd < 3; fd++) {
        was_open[fd] = fcntl(fd, F_GETFD) >= 0;
    }
    /* The lowest free descriptor is taken, so each gap is filled. */
    for (int fd = 0; fd < 3; fd++) {
        if (!was_open[fd]) {
            (void)!open("/dev/null", O_RDWR);
        }
    }
    (void)signal(SIGPIPE, SIG_IGN);
}

int is_input_open(void)
{
    return was_open[STDIN_FILENO];
}

static int fail(const char *why)
{
    say("standard output could not be written: %s; no money moved", why);
    return EXIT_NOT_WRITTEN;
}

static int failed(void)
{
    /* A reader that has seen enough is no problem. */
    return errno == EPIPE ? EXIT_NO_READER : fail(strerror(errno));
}

/* Whether a write can be tried again: it was interrupted, or the pipe is full and
 * does not block. */
static int is_to_repeat(void)
{
    struct pollfd room = {STDOUT_FILENO, POLLOUT, 0};
    return errno == EINTR || (errno == EAGAIN && poll(&room, 1, -1) >= 0);
}

static int write_all(const char *data, size_t len)
{
    size_t done = 0;

    while (done < len) {
        const ssize_t wrote = write(STDOUT_FILENO, data + done, len - done);
        if (wrote >= 0) {
            done += (size_t)wrote;
        } else if (!is_to_repeat()) {
            return failed();
        }
    }
    return EXIT_DONE;
}

/* A document may be a stranger's: nothing of it moves a cursor. */
static int write_escaped(const unsigned char *data, size_t len)
{
    int code = EXIT_DONE;

    for (size_t i = 0; i < len && code == EXIT_DONE; i++) {
        char shown[5] = {(char)data[i], '\0'};
        if (data[i] < 0x20 || data[i] >= 0x7f) {
            (void)snprintf(shown, sizeof(shown), "\\x%02x", data[i]);
        }
        code = write_all(shown, strlen(shown));
    }
    return code == EXIT_DONE ? write_all("\n", 1) : code;
}

static int finish(int code)
{
    /* Some systems say only now that a disk is full. */
    return code == EXIT_DONE && close(STDOUT_FILENO) != 0 ? failed() : code;
}

int output_put(const void *data, size_t len)
{
    if (!was_open[STDOUT_FILENO]) {
        return fail("it is closed");
    }
    return finish(isatty(STDOUT_FILENO) ? write_escaped(data, len)
                                        : write_all(data, len));
}

int output_put_text(const char *text)
{
    if (!was_open[STDOUT_FILENO]) {
        return fail("it is closed");
    }
    return finish(write_all(text, strlen(text)));
}
