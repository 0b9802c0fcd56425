/*
 * say.h: one line on standard error.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KESS_COMMAND_SAY_H
#define KESS_COMMAND_SAY_H

#if defined(__GNUC__)
#define SAY_FORMAT __attribute__((format(printf, 1, 2)))
#else
#define SAY_FORMAT
#endif

#define SHOWN_MAX 512 /* bytes of a path that is shown, with its NUL */

/* "kess: " and a line. What a terminal would not print is escaped. Nothing
 * depends on standard error, so a failure means nothing. */
SAY_FORMAT void say(const char *format, ...);
/* The same, for a mistake on the command line or an input that cannot be used.
 * Returns EXIT_USAGE. */
SAY_FORMAT int say_usage(const char *format, ...);

/* A path as it may be shown, in out, which is returned. What names no file could
 * be a secret in the wrong place: only its length is shown. */
const char *shown_path(char out[SHOWN_MAX], const char *path);

#endif
