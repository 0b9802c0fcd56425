"""What is refused as a key, and why: the same on both backends."""

from __future__ import annotations

import base64
import random
from typing import TYPE_CHECKING, Final

import pytest

from kesspay import KeyLoadError, PrivateKey, PublicKey
from kesspay.signing import backend as backends
from tests.support import keymaker as make
from tests.support.tampered import TAMPERED, Verdict, verdict_of
from tests.support.vectors import KEY_PASSWORD, KEYS


if TYPE_CHECKING:
    from collections.abc import Iterator

    from kesspay.signing.backend import Backend


def read(name: str) -> bytes:
    """Return a file of test keys."""
    return (KEYS / name).read_bytes()


PEM: Final = read("rsa-2048.pem")
PKCS1: Final = read("rsa-2048.pkcs1.pem")
PUBLIC: Final = read("rsa-2048.pub.pem")
CERT: Final = read("rsa-2048.cert.pem")
CSR: Final = read("rsa-2048.csr.pem")
EC: Final = read("ec-p256.pem")
LEGACY: Final = read("rsa-2048.legacy-encrypted.pem")
OPENSSH: Final = read("rsa-2048.openssh.pem")
ENCRYPTED: Final = read("rsa-2048.encrypted.pem")
ENCRYPTED_DER: Final = read("rsa-2048.encrypted.der")
SPKI: Final = read("rsa-2048.pub.der")
PKCS8: Final = read("rsa-2048.pkcs8.der")
KEY: Final = "a private key"
EC_SEC1: Final = make.sequence(make.integer(1), make.octets(bytes(32)))
DSA: Final = make.sequence(*[make.integer(n) for n in range(6)])

#: name: (data, reason, found) of a load as a private key.
PRIVATE_REFUSALS: Final[dict[str, tuple[bytes, str, str]]] = {
    "empty": (b"", "format", ""),
    "blank": (b" \n", "format", ""),
    "text": (b"no key at all", "format", ""),
    "nul": (b"\0", "format", ""),
    "public": (PUBLIC, "kind", "a public key"),
    "public der": (SPKI, "kind", "a public key"),
    "pkcs1 public": (read("rsa-2048.pub.pkcs1.pem"), "kind", "a public key"),
    "pkcs1 public der": (read("rsa-2048.pub.pkcs1.der"), "kind", "a public key"),
    "certificate": (CERT, "kind", "an X.509 certificate"),
    "certificate der": (read("rsa-2048.cert.der"), "kind", "an X.509 certificate"),
    "request": (CSR, "kind", "a certificate request"),
    "request der": (
        base64.b64decode(b"".join(CSR.split(b"\n")[1:-2])),
        "kind",
        "a certificate request",
    ),
    "openssh": (OPENSSH, "kind", "an OpenSSH key"),
    "ssh line": (b" ssh-rsa AAAAB3NzaC1yc2E= me@here", "kind", "an OpenSSH key"),
    "ecdsa line": (b"ecdsa-sha2-nistp256 AAAA", "kind", "an OpenSSH key"),
    "legacy": (LEGACY, "kind", "a private key in OpenSSL's old encrypted form"),
    "other pem": (
        make.pem("X509 NOTE", b"x"),
        "kind",
        "a PEM block that is no key",
    ),
    "first of the others": (CSR + CERT, "kind", "a certificate request"),
    "unknown private": (
        make.pem("ANY PRIVATE KEY", b"x"),
        "kind",
        "a key of another algorithm",
    ),
    "two keys": (PEM + PEM, "ambiguous", ""),
    "two kinds": (PEM + EC, "ambiguous", ""),
    "ec": (EC, "algorithm", "an EC key"),
    "ec sec1": (make.pem("EC PRIVATE KEY", EC_SEC1), "algorithm", "an EC key"),
    "ec sec1 der": (EC_SEC1, "algorithm", "an EC key"),
    "dsa": (make.pem("DSA PRIVATE KEY", b"any"), "algorithm", "a DSA key"),
    "dsa der": (DSA, "algorithm", "a DSA key"),
    "ed25519": (
        read("ed25519.pem"),
        "algorithm",
        "an Edwards or Montgomery curve key",
    ),
    "x25519": (
        read("x25519.pem"),
        "algorithm",
        "an Edwards or Montgomery curve key",
    ),
    "rsa-pss": (read("rsa-pss-2048.pem"), "algorithm", "an RSA-PSS key"),
    "dsa pkcs8": (
        make.pkcs8(b"", make.identifier("1.2.840.10040.4.1", make.sequence())),
        "algorithm",
        "a DSA key",
    ),
    "dh pkcs8": (
        make.pkcs8(b"", make.identifier("1.2.840.113549.1.3.1", make.sequence())),
        "algorithm",
        "a Diffie-Hellman key",
    ),
    "unknown algorithm": (
        make.pkcs8(b"", make.identifier("1.2.3.4")),
        "algorithm",
        "a key of another algorithm",
    ),
    "no password": (ENCRYPTED, "password", "an encrypted private key"),
    "cut": (PEM[:-10], "format", ""),
    "no end": (PEM[: len(PEM) // 2], "format", ""),
    "no begin": (PEM[10:], "format", ""),
    "other end": (
        PEM.replace(b"END PRIVATE", b"END RSA PRIVATE"),
        "format",
        "",
    ),
    "good and broken": (PEM + CERT[:-10], "format", ""),
    "bad base64": (PEM.replace(b"\n", b"\n*", 3), "format", ""),
    "bad padding": (base64.b64encode(PKCS8) + b"=", "format", ""),
    "empty block": (make.pem("PRIVATE KEY", b""), "format", ""),
    "label lies": (make.pem("PRIVATE KEY", EC_SEC1), "algorithm", "an EC key"),
    "public under a private label": (
        make.pem("PRIVATE KEY", SPKI),
        "kind",
        "a public key",
    ),
    "request under a private label": (
        make.pem("PRIVATE KEY", base64.b64decode(b"".join(CSR.split(b"\n")[1:-2]))),
        "kind",
        "a certificate request",
    ),
    "parameters under a label": (
        make.pem("DH PARAMETERS", make.pkcs1_public(7, 2)),
        "kind",
        "parameters without a key",
    ),
    "base64 of text": (base64.b64encode(b"no key at all"), "format", ""),
    "base64 of a broken block": (base64.b64encode(PEM[:-10]), "format", ""),
    "base64 of base64": (base64.b64encode(base64.b64encode(PEM)), "format", ""),
    "trailing byte": (PKCS8 + b"\0", "format", ""),
    "long label": (make.pem("X" * 65, PKCS8), "format", ""),
    "label of two lines": (make.pem("PRIVATE\nKEY", PKCS8), "format", ""),
    "version 2": (
        make.sequence(make.integer(2), make.identifier(make.RSA), make.octets(b"")),
        "format",
        "",
    ),
    "parameters": (
        make.pkcs8(b"", make.identifier(make.RSA, make.integer(0))),
        "format",
        "",
    ),
    "nothing inside": (make.pkcs8(b""), "format", ""),
    "a public key inside": (make.pkcs8(make.pkcs1_public(7, 3)), "format", ""),
    "multi-prime": (
        make.pkcs1_private(*range(8), version=1),
        "kind",
        "a key of another algorithm",
    ),
    "pkcs1 version 2": (make.pkcs1_private(*range(8), version=2), "format", ""),
    "negative": (make.pkcs1_private(-5, *range(7)), "format", ""),
    "zeros": (make.pkcs1_private(*[0] * 8), "size", ""),
    "long integer": (
        make.sequence(
            make.integer(0), make.element(2, b"\0\5"), *[make.integer(5)] * 7
        ),
        "format",
        "",
    ),
    "empty integer": (
        make.sequence(make.integer(0), make.element(2, b""), *[make.integer(5)] * 7),
        "format",
        "",
    ),
    "long length": (b"\x30\x81\x03\x02\x01\x00", "format", ""),
    "no definite length": (b"\x30\x80\x02\x01\x00\0\0", "format", ""),
    "length of five bytes": (b"\x30\x85\0\0\0\0\3\x02\x01\x00", "format", ""),
    "tag of two bytes": (make.sequence(b"\x1f\x81\x01\0"), "format", ""),
    "13 integers": (make.sequence(*[make.integer(0)] * 13), "format", ""),
    "not encrypted after all": (
        make.sequence(make.identifier("1.2.3"), make.octets(b"x")),
        "format",
        "an encrypted private key",
    ),
    "nothing encrypted": (
        make.sequence(make.identifier("1.2.3"), make.octets(b"")),
        "format",
        "",
    ),
}

#: name: (data, reason, found) of a load as a public key.
PUBLIC_REFUSALS: Final[dict[str, tuple[bytes, str, str]]] = {
    "empty": (b"", "format", ""),
    "text": (b"ssh-", "kind", "an OpenSSH key"),
    "private": (PEM, "secret", KEY),
    "pkcs1": (PKCS1, "secret", KEY),
    "private der": (PKCS8, "secret", KEY),
    "private base64": (base64.b64encode(PKCS8), "secret", KEY),
    "unreadable private beside public": (
        PUBLIC + make.pem("PRIVATE KEY", b"x"),
        "secret",
        KEY,
    ),
    "private beside public": (PUBLIC + PEM, "secret", KEY),
    "ec private beside public": (EC + PUBLIC, "secret", KEY),
    "ec sec1": (make.pem("EC PRIVATE KEY", EC_SEC1), "secret", KEY),
    "ec sec1 der": (EC_SEC1, "secret", KEY),
    "dsa der": (DSA, "secret", KEY),
    "encrypted": (ENCRYPTED, "secret", "an encrypted private key"),
    "encrypted der": (ENCRYPTED_DER, "secret", "an encrypted private key"),
    "legacy": (
        LEGACY,
        "secret",
        "a private key in OpenSSL's old encrypted form",
    ),
    "openssh": (OPENSSH, "secret", "an OpenSSH key"),
    "private under a public label": (make.pem("PUBLIC KEY", PKCS8), "secret", KEY),
    "request": (CSR, "kind", "a certificate request"),
    "two": (PUBLIC + PUBLIC, "ambiguous", ""),
    "key and certificate": (PUBLIC + CERT, "ambiguous", ""),
    "ssh2": (
        make.pem("SSH2 PUBLIC KEY", b"x"),
        "kind",
        "an SSH2 public key (RFC 4716)",
    ),
    "trusted": (make.pem("TRUSTED CERTIFICATE", b""), "format", ""),
    "private under a certificate label": (
        CERT + make.pem("TRUSTED CERTIFICATE", PKCS8),
        "secret",
        KEY,
    ),
    "private under an unknown label": (make.pem("NOTE", PKCS8) + CERT, "secret", KEY),
    "base64 of a private PEM": (base64.b64encode(PEM), "secret", KEY),
    "two keys beside a certificate": (CERT + PUBLIC + CERT, "ambiguous", ""),
    "parameters": (
        make.pem("DH PARAMETERS", make.pkcs1_public(7, 2)),
        "kind",
        "parameters without a key",
    ),
    "ec": (read("ec-p256.pub.pem"), "algorithm", "an EC key"),
    "ed25519": (
        read("ed25519.pub.pem"),
        "algorithm",
        "an Edwards or Montgomery curve key",
    ),
    "x25519": (
        read("x25519.pub.pem"),
        "algorithm",
        "an Edwards or Montgomery curve key",
    ),
    "rsa-pss": (read("rsa-pss-2048.pub.pem"), "algorithm", "an RSA-PSS key"),
    "ec certificate": (
        make.certificate(make.spki(b"", make.identifier("1.2.840.10045.2.1"))),
        "algorithm",
        "an EC key",
    ),
    "certificate without a key": (
        make.certificate(make.sequence(make.NULL)),
        "format",
        "",
    ),
    "unused bits": (
        make.sequence(make.identifier(make.RSA), make.bit_string(b"", 1)),
        "format",
        "",
    ),
    "trailing byte": (SPKI + b"\0", "format", ""),
    "zeros": (make.spki(make.pkcs1_public(0, 0)), "size", ""),
}


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("case", PRIVATE_REFUSALS)
def test_private_refusal(case: str) -> None:
    """What is no private key is named, and so is what was needed."""
    data, reason, found = PRIVATE_REFUSALS[case]
    with pytest.raises(KeyLoadError) as caught:
        PrivateKey.from_pem(data)
    error = caught.value
    assert (error.reason, error.found) == (reason, found)
    assert error.needed == "a private key"


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("case", PUBLIC_REFUSALS)
def test_public_refusal(case: str) -> None:
    """What is no public key is named, and a private key above all."""
    data, reason, found = PUBLIC_REFUSALS[case]
    with pytest.raises(KeyLoadError) as caught:
        PublicKey.from_pem(data)
    error = caught.value
    assert (error.reason, error.found) == (reason, found)
    assert error.needed == "a public key"


def test_message() -> None:
    """The message says what was found and what was needed."""
    with pytest.raises(
        KeyLoadError,
        match=r"found an X\.509 certificate where a private key is needed",
    ):
        PrivateKey.from_pem(CERT)


def _damaged(seed: int, count: int) -> Iterator[bytes]:
    """Yield key files with small damages, some to the DER inside."""
    draw = random.Random(seed)
    files = [
        read(path.name)
        for path in sorted(KEYS.iterdir())
        if path.suffix in (".pem", ".der") and "3072" not in path.name
    ]
    files += [data for data, _, _ in (PRIVATE_REFUSALS | PUBLIC_REFUSALS).values()]
    files += [
        make.pkcs8(make.pkcs1_private(*numbers.values()))
        for numbers in TAMPERED.values()
    ]
    pieces = [b"-----", b"\\n", b"\n", b"=", b"\0", b"\xff", b"0", b"-----BEGIN X-----"]
    pieces += [b"-----END PRIVATE KEY-----", b"\x02\x01\x00", b"\x30\x80", b"\x05\x00"]
    for _ in range(count):
        data = bytearray(draw.choice(files))
        for _ in range(draw.choice([1, 1, 1, 2, 3])):
            # Structure is at the start; the numbers behind it are long.
            reach = draw.choice([8, 30, 60, len(data) + 1])
            at = draw.randrange(min(reach, len(data) + 1))
            act = draw.randrange(5)
            if act == 0 and at < len(data):
                data[at] ^= 1 << draw.randrange(8)
            elif act == 1:
                del data[at : at + draw.choice([1, 2, 30])]
            elif act == 2:
                data[at:at] = draw.choice(pieces)
            elif act == 3 and at < len(data):
                data[at] = draw.choice([0, 1, 2, 3, 4, 5, 6, 0x30, 0x80, 0x82, 0xA0])
            else:
                data += draw.choice([*pieces, *files])
        yield bytes(data)


@pytest.mark.thorough
def test_same_verdicts(
    both_backends: dict[str, Backend],
    whole: bool,  # noqa: FBT001 - a fixture
) -> None:
    """Both backends come to the same verdict on thousands of damaged files."""
    verdicts: dict[str, list[tuple[Verdict, ...]]] = {}
    damaged = list(_damaged(20240229, 3000 if whole else 600))
    for name in both_backends:
        with backends.override(name):
            verdicts[name] = [
                (
                    verdict_of(lambda: PrivateKey.from_pem(data, KEY_PASSWORD)),  # noqa: B023 - called at once
                    verdict_of(lambda: PublicKey.from_pem(data)),  # noqa: B023 - called at once
                )
                for data in damaged
            ]
    for data, native, python in zip(
        damaged, verdicts["native"], verdicts["python"], strict=True
    ):
        assert native == python, base64.b64encode(data)
    reasons = {one.reason for pair in verdicts["python"] for one in pair}
    assert {"", "format", "kind", "secret", "algorithm", "ambiguous"} <= reasons
    assert not whole or {"password", "size", "exponent", "inconsistent"} <= reasons
