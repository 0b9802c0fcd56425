/*
 * documents.h: kess canon, sign and verify.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KESS_COMMAND_DOCUMENTS_H
#define KESS_COMMAND_DOCUMENTS_H

#include "options.h"

/* Each returns an exit code. */
int canon(const options *o);
int sign(const options *o);
int verify(const options *o);

#endif
