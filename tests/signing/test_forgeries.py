"""
The holes of the documented PHP class: each forgery is made, and refused.

Where real PHP is at hand a test also shows that the documented class believes
the forgery, so that it is known to be one.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Final

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from kesspay import (
    CanonicalizationError,
    InvalidSignature,
    KeyLoadError,
    PrivateKey,
    PublicKey,
    VerifyStatus,
    canonicalize,
)
from tests.support import keymaker as make
from tests.support.messages import judge_signature, outcome, signed_text
from tests.support.php import php_verify
from tests.support.vectors import KEYS


if TYPE_CHECKING:
    from kesspay.signing.backend import Backend
    from tests.support.php import Php


PEM: Final = (KEYS / "rsa-2048.pem").read_bytes()
PUBLIC: Final = KEYS / "rsa-2048.pub.pem"
#: What SHA-256 is called inside a signature (RFC 8017, 9.2, note 1).
DIGEST_INFO: Final = bytes.fromhex("3031300d060960864801650304020105000420")


@pytest.fixture
def key(backend: Backend) -> PrivateKey:
    """Return the key whose signatures are forged."""
    return PrivateKey.from_pem(PEM)


@pytest.fixture
def public(key: PrivateKey) -> PublicKey:
    """Return its public half."""
    return key.public_key


def with_sign(text: str, signature: bytes) -> bytes:
    """Put a signature in the place of SIGN."""
    return text.replace("SIGN", base64.b64encode(signature).decode()).encode()


def refused(public: PublicKey, body: bytes | str) -> str:
    """Check that a body is refused, one by one and in a batch; return the reason."""
    with pytest.raises(InvalidSignature) as caught:
        public.verify_document(body)
    (status,) = public.verify_documents([body])
    assert status.reason == caught.value.reason
    return caught.value.reason


# ------------------------------------------- A1: the signature of nothing

UNENCODABLE: Final = [
    '{"success":true,"data":{"amount":1e999},"sign":"SIGN"}',
    '{"success":true,"x":-1e400,"data":{},"sign_type":"RSA2","sign":"SIGN"}',
    '{"a":[[[1e309]]],"sign":"SIGN"}',
]


@pytest.mark.parametrize("text", UNENCODABLE)
def test_signature_of_nothing(public: PublicKey, text: str) -> None:
    """A signature of the empty text verifies nothing that cannot be encoded."""
    body = with_sign(text, judge_signature(b""))
    assert refused(public, body) == "infinite"


@pytest.mark.parametrize("text", UNENCODABLE)
def test_signature_of_nothing_in_php(php: Php, text: str) -> None:
    """The documented class believes each of them."""
    body = with_sign(text, judge_signature(b""))
    assert php_verify(PUBLIC, [body], "documented") == [True]


@pytest.mark.parametrize("nothing", ["{}", "[]", '{"sign_type":"RSA2"}', '{"a":1}'])
def test_signature_of_nothing_elsewhere(public: PublicKey, nothing: str) -> None:
    """Nor does it verify anything that can be."""
    sign = f'"sign":"{base64.b64encode(judge_signature(b"")).decode()}"'
    body = nothing.replace("}", f",{sign}}}").replace("{,", "{").replace("[]", "{}")
    assert refused(public, body) in ("mismatch", "sign_missing")


def test_nothing_is_ever_signed(key: PrivateKey) -> None:
    """What cannot be encoded is not signed, in any way."""
    for document in (b'{"a":1e999}', b"[-1e999]", {"a": float("inf")}, b"", b"1"):
        with pytest.raises(CanonicalizationError):
            key.sign_document(document)
    for tree in ({"a": float("nan")}, {"a": "\ud800"}, {"\udfff": 1}):
        with pytest.raises(CanonicalizationError):
            key.signed_body(tree)
    assert canonicalize(b"{}") == canonicalize({"sign": "x"}) == b"[]"


# ------------------------------------------- A2: keys that are not RSA

OTHERS: Final = ["ec-p256", "ed25519", "x25519", "rsa-pss-2048"]


@pytest.mark.parametrize("name", OTHERS)
def test_key_of_another_algorithm(backend: Backend, name: str) -> None:
    """A key that is not RSA cannot be loaded, so it cannot verify anything."""
    for data in (
        (KEYS / f"{name}.pub.pem").read_bytes(),
        make.certificate(_der(name)),
        _der(name),
    ):
        with pytest.raises(KeyLoadError) as caught:
            PublicKey.from_pem(data)
        assert caught.value.reason == "algorithm"


def _der(name: str) -> bytes:
    lines = (KEYS / f"{name}.pub.pem").read_text().splitlines()
    return base64.b64decode("".join(lines[1:-1]))


@pytest.mark.parametrize("name", ["ec-p256", "x25519"])
def test_key_of_another_algorithm_in_php(php: Php, name: str) -> None:
    """With such a key the documented class believes garbage."""
    body = b'{"success":true,"sign":"Z2FyYmFnZQ=="}'
    believed = php_verify(KEYS / f"{name}.pub.pem", [body], "documented")
    if name == "x25519" and believed == [False]:
        pytest.skip("PHP's OpenSSL is one (3.6) that answers 0 for such a key, not -1")
    assert believed == [True]


# ------------------------------------------- A3: lenient base64


def lenient_spellings(sign: str) -> dict[str, str]:
    """Return spellings that PHP's base64_decode reads as the same bytes."""
    bare = sign.rstrip("=")
    return {
        "blank": sign[:10] + " " + sign[10:],
        "line ends": sign[:64] + "\\r\\n" + sign[64:],
        "trailing line end": sign + "\\n",
        "nul": sign[:10] + "\\u0000" + sign[10:],
        "garbage": "!@#{}" + sign,
        "not ASCII": sign + "é",
        "no padding": bare,
        "half the padding": bare + "=",
        "more padding": sign + "==",
        "padding inside": sign[:8] + "=" + sign[8:],
        "unused bits": bare[:-1] + chr(ord(bare[-1]) + 1) + "==",
    }


@pytest.mark.parametrize("name", lenient_spellings("A" * 300 + "AA=="))
def test_lenient_base64(key: PrivateKey, name: str) -> None:
    """A sign that is not written as base64 should be is refused."""
    body = signed_text('{"a":1,"sign":"SIGN"}', key).decode()
    sign = json.loads(body)["sign"]
    assert sign.endswith("==")
    forged = body.replace(sign, lenient_spellings(sign)[name])
    assert key.public_key.verify_document(body) == b'{"a":1}'
    assert refused(key.public_key, forged.encode()) == "sign_base64"


def test_lenient_base64_in_php(php: Php, key: PrivateKey) -> None:
    """The documented class takes all of them."""
    body = signed_text('{"a":1,"sign":"SIGN"}', key).decode()
    sign = json.loads(body)["sign"]
    forged = [
        body.replace(sign, spelling).encode()
        for spelling in lenient_spellings(sign).values()
    ]
    verdicts = php_verify(PUBLIC, forged, "documented")
    assert verdicts.count(True) >= len(forged) - 1
    assert set(php_verify(PUBLIC, forged, "strict")) == {False}


def test_url_safe_base64(key: PrivateKey) -> None:
    """The URL-safe alphabet is another encoding."""
    for number in range(1000):
        body = signed_text(f'{{"a":{number},"sign":"SIGN"}}', key).decode()
        sign = json.loads(body)["sign"]
        if "+" in sign and "/" in sign:
            break
    url_safe = sign.replace("+", "-").replace("/", "_")
    forged = body.replace(sign.replace("/", "\\/"), url_safe).replace(sign, url_safe)
    assert url_safe in forged
    assert refused(key.public_key, forged) == "sign_base64"


# ------------------------------------------- A4: duplicate keys

DUPLICATES: Final = [
    '{"amount":1000000,"currency":"USD","amount":0.5,"sign":"SIGN"}',
    '{"\\u0061mount":1000000,"amount":0.5,"currency":"USD","sign":"SIGN"}',
    '{"amount":0.5,"currency":"USD","sign":"SIGN","sign":"SIGN"}',
    '{"amount":0.5,"currency":"USD","sign_type":"RSA2","sign_type":"RSA2","sign":"SIGN"}',
]


@pytest.mark.parametrize("text", DUPLICATES)
def test_duplicate_keys(key: PrivateKey, text: str) -> None:
    """A body that says two things is refused, whichever of them was signed."""
    body = signed_text(text, key)
    assert canonicalize(body) == b'{"amount":0.5,"currency":"USD"}'
    assert refused(key.public_key, body) == "duplicate"


def test_duplicate_keys_in_php(php: Php, key: PrivateKey) -> None:
    """The documented class believes the last one."""
    bodies = [signed_text(text, key) for text in DUPLICATES]
    assert php_verify(PUBLIC, bodies, "documented") == [True] * len(bodies)


def test_duplicate_keys_inside(key: PrivateKey) -> None:
    """So it is at any depth, in lists and within what is removed."""
    for text in (
        '{"data":{"amount":9,"amount":1},"sign":"SIGN"}',
        '{"data":[[{"a":{"b":1,"b":1}}]],"sign":"SIGN"}',
        '{"sign_type":{"a":1,"a":1},"sign":"SIGN"}',
        '{"a":{"1":1,"2":2,"1":3},"sign":"SIGN"}',
        '{"a":{"":1,"":2},"sign":"SIGN"}',
    ):
        assert refused(key.public_key, signed_text(text, key)) == "duplicate"


# ------------------------------------------- A5: other spellings of one text

SPELLINGS: Final = [
    '{"a":0.1,"b":["x\\/"],"c":[1,2]}',
    '{"c":[1,2],"b":["x/"],"a":0.10000000000000001}',
    ' { "\\u0061" : 1e-1 , "b":{"0":"\\u0078/"}, "c":{"0":1.0,"1":2e0} } ',
]


@pytest.mark.parametrize("text", SPELLINGS)
def test_spellings(key: PrivateKey, text: str) -> None:
    """Texts that mean one thing to PHP share a signature, and one result."""
    signature = judge_signature(b'{"a":0.1,"b":["x\\/"],"c":[1,2]}')
    head = text.rstrip().removesuffix("}")
    body = with_sign(head + ',"sign":"SIGN"}', signature)
    verified = key.public_key.verify_document(body)
    assert verified == b'{"a":0.1,"b":["x\\/"],"c":[1,2]}'


@pytest.mark.parametrize(
    "sign_type", ['"none"', '"RSA"', '"rsa2"', '"MD5"', '""', "null", "0", "[]", "true"]
)
def test_sign_type_selects_nothing(key: PrivateKey, sign_type: str) -> None:
    """Though it is not signed, sign_type may say nothing but RSA2."""
    body = signed_text(f'{{"a":1,"sign_type":{sign_type},"sign":"SIGN"}}', key)
    assert refused(key.public_key, body) == "sign_type"


# ------------------------------------------- A6: numbers two parsers read apart


@pytest.mark.parametrize(
    "number",
    [
        "1" + "0" * 20000 + "e-20001",
        "0." + "0" * 20000 + "1e20001",
        "9223372036854775808",
        "9007199254740993.0",
        "1" * 400 + "e-380",
    ],
    ids=lambda number: number[:20],
)
def test_value_of_the_signer(key: PrivateKey, php: Php, number: str) -> None:
    """What comes back is the number PHP read, however others would read it."""
    text = f'{{"amount":{number}}}'
    (answer,) = php.canonicalize([text.encode()])
    assert answer.canonical is not None
    signature = judge_signature(answer.canonical)
    body = with_sign(text[:-1] + ',"sign":"SIGN"}', signature)
    assert key.public_key.verify_document(body) == answer.canonical


@pytest.mark.parametrize(
    "number", ["1e400", "-1e309", "1" + "0" * 400, "1e99999999999"]
)
def test_infinite(key: PrivateKey, number: str) -> None:
    """A number that is infinite to PHP is refused."""
    body = with_sign(f'{{"a":{number},"sign":"SIGN"}}', bytes(256))
    assert refused(key.public_key, body) == "infinite"


# ------------------------------------------- A7: what json_decode refuses

SYNTAX: Final[dict[str, bytes]] = {
    "bom": b"\xef\xbb\xbf{}",
    "trailing": b"{}x",
    "trailing nul": b"{}\0",
    "two": b"{}{}",
    "leading zero": b'{"a":01}',
    "plus": b'{"a":+1}',
    "no integer": b'{"a":.5}',
    "no fraction": b'{"a":1.}',
    "nan": b'{"a":NaN}',
    "infinity": b'{"a":Infinity}',
    "True": b'{"a":True}',
    "comment": b'{"a":1/**/}',
    "trailing comma": b'{"a":1,}',
    "single quotes": b"{'a':1}",
    "tab in string": b'{"a":"\t"}',
    "vertical tab": b'{\x0b"a":1}',
    "lone surrogate": b'{"a":"\\udc00"}',
    "overlong": b'{"a":"\xc0\x80"}',
    "encoded surrogate": b'{"a":"\xed\xa0\x80"}',
    "beyond unicode": b'{"a":"\xf4\x90\x80\x80"}',
    "utf-16": '{"a":1}'.encode("utf-16"),
    "512 levels": b'{"a":' + b"[" * 511 + b"]" * 511 + b"}",
}


@pytest.mark.parametrize("name", SYNTAX)
def test_syntax(public: PublicKey, php: Php, name: str) -> None:
    """What PHP does not decode is refused, whatever its signature."""
    body = SYNTAX[name]
    (answer,) = php.canonicalize([body])
    assert answer.failure == "decode"
    assert refused(public, body)
    with pytest.raises(CanonicalizationError):
        canonicalize(body)


# ------------------------------------------- A8: a sign that is no string


@pytest.mark.parametrize("sign", ["null", "1", "0.5", "true", "{}", "[]", '["SIGN"]'])
def test_sign_is_no_string(key: PrivateKey, sign: str) -> None:
    """A sign of another type is a refusal, not a crash and not a conversion."""
    body = signed_text(f'{{"a":1,"sign":{sign}}}', key)
    assert refused(key.public_key, body) == "sign_not_string"


def test_sign_is_missing(public: PublicKey) -> None:
    """A body without sign is refused, also where it is hidden further down."""
    for body in ('{"a":1}', '{"data":{"sign":"x"}}', '{"SIGN":"x"}', '{"sign ":"x"}'):
        assert refused(public, body) == "sign_missing"


# ------------------------------------------- A9: keys and padding


def padded(digest_info: bytes, size: int = 256) -> bytes:
    """Return the encoded message of PKCS#1 v1.5 (RFC 8017, 9.2)."""
    return b"\0\1" + b"\xff" * (size - 3 - len(digest_info)) + b"\0" + digest_info


def test_exponent_one(backend: Backend) -> None:
    """With e = 1 the padded digest is its own signature: never a key."""
    n = _numbers()["n"]
    forged = padded(DIGEST_INFO + hashlib.sha256(b"x").digest())
    assert pow(int.from_bytes(forged, "big"), 1, n) == int.from_bytes(forged, "big")
    for weak in (False, True):
        with pytest.raises(KeyLoadError) as caught:
            PublicKey.from_pem(
                make.spki(make.pkcs1_public(n, 1)), dangerously_allow_weak_key=weak
            )
        assert caught.value.reason == "exponent"


def _numbers() -> dict[str, int]:
    key = serialization.load_pem_private_key(PEM, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return make.numbers(key)


def test_cube_root(backend: Backend) -> None:
    """With e = 3 a cube root with garbage behind the digest is refused (2006)."""
    pem = (KEYS / "rsa-2048-e3.pub.pem").read_bytes()
    public = PublicKey.from_pem(pem, dangerously_allow_weak_key=True)
    front = b"\0\1\xff\0" + DIGEST_INFO + hashlib.sha256(b"x").digest()
    target = int.from_bytes(front.ljust(256, b"\xff"), "big")
    root = _cube_root(target)
    assert (root**3).to_bytes(256, "big").startswith(front)
    with pytest.raises(InvalidSignature):
        public.verify(root.to_bytes(256, "big"), b"x")


def _cube_root(number: int) -> int:
    low, high = 0, 1 << 700
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**3 <= number else (low, middle - 1)
    return low


def signature_of(encoded: bytes) -> bytes:
    """Apply the private key to any encoded message."""
    numbers = _numbers()
    signature: int = pow(int.from_bytes(encoded, "big"), numbers["d"], numbers["n"])
    return signature.to_bytes(256, "big")


DIGEST: Final = hashlib.sha256(b'{"a":1}').digest()
ENCODINGS: Final[dict[str, bytes]] = {
    "no DigestInfo": padded(DIGEST),
    "no NULL": padded(
        bytes.fromhex("302f300b06096086480165030402010420") + DIGEST
    ),
    "sha512": padded(
        bytes.fromhex("3051300d060960864801650304020305000440")
        + hashlib.sha512(b'{"a":1}').digest()
    ),
    "sha1": padded(
        bytes.fromhex("3021300906052b0e03021a05000414")
        + hashlib.sha1(b'{"a":1}').digest()  # noqa: S324 - what must be refused
    ),
    "short padding": b"\0\1\xff\0" + (DIGEST_INFO + DIGEST).ljust(252, b"\0"),
    "block type 2": b"\0\2" + padded(DIGEST_INFO + DIGEST)[2:],
    "block type 0": b"\0\0" + padded(DIGEST_INFO + DIGEST)[2:],
    "padding of zeros": padded(DIGEST_INFO + DIGEST).replace(b"\xff", b"\0", 5),
    "long length": padded(b"\x30\x81\x31" + DIGEST_INFO[2:] + DIGEST),
    "byte behind": padded(DIGEST_INFO + DIGEST + b"\0"),
}  # fmt: skip


def test_encoding_that_is_right(public: PublicKey) -> None:
    """The helper below makes good signatures of good encodings."""
    public.verify(signature_of(padded(DIGEST_INFO + DIGEST)), b'{"a":1}')


@pytest.mark.few(4)
@pytest.mark.parametrize("name", ENCODINGS)
def test_encoding(public: PublicKey, name: str) -> None:
    """One encoding of the digest is right, and no other, even by the right key."""
    signature = signature_of(ENCODINGS[name])
    body = with_sign('{"a":1,"sign":"SIGN"}', signature)
    assert refused(public, body) == "mismatch"


def test_other_schemes(public: PublicKey) -> None:
    """PSS and other digests by the right key are refused."""
    private = serialization.load_pem_private_key(PEM, None)
    assert isinstance(private, rsa.RSAPrivateKey)
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH)
    for scheme, digest in (
        (pss, hashes.SHA256()),
        (padding.PKCS1v15(), hashes.SHA1()),  # noqa: S303 - what must be refused
        (padding.PKCS1v15(), hashes.SHA384()),
        (padding.PKCS1v15(), hashes.SHA512()),
    ):
        signature = private.sign(b'{"a":1}', scheme, digest)
        body = with_sign('{"a":1,"sign":"SIGN"}', signature)
        assert refused(public, body) == "mismatch"


def test_same_residue(key: PrivateKey) -> None:
    """A number that is the signature modulo n, but is not it, is refused."""
    n = _numbers()["n"]
    for message in (b"%d" % number for number in range(200)):
        signature = int.from_bytes(key.sign(message), "big")
        assert signature < n
        if signature + n < 1 << 2048:
            forged = (signature + n).to_bytes(256, "big")
            with pytest.raises(InvalidSignature):
                key.public_key.verify(forged, message)
            break
    else:
        pytest.fail("no signature was small enough")
    with pytest.raises(InvalidSignature):
        key.public_key.verify((n - signature).to_bytes(256, "big"), message)


# ------------------------------------------- A10: keys that look like numbers


def test_number_like_keys(key: PrivateKey, php: Php) -> None:
    """They are ordered as PHP orders them, so PHP's signature verifies."""
    for text in (
        '{"10":1,"9":2,"-5":3,"x":4}',
        '{"0":"a","1":"b"}',
        '{"2":1,"1a":2,"10":3}',
        '{"x":1,"0":"a"}',
    ):
        body = text[:-1] + ',"sign_type":"RSA2","sign":"SIGN"}'
        (answer,) = php.canonicalize([body.encode()])
        assert answer.canonical is not None
        signed = with_sign(body, judge_signature(answer.canonical))
        assert key.public_key.verify_document(signed) == answer.canonical


# ------------------------------------------- any change at all


def test_every_bit(key: PrivateKey) -> None:
    """No changed bit of a body goes unnoticed, unless it means the same to PHP."""
    body = key.signed_body({"amount": 12.5, "to": "ភា/", "list": [1, True, None]})
    canonical = key.public_key.verify_document(body)
    changed = [
        body[:at] + bytes([body[at] ^ 1 << bit]) + body[at + 1 :]
        for at in range(len(body))
        for bit in range(8)
    ]
    statuses = key.public_key.verify_documents(changed)
    for forged, status in zip(changed, statuses, strict=True):
        if status is VerifyStatus.OK:
            assert outcome(key.public_key, forged) == (canonical,)
            assert canonicalize(forged) == canonical
    # Upper case in \uXXXX is the one change here that means the same.
    assert 0 < statuses.count(VerifyStatus.OK) <= 8


def test_every_cut(key: PrivateKey) -> None:
    """No part of a body verifies, nor a body with something more."""
    body = key.signed_body({"a": 1, "b": "x"})
    parts = [body[:at] for at in range(len(body))] + [body[at:] for at in range(1, 60)]
    parts += [body + bytes([byte]) for byte in range(256) if byte not in b" \t\r\n"]
    statuses = key.public_key.verify_documents(parts)
    assert VerifyStatus.OK not in statuses


def test_moved_members(key: PrivateKey) -> None:
    """Members that were added, removed, renamed or moved are noticed."""
    honest = '{"a":{"b":1},"c":2,"sign":"SIGN"}'
    signature = key.sign(canonicalize(honest))
    assert key.public_key.verify_document(with_sign(honest, signature))
    for text in (
        '{"a":{"b":1},"c":2,"d":3,"sign":"SIGN"}',
        '{"a":{"b":1},"sign":"SIGN"}',
        '{"a":{"b":1},"C":2,"sign":"SIGN"}',
        '{"a":{"b":1,"c":2},"sign":"SIGN"}',
        '{"a":{"b":1},"c":"2","sign":"SIGN"}',
        '{"a":{"b":true},"c":2,"sign":"SIGN"}',
        '{"a":{"b":1},"c":2,"c ":2,"sign":"SIGN"}',
        '{"data":{"a":{"b":1},"c":2},"sign":"SIGN"}',
    ):
        assert refused(key.public_key, with_sign(text, signature)) == "mismatch"
