"""KeyRing: several keys, tried in order, and which one matched."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any, Final

import pytest

import kesspay
from kesspay import (
    DocumentRefused,
    InputError,
    InvalidSignature,
    KeyLoadError,
    KeyRing,
    PrivateKey,
    PublicKey,
    VerifyStatus,
)
from tests.support.messages import outcome, signed_text
from tests.support.odd import released
from tests.support.vectors import KEYS


if TYPE_CHECKING:
    from collections.abc import Iterator

    from kesspay.signing.backend import Backend


NAMES: Final = ("rsa-2048", "other-2048", "rsa-3072")


@pytest.fixture
def keys(backend: Backend) -> list[PrivateKey]:
    """Return private keys of two lengths."""
    return [PrivateKey.from_pem((KEYS / f"{name}.pem").read_bytes()) for name in NAMES]


@pytest.fixture
def ring(keys: list[PrivateKey]) -> KeyRing:
    """Return a ring of all their public halves."""
    return KeyRing([key.public_key for key in keys])


def test_match(keys: list[PrivateKey], ring: KeyRing) -> None:
    """The key of the ring that signed is found and returned."""
    for key in keys:
        signature = key.sign(b"message")
        assert ring.match(signature, b"message") is key.public_key
        ring.verify(signature, b"message")
        body = key.signed_body({"a": 1})
        assert ring.match_document(body) == (b'{"a":1}', key.public_key)
        assert ring.verify_document(body) == b'{"a":1}'
        assert kesspay.verify_document(ring, body) == b'{"a":1}'


def test_verified(keys: list[PrivateKey], ring: KeyRing) -> None:
    """A match has names for its parts."""
    verified = ring.match_document(keys[1].signed_body({}))
    assert verified.canonical == b"[]"
    assert verified.key == keys[1].public_key


def test_no_match(keys: list[PrivateKey]) -> None:
    """What no key signed is refused; a length that fits no key is the reason."""
    stranger, *ours = keys
    ring = KeyRing([key.public_key for key in ours])
    with pytest.raises(InvalidSignature) as caught:
        ring.match(stranger.sign(b"message"), b"message")
    assert caught.value.reason == "mismatch"
    text = '{"a":1,"sign":"SIGN"}'
    body = signed_text(text, stranger)
    assert outcome(ring, body) == ("InvalidSignature", "mismatch")
    short = KeyRing([keys[0].public_key, keys[1].public_key])
    body = signed_text(text, keys[2])
    assert outcome(short, body) == ("InvalidSignature", "sign_length")


def test_refusals_of_the_document(ring: KeyRing) -> None:
    """A fault of the document keeps its own reason."""
    for body, reason in (
        (b"[", "syntax"),
        (b'{"a":1,"a":2}', "duplicate"),
        (b"{}", "sign_missing"),
        (b'{"sign":1}', "sign_not_string"),
        (b'{"sign":"!"}', "sign_base64"),
        (b'{"sign_type":"x"}', "sign_type"),
    ):
        assert outcome(ring, body)[1] == reason
    with pytest.raises(DocumentRefused) as caught:
        ring.verify_document(b'{"a":[[1]]}', max_depth=2)
    assert caught.value.reason == "depth"


def test_profile(keys: list[PrivateKey], ring: KeyRing) -> None:
    """The profile is handed on."""
    profile = kesspay.Profile(unescaped_slashes=True)
    body = keys[2].signed_body({"a": "/"}, profile=profile)
    assert ring.verify_document(body, profile=profile) == b'{"a":"/"}'
    with pytest.raises(InvalidSignature):
        ring.verify_document(body)


def test_verify_documents(keys: list[PrivateKey], ring: KeyRing) -> None:
    """A batch gets the verdicts of verify_document."""
    bodies = [key.signed_body({"n": n}) for n, key in enumerate(keys)] * 3
    bodies[3:3] = [b"[", b"{}", b'{"sign":"AAAA"}', bodies[0].replace(b"0", b"1", 1)]
    expected = [outcome(ring, body)[-1] for body in bodies]
    statuses = ring.verify_documents(bodies)
    for body, status, verdict in zip(bodies, statuses, expected, strict=True):
        if status is VerifyStatus.OK:
            assert verdict == ring.verify_document(body)
        else:
            assert status.reason == outcome(ring, body)[1]
    assert statuses.count(VerifyStatus.OK) == 9
    assert ring.verify_documents([]) == []
    assert ring.verify_documents(iter(bodies)) == statuses


@pytest.mark.parametrize(
    "members",
    [
        *([], None, 1, "text", b"key", [None], ["key"], {"a": 1}),
        *(released(), memoryview(b"abcd").cast("B", (2, 2))),
    ],
)
def test_bad_members(
    members: Any,  # noqa: ANN401 - what makes no ring
    backend: Backend,
) -> None:
    """A ring without keys, or of something else, is refused."""
    with pytest.raises(InputError):
        KeyRing(members)


@pytest.mark.parametrize("error", [TypeError, ValueError])
def test_an_error_of_the_members(error: type[Exception]) -> None:
    """What an iterator raises stays, such as that a key cannot be loaded."""
    files = [KEYS / "rsa-2048.pub.pem", KEYS / "no-such-key.pem"]
    with pytest.raises(KeyLoadError, match=r"no-such-key\.pem"):
        KeyRing(map(PublicKey.from_file, files))

    def members() -> Iterator[PublicKey]:
        yield PublicKey.from_file(files[0])
        raise error

    with pytest.raises(error) as caught:
        KeyRing(members())
    assert type(caught.value) is error


def test_private_member(keys: list[PrivateKey]) -> None:
    """A private key is no member of a ring."""
    with pytest.raises(InputError):
        KeyRing([keys[0]])  # type: ignore[list-item] # that is the test


def test_container(keys: list[PrivateKey], ring: KeyRing) -> None:
    """A ring is a fixed collection of its keys."""
    publics = [key.public_key for key in keys]
    assert list(ring) == publics == list(ring.keys)
    assert len(ring) == 3
    assert publics[2] in ring
    assert keys[2] not in ring
    assert publics[0] not in KeyRing(publics[1:])
    assert all(public.fingerprint in repr(ring) for public in publics)
    travelled = pickle.loads(pickle.dumps(ring))  # noqa: S301 - just made
    for twin in (
        copy.copy(ring),
        copy.deepcopy(ring),
        travelled,
    ):
        assert list(twin) == publics
