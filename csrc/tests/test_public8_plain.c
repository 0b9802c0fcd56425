/*
 * test_public8_plain.c: test_public8.c without vector instructions, so that it
 * runs on any machine and under valgrind.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The linker takes these copies, not those of the library.
 */
#define KESS_PUBLIC8_PLAIN
#include "../src/public8.c"

#include "test_public8.c"
