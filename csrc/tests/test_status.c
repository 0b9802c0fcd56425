/*
 * test_status.c: status values and texts. The header is the judge: what it
 * declares is read from its own text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <ctype.h>
#include <string.h>

#include <openssl/crypto.h>

#include "check.h"
#include "internal.h"

#define ENTRIES_MAX 64

typedef struct entry {
    char name[48];
    int value;
} entry;

typedef struct entries {
    entry entry[ENTRIES_MAX];
    size_t count;
} entries;

static entries statuses;
static entries founds;

static void add_entry(entries *to, const char *name, int value)
{
    CHECK(to->count < ENTRIES_MAX);
    CHECK(strlen(name) < sizeof(to->entry[0].name));
    strcpy(to->entry[to->count].name, name);
    to->entry[to->count++].value = value;
}

/* Collect the lines "    KESS_X = N". */
static void read_header(void)
{
    FILE *file = fopen("../include/kess.h", "r");
    char line[200];
    /* The compiler may look at them before it asks what was read. */
    char name[200] = "";
    int value = 0;

    CHECK(file != NULL);
    while (fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, " KESS_%199[A-Z0-9_] = %d", name, &value) != 2 ||
            strncmp(name, "DO_", 3) == 0 || strncmp(name, "KIND_", 5) == 0) {
            continue;
        }
        char full[220];
        snprintf(full, sizeof(full), "KESS_%s", name);
        add_entry(strncmp(full, "KESS_FOUND_", 11) == 0 ? &founds : &statuses,
                  full, value);
    }
    fclose(file);
    CHECK_EQUAL(36, statuses.count);
    CHECK_EQUAL(16, founds.count);
}

/* One clause of its own: printable, no capital, no full stop. */
static void check_message(const char *message)
{
    const size_t len = strlen(message);

    CHECK(len >= 7 && len < 100);
    CHECK(message[len - 1] != '.');
    CHECK(islower((unsigned char)message[0]) || message[0] == '"' ||
          strncmp(message, "libcrypto", 9) == 0);
    for (size_t i = 0; i < len; i++) {
        CHECK(message[i] >= 0x20 && message[i] < 0x7f);
    }
}

/* Every declared status has its own name and a message of its own. */
static void test_statuses(void)
{
    for (size_t i = 0; i < statuses.count; i++) {
        const entry *here = &statuses.entry[i];
        CHECK(strcmp(here->name, kess_status_name(here->value)) == 0);
        if (here->value != KESS_OK) {
            check_message(kess_status_message(here->value));
        }
        for (size_t k = 0; k < i; k++) {
            CHECK(here->value != statuses.entry[k].value);
            CHECK(strcmp(kess_status_message(here->value),
                         kess_status_message(statuses.entry[k].value)) != 0);
        }
    }
}

static int is_declared(int value)
{
    for (size_t i = 0; i < statuses.count; i++) {
        if (statuses.entry[i].value == value) {
            return 1;
        }
    }
    return 0;
}

/* No other value has a name. */
static void test_unknown(void)
{
    for (int value = -500; value < 1000; value++) {
        const int known =
            strcmp(kess_status_name(value), "KESS_ERR_UNKNOWN") != 0;
        CHECK_EQUAL(is_declared(value), known);
        CHECK(known ||
              strcmp(kess_status_message(value), "an unknown status") == 0);
    }
}

/* The values are ABI: a program that was compiled before must understand. */
static void test_frozen(void)
{
    static const int values[] = {
        0,   1,   2,   3,   100, 101, 102, 200, 201, 202, 203, 204,
        205, 206, 207, 220, 221, 222, 223, 224, 300, 301, 302, 303, 304,
        305, 306, 307, 308, 309, 400, 401, 402, 403, 404, 405,
    };

    CHECK_EQUAL(sizeof(values) / sizeof(values[0]), statuses.count);
    for (size_t i = 0; i < statuses.count; i++) {
        CHECK_EQUAL(values[i], statuses.entry[i].value);
    }
    CHECK_EQUAL(16, sizeof(kess_error));
    CHECK_EQUAL(8, sizeof(kess_options));
}

/* What was found is named with an article, or as "nothing". */
static void test_found(void)
{
    for (size_t i = 0; i < founds.count; i++) {
        const char *message = kess_found_message(founds.entry[i].value);
        CHECK_EQUAL(i, founds.entry[i].value);
        check_message(message);
        CHECK(strncmp(message, i == 0 ? "nothing" : "a", 1) == 0);
        for (size_t k = 0; k < i; k++) {
            CHECK(strcmp(message, kess_found_message(founds.entry[k].value)) !=
                  0);
        }
    }
    CHECK(strcmp(kess_found_message(-1), kess_found_message(0)) == 0);
    CHECK(strcmp(kess_found_message((int)founds.count),
                 kess_found_message(0)) == 0);
}

/* The library and its header are of one version; the libcrypto is named. */
static void test_versions(void)
{
    char version[40];

    snprintf(version, sizeof(version), "%d.%d.%d", KESS_VERSION_MAJOR,
             KESS_VERSION_MINOR, KESS_VERSION_PATCH);
    CHECK(strcmp(version, kess_version()) == 0);
    CHECK(strcmp(OpenSSL_version(OPENSSL_VERSION), kess_openssl_version()) ==
          0);
}

/* An outcome is stored whole, where there is a place for it. */
static void test_fail(void)
{
    kess_error err = {-1, -1, 1};

    CHECK_EQUAL(KESS_ERR_UTF8, kess_int_fail(&err, KESS_ERR_UTF8, 1u << 31));
    CHECK(err.status == KESS_ERR_UTF8 && err.item == 0);
    CHECK(err.pos == 1u << 31);
    CHECK_EQUAL(KESS_OK, kess_int_ok(&err));
    CHECK(err.status == KESS_OK && err.item == 0 && err.pos == 0);
    CHECK_EQUAL(KESS_ERR_UTF8, kess_int_fail(NULL, KESS_ERR_UTF8, 1));
    CHECK_EQUAL(KESS_OK, kess_int_ok(NULL));
}

int main(void)
{
    read_header();
    test_statuses();
    test_unknown();
    test_frozen();
    test_found();
    test_versions();
    test_fail();
    return 0;
}
