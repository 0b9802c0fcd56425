/*
 * help.c: the text of --help.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "help.h"

#include "kess.h"

const char help_text[] =
    "Usage: kess canon [OPTIONS] FILE\n"
    "       kess sign --key PRIV [--body] [OPTIONS] FILE\n"
    "       kess verify --key PUB [--key PUB...] [--quiet] [OPTIONS] BODY\n"
    "       kess explain status [NUMBER or NAME]\n"
    "       kess --help | --version\n"
    "\n"
    "Sign and verify messages of the KESS partner API.\n"
    "\n"
    "  canon    print the canonical form of a JSON document: the bytes that are\n"
    "           signed, without a final line break\n"
    "  sign     print the signature of a document in base64; with --body, the\n"
    "           signed request body for these parameters, ready to be sent\n"
    "  verify   verify an answer as it was received, and print what was signed;\n"
    "           read values only from there\n"
    "  explain status\n"
    "           say what a status of the library means, what it means for the\n"
    "           money, and what to do; without a status: list all of them\n"
    "\n"
    "A FILE is a path, or - for standard input, at most 64 MiB. Options have the\n"
    "names that they have in the Python command kesspay.\n"
    "\n"
    "  --key FILE                key file; verify takes several\n"
    "  --body                    sign: print the request body\n"
    "  --password-file FILE      sign: its first line is the password of the\n"
    "                            private key; a descriptor is /dev/fd/N\n"
    "  --password-env NAME       sign: environment variable with the password\n"
    "  --quiet, -q               verify: print nothing\n"
    "  --profile-precision N     serialize_precision of the gateway's PHP: -1\n"
    "                            (the default), or 17"
#if defined(KESS_PROFILE_PRECISION_100)
    ", or 100"
#endif
    "\n"
    "  --unescaped-slashes       the gateway encodes with JSON_UNESCAPED_SLASHES\n"
    "  --unescaped-unicode       ... with JSON_UNESCAPED_UNICODE\n"
#if defined(KESS_PROFILE_PRESERVE_ZERO_FRACTION)
    "  --preserve-zero-fraction  ... with JSON_PRESERVE_ZERO_FRACTION\n"
#endif
    "  --ksort VERSION           whose ksort: 8.2 (PHP 8.2 and later, the\n"
    "                            default), 8.0 (8.0 and 8.1) or 7\n"
    "\n"
    "Exit codes: 0 done, or it verifies; 1 not authentic; 2 wrong usage, or an\n"
    "input that cannot be used; 74 the result could not be written; 141 the\n"
    "reader of the output went away. No command sends anything.\n";
