/*
 * test_batch_plain.c: test_batch.c where eight signatures are verified at a
 * time, without vector instructions.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The linker takes these copies, not those of the library.
 */
#define KESS_PUBLIC8_PLAIN
#include "../src/public8.c"

#undef LANES
#include "../src/known8.c"

#include "../src/batch.c"
#include "../src/rsakey.c"

#define batch test_batch
#define STEP 61

#include "test_batch.c"
