/*
 * documents.h: the texts that are measured.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef KESS_DOCUMENTS_H
#define KESS_DOCUMENTS_H

#include <kess.h>

typedef struct document {
    uint8_t *text;
    size_t len;
    uint8_t *canonical; /* NULL before document_canonicalize */
    size_t canonical_len;
} document;

/* The parameters of a transfer, about 300 bytes. */
void document_request(document *made);
/* The answer to its confirmation, with its signature, about 800 bytes. */
void document_response(document *made, const kess_key *key);
/* A list of answers, at least so many bytes. */
void document_list(document *made, size_t len);
/* One string in Khmer, which grows most of all texts of the API. */
void document_khmer(document *made, size_t len);
/* An object of small members. */
void document_members(document *made, size_t len);
/* The same with keys that compare as numbers, which take most memory. */
void document_numeric_members(document *made, size_t len);
void document_canonicalize(document *of);
void document_free(document *old);

#endif
