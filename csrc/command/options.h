/*
 * options.h: the command line. Options have the names of the Python command's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KESS_COMMAND_OPTIONS_H
#define KESS_COMMAND_OPTIONS_H

#include <stddef.h>

#include "kess.h"

#define KEYS_MAX 64 /* of a ring */

/* Which command has an option. */
enum { FOR_CANON = 1, FOR_SIGN = 2, FOR_VERIFY = 4 };

typedef struct options {
    const char *file;
    const char *keys[KEYS_MAX];
    size_t key_count;
    const char *password_file;
    const char *password_env;
    int is_body;
    int is_quiet;
    int is_help;
    kess_options kess;
} options;

/* Read what stands behind the name of a command. Returns EXIT_DONE, or EXIT_USAGE;
 * what is wrong was said, without repeating it: it may be a secret. */
int options_read(options *o, int command, char **arguments);

#endif
