"""
What the cases of the conformance kit are made from.

A module holds the rules of one area, its cases, and who answers them. Rules, labels
and questions are written by hand; answers never are. `make vectors` asks PHP and
OpenSSL for them and writes the kit (tests/conformance/build.py).

To add a case, put a ``Draft`` at the end of those of its rule: the number in its id is
its place there. A case that was wrong keeps its place and gets ``withdrawn``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from kesspay.conformance.kit import Level, Mistake, Refused, Rule


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


__all__ = ["Draft", "Level", "Mistake", "Refused", "Rule", "Source"]


@dataclass(frozen=True, slots=True)
class Draft:
    """
    A case without its answer.

    Attributes:
        rule: id of the rule it is about.
        level: who sends such an input.
        text: what is asked about.
        comment: what to see in it.
        profile: words of ``Profile``; "" for PHP 8.2 to 8.5 as it comes.
        key: PEM of the key, for sign, body and verify.
        kind: "private" or "public", for key.
        password: of an encrypted key.
        since: version of the kit that brings it.
        withdrawn: why the case was wrong; its id is not used again.
    """

    rule: str
    level: Level
    text: bytes
    comment: str = ""
    profile: str = ""
    key: bytes | None = None
    kind: str | None = None
    password: bytes | None = None
    since: str = "1.0"
    withdrawn: str = ""


class Source(NamedTuple):
    """
    The cases of one file of the kit, and who answers them.

    Attributes:
        file: name of the file without its suffix, one of ``kit.FILES``.
        about: what the cases are, in one sentence.
        rules: the rules of the area; () where another source of the area has them.
        mistakes: the mistakes that ``wrong`` can make.
        drafts: the cases.
        ask: asks the judges; returns who answered, and the answers in order.
        wrong: what each mistake answers to a case, None where it refuses. Right
            answers may be among them.
    """

    file: str
    about: str
    rules: Sequence[Rule]
    mistakes: Sequence[Mistake]
    drafts: Sequence[Draft]
    ask: Callable[[Sequence[Draft]], tuple[list[str], list[bytes | Refused]]]
    wrong: Callable[[Draft], Iterable[tuple[str, bytes | None]]]
