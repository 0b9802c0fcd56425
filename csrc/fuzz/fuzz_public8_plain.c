/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * fuzz_public8.c in plain C, for any machine.
 */
#define KESS_PUBLIC8_PLAIN
#include "../src/public8.c"

#include "fuzz_public8.c"
