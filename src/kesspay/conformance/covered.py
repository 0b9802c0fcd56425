"""
Read which text a signature covers.

A signature shows the hash of its text. So a program that only signs can be asked the
cases of ``canonicalize``, too: the text is the right one, one that a known mistake
gives, or one that the search of ``kesspay explain`` finds.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from kesspay.conformance.kit import Refused
from kesspay.errors import KesspayError
from kesspay.explain.render import read
from kesspay.explain.search import BUDGET, DEEPEST, Subject, find_signed_text
from kesspay.explain.signature import RsaKey, examine
from kesspay.signing.keyparts import public_numbers
from kesspay.signing.keys import PrivateKey
from kesspay.signing.profile import PHP_8, Profile


if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from kesspay.conformance.kit import Case, Kit


__all__ = ["UNKNOWN", "Signer", "numbers_of", "searched_text", "signer_of"]

#: In place of a text that nothing explains: no known mistake answers this.
UNKNOWN: Final = b"(signed, but not known: no known mistake gives this text)"
#: What the search for the text that a signature covers may write.
_BUDGET: Final = 512 * 1024


@lru_cache(maxsize=32)
def numbers_of(key: bytes, password: bytes | None) -> RsaKey | None:
    """Return the public numbers of a private key; None where it cannot be loaded."""
    try:
        public = PrivateKey.from_pem(key, password).public_key
    except KesspayError:
        return None
    numbers = public_numbers(public._handle.spki)  # noqa: SLF001 - as in explain
    return RsaKey(numbers.n, numbers.e)


def searched_text(
    text: bytes,
    canonical: bytes,
    covers: Callable[[bytes], bool],
    *,
    profile: Profile = PHP_8,
    budget: int = _BUDGET,
    deepest: int = 1,
) -> bytes | None:
    """
    Search for the text with known mistakes in it that was signed.

    Args:
        text: an object or a list of JSON.
        canonical: its right form.
        covers: whether the signature is over a text.
        profile: of the right form.
        budget: how many bytes may be written before the search gives up.
        deepest: how many mistakes at once are tried.
    """
    words = text.decode()
    subject = Subject(words, read(words), canonical, profile)
    try:
        found = find_signed_text(subject, covers, budget=budget, deepest=deepest)
    except RecursionError:  # hundreds of levels
        return None
    return None if found is None else found.text


@dataclass(frozen=True, slots=True)
class Signer:
    """
    Asks for a canonical form by a signature.

    Attributes:
        op: "sign", or "body" where the adapter has no other.
        key: that signs, in PEM.
        password: of the key.
        numbers: of its public half.
        thorough: whether each text is searched as long as ``kesspay explain`` does.
    """

    op: str
    key: bytes
    password: bytes | None
    numbers: RsaKey
    thorough: bool = False

    def question(self, case: Case) -> Case:
        """Return the case that asks to sign the text of another one."""
        return replace(case, op=self.op, key=self.key, password=self.password)

    def text(self, case: Case, answer: bytes) -> bytes | None:
        """
        Return the text that an answer covers.

        Returns:
            ``UNKNOWN`` where it is none that a mistake gives, and None where the
            signature cannot be read.
        """
        sign = answer.decode("latin-1") if self.op == "sign" else _sign_of(answer)
        likely = list(_likely(case))
        recovered = examine(sign, [self.numbers], likely[0]).recovered
        if recovered is None:
            return None
        found = next(filter(recovered.covers, likely), None)
        if found is None and isinstance(case.result, bytes):
            found = searched_text(
                case.text,
                case.result,
                recovered.covers,
                profile=Profile.from_words(" ".join(case.profile)),
                budget=BUDGET if self.thorough else _BUDGET,
                deepest=DEEPEST if self.thorough else 2,
            )
        return UNKNOWN if found is None else found


def _sign_of(body: bytes) -> str:
    """Return the signature in a body; "" where there is none."""
    try:
        sign = json.loads(body)["sign"]
    except (ValueError, RecursionError, LookupError, TypeError):
        return ""
    return sign if isinstance(sign, str) else ""


def _likely(case: Case) -> Iterator[bytes]:
    """Yield the right text, the wrong ones of known mistakes, and the document."""
    if not isinstance(case.result, Refused):
        yield case.result
    yield case.text
    yield from (wrong for wrong in case.mistakes.values() if wrong is not None)


def signer_of(
    ops: Collection[str], kit: Kit, *, thorough: bool = False
) -> Signer | None:
    """
    Return what asks an adapter for texts that it only signs; None where it cannot.

    Args:
        ops: that the adapter lists.
        kit: whose key signs.
        thorough: of the ``Signer``.
    """
    if "canonicalize" in ops:
        return None
    for op in ("sign", "body"):
        for case in kit.cases if op in ops else ():
            if case.op == op and case.key is not None and not case.profile:
                numbers = numbers_of(case.key, case.password)
                if numbers is not None:
                    return Signer(op, case.key, case.password, numbers, thorough)
    return None
