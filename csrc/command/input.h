/*
 * input.h: files, standard input and passwords.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KESS_COMMAND_INPUT_H
#define KESS_COMMAND_INPUT_H

#include <stddef.h>
#include <stdint.h>

#define DOCUMENT_MAX 67108864u /* bytes of an input */
#define SECRET_MAX 1048576u    /* of a key file, and of a password file */

/* Bytes that are wiped before they are freed: they may be a key. */
typedef struct input {
    uint8_t *data;
    size_t len;
    size_t room;
} input;

/* Read a file whole, or standard input for "-", which can be named once. Returns
 * EXIT_DONE or another exit code; what went wrong was said. To be freed in both
 * cases. */
int input_read(input *in, const char *path, size_t most);
/* The first line of a file, or what a variable holds; both NULL: nothing. */
int input_read_password(input *in, const char *file, const char *variable);
void input_free(input *in);

int is_stdin(const char *path);

#endif
