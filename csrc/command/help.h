/*
 * help.h: the text of --help.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KESS_COMMAND_HELP_H
#define KESS_COMMAND_HELP_H

extern const char help_text[];

#endif
