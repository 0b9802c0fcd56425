/*
 * advice.h: what a status means for the money, and what to do.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KESS_COMMAND_ADVICE_H
#define KESS_COMMAND_ADVICE_H

#include <stddef.h>

typedef struct advice {
    int status;
    const char *next; /* what to do; "" for none */
} advice;

/* All of them, in the order of kess.h. */
extern const advice all_advice[];
extern const size_t advice_count;

/* What to do next; "" for none, and for an unknown status. */
const char *advice_next(int status);
/* What it means for the money of a request that was to be signed, and of an
 * answer that was to be verified. */
const char *advice_money_signing(int status);
const char *advice_money_verifying(int status);
/* The status that a number or a name stands for, or -1. Names may be written in
 * small letters, and without KESS_ERR_ or KESS_ERR_KEY_. */
int advice_find(const char *word);

#endif
