/*
 * input.c: files, standard input and passwords.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exits.h"
#include "output.h"
#include "say.h"

int is_stdin(const char *path)
{
    return strcmp(path, "-") == 0;
}

static void wipe(const input *in)
{
    /* volatile: a compiler may leave out what writes to memory that is freed. */
    volatile uint8_t *data = in->data;

    for (size_t i = 0; i < in->room; i++) {
        data[i] = 0;
    }
}

void input_free(input *in)
{
    wipe(in);
    free(in->data);
    *in = (input){NULL, 0, 0};
}

/* Room for one byte more. Returns 1, or 0 and sets errno. */
static int make_room(input *in, size_t most)
{
    input larger = {NULL, in->len, in->room == 0 ? 65536 : 2 * in->room};

    if (in->len < in->room) {
        return 1;
    }
    /* Not realloc, which would leave a copy behind. */
    errno = EFBIG;
    if (in->len > most || (larger.data = malloc(larger.room)) == NULL) {
        return 0;
    }
    if (in->len > 0) {
        memcpy(larger.data, in->data, in->len);
    }
    input_free(in);
    *in = larger;
    return 1;
}

/* Whether a read can be tried again: it was interrupted, or there is nothing yet
 * and the descriptor does not block. */
static int is_to_repeat(int fd)
{
    struct pollfd more = {fd, POLLIN, 0};
    return errno == EINTR || (errno == EAGAIN && poll(&more, 1, -1) >= 0);
}

/* Read to the end. Returns 1, or 0 and sets errno. */
static int read_all(input *in, int fd, size_t most)
{
    ssize_t got;

    do {
        if (!make_room(in, most)) {
            return 0;
        }
        got = read(fd, in->data + in->len, in->room - in->len);
        if (got > 0) {
            in->len += (size_t)got;
        }
    } while (got > 0 || (got < 0 && is_to_repeat(fd)));
    errno = in->len > most ? EFBIG : errno;
    return got == 0 && in->len <= most;
}

static int say_unread(const char *name, int why, size_t most)
{
    if (why == EFBIG) {
        return say_usage("cannot read %s: it has more than %zu bytes", name, most);
    }
    return say_usage("cannot read %s: %s", name, strerror(why));
}

static int read_stdin(input *in, size_t most)
{
    static int is_used;

    if (is_used) {
        return say_usage("standard input (-) was named more than once");
    }
    is_used = 1;
    if (!is_input_open()) {
        return say_usage("standard input (-) is closed");
    }
    if (!read_all(in, STDIN_FILENO, most)) {
        return say_unread("standard input", errno, most);
    }
    return EXIT_DONE;
}

int input_read(input *in, const char *path, size_t most)
{
    char shown[SHOWN_MAX];

    *in = (input){NULL, 0, 0};
    if (is_stdin(path)) {
        return read_stdin(in, most);
    }
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const int is_read = fd >= 0 && read_all(in, fd, most);
    const int why = errno;
    if (fd >= 0) {
        close(fd);
    }
    if (!is_read) {
        return say_unread(shown_path(shown, path), why, most);
    }
    return EXIT_DONE;
}

static int read_variable(input *in, const char *variable)
{
    const char *value = getenv(variable);
    const size_t len = value == NULL ? 0 : strlen(value);

    in->data = len == 0 ? NULL : malloc(len);
    if (in->data == NULL) {
        /* The name itself may be the password in the wrong place. */
        return say_usage("the environment variable of --password-env is not set");
    }
    memcpy(in->data, value, len);
    in->len = in->room = len;
    return EXIT_DONE;
}

int input_read_password(input *in, const char *file, const char *variable)
{
    *in = (input){NULL, 0, 0};
    if (file != NULL && variable != NULL) {
        return say_usage("give --password-file or --password-env, not both");
    }
    if (variable != NULL) {
        return read_variable(in, variable);
    }
    if (file == NULL) {
        return EXIT_DONE;
    }
    const int code = input_read(in, file, SECRET_MAX);
    if (code != EXIT_DONE) {
        return code;
    }
    const uint8_t *end = in->len == 0 ? NULL : memchr(in->data, '\n', in->len);
    in->len = end == NULL ? in->len : (size_t)(end - in->data);
    in->len -= in->len > 0 && in->data[in->len - 1] == '\r';
    return in->len > 0
               ? EXIT_DONE
               : say_usage("the first line of the password file is empty");
}
