"""
The answer to "why does this body not verify?", as data.

``as_dict`` gives the form that ``kesspay explain --json`` prints; its field
names and the codes in it are stable. A value that is not known is null.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal


if TYPE_CHECKING:
    from kesspay.signing.profile import Profile


__all__ = [
    "Difference",
    "ExpectedReport",
    "Explanation",
    "Finding",
    "KeyReport",
    "Kind",
    "Refusal",
    "SignatureReport",
    "ValueDifference",
    "ValueReport",
]

Sort = Literal["cause", "note"]
Kind = Literal["request", "answer"]


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One finding.

    Args:
        code: its stable name; ``kesspay explain --codes`` lists all of them.
        text: what was found, in one sentence.
        advice: what to do about it, or "".
        sort: "cause" (explains, alone or with others, why the body does not
            verify) or "note" (further information).
    """

    code: str
    text: str
    advice: str = ""
    sort: Sort = "cause"


@dataclass(frozen=True, slots=True)
class Refusal:
    """
    The exception of ``verify_document`` for the body.

    Args:
        reason: the ``reason`` of the exception (see ``DocumentRefused`` and
            ``InvalidSignature``).
        message: the message of the exception.
        position: offset in bytes of the fault, or None.
    """

    reason: str
    message: str
    position: int | None = None


@dataclass(frozen=True, slots=True)
class KeyReport:
    """
    The result for one key.

    Args:
        fingerprint: SHA-256 of the DER SubjectPublicKeyInfo, in lower-case hex.
        bits: bits of the modulus.
        verifies: True where the body verifies with it.
        made_signature: True where the signature was made with its private
            half, None where there is no signature that can be read.
        own: True where it is the public half of one of your own private keys.
    """

    fingerprint: str
    bits: int
    verifies: bool
    made_signature: bool | None
    own: bool


@dataclass(frozen=True, slots=True)
class SignatureReport:
    """
    What the signature shows.

    Args:
        length: length of the decoded signature in bytes.
        slips: how its text differs from strict base64, as codes without
            their prefix ``sign_``.
        padding: "pkcs1", "pkcs1_bare" (without the name of the digest), "pss", or
            None where no key fits.
        algorithm: hashlib name of the digest that was signed, or None.
        digest: the digest of the signed text in lower-case hex, or None.
        made_by: index of the key whose private half made it, or None.
        made_by_own_key: True where one of your own private keys made it.
        covers_canonical: True where it was made over the canonical bytes,
            None where that cannot be known.
    """

    length: int
    slips: tuple[str, ...] = ()
    padding: str | None = None
    algorithm: str | None = None
    digest: str | None = None
    made_by: int | None = None
    made_by_own_key: bool = False
    covers_canonical: bool | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """
    The first place where two texts differ.

    Args:
        position: offset in bytes, from 0.
        ours: the canonical form around this place, as printable text.
        theirs: the other text around this place, as printable text.
        marker: number of characters before the differing byte in both.
        summary: the difference in words.
    """

    position: int
    ours: str
    theirs: str
    marker: int
    summary: str


@dataclass(frozen=True, slots=True)
class ValueDifference:
    """
    A value that differs between two documents.

    Args:
        path: the place of the value, ``document["data"]["amount"]``.
        ours: the value in the body, shortened, or None where it is missing.
        theirs: the value in the other document, shortened, or None.
    """

    path: str
    ours: str | None
    theirs: str | None


@dataclass(frozen=True, slots=True)
class ExpectedReport:
    """
    The text that the other side says it signed, compared with the canonical form.

    Args:
        sha256: SHA-256 of this text in lower-case hex.
        length: its length in bytes.
        equal: True where it is exactly the canonical form.
        covered: True where the signature was made over exactly this text,
            None where no key fits the signature.
        difference: the first differing byte, or None.
        values: the values that differ, where both texts are JSON.
        mistakes: codes of the mistakes that turn the document into this
            text; empty where none were found.
    """

    sha256: str
    length: int
    equal: bool
    covered: bool | None = None
    difference: Difference | None = None
    values: tuple[ValueDifference, ...] = ()
    mistakes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ValueReport:
    """
    A value that was changed after the text was signed.

    Args:
        path: names of members, joined by dots: ``data.amount``.
        signed: JSON text of the value that was signed.
        stands: JSON text of the value in the body.
    """

    path: str
    signed: str
    stands: str

    def __str__(self) -> str:
        """Say what was signed."""
        return f"{self.path} was {self.signed} when signed"


@dataclass(frozen=True, slots=True)
class Explanation:
    """
    Explains why a body does not verify, or reports that it does.

    Args:
        verifies: the verdict of ``verify_document``, and of nothing else.
        verified_by: index of the key that verified, or None.
        refusal: the exception of ``verify_document``, or None.
        canonical: the canonical bytes, or None where there are none.
        keys: one report per key, in the order given.
        signature: what the signature shows, or None.
        expected: the expected text compared with the canonical form, or None.
        profile: another profile under which the body verifies, or None.
        mistakes: codes of the mistakes with which the signed text was made;
            empty where none were found.
        difference: where the text that was signed first differs from the
            canonical form, or None where it is equal or not known.
        changed: the value that was changed after signing, proved by the digest
            in the signature, or None where none was found.
        kind: "request" (a partner signed it) or "answer" (the gateway signed it).
        kind_assumed: True where the kind was taken from the document or the keys.
        signed_text: the text that was signed, stars in place of a secret; None where
            it is not known.
        findings: all findings, causes first.
    """

    verifies: bool
    verified_by: int | None = None
    refusal: Refusal | None = None
    canonical: bytes | None = None
    keys: tuple[KeyReport, ...] = ()
    signature: SignatureReport | None = None
    expected: ExpectedReport | None = None
    profile: Profile | None = None
    mistakes: tuple[str, ...] = ()
    difference: Difference | None = None
    changed: ValueReport | None = None
    kind: Kind = "answer"
    kind_assumed: bool = True
    signed_text: bytes | None = None
    findings: tuple[Finding, ...] = field(default=())

    @property
    def canonical_sha256(self) -> str | None:
        """SHA-256 of the canonical bytes in lower-case hex."""
        if self.canonical is None:
            return None
        return hashlib.sha256(self.canonical).hexdigest()

    def as_dict(self) -> dict[str, Any]:
        """Return the explanation as plain values, for JSON."""
        plain = asdict(self)
        canonical = self.canonical
        plain["canonical"] = canonical.decode() if canonical is not None else None
        signed = self.signed_text
        # Hashes and UTF-16 are no text that JSON can hold.
        plain["signed_text"] = _text(signed) if signed is not None else None
        plain["signed_base64"] = (
            b64encode(signed).decode() if signed is not None else None
        )
        plain["canonical_sha256"] = self.canonical_sha256
        plain["canonical_length"] = len(canonical) if canonical is not None else None
        return plain


def _text(signed: bytes) -> str | None:
    """Decode a text; None where it is no UTF-8."""
    try:
        return signed.decode()
    except UnicodeDecodeError:
        return None
