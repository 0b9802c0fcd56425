"""Documents are read as they were written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kesspay.explain.nodes import (
    Members,
    Node,
    Number,
    brief,
    count_values,
    duplicates,
    members_of,
    path_of,
    read,
    read_document,
)
from tests.support.vectors import iter_canonical


TEXT = ' {"b" : 0.50, "a":[1, {"x":true}],\n"a\\u0062": "}{,", "b":{"k":1,"k":2}} '


def plain(node: Node) -> Any:  # noqa: ANN401 - any JSON value
    """Turn a tree into what json.loads gives."""
    if isinstance(node, Members):
        return {key: plain(value) for key, value in node}
    if isinstance(node, list):
        return [plain(value) for value in node]
    return json.loads(node.text) if isinstance(node, Number) else node


def test_nothing_of_the_document_is_lost() -> None:
    """Order, duplicates, and the spelling of numbers are kept."""
    inner = Members([("k", Number("1")), ("k", Number("2"))])
    array: list[Node] = [Number("1"), Members([("x", True)])]
    assert read(TEXT) == Members(
        [
            ("b", Number("0.50")),
            ("a", array),
            ("ab", "}{,"),
            ("b", inner),
        ]
    )


def test_members_are_located() -> None:
    """Keys and values of the top level are where the positions say."""
    found = members_of(TEXT)
    assert [m.key for m in found] == ["b", "a", "ab", "b"]
    assert [TEXT[m.value_start : m.end] for m in found] == [
        "0.50",
        '[1, {"x":true}]',
        '"}{,"',
        '{"k":1,"k":2}',
    ]
    assert TEXT[found[2].start :].startswith('"a\\u0062"')


@pytest.mark.parametrize("text", ["[]", "{}", " { } \n", '[{"a":1}]'])
def test_documents_without_members(text: str) -> None:
    """Arrays and empty objects have no members."""
    assert members_of(text) == ()


@pytest.mark.parametrize("depth", [1, 64, 65])
def test_documents_of_strangers(depth: int) -> None:
    """What has no canonical form, or is too deep, is no document."""
    text = b"[" * depth + b"]" * depth
    assert (read_document(text) is None) is (depth > 64)
    for other in (b"", b"{", b"no JSON", b'"text"', b"[1e999]"):
        assert read_document(other) is None
    assert read_document(b'{"a":"b"}') == read('{"a":"b"}')


def test_duplicates_are_listed_in_order() -> None:
    """A doubled key comes with its path and all its values."""
    found = duplicates(read(TEXT))
    assert [d.path for d in found] == ['document["b"]', 'document["b"]["k"]']
    assert (found[0].first, found[0].last) == ("0.50", "an object of 2 members")
    assert (found[1].first, found[1].last, found[1].count) == ("1", "2", 2)
    inside = duplicates(read('{"a":[{"x":1,"x":"\\u001b"}]}'))
    assert inside[0].path == 'document["a"][0]["x"]'
    assert inside[0].last == '"\\u001b"'


def test_values_are_counted() -> None:
    """Containers count, and so does what is in them."""
    assert count_values(read(TEXT)) == 10
    assert count_values(read("[]")) == 1


def test_values_are_shown_briefly() -> None:
    """Long values are cut, containers are counted, all in ASCII."""
    assert len(brief("x" * 1000)) == 40
    assert brief(Number("9" * 1000)).endswith("...")
    assert brief([None, True]) == "an array of 2 values"
    assert brief("\u202e\x1b") == '"\\u202e\\u001b"'
    assert brief(None) == "null"
    assert path_of("document", 'a"\n') == 'document["a\\"\\n"]'


def test_stored_documents_are_read_as_json_reads_them() -> None:
    """What canonicalize accepts is read without an error, and rightly."""
    seen = 0
    for case in iter_canonical():
        nesting = max(case.document.count(b"["), case.document.count(b"{"))
        if not case.answer.ok or nesting > 64 or len(case.document) > 4000:
            continue
        text = case.document.decode()
        assert plain(read(text)) == json.loads(text)
        members_of(text)
        seen += 1
    assert seen > 2000
