"""The cases of signing: exact signatures, and bodies that have to verify."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.conformance import broken_sign
from tests.conformance.broken import each
from tests.conformance.broken_keys import Refused as Refusal
from tests.conformance.broken_verify import verify
from tests.conformance.source import Draft, Mistake, Source, forged
from tests.conformance.source.judges import ask_body, ask_sign
from tests.conformance.source.signature_rules import RuleMaker
from tests.conformance.source.texts import wrong_texts


if TYPE_CHECKING:
    from collections.abc import Iterator

    from kesspay.conformance.kit import Level


__all__ = ["BODY", "SIGN"]

_rule: Final = RuleMaker("sign", "", "api", "gateway-refuses")


_SIGN_RULES: Final = (
    _rule(
        "sign.plain",
        "the plainest documents have another signature",
        "how-sign-is-made",
        0,
        hints={
            "PHP": "openssl_sign($text, $sign, $key, OPENSSL_ALGO_SHA256)",
            "Node": "crypto.sign('sha256', text, key)",
            "Go": "rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])",
            "Java": 'Signature.getInstance("SHA256withRSA")',
            "C#": "rsa.SignData(text, HashAlgorithmName.SHA256, "
            "RSASignaturePadding.Pkcs1)",
            "Ruby": 'key.sign("SHA256", text)',
        },
    ),
    _rule("sign.hash", "another hash than SHA-256 is used", "hash-and-padding", 2),
    _rule(
        "sign.scheme",
        "another padding than that of PKCS#1 v1.5 is used",
        "hash-and-padding",
        3,
        hints={"C#": "RSASignaturePadding.Pkcs1", "Java": "no /PSS in the name"},
    ),
    _rule(
        "sign.text",
        "another text is signed than the canonical form",
        "how-sign-is-made",
        1,
    ),
    _rule(
        "sign.base64",
        "the signature is not written in base64 as it should be",
        "base64",
        5,
        hints={
            "Node": "signature.toString('base64')",
            "Go": "base64.StdEncoding.EncodeToString(signature)",
            "Ruby": "Base64.strict_encode64(signature)",
            "Java": "Base64.getEncoder(), neither getMimeEncoder nor getUrlEncoder",
            "shell": "openssl base64 -A",
        },
    ),
    _rule(
        "sign.length",
        "the signature is not as long as the modulus",
        "length-of-the-signature",
        4,
    ),
    _rule(
        "sign.nothing",
        "a document without a canonical form is signed",
        "no-canonical-form",
        6,
        level="hostile",
        severity="signs-wrongly",
        hints={"PHP": "use JSON_THROW_ON_ERROR"},
    ),
)

_BODY_RULES: Final = (
    _rule(
        "body.plain",
        "the body does not verify",
        "the-body-of-a-request",
        7,
        hints={
            "all": "send the canonical text with sign_type and sign appended, so that "
            "the bytes that are sent are those that were signed"
        },
    ),
    _rule(
        "body.sign_present",
        "parameters that hold sign, or another sign_type, are signed",
        "the-body-of-a-request",
        8,
        level="any-document",
        severity="signs-wrongly",
    ),
    _rule(
        "body.object",
        "a list, or an object that PHP takes for one, is signed",
        "the-body-of-a-request",
        9,
        level="any-document",
        severity="signs-wrongly",
    ),
    _rule(
        "body.stable",
        "a body is sent that the gateway reads as another document",
        "the-body-of-a-request",
        9,
        level="hostile",
        severity="signs-wrongly",
    ),
)


def _case(
    rule: str,
    text: str | bytes,
    comment: str,
    *,
    level: Level = "api",
    key: str = "rsa-2048",
    since: str = "1.0",
) -> Draft:
    question = text.encode() if isinstance(text, str) else text
    return Draft(rule, level, question, comment, key=forged.pem(key), since=since)


# ------------------------------------------------------------ signatures

#: Found by trying: the signature of the document begins with a zero byte.
_ZERO_IN_FRONT: Final = (("rsa-2048", 149), ("rsa-2048", 395), ("rsa-3072", 78))
#: Found by trying: the first bit is 1.
_SLASH: Final = 56
_NEITHER: Final = 129


def _sign_drafts() -> Iterator[Draft]:
    plain = "sign.plain"
    yield _case(plain, '{"a":1}', "2048 bits")
    yield _case(plain, '{"a":1}', "3072 bits", key="rsa-3072")
    yield _case(plain, '{"a":1}', "4096 bits", key="rsa-4096")
    yield _case(plain, '{"a":"b"}', "another value")
    yield _case(plain, '{"a":true}', "a third value")
    yield _case("sign.text", '{"b":1,"a":2}', "keys in another order")
    yield _case("sign.text", '{"a":1,"sign":"x"}', "sign is not signed")
    yield _case("sign.text", '{"a":1,"sign_type":"RSA2"}', "sign_type is not signed")
    yield _case("sign.text", '{ "a" : 1 }', "blanks")
    yield _case("sign.text", '{"a":1.0}', "an integer written as a fraction")
    yield _case("sign.text", "[1]", "a list", level="any-document")
    yield _case("sign.text", "{}", "nothing to sign but []", level="any-document")
    for number in (2, 3, 4):
        yield _case("sign.hash", f'{{"a":{number}}}', "SHA-256")
        yield _case("sign.scheme", f'{{"b":{number}}}', "PKCS#1 v1.5, no salt")
    for number in (_SLASH, _NEITHER, 330, 1):
        yield _case(
            "sign.base64", f'{{"a":{number}}}', "one line, padded, slashes as they are"
        )
    for key, number in _ZERO_IN_FRONT:
        comment = "the signature begins with a zero byte"
        yield _case("sign.length", f'{{"a":{number}}}', comment, key=key)
    for key, text in (("rsa-2048", '{"c":1}'), ("rsa-4096", '{"c":2}')):
        yield _case("sign.length", text, "as long as the modulus", key=key)
    for text in ('{"a":1e999}', '{"a":[-1e400]}', '{"a":{"b":1e309}}'):
        yield _case("sign.nothing", text, "an infinite number", level="hostile")
    for text in ("1", '"a"', "null", "true"):
        comment = "neither an object nor a list"
        yield _case("sign.nothing", text, comment, level="hostile")
    for bad in (b'{"a":"\xff"}', b'{"a":1', b""):
        yield _case("sign.nothing", bad, "PHP does not decode it", level="hostile")


def _wrong_signatures(draft: Draft) -> Iterator[tuple[str, bytes | None]]:
    for code in broken_sign.MISTAKES:
        if code.startswith("sign_"):
            yield code, _signature(draft, {code})
    if draft.rule == "sign.text":
        for code, message in wrong_texts(draft.text):
            yield code, message and _signature(draft, set(), message)
    # No mistake of a signer is its twin: every signature of such a program is wrong.
    for code, message in each(draft.text, ["with_type_added"]):
        yield code, message and _signature(draft, set(), message)


def _signature(
    draft: Draft, wrong: set[str], message: bytes | None = None
) -> bytes | None:
    try:
        return broken_sign.sign(draft.key or b"", draft.text, wrong, message=message)
    except Refusal:
        return None


# ------------------------------------------------------------ bodies


def _body_drafts() -> Iterator[Draft]:
    plain = "body.plain"
    for text in ('{"a":1}', '{"a":"b","c":"d"}', '{"b":1,"a":2}'):
        yield _case(plain, text, "the members, sign_type and sign")
    yield _case(plain, "{}", "nothing but sign_type and sign", level="any-document")
    yield _case(plain, '{"a":"x/y"}', "a slash")
    yield _case(plain, '{"a":1,"sign_type":"RSA2"}', "a sign_type that is right")
    yield _case(plain, '{"a":1}', "a longer key", key="rsa-4096")
    for text, comment in (
        ('{"a":null,"b":1}', "null stays"),
        ('{"a":"","b":[],"c":{},"d":null}', "what is empty stays"),
        ('{"a":0.5,"b":1.0}', "fractions"),
        ('{"a":"\\u1780","b":{"d":1,"c":2}}', "Khmer, and a nested object"),
    ):
        yield _case(plain, text, comment, since="1.3")
    present = "body.sign_present"
    for text in ('{"a":1,"sign":"x"}', '{"sign":"","b":1}', '{"sign":null}'):
        yield _case(present, text, "a sign", level="any-document")
    for given in ('"RSA"', "null", '"rsa2"'):
        text = f'{{"a":1,"sign_type":{given}}}'
        yield _case(present, text, "another sign_type", level="any-document")
    for text in ("[1]", '["a","b"]', "[]"):
        yield _case("body.object", text, "a list", level="any-document")
    for text in ('{"0":1}', '{"0":"a","1":"b"}', '{"1":1,"0":2}'):
        comment = "an object that PHP takes for a list"
        yield _case("body.object", text, comment, level="any-document")
    for text in ('{"a":-0.0}', '{"a":[-0.0]}', '{"a":{"b":-0e1}}'):
        comment = "a negative zero is written as -0 and read as 0"
        yield _case("body.stable", text, comment, level="hostile")


def _wrong_bodies(draft: Draft) -> Iterator[tuple[str, bytes | None]]:
    """Return the bodies that are wrong: they do not verify, or should not exist."""
    assert draft.key is not None
    public = broken_sign.public_file(draft.key)
    try:
        right = broken_sign.signed_body(draft.key, draft.text)
    except Refusal:
        right = None
    for code in broken_sign.MISTAKES:
        try:
            body = broken_sign.signed_body(draft.key, draft.text, {code})
        except Refusal:
            yield code, None
            continue
        if right is not None and _covers(public, body) == _covers(public, right):
            continue
        yield code, body
    for code, message in each(draft.text, ["with_type_added"]):
        if message is not None and right is not None:
            yield code, broken_sign.signed_body(draft.key, draft.text, message=message)


def _covers(public: bytes, body: bytes) -> bytes | None:
    try:
        return verify(public, body)
    except Refusal:
        return None


SIGN: Final = Source(
    "sign",
    "Documents and their signature in base64: PKCS#1 v1.5 signatures have no chance in "
    "them, so there is one right answer. The key is private and in PEM.",
    _SIGN_RULES,
    tuple(
        Mistake(code=code, rule=rule, title=title)
        for code, (rule, title) in broken_sign.MISTAKES.items()
        if code.startswith("sign_")
    ),
    tuple(_sign_drafts()),
    ask_sign,
    _wrong_signatures,
)

BODY: Final = Source(
    "body",
    "Parameters and the body that carries them: it is judged by verifying it, and what "
    "verifies has to be the result. The key is private and in PEM.",
    _BODY_RULES,
    tuple(
        Mistake(code=code, rule=rule, title=title)
        for code, (rule, title) in broken_sign.MISTAKES.items()
        if code.startswith("body_")
    ),
    tuple(_body_drafts()),
    ask_body,
    _wrong_bodies,
)
