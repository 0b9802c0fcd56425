"""Arguments of the public functions: what is taken, as which bytes, and the rest."""

from __future__ import annotations

from collections import OrderedDict, UserString
from typing import TYPE_CHECKING, Any, Final

import pytest

from kesspay import PHP_8, CanonicalizationError, DocumentRefused, InputError
from kesspay.signing import arguments


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


TEXT: Final = "é{}"
DATA: Final = TEXT.encode()


class Str(str):
    """A str that encodes itself to something else."""

    __slots__ = ()

    def encode(self, *_: object) -> bytes:
        """Return something else."""
        return b"[]"


def released() -> memoryview:
    """Return a memoryview that holds nothing any more."""
    view = memoryview(DATA)
    view.release()
    return view


def test_bytes_stay() -> None:
    """Bytes are not copied: they cannot change."""
    for function in (
        arguments.text_bytes,
        arguments.body_bytes,
        arguments.key_bytes,
        lambda value: arguments.buffer_bytes("message", value),
        lambda value: arguments.document_text(value)[0],
    ):
        assert function(DATA) is DATA


@pytest.mark.parametrize(
    "value",
    [
        TEXT,
        Str(TEXT),
        bytearray(DATA),
        memoryview(DATA),
        memoryview(DATA).cast("b"),
        memoryview(DATA).cast("c"),
        memoryview(b"".join(bytes([byte, 0]) for byte in DATA))[::2],
    ],
)
def test_texts(value: object) -> None:
    """A str is its UTF-8 bytes, a buffer the bytes that are in it."""
    assert arguments.text_bytes(value) == DATA
    assert arguments.body_bytes(value) == DATA
    assert arguments.key_bytes(value) == DATA
    assert arguments.document_text(value) == (DATA, 511)


def test_snapshot() -> None:
    """A buffer that the caller changes later has been copied."""
    buffer = bytearray(DATA)
    text = arguments.text_bytes(buffer)
    buffer[:] = b"changed"
    assert text == DATA


@pytest.mark.few(2)
@pytest.mark.parametrize(
    "make",
    [
        lambda: None,
        lambda: 1,
        lambda: [b"{}"],
        lambda: UserString("{}"),
        lambda: memoryview(bytes(8)).cast("I"),
        released,
    ],
)
def test_no_text(make: Callable[[], object]) -> None:
    """Anything else is refused by its type, and the message shows no value."""
    kind = type(make()).__name__
    with pytest.raises(CanonicalizationError, match=f"{kind} where a JSON text"):
        arguments.text_bytes(make())
    with pytest.raises(DocumentRefused, match=f"{kind} where a JSON text") as caught:
        arguments.body_bytes(make())
    assert caught.value.reason == "type"
    with pytest.raises(InputError, match=f"message must be bytes, not an? {kind}"):
        arguments.buffer_bytes("message", make())


@pytest.mark.parametrize(("text", "position"), [("\ud800", 0), ("é\udfffx", 2)])
def test_lone_surrogate(text: str, position: int) -> None:
    """A str that is not Unicode is refused at an offset in its UTF-8 text."""
    with pytest.raises(CanonicalizationError) as caught:
        arguments.text_bytes(text)
    assert (caught.value.reason, caught.value.position) == ("surrogate", position)
    with pytest.raises(DocumentRefused) as refused:
        arguments.body_bytes(text)
    assert (refused.value.reason, refused.value.position) == ("surrogate", position)
    assert refused.value.__context__ is None


def test_parameters() -> None:
    """A mapping becomes the JSON text that means the same, of one level more."""
    for mapping in ({"a": 1}, OrderedDict(a=1)):
        assert arguments.document_text(mapping) == (b'{"a":1}', 512)
        assert arguments.parameters_text(mapping) == b'{"a":1}'
    for other in (b"{}", "{}", [("a", 1)], None):
        with pytest.raises(CanonicalizationError, match="where a mapping is needed"):
            arguments.parameters_text(other)


def test_key_that_is_no_text() -> None:
    """A str that is not Unicode reaches the loader, which finds no key in it."""
    assert arguments.key_bytes("\ud800") == b"\xed\xa0\x80"
    with pytest.raises(InputError, match="data must be bytes"):
        arguments.key_bytes(5)


def test_passwords() -> None:
    """A str is its UTF-8 bytes; a password that is refused is not shown."""
    assert arguments.password_bytes(None) is None
    for password in ("é", "é".encode(), bytearray("é".encode())):
        assert arguments.password_bytes(password) == "é".encode()
    wrong: list[Any] = ["secret\ud800", 4711, memoryview(b"secret")]
    for password in wrong:
        with pytest.raises(InputError, match="password must be") as caught:
            arguments.password_bytes(password)
        assert "secret" not in str(caught.value)
        assert "4711" not in str(caught.value)
        assert caught.value.__context__ is None


def test_what_is_at_a_path(tmp_path: Path) -> None:
    """A name that no file can have is the name of nothing, and no error."""
    assert arguments.mode_of(tmp_path) == tmp_path.stat().st_mode
    for path in ("n" * 300, b"n", "a\0b", tmp_path / "n", ""):
        assert arguments.mode_of(path) == 0


def test_profiles() -> None:
    """A profile is a Profile, and no word or number that stands for one."""
    arguments.require_profile(PHP_8)
    for other in (None, "8.2", 0, type(PHP_8)):
        with pytest.raises(InputError, match="profile must be a Profile"):
            arguments.require_profile(other)


def test_depths() -> None:
    """A depth is an int from 1 to 511; True is none."""
    for depth in (1, 64, 511):
        arguments.require_depth(depth)
    for other in (0, 512, -1, True, 64.0, "64", None):
        with pytest.raises(InputError, match="max_depth must be an int from 1 to 511"):
            arguments.require_depth(other)
