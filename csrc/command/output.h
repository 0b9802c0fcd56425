/*
 * output.h: standard output, whole or not at all.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KESS_COMMAND_OUTPUT_H
#define KESS_COMMAND_OUTPUT_H

#include <stddef.h>

/* Before anything is opened: no file may become one of the first three
 * descriptors, and a reader that goes away must not end the program. */
void streams_begin(void);
/* Whether standard input was open when the program began. */
int is_input_open(void);

/* Write the one result of a run, and close standard output. Returns an exit code;
 * what went wrong was said. Into a pipe or a file go the bytes as they are. On a
 * terminal they end with a line break, and what it might not print is escaped. */
int output_put(const void *data, size_t len);
/* The same for a text of ours, which is the same everywhere. */
int output_put_text(const char *text);

#endif
