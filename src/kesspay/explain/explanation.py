"""
Explain why a recorded body does not verify.

``explain`` asks the guard first, and its verdict is the verdict. Everything after
that looks for the reason: in the recording, in the document, in the text of
``sign``, in the key, and in the text that was signed. The right public key gives
back the digest of what was signed, so a wrong key can be distinguished from a wrong
text, and each known mistake in building the text can be tried.

The codes of findings
    body_*            the recording or the document (``body``)
    sign_*            the text of ``sign`` (``signature``)
    key_*             which key made the signature
    digest_*, padding_pss
                      how the signature was made (``signature``)
    text_*, profile, and the codes of ``mistakes`` and ``search``
                      which text was signed
    expected_*, values_differ
                      how the text given by the other side compares
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias, cast, get_args

from kesspay.errors import (
    CanonicalizationError,
    DocumentRefused,
    InputError,
    InvalidSignature,
)
from kesspay.explain.body import (
    DECODE_REASONS,
    FORMS,
    about_document,
    about_text,
    sign_of,
    unwrap_body,
)
from kesspay.explain.codes import CODES
from kesspay.explain.expected import compare, first_difference
from kesspay.explain.kinds import addressed, assumed_kind, is_kind
from kesspay.explain.render import read
from kesspay.explain.report import (
    Difference,
    ExpectedReport,
    Explanation,
    Finding,
    KeyReport,
    Kind,
    Refusal,
    SignatureReport,
    ValueReport,
)
from kesspay.explain.search import (
    BUDGET,
    SignedText,
    Subject,
    find_profile,
    find_signed_text,
)
from kesspay.explain.signature import (
    Examined,
    RsaKey,
    examine,
    findings_about,
    unproved,
)
from kesspay.explain.values import find_signed_value, tries_within
from kesspay.signing.arguments import buffer_bytes, require_profile
from kesspay.signing.documents import canonicalize
from kesspay.signing.keyparts import public_numbers
from kesspay.signing.keys import PublicKey
from kesspay.signing.profile import PHP_8


if TYPE_CHECKING:
    from collections.abc import Sequence

    from kesspay.explain.recovered import Recovered
    from kesspay.signing.profile import Profile


__all__ = [
    "CODES",
    "explain",
]


Effort: TypeAlias = Literal["full", "quick"]
"""
"quick" leaves out each step that takes more than a millisecond. A signature that fits
no key costs two RSA operations for each key of its own length: 0.3 ms with 2,048 bits,
0.6 ms with 3,072, in Python. Keys of other lengths cost nothing.
"""

#: How many wrappings around a body are taken off.
_LAYERS: Final = 3


class _Verdict(NamedTuple):
    """What the guard says: the canonical bytes and the key, or a refusal."""

    canonical: bytes | None
    key: int | None
    refusal: Refusal | None


class _Signed(NamedTuple):
    """What was found out about the signature and its text."""

    examined: Examined | None
    covers: bool | None
    made: SignedText | None
    changed: ValueReport | None = None


def explain(  # noqa: PLR0913 - what a caller may know, all but two by name
    body: bytes,
    keys: Sequence[PublicKey],
    *,
    own_keys: Sequence[PublicKey] = (),
    expected: bytes | None = None,
    profile: Profile = PHP_8,
    budget: int = BUDGET,
    effort: Effort = "full",
    kind: Kind | None = None,
    secret: bytes = b"",
) -> Explanation:
    """
    Explain why a body does not verify, or report that it does.

    Args:
        body: the bytes as they were received or recorded.
        keys: the public keys that should verify it; the first that does decides.
        own_keys: public halves of your own private keys.
        expected: the text that the other side says it signed, or None.
        profile: the PHP settings of the gateway.
        budget: how many bytes the search for the signed text may write before
            it gives up; the same body always has the same explanation.
        effort: "full", or "quick", which searches no signed text except that of other
            PHP settings, and takes about a millisecond; longer with more than two
            keys of one length of which none fits.
        kind: "request" (you signed it) or "answer" (the gateway signed it); it decides
            the advice. None takes it from the members of the document, or from the
            key that made the signature.
        secret: a secret that may be part of the signed text, as in ``&key=...``; it
            is never shown.

    Raises:
        InputError: no key was given, effort or kind is another word, or another
            argument has another type.
    """
    _require_options(effort, kind, budget)
    require_profile(profile)
    body, secret = buffer_bytes("body", body), buffer_bytes("secret", secret)
    if expected is not None:
        expected = buffer_bytes("expected", expected)
    keys, own_keys = _keys_of("keys", keys), _keys_of("own_keys", own_keys)
    spend = 0 if effort == "quick" else budget
    if not keys:
        msg = "at least one public key is needed"
        raise InputError(msg)
    verdict = _judge(body, keys, profile)
    refusal = verdict.refusal
    findings: list[Finding] = []
    if refusal is not None:
        body, verdict = _unwrapped(body, keys, profile, verdict, findings)
    canonical = _canonical(body, profile)
    subject = _subject(body, canonical, profile, verdict.refusal, findings)
    if subject is not None and secret:
        subject = replace(subject, secret=secret)
    signed = _signed(subject, verdict, keys, own_keys, findings, spend)
    document = subject.document if subject else None
    chosen = kind or assumed_kind(document, own=_own_made(signed, keys, own_keys))
    if signed.made is not None:
        findings += signed.made.said(chosen)
    findings += _about_own_keys(keys, own_keys, verdict)
    compared = _compared(expected, subject, signed, chosen, findings)
    if compared is not None and compared.covered:
        findings = [f for f in findings if f.code != "text_unknown"]
    other = signed.made.profile if signed.made else None
    return Explanation(
        verifies=refusal is None,
        verified_by=verdict.key if refusal is None else None,
        refusal=refusal,
        canonical=canonical,
        keys=_key_reports(keys, own_keys, verdict, signed.examined),
        signature=_signature_report(signed, len(keys)),
        expected=compared,
        profile=_confirmed(body, keys, other),
        mistakes=signed.made.codes if signed.made else (),
        difference=_difference(canonical, signed.made),
        changed=signed.changed,
        kind=chosen,
        kind_assumed=kind is None,
        signed_text=signed.made.text if signed.made else None,
        findings=_in_order(addressed(findings, chosen)),
    )


def _compared(
    expected: bytes | None,
    subject: Subject | None,
    signed: _Signed,
    kind: Kind,
    findings: list[Finding],
) -> ExpectedReport | None:
    """Compare the text that the other side says it signed with the canonical form."""
    if expected is None:
        return None
    if subject is None or not subject.canonical:
        findings.append(
            Finding(
                "expected_unused",
                "the expected text was not looked at, since the body has no "
                "canonical form to compare it with",
                sort="note",
            )
        )
        return None
    compared, said = compare(expected, subject, signed.examined, signed.made, kind)
    findings += said
    return compared


def _require_options(effort: object, kind: object, budget: object) -> None:
    """Refuse what is none of the words or numbers that are meant (InputError)."""
    if effort not in get_args(Effort):
        raise InputError('effort must be "full" or "quick"')
    if kind is not None and not is_kind(kind):
        raise InputError('kind must be "request" or "answer"')
    if type(budget) is not int or budget < 0:
        raise InputError("budget must be an int, a number of bytes, from 0")


def _keys_of(name: str, given: object) -> tuple[PublicKey, ...]:
    """Return the keys of a list, which a key alone is not (InputError)."""
    keys: tuple[object, ...] = tuple(given) if isinstance(given, Iterable) else (None,)
    if not all(isinstance(key, PublicKey) for key in keys):
        raise InputError(f"{name} must be a list of PublicKey and nothing else")
    return cast("tuple[PublicKey, ...]", keys)


def _judge(body: bytes, keys: Sequence[PublicKey], profile: Profile) -> _Verdict:
    """Ask the guard, key by key."""
    refusal: Refusal | None = None
    for index, key in enumerate(keys):
        try:
            canonical = key.verify_document(body, profile=profile)
        except DocumentRefused as error:
            refusal = Refusal(error.reason, str(error), error.position)
            break
        except InvalidSignature as error:
            if refusal is None or error.reason == "mismatch":
                refusal = Refusal(error.reason, str(error))
        else:
            return _Verdict(canonical, index, None)
    return _Verdict(None, None, refusal)


def _unwrapped(
    body: bytes,
    keys: Sequence[PublicKey],
    profile: Profile,
    verdict: _Verdict,
    findings: list[Finding],
) -> tuple[bytes, _Verdict]:
    """Take off what was recorded around the body, naming it."""
    for _ in range(_LAYERS):
        refusal = verdict.refusal
        if refusal is None or refusal.reason not in DECODE_REASONS:
            break
        form = unwrap_body(body)
        if form is None:
            findings.append(about_text(body, refusal))
            break
        findings.append(Finding(form.code, *FORMS[form.code]))
        if form.body is None:
            break
        body = form.body
        verdict = _judge(body, keys, profile)
        if verdict.refusal is None:
            findings.append(
                Finding(
                    "body_inside_verifies",
                    "the body inside the recording verifies",
                    sort="note",
                )
            )
    return body, verdict


def _canonical(body: bytes, profile: Profile) -> bytes | None:
    """Return the canonical form, by the rules of PHP and no stricter ones."""
    try:
        return canonicalize(body, profile=profile)
    except CanonicalizationError:
        return None


def _subject(
    body: bytes,
    canonical: bytes | None,
    profile: Profile,
    refusal: Refusal | None,
    findings: list[Finding],
) -> Subject | None:
    """Read the document, and say what is wrong with it."""
    if refusal is not None and refusal.reason in DECODE_REASONS:
        return None
    text = body.decode()
    document = read(text)
    if refusal is not None:
        findings += about_document(document, refusal)
    return Subject(text, document, canonical or b"", profile)


def _signed(
    subject: Subject | None,
    verdict: _Verdict,
    keys: Sequence[PublicKey],
    own_keys: Sequence[PublicKey],
    findings: list[Finding],
    budget: int,
) -> _Signed:
    """Look at the signature, and at the text it was made over."""
    sign = sign_of(subject.document) if subject else None
    if subject is None or sign is None:
        return _Signed(None, None, None)
    numbers = [_numbers(k, own=k in own_keys) for k in keys]
    numbers += [_numbers(k, own=True) for k in own_keys if k not in keys]
    examined = examine(sign, numbers, subject.canonical)
    if examined.recovered is None:
        findings += findings_about(examined, numbers[: len(keys)])
        return _Signed(examined, None, None)
    covers = bool(subject.canonical) and examined.covers(subject.canonical)
    if verdict.refusal is None:
        return _Signed(examined, covers, None)
    if not (covers or examined.recovered.certain):
        return _unsure(subject, examined, numbers, len(keys), findings, budget)
    findings += findings_about(examined, numbers)
    if examined.made_by is not None and examined.made_by >= len(keys):
        findings.append(
            Finding(
                "key_own_signed",
                "the signature was made with your own private key: this is a "
                "message of yours, not an answer of the gateway",
                "record the gateway's answer; if this is one, the gateway "
                "reflected your request, so trust nothing in it",
            )
        )
    if covers:
        findings.append(
            Finding(
                "text_right",
                "the signature was made over exactly the canonical form",
                sort="note",
            )
        )
        return _Signed(examined, covers, None)
    made = find_profile(subject, examined.covers)
    if made is None and not budget:
        findings.append(_not_searched())
        return _Signed(examined, covers, None)
    made = made or find_signed_text(subject, examined.covers, budget=budget)
    changed = None if made else _changed(subject, examined, budget)
    if changed is not None:
        findings.append(_about_value(changed))
    elif made is None:
        findings.append(_unknown_text(examined))
    return _Signed(examined, covers, made, changed)


def _unsure(
    subject: Subject,
    examined: Examined,
    numbers: Sequence[RsaKey],
    count: int,
    findings: list[Finding],
    budget: int,
) -> _Signed:
    """Search what may be chance: only a text that the signature covers proves it."""
    proved: list[Recovered] = []

    def covers(text: bytes) -> bool:
        reading = examined.recovered.covering(text) if examined.recovered else None
        proved.extend([reading] if reading else [])
        return reading is not None

    made = find_profile(subject, covers)
    if made is None and budget:
        made = find_signed_text(subject, covers, budget=budget)
    if made is None:
        other = unproved(examined, numbers)
        findings += findings_about(other, numbers[:count])
        findings.append(
            Finding(
                "padding_pss",
                "what a key makes of the signature looks like RSA-PSS with a salt as "
                "long as it can be, which one damaged signature in some thousands "
                "does by chance",
                "sign with RSA PKCS#1 v1.5 (Node: crypto.sign with no padding given)",
                sort="note",
            )
        )
        return _Signed(other, None, None)
    examined = replace(examined, recovered=proved[0])
    findings += findings_about(examined, numbers)
    return _Signed(examined, False, made)  # noqa: FBT003 - whether it covers the text


def _changed(subject: Subject, examined: Examined, budget: int) -> ValueReport | None:
    """Look for one value with which the text has the digest that was signed."""
    recovered = examined.recovered
    if not (subject.canonical and recovered and recovered.algorithm == "sha256"):
        return None
    if not recovered.digest:
        # PSS hides it.
        return None
    return find_signed_value(
        subject.canonical,
        recovered.payload,
        profile=subject.profile,
        tries=tries_within(budget, subject.canonical),
    )


def _about_value(changed: ValueReport) -> Finding:
    """Say which value was signed."""
    return Finding(
        "value_changed",
        f"{changed}, and is {changed.stands} in the body: with the other value the"
        " text has the digest that the signature holds, which proves it",
        "the body was changed after it was signed: trust nothing in it, keep it,"
        " and find out who could write to it on the way",
    )


def _not_searched() -> Finding:
    """Say that the text was not looked for."""
    return Finding(
        "text_not_searched",
        "the key is right, but the signature was made over another text, and no"
        " settings of PHP lead to it; the known mistakes were not tried",
        "explain the body with full effort",
    )


def _numbers(key: PublicKey, *, own: bool) -> RsaKey:
    """Take modulus and exponent out of a key."""
    spki = key._handle.spki  # noqa: SLF001 - not for users: sign, verify only
    numbers = public_numbers(spki)
    return RsaKey(numbers.n, numbers.e, own)


def _unknown_text(examined: Examined) -> Finding:
    """Say that the text is none that could be guessed."""
    digest = examined.recovered.digest if examined.recovered else ""
    whose = f" whose digest is {digest}" if digest else ""
    return Finding(
        "text_unknown",
        f"the key is right, but the signature was made over another text"
        f"{whose}; it is not the canonical form, and no known mistake leads "
        "to it",
        "a value was changed after signing, or something else was signed: "
        "ask the other side for the exact bytes it signed and give them as "
        "the expected text, and for a secret that it puts into the text",
    )


def _own_made(
    signed: _Signed, keys: Sequence[PublicKey], own_keys: Sequence[PublicKey]
) -> bool:
    """Return whether one's own private key made the signature."""
    made_by = signed.examined.made_by if signed.examined else None
    if made_by is None:
        return False
    return made_by >= len(keys) or keys[made_by] in own_keys


def _about_own_keys(
    keys: Sequence[PublicKey],
    own_keys: Sequence[PublicKey],
    verdict: _Verdict,
) -> list[Finding]:
    """Warn of keys that are the public half of one's own private key."""
    return [
        Finding(
            "key_own",
            f"key {index + 1} is the public half of your own private key",
            "verify answers with the public key that the gateway gave you; "
            "only a sandbox signs with the key of its client",
            sort="note" if verdict.refusal is None else "cause",
        )
        for index, key in enumerate(keys)
        if key in own_keys
    ]


def _key_reports(
    keys: Sequence[PublicKey],
    own_keys: Sequence[PublicKey],
    verdict: _Verdict,
    examined: Examined | None,
) -> tuple[KeyReport, ...]:
    """Report on each key."""
    return tuple(
        KeyReport(
            fingerprint=key.fingerprint,
            bits=key.bits,
            verifies=verdict.key == index,
            made_signature=(None if examined is None else examined.made_by == index),
            own=key in own_keys,
        )
        for index, key in enumerate(keys)
    )


def _signature_report(signed: _Signed, count: int) -> SignatureReport | None:
    """Report on the signature."""
    examined = signed.examined
    if examined is None:
        return None
    recovered = examined.recovered
    if recovered is None or examined.made_by is None:
        return SignatureReport(len(examined.value), examined.slips)
    ring = examined.made_by < count
    return SignatureReport(
        length=len(examined.value),
        slips=examined.slips,
        padding=recovered.kind,
        algorithm=recovered.algorithm or None,
        digest=recovered.digest or None,
        made_by=examined.made_by if ring else None,
        made_by_own_key=not ring,
        covers_canonical=signed.covers,
    )


def _difference(canonical: bytes | None, made: SignedText | None) -> Difference | None:
    """Find where the text that was signed differs from the canonical form."""
    if canonical is None or made is None or made.text is None:
        return None
    return first_difference(canonical, made.text)


def _confirmed(
    body: bytes, keys: Sequence[PublicKey], profile: Profile | None
) -> Profile | None:
    """Return a profile only if the guard accepts the body under it."""
    if profile is None:
        return None
    accepted = _judge(body, keys, profile).refusal is None
    return profile if accepted else None


def _in_order(findings: list[Finding]) -> tuple[Finding, ...]:
    """Put causes first, and say nothing twice."""
    once = list(dict.fromkeys(findings))
    return tuple(sorted(once, key=lambda finding: finding.sort))
