"""The rules of verifying: what each says, and where it is explained."""

from __future__ import annotations

from typing import Final

from tests.conformance.source.signature_rules import RuleMaker


__all__ = ["RULES"]

_rule: Final = RuleMaker("verify", "verify.", "hostile", "accepts-forgery")


RULES: Final = (
    _rule(
        "plain",
        "an honest answer does not verify",
        "verify",
        level="api",
        stage=0,
        severity="differs",
        hints={
            "PHP": "openssl_verify($text, base64_decode($sign), $key, "
            "OPENSSL_ALGO_SHA256) === 1",
            "Node": "crypto.verify('sha256', text, key, signature)",
            "Go": "rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature)",
            "Java": 'Signature.getInstance("SHA256withRSA")',
            "C#": "rsa.VerifyData(text, signature, HashAlgorithmName.SHA256, "
            "RSASignaturePadding.Pkcs1)",
            "Ruby": 'key.verify("SHA256", signature, text)',
        },
    ),
    _rule(
        "signature",
        "a document with a wrong signature is accepted",
        "verify",
        level="api",
        stage=8,
        hints={
            "PHP": "compare the result of openssl_verify with === 1; -1 is true, too",
            "Go": "the error of rsa.VerifyPKCS1v15 is the verdict",
            "Python": "an exception is the verdict; do not catch it without refusing",
        },
    ),
    _rule(
        "text",
        "another text is verified than the canonical form of the document",
        "verify",
        level="api",
        stage=3,
        hints={
            "all": "decode, sort, remove sign and sign_type, encode; then verify that"
        },
    ),
    _rule(
        "returned",
        "other values are returned than those that were signed",
        "verified-bytes",
        level="api",
        stage=9,
        hints={"all": "return the canonical bytes, and read values from these"},
    ),
    _rule(
        "sign_missing",
        "a document without a signature is accepted",
        "sign",
        stage=5,
        hints={"all": "refuse where sign is missing, null or empty"},
    ),
    _rule(
        "sign_name",
        "a member that is not the sign of the top level is taken for it",
        "sign",
        stage=5,
        hints={
            "Go": "encoding/json matches names without regard to case: "
            "decode into a map",
            "C#": "PropertyNameCaseInsensitive = false",
        },
    ),
    _rule(
        "sign_string",
        "a sign that is no string is converted",
        "sign",
        stage=5,
        hints={
            "Node": "typeof sign === 'string', before any use",
            "PHP": "is_string($data['sign'])",
        },
    ),
    _rule(
        "sign_type",
        "a sign_type other than RSA2 is accepted, or an absent one is refused",
        "sign-type",
        stage=5,
        hints={"all": 'accept an absent sign_type and exactly "RSA2"'},
    ),
    _rule(
        "length",
        "a signature that is not as long as the modulus is accepted",
        "length-of-the-signature",
        stage=7,
        severity="hostile",
        hints={"all": "compare the length with that of the modulus, in bytes"},
    ),
    _rule(
        "range",
        "a signature that is not below the modulus is accepted",
        "length-of-the-signature",
        stage=7,
        severity="hostile",
        hints={"all": "leave RSA to a library; RFC 8017, 5.2.2, step 1"},
    ),
    _rule(
        "hash",
        "another hash than SHA-256 is accepted or used",
        "hash-and-padding",
        stage=8,
        hints={"all": "SHA-256, whatever the signature or the document says"},
    ),
    _rule(
        "scheme",
        "PSS is accepted",
        "hash-and-padding",
        stage=8,
        hints={"Node": "padding: crypto.constants.RSA_PKCS1_PADDING"},
    ),
    _rule(
        "digest",
        "not the whole digest is compared",
        "hash-and-padding",
        stage=8,
        hints={"C": "memcmp over all 32 bytes; strcmp ends at a zero byte"},
    ),
    _rule(
        "digest_info",
        "another encoding of the digest is accepted",
        "hash-and-padding",
        stage=8,
        hints={"all": "build the block that is right, and compare all of it"},
    ),
    _rule(
        "padding",
        "a block with another padding is accepted",
        "hash-and-padding",
        stage=8,
        hints={"all": "build the block that is right, and compare all of it"},
    ),
    _rule(
        "duplicate",
        "a key that occurs twice is accepted, or one in two objects refused",
        "duplicate-keys",
        stage=2,
        hints={
            "all": "most JSON readers drop duplicates without a word: look for an "
            "option, or a reader that yields pairs"
        },
    ),
    _rule(
        "nothing",
        "a document without a canonical form is accepted",
        "no-canonical-form",
        stage=4,
        hints={
            "PHP": "json_encode returns false for INF; openssl_verify takes that for "
            "the empty text: use JSON_THROW_ON_ERROR",
            "Node": "JSON.stringify writes null for Infinity",
        },
    ),
    _rule(
        "json",
        "a text that json_decode refuses is accepted",
        "no-canonical-form",
        stage=1,
        severity="hostile",
        hints={"all": "one JSON text from the first byte to the last, in UTF-8"},
    ),
    _rule(
        "depth",
        "more than 64 levels are accepted, or 64 are refused",
        "depth-and-many-keys",
        stage=2,
        severity="hostile",
    ),
    _rule(
        "order",
        "hundreds of keys that begin like numbers are accepted",
        "depth-and-many-keys",
        stage=2,
        severity="hostile",
    ),
)
