"""The cases of keys: files, and the SubjectPublicKeyInfo of the key in each."""

from __future__ import annotations

import base64
import random
from typing import TYPE_CHECKING, Final

from tests.conformance import broken_keys
from tests.conformance.broken_keys import Refused as Refusal
from tests.conformance.source import Draft, Mistake, Source, forged
from tests.conformance.source.judges import ask_keys
from tests.conformance.source.signature_rules import RuleMaker
from tests.support import keymaker as make
from tests.support.tampered import TAMPERED
from tests.support.vectors import KEY_PASSWORD, KEYS


if TYPE_CHECKING:
    from collections.abc import Iterator

    from kesspay.conformance.kit import Level


__all__ = ["SOURCE"]


_rule: Final = RuleMaker("keys", "key.", "any-document", "differs")


_FILES: Final = "key-files"
_POLICY: Final = "which-keys-are-accepted"
_FORGERY: Final = "accepts-forgery"

RULES: Final = (
    _rule("plain", "the plainest key files are read as another key", _FILES, 0, "api"),
    _rule("form", "PKCS#1, DER or a certificate is not read", _FILES, 2),
    _rule(
        "wrapping",
        "a key in another wrapping is not read",
        _FILES,
        3,
        hints={"all": "a key in a variable has its line ends as a backslash and n"},
    ),
    _rule("password", "an encrypted key is not read as it should be", _FILES, 4),
    _rule("kind", "another object is taken for the key", _FILES, 5),
    _rule(
        "secret",
        "a private key is accepted where a public key is needed",
        _FILES,
        5,
        "hostile",
        "hostile",
    ),
    _rule("one", "one of several keys is chosen", _FILES, 5, "hostile", "hostile"),
    _rule("whole", "half a key file is read", _FILES, 3, "hostile", "hostile"),
    _rule(
        "algorithm",
        "a key that is not RSA is accepted",
        _POLICY,
        6,
        "hostile",
        _FORGERY,
        {
            "PHP": "openssl_verify returns -1 for such a key, and (bool) -1 is true: "
            "check the type in openssl_pkey_get_details"
        },
    ),
    _rule("size", "a modulus of another size is accepted", _POLICY, 7, "hostile",
          _FORGERY, {"all": "2048 to 8192 bits"}),
    _rule("modulus", "an even modulus is accepted", _POLICY, 7, "hostile", _FORGERY),
    _rule(
        "exponent",
        "a weak public exponent is accepted",
        _POLICY,
        7,
        "hostile",
        _FORGERY,
        {"all": "odd, from 65537 up; with the exponent 1 anyone can sign"},
    ),
    _rule(
        "parts",
        "a private key whose parts disagree is accepted",
        _POLICY,
        8,
        "hostile",
        "signs-wrongly",
        {"Go": "key.Validate()", "PHP": "sign once and verify when it is loaded"},
    ),
)  # fmt: skip


def _public(rule: str, text: bytes, comment: str, level: Level = "hostile") -> Draft:
    return Draft(f"key.{rule}", level, text, comment, kind="public")


def _private(
    rule: str,
    text: bytes,
    comment: str,
    level: Level = "hostile",
    password: str | None = None,
) -> Draft:
    word = None if password is None else password.encode()
    return Draft(f"key.{rule}", level, text, comment, kind="private", password=word)


def _file(name: str) -> bytes:
    return (KEYS / name).read_bytes()


_PUBLIC: Final = _file("rsa-2048.pub.pem")
_PRIVATE: Final = _file("rsa-2048.pem")
_PRIVATE_1: Final = _file("rsa-2048.pkcs1.der")
_SPKI: Final = _file("rsa-2048.pub.der")
_CERTIFICATE: Final = _file("rsa-2048.cert.pem")
_OTHER: Final = _file("other-2048.pub.pem")
_ENCRYPTED: Final = _file("rsa-2048.encrypted.pem")
_PLAIN: Final[Level] = "api"
_ANY: Final[Level] = "any-document"


def _drafts() -> Iterator[Draft]:
    yield from _plain()
    yield from _wrapped()
    yield from _passwords()
    yield from _other_objects()
    yield from _several_and_parts()
    yield from _algorithms()
    yield from _numbers()


def _plain() -> Iterator[Draft]:
    for bits in (2048, 3072, 4096):
        text = _file(f"rsa-{bits}.pub.pem")
        yield _public("plain", text, f"{bits} bits, as openssl writes it", _PLAIN)
    for bits in (2048, 4096):
        text = _file(f"rsa-{bits}.pem")
        yield _private("plain", text, f"{bits} bits, as openssl writes it", _PLAIN)
    for name, comment in (
        ("rsa-2048.pub.der", "DER"),
        ("rsa-2048.pub.pkcs1.pem", "PKCS#1"),
        ("rsa-2048.pub.pkcs1.der", "PKCS#1 in DER"),
        ("rsa-2048.cert.pem", "a certificate"),
        ("rsa-2048.cert.der", "a certificate in DER"),
    ):
        yield _public("form", _file(name), comment, _ANY)
    for name, comment in (
        ("rsa-2048.pkcs1.pem", "PKCS#1"),
        ("rsa-2048.pkcs1.der", "PKCS#1 in DER"),
        ("rsa-2048.pkcs8.der", "DER"),
    ):
        yield _private("form", _file(name), comment, _ANY)


def _wrapped() -> Iterator[Draft]:
    line = base64.b64encode(_SPKI)
    for comment, text in (
        ("base64 on one line", line),
        ("base64 in lines", base64.encodebytes(_SPKI)),
        ("line ends as a backslash and n", _PUBLIC.replace(b"\n", b"\\n")),
        ("line ends CR LF", _PUBLIC.replace(b"\n", b"\r\n")),
        ("a text before it", b"the key of KESS\n" + _PUBLIC),
        ("a text behind it", _PUBLIC + b"the key of KESS\n"),
        ("a certificate called a public key", _labelled("PUBLIC KEY", _certificate())),
        (
            "PKCS#1 called a public key",
            _labelled("PUBLIC KEY", _file("rsa-2048.pub.pkcs1.der")),
        ),
    ):
        yield _public("wrapping", text, comment, _ANY)
    for comment, text in (
        (
            "line ends as a backslash and n",
            _PRIVATE.replace(b"\n", b"\\n"),
        ),
        ("PKCS#1 called a private key", _labelled("PRIVATE KEY", _PRIVATE_1)),
        ("base64 on one line", base64.b64encode(_file("rsa-2048.pkcs8.der"))),
    ):
        yield _private("wrapping", text, comment, _ANY)


def _certificate() -> bytes:
    return _file("rsa-2048.cert.der")


def _labelled(label: str, der: bytes) -> bytes:
    return make.pem(label, der)


def _passwords() -> Iterator[Draft]:
    der = _file("rsa-2048.encrypted.der")
    word = KEY_PASSWORD
    yield _private("password", _ENCRYPTED, "the right password", _ANY, word)
    yield _private("password", der, "the right password, DER", _ANY, word)
    yield _private("password", _ENCRYPTED, "a wrong password", _ANY, "wrong")
    yield _private("password", _ENCRYPTED, "no password", _ANY)
    yield _private("password", _ENCRYPTED, "an empty password", _ANY, "")
    yield _private("password", _ENCRYPTED, "a line end behind it", _ANY, word + "\n")
    yield _private("password", _ENCRYPTED, "a blank in front of it", _ANY, " " + word)
    yield _private("password", _PRIVATE, "a password that is not needed", _ANY, word)


def _other_objects() -> Iterator[Draft]:
    request = _file("rsa-2048.csr.pem")
    yield _public("kind", request, "a certificate request")
    yield _private("kind", _PUBLIC, "a public key")
    yield _private("kind", _SPKI, "a public key in DER")
    yield _private("kind", _CERTIFICATE, "a certificate")
    for comment, text in (
        ("nothing", b""),
        ("a text", b"key"),
        ("DER that is no key", b"0\3\2\1\5"),
    ):
        yield _public("kind", text, comment)
    for comment, text in (
        ("PKCS#8", _PRIVATE),
        ("PKCS#1", _file("rsa-2048.pkcs1.pem")),
        ("DER", _file("rsa-2048.pkcs8.der")),
        ("called a public key", _labelled("PUBLIC KEY", _PRIVATE_1)),
        ("with the public key behind", _PRIVATE + _PUBLIC),
        ("encrypted", _ENCRYPTED),
    ):
        yield _public("secret", text, f"a private key: {comment}")


def _several_and_parts() -> Iterator[Draft]:
    for comment, text in (
        ("two public keys", _PUBLIC + _OTHER),
        ("two public keys in the other order", _OTHER + _PUBLIC),
        ("a public key and a certificate", _OTHER + _CERTIFICATE),
    ):
        yield _public("one", text, comment)
    other = _file("other-2048.pem")
    yield _private("one", _PRIVATE + other, "two private keys")
    chain = _CERTIFICATE + _labelled("CERTIFICATE", make.certificate(_other_spki()))
    yield _public("one", chain, "a chain of certificates: the first one", _ANY)
    half = len(_PUBLIC) // 2
    for comment, text in (
        ("bytes behind the DER", _SPKI + b"\0\0"),
        ("bytes behind the DER in PEM", _labelled("PUBLIC KEY", _SPKI + b"\0")),
        ("no END line", _PUBLIC.split(b"-----END")[0]),
        ("another END line", _PUBLIC.replace(b"END PUBLIC", b"END PRIVATE")),
        ("only the first half", _PUBLIC[:half]),
        ("only the second half", _PUBLIC[half:]),
        ("the DER is cut", _SPKI[:-1]),
        ("one letter is missing", _PUBLIC.replace(b"MII", b"MI", 1)),
    ):
        yield _public("whole", text, comment)
    private = _file("rsa-2048.pkcs8.der")
    yield _private("whole", private + b"\0", "bytes behind the DER")


def _other_spki() -> bytes:
    return base64.b64decode(b"".join(_OTHER.splitlines()[1:-1]))


def _algorithms() -> Iterator[Draft]:
    for name in ("ec-p256", "ed25519", "x25519", "rsa-pss-2048"):
        yield _public("algorithm", _file(f"{name}.pub.pem"), name)
    for name in ("ec-p256", "ed25519", "rsa-pss-2048"):
        yield _private("algorithm", _file(f"{name}.pem"), name)


def _modulus(bits: int) -> int:
    """Return an odd number: a public key shows no more of its modulus."""
    return random.Random(bits).getrandbits(bits) | 1 << (bits - 1) | 1


def _numbers() -> Iterator[Draft]:
    usual = 65537
    for bits in (512, 1024, 2047, 8193, 16384):
        text = forged.public_file(_modulus(bits), usual)
        yield _public("size", text, f"{bits} bits")
    yield _private("size", _file("rsa-1024.pem"), "1024 bits")
    for bits in (2048, 2049, 8192):
        text = forged.public_file(_modulus(bits), usual)
        yield _public("size", text, f"{bits} bits", _ANY)
    for bits in (2048, 3072, 4096):
        text = forged.public_file(_modulus(bits) - 1, usual)
        yield _public("modulus", text, f"even, {bits} bits")
    n = _modulus(2048)
    for comment, e in (
        ("1", 1),
        ("2", 2),
        ("3", 3),
        ("17", 17),
        ("65535", 65535),
        ("65536", 65536),
        ("65538", 65538),
        ("257 bits", (1 << 256) + 1),
    ):
        yield _public("exponent", forged.public_file(n, e), f"the exponent {comment}")
    yield _private("exponent", _file("rsa-2048-e3.pem"), "the exponent 3")
    long = forged.public_file(_modulus(4096), (1 << 64) + 1)
    yield _public("exponent", long, "65 bits, which OpenSSL cannot use at 4096 bits")
    for comment, e in (("65539", 65539), ("of 256 bits", (1 << 256) - 1)):
        text = forged.public_file(n, e)
        yield _public("exponent", text, f"the exponent {comment}", _ANY)
    for name in _TAMPERED:
        key = make.pkcs8(make.pkcs1_private(*TAMPERED[name].values()))
        yield _private("parts", _labelled("PRIVATE KEY", key), name)


_TAMPERED: Final = (
    *("d of another key", "p of another key", "dp of another key", "n of another key"),
    *("dq +2", "q_inverse = 1", "d right for p", "composite"),
)


def _wrong(draft: Draft) -> Iterator[tuple[str, bytes | None]]:
    assert draft.kind is not None
    for code in broken_keys.MISTAKES:
        try:
            key = broken_keys.load(draft.kind, draft.text, draft.password, {code})
        except Refusal:
            yield code, None
        else:
            yield code, key.spki


SOURCE: Final = Source(
    "keys",
    "Key files and the key in each, as SubjectPublicKeyInfo in DER; of a private key "
    "its public half.",
    RULES,
    tuple(
        Mistake(code=code, rule=rule, title=title)
        for code, (rule, title) in broken_keys.MISTAKES.items()
    ),
    tuple(_drafts()),
    ask_keys,
    _wrong,
)
