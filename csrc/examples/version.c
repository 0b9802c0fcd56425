/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * The library that a program runs with may be newer than the header that it was
 * compiled with.
 *
 *     $ example_version
 *     libkess ... with OpenSSL ...
 */
#include <kess.h>
#include <stdio.h>

int main(void)
{
    printf("libkess %s with %s\n", kess_version(), kess_openssl_version());
    return 0;
}
