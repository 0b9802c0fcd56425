/*
 * test_json_plain.c: test_json.c without vector instructions.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * The linker takes these copies, not those of the library.
 */
#define KESS_NO_SIMD
#include "../src/json.c"
#include "../src/scalar.c"

#include "test_json.c"
