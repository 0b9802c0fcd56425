/*
 * explain.h: kess explain status.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KESS_COMMAND_EXPLAIN_H
#define KESS_COMMAND_EXPLAIN_H

/* arguments: behind "explain", ending with NULL. Returns an exit code. */
int explain(char **arguments);

#endif
