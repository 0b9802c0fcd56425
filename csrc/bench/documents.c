/*
 * documents.c: texts of the API, and larger ones of the same kind.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "documents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"

static const char request[] =
    "{\"service\":\"create.unified.fundTransfer\","
    "\"out_trade_no\":\"ORDER-2026-000123-1\","
    "\"receiver_id\":\"85512345678\",\"sender_name\":\"Sok Dara\","
    "\"amount\":19.99,\"currency\":\"USD\","
    "\"callback\":\"https://partner.example/transfers/000123/done\","
    "\"note\":\"school fees / first half of the year, second child\","
    "\"reference\":\"5f0c2f2e-8d0f-4c58-9d5d-3f2a1b0c9e77\"}";

static const char answer[] =
    "{\"success\":true,\"code\":200,\"message\":\"Success\",\"data\":{"
    "\"result_code\":\"SUCCESS\",\"fund_transfer_id\":\"FT20260101123456789\","
    "\"out_trade_no\":\"ORDER-2026-000123-1\","
    "\"receiver_id\":\"85512345678\","
    "\"pre_transfer_id\":\"PT0123456789abcdef0123456789abcdef\","
    "\"amount\":19.99,\"currency\":\"USD\",\"receiver_name\":"
    "\"\xe1\x9e\x9f\xe1\x9e\xbb\xe1\x9e\x81 Dara\",\"expire_in\":300}}";

static void *need(size_t len)
{
    void *memory = malloc(len);

    must(memory != NULL, "out of memory");
    return memory;
}

static void take(document *made, uint8_t *text, size_t len)
{
    made->text = text;
    made->len = len;
    made->canonical = NULL;
    made->canonical_len = 0;
}

void document_canonicalize(document *of)
{
    of->canonical_len = kess_canonical_bound(of->len);
    of->canonical = need(of->canonical_len);
    must(kess_canonicalize(of->canonical, &of->canonical_len, of->text,
                           of->len, NULL, NULL) == KESS_OK,
         "a document is refused");
}

void document_request(document *made)
{
    uint8_t *text = need(sizeof(request));

    memcpy(text, request, sizeof(request) - 1);
    take(made, text, sizeof(request) - 1);
}

void document_response(document *made, const kess_key *key)
{
    const size_t room = sizeof(answer) + 2048;
    uint8_t *text = need(room);
    char sign[1024];
    size_t sign_len = sizeof(sign);
    size_t len = sizeof(answer) - 2; /* without the last brace */

    must(kess_sign_document(key, sign, &sign_len, (const uint8_t *)answer,
                            sizeof(answer) - 1, NULL, NULL) == KESS_OK,
         "signing the response");
    memcpy(text, answer, len);
    len += (size_t)snprintf((char *)text + len, room - len,
                            ",\"sign_type\":\"RSA2\",\"sign\":\"");
    for (size_t i = 0; i < sign_len; i++) {
        if (sign[i] == '/') {
            text[len++] = '\\'; /* as PHP writes it */
        }
        text[len++] = (uint8_t)sign[i];
    }
    text[len++] = '"';
    text[len++] = '}';
    take(made, text, len);
}

void document_list(document *made, size_t len)
{
    static const char front[] = "{\"data\":[";
    uint8_t *text = need(len + sizeof(answer) + sizeof(front) + 2);
    size_t at = sizeof(front) - 1;

    memcpy(text, front, at);
    do {
        memcpy(text + at, answer, sizeof(answer) - 1);
        at += sizeof(answer) - 1;
        text[at++] = ',';
    } while (at < len);
    text[at - 1] = ']';
    text[at++] = '}';
    take(made, text, at);
}

void document_khmer(document *made, size_t len)
{
    static const char front[] = "{\"note\":\"";
    uint8_t *text = need(len + sizeof(front) + 8);
    size_t at = sizeof(front) - 1;

    memcpy(text, front, at);
    while (at < len) {
        memcpy(text + at, "\xe1\x9e\x80", 3);
        at += 3;
    }
    text[at++] = '"';
    text[at++] = '}';
    take(made, text, at);
}

/* No key occurs twice among the first million. */
static void make_members(document *made, size_t len, const char *format)
{
    uint8_t *text = need(len + 64);
    size_t at = 0;

    for (unsigned i = 0; at < len; i++) {
        at += (size_t)snprintf((char *)text + at, 32, format,
                               i == 0 ? '{' : ',', i * 7919u % 1000003u, i);
    }
    text[at++] = '}';
    take(made, text, at);
}

void document_members(document *made, size_t len)
{
    make_members(made, len, "%c\"key_%u\":%u");
}

void document_numeric_members(document *made, size_t len)
{
    make_members(made, len, "%c\"%u.5\":%u");
}

void document_free(document *old)
{
    free(old->text);
    free(old->canonical);
}
