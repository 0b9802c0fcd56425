/*
 * known8.h: whether this machine computes what is known.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KESS_KNOWN8_H
#define KESS_KNOWN8_H

/* 1 where eight operations at a time are possible here and gave all the known
 * answers. They are computed once in a process. */
int kess_int_known8(void);

#endif
