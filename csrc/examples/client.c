/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * Has parameters signed by example_server: they come from the standard input,
 * its answer goes to the standard output. It needs neither libkess nor the key.
 *
 *     example_client SOCKET < parameters.json > body.json
 */
#define _POSIX_C_SOURCE 200809L /* sockets and signals, with -std=c99 too */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    static char data[65536];
    int server = socket(AF_UNIX, SOCK_STREAM, 0);
    size_t len = fread(data, 1, sizeof data, stdin);
    ssize_t got;

    if (argc != 2 || strlen(argv[1]) >= sizeof address.sun_path) {
        fprintf(stderr, "usage: example_client SOCKET\n");
        return EXIT_FAILURE;
    }
    strcpy(address.sun_path, argv[1]);
    if (connect(server, (struct sockaddr *)&address, sizeof address) != 0
        || send(server, data, len, 0) != (ssize_t)len
        || shutdown(server, SHUT_WR) != 0) {
        perror(argv[1]);
        return EXIT_FAILURE;
    }
    while ((got = recv(server, data, sizeof data, 0)) > 0)
        fwrite(data, 1, (size_t)got, stdout);
    close(server);
    return fflush(stdout) == 0 && got == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
