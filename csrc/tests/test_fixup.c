/*
 * test_fixup.c: nested duplicates, lists and infinite numbers in all
 * combinations, against a model that keeps a tree.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ask.h"
#include "dice.h"
#include "internal.h"

#define DOCUMENTS 40000
#define CHILDREN 6
#define NODES_MAX 4000

/* ------------------------------------------------------------ sorting */

static int by_rule(const void *a, const void *b)
{
    const kess_fixup *x = a;
    const kess_fixup *y = b;

    if (x->begin != y->begin) {
        return x->begin < y->begin ? -1 : 1;
    }
    if (x->end != y->end) {
        return x->end > y->end ? -1 : 1;
    }
    return (x->source_end == KESS_NONE) - (y->source_end == KESS_NONE);
}

/* By begin, then the widest first, then infinite numbers last. */
static void test_sort(void)
{
    kess_fixup fixups[200];
    kess_fixup expected[200];
    dice d = {11};

    for (int round = 0, rounds = rounds_of(3000); round < rounds; round++) {
        const unsigned count = roll_of(&d, 200);
        const unsigned range = 1 + roll_of(&d, 300);
        for (unsigned i = 0; i < count; i++) {
            fixups[i].begin = round % 4 == 0 ? i : roll_of(&d, range);
            fixups[i].end = fixups[i].begin + roll_of(&d, 5);
            fixups[i].source = 0;
            fixups[i].source_end = roll_of(&d, 3) == 0 ? KESS_NONE : 0;
        }
        memcpy(expected, fixups, sizeof(fixups));
        qsort(expected, count, sizeof(expected[0]), by_rule);
        kess_int_sort_fixups(fixups, count);
        CHECK(memcmp(expected, fixups, count * sizeof(fixups[0])) == 0);
    }
}

/* ------------------------------------------------------------ model */

typedef enum what { NUMBER, INFINITE, LIST, OBJECT } what;

typedef struct node {
    what what;
    int number; /* NUMBER: its value; INFINITE: its place in the text */
    int count;  /* of the children */
    int child[CHILDREN];
    int key[CHILDREN];
} node;

static node nodes[NODES_MAX];
static int node_count;
static char text[ASK_MAX];
static size_t text_len;
static char expected[ASK_MAX];
static size_t expected_len;
static size_t infinite; /* the lowest place, or SIZE_MAX */

/* Two spellings of one key; 5 and 6 are no list keys. */
static const char *const spellings[][2] = {
    {"0", "\\u0030"}, {"1", "\\u0031"}, {"2", "\\u0032"},   {"3", "3"},
    {"a", "\\u0061"}, {"", ""},         {"01", "0\\u0031"},
};
#define KEYS (sizeof(spellings) / sizeof(spellings[0]))

static void put(char *out, size_t *len, const char *string)
{
    CHECK(*len + strlen(string) < ASK_MAX);
    memcpy(out + *len, string, strlen(string));
    *len += strlen(string);
}

/* Write a random value and keep it as a node. */
static int make(dice *d, int depth)
{
    char number[16];
    const int index = node_count++;
    node *n = &nodes[index];

    CHECK(node_count < NODES_MAX);
    n->what = depth == 0 ? (roll_of(d, 4) == 0 ? INFINITE : NUMBER)
                         : (what)roll_of(d, 5);
    if (n->what > OBJECT) {
        n->what = OBJECT;
    }
    n->count = 0;
    if (n->what == INFINITE) {
        n->number = (int)text_len;
        put(text, &text_len, roll_of(d, 2) == 0 ? "1e400" : "-1e999");
        return index;
    }
    if (n->what == NUMBER) {
        n->number = (int)roll_of(d, 1000);
        snprintf(number, sizeof(number), "%d", n->number);
        put(text, &text_len, number);
        return index;
    }
    n->count = (int)roll_of(d, CHILDREN + 1);
    /* Ascending keys make many lists; any keys make many duplicates. */
    const int ascending = roll_of(d, 2) == 0;
    put(text, &text_len, n->what == LIST ? "[" : "{");
    for (int i = 0; i < n->count; i++) {
        put(text, &text_len, i > 0 ? "," : "");
        n->key[i] = ascending && i < 4 && roll_of(d, 8) != 0
                        ? i
                        : (int)roll_of(d, KEYS);
        if (n->what == OBJECT) {
            put(text, &text_len, "\"");
            put(text, &text_len, spellings[n->key[i]][roll_of(d, 2)]);
            put(text, &text_len, "\":");
        }
        n->child[i] = make(d, (int)roll_of(d, (unsigned)depth));
    }
    put(text, &text_len, n->what == LIST ? "]" : "}");
    return index;
}

/* PHP's array: the first of equal keys has the place, the last the value. */
static void merge(node *n)
{
    int count = 0;

    for (int i = 0; i < n->count; i++) {
        int same = 0;
        while (same < count && n->key[same] != n->key[i]) {
            same++;
        }
        n->key[same] = n->key[i];
        n->child[same] = n->child[i];
        count += same == count;
    }
    n->count = count;
}

static void print(const node *from)
{
    char number[16];
    node n = *from;
    int list = 1;

    if (n.what == INFINITE && (size_t)n.number < infinite) {
        infinite = (size_t)n.number;
    }
    if (n.what <= INFINITE) {
        snprintf(number, sizeof(number), "%d", n.number);
        put(expected, &expected_len, number);
        return;
    }
    if (n.what == OBJECT) {
        merge(&n);
        for (int i = 0; i < n.count; i++) {
            list &= n.key[i] == i && i < 4;
        }
    }
    put(expected, &expected_len, list ? "[" : "{");
    for (int i = 0; i < n.count; i++) {
        put(expected, &expected_len, i > 0 ? "," : "");
        if (!list) {
            put(expected, &expected_len, "\"");
            put(expected, &expected_len, spellings[n.key[i]][0]);
            put(expected, &expected_len, "\":");
        }
        print(&nodes[n.child[i]]);
    }
    put(expected, &expected_len, list ? "]" : "}");
}

static asker with;
static answer found;

static void check_document(void)
{
    ask(&with, &found, text, text_len, NULL);
    if (infinite != SIZE_MAX) {
        CHECK_EQUAL(KESS_ERR_INFINITE, found.status);
        CHECK_EQUAL(infinite, found.pos);
        return;
    }
    CHECK_EQUAL(KESS_OK, found.status);
    if (found.len != expected_len ||
        memcmp(found.text, expected, expected_len) != 0) {
        fprintf(stderr, "%.*s\nexpected %.*s\nfound    %.*s\n", (int)text_len,
                text, (int)expected_len, expected, (int)found.len,
                (const char *)found.text);
    }
    CHECK_EQUAL(expected_len, found.len);
    CHECK(memcmp(found.text, expected, expected_len) == 0);
}

/* A document is what the model makes of it. A list goes around it, for the
 * order of the top level is not the subject. */
static void test_documents(void)
{
    dice d = {12};
    unsigned accepted = 0;

    const int documents = rounds_of(DOCUMENTS);

    for (int i = 0; i < documents; i++) {
        node_count = 0;
        text_len = 0;
        expected_len = 0;
        infinite = SIZE_MAX;
        put(text, &text_len, "[");
        const int root = make(&d, 2 + i % 6);
        put(text, &text_len, "]");
        put(expected, &expected_len, "[");
        print(&nodes[root]);
        put(expected, &expected_len, "]");
        check_document();
        accepted += infinite == SIZE_MAX;
    }
    CHECK(accepted > (unsigned)documents / 3);
}

/* ------------------------------------------------------------ extremes */

static void begin_extreme(void)
{
    text_len = 0;
    expected_len = 0;
    infinite = SIZE_MAX;
}

/* A replaced value in a replaced value, as deep as can be. */
static void test_deep_replacements(void)
{
    begin_extreme();
    for (int i = 0; i < 511; i++) {
        put(text, &text_len, "{\"a\":1e400,\"b\":0,\"a\":");
        put(expected, &expected_len, "{\"a\":");
    }
    put(text, &text_len, "1");
    put(expected, &expected_len, "1");
    for (int i = 0; i < 511; i++) {
        put(text, &text_len, "}");
        put(expected, &expected_len, ",\"b\":0}");
    }
    check_document();
}

/* Lists of lists that were objects: each must be closed up or skipped. */
static void test_deep_lists(void)
{
    for (int replaced = 0; replaced < 2; replaced++) {
        begin_extreme();
        for (int i = 0; i < 511; i++) {
            put(text, &text_len, replaced ? "{\"0\":7,\"0\":" : "{\"0\":");
            put(expected, &expected_len, "[");
        }
        put(text, &text_len, "1");
        put(expected, &expected_len, "1");
        for (int i = 0; i < 511; i++) {
            put(text, &text_len, ",\"1\":2}");
            put(expected, &expected_len, ",2]");
        }
        check_document();
    }
}

/* Keys count up from 0 through several lengths, and one is wrong. */
static void test_long_lists(void)
{
    char member[32];

    for (int wrong = 0; wrong < 1200; wrong += 1 + wrong * (int)step_of(6) / 3) {
        begin_extreme();
        put(text, &text_len, "[{");
        put(expected, &expected_len, wrong == 0 ? "[[" : "[{");
        for (int i = 0; i < 1100; i++) {
            const int key = wrong > 0 && i >= wrong ? i + 1 : i;
            const char *comma = i > 0 ? "," : "";
            snprintf(member, sizeof(member), "%s\"%d\":%d", comma, key, i);
            put(text, &text_len, member);
            if (wrong == 0 || wrong >= 1100) {
                snprintf(member, sizeof(member), "%s%d", comma, i);
            }
            put(expected, &expected_len, member);
        }
        put(text, &text_len, "}]");
        put(expected, &expected_len,
            wrong == 0 || wrong >= 1100 ? "]]" : "}]");
        if (wrong >= 1100) {
            expected[1] = '[';
        }
        check_document();
    }
}

/* The same with every member twice: the first has the place, and a list is
 * one only without the others. */
static void test_long_duplicates(void)
{
    char member[32];

    begin_extreme();
    put(text, &text_len, "{\"a\":{");
    put(expected, &expected_len, "{\"a\":[");
    for (int i = 0; i < 1600; i++) {
        snprintf(member, sizeof(member), "%s\"%d\":%d", i > 0 ? "," : "",
                 i % 800, i);
        put(text, &text_len, member);
        if (i < 800) {
            snprintf(member, sizeof(member), "%s%d", i > 0 ? "," : "",
                     i + 800);
            put(expected, &expected_len, member);
        }
    }
    put(text, &text_len, "}}");
    put(expected, &expected_len, "]}");
    check_document();
}

int main(void)
{
    asker_open(&with);
    test_sort();
    test_documents();
    test_deep_replacements();
    test_deep_lists();
    test_long_lists();
    test_long_duplicates();
    return 0;
}
