"""Orders of other programs, which they are asked."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from kesspay.explain.nodes import Members, Node, read
from kesspay.explain.orders import indexes_first, ordered
from tests.conftest import missing
from tests.support.php import find_php


KEYS = ["b", "a", "B", "10", "9", "01", "0", "4294967294", "4294967295", "-1", "1.5"]
KEYS += ["\u00e9", "\uff5e", "\U0001f600", "", "Z", "_", "sign"]

#: Sets of values for asort: every pair of kinds is compared in one of them.
VALUES = [
    '["x", "a", 3, "10", null, true, ["z"]]',
    '[false, null, "", "0", 0, [], {"a":1}, "a"]',
    '[true, [], null, "0", 0.0, 1, "b"]',
    '["10", "9", 9.5, "1e1", " 8", "x", "X"]',
    '[[1, 2], [1], {"a":1,"b":2,"c":3}, "y", 5]',
    '["b", "a", "b", "a", "c", "a"]',
    '[null, "a", null, ""]',
    '[[2, 1], [1, 2], [1, 3], {"a":1,"b":2}, {"b":1,"a":3}, ["x", "y"], [1, 2]]',
    '[{"0":1,"1":[2]}, [1, [1]], {"a":1,"a":2}, [3], [1, [2, 3]]]',
    '[[1, "b"], [1, "b"], {"0":1,"1":"b"}, [1, "a"]]',
]


def names(members: Members) -> list[str]:
    """Return the keys."""
    return [key for key, _ in members]


def asked(document: str, program: str) -> list[str]:
    """Let PHP order a document, and return its keys."""
    php = find_php()
    if php is None:
        missing("no PHP 8.2 or later is installed", "KESSPAY_REQUIRE_PHP")
    whole = (
        "$p = json_decode(stream_get_contents(STDIN), true);"
        f"{program} echo json_encode(array_map('strval', array_keys($p)));"
    )
    done = subprocess.run(
        [php, "-r", whole],
        input=document.encode(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    answer: list[str] = json.loads(done.stdout)
    return answer


def test_sort_string_of_php() -> None:
    """Keys are compared as texts, integers among them."""
    document = json.dumps(dict.fromkeys(KEYS, 1))
    found = ordered(members_of(document), "bytes")
    assert names(found) == asked(document, "ksort($p, SORT_STRING);")


def test_krsort_of_php() -> None:
    """Keys in descending order; those that are equal stay as they were."""
    keys = [*KEYS, "1.50", "10.0", "1e1", "09", "9.0"]
    document = json.dumps(dict.fromkeys(keys, 1))
    found = ordered(members_of(document), "reverse")
    assert names(found) == asked(document, "krsort($p);")


def test_asort_and_arsort_of_php() -> None:
    """Values are compared as PHP 8 compares them; equal ones stay as they were."""
    texts = []
    for values in VALUES:
        inside = json.loads(values, object_pairs_hook=Members)
        members = (f'"k{i}":{written(v)}' for i, v in enumerate(inside))
        texts.append("{" + ",".join(members) + "}")
    document = f"[{','.join(texts)}]"
    for order, function in (("values", "asort"), ("values_reverse", "arsort")):
        answers = asked(
            document,
            f"foreach ($p as &$one) {{ {function}($one); $one = array_keys($one); }}"
            "$p = array_flip(array_map('json_encode', $p));",
        )
        found = [json.dumps(names(ordered(members_of(t), order))) for t in texts]
        assert [one.replace(" ", "") for one in found] == answers, order


def written(value: object) -> str:
    """Write a value with each key as often as it was there."""
    if isinstance(value, Members):
        inside = (f"{json.dumps(k)}:{written(v)}" for k, v in value)
        return "{" + ",".join(inside) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    return json.dumps(value)


def members_of(document: str) -> Members:
    """Read an object."""
    node: Node = read(document)
    assert isinstance(node, Members)
    return node


def test_objects_and_sort_of_javascript() -> None:
    """Objects have array indexes in front; sort compares UTF-16."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node is installed")
    program = (
        "const k = JSON.parse(require('fs').readFileSync(0));"
        "const o = Object.fromEntries(k.map(x => [x, 1]));"
        "console.log(JSON.stringify([Object.keys(o), k.sort()]));"
    )
    done = subprocess.run(
        [node, "-e", program],
        input=json.dumps(KEYS).encode(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    members = members_of(json.dumps(dict.fromkeys(KEYS, 1)))
    kept, by_units = json.loads(done.stdout)
    assert names(indexes_first(members)) == kept
    assert names(ordered(members, "utf16")) == by_units


def test_other_orders() -> None:
    """The document's own, backwards too, and one without regard to case."""
    members = members_of('{"b":1,"C":2,"a":3}')
    assert indexes_first(members) is members
    assert ordered(members, "document") is members
    assert names(ordered(members, "document_reverse")) == ["a", "C", "b"]
    assert names(ordered(members, "caseless")) == ["a", "b", "C"]
    assert names(ordered(members, "ksort")) == ["C", "a", "b"]
    assert names(ordered(members, "reverse")) == ["b", "a", "C"]
