"""
Find out which known mistakes turn a document into the text that was signed.

The search tries one mistake, then two together, and so on, and stops at the
first text that is accepted: the simplest story that fits. What a text is
compared with does not matter here (a digest out of a signature, or a text the
other side gave). The work is bounded by the bytes written, not by a clock, so
the same input always has the same answer.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final, TypeAlias

from kesspay.audit.mistakes import AROUND, FRAME, MISTAKES, Mistake, make
from kesspay.audit.render import Renderer, wrap
from kesspay.audit.style import style_of
from kesspay.audit.tree import count_values
from kesspay.errors import CanonicalizationError


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kesspay.audit.style import Style
    from kesspay.audit.tree import Node
    from kesspay.signing.profile import Profile


__all__ = ["DEEPEST", "find_mistakes"]

#: How many mistakes at once are tried.
DEEPEST: Final = 4
#: What a search may spend. A usual attempt costs two or three thousand.
_BUDGET: Final = 24 * 1024 * 1024
#: What an attempt and each value in it cost besides the bytes, in bytes.
_OVERHEAD: Final = 500
_PER_VALUE: Final = 100


def _apart(mistakes: tuple[Mistake, ...]) -> bool:
    """Say whether no two mistakes are about the same field."""
    fields = [field for mistake in mistakes for field in mistake.fields]
    return len(fields) == len(set(fields))


def _frames() -> Iterator[tuple[Mistake, ...]]:
    """Give the choices of members: two mistakes about them, one, or none."""
    about = [m for m in MISTAKES if m.fields <= FRAME]
    for pair in combinations(about, 2):
        if _apart(pair) and "scope_data" not in {m.code for m in pair}:
            yield pair
    yield from ((mistake,) for mistake in about)
    yield ()


#: The fewer mistakes are left for the text itself, the sooner it is done.
_FRAMES: Final = tuple(_frames())
_OTHER_MISTAKES: Final = [m for m in MISTAKES if not m.fields <= FRAME]
_AROUND: Final = [m for m in MISTAKES if m.fields <= AROUND]


_Candidate: TypeAlias = "tuple[tuple[Mistake, ...], bytes | None]"


class _Spent(Exception):
    """The budget is used up."""


class _Search:
    """One search: the document, what is sought, and what is left to spend."""

    def __init__(
        self, document: Node, base: Style, accepts: Callable[[bytes], bool]
    ) -> None:
        self._renderer = Renderer(document)
        self._base = base
        self._accepts = accepts
        self._left = _BUDGET
        self._cost = _OVERHEAD + _PER_VALUE * count_values(document)
        self._active: dict[tuple[Mistake, ...], list[Mistake]] = {}

    def run(self, counts: range) -> tuple[Mistake, ...] | None:
        """Try ever more mistakes at once."""
        try:
            for count in counts:
                for made, text in self._candidates(count):
                    if text is not None and self._accepts(text):
                        return tuple(sorted(made, key=MISTAKES.index))
        except _Spent:
            pass
        return None

    def _candidates(self, count: int) -> Iterator[_Candidate]:
        """Give every set of this many mistakes that makes sense together."""
        # Of single mistakes those in the text are the likelier ones.
        for frame in sorted(_FRAMES, key=len) if count == 1 else _FRAMES:
            rest = count - len(frame)
            if rest == 0:
                yield frame, self._write(frame)
            elif rest == 1 and self._makes_sense(frame):
                yield from self._alone(frame)
            elif rest > 1 and frame in self._active:
                for others in combinations(self._active[frame], rest):
                    if _apart(others):
                        yield frame + others, self._write(frame + others)

    def _makes_sense(self, frame: tuple[Mistake, ...]) -> bool:
        """Say whether these members can be had and differ from the default."""
        if not frame:
            return True
        text = self._write(frame)
        return text is not None and text != self._write(frame[:-1])

    def _alone(self, frame: tuple[Mistake, ...]) -> Iterator[_Candidate]:
        """Try one more mistake, and remember which change the text at all."""
        seen = {self._write(frame), None}
        active = []
        for mistake in _OTHER_MISTAKES:
            made = (*frame, mistake)
            text = self._write(made)
            if text not in seen:
                seen.add(text)
                active.append(mistake)
                yield made, text
        # What a library does by default goes with any other mistake, so it
        # comes first where mistakes are put together.
        active.sort(key=lambda mistake: len(mistake.changes), reverse=True)
        self._active[frame] = active

    def _write(self, made: tuple[Mistake, ...]) -> bytes | None:
        """Write the text with these mistakes in it."""
        try:
            text = self._renderer.render(make(self._base, made))
        except CanonicalizationError:
            text = None
        self._left -= self._cost + len(text or b"")
        if self._left < 0:
            raise _Spent
        return text


def find_mistakes(
    document: Node,
    raw: dict[str, bytes],
    profile: Profile,
    accepts: Callable[[bytes], bool],
) -> tuple[str | None, tuple[Mistake, ...]] | None:
    """
    Find the simplest story of how an accepted text came about.

    One mistake comes first, then the ready-made texts, with something around
    them perhaps, then several mistakes together.

    Args:
        document: as ``tree.read`` gives it.
        raw: texts that were not made from the document, by name.
        profile: of the right text.
        accepts: whether a text is the one that is sought.

    Returns:
        The name of the ready-made text, or None for a text made from the
        document, and the mistakes in it; None where nothing is accepted.
    """
    search = _Search(document, style_of(profile), accepts)
    made = search.run(range(1, 2))
    if made is not None:
        return None, made
    found = _find_raw(raw, style_of(profile), accepts)
    if found is not None:
        return found
    made = search.run(range(2, DEEPEST + 1))
    return None if made is None else (None, made)


def _find_raw(
    raw: dict[str, bytes], base: Style, accepts: Callable[[bytes], bool]
) -> tuple[str, tuple[Mistake, ...]] | None:
    """Look among the ready-made texts, as they are and with something around."""
    for around in ((), *((m,) for m in _AROUND)):
        for name, text in raw.items():
            try:
                wrapped = wrap(text, make(base, around))
            except UnicodeDecodeError:
                continue
            if accepts(wrapped):
                return name, around
    return None
