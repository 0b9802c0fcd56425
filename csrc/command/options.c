/*
 * options.c: the command line.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "options.h"

#include <string.h>

#include "exits.h"
#include "say.h"

/* ------------------------------------------------------------ values */

/* Each takes the value of an option, and returns 1, or 0 for a wrong one. */

static int take_key(options *o, const char *value)
{
    if (o->key_count == KEYS_MAX) {
        return 0;
    }
    o->keys[o->key_count++] = value;
    return 1;
}

static int take_password_file(options *o, const char *value)
{
    o->password_file = value;
    return 1;
}

static int take_password_env(options *o, const char *value)
{
    o->password_env = value;
    return 1;
}

static int take_body(options *o, const char *value)
{
    (void)value;
    o->is_body = 1;
    return 1;
}

static int take_quiet(options *o, const char *value)
{
    (void)value;
    o->is_quiet = 1;
    return 1;
}

static int take_help(options *o, const char *value)
{
    (void)value;
    o->is_help = 1;
    return 1;
}

typedef struct choice {
    const char *value;
    uint32_t profile;
} choice;

/* The last of several counts. */
static int choose(options *o, const choice *choices, size_t count,
                  const char *value)
{
    uint32_t all = 0;

    for (size_t i = 0; i < count; i++) {
        all |= choices[i].profile;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(choices[i].value, value) == 0) {
            o->kess.profile = (o->kess.profile & ~all) | choices[i].profile;
            return 1;
        }
    }
    return 0;
}

static int take_precision(options *o, const char *value)
{
    static const choice choices[] = {
        {"-1", 0},
        {"17", KESS_PROFILE_PRECISION_17},
        {"100", KESS_PROFILE_PRECISION_100},
    };
    return choose(o, choices, sizeof(choices) / sizeof(choices[0]), value);
}

static int take_ksort(options *o, const char *value)
{
    static const choice choices[] = {
        {"8.2", 0},
        {"8.0", KESS_PROFILE_KSORT_PHP_8_0},
        {"7", KESS_PROFILE_KSORT_PHP_7},
    };
    return choose(o, choices, sizeof(choices) / sizeof(choices[0]), value);
}

static int take_slashes(options *o, const char *value)
{
    (void)value;
    o->kess.profile |= KESS_PROFILE_UNESCAPED_SLASHES;
    return 1;
}

static int take_unicode(options *o, const char *value)
{
    (void)value;
    o->kess.profile |= KESS_PROFILE_UNESCAPED_UNICODE;
    return 1;
}

static int take_zero_fraction(options *o, const char *value)
{
    (void)value;
    o->kess.profile |= KESS_PROFILE_PRESERVE_ZERO_FRACTION;
    return 1;
}

/* ------------------------------------------------------------ options */

typedef struct option {
    const char *name;
    int commands;
    int has_value;
    int (*take)(options *o, const char *value);
} option;

#define ALL (FOR_CANON | FOR_SIGN | FOR_VERIFY)

static const option all_options[] = {
    {"--key", FOR_SIGN | FOR_VERIFY, 1, take_key},
    {"--body", FOR_SIGN, 0, take_body},
    {"--password-file", FOR_SIGN, 1, take_password_file},
    {"--password-env", FOR_SIGN, 1, take_password_env},
    {"--quiet", FOR_VERIFY, 0, take_quiet},
    {"-q", FOR_VERIFY, 0, take_quiet},
    {"--profile-precision", ALL, 1, take_precision},
    {"--unescaped-slashes", ALL, 0, take_slashes},
    {"--unescaped-unicode", ALL, 0, take_unicode},
    {"--ksort", ALL, 1, take_ksort},
    {"--preserve-zero-fraction", ALL, 0, take_zero_fraction},
    {"--help", ALL, 0, take_help},
    {"-h", ALL, 0, take_help},
};

/* The option that an argument names, alone or before "=". */
static const option *find_option(const char *argument, int command)
{
    const size_t len = strcspn(argument, "=");

    for (size_t i = 0; i < sizeof(all_options) / sizeof(all_options[0]); i++) {
        const option *known = &all_options[i];
        if ((known->commands & command) != 0 && strlen(known->name) == len &&
            strncmp(known->name, argument, len) == 0) {
            return known;
        }
    }
    return NULL;
}

/* Returns EXIT_DONE, and moves *at to the last argument that was used. */
static int take_option(options *o, int command, char ***at)
{
    const char *argument = **at;
    const option *found = find_option(argument, command);
    const char *value = strchr(argument, '=');

    if (found == NULL) {
        return say_usage("an option is unknown (%zu characters); see kess "
                         "--help. A password comes from --password-file or "
                         "--password-env",
                         strlen(argument));
    }
    if (found->has_value && value == NULL) {
        value = *++*at;
        if (value == NULL) {
            return say_usage("%s needs a value", found->name);
        }
    } else if (value != NULL && !found->has_value) {
        return say_usage("%s takes no value", found->name);
    } else if (value != NULL) {
        value++;
    }
    if (!found->take(o, value)) {
        return say_usage("%s has a value that it does not take, or was given "
                         "too often; see kess --help",
                         found->name);
    }
    return EXIT_DONE;
}

/* What a command cannot do without. */
static int check(const options *o, int command)
{
    if (o->file == NULL) {
        return say_usage("give a FILE, or - for standard input");
    }
    if (command != FOR_CANON && o->key_count == 0) {
        return say_usage("give a key file with --key");
    }
    if (command == FOR_SIGN && o->key_count > 1) {
        return say_usage("give one --key to sign");
    }
    return EXIT_DONE;
}

int options_read(options *o, int command, char **arguments)
{
    int are_options_over = 0;

    memset(o, 0, sizeof(*o));
    for (char **at = arguments; *at != NULL; at++) {
        if (!are_options_over && strcmp(*at, "--") == 0) {
            are_options_over = 1;
        } else if (!are_options_over && (*at)[0] == '-' && (*at)[1] != '\0') {
            const int code = take_option(o, command, &at);
            if (code != EXIT_DONE) {
                return code;
            }
        } else if (o->file != NULL) {
            return say_usage("give one FILE");
        } else {
            o->file = *at;
        }
    }
    return o->is_help ? EXIT_DONE : check(o, command);
}
