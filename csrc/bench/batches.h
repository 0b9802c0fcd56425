/*
 * batches.h: many documents to verify in one call, beside libcrypto's operation.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KESS_BATCHES_H
#define KESS_BATCHES_H

#include "measure.h"

/* For keys of so many bits: eight operations together, and whole documents. */
void bench_batches(report *r, unsigned bits);
/* By how many documents there are in a call, and by how many threads call. */
void bench_batch_sizes(report *r);

#endif
