"""
Make a document smaller while a program still answers it wrongly, and in the same way.

A recorded body breaks one rule somewhere in thousands of bytes. Members go first,
then elements, then the halves of strings and numbers, each as long as the difference
stays. A text that does not consist of JSON tokens is halved as bytes.

The number of questions is bounded, and the same program and document give the same
result.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import combinations
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from kesspay.conformance.causes import parts_of
from kesspay.errors import CanonicalizationError
from kesspay.explain.mistakes import make, style_of
from kesspay.explain.nodes import read_document
from kesspay.explain.render import Renderer
from kesspay.explain.search import Subject, find_signed_text
from kesspay.signing.documents import canonicalize
from kesspay.signing.profile import PHP_8


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kesspay.explain.mistakes import Mistake
    from kesspay.signing.profile import Profile


__all__ = ["QUESTIONS", "SameFault", "Shrunk", "expected_of", "shrink"]

#: How often a program is asked at most.
QUESTIONS: Final = 2000

#: What the search for known mistakes may write, in bytes.
_BUDGET: Final = 8 << 20


@dataclass(frozen=True, slots=True)
class Shrunk:
    """
    A smaller document that is still answered wrongly.

    Attributes:
        text: the document.
        asked: how many questions it took.
        finished: whether nothing more could be left out; else the questions ran out.
    """

    text: bytes
    asked: int
    finished: bool


class _Spent(Exception):
    """All questions were asked."""


@dataclass(slots=True)
class _Asker:
    """Asks each text once, and counts."""

    differs: Callable[[bytes], bool]
    left: int
    asked: int = 0
    _seen: set[bytes] = field(default_factory=set)

    def smaller(self, texts: Iterator[bytes]) -> bytes | None:
        """Return the first text that still differs."""
        for text in texts:
            name = sha256(text).digest()
            if name in self._seen:
                continue
            if self.left <= 0:
                raise _Spent
            self._seen.add(name)
            self.left -= 1
            self.asked += 1
            if self.differs(text):
                return text
        return None


def shrink(
    text: bytes, differs: Callable[[bytes], bool], *, questions: int = QUESTIONS
) -> Shrunk:
    """
    Leave out of a document what the difference does not need.

    Args:
        text: a document for which ``differs`` is true.
        differs: whether a document is still answered wrongly.
        questions: how often it is asked at most.
    """
    asker = _Asker(differs, questions)
    finished = True
    try:
        while True:
            found = asker.smaller(_candidates(text))
            if found is None:
                break
            text = found
    except _Spent:
        finished = False
    return Shrunk(text, asker.asked, finished)


# ------------------------------------------------------------ smaller documents

#: A token of JSON, or of something like it, with the blanks before it.
_TOKEN: Final = re.compile(
    rb"""[ \t\r\n]*+(?:
        ("(?:[^"\\]|\\.)*+")        # a string, escapes as they stand
      | ([\[{\]},:])
      | ([^\[\]{}:,"\s]++)          # a number or a word
    )""",
    re.VERBOSE | re.DOTALL,
)
_UNIT: Final = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|\\u[0-9a-fA-F]{4}|\\.|[\xc2-\xf4][\x80-\xbf]+|.",
    re.DOTALL,
)
_CLOSES: Final = {b"{": b"}", b"[": b"]"}


@dataclass(slots=True)
class _Value:
    """
    A value, and where it is in the text.

    Attributes:
        start: where its key begins, or itself where it has none.
        at: where it begins.
        end: behind it.
        inner: what it contains.
        key_end: behind its key; ``start`` where it has none.
    """

    start: int
    at: int
    end: int = 0
    inner: list[_Value] = field(default_factory=list)
    key_end: int = 0


def _candidates(text: bytes) -> Iterator[bytes]:
    """Give smaller texts, those that leave out most first."""
    top = _parse(text)
    if top is None:
        yield from _without_pieces(text, list(_bytes_of(text)), b"")
        return
    compact = _compact(text)
    if len(compact) < len(text):
        yield compact
    values = list(_walk(top))
    boxes = [value for value in values if value.inner]
    for box in boxes:
        yield from _with_fewer(text, box)
    for box in boxes:
        for one in box.inner:
            yield text[: box.at] + text[one.at : one.end] + text[box.end :]
    for value in values:
        if value.key_end > value.start:
            yield from _with_shorter(text, value.start, value.key_end)
        if text[value.at : value.at + 1] not in b"[{":
            yield from _with_shorter(text, value.at, value.end)


def _with_fewer(text: bytes, box: _Value) -> Iterator[bytes]:
    """Leave out members or elements: all, halves, quarters, single ones."""
    count = len(box.inner)
    for size in _sizes(count):
        for first in range(0, count, size):
            last = min(first + size, count)
            if last < count:
                cut = box.inner[first].start, box.inner[last].start
            elif first:
                cut = box.inner[first - 1].end, box.inner[last - 1].end
            else:
                cut = box.inner[0].start, box.inner[-1].end
            yield text[: cut[0]] + text[cut[1] :]


def _with_shorter(text: bytes, start: int, end: int) -> Iterator[bytes]:
    """Shorten a string, a number or a word."""
    token = text[start:end]
    quote = b'"' if token.startswith(b'"') else b""
    units = _UNIT.findall(token[1:-1] if quote else token)
    if not quote and len(units) < 2:
        return
    for shorter in _without_pieces(token, units, quote):
        yield text[:start] + shorter + text[end:]


def _without_pieces(whole: bytes, units: list[bytes], quote: bytes) -> Iterator[bytes]:
    """Leave out runs of units: all, halves, quarters, single ones."""
    for size in _sizes(len(units)):
        for first in range(0, len(units), size):
            kept = b"".join(units[:first] + units[first + size :])
            if quote + kept + quote != whole and (kept or quote):
                yield quote + kept + quote


def _sizes(count: int) -> Iterator[int]:
    size = count
    while size:
        yield size
        size //= 2


def _bytes_of(text: bytes) -> Iterator[bytes]:
    return (text[at : at + 1] for at in range(len(text)))


def _compact(text: bytes) -> bytes:
    """Leave out the blanks between tokens."""
    return b"".join(found[0].lstrip(b" \t\r\n") for found in _TOKEN.finditer(text))


def _walk(top: _Value) -> Iterator[_Value]:
    """Give a value and all in it, the outer ones first."""
    work = [top]
    while work:
        level, work = work, []
        for value in level:
            yield value
            work += value.inner


def _parse(text: bytes) -> _Value | None:
    """Find the values of a text; None where it does not consist of them."""
    tokens: list[tuple[bytes, int, int]] = []
    at = 0
    while at < len(text.rstrip(b" \t\r\n")):
        found = _TOKEN.match(text, at)
        if found is None:
            return None
        token = found[0].lstrip(b" \t\r\n")
        tokens.append((token, found.end() - len(token), found.end()))
        at = found.end()
    builder = _Builder()
    for number, (token, start, end) in enumerate(tokens):
        behind = tokens[number + 1][0] if number + 1 < len(tokens) else b""
        if not builder.take(token, start, end, behind):
            return None
    return None if builder.open else builder.top


@dataclass(slots=True)
class _Builder:
    """
    Puts the tokens of one value together.

    Attributes:
        top: the value, once it began.
        open: the containers that are open, and what closes each.
        key: where the key of the next value is.
        before: the token before.
    """

    top: _Value | None = None
    open: list[tuple[_Value, bytes]] = field(default_factory=list)
    key: tuple[int, int] | None = None
    before: bytes = b""

    def take(self, token: bytes, start: int, end: int, behind: bytes) -> bool:
        """Take the next token; return whether it can stand there."""
        closer = self.open[-1][1] if self.open else b""
        fits = bool(self.open) or self.top is None
        if token in (b"]", b"}"):
            fits = fits and token == closer
            if fits:
                self.open.pop()[0].end = end
        elif token == b":":
            fits = fits and self.key is not None and self.before != b":"
        elif closer == b"}" and self.key is None and behind == b":":
            self.key = (start, end)
        elif token == b",":
            self.key = None
        else:
            self._begin(token, start, end)
        self.before = token
        return fits

    def _begin(self, token: bytes, start: int, end: int) -> None:
        """Begin a value."""
        first, key_end = self.key or (start, start)
        value = _Value(first, start, end, key_end=key_end)
        self.key = None
        if self.open:
            self.open[-1][0].inner.append(value)
        else:
            self.top = value
        if token in _CLOSES:
            self.open.append((value, _CLOSES[token]))


# ------------------------------------------------------------ the same fault

#: What is wrong with an answer; of a document that must be refused also why.
_Kind: TypeAlias = tuple[Literal["other bytes", "refused", "not refused"], str]


def expected_of(text: bytes, profile: Profile = PHP_8) -> bytes | None:
    """Return the canonical form of a document, or None where it has none."""
    try:
        return canonicalize(text, profile=profile)
    except CanonicalizationError:
        return None


class SameFault:
    """
    Whether another document shows the fault that a first one shows.

    A program that breaks several rules must not lead from the one that was met to
    another. Where known mistakes give the wrong answer, no others may; else a wrong
    answer must stay wrong in the same way.

    Args:
        text: the document.
        actual: the wrong answer to it; None where it was refused.
        profile: the PHP settings of the gateway.
    """

    def __init__(
        self, text: bytes, actual: bytes | None, profile: Profile = PHP_8
    ) -> None:
        """Find out what is wrong with the answer."""
        self._profile = profile
        self._kind = _kind(text, actual, profile)
        self.mistakes = _mistakes(text, actual, profile)

    @property
    def is_one(self) -> bool:
        """Whether the answer is wrong at all."""
        return self._kind is not None

    def is_in(
        self, text: bytes, actual: bytes | None, mistake: Mistake | None = None
    ) -> bool:
        """
        Return whether this answer to this document has the fault, too.

        Args:
            text: another document.
            actual: the answer to it.
            mistake: the one of ``mistakes`` that must take part in it.
        """
        if _kind(text, actual, self._profile) != self._kind:
            return False
        if not self.mistakes:
            return True
        document = read_document(text)
        if document is None:
            return False
        renderer, base = Renderer(document), style_of(self._profile)
        needed = () if mistake is None else (mistake,)
        others = [one for one in self.mistakes if one not in needed]
        for count in range(len(others) + 1):
            for some in combinations(others, count):
                if renderer.render(make(base, (*some, *needed))) != actual:
                    continue
                return not needed or renderer.render(make(base, some)) != actual
        return False


def _kind(text: bytes, actual: bytes | None, profile: Profile) -> _Kind | None:
    """Say in which way an answer is wrong; None where it is right."""
    try:
        expected = canonicalize(text, profile=profile)
    except CanonicalizationError as error:
        return None if actual is None else ("not refused", error.reason)
    if actual is None:
        return "refused", ""
    return None if actual == expected else ("other bytes", "")


def _mistakes(
    text: bytes, actual: bytes | None, profile: Profile
) -> tuple[Mistake, ...]:
    """Find the known mistakes that give an answer."""
    document = read_document(text)
    if document is None or actual is None:
        return ()
    subject = Subject(text.decode(), document, canonicalize(text), profile)
    found = find_signed_text(subject, actual.__eq__, budget=_BUDGET)
    return () if found is None else parts_of(document, found.codes, profile)
