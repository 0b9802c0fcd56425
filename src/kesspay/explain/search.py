"""
Find out over which text a signature was made.

The search tries one known mistake, then two together, and so on, and stops at the
first text that is accepted: the simplest explanation that fits. It does not matter
what a text is compared with (a digest from a signature, or a text that the other
side gave). The work is bounded by the bytes written, not by a clock, so the same
input always has the same answer.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Final, TypeAlias

from kesspay.errors import CanonicalizationError
from kesspay.explain.members import CODES as MEMBERS
from kesspay.explain.members import members_of_request, other_members
from kesspay.explain.mistakes import (
    AROUND,
    FRAME,
    MISTAKES,
    Mistake,
    make,
    profile_of,
    style_of,
)
from kesspay.explain.profiles import texts_by_profile
from kesspay.explain.raw import RAW, raw_texts
from kesspay.explain.render import Renderer, count_values, wrap
from kesspay.explain.report import Finding
from kesspay.signing.profile import Profile


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kesspay.explain.mistakes import Style
    from kesspay.explain.render import Node
    from kesspay.explain.report import Kind


__all__ = [
    "BUDGET",
    "DEEPEST",
    "SignedText",
    "Subject",
    "find_mistakes",
    "find_profile",
    "find_signed_text",
    "text_made_with",
]


# ------------------------------------------------------------ known mistakes


#: How many mistakes at once are tried.
DEEPEST: Final = 4
#: What a search may spend. A usual attempt costs two or three thousand, and takes
#: some 30 microseconds.
BUDGET: Final = 10_800_000
_STARS: Final = b"***"
#: What an attempt and each value in it cost besides the bytes, in bytes.
_OVERHEAD: Final = 400
_PER_VALUE: Final = 50


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
#: What is rarely done, and then with no more than one other mistake.
_RARE_WITH: Final = 2
_RARE: Final = frozenset(
    m.code
    for m in MISTAKES
    if m.fields & {"chars", "with_key"}
    or m.code.startswith(("form_", "library_query"))
    or m.code.startswith(("values_trimmed", "hashing_", "encoding_"))
    or m.code.startswith(("order_values", "order_bytes", "order_utf16"))
    or m.code == "order_reverse"
    or m.code in {"numbers_php_100", "numbers_javascript", "empty_force"}
    or m.code in {"html_gson", "html_hex", "keys_javascript"}
    or m.code.startswith("library_gson")
)
#: What is done so rarely that it is tried only where nothing else was done.
_ALONE: Final = frozenset(
    m.code
    for m in MISTAKES
    if m.code in {"form_query_rfc3986", "form_query_decoded", "encoding_entities"}
    or m.code in {"form_values_comma", "form_values_pipe", "form_values_list"}
    or m.code in {"form_values_sort", "form_values_rsort", "order_document_reverse"}
    or m.code in {"form_pairs", "encoding_percent", "encoding_json"}
    or m.code.startswith("chars_entities_")
)
_UNFRAMED: Final = _ALONE | {"with_key_member", "order_values_reverse"}
_WITH_KEY: Final = frozenset({"with_key"})
_AROUND: Final = [m for m in MISTAKES if m.fields <= AROUND]
#: What is most likely done besides leaving a member out.
_BESIDE_MEMBERS: Final = [
    m
    for m in MISTAKES
    if m.code.startswith("library_")
    or m.code in {"slashes_raw", "unicode_raw", "order_document", "order_deep"}
    or m.code in {"with_type_kept", "form_query", "form_query_encoded", "end_lf"}
]
_BY_CODE: Final = {mistake.code: mistake for mistake in MISTAKES}


_Candidate: TypeAlias = "tuple[tuple[Mistake, ...], bytes | None]"


class _Spent(Exception):
    """The budget is used up."""


class _Search:
    """One search: the document, what is sought, and what is left to spend."""

    def __init__(
        self,
        document: Node,
        base: Style,
        accepts: Callable[[bytes], bool],
        budget: int,
        secret: bytes = b"",
    ) -> None:
        self.renderer = Renderer(document, secret)
        self._base = base
        self._accepts = accepts
        self.left = budget
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
                active = self._active[frame]
                if count > _RARE_WITH:
                    active = [one for one in active if one.code not in _RARE]
                for others in combinations(active, rest):
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
            if mistake.fields == _WITH_KEY and not self.renderer.secret:
                continue
            if frame and mistake.code in _UNFRAMED:
                continue
            made = (*frame, mistake)
            text = self._write(made)
            if text not in seen:
                seen.add(text)
                if mistake.code not in _ALONE:
                    active.append(mistake)
                yield made, text
        # What a library does by default goes with any other mistake, so it
        # comes first where mistakes are put together.
        active.sort(key=lambda mistake: len(mistake.changes), reverse=True)
        self._active[frame] = active

    def _write(self, made: tuple[Mistake, ...]) -> bytes | None:
        """Write the text with these mistakes in it."""
        try:
            text = self.renderer.render(make(self._base, made))
        except CanonicalizationError:
            text = None
        if not self.spend(text):
            raise _Spent
        return text

    def spend(self, text: bytes | None) -> bool:
        """Pay for a text; False where nothing is left."""
        self.left -= self._cost + len(text or b"")
        return self.left >= 0


def find_mistakes(
    document: Node,
    raw: dict[str, bytes],
    profile: Profile,
    accepts: Callable[[bytes], bool],
    *,
    budget: int = BUDGET,
    deepest: int = DEEPEST,
    secret: bytes = b"",
) -> tuple[str | None, tuple[Mistake, ...]] | None:
    """
    Find the fewest known mistakes that give an accepted text.

    One mistake comes first, then the ready-made texts, with something around
    them perhaps, then several mistakes together.

    Args:
        document: as ``nodes.read`` gives it.
        raw: texts that were signed without canonicalizing, by name.
        profile: the profile of the right text.
        accepts: whether a text is the one that is sought.
        budget: how many bytes may be written before the search gives up.
        deepest: how many mistakes at once are tried.
        secret: a secret that may be part of the text.

    Returns:
        The name of the ready-made text, or None for a text made from the
        document, and the mistakes in it; None where nothing is accepted.
    """
    base = style_of(profile)
    search = _Search(document, base, accepts, budget, secret)
    made = search.run(range(1, 2))
    if made is not None:
        return None, made
    found = _find_raw(raw, base, accepts, secret)
    if found is not None:
        return found
    made = _other_members(document, base, accepts, search)
    if made is None and deepest > 1:
        made = search.run(range(2, deepest + 1))
    return None if made is None else (None, made)


def _other_members(
    document: Node,
    base: Style,
    accepts: Callable[[bytes], bool],
    search: _Search,
) -> tuple[Mistake, ...] | None:
    """Look whether a member was left out or added, alone and with one mistake."""
    variants = [
        (mistake, search.renderer.variant(other))
        for mistake, other in other_members(document)
    ]
    of_request = [
        (mistake, search.renderer.variant(other))
        for mistake, other in members_of_request(document)
    ]
    for more in ((), *((one,) for one in _BESIDE_MEMBERS)):
        style = make(base, more)
        # Members of a request are rare enough to be the only mistake.
        for mistake, renderer in variants if more else (*variants, *of_request):
            try:
                text = renderer.render(style)
            except CanonicalizationError:
                continue
            if not search.spend(text):
                return None
            if text is not None and accepts(text):
                return (mistake, *more)
    return None


def _find_raw(
    raw: dict[str, bytes],
    base: Style,
    accepts: Callable[[bytes], bool],
    secret: bytes,
) -> tuple[str, tuple[Mistake, ...]] | None:
    """Look among the ready-made texts, as they are and with something around."""
    around_it = [m for m in _AROUND if secret or m.fields != _WITH_KEY]
    for around in ((), *((m,) for m in around_it)):
        for name, text in raw.items():
            try:
                wrapped = wrap(text, make(base, around), secret)
            except UnicodeDecodeError:
                continue
            if accepts(wrapped):
                return name, around
    return None


# ------------------------------------------------------------ the signed text


@dataclass(frozen=True, slots=True)
class Subject:
    """
    A body that is a document.

    Args:
        text: the body.
        document: the same as ``nodes.read`` gives it.
        canonical: its canonical form; empty, which no form is, where it has
            none because a number in it is not finite.
        profile: the profile of the canonical form.
        secret: a secret that may be part of the signed text.
    """

    text: str
    document: Node
    canonical: bytes
    profile: Profile
    secret: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class SignedText:
    """
    A text that was signed, and the mistakes in it.

    Args:
        codes: the mistakes in it.
        findings: the same in words.
        text: what was signed, stars for a secret; None where that cannot be shown.
        profile: the profile whose canonical form it is, or None.
        parts: what a signer does otherwise for it, where it has a profile.
    """

    codes: tuple[str, ...]
    findings: tuple[Finding, ...]
    text: bytes | None
    profile: Profile | None = None
    parts: tuple[Finding, ...] = ()

    def said(self, kind: Kind) -> tuple[Finding, ...]:
        """Return the findings; a profile is no way out for who signs a request."""
        return (kind == "request" and self.parts) or self.findings


def find_profile(
    subject: Subject, accepts: Callable[[bytes], bool]
) -> SignedText | None:
    """
    Find the PHP settings that turn a document into an accepted text.

    This is the part of ``find_signed_text`` that takes microseconds.

    Returns:
        The settings, or None where none of the 72 fit.
    """
    base = style_of(subject.profile)
    for profile, text in texts_by_profile(subject.text):
        if text == subject.canonical or not accepts(text):
            continue
        style = style_of(profile)
        changes = [
            mistake
            for mistake in MISTAKES
            if len(mistake.changes) == 1
            and all(
                getattr(style, field) == value != getattr(base, field)
                for field, value in mistake.changes
            )
        ]
        return _made_with(tuple(changes), text, subject.profile)
    return None


def text_made_with(subject: Subject, codes: Sequence[str]) -> bytes | None:
    """
    Write the text that a document has with known mistakes.

    Args:
        subject: the body.
        codes: of ``SignedText``, other than those of a profile.

    Returns:
        The text, or None where the mistakes make none of this document.
    """
    mistakes = [_BY_CODE[code] for code in codes if code in _BY_CODE]
    style = make(style_of(subject.profile), mistakes)
    names = [code for code in codes if code in RAW]
    try:
        if not names:
            return Renderer(subject.document).render(style)
        raw = raw_texts(subject.text).get(names[0])
        return None if raw is None else wrap(raw, style)
    except (CanonicalizationError, UnicodeDecodeError):
        return None


def find_signed_text(
    subject: Subject,
    accepts: Callable[[bytes], bool],
    *,
    budget: int = BUDGET,
    deepest: int = DEEPEST,
) -> SignedText | None:
    """
    Find the known mistakes that turn a document into an accepted text.

    Args:
        subject: the body.
        accepts: whether a text is the one that is sought.
        budget: how many bytes may be written before the search gives up.
        deepest: how many mistakes at once are tried.

    Returns:
        The fewest mistakes that fit, or None.
    """
    profile = subject.profile
    raw = raw_texts(subject.text)
    accepted: list[bytes] = []

    def keep(text: bytes) -> bool:
        fits = accepts(text)
        if fits:
            accepted.append(text)
        return fits

    found = find_mistakes(
        subject.document,
        raw,
        profile,
        keep,
        budget=budget,
        deepest=deepest,
        secret=subject.secret,
    )
    if found is None:
        return None
    name, mistakes = found
    text: bytes | None = accepted[-1]
    if any(mistake.fields == _WITH_KEY for mistake in mistakes):
        text = _without_secret(subject, None if name is None else raw[name], mistakes)
    if name is None:
        return _made_with(mistakes, text, profile)
    codes = (name, *(m.code for m in mistakes))
    findings = (Finding(name, *RAW[name]), *map(_finding, mistakes))
    return SignedText(codes, findings, text)


def _without_secret(
    subject: Subject, raw: bytes | None, mistakes: tuple[Mistake, ...]
) -> bytes | None:
    """Write a text with stars for the secret; None where it was hashed or encoded."""
    style = make(style_of(subject.profile), mistakes)
    if style.hashing != "once" or style.encoding != "utf8":
        return None
    if raw is not None:
        return wrap(raw, style, _STARS)
    return Renderer(subject.document, _STARS).render(style)


def _made_with(
    mistakes: tuple[Mistake, ...], text: bytes | None, profile: Profile
) -> SignedText:
    """Put mistakes into words; a profile, where one makes them all good."""
    codes = tuple(m.code for m in mistakes)
    other = profile_of(make(style_of(profile), mistakes))
    if other is None or any(m.code in MEMBERS for m in mistakes):
        return SignedText(codes, tuple(map(_finding, mistakes)), text)
    words = ", ".join(m.what for m in mistakes)
    finding = Finding(
        "profile",
        f"the text that was signed is that of another profile: {words}",
        f"use {_spelled(other)} if the gateway runs PHP with these settings",
    )
    return SignedText(codes, (finding,), text, other, tuple(map(_finding, mistakes)))


def _spelled(profile: Profile) -> str:
    """Write a profile with the settings that are not the default."""
    default = Profile()
    settings = [
        f"{name}={value!r}"
        for name, value in asdict(profile).items()
        if value != getattr(default, name)
    ]
    return f"Profile({', '.join(settings)})"


def _finding(mistake: Mistake) -> Finding:
    """Put a mistake into words."""
    return Finding(mistake.code, mistake.what, mistake.fix)
