/*
 * test_fork_guard.c: a fork waits until all threads have left, whatever they
 * hold.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
/* On a busy machine a thread that holds the lock may rest for long. */
static int patience = 60000;
#define KESS_FORK_GUARD_PATIENCE patience
#include "../src/fork_guard.c"

#include <stdlib.h>

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define THREADS 8
#define FORKS 200

/* A lock as libcrypto has them: any thread inside may hold it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int stop;

static int count_inside(void)
{
    int threads = 0;

    for (size_t shard = 0; shard < KESS_SHARDS; shard++) {
        threads += inside[shard].threads;
    }
    return threads;
}

static void *work(void *unused)
{
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        const size_t shard = kess_int_fork_guard_enter();
        CHECK(pthread_mutex_lock(&lock) == 0);
        sched_yield();
        CHECK(pthread_mutex_unlock(&lock) == 0);
        kess_int_fork_guard_leave(shard);
    }
    return unused;
}

static void check_child(pid_t child)
{
    int status = -1;

    CHECK(child > 0);
    CHECK_EQUAL(child, waitpid(child, &status, 0));
    CHECK_EQUAL(0, status);
}

/* 0 where a child can go in and finds nothing locked, also in a second one. */
static int try_inside(void)
{
    alarm(60);
    const size_t shard = kess_int_fork_guard_enter();
    const int free_lock = pthread_mutex_trylock(&lock) == 0;
    kess_int_fork_guard_leave(shard);
    return free_lock ? 0 : 1;
}

/* No child finds the lock taken, however busy the threads are. */
static void test_busy(void)
{
    pthread_t threads[THREADS];

    for (size_t i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, work, NULL) == 0);
    }
    for (int i = rounds_of(FORKS); i > 0; i--) {
        const pid_t child = fork();
        if (child == 0) {
            _exit(try_inside());
        }
        check_child(child);
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    for (size_t i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
    CHECK_EQUAL(0, count_inside());
    CHECK_EQUAL(0, closed);
}

/* A thread that comes to a closed guard waits until it opens. */
static void *pass(void *passed)
{
    const size_t shard = kess_int_fork_guard_enter();
    __atomic_store_n((int *)passed, 1, __ATOMIC_SEQ_CST);
    kess_int_fork_guard_leave(shard);
    return NULL;
}

static void test_closed(void)
{
    pthread_t thread;
    int passed = 0;

    before_fork();
    before_fork();
    CHECK(pthread_create(&thread, NULL, pass, &passed) == 0);
    rest(20000);
    after_in_parent();
    rest(20000);
    CHECK_EQUAL(0, __atomic_load_n(&passed, __ATOMIC_SEQ_CST));
    after_in_parent();
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK_EQUAL(1, passed);
}

/* A thread that forks while inside does not wait for itself for ever. */
static void test_inside(void)
{
    const size_t shard = kess_int_fork_guard_enter();
    patience = 50;
    const pid_t child = fork();
    if (child == 0) {
        kess_int_fork_guard_leave(shard);
        _exit(try_inside());
    }
    check_child(child);
    kess_int_fork_guard_leave(shard);
    CHECK_EQUAL(0, count_inside());
    CHECK_EQUAL(0, try_inside());
}

/* Whatever its parent was doing, a child finds the guard open and no thread
 * inside. */
static void test_child(void)
{
    inside[1].threads = 3;
    inside[KESS_SHARDS - 1].threads = 1;
    closed = 2;
    after_in_child();
    CHECK_EQUAL(0, count_inside());
    CHECK_EQUAL(0, closed);
}

int main(void)
{
    const size_t shard = kess_int_fork_guard_enter();
    kess_int_fork_guard_leave(shard);
    test_busy();
    test_closed();
    test_inside();
    test_child();
    return 0;
}
