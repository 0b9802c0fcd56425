"""
Why the signature of a request does not verify, for its author.

The engine is that of ``kesspay explain`` and of the conformance kit: it finds the text
that was signed instead, and names the rule that is broken. The gateway of KESS says
none of this.

A lesson costs CPU, and anyone who reaches the port can ask for one. So the search has a
small budget, long bodies have no lesson, one request at a time is explained, and the
last lessons are kept. Of a body that holds a credential, the lesson says only that.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING, Final

from kesspay.explain import explain


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.conformance.causes import Cause
    from kesspay.conformance.kit import Kit
    from kesspay.explain.report import Difference, Explanation
    from kesspay.signing.keys import PublicKey


__all__ = ["Lesson", "Teacher", "Topic", "language_of"]

#: What the search may write, in bytes: at most half a second of CPU.
_BUDGET: Final = 8 << 20
#: Longer bodies have no lesson; those of the API have some hundred bytes.
_LONGEST: Final = 16 << 10
_KEPT: Final = 50
_SHOWN: Final = 2000

#: Who sends what in User-Agent, as the kit names the languages of its hints.
_AGENTS: Final = {
    "go-http-client": "Go",
    "node": "Node",
    "undici": "Node",
    "axios": "Node",
    "php": "PHP",
    "guzzle": "PHP",
    "python": "Python",
    "aiohttp": "Python",
    "ruby": "Ruby",
    "faraday": "Ruby",
    "java": "Java",
    "okhttp": "Java",
    ".net": "C#",
}

#: Advice that only a sandbox can give: it knows its keys, and shows the text to sign.
_SIGN_WITH: Final = "sign with the private key in the settings of the sandbox"
_ADVICE: Final = {
    "key_other": _SIGN_WITH,
    "key_size": f"{_SIGN_WITH}, and cut nothing off",
    "sign_length": f"{_SIGN_WITH}, and send the whole signature",
    "sign_missing": 'add the signature as the member "sign"',
    "sign_empty": "find out why signing failed in your program",
    "text_unknown": "sign the text below, with the values that you send",
    "value_changed": "sign the values that you send",
    "body_duplicate": "send every key once",
    "body_infinite": "send numbers that are finite",
}
_BODY: Final = "send one JSON object in UTF-8, and nothing around it"
_OTHER_KEY: Final = (
    "the signature was not made with the partner's private key of this sandbox, or it "
    "was damaged"
)
_GATEWAYS: Final = (
    "the signature was made with the private key of the gateway",
    "sign with the private key of the partner",
)
_CREDENTIAL: Final = (
    "the body holds a credential, so nothing more is said about it",
    "send the password in the log-in only, and the token in the header Authorization",
)


@dataclass(frozen=True, slots=True)
class Topic:
    """
    One thing that is wrong with a request.

    Attributes:
        rule: of the conformance kit; the code of ``kesspay explain`` where the kit
            has no rule for it.
        text: what was done.
        advice: what to do instead.
        doc: where it is explained, or "".
    """

    rule: str
    text: str
    advice: str
    doc: str

    def __str__(self) -> str:
        """Write it in a line."""
        advice = f" -> {self.advice}" if self.advice else ""
        return f"{self.rule}: {self.text}{advice}"


@dataclass(frozen=True, slots=True)
class Lesson:
    """
    Why a request does not verify.

    Attributes:
        topics: what is wrong, the surest first.
        expected: the text to sign, or its beginning; "" where there is none.
        difference: where the text that was signed first differs from it, or None
            where that text is not known.
    """

    topics: tuple[Topic, ...]
    expected: str
    difference: Difference | None

    def __str__(self) -> str:
        """Write it in some sentences."""
        words = [*map(str, self.topics)]
        if self.difference is not None:
            words.append(_said(self.difference))
        if self.expected:
            words.append(f"the text to sign: {self.expected}")
        return " | ".join(words)


class Teacher:
    """
    Explains requests. Any number of threads may use one.

    Args:
        partner_key: that should verify requests.
        gateway_key: that some sign with by mistake.
        redact: takes secrets out of a text.
        secret: of the partner, which some put into the text; no lesson has it.
    """

    def __init__(
        self,
        partner_key: PublicKey,
        gateway_key: PublicKey,
        redact: Callable[[str], str],
        secret: bytes = b"",
    ) -> None:
        """Keep the keys; nothing is explained yet."""
        self._secret = secret
        self._keys = (partner_key, gateway_key)
        self._redact = redact
        self._busy = Lock()
        self._lock = Lock()
        self._kept: OrderedDict[bytes, Lesson] = OrderedDict()

    def lesson(self, body: bytes, user_agent: str = "") -> Lesson | None:
        """
        Explain a request that does not verify.

        Args:
            body: of the request.
            user_agent: the header; the advice is for its language.

        Returns:
            None where the body is too long, or another request is being explained.
        """
        found = self.known(body)
        if found is not None or len(body) > _LONGEST:
            return found
        if not self._busy.acquire(blocking=False):
            return None
        try:
            explanation = explain(
                body, self._keys, budget=_BUDGET, kind="request", secret=self._secret
            )
            made = self._made(explanation, body, language_of(user_agent))
        finally:
            self._busy.release()
        with self._lock:
            self._kept[sha256(body).digest()] = made
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return made

    def known(self, body: bytes) -> Lesson | None:
        """Return the lesson that a request had, if it is one of the last."""
        with self._lock:
            return self._kept.get(sha256(body).digest())

    def _made(self, explanation: Explanation, body: bytes, language: str) -> Lesson:
        from kesspay.conformance.causes import causes

        canonical = (explanation.canonical or b"").decode()
        if self._holds_a_secret(body, canonical):
            return Lesson((Topic("credential", *_CREDENTIAL, ""),), "", None)
        if len(canonical) > _SHOWN:
            canonical = f"{canonical[:_SHOWN]}... ({len(canonical)} bytes)"
        topics = [_topic(one, language) for one in causes(explanation, body, _kit())]
        if explanation.keys[1].made_signature:
            topics.insert(0, Topic("key_other", *_GATEWAYS, ""))
        return Lesson(tuple(topics), canonical, explanation.difference)

    def _holds_a_secret(self, body: bytes, canonical: str) -> bool:
        """Look for the credentials in a body, however they are escaped."""
        texts = [body.decode("utf-8", "replace")]
        work = [json.loads(canonical)] if canonical else []
        while work:
            value = work.pop()
            if isinstance(value, dict):
                work += [*value, *value.values()]
            elif isinstance(value, list):
                work += value
            else:
                texts.append(str(value))
        return any(self._redact(text) != text for text in texts)


@cache
def _kit() -> Kit:
    from kesspay.conformance.kit import load

    return load()


def _topic(cause: Cause, language: str) -> Topic:
    """Put a cause into words for one who signs a request."""
    text = _OTHER_KEY if cause.code == "key_other" else cause.text
    general = _BODY if cause.code.startswith("body_") else cause.advice
    advice = _ADVICE.get(cause.code, general)
    rule = cause.rule
    if rule is None:
        return Topic(cause.code, text, advice, "")
    hint = rule.hints.get(language)
    if hint is not None and hint not in advice:
        advice = f"{advice} ({language}: {hint})"
    return Topic(rule.id, text, advice, rule.doc)


def _said(difference: Difference) -> str:
    """Write where the text that was signed differs from the one to sign."""
    return difference.summary.replace("the other text", "the text that was signed")


def language_of(user_agent: str) -> str:
    """Guess the language of a program from how it names itself; "" where unknown."""
    text = user_agent.lower()
    return next((name for word, name in _AGENTS.items() if word in text), "")
