"""Files of a kit are read strictly, and each fault has a place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest

from kesspay.conformance.reading import Members, read_json, unpacked
from kesspay.errors import InputError


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def of(**members: object) -> Members:
    """Return the members of an object in a file."""
    return Members.of(members, "a.json, entry 3", tuple(members))


def test_members_are_read() -> None:
    """Each kind of member comes as what it is."""
    row = of(
        word="api",
        text="x.y",
        number=3,
        items=[1],
        inner={"a": 1},
        raw_base64="YQ==",
        other="a",
        other_base64="YQ==",
    )
    assert row.text("text", re.compile(r"x\.y")) == "x.y"
    assert row.word("word", ("api",)) == "api"
    assert row.number("number") == 3
    assert row.items("items") == [1]
    assert row.members_of("inner") == {"a": 1}
    assert row.packed("raw") == row.packed("other") == b"a"
    assert row.packed_or_none("raw") == b"a"
    assert row.packed_or_none("nothing") is None


FAULTS: Final[dict[str, Callable[[], object]]] = {
    "is no object": lambda: Members.of([], "a.json, entry 3", ()),
    "has the unknown member 'b'": lambda: Members.of({"b": 1}, "a.json, entry 3", "a"),
    "has no 'a'": lambda: of().text("a"),
    "has a 'a' of another type": lambda: of(a=1).text("a"),
    "has a 'a' that is none: 'x'": lambda: of(a="x").text("a", re.compile("y")),
    "has the unknown 'a' 'x'": lambda: of(a="x").word("a", ("y",)),
    "has a 'a' that is no count": lambda: of(a=True).number("a"),
    "has a 'a' unlike its base64": lambda: of(a="x", a_base64="YQ==").packed("a"),
    "has no 'a_base64'": lambda: of(a="x").packed_or_none("a"),
    ", a_base64 is no base64": lambda: of(a_base64="Y").packed("a"),
}


@pytest.mark.parametrize("message", FAULTS)
def test_a_fault_has_its_place(message: str) -> None:
    """File, entry and fault are in the message."""
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        FAULTS[message]()
    assert "damaged: a.json, entry 3" in str(caught.value)


@pytest.mark.parametrize("text", [1, None, "YQ", "Y Q==", "YQ==\n", "\u00e9"])
def test_base64_is_strict(text: object) -> None:
    """What is not padded base64 of one line is none."""
    with pytest.raises(InputError, match="is no base64"):
        unpacked(text, "here")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Whether it is missing or holds no JSON."""
    with pytest.raises(InputError, match=r"has no a\.json that can be read"):
        read_json(tmp_path, "a.json")
    (tmp_path / "a.json").write_bytes(b"\xff")
    with pytest.raises(InputError, match=r"a\.json is no JSON"):
        read_json(tmp_path, "a.json")
