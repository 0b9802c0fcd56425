/*
 * fault.h: put in front of every source of the library whose allocations
 * test_memory.c makes fail.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KESS_FAULT_H
#define KESS_FAULT_H

#include <stddef.h>

#define KESS_MALLOC kess_fault_malloc
#define KESS_REALLOC kess_fault_realloc
#define KESS_FREE kess_fault_free

/* Every document of a batch is asked of OpenSSL as well. */
#define KESS_CHECKED_EVERY 1

void *kess_fault_malloc(size_t size);
void *kess_fault_realloc(void *block, size_t size);
void kess_fault_free(void *block);

#endif
