"""Find out over which text a signature was made."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from kesspay.audit.mistakes import make
from kesspay.audit.rawtexts import RAW, raw_texts
from kesspay.audit.report import Finding
from kesspay.audit.search import find_mistakes
from kesspay.audit.style import profile_of, style_of
from kesspay.signing.profile import Profile


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.audit.mistakes import Mistake
    from kesspay.audit.tree import Node


__all__ = ["SignedText", "Subject", "find_signed_text"]


@dataclass(frozen=True, slots=True)
class Subject:
    """
    A body that is a document.

    Args:
        text: the body.
        document: the same as ``tree.read`` gives it.
        canonical: its canonical form; empty, which no form is, where it has
            none because a number in it is not finite.
        profile: of the canonical form.
    """

    text: str
    document: Node
    canonical: bytes
    profile: Profile


@dataclass(frozen=True, slots=True)
class SignedText:
    """
    How a text came about.

    Args:
        codes: the mistakes in it.
        findings: the same in words.
        profile: the profile whose canonical form it is, or None.
    """

    codes: tuple[str, ...]
    findings: tuple[Finding, ...]
    profile: Profile | None = None


def find_signed_text(
    subject: Subject, accepts: Callable[[bytes], bool]
) -> SignedText | None:
    """
    Find the known mistakes that turn a document into an accepted text.

    Args:
        subject: the body.
        accepts: whether a text is the one that is sought.

    Returns:
        The simplest story that fits, or None.
    """
    profile = subject.profile
    raw = raw_texts(subject.text)
    found = find_mistakes(subject.document, raw, profile, accepts)
    if found is None:
        return None
    name, mistakes = found
    if name is None:
        return _made_with(mistakes, profile)
    codes = (name, *(m.code for m in mistakes))
    findings = (Finding(name, *RAW[name]), *map(_finding, mistakes))
    return SignedText(codes, findings)


def _made_with(mistakes: tuple[Mistake, ...], profile: Profile) -> SignedText:
    """Put mistakes into words; a profile, where one makes them all good."""
    codes = tuple(m.code for m in mistakes)
    other = profile_of(make(style_of(profile), mistakes))
    if other is None:
        return SignedText(codes, tuple(map(_finding, mistakes)))
    words = ", ".join(m.what for m in mistakes)
    finding = Finding(
        "profile",
        f"the text that was signed is that of another profile: {words}",
        f"use {_spelled(other)} if the gateway runs PHP with these settings",
    )
    return SignedText(codes, (finding,), other)


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
