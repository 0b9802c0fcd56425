/*
 * table.h: read the lines of csrc/tests/data.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 * Fields with a tab between them; % and two hexadecimal digits are one byte.
 * Lines from '#' on are comments.
 */
#ifndef KESS_TABLE_H
#define KESS_TABLE_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

#define TABLE_FIELDS 5
#define TABLE_LINE 65536

typedef struct field {
    uint8_t *data; /* with a NUL behind it */
    size_t len;
} field;

typedef struct table {
    FILE *file;
    unsigned line; /* for messages */
    char text[TABLE_LINE];
    field fields[TABLE_FIELDS];
} table;

static inline void table_open(table *t, const char *path)
{
    t->file = fopen(path, "rb");
    t->line = 0;
    if (t->file == NULL) {
        fprintf(stderr, "cannot open %s: run in csrc/tests\n", path);
        exit(1);
    }
}

static inline unsigned table_nibble(char c)
{
    CHECK((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* Undo the escapes in place. */
static inline void table_field(field *f, char *text)
{
    const char *from = text;

    f->data = (uint8_t *)text;
    f->len = 0;
    while (*from != '\0') {
        if (*from == '%') {
            f->data[f->len++] =
                (uint8_t)(table_nibble(from[1]) << 4 | table_nibble(from[2]));
            from += 3;
        } else {
            f->data[f->len++] = (uint8_t)*from++;
        }
    }
    f->data[f->len] = 0;
}

/* Read the next line, which must have count fields. Returns 0 at the end. */
static inline int table_next(table *t, int count)
{
    do {
        t->line++;
        if (fgets(t->text, sizeof(t->text), t->file) == NULL) {
            CHECK(feof(t->file));
            fclose(t->file);
            return 0;
        }
    } while (t->text[0] == '#');

    char *at = t->text;
    CHECK(strchr(at, '\n') != NULL);
    *strchr(at, '\n') = '\0';
    for (int i = 0; i < count; i++) {
        char *tab = strchr(at, '\t');
        CHECK((tab == NULL) == (i == count - 1));
        if (tab != NULL) {
            *tab = '\0';
        }
        table_field(&t->fields[i], at);
        at = tab != NULL ? tab + 1 : at;
    }
    return 1;
}

static inline int field_is(const field *f, const char *text)
{
    return f->len == strlen(text) && memcmp(f->data, text, f->len) == 0;
}

#endif
