/*
 * main.c: kess, the signing core for a shell.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Of the library it uses what kess.h has, and nothing else.
 */
#include <stdio.h>
#include <string.h>

#include "documents.h"
#include "exits.h"
#include "explain.h"
#include "help.h"
#include "output.h"
#include "say.h"

typedef struct command {
    const char *name;
    int options;
    int (*run)(const options *o);
} command;

static const command commands[] = {
    {"canon", FOR_CANON, canon},
    {"sign", FOR_SIGN, sign},
    {"verify", FOR_VERIFY, verify},
};

static int run_command(const command *c, char **arguments)
{
    options o;
    const int code = options_read(&o, c->options, arguments);

    if (code != EXIT_DONE) {
        return code;
    }
    return o.is_help ? output_put_text(help_text) : c->run(&o);
}

static int put_version(void)
{
    char text[256];

    (void)snprintf(text, sizeof(text), "kess %s, %s\n", kess_version(),
                   kess_openssl_version());
    return output_put_text(text);
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";

    streams_begin();
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(name, commands[i].name) == 0) {
            return run_command(&commands[i], argv + 2);
        }
    }
    if (strcmp(name, "explain") == 0) {
        return explain(argv + 2);
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        return output_put_text(help_text);
    }
    if (strcmp(name, "--version") == 0) {
        return put_version();
    }
    return say_usage("%s the commands canon, sign, verify and explain; "
                     "see kess --help",
                     argc > 1 ? "this is none of" : "give one of");
}
