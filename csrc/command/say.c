/*
 * say.c: one line on standard error.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exits.h"

#define LINE_MAX_BYTES 2048

static void say_list(const char *format, va_list values)
{
    char text[LINE_MAX_BYTES];
    char line[4 * LINE_MAX_BYTES + 16] = "kess: ";
    size_t len = strlen(line);

    (void)vsnprintf(text, sizeof(text), format, values);
    for (const char *at = text; *at != '\0'; at++) {
        const unsigned char byte = (unsigned char)*at;
        if (byte >= 0x20 && byte < 0x7f) {
            line[len++] = *at;
        } else {
            len += (size_t)snprintf(line + len, 5, "\\x%02x", byte);
        }
    }
    line[len++] = '\n';
    /* In one piece, so that lines of several programs do not mix. */
    (void)!write(STDERR_FILENO, line, len);
}

void say(const char *format, ...)
{
    va_list values;

    va_start(values, format);
    say_list(format, values);
    va_end(values);
}

int say_usage(const char *format, ...)
{
    va_list values;

    va_start(values, format);
    say_list(format, values);
    va_end(values);
    return EXIT_USAGE;
}

/* Whether a path begins with a folder that is there, below "/" or here. */
static int is_in_folder(const char *path)
{
    char folder[SHOWN_MAX];
    struct stat found;
    const char *slash = strchr(path + 1, '/');

    if (slash == NULL) {
        return 0;
    }
    memcpy(folder, path, (size_t)(slash - path));
    folder[slash - path] = '\0';
    return stat(folder, &found) == 0 && S_ISDIR(found.st_mode);
}

/* Whether it has the letters of a name and ends like a file. */
static int is_file_name(const char *path)
{
    static const char *const endings[] = {
        ".cer", ".crt", ".der", ".env", ".json", ".key", ".p12", ".pem",
        ".pfx", ".pk8", ".pub", ".txt",
    };
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~/-";
    const size_t len = strlen(path);

    if (strspn(path, letters) != len) {
        return 0;
    }
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        const size_t end = strlen(endings[i]);
        if (len > end && strcmp(path + len - end, endings[i]) == 0) {
            return 1;
        }
    }
    return 0;
}

const char *shown_path(char out[SHOWN_MAX], const char *path)
{
    const size_t len = strlen(path);

    if (len > 0 && len < SHOWN_MAX - 2 &&
        (access(path, F_OK) == 0 || is_in_folder(path) ||
         is_file_name(path))) {
        (void)snprintf(out, SHOWN_MAX, "'%s'", path);
    } else {
        (void)snprintf(out, SHOWN_MAX, "a path of %zu bytes", len);
    }
    return out;
}
