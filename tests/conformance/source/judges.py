"""
Who answers the cases of verifying, signing, keys and base64.

PHP computes the canonical forms, makes the signatures and verifies them; OpenSSL reads
the keys. What kesspay refuses by policy although PHP accepts it (SECURITY.md) is found
here with other means than those of kesspay, and kesspay has to agree.
"""

from __future__ import annotations

import base64
import json
import re
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives import serialization

import kesspay
from kesspay import (
    CanonicalizationError,
    InvalidSignature,
    KeyLoadError,
    PublicKey,
)
from kesspay.conformance.kit import Refused
from tests.support.php import Php, find_php, php_sign, php_verify
from tests.vectors.ask import php_name


if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.conformance.source import Draft
    from tests.support.php import SignedBody


__all__ = ["ask_base64", "ask_body", "ask_keys", "ask_sign", "ask_verify"]

_DEPTH: Final = 64
_MIXED: Final = 256
_NUMBER: Final = re.compile(r"[0-9+\-. \t\n\v\f\r]")
#: Reasons that are no policy: PHP's strict verifier refuses as well.
_SIGNATURE: Final = frozenset(
    {"mismatch", "sign_missing", "sign_not_string", "sign_base64", "sign_length"}
)


def _names() -> list[str]:
    done = subprocess.run(
        ["openssl", "version"], capture_output=True, check=True, timeout=60
    )
    return [php_name(), f"OpenSSL {done.stdout.split()[1].decode()}"]


def _disagree(draft: Draft, judged: object, ours: object) -> AssertionError:
    msg = f"{draft.rule}, {draft.comment}: judged {judged}, kesspay says {ours}"
    return AssertionError(msg)


# ------------------------------------------------------------ verify


def ask_verify(drafts: Sequence[Draft]) -> tuple[list[str], list[bytes | Refused]]:
    """Ask PHP for canonical form and verdict, and the policy for what PHP accepts."""
    with Php() as php:
        forms = php.canonicalize([draft.text for draft in drafts])
    believed = _php_verdicts(drafts)
    answers: list[bytes | Refused] = []
    for draft, form, is_believed in zip(drafts, forms, believed, strict=True):
        ours = _verified(draft)
        if draft.rule.startswith("key."):
            answer: bytes | Refused = Refused(reason=_word(ours), stage="key")
        elif form.canonical is None:
            answer = Refused(reason=_word(ours), stage=form.failure or "decode")
        elif (policy := _document_policy(draft.text)) is not None:
            answer = Refused(reason=policy, stage="policy")
        elif is_believed:
            answer = form.canonical
        else:
            answer = Refused(reason=_word(ours), stage="signature")
            if _word(ours) not in _SIGNATURE:
                raise _disagree(draft, answer, ours)
        report = answer.reason if isinstance(answer, Refused) else answer
        if report != ours or report == "":
            raise _disagree(draft, answer, ours)
        answers.append(answer)
    return _names(), answers


def _word(ours: bytes | str) -> str:
    return ours if isinstance(ours, str) else ""


def _verified(draft: Draft) -> bytes | str:
    try:
        return PublicKey.from_pem(draft.key or b"").verify_document(draft.text)
    except (KeyLoadError, InvalidSignature) as error:
        return error.reason


def _php_verdicts(drafts: Sequence[Draft]) -> list[bool]:
    by_key: dict[bytes, list[int]] = defaultdict(list)
    for at, draft in enumerate(drafts):
        by_key[draft.key or b""].append(at)
    verdicts = [False] * len(drafts)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "key.pem"
        for key, places in by_key.items():
            path.write_bytes(key)
            given = php_verify(path, [drafts[at].text for at in places])
            for at, verdict in zip(places, given, strict=True):
                verdicts[at] = verdict is True
    return verdicts


def _document_policy(text: bytes) -> str | None:
    """Return why a document that PHP reads is refused whatever its signature."""
    repeated: list[bool] = []

    def pairs(members: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in members]
        repeated.append(len(set(names)) < len(names))
        return dict(members)

    if _levels(text) > _DEPTH:
        return "depth"
    read = json.loads(text, object_pairs_hook=pairs)
    if not isinstance(read, dict):
        return "not_object"
    if any(repeated):
        return "duplicate"
    if len(read) > _MIXED and any(_NUMBER.match(name) for name in read):
        return "order"
    return "sign_type" if read.get("sign_type", "RSA2") != "RSA2" else None


def _levels(text: bytes) -> int:
    bare = re.sub(rb'"(?:[^"\\]|\\.)*"', b"", text)
    depth = most = 0
    for byte in bare:
        depth += (byte in b"[{") - (byte in b"]}")
        most = max(most, depth)
    return most


# ------------------------------------------------------------ sign and body


def ask_sign(drafts: Sequence[Draft]) -> tuple[list[str], list[bytes | Refused]]:
    """Ask PHP for the signature of each document."""
    answers: list[bytes | Refused] = []
    for draft, signed in zip(drafts, _php_signed(drafts), strict=True):
        try:
            key = kesspay.PrivateKey.from_pem(draft.key or b"")
            ours: bytes | str = key.sign_document(draft.text).encode()
        except CanonicalizationError as error:
            ours = error.reason
        if signed is None and isinstance(ours, str):
            answers.append(Refused(reason=ours, stage=_stage(draft.text)))
        elif signed is not None and signed.sign.encode() == ours:
            answers.append(signed.sign.encode())
        else:
            raise _disagree(draft, signed, ours)
    return _names(), answers


def ask_body(drafts: Sequence[Draft]) -> tuple[list[str], list[bytes | Refused]]:
    """Ask PHP for a signed body, and whether PHP verifies what it has made."""
    answers: list[bytes | Refused] = []
    for draft, signed in zip(drafts, _php_signed(drafts), strict=True):
        answer = _body_answer(draft, signed)
        try:
            text: bytes | str = _body_by_us(draft)
        except CanonicalizationError as error:
            text = error.reason
        report = answer.reason if isinstance(answer, Refused) else answer
        if report != text:
            raise _disagree(draft, answer, text)
        answers.append(answer)
    return _names(), answers


def _body_answer(draft: Draft, signed: SignedBody | None) -> bytes | Refused:
    if signed is None:
        return Refused(reason=_unsigned(draft), stage=_stage(draft.text))
    given = json.loads(draft.text)
    # What PHP writes as a list has no place for the members; {} becomes [] and has.
    is_list = signed.canonical.startswith(b"[") and signed.canonical != b"[]"
    if is_list or isinstance(given, list):
        return Refused(reason="not_object", stage="policy")
    if "sign" in given or given.get("sign_type", "RSA2") != "RSA2":
        return Refused(reason="sign_present", stage="policy")
    if not _is_stable(draft, signed):
        return Refused(reason="not_stable", stage="policy")
    return signed.canonical


def _unsigned(draft: Draft) -> str:
    """Return the reason why a document has no signature."""
    try:
        kesspay.canonicalize(draft.text)
    except CanonicalizationError as error:
        return error.reason
    raise _disagree(draft, None, "a canonical form")


def _is_stable(draft: Draft, signed: SignedBody) -> bool:
    """Say whether PHP verifies the body that PHP has made."""
    key = serialization.load_pem_private_key(draft.key or b"", None).public_key()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "key.pem"
        path.write_bytes(
            key.public_bytes(
                serialization.Encoding.PEM,
                serialization.PublicFormat.SubjectPublicKeyInfo,
            )
        )
        return php_verify(path, [signed.body]) == [True]


def _body_by_us(draft: Draft) -> bytes:
    key = kesspay.PrivateKey.from_pem(draft.key or b"")
    body = key._handle.signed_body(draft.text, kesspay.Profile())
    return key.public_key.verify_document(body)


def _php_signed(drafts: Sequence[Draft]) -> list[SignedBody | None]:
    by_key: dict[bytes, list[int]] = defaultdict(list)
    for at, draft in enumerate(drafts):
        by_key[draft.key or b""].append(at)
    found: list[SignedBody | None] = [None] * len(drafts)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "key.pem"
        for key, places in by_key.items():
            path.write_bytes(key)
            signed = php_sign(path, [drafts[at].text for at in places])
            for at, one in zip(places, signed, strict=True):
                found[at] = one
    return found


def _stage(text: bytes) -> str:
    """Return which step of PHP fails."""
    with Php() as php:
        (answer,) = php.canonicalize([text])
    return answer.failure or "policy"


# ------------------------------------------------------------ keys

#: Parts of a file with one PEM block, split at its dashes.
_ONE_BLOCK: Final = 5
#: Rules that refuse what OpenSSL reads.
_STRICTER: Final = frozenset(
    {
        *("key.exponent", "key.modulus", "key.one", "key.parts", "key.secret"),
        *("key.algorithm", "key.kind", "key.size", "key.whole"),
    }
)


def ask_keys(drafts: Sequence[Draft]) -> tuple[list[str], list[bytes | Refused]]:
    """Ask OpenSSL for each key; only rules of the policy refuse what it reads."""
    answers: list[bytes | Refused] = []
    for draft in drafts:
        ours = _key_by_us(draft)
        judged = _key_by_openssl(draft)
        answer: bytes | Refused = Refused(reason=_word(ours), stage="key")
        if isinstance(ours, bytes) or draft.rule not in _STRICTER:
            answer = judged or answer
        if (answer if isinstance(answer, bytes) else answer.reason) != ours:
            raise _disagree(draft, judged, ours)
        answers.append(answer)
    return _names(), answers


def _key_by_us(draft: Draft) -> bytes | str:
    load = kesspay.PrivateKey if draft.kind == "private" else kesspay.PublicKey
    try:
        key = load.from_pem(draft.text, draft.password)
    except KeyLoadError as error:
        return error.reason
    public = key.public_key if isinstance(key, kesspay.PrivateKey) else key
    return public._handle.spki


def _key_by_openssl(draft: Draft) -> bytes | None:
    """Return the SubjectPublicKeyInfo that OpenSSL reads, or None."""
    text = _unwrapped(draft.text)
    # A label that does not fit its content: OpenSSL is asked about the content.
    return _asked(draft, text) or _asked(draft, _content(text))


def _asked(draft: Draft, text: bytes) -> bytes | None:
    password = f"pass:{(draft.password or b'').decode()}"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "key"
        path.write_bytes(text)
        if draft.kind == "private":
            return _openssl("pkey", "-passin", password, "-in", str(path))
        found = _openssl("pkey", "-pubin", "-in", str(path))
        if found is None:
            pem = _openssl_text("x509", "-noout", "-pubkey", "-in", str(path))
            path.write_bytes(pem)
            found = _openssl("pkey", "-pubin", "-in", str(path))
        return found


def _content(text: bytes) -> bytes:
    """Return the DER of a file with one PEM block."""
    parts = text.split(b"-----")
    try:
        return base64.b64decode(parts[2]) if len(parts) == _ONE_BLOCK else b""
    except ValueError:
        return b""


def _unwrapped(text: bytes) -> bytes:
    """Return a file as OpenSSL reads it: PEM or DER, with real line ends."""
    text = text.replace(b"\\n", b"\n")
    if b"-----" in text or text[:1] == b"0":
        return text
    try:
        return base64.b64decode(text)
    except ValueError:
        return text


def _openssl(*arguments: str) -> bytes | None:
    done = subprocess.run(
        ["openssl", *arguments, "-pubout", "-outform", "DER"],
        capture_output=True,
        check=False,
        timeout=60,
    )
    return done.stdout if done.returncode == 0 and done.stdout else None


def _openssl_text(*arguments: str) -> bytes:
    command = ["openssl", *arguments]
    return subprocess.run(command, capture_output=True, check=False, timeout=60).stdout


# ------------------------------------------------------------ base64

_PHP_BASE64: Final = """
while (($line = fgets(STDIN)) !== false) {
    $text = hex2bin(rtrim($line));
    $raw = base64_decode($text, true);
    echo $raw === false || base64_encode($raw) !== $text ? '-' : '=' . bin2hex($raw);
    echo "\n";
}
"""


def ask_base64(drafts: Sequence[Draft]) -> tuple[list[str], list[bytes | Refused]]:
    """Ask PHP: strict base64_decode, and that base64_encode gives the text back."""
    lines = "".join(draft.text.hex() + "\n" for draft in drafts)
    done = subprocess.run(
        [find_php() or "php", "-r", _PHP_BASE64],
        input=lines.encode(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    refused = Refused(reason="sign_base64", stage="signature")
    answers: list[bytes | Refused] = [
        refused if line == "-" else bytes.fromhex(line[1:])
        for line in done.stdout.decode().splitlines()
    ]
    if len(answers) != len(drafts):
        msg = f"PHP answered {len(answers)} of {len(drafts)} questions"
        raise AssertionError(msg)
    return [php_name()], answers
