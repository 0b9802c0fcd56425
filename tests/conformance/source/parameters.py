"""
The area parameters: an array of parameters and its canonical form.

The rules are those of documents; what only parameters can hold has rules of its own.
A program that signs has such an array and no text, so most rules have cases here too.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from kesspay.errors import CanonicalizationError
from kesspay.signing.documents import canonicalize
from tests.conformance.broken import each
from tests.conformance.source import Draft, Refused, Source
from tests.conformance.source.rules import (
    RULES,
    TREE_MISTAKES,
    TREE_RULES,
    tried,
)
from tests.support.php import Php
from tests.support.trees import decode_tree, encode_tree
from tests.vectors.ask import php_name


if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def _nested(levels: int) -> dict[str, Any]:
    """Return parameters of so many levels."""
    tree: dict[str, Any] = {"a": "b"}
    for _ in range(levels - 1):
        tree = {"a": tree}
    return tree


#: The cases of each rule. A case is a mapping, or one with what to see in it.
_CASES: Final[dict[str, list[dict[str, Any] | tuple[dict[str, Any], str]]]] = {
    "plain.form": [{"a": "b", "c": "d"}],
    "plain.bare": [{"a": "b"}],
    "plain.json": [{"a": 1}],
    "number.integer": [
        ({"a": 2**53 + 1}, "2^53 + 1"),
        ({"a": 2**63 - 1}, "the largest of 64 bits"),
        ({"a": 2**31}, "2^31"),
    ],
    "number.least": [({"a": -(2**63)}, "-2^63")],
    "number.minus_zero": [{"a": -0.0}, {"a": [-0.0]}],
    "number.double": [{"a": 19.99}],
    "number.underflow": [{"a": 5e-324}],
    "sort.bytes": [{"b": 1, "a": 2}, {"c": "d", "a": "b"}],
    "sort.nested": [{"a": {"c": 1, "b": 2}}],
    "sort.nested_numbers": [{"a": {"b": 1, "2": 3}}],
    "sort.underscore": [{"a_b": 1, "aa": 2}],
    "sort.length": [{"b": 1, "aa": 2}],
    "sort.case": [{"a": 1, "B": 2}],
    "sort.digits": [{"a10": 1, "a9": 2}],
    "sort.code_points": [{"\ufffd": 1, "\U0001f600": 2}],
    "sort.numbers": [{"10": 1, "9": 2}, {"2": 1, "100": 2, "30": 3}],
    "sort.mixed": [{"a": 1, "5": 2}, {"": 1, "5": 2}, {"5a": 1, "10": 2}],
    "sort.numeric_strings": [{"1.5": 1, "1.25": 2}, {"1e1": 1, "9": 2}],
    "sort.ties": [{"10": 1, "1e1": 2}],
    "sort.algorithm": [{"2": 1, "1a": 2, "10": 3}],
    "remove.sign": [{"a": 1, "sign": "x"}, {"sign": "x", "z": 1}],
    "remove.sign_type": [{"a": 1, "sign_type": "RSA2"}],
    "remove.top_only": [{"a": {"sign": "x", "b": 1}}],
    "remove.exact": [{"Sign": "x", "a": 1}, {"a": 1, "signature": 2}],
    "remove.null": [{"a": 1, "sign": None}],
    "keep.null": [{"a": {"b": None}}, {"a": None, "b": 1}],
    "keep.empty": [{"a": {"b": ""}}, {"a": "", "b": 1}],
    "keep.falsy": [{"a": 0, "b": 1}, {"a": False, "b": 1}],
    "keep.blanks": [{"a": " b"}],
    "keep.keys": [{"a": {"01": 1}}, {"a": {"": 1}}],
    "keep.members": [{"data": {"a": 1}}],
    "keep.types": [{"a": "1"}, {"a": 5}, {"a": True}, {"a": None}],
    "keep.amount": [{"amount": 0.5}, {"amount": 100}],
    "list.empty": [{"a": {}}, {}, {"a": []}],
    "list.array": [{"a": ["b"]}],
    "list.numbered": [{"a": {"0": 1}}, {"a": {"0": "b", "1": "c"}}],
    "list.order": [{"a": {"1": 2, "0": 1}}],
    "list.gaps": [{"a": {"1": 1, "2": 2}}],
    "list.spelling": [{"a": {"00": 1}}, {"a": {"-0": 1}}],
    "list.after_sorting": [{"1": "b", "0": "a"}],
    "write.slash": [{"a": "b/c"}],
    "write.unicode": [({"a": "\u00e9"}, "U+00E9"), ({"a": "\u2028"}, "U+2028")],
    "write.lower_hex": [({"a": "\u17bb"}, "U+17BB")],
    "write.pairs": [({"a": "\U0001f600"}, "U+1F600")],
    "write.html": [{"a": "b<c"}, {"a": "b'c"}],
    "write.delete": [({"a": "b\x7f"}, "U+007F")],
    "write.control": [{"a": "b\nc"}, {"a": "b\x08c"}, {"a": "\x0b"}],
    "write.quote": [{"a": 'b"c'}, {"a": "b\\c"}],
    "write.keys": [{"b/c": 1}, {"5": 1}],
    "write.whole": [{"a": 1.0}, {"a": 1e10}],
    "write.digits": [{"a": 0.1}, {"a": 0.30000000000000004}],
    "write.decimal_point": [{"a": 0.5}],
    "write.large": [{"a": 1e16}, {"a": 1e17}],
    "write.small": [{"a": 0.0001}, {"a": 0.00001}],
    "write.exponent": [{"a": 1e25}, {"a": 1.5e-8}],
    "fail.empty": [{"a": math.inf}],
    "fail.infinite": [{"a": -math.inf}, {"a": [math.inf]}],
    # -------------------------------------------------------- only here
    "read.utf8": [
        ({"a": "\udcff"}, "the byte FF"),
        ({"a": {"\udce9": 1}}, "the byte E9 in a key"),
        ({"a": "\udced\udca0\udcbd"}, "half a surrogate pair in UTF-8"),
    ],
    "tree.depth": [
        (_nested(512), "512 levels, the most there can be"),
        (_nested(513), "513 levels"),
        (_nested(600), "600 levels"),
        ({"a": [_nested(510)]}, "512 levels, the most there can be"),
    ],
    "tree.nan": [
        {"a": math.nan},
        {"a": [math.nan]},
        {"a": {"b": math.nan}},
    ],
}


def _drafts() -> Iterator[Draft]:
    levels = {rule.id: rule.level for rule in (*RULES, *TREE_RULES)}
    for rule, cases in _CASES.items():
        for one in cases:
            tree, comment = one if isinstance(one, tuple) else (one, "")
            yield Draft(rule, levels[rule], encode_tree(tree), comment)


def _ask(drafts: Sequence[Draft]) -> tuple[list[str], list[bytes | Refused]]:
    trees = [decode_tree(draft.text) for draft in drafts]
    with Php() as php:
        given = php.canonicalize_parameters(trees)
    answers: list[bytes | Refused] = []
    for tree, answer in zip(trees, given, strict=True):
        if answer.canonical is not None:
            answers.append(answer.canonical)
            continue
        try:
            canonicalize(tree)
        except CanonicalizationError as error:
            answers.append(Refused(reason=error.reason, stage=answer.failure))
        else:
            msg = f"kesspay accepts what PHP refuses: {tree!r}"
            raise AssertionError(msg)
    return [php_name()], answers


def _wrong(draft: Draft) -> Iterator[tuple[str, bytes | None]]:
    codes = [mistake.code for mistake in (*tried(draft.text), *TREE_MISTAKES)]
    yield from each(draft.text, codes, tree=True)


SOURCE: Final = Source(
    file="parameters",
    about="an array of parameters, in the typed form, and its canonical form",
    rules=TREE_RULES,
    mistakes=TREE_MISTAKES,
    drafts=tuple(_drafts()),
    ask=_ask,
    wrong=_wrong,
)
