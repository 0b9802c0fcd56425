/*
 * gate.c: no process is forked while a thread is inside libcrypto.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * libcrypto has locks that all threads share: that of the random generator
 * above all, which a thread takes in its first signature. A child that is
 * forked meanwhile has the lock, locked, and not the thread that would unlock
 * it: its own first signature never ends. OpenSSL leaves this to its callers.
 *
 * So a fork closes the gate, waits until all have left, and opens it again in
 * parent and child. An operation takes milliseconds. A fork waits no longer
 * than PATIENCE: who forks in a signal handler may have stopped an operation
 * of the same thread, and would wait for himself.
 *
 * What other libraries do with libcrypto at that moment is not known here.
 */
#if defined(KESS_HAVE_ATFORK) && !defined(_POSIX_C_SOURCE)
#define _POSIX_C_SOURCE 200809L
#endif

#include "gate.h"

#if defined(KESS_HAVE_ATFORK)

#include <pthread.h>
#include <time.h>

#ifndef KESS_GATE_PATIENCE
#define KESS_GATE_PATIENCE 5000 /* milliseconds, at least */
#endif

static int registered;
static int inside; /* threads */
static int closed; /* forks under way: there may be more than one */

static void rest(long microseconds)
{
    const struct timespec time = {0, microseconds * 1000};
    (void)nanosleep(&time, NULL);
}

static void before_fork(void)
{
    __atomic_add_fetch(&closed, 1, __ATOMIC_SEQ_CST);
    for (int i = 0; i < 10 * KESS_GATE_PATIENCE; i++) {
        if (__atomic_load_n(&inside, __ATOMIC_SEQ_CST) <= 0) {
            return;
        }
        rest(100);
    }
}

static void after_in_parent(void)
{
    __atomic_sub_fetch(&closed, 1, __ATOMIC_SEQ_CST);
}

/* The one thread that is left is behind the gate. */
static void after_in_child(void)
{
    __atomic_store_n(&inside, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&closed, 0, __ATOMIC_SEQ_CST);
}

void kess_int_gate_enter(void)
{
    if (!__atomic_load_n(&registered, __ATOMIC_RELAXED) &&
        !__atomic_exchange_n(&registered, 1, __ATOMIC_SEQ_CST)) {
        /* Without memory for it there is no gate: the fork is as before. */
        (void)pthread_atfork(before_fork, after_in_parent, after_in_child);
    }
    __atomic_add_fetch(&inside, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&closed, __ATOMIC_SEQ_CST) != 0) {
        __atomic_sub_fetch(&inside, 1, __ATOMIC_SEQ_CST);
        rest(50);
        __atomic_add_fetch(&inside, 1, __ATOMIC_SEQ_CST);
    }
}

void kess_int_gate_leave(void)
{
    __atomic_sub_fetch(&inside, 1, __ATOMIC_SEQ_CST);
}

#else /* no fork */

void kess_int_gate_enter(void)
{
}

void kess_int_gate_leave(void)
{
}

#endif
