"""Collect signatures by PHP and by the openssl command, right and wrong ones."""

from __future__ import annotations

import base64
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.support.php import Php, php_sign, php_verify
from tests.vectors.ask import php_name
from tests.vectors.corpus.examples import MESSAGES
from tests.vectors.store import DIRECTORY, VectorFile, field


if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = ["ask_signatures"]

_KEYS: Final = DIRECTORY / "keys"
_NAMES: Final = ("rsa-2048", "rsa-3072", "rsa-4096")

_DOCUMENTS: Final = (
    *MESSAGES,
    b"{}",
    b'{"a":1}',
    b'{"z":{"b":1,"a":[]},"10":"\\u00e9","9":"/","a":[1.0,1e25,-1.50]}',
    '{"name":"\u179f\u17bb\u1781 \U0001f600","url":"https://x/y?z=1"}'.encode(),
    b'{"amount":0.1,"note":"' + b"x" * 3000 + b'"}',
)

#: DigestInfo of SHA-256 without the NULL of its parameters (RFC 8017, A.2.4,
#: asks for the NULL): openssl_verify refuses it.
_NO_NULL: Final = bytes.fromhex("302f300b0609608648016503040201 0420")


def ask_signatures() -> VectorFile:
    """Sign each document with each key, twice; then sign wrongly."""
    rows = [*_good(), *_bad()]
    for key in _NAMES:
        own = [row for row in rows if row["key"] == key]
        bodies = [_body_of(row) for row in own]
        verdicts = php_verify(_KEYS / f"{key}.pub.pem", bodies)
        for row, verdict in zip(own, verdicts, strict=True):
            row["valid"] = verdict is True
            if row["valid"] != (not row["why"]):
                msg = f"PHP says {verdict} of {row}"
                raise AssertionError(msg)
    version = _openssl("version").split()[1].decode()
    return VectorFile(
        "signatures.jsonl.gz",
        f"{php_name()}, OpenSSL {version}",
        "tests/php/sign.php, tests/php/verify.php and openssl",
        "a signed document: key, who signed, canonical bytes, signature, message, "
        "and whether PHP's openssl_verify gives 1",
        rows,
    )


def _body_of(row: dict[str, Any]) -> bytes:
    body: str = row["body"]
    return body.encode()


def _row(
    key: str,
    made_by: str,
    document: bytes,
    canonical: bytes,
    signature: bytes,
    body: bytes | None = None,
    why: str = "",
) -> dict[str, Any]:
    sign = base64.b64encode(signature).decode()
    return {
        "key": key,
        "made_by": made_by,
        "why": why,
        "sign": sign,
        "canonical": canonical.decode(),
        **field("document", document),
        **field("body", body or _message(document, sign)),
    }


def _message(document: bytes, sign: str) -> bytes:
    """Return the document with sign_type and sign put at its end."""
    start = document.rstrip().removesuffix(b"}").rstrip()
    comma = b"" if start.endswith(b"{") else b","
    return b'%s%s"sign_type":"RSA2","sign":"%s"}' % (start, comma, sign.encode())


def _unsigned(document: bytes) -> bytes:
    """Return the document without the stand-in signature of the examples."""
    for member in (b',"sign":"QUJD"', b',\n  "sign": "QUJD"'):
        document = document.replace(member, b"")
    return document.replace(b'"sign_type":"RSA2",', b"").replace(
        b',"sign_type":"RSA2"', b""
    )


def _good() -> Iterator[dict[str, Any]]:
    documents = list(map(_unsigned, _DOCUMENTS))
    for key in _NAMES:
        signed = php_sign(_KEYS / f"{key}.pem", documents)
        for document, by_php in zip(documents, signed, strict=True):
            if by_php is None:
                msg = f"PHP cannot sign {document!r}"
                raise AssertionError(msg)
            canonical, signature = by_php.canonical, base64.b64decode(by_php.sign)
            yield _row(key, "php", document, canonical, signature, by_php.body)
            by_openssl = _digest_sign(key, canonical)
            if by_openssl != signature:
                msg = "PHP and openssl do not agree on a signature"
                raise AssertionError(msg)
            yield _row(key, "openssl", document, canonical, by_openssl)


def _bad() -> Iterator[dict[str, Any]]:
    document = _unsigned(MESSAGES[4])
    with Php() as php:
        (answer,) = php.canonicalize([document])
    canonical = answer.canonical or b""
    for key in _NAMES:
        for why, signature in _wrong(key, canonical):
            yield _row(key, "openssl", document, canonical, signature, None, why)


def _wrong(key: str, text: bytes) -> Iterator[tuple[str, bytes]]:
    good = _digest_sign(key, text)
    digest = _openssl("dgst", "-sha256", "-binary", given=text)
    yield "another text", _digest_sign(key, text + b" ")
    yield "the empty text", _digest_sign(key, b"")
    yield "another key", _digest_sign("other-2048", text)
    for name in ("sha1", "sha512"):
        yield name, _digest_sign(key, text, name)
    # Without salt PSS is deterministic, so this file can be made again.
    pss = ("rsa_padding_mode:pss", "rsa_pss_saltlen:0")
    yield "PSS", _digest_sign(key, text, "sha256", *pss)
    yield "no DigestInfo", _raw_sign(key, digest)
    yield "DigestInfo without NULL", _raw_sign(key, _NO_NULL + digest)
    yield "first bit", bytes([good[0] ^ 0x80]) + good[1:]
    yield "last bit", good[:-1] + bytes([good[-1] ^ 1])
    yield "cut", good[:-1]
    yield "longer", good + b"\x00"
    yield "longer in front", b"\x00" + good
    yield "reversed", good[::-1]
    yield "zeros", bytes(len(good))
    yield "ones", b"\xff" * len(good)
    yield "no bytes", b""


def _digest_sign(key: str, text: bytes, digest: str = "sha256", *options: str) -> bytes:
    more = [part for option in options for part in ("-sigopt", option)]
    path = str(_KEYS / f"{key}.pem")
    return _openssl("dgst", f"-{digest}", "-sign", path, *more, given=text)


def _raw_sign(key: str, padded: bytes) -> bytes:
    """Sign bytes with the padding of PKCS#1 v1.5 but no DigestInfo."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "digest"
        path.write_bytes(padded)
        private = str(_KEYS / f"{key}.pem")
        return _openssl("pkeyutl", "-sign", "-inkey", private, "-in", str(path))


def _openssl(*arguments: str, given: bytes = b"") -> bytes:
    done = subprocess.run(
        ["openssl", *arguments],
        input=given,
        capture_output=True,
        check=True,
        timeout=60,
    )
    return done.stdout
