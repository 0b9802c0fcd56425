/*
 * fork_guard.c: no process is forked while a thread is inside libcrypto.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * libcrypto has locks that all threads share: that of the random generator
 * above all, which a thread takes in its first signature. A child that is
 * forked meanwhile has the lock, locked, and not the thread that would unlock
 * it: its own first signature never ends. OpenSSL leaves this to its callers.
 *
 * So a fork closes the guard, waits until all threads have left, and opens it
 * again in parent and child. An operation takes milliseconds. A fork waits no
 * longer than PATIENCE: a fork in a signal handler may have stopped an operation
 * of its own thread, and would wait for itself.
 *
 * What other libraries do with libcrypto at that moment is not known here.
 */
#if defined(KESS_HAVE_ATFORK) && !defined(_POSIX_C_SOURCE)
#define _POSIX_C_SOURCE 200809L
#endif

#include "fork_guard.h"

#if defined(KESS_HAVE_ATFORK)

#include <pthread.h>
#include <time.h>

#include "shard.h"

#ifndef KESS_FORK_GUARD_PATIENCE
#define KESS_FORK_GUARD_PATIENCE 5000 /* milliseconds, at least */
#endif

static int registered;
static int closed; /* forks under way: there may be more than one */

/* How many threads are inside, counted for each shard. */
static struct {
    int threads;
    char apart[KESS_CACHE_LINE - sizeof(int)];
} inside[KESS_SHARDS];

static void rest(long microseconds)
{
    const struct timespec time = {0, microseconds * 1000};
    (void)nanosleep(&time, NULL);
}

/* No thread goes in any more when this is asked, so none inside is missed. */
static int is_empty(void)
{
    int threads = 0;
    for (size_t shard = 0; shard < KESS_SHARDS; shard++) {
        threads += __atomic_load_n(&inside[shard].threads, __ATOMIC_SEQ_CST);
    }
    return threads <= 0;
}

static void before_fork(void)
{
    __atomic_add_fetch(&closed, 1, __ATOMIC_SEQ_CST);
    for (int i = 0; i < 10 * KESS_FORK_GUARD_PATIENCE && !is_empty(); i++) {
        rest(100);
    }
}

static void after_in_parent(void)
{
    __atomic_sub_fetch(&closed, 1, __ATOMIC_SEQ_CST);
}

/* The one thread that is left is not inside. */
static void after_in_child(void)
{
    for (size_t shard = 0; shard < KESS_SHARDS; shard++) {
        __atomic_store_n(&inside[shard].threads, 0, __ATOMIC_SEQ_CST);
    }
    __atomic_store_n(&closed, 0, __ATOMIC_SEQ_CST);
}

size_t kess_int_fork_guard_enter(void)
{
    const size_t shard = kess_int_shard();
    int *threads = &inside[shard].threads;
    if (!__atomic_load_n(&registered, __ATOMIC_RELAXED) &&
        !__atomic_exchange_n(&registered, 1, __ATOMIC_SEQ_CST)) {
        /* Without memory for it there is no guard: the fork is as before. */
        (void)pthread_atfork(before_fork, after_in_parent, after_in_child);
    }
    __atomic_add_fetch(threads, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&closed, __ATOMIC_SEQ_CST) != 0) {
        __atomic_sub_fetch(threads, 1, __ATOMIC_SEQ_CST);
        rest(50);
        __atomic_add_fetch(threads, 1, __ATOMIC_SEQ_CST);
    }
    return shard;
}

void kess_int_fork_guard_leave(size_t shard)
{
    __atomic_sub_fetch(&inside[shard].threads, 1, __ATOMIC_SEQ_CST);
}

#else /* no fork */

size_t kess_int_fork_guard_enter(void)
{
    return 0;
}

void kess_int_fork_guard_leave(size_t shard)
{
    (void)shard;
}

#endif
