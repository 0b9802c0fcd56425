"""The loop of an adapter: a question a line, an answer a line."""

from __future__ import annotations

import base64
import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kesspay.signing.profile import Profile


if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kesspay.conformance.kit import Case


__all__ = ["PROFILES", "Question", "Refused", "decoded", "question_of", "serve"]

#: The words of every profile: any of them may come together.
PROFILES: Final = (
    *("precision=17", "precision=100", "unescaped_slashes", "unescaped_unicode"),
    *("ksort=8.0", "ksort=7", "preserve_zero_fraction"),
)


class Refused(Exception):
    """The input is refused; the word is kesspay's reason."""


@dataclass(frozen=True, slots=True)
class Question:
    """
    What is asked.

    Args:
        op: the operation.
        text: what it is asked about.
        profile: the settings of PHP.
        key: the key in PEM, where the operation takes one.
        kind: "private" or "public" where a key is read.
        password: of an encrypted key.
    """

    op: str
    text: bytes
    profile: Profile
    key: bytes = b""
    kind: str = ""
    password: bytes | None = None


def question_of(case: Case) -> Question:
    """Return the question that a case asks, without the way over the protocol."""
    return Question(
        op=case.op,
        text=case.text,
        profile=Profile.from_words(" ".join(case.profile)),
        key=case.key or b"",
        kind=case.kind or "",
        password=case.password,
    )


def decoded(text: bytes, refuse: Callable[[bytes], str]) -> bytes:
    """
    Return the bytes that a text in base64 means.

    kesspay decodes base64 only as the ``sign`` of a document, so the text is put in
    one: the reason of the refusal says whether it is good base64.

    Args:
        text: the text.
        refuse: verifies a document with a signature that is none, and returns why it
            is refused.

    Raises:
        Refused: it is no strict base64.
    """
    try:
        document = json.dumps({"sign": text.decode()}).encode()
    except UnicodeDecodeError:
        raise Refused("utf8") from None
    reason = refuse(document)
    if reason not in ("sign_length", "mismatch"):
        raise Refused(reason)
    return base64.b64decode(text)


def serve(hello: Mapping[str, Any], answer: Callable[[Question], bytes]) -> None:
    """
    Answer until the end of standard input.

    Args:
        hello: what the adapter says of itself.
        answer: returns the bytes; raises Refused, or anything else for an error.
    """
    ops = hello["ops"]
    for line in sys.stdin:
        given = json.loads(line)
        if given["op"] == "hello":
            reply: dict[str, Any] = dict(hello)
        elif given["op"] not in ops:
            reply = {"id": given["id"], "unsupported": "the operation"}
        else:
            reply = {"id": given["id"], **_reply(given, answer)}
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()


def _reply(
    given: Mapping[str, str], answer: Callable[[Question], bytes]
) -> dict[str, str]:
    try:
        content = answer(_question(given))
    except Refused as refusal:
        return {"refused": str(refusal)}
    except Exception as error:  # noqa: BLE001 - an adapter answers whatever happens
        return {"error": f"{type(error).__name__}: {error}"}
    return {"bytes": base64.b64encode(content).decode()}


def _question(given: Mapping[str, str]) -> Question:
    fields = {
        name: base64.b64decode(given[name])
        for name in ("text", "key", "password")
        if name in given
    }
    return Question(
        op=given["op"],
        text=fields["text"],
        profile=Profile.from_words(given.get("profile", "").replace(",", " ")),
        key=fields.get("key", b""),
        kind=given.get("kind", ""),
        password=fields.get("password"),
    )
