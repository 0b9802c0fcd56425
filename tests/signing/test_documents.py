"""canonicalize: what it takes, and that its errors are always ours."""

from __future__ import annotations

from collections import OrderedDict, UserDict, UserString
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NoReturn

import pytest

from kesspay import (
    PHP_8,
    CanonicalizationError,
    InputError,
    InvalidSignature,
    Profile,
    canonicalize,
)


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.signing.arguments import Document


pytestmark = pytest.mark.usefixtures("backend")

TEXT: Final = '{"b":"é/","a":[1.0,{}]}'
CANONICAL: Final = b'{"a":[1,[]],"b":"\\u00e9\\/"}'


class Str(str):
    """A str that lies about its bytes."""

    __slots__ = ()

    def encode(self, *_: object) -> bytes:
        """Return something else."""
        return b"[]"


class Bytes(bytes):
    """Bytes that lie about themselves."""

    def __bytes__(self) -> bytes:
        """Return something else."""
        return b"[]"


FORMS: Final[dict[str, Callable[[], Any]]] = {
    "bytes": TEXT.encode,
    "str": lambda: TEXT,
    "bytearray": lambda: bytearray(TEXT.encode()),
    "memoryview": lambda: memoryview(TEXT.encode()),
    "memoryview of a bytearray": lambda: memoryview(bytearray(TEXT.encode())),
    "signed bytes": lambda: memoryview(TEXT.encode()).cast("b"),
    "every second byte": lambda: memoryview(
        b"".join(bytes([byte, 0]) for byte in TEXT.encode())
    )[::2],
    "subclass of str": lambda: Str(TEXT),
    "subclass of bytes": lambda: Bytes(TEXT.encode()),
    "dict": lambda: {"b": "é/", "a": [1.0, {}]},
    "OrderedDict": lambda: OrderedDict({"b": "é/", "a": (Decimal("1.0"), {})}),
    "UserDict": lambda: UserDict({"b": "é/", "a": [1, UserDict()]}),
    "proxy": lambda: MappingProxyType({"b": "é/", "a": [1, []]}),
}


@pytest.mark.parametrize("form", FORMS)
def test_form(form: str) -> None:
    """Every form of the one document has the one canonical form."""
    assert canonicalize(FORMS[form]()) == CANONICAL


def _released() -> memoryview:
    view = memoryview(b"{}")
    view.release()
    return view


NO_DOCUMENT: Final[dict[str, Callable[[], Any]]] = {
    "None": lambda: None,
    "int": lambda: 1,
    "list": list,
    "tuple": lambda: (("a", 1),),
    "set": lambda: {"a"},
    "UserString": lambda: UserString("{}"),
    "type": lambda: dict,
    "ints": lambda: memoryview(bytes(8)).cast("I"),
    "released": _released,
    "array": lambda: __import__("array").array("b", b"{}"),
}


@pytest.mark.parametrize("name", NO_DOCUMENT)
def test_no_document(name: str) -> None:
    """Anything else is refused by its type, never guessed at."""
    with pytest.raises(CanonicalizationError) as caught:
        canonicalize(NO_DOCUMENT[name]())
    assert caught.value.reason == "type"
    assert caught.value.position is None


@pytest.mark.parametrize(
    ("text", "position"),
    [("\ud800", 0), ('{"a":"\udfff"}', 6), ('{"é😀":"\ud83d', 11), ("{}\udc80", 2)],
)
def test_lone_surrogate(text: str, position: int) -> None:
    """A str that is no Unicode text is refused, with the place in bytes."""
    with pytest.raises(CanonicalizationError) as caught:
        canonicalize(text)
    assert caught.value.reason == "surrogate"
    assert caught.value.position == position
    assert caught.value.__context__ is None


@pytest.mark.parametrize("profile", [None, -1, "8.2", Profile, {"ksort": "7"}, True])
@pytest.mark.parametrize("document", [b"{}", {}])
def test_no_profile(profile: Any, document: Document) -> None:  # noqa: ANN401 - no such
    """A profile that is none is refused before anything is computed."""
    with pytest.raises(InputError):
        canonicalize(document, profile=profile)


def test_profile() -> None:
    """The profile reaches both kinds of document."""
    profile = Profile(serialize_precision=17, unescaped_slashes=True)
    for document in (b'{"a":0.1,"b":"/"}', {"a": 0.1, "b": "/"}):
        expected = b'{"a":0.10000000000000001,"b":"/"}'
        assert canonicalize(document, profile=profile) == expected
        assert canonicalize(document, profile=PHP_8) == b'{"a":0.1,"b":"\\/"}'


def test_errors_are_catchable() -> None:
    """A refusal is a ValueError as well, and no InvalidSignature."""
    with pytest.raises(ValueError, match="not JSON") as caught:
        canonicalize(b"{")
    assert not isinstance(caught.value, InvalidSignature)
    assert (caught.value.reason, caught.value.position) == ("syntax", 1)  # type: ignore[attr-defined] # it has both


def test_depths() -> None:
    """Text may have the levels of json_decode, parameters those of json_encode."""
    for levels in (511, 512, 513):
        text = "[" * levels + "]" * levels
        value: Any = []
        for _ in range(levels - 2):
            value = [value]
        for document, most in ((text, 511), ({"a": value}, 512)):
            if levels <= most:
                canonicalize(document)
                continue
            with pytest.raises(CanonicalizationError) as caught:
                canonicalize(document)
            assert caught.value.reason == "depth"


class Hostile(UserDict[str, Any]):
    """A mapping that fails when it is read."""

    def __iter__(self) -> NoReturn:
        """Fail."""
        raise OSError("the disk is gone")


def test_hostile_mapping() -> None:
    """The error of a mapping of the caller's own stays what it is."""
    with pytest.raises(OSError, match="disk"):
        canonicalize(Hostile(a=1))
