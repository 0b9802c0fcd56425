"""The ring of an audit: windows, skew, own keys, and what is refused."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from kesspay import InputError, KeyLoadError, PublicKey
from kesspay.audit import Ring, RingKey
from kesspay.signing.keyring import KeyRing
from tests.support.recording import CHANGE, RING_TOML, private, ring, write_ring
from tests.support.vectors import KEYS


if TYPE_CHECKING:
    from pathlib import Path


def public(name: str = "kess-2025") -> PublicKey:
    """Return a key."""
    return private(name).public_key


def test_load(tmp_path: Path) -> None:
    """A file gives names, keys, windows and skew, and the same ring as Python."""
    loaded = Ring.load(write_ring(tmp_path))
    assert loaded == ring()
    assert loaded.fingerprint == ring().fingerprint
    assert [one.name for one in loaded.keys] == ["kess-2025", "kess-2026"]
    assert loaded.keys[0].key == public()
    assert loaded.keys[0].until == CHANGE
    assert loaded.skew == timedelta(minutes=5)
    assert loaded.own[0].key == public("us")
    assert not loaded.own[0].has_window
    described = loaded.described()
    assert described["skew_seconds"] == 300
    assert described["keys"][0] == {
        "name": "kess-2025",
        "bits": 2048,
        "fingerprint": public().fingerprint,
        "from": None,
        "until": "2026-09-17T00:00:00+00:00",
    }


def test_bounds() -> None:
    """A window begins and ends in microseconds, whatever its zone, with the skew."""
    east = datetime(1970, 1, 1, 7, 0, 1, tzinfo=timezone(timedelta(hours=7)))
    key = RingKey("a", public(), since=east, until=datetime(1970, 1, 2, tzinfo=UTC))
    assert key.bounds(timedelta(0)) == (1_000_000, 86_400_000_000)
    assert key.bounds(timedelta(seconds=2)) == (-1_000_000, 86_402_000_000)
    assert RingKey("a", public()).bounds(timedelta(1)) == (None, None)


def test_of() -> None:
    """Keys alone make a ring without windows."""
    made = Ring.of(public(), public("us"))
    assert [one.name for one in made.keys] == ["key-1", "key-2"]
    assert made.fingerprint != Ring.of(public("us"), public()).fingerprint


def test_pickle() -> None:
    """A ring travels to the workers of a cluster; a PublicKey and a KeyRing, too."""
    for one in (ring(), public(), KeyRing([public()])):
        again = pickle.loads(pickle.dumps(one))  # noqa: S301 - just made
        assert repr(again) == repr(one)
    with pytest.raises(InputError, match="never pickled"):
        pickle.dumps(private("us"))


def test_a_byte_order_mark(tmp_path: Path) -> None:
    """Editors of Windows write one."""
    path = write_ring(tmp_path)
    path.write_text("\ufeff" + path.read_text())
    assert Ring.load(path) == ring()


BAD: dict[str, tuple[str, str]] = {
    "no key": ("", r"no \[\[key\]\]"),
    "unknown": (RING_TOML.replace("skew", "skwe"), "'skwe'|did you mean skew"),
    "unknown in key": (
        RING_TOML.replace("until", "untill"),
        r"\[\[key\]\] 'kess-2025' has an unknown field .*did you mean until",
    ),
    "window of an own key": (
        RING_TOML + "from = 2026-09-16T00:00:00Z",
        r"\[\[own\]\] 'us' has an unknown field",
    ),
    "one bracket": (RING_TOML.replace("[[own]]", "[own]"), "two brackets"),
    "no list": ('key = "a"', "two brackets"),
    "no name": (RING_TOML.replace('name = "us"', ""), "needs a text name"),
    "no file": (RING_TOML.replace('file = "us.pem"', ""), "'us' needs a text file"),
    "name": (RING_TOML.replace('"us"', '"u s"'), "1 to 64 letters"),
    "number": (RING_TOML.replace('"us"', "3"), "needs a text name"),
    "names": (RING_TOML.replace('"us"', '"kess-2025"'), "two keys .* name 'kess-2025'"),
    "twins": (RING_TOML.replace('"us.pem"', '"old.pem"'), "are the same key"),
    "no zone": (
        RING_TOML.replace("2026-09-17T00:00:00Z", "2026-09-17T00:00:00"),
        "until of key 'kess-2025' must be a date and time with its zone",
    ),
    "a date": (
        RING_TOML.replace("2026-09-17T00:00:00Z", "2026-09-17"),
        "with its zone",
    ),
    "backwards": (
        RING_TOML.replace("until =", "from = 2026-09-17T00:00:00Z\nuntil ="),
        "ends .* before it begins",
    ),
    "skew": (RING_TOML.replace('"5m"', "5"), "skew must be a text"),
    "skew of a year": (RING_TOML.replace('"5m"', '"367d"'), "0s to 366d"),
    "skew of ages": (RING_TOML.replace('"5m"', '"999999999d"'), "0s to 366d"),
    "no TOML": ("[[key]\n", "ring .*ring.toml"),
    "fingerprint": (
        RING_TOML.replace('file = "old.pem"', 'file = "old.pem"\nfingerprint = "9f"'),
        "64 hex digits",
    ),
    "another fingerprint": (
        RING_TOML.replace(
            'file = "old.pem"', f'file = "old.pem"\nfingerprint = "{"0" * 64}"'
        ),
        "it is another key",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_refused(tmp_path: Path, name: str) -> None:
    """A ring with a mistake is refused, with the file and the place."""
    text, match = BAD[name]
    path = write_ring(tmp_path)
    path.write_text(text)
    with pytest.raises(InputError, match=match) as caught:
        Ring.load(path)
    assert "ring.toml" in str(caught.value)


def test_fingerprint_with_colons(tmp_path: Path) -> None:
    """A fingerprint may be written as openssl does."""
    digits = public().fingerprint.upper()
    pairs = ":".join(digits[at : at + 2] for at in range(0, 64, 2))
    path = write_ring(tmp_path)
    path.write_text(
        RING_TOML.replace('"old.pem"', f'"old.pem"\nfingerprint = "{pairs}"')
    )
    assert Ring.load(path) == ring()


def test_unreadable(tmp_path: Path) -> None:
    """A file that is not there, is a folder, is no text or too long."""
    path = tmp_path / "ring.toml"
    with pytest.raises(InputError, match=r"cannot read the ring .*No such file"):
        Ring.load(path)
    with pytest.raises(InputError, match="cannot read the ring"):
        Ring.load(tmp_path)
    with pytest.raises(InputError, match="cannot read the ring"):
        Ring.load("a\0b")
    path.write_bytes(b"\xff")
    with pytest.raises(InputError, match="not UTF-8"):
        Ring.load(path)
    path.write_bytes(bytes(2 << 20))
    with pytest.raises(InputError, match="longer than 1 MiB"):
        Ring.load(path)


def test_keys_that_cannot_be_loaded(tmp_path: Path) -> None:
    """A weak key, a private one, and one that is not there; the message names it."""
    path = write_ring(tmp_path)
    weak = (KEYS / "rsa-1024.pub.pem").read_bytes()
    secret = (KEYS / "rsa-2048.pem").read_bytes()
    for content, reason in ((weak, "size"), (secret, "secret"), (None, "file")):
        (tmp_path / "old.pem").unlink(missing_ok=True)
        if content:
            (tmp_path / "old.pem").write_bytes(content)
        with pytest.raises(KeyLoadError, match=r"\[\[key\]\] 'kess-2025'") as caught:
            Ring.load(path)
        assert caught.value.reason == reason
        assert "PRIVATE" not in str(caught.value)
        assert "old.pem" in str(caught.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: RingKey("a", "key"),  # type: ignore[arg-type] # that is the test
        lambda: RingKey(1, public()),  # type: ignore[arg-type] # that is the test
        lambda: RingKey("a", public(), since=datetime(2026, 1, 1)),  # noqa: DTZ001 - refused
        lambda: RingKey("a", public(), until="now"),  # type: ignore[arg-type] # that is the test
        lambda: Ring(()),
        lambda: Ring((RingKey("a", public()),), skew=timedelta(-1)),
    ],
)
def test_made_of_nonsense(make: Any) -> None:  # noqa: ANN401 - a function
    """The same rules hold in Python."""
    with pytest.raises(InputError):
        make()
