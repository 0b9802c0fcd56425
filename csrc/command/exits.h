/*
 * exits.h: the exit codes, in the sense of the Python command kesspay.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KESS_COMMAND_EXITS_H
#define KESS_COMMAND_EXITS_H

enum {
    EXIT_DONE = 0,
    EXIT_NOT_AUTHENTIC = 1,
    EXIT_USAGE = 2,       /* or an input that cannot be used */
    EXIT_NOT_WRITTEN = 74, /* the result (EX_IOERR) */
    EXIT_NO_READER = 141  /* as 74; what SIGPIPE is to a shell */
};

#endif
