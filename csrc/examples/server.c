/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * The key in a process of its own: the library inside the loop of a server.
 * A program that may open the socket sends parameters (a JSON object), ends its
 * side, and gets the signed body, or a line that begins with "error".
 *
 *     example_server PRIVATE_KEY_FILE SOCKET
 *
 * The key is loaded once and used for every request. A process that can
 * open the socket can have anything signed, so only its owner may open it.
 */
#define _POSIX_C_SOURCE 200809L /* sockets and signals, with -std=c99 too */

#include <kess.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define ROOM 65536

static volatile sig_atomic_t stopped;

static void stop(int number)
{
    (void)number;
    stopped = 1;
}

/* Read up to the end of the client's side; -1 where it is late or too long. */
static ssize_t read_all(int client, uint8_t *text)
{
    size_t len = 0;

    while (len < ROOM) {
        ssize_t got = recv(client, text + len, ROOM - len, 0);

        if (got < 0)
            return -1;
        if (got == 0)
            return (ssize_t)len;
        len += (size_t)got;
    }
    return -1;
}

static void write_all(int client, const void *data, size_t len)
{
    const char *next = data;

    while (len > 0) {
        ssize_t sent = send(client, next, len, MSG_NOSIGNAL);

        if (sent <= 0)
            return; /* the client has gone */
        next += sent;
        len -= (size_t)sent;
    }
}

static void serve(int client, const kess_key *key)
{
    static uint8_t text[ROOM], body[2 * ROOM];
    size_t body_len = sizeof body;
    ssize_t text_len = read_all(client, text);
    kess_error err;
    char line[160];

    if (text_len < 0)
        return;
    if (kess_signed_body(key, body, &body_len, text, (size_t)text_len, NULL,
                         &err) == KESS_OK) {
        write_all(client, body, body_len);
        return;
    }
    snprintf(line, sizeof line, "error %s at byte %llu\n",
             kess_status_message(err.status), (unsigned long long)err.pos);
    write_all(client, line, strlen(line));
}

/* Make the socket, for its owner alone. */
static int listen_at(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int server = socket(AF_UNIX, SOCK_STREAM, 0);

    if (server < 0 || strlen(path) >= sizeof address.sun_path)
        return -1;
    strcpy(address.sun_path, path);
    umask(0177);
    if (bind(server, (struct sockaddr *)&address, sizeof address) != 0
        || listen(server, 16) != 0) {
        close(server);
        return -1;
    }
    return server;
}

int main(int argc, char **argv)
{
    const struct timeval patience = { .tv_sec = 5 };
    struct sigaction action = { .sa_handler = stop };
    kess_key *key = NULL;
    kess_error err;
    int server;

    if (argc != 3) {
        fprintf(stderr, "usage: example_server PRIVATE_KEY_FILE SOCKET\n");
        return EXIT_FAILURE;
    }
    if (kess_private_key_load_file(&key, argv[1], NULL, 0, 0, &err) != KESS_OK) {
        fprintf(stderr, "private key: %s\n", kess_status_message(err.status));
        return EXIT_FAILURE;
    }
    server = listen_at(argv[2]);
    if (server < 0) {
        perror(argv[2]);
        kess_key_free(key);
        return EXIT_FAILURE;
    }
    /* Without SA_RESTART, so that a signal ends accept. */
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    while (!stopped) {
        int client = accept(server, NULL, NULL);

        if (client < 0)
            continue;
        setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        serve(client, key);
        close(client);
    }
    close(server);
    unlink(argv[2]);
    kess_key_free(key);
    return EXIT_SUCCESS;
}
