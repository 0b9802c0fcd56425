/*
 * test_known8.c: the known answers are those of libcrypto, and one wrong byte
 * or flag in any of them is noticed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "kernel.h"

#include <sys/wait.h>
#include <unistd.h>

#include "../src/known8.c"

static void test_lies(const known *k)
{
    kernel_lies_at = k->size;
    for (unsigned lane = 0; lane < LANES; lane++) {
        kernel_wrong_flags = 1u << lane;
        CHECK(!is_right(k));
        kernel_wrong_flags = 0;
        for (unsigned i = 0; i < 3; i++) {
            kernel_wrong_byte = (long)(lane * k->size + i * (k->size - 1) / 2);
            CHECK(!is_right(k));
        }
        kernel_wrong_byte = -1;
    }
    CHECK(is_right(k));
    kernel_prepares = 0;
    CHECK(!is_right(k));
    kernel_prepares = 1;
}

/* One call says it for the whole process, so each way has a process. */
static void test_once(int is_expected, unsigned computed)
{
    const pid_t child = fork();
    int status = -1;

    CHECK(child >= 0);
    if (child == 0) {
        CHECK_EQUAL(is_expected, kess_int_known8());
        CHECK_EQUAL(computed, kernel_calls);
        CHECK_EQUAL(is_expected, kess_int_known8());
        CHECK_EQUAL(computed, kernel_calls);
        exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

int main(void)
{
    test_once(1, 3);
    kernel_is_able = 0;
    test_once(0, 0);
    kernel_is_able = 1;
    kernel_lies_at = 384;
    kernel_wrong_byte = 1000;
    test_once(0, 2);
    kernel_answers_right();
    for (size_t i = 0; i < 3; i++) {
        CHECK(is_right(&sizes[i]));
        test_lies(&sizes[i]);
    }
    return 0;
}
