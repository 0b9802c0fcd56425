"""
The answer to "why does this body not verify?", as data.

``as_dict`` gives the form that ``kesspay explain --json`` prints; its field
names and the codes in it are stable. A value that could not be found out is
null.
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
    One thing that was found out.

    Args:
        code: stable name.
        text: what is the case, one sentence.
        advice: what to do about it, or "".
        sort: "cause" (explains, alone or with others, why the body does not
            verify) or "note" (worth knowing).
    """

    code: str
    text: str
    advice: str = ""
    sort: Sort = "cause"


@dataclass(frozen=True, slots=True)
class Refusal:
    """
    What ``verify_document`` says to the body as it stands.

    Args:
        reason: of the exception, a key of ``DOCUMENT_REASONS`` or
            ``SIGNATURE_REASONS``.
        message: of the exception.
        position: offset in bytes of the fault, or None.
    """

    reason: str
    message: str
    position: int | None = None


@dataclass(frozen=True, slots=True)
class KeyReport:
    """
    What one key has to do with the body.

    Args:
        fingerprint: SHA-256 of the SubjectPublicKeyInfo in lower-case hex.
        bits: of the modulus.
        verifies: whether the body verifies with it.
        made_signature: whether the signature was made with its private
            half, or None where there is no signature to look at.
        own: whether it is the public half of one's own private key.
    """

    fingerprint: str
    bits: int
    verifies: bool
    made_signature: bool | None
    own: bool


@dataclass(frozen=True, slots=True)
class SignatureReport:
    """
    What can be read out of the signature.

    Args:
        length: of the decoded signature in bytes.
        slips: how its text departs from strict base64, keys of
            ``signature.SLIPS``.
        padding: "pkcs1", "pkcs1_bare", "pss", or None where no key fits.
        algorithm: hashlib name of the digest that was signed, or None.
        digest: of the signed text in hex, or None.
        made_by: index of the key whose private half made it, or None.
        made_by_own_key: whether one's own private key made it.
        covers_canonical: whether it was made over the canonical bytes, or
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
        ours: the bytes of the canonical form from a little before this
            place, as printable text.
        theirs: the same of the other text.
        marker: number of characters before the differing byte in both.
        summary: what stands there, in words.
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
        path: as in ``document["data"]["amount"]``.
        ours: the value, short, or None where it is missing.
        theirs: the same of the other document.
    """

    path: str
    ours: str | None
    theirs: str | None


@dataclass(frozen=True, slots=True)
class ExpectedReport:
    """
    How the text that the other side says it signed compares.

    Args:
        sha256: of this text in hex.
        length: in bytes.
        equal: whether it is exactly the canonical form.
        covered: whether the signature was made over exactly this text, or
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
    A value that was another one when the text was signed.

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
    Why a body does not verify, or that it does.

    Args:
        verifies: the verdict of ``verify_document``, nothing else.
        verified_by: index of the key that verified, or None.
        refusal: what ``verify_document`` said, or None.
        canonical: the canonical bytes, or None where there are none.
        keys: one report per key, in the order given.
        signature: what was read out of the signature, or None.
        expected: how the expected text compares, or None.
        profile: another profile under which the body verifies, or None.
        mistakes: codes of the mistakes with which the signed text was made;
            empty where none were found.
        difference: where the text that was signed first differs from the
            canonical form, or None where it is equal or not known.
        changed: the value that was changed after signing, proved by the digest
            in the signature, or None where none was found.
        kind: "request" (a partner signed it) or "answer" (the gateway did).
        kind_assumed: whether the kind was read from the document or the keys.
        signed_text: the text that was signed, or None where it is not known.
        findings: everything that was found out, causes first.
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
