/*
 * test_double_plain.c: test_double.c where the compiler has no 128 bits.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The linker takes this copy of double.c, not the one of the library.
 */
#define KESS_NO_INT128
#include "../src/double.c"

#include "test_double.c"
