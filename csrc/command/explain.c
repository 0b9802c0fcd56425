/*
 * explain.c: kess explain status.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "explain.h"

#include <stdio.h>
#include <string.h>

#include "advice.h"
#include "exits.h"
#include "help.h"
#include "kess.h"
#include "output.h"
#include "say.h"

/* Enough for the list of all, with messages of up to 150 bytes. */
#define ROOM 16384

static int explain_one(int status)
{
    char text[ROOM];
    const char *next = advice_next(status);

    (void)snprintf(text, sizeof(text),
                   "%s (%d): %s\n"
                   "signing:   %s\n"
                   "verifying: %s\n"
                   "%s%s%s",
                   kess_status_name(status), status,
                   kess_status_message(status), advice_money_signing(status),
                   advice_money_verifying(status),
                   *next == '\0' ? "" : "next:      ", next,
                   *next == '\0' ? "" : "\n");
    return output_put_text(text);
}

static int list_all(void)
{
    char text[ROOM];
    size_t len = 0;

    for (size_t i = 0; i < advice_count; i++) {
        const int status = all_advice[i].status;
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%4d %-28s %s\n",
                                status, kess_status_name(status),
                                kess_status_message(status));
    }
    return output_put_text(text);
}

int explain(char **arguments)
{
    int status;

    for (char **at = arguments; *at != NULL; at++) {
        if (strcmp(*at, "--help") == 0 || strcmp(*at, "-h") == 0) {
            return output_put_text(help_text);
        }
    }
    if (arguments[0] == NULL || strcmp(arguments[0], "status") != 0) {
        return say_usage("give: kess explain status NUMBER or NAME. Why a body "
                         "does not verify says the Python command: kesspay "
                         "explain");
    }
    if (arguments[1] == NULL) {
        return list_all();
    }
    if (arguments[2] != NULL) {
        return say_usage("give one NUMBER or NAME");
    }
    status = advice_find(arguments[1]);
    return status >= 0 ? explain_one(status)
                       : say_usage("there is no such status; kess explain status "
                                   "lists all");
}
