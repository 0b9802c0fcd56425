/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * kess.h stands alone in C99 with -Wpedantic, before any other header.
 */
#include <kess.h>

int main(void)
{
    return kess_status_message(KESS_OK) == NULL;
}
