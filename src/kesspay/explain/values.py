"""
Find out which value was changed after signing.

The right key gives back the SHA-256 of the text that was signed. Where one value was
changed, the canonical form with the right value in its place has that digest: the
value is proved, not guessed. The few words that a field can have are tried, then the
values of other records of the transfer, then amounts below 10,000.00, the small ones
first. Only the value changes between two tries, so the text before it is hashed once.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from kesspay.explain.render import members_of
from kesspay.explain.report import ValueReport
from kesspay.gateway.services import ERROR_CODES, RESULT_CODES
from kesspay.signing.profile import PHP_8


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kesspay.signing.profile import Profile


__all__ = [
    "AMOUNTS",
    "Value",
    "find_signed_value",
    "has_other_word",
    "tries_within",
    "values_of",
]

#: What one try costs a budget, in bytes as ``search`` counts them, and how many bytes
#: of the text cost as much as one that is written: hashing is quicker than writing.
_COST: Final = 18
_HASHED: Final = 36
#: How deep values are looked for, and how many of them.
_DEEPEST: Final = 4
_MOST: Final = 200
#: Amounts are tried up to here, in hundredths.
AMOUNTS: Final = 1_000_000

#: The words that a field has, by its name.
_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "success": ("true", "false"),
    "currency": ('"USD"', '"KHR"'),
    "result_code": tuple(f'"{code}"' for code in RESULT_CODES),
    "error_code": tuple(f'"{code}"' for code in ERROR_CODES),
}
_AMOUNT: Final = "amount"


@dataclass(frozen=True, slots=True)
class Value:
    """
    A value and where it stands in a canonical text.

    Attributes:
        path: names of members, joined by dots.
        name: the last of them.
        start: offset of its first byte.
        end: offset behind it.
        is_text: whether it stands in quotes.
    """

    path: str
    name: str
    start: int
    end: int
    is_text: bool


def values_of(canonical: bytes) -> dict[str, Value]:
    """List the values of a canonical text by path; an array or deep object is one."""
    text = canonical.decode()
    found: dict[str, Value] = {}
    # Offsets are those of bytes where the text has a byte a character.
    plain = len(text) == len(canonical)
    work = [("", 0, text, 0)]
    while work and len(found) < _MOST:
        before, at, piece, depth = work.pop()
        for member in members_of(piece):
            path = f"{before}{member.key}"
            value = piece[member.value_start : member.end]
            if value.startswith("{") and depth < _DEEPEST:
                work.append((f"{path}.", at + member.value_start, value, depth + 1))
                continue
            start, end = at + member.value_start, at + member.end
            if not plain:
                start = len(text[:start].encode())
                end = start + len(value.encode())
            found[path] = Value(path, member.key, start, end, value[0] == '"')
    return found


def tries_within(budget: int, canonical: bytes) -> int:
    """
    Return how many values of a text can be tried for a budget.

    Each try hashes what follows the value, so that fewer are tried in a long text.

    Args:
        budget: in bytes, as ``search`` counts them.
        canonical: the text.
    """
    return budget // (_COST + len(canonical) // _HASHED)


def find_signed_value(
    canonical: bytes,
    digest: bytes,
    *,
    siblings: Iterable[bytes] = (),
    profile: Profile = PHP_8,
    tries: int = AMOUNTS + 10_000,
) -> ValueReport | None:
    """
    Find the value that was changed.

    Args:
        canonical: of the body that does not verify.
        digest: SHA-256 of the text that was signed.
        siblings: canonical texts of other records of the same transfer.
        profile: of the canonical form.
        tries: how many values are tried at most.

    Returns:
        The value, with which the text has this digest; None where none has.
    """
    values = values_of(canonical)
    for value, texts in _tries(values, siblings, profile):
        count, found = _fits(canonical, value, islice(texts, tries), digest)
        if found is not None:
            stands = canonical[value.start : value.end].decode()
            return ValueReport(value.path, found.decode(), stands)
        tries -= count
    return None


def has_other_word(canonical: bytes, digest: bytes) -> bool:
    """Say whether a field had another of its few words when the text was signed."""
    return any(
        _fits(canonical, value, texts, digest)[1] is not None
        for value, texts in _words(values_of(canonical))
    )


def _words(values: dict[str, Value]) -> Iterator[tuple[Value, Iterator[bytes]]]:
    for value in values.values():
        if value.name in _WORDS:
            yield value, (word.encode() for word in _WORDS[value.name])


def _tries(
    values: dict[str, Value], siblings: Iterable[bytes], profile: Profile
) -> Iterator[tuple[Value, Iterator[bytes]]]:
    """Yield values with what they could have been, the cheap ones first."""
    yield from _words(values)
    for sibling in siblings:
        for other in values_of(sibling).values():
            # A request has at the top what its answer has in data.
            known = [one for one in values.values() if one.name == other.name]
            same = [one for one in known if one.path == other.path]
            for value in same or known:
                yield value, iter([sibling[other.start : other.end]])
    for value in values.values():
        if value.name == _AMOUNT:
            yield value, _amounts(profile, as_text=value.is_text)


def _amounts(profile: Profile, *, as_text: bool) -> Iterator[bytes]:
    """Return the amounts below 10,000.00 as they stand in a canonical text."""
    if as_text:
        return (b'"%d.%02d"' % divmod(cents, 100) for cents in range(1, AMOUNTS))
    if profile.serialize_precision > 0 or profile.preserve_zero_fraction:
        return _spelled(profile)
    tails = [b"", *((b".%02d" % rest).rstrip(b"0") for rest in range(1, 100))]
    heads = (b"%d" % whole for whole in range(AMOUNTS // 100))
    # The first one is 0, which is no amount.
    return islice((head + tail for head in heads for tail in tails), 1, None)


def _spelled(profile: Profile) -> Iterator[bytes]:
    """Yield them as doubles are written; the whole ones as integers, too."""
    precision = profile.serialize_precision
    spell = repr if precision == -1 else f"{{:.{precision}g}}".format
    for cents in range(1, AMOUNTS):
        whole, rest = divmod(cents, 100)
        if rest:
            yield spell(cents / 100).encode()
            continue
        yield b"%d" % whole
        if profile.preserve_zero_fraction:
            yield b"%d.0" % whole


def _fits(
    canonical: bytes, value: Value, texts: Iterable[bytes], digest: bytes
) -> tuple[int, bytes | None]:
    """Return how many texts were tried, and the one that gives the digest or None."""
    before = hashlib.new("sha256", canonical[: value.start])
    behind = canonical[value.end :]
    count = 0
    for text in texts:
        count += 1
        state = before.copy()
        state.update(text + behind)
        if state.digest() == digest:
            return count, text
    return count, None
