/*
 * fork_guard.h: no process is forked while a thread is inside libcrypto.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KESS_FORK_GUARD_H
#define KESS_FORK_GUARD_H

#include <stddef.h>

/* Around every operation that calls libcrypto. Not nested. Nothing but a fork
 * in another thread makes it wait, and only until that fork is done. Returns
 * what the same thread hands to kess_int_fork_guard_leave. */
size_t kess_int_fork_guard_enter(void);
void kess_int_fork_guard_leave(size_t shard);

#endif
