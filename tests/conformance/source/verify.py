"""The cases of verifying: honest documents, and every forgery that is known."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from tests.conformance import broken_base64, broken_blocks, broken_keys, broken_verify
from tests.conformance.source import Draft, Mistake, Source, forged, verify_documents
from tests.conformance.source.forged import verify_case
from tests.conformance.source.judges import ask_verify
from tests.conformance.source.texts import wrong_texts
from tests.conformance.source.verify_rules import RULES
from tests.support import forger


if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = ["SOURCE"]

_A: Final = '{"a":1,"sign":"SIGN"}'
_CANONICAL: Final = b'{"a":1}'


def _drafts() -> Iterator[Draft]:
    yield from _plain()
    yield from _wrong()
    yield from _texts()
    yield from _signs()
    yield from _lengths()
    yield from _hashes()
    yield from _blocks()
    yield from _base64()
    yield from verify_documents.drafts()
    yield from _keys()
    yield from verify_documents.of_the_text()


# ------------------------------------------------------------ honest, and plainly wrong


def _plain() -> Iterator[Draft]:
    for key in ("rsa-2048", "rsa-3072", "rsa-4096"):
        text = forged.signed('{"a":1,"sign_type":"RSA2","sign":"SIGN"}', key=key)
        yield verify_case("plain", text, f"honest, by {key}", level="api", key=key)
    text = forged.signed('{"a":"b","sign_type":"RSA2","sign":"SIGN"}')
    yield verify_case("plain", text, "honest, with another value", level="api")


def _wrong() -> Iterator[Draft]:
    good = forger.pkcs1(_CANONICAL)
    n = forged.modulus_of("rsa-2048")
    for comment, signature in (
        ("signed by another key", forger.pkcs1(_CANONICAL, key="other-2048")),
        ("the signature of another document", forger.pkcs1(b'{"a":2}')),
        ("the signature of the empty text", forger.pkcs1(b"")),
        ("the last bit is changed", good[:-1] + bytes([good[-1] ^ 1])),
        ("the first bit is changed", bytes([good[0] ^ 0x80]) + good[1:]),
        ("zeros", bytes(256)),
        ("the number 1", bytes(255) + b"\1"),
        ("the modulus less 1", (n - 1).to_bytes(256, "big")),
        ("the modulus less the right number", _negative(good, n)),
    ):
        yield verify_case("signature", forged.body(_A, signature), comment, level="api")
    for comment, template in (
        ("a value was changed", '{"a":2,"sign":"SIGN"}'),
        ("a member was added", '{"a":1,"b":2,"sign":"SIGN"}'),
        ("a member was renamed", '{"A":1,"sign":"SIGN"}'),
        ("a number became a text", '{"a":"1","sign":"SIGN"}'),
    ):
        yield verify_case(
            "signature", forged.body(template, good), comment, level="api"
        )


def _negative(signature: bytes, n: int) -> bytes:
    return (n - int.from_bytes(signature, "big")).to_bytes(256, "big")


def _texts() -> Iterator[Draft]:
    for comment, template in (
        ("keys in another order", '{"b":1,"a":2,"sign":"SIGN"}'),
        ("blanks", '{ "a" : 1 , "sign" : "SIGN" }'),
        ("sign in front", '{"sign":"SIGN","sign_type":"RSA2","a":1}'),
        ("an escaped letter", '{"\\u0061":1,"sign":"SIGN"}'),
        ("an escaped name of sign", '{"a":1,"\\u0073ign":"SIGN"}'),
    ):
        yield verify_case("text", forged.signed(template), comment, level="api")
    inner = '{"data":{"a":1},"b":2,"sign":"SIGN"}'
    yield verify_case(
        "text",
        forged.signed(inner, text=_CANONICAL),
        "only the member data was signed",
    )
    yield verify_case(
        "text",
        forged.signed('{"data":{"a":1},"success":true,"sign":"SIGN"}', text=_CANONICAL),
        "only the member data was signed, and success was added",
    )
    yield verify_case(
        "text", forged.signed(inner), "data and another member", level="api"
    )
    for comment, template, text in (
        ("keys in another order", '{"b":1,"a":2,"sign":"SIGN"}', b'{"b":1,"a":2}'),
        ("a raw slash", '{"a":"x/y","sign":"SIGN"}', b'{"a":"x/y"}'),
        ("a blank", '{"a": 1,"sign":"SIGN"}', b'{"a": 1}'),
    ):
        body = forged.signed(template, text=text)
        yield verify_case("text", body, f"the raw text was signed: {comment}")
    for name, value in (("null", "null"), ("an empty text", '""')):
        template = f'{{"a":1,"b":{value},"sign":"SIGN"}}'
        yield verify_case(
            "text", forged.signed(template, text=_CANONICAL), f"{name} was not signed"
        )
        yield verify_case(
            "text", forged.signed(template), f"{name} was signed", level="api"
        )
    for comment, template in (
        ("a long number", '{"a":0.10000000000000001,"sign":"SIGN"}'),
        ("an integer written as a fraction", '{"a":2.0,"sign":"SIGN"}'),
        ("an object of 0 and 1", '{"a":{"0":1,"1":2},"sign":"SIGN"}'),
        ("an empty object", '{"a":{},"sign":"SIGN"}'),
        ("nothing to sign but []", '{"sign_type":"RSA2","sign":"SIGN"}'),
        ("a large integer", '{"a":9223372036854775808,"sign":"SIGN"}'),
    ):
        yield verify_case(
            "text", forged.signed(template), comment, level="any-document"
        )
    # Documents that every program canonicalises right: what it returns is the point.
    for comment, template in (
        ("only one member", '{"c":1,"sign":"SIGN"}'),
        ("a text", '{"c":"d","sign":"SIGN"}'),
        ("blanks", '{ "c" : true , "sign" : "SIGN" }'),
        ("sign in front", '{"sign":"SIGN","c":null}'),
        ("an escaped letter", '{"\\u0063":1,"sign":"SIGN"}'),
    ):
        yield verify_case("returned", forged.signed(template), comment, level="api")


# ------------------------------------------------------------ sign and sign_type


def _signs() -> Iterator[Draft]:
    for comment, text in (
        ("no sign", b'{"a":1}'),
        ("no sign, but a sign_type", b'{"a":1,"sign_type":"RSA2"}'),
        ("an empty object", b"{}"),
        ("sign is empty", b'{"a":1,"sign":""}'),
        ("sign is empty, with a sign_type", b'{"a":1,"sign_type":"RSA2","sign":""}'),
        ("sign is null", b'{"a":1,"sign":null}'),
        ("sign is null, with a sign_type", b'{"sign":null,"sign_type":"RSA2"}'),
    ):
        yield verify_case("sign_missing", text, comment)
    for comment, template, text in (
        ("Sign", '{"Sign":"SIGN","a":1}', _CANONICAL),
        ("an upper case name", '{"SI\\u0047N":"SIGN","a":1}', _CANONICAL),
        ("a blank behind the name", '{"a":1,"sign ":"SIGN"}', _CANONICAL),
        ("a blank in front of the name", '{"a":1," sign":"SIGN"}', _CANONICAL),
        (
            "one level down",
            '{"a":1,"data":{"sign":"SIGN"}}',
            b'{"a":1,"data":[]}',
        ),
        (
            "two levels down",
            '{"a":1,"data":{"b":{"sign":"SIGN"}}}',
            b'{"a":1,"data":{"b":[]}}',
        ),
    ):
        yield verify_case(
            "sign_name",
            forged.signed(template, text=text),
            f"the signature is in another member: {comment}",
        )
    for comment, template in (
        ("a list", '{"a":1,"sign":["SIGN"]}'),
        ("a list in a list", '{"a":1,"sign":[["SIGN"]]}'),
        ("an object", '{"a":1,"sign":{"0":"SIGN"}}'),
        ("an object with a value", '{"a":1,"sign":{"type":"RSA2","value":"SIGN"}}'),
        ("a list of two", '{"a":1,"sign":["SIGN","SIGN"]}'),
    ):
        yield verify_case("sign_string", forged.signed(template), f"sign is {comment}")
    for value in ("true", "1", "{}"):
        yield verify_case(
            "sign_string", b'{"a":1,"sign":%s}' % value.encode(), f"sign is {value}"
        )
    for given in ('"none"', '"RSA"', '"rsa2"', '"Rsa2"', '"RSA2 "', '""', "null", "2"):
        template = f'{{"a":1,"sign_type":{given},"sign":"SIGN"}}'
        comment = f"sign_type is {given}, and the signature is good"
        yield verify_case("sign_type", forged.signed(template), comment)
    template = '{"a":1,"sign_type":"RSA","sign":"SIGN"}'
    sha1 = forged.body(template, forger.pkcs1(_CANONICAL, algorithm="sha1"))
    yield verify_case("sign_type", sha1, "RSA, and SHA-1")
    yield verify_case("sign_type", forged.signed(_A), "absent", level="any-document")
    yield verify_case(
        "sign_type",
        forged.signed('{"b":"c","sign":"SIGN"}'),
        "absent, with another value",
        level="any-document",
    )


# ------------------------------------------------------------ length and range

#: Found by trying: numbers whose documents have such signatures, by key.
_ZERO_IN_FRONT: Final = (149, 395, 625)
_BELOW: Final = (("rsa-2048", 2), ("rsa-3072", 9), ("rsa-4096", 25), ("rsa-2048", 7))


def _lengths() -> Iterator[Draft]:
    for number in _ZERO_IN_FRONT:
        canonical = b'{"a":%d}' % number
        template = f'{{"a":{number},"sign":"SIGN"}}'
        signature = forger.pkcs1(canonical)
        assert signature[0] == 0
        yield verify_case(
            "length",
            forged.body(template, signature[1:]),
            "the leading zero byte of the signature is missing",
        )
    yield verify_case(
        "plain",
        forged.body(template, signature),
        "an honest signature that begins with a zero byte",
        level="api",
    )
    good = forger.pkcs1(_CANONICAL)
    for comment, signature in (
        ("a zero byte in front", b"\0" + good),
        ("eight zero bytes in front", bytes(8) + good),
        ("as many zero bytes in front as the modulus has", bytes(256) + good),
        ("a zero byte behind", good + b"\0"),
        ("another byte behind", good + b"x"),
        ("twice", good + good),
        ("the last byte is missing", good[:-1]),
        ("one byte", b"\1"),
    ):
        yield verify_case("length", forged.body(_A, signature), comment)
    for key, number in _BELOW:
        n = forged.modulus_of(key)
        signature = forger.pkcs1(b'{"a":%d}' % number, key=key)
        size = len(signature)
        more = int.from_bytes(signature, "big") + n
        yield verify_case(
            "range",
            forged.body(f'{{"a":{number},"sign":"SIGN"}}', more.to_bytes(size, "big")),
            "the right number and the modulus added",
            key=key,
        )
    yield verify_case(
        "range", forged.body(_A, b"\xff" * 256), "the largest number there is"
    )


# ------------------------------------------------------------ hash, scheme, block


def _hashes() -> Iterator[Draft]:
    for name in ("sha1", "md5", "sha512", "sha384", "sha224", "sha3_256"):
        signature = forger.pkcs1(_CANONICAL, algorithm=name)
        yield verify_case(
            "hash", forged.body(_A, signature), name.upper().replace("_", "-")
        )
    text = '{"b":2,"sign":"SIGN"}'
    for key in ("rsa-3072", "rsa-4096"):
        signature = forger.pkcs1(b'{"b":2}', algorithm="sha1", key=key)
        yield verify_case(
            "hash", forged.body(text, signature), "SHA1, a longer key", key=key
        )
    twice = forger.pkcs1(forged.digest_of(_CANONICAL))
    yield verify_case(
        "plain", forged.body(_A, twice), "the digest was hashed once more"
    )
    reverse = forger.pkcs1(_CANONICAL)[::-1]
    yield verify_case("plain", forged.body(_A, reverse), "the signature is reversed")
    sha1 = forger.pkcs1(b'{"b":2}', algorithm="sha1")
    yield verify_case("plain", forged.body('{"b":2,"sign":"SIGN"}', sha1), "SHA-1")
    for key, salt in (
        ("rsa-2048", b"kess" * 8),
        ("rsa-2048", b""),
        ("rsa-3072", b"kess" * 8),
        ("rsa-4096", b"kess" * 8),
    ):
        signature = forged.pss(_CANONICAL, key, salt)
        yield verify_case("scheme", forged.body(_A, signature), "PSS", key=key)


#: Found by trying: the digest of the document begins so.
_DIGEST_ZERO_FIRST: Final = (79, 894)
_DIGEST_ZERO_SECOND: Final = 471


def _blocks() -> Iterator[Draft]:
    yield from _digests()
    digest = forged.digest_of(_CANONICAL)
    info, right = forged.INFO, forged.INFO + digest
    no_null = broken_blocks.NO_NULL
    long_length = broken_blocks.LONG_LENGTH
    oid = b"\x60\x86\x48\x01\x65\x03\x04\x02"
    payloads = {
        "no DigestInfo": digest,
        "no NULL": no_null + digest,
        "a length in its long form": long_length + digest,
        "the identifier of SHA3-256": info.replace(oid + b"\1", oid + b"\x08") + digest,
        "the identifier of SHA-512/256": info.replace(oid + b"\1", oid + b"\6")
        + digest,
        "an unknown identifier": info.replace(oid + b"\1", bytes(9)) + digest,
        "garbage as parameters": _with_parameters(b"\x04\x40" + b"x" * 64, digest),
        "a text as parameters": _with_parameters(b"\x0c\4kess", digest),
        "a length with a zero byte": broken_blocks.ZERO_LENGTH + digest,
        "an indefinite length": broken_blocks.INDEFINITE + digest + bytes(2),
        "a digest of SHA-1 named SHA-256": (
            b"\x30\x25" + info[2:-1] + b"\x14" + forged.digest_of(_CANONICAL, "sha1")
        ),
        "the text in the place of the digest": (
            b"\x30\x18" + info[2:-1] + bytes([len(_CANONICAL)]) + _CANONICAL
        ),
        "the NULL twice": _with_parameters(b"\5\0\5\0", digest),
    }
    for comment, payload in payloads.items():
        yield _block("digest_info", forged.block_of(payload), comment)
    honest = forged.block_of(right)
    for comment, block in {
        "one byte of padding, and garbage behind the digest": (
            (b"\0\1\xff\0" + right).ljust(256, b"x")
        ),
        "eight bytes of padding, and garbage behind the digest": (
            (b"\0\1" + b"\xff" * 8 + b"\0" + right).ljust(256, b"\0")
        ),
        "one byte behind the digest": forged.block_of(right + b"x"),
        "a padding of zeros": forged.block_of(right, fill=b"\0"),
        "a padding of other bytes": forged.block_of(right, fill=b"\x77"),
        "one byte of the padding is another": honest[:9] + b"\xfe" + honest[10:],
        "block type 2": b"\0\2" + honest[2:],
        "block type 0": b"\0\0" + honest[2:],
        "another first byte": b"\1\1" + honest[2:],
        "no padding, and zeros": b"\0\1" + right.rjust(254, b"\0"),
        "seven bytes of padding, and zeros": (
            b"\0\1" + b"\xff" * 7 + right.rjust(247, b"\0")
        ),
        "only the end is right": b"\0" + right.rjust(255, b"k"),
        "no padding at all": right.rjust(256, b"\0"),
        "a zero byte too many in front": b"\0" + forged.block_of(right, 255),
        "five zero bytes too many in front": bytes(5) + forged.block_of(right, 251),
    }.items():
        yield _block("padding", block, comment)
    yield from _cubes()


def _block(rule: str, block: bytes, comment: str) -> Draft:
    return verify_case(rule, forged.body(_A, forged.raw(block)), comment)


def _digests() -> Iterator[Draft]:
    """Yield digests that are right in part only."""
    for number in _DIGEST_ZERO_FIRST:
        digest = forged.digest_of(b'{"a":%d}' % number)
        assert digest[0] == 0
        yield _partly(number, b"\0" + b"x" * 31, "the digests begin with a zero byte")
    digest = forged.digest_of(b'{"a":%d}' % _DIGEST_ZERO_SECOND)
    assert digest[1] == 0
    yield _partly(
        _DIGEST_ZERO_SECOND,
        digest[:2] + b"x" * 30,
        "the digests agree up to a zero byte",
    )
    digest = forged.digest_of(_CANONICAL)
    yield _partly(1, digest[:4] + b"x" * 28, "the first 4 bytes agree")
    yield _partly(1, digest[:31] + b"x", "all bytes but the last agree")
    yield _partly(1, b"x" * 28 + digest[28:], "the last 4 bytes agree")
    yield _partly(1, b"x" + digest[1:], "all bytes but the first agree")


def _partly(number: int, digest: bytes, comment: str) -> Draft:
    block = forged.block_of(forged.INFO + digest)
    return verify_case(
        "digest",
        forged.body(f'{{"a":{number},"sign":"SIGN"}}', forged.raw(block)),
        comment,
    )


def _with_parameters(parameters: bytes, digest: bytes) -> bytes:
    """Return a DigestInfo with other parameters than NULL."""
    oid = forged.INFO[4:15]
    inner = b"\x30" + bytes([len(oid + parameters)]) + oid + parameters
    whole = inner + b"\x04\x20" + digest
    return b"\x30" + bytes([len(whole)]) + whole


def _cubes() -> Iterator[Draft]:
    """Yield signatures for exponent 3 that need no private key."""
    for number in (1, 2):
        digest = forged.digest_of(b'{"a":%d}' % number)
        front = b"\0\1\xff\0" + forged.INFO + digest
        root = _cube_root(int.from_bytes(front.ljust(256, b"\xff"), "big"))
        assert (root**3).to_bytes(256, "big").startswith(front)
        yield verify_case(
            "key.exponent",
            forged.body(f'{{"a":{number},"sign":"SIGN"}}', root.to_bytes(256, "big")),
            "exponent 3: the cube root of a block with garbage behind the digest",
            key="rsa-2048-e3",
        )


def _cube_root(number: int) -> int:
    low, high = 0, 1 << 700
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**3 <= number else (low, middle - 1)
    return low


# ------------------------------------------------------------ base64


def _base64() -> Iterator[Draft]:
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for rule, comment, spelled in (
        ("alphabet", "url-safe", lambda s: s.replace("+", "-").replace("/", "_")),
        ("alphabet", "garbage inside", lambda s: s[:9] + "!" + s[9:]),
        ("alphabet", "a NUL inside", lambda s: s[:9] + "\\u0000" + s[9:]),
        ("alphabet", "garbage behind", lambda s: s + "#"),
        ("alphabet", "not ASCII", lambda s: s[:9] + "é" + s[9:]),
        ("alphabet", "plus became a blank", lambda s: s.replace("+", " ")),
        ("blanks", "a blank inside", lambda s: s[:9] + " " + s[9:]),
        ("blanks", "lines of 64", lambda s: s[:64] + "\\r\\n" + s[64:]),
        ("blanks", "a line end behind", lambda s: s + "\\n"),
        ("blanks", "a blank in front", lambda s: " " + s),
        ("padding", "no padding", lambda s: s.rstrip("=")),
        ("padding", "half of the padding", lambda s: s[:-1]),
        ("padding", "more padding", lambda s: s + "=="),
        ("padding", "padding inside", lambda s: s[:8] + "=" + s[8:]),
        (
            "bits",
            "unused bits are not zero",
            lambda s: s[:-3] + last[last.index(s[-3]) + 1] + "==",
        ),
        (
            "bits",
            "other unused bits are not zero",
            lambda s: s[:-3] + last[last.index(s[-3]) + 15] + "==",
        ),
    ):
        yield verify_case(f"base64.{rule}", forged.signed(_A, spelled=spelled), comment)
    hexadecimal = forged.signed(_A, spelled=lambda s: base64.b64decode(s).hex())
    yield verify_case("base64.alphabet", hexadecimal, "hexadecimal digits")


# ------------------------------------------------------------ keys


def _keys() -> Iterator[Draft]:
    text = forged.signed(_A)
    garbage = b'{"a":1,"sign":"Z2FyYmFnZQ=="}'
    for name in ("ec-p256", "ed25519", "x25519"):
        yield verify_case("key.algorithm", garbage, f"the key is {name}", key=name)
    pss = forged.pss(_CANONICAL, "rsa-2048")
    yield verify_case(
        "key.algorithm", forged.body(_A, pss), "the key is RSA-PSS", key="rsa-pss-2048"
    )
    yield verify_case(
        "key.size", _honest("rsa-1024"), "1024 bits, honest", key="rsa-1024"
    )
    n = forged.modulus_of("rsa-2048")
    own = forged.block_of(forged.INFO + forged.digest_of(_CANONICAL))
    one = forged.public_file(n, 1)
    yield Draft(
        "key.exponent",
        "hostile",
        forged.body(_A, own),
        "exponent 1: the block is its own signature",
        key=one,
    )
    yield verify_case(
        "key.exponent", _honest("rsa-2048-e3"), "exponent 3, honest", key="rsa-2048-e3"
    )
    yield Draft(
        "key.secret",
        "hostile",
        text,
        "the private key is given for the public one",
        key=forged.pem("rsa-2048"),
    )


def _honest(key: str) -> bytes:
    return forged.body(_A, forger.pkcs1(_CANONICAL, key=key))


_DRAFTS: Final = tuple(_drafts())

_CODES: Final = {
    **broken_verify.MISTAKES,
    **broken_base64.MISTAKES,
    **broken_keys.MISTAKES,
}


def _wrong_answers(draft: Draft) -> Iterator[tuple[str, bytes | None]]:
    """Yield what each mistake of verifying answers to a case."""
    for code in _CODES:
        yield code, _answer(draft, {code})
    # A verifier with another canonicaliser refuses what is honest.
    if draft.rule == "verify.text" or draft.rule in verify_documents.TEXTS:
        for code, message in wrong_texts(draft.text):
            yield code, message and _answer(draft, set(), message)


def _answer(
    draft: Draft, wrong: set[str], message: bytes | None = None
) -> bytes | None:
    try:
        return broken_verify.verify(
            draft.key or b"", draft.text, wrong, message=message
        )
    except broken_verify.Refused:
        return None


SOURCE: Final = Source(
    "verify",
    "Bodies to verify: the right answer is the canonical form that was signed, or a "
    "refusal. The key is public and in PEM.",
    RULES,
    tuple(
        Mistake(code=code, rule=rule, title=title)
        for code, (rule, title) in broken_verify.MISTAKES.items()
    ),
    _DRAFTS,
    ask_verify,
    _wrong_answers,
)
