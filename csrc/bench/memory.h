/*
 * memory.h: how much memory a call takes beyond what the caller gave it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KESS_MEMORY_H
#define KESS_MEMORY_H

#include "documents.h"

/* Bytes at the peak, besides the input and the output. Call it before this
 * process has had much memory, which its child could use again unseen. */
double memory_of_canonicalize(void (*make)(document *, size_t), size_t len);

#endif
