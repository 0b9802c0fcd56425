/*
 * test_command_advice.c: every status has its advice, and no other number has.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "../command/advice.c"
#include "check.h"

int main(void)
{
    size_t known = 0;

    for (int status = -1; status < 1000; status++) {
        const int is_known =
            strcmp(kess_status_name(status), "KESS_ERR_UNKNOWN") != 0;
        known += (size_t)is_known;
        CHECK((*advice_next(status) != '\0') == (is_known && status != KESS_OK));
        /* Only success lets money be believed, and no failure is an end. */
        CHECK((strstr(advice_money_verifying(status), "do not refund") == NULL) ==
              (status == KESS_OK));
        CHECK((strstr(advice_money_signing(status), "no money moved") == NULL) ==
              (status == KESS_OK));
    }
    CHECK_EQUAL(advice_count, known);
    return 0;
}
