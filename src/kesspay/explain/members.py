"""Members that were left out of the text, or are in the text only."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Final

from kesspay.explain.mistakes import Mistake
from kesspay.explain.nodes import Members, brief, path_of
from kesspay.gateway.services import QUERY, SERVICES


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kesspay.explain.nodes import Node


__all__ = ["CODES", "members_of_request", "other_members"]

#: The codes of these mistakes, which have a text for each member.
CODES: Final[dict[str, str]] = {
    "member_left_out": "a member was left out of the text",
    "member_added": "the text has a member that the body has not",
}
#: How many members are left out, one at a time, and how deep they are looked for.
_MOST: Final = 60
_DEEPEST: Final = 3
_NEVER: Final = frozenset({"sign", "sign_type"})
#: Members that programs add, and values that they may have.
_EMPTY: Final = ("remark", "note", "description", "currency", "notify_url", "extra")
_ADDED: Final[tuple[tuple[str, str | None], ...]] = (
    *((name, value) for name in _EMPTY for value in (None, "")),
    ("key", ""),
    ("sign_type", "RSA"),
    ("charset", "UTF-8"),
    ("charset", "utf-8"),
    ("input_charset", "UTF-8"),
    ("format", "JSON"),
    ("version", "1.0"),
)
#: Members of a request that its answer has in "data".
_ASKED: Final = ("out_trade_no", "receiver_id", "amount", "currency", "pre_transfer_id")


def other_members(document: Node) -> Iterator[tuple[Mistake, Node]]:
    """
    Yield the documents with a member less or more, and the mistake for each.

    Args:
        document: as ``nodes.read`` gives it.
    """
    if not isinstance(document, Members):
        return
    yield from islice(_less(document, "", 1), _MOST)
    yield from _more(document, (((name, value),) for name, value in _ADDED))


def members_of_request(document: Node) -> Iterator[tuple[Mistake, Node]]:
    """
    Yield the documents with members of a request, which an answer was signed with.

    Args:
        document: as ``nodes.read`` gives it.
    """
    if isinstance(document, Members):
        yield from _more(document, _asked(document))


def _more(
    document: Members, additions: Iterable[tuple[tuple[str, Node], ...]]
) -> Iterator[tuple[Mistake, Node]]:
    """Add members that the document has not."""
    keys = {key for key, _ in document}
    for more in additions:
        if keys.isdisjoint(name for name, _ in more):
            what = " and ".join(
                f'"{name}" was in the text only, as {brief(value)}'
                for name, value in more
            )
            yield (
                _mistake("member_added", what, "sign the members that are sent"),
                Members((*document, *more)),
            )


def _asked(answer: Members) -> Iterator[tuple[tuple[str, Node], ...]]:
    """Yield the members of a request: those that are known, and those of its answer."""
    yield (("currency", "USD"),)
    for service in SERVICES:
        yield (("service", service),)
    data = dict(answer).get("data")
    if not isinstance(data, Members):
        return
    said = dict(data)
    asked = [(name, said[name]) for name in _ASKED if name in said]
    for one in asked:
        yield (one,)
    # All members of a query.
    if asked and asked[0][0] == _ASKED[0]:
        yield ("service", QUERY), asked[0]


def _less(members: Members, path: str, level: int) -> Iterator[tuple[Mistake, Members]]:
    """Leave out one member after the other, those of this object first."""
    for at, (key, _) in enumerate(members):
        if level > 1 or key not in _NEVER:
            rest = Members((*members[:at], *members[at + 1 :]))
            place = path_of(path, key) if path else json.dumps(key)
            what = f"{place} was left out of the text"
            yield (
                _mistake("member_left_out", what, "sign every member that is sent"),
                rest,
            )
    for at, (key, value) in enumerate(members):
        if not isinstance(value, Members) or level == _DEEPEST:
            continue
        for mistake, rest in _less(value, path_of(path or "document", key), level + 1):
            changed = (*members[:at], (key, rest), *members[at + 1 :])
            yield mistake, Members(changed)


def _mistake(code: str, what: str, fix: str) -> Mistake:
    return Mistake(code, (), what, fix)
