"""
Judge a program by the cases of the kit.

``run`` asks an adapter; ``judge`` compares one answer, for programs that are asked in
another way. Both only compare: which rule is broken is the question of ``blame``.
"""

from __future__ import annotations

import time
from base64 import b64encode
from collections import Counter
from dataclasses import dataclass, replace
from enum import Enum
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from kesspay.conformance.adapter import (
    HELLO_SECONDS,
    SECONDS,
    Adapter,
    AdapterStopped,
    Hello,
    Reply,
)
from kesspay.conformance.covered import UNKNOWN, signer_of
from kesspay.conformance.kit import Refused
from kesspay.errors import KesspayError
from kesspay.signing.keys import PrivateKey, PublicKey
from kesspay.signing.profile import Profile


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from kesspay.conformance.kit import Case, Kit


__all__ = [
    "FAULTS",
    "Outcome",
    "Run",
    "SignedTexts",
    "Verdict",
    "is_named",
    "judge",
    "known_profile",
    "profile_name",
    "request_of",
    "run",
    "select",
]


class Verdict(Enum):
    """The verdict on a case."""

    passed = "passed"
    failed = "failed"
    #: The adapter reports another fault, or breaks the protocol.
    error = "error"
    crashed = "crashed"
    timed_out = "timed_out"
    unsupported = "unsupported"


#: So many of the plainest cases show whether the texts behind signatures are known.
_PROBES: Final = 3
#: More of a wrong answer is not kept; no known mistake makes so much of a case.
_LONGEST_KEPT: Final = 256 * 1024


#: The verdicts for which a run does not end well.
FAULTS: Final = frozenset(
    {Verdict.failed, Verdict.error, Verdict.crashed, Verdict.timed_out}
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    The outcome of a case.

    Args:
        case: the case that was asked.
        verdict: the verdict on it.
        answer: the bytes, or None where there were none.
        refused: the words of a refusal, or None where it did not refuse.
        detail: what went wrong, where the verdict does not say all; as it came.
        milliseconds: how long the answer took.
    """

    case: Case
    verdict: Verdict
    answer: bytes | None = None
    refused: str | None = None
    detail: str = ""
    milliseconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Run:
    """
    The result of a run.

    Args:
        hello: the first line of the adapter.
        kit: the kit of the cases.
        outcomes: in the order of the cases.
        seconds: how long the run took.
        restarts: how often the adapter was restarted.
        stopped: why the run ended before the last case, or None.
        not_asked: how many cases have no verdict because of that.
    """

    hello: Hello
    kit: Kit
    outcomes: tuple[Outcome, ...]
    seconds: float = 0.0
    restarts: int = 0
    stopped: AdapterStopped | None = None
    not_asked: int = 0

    @property
    def counts(self) -> Mapping[Verdict, int]:
        """The number of cases by verdict."""
        return Counter(outcome.verdict for outcome in self.outcomes)


def run(
    command: Sequence[str],
    kit: Kit,
    *,
    cases: Sequence[Case] | None = None,
    timeout: float = SECONDS,
    hello_timeout: float = HELLO_SECONDS,
    reasons: bool = False,
    progress: Callable[[Case], None] | None = None,
) -> Run:
    """
    Ask an adapter every case.

    An adapter that does not start, or stops for good, ends the run; it does not
    raise.

    Args:
        command: the program and its arguments; no shell reads them.
        kit: whose version the adapter gets.
        cases: what is asked, in this order; without them those of the kit.
        timeout: seconds for an answer.
        hello_timeout: seconds until the adapter has started.
        reasons: compare also why an input is refused.
        progress: is called before each case.
    """
    asked = kit.cases if cases is None else tuple(cases)
    started = time.monotonic()
    outcomes: list[Outcome] = []
    hello, restarts, stopped = Hello(), 0, None
    try:
        with Adapter(
            command, kit=kit.version, timeout=timeout, hello_timeout=hello_timeout
        ) as adapter:
            hello = adapter.hello
            signed = SignedTexts(adapter, kit)
            try:
                for case in asked:
                    if progress is not None:
                        progress(case)
                    outcomes.append(_outcome(adapter, case, signed, reasons=reasons))
            finally:
                restarts = adapter.restarts
    except AdapterStopped as error:
        stopped = error
    return Run(
        hello=hello,
        kit=kit,
        outcomes=tuple(outcomes),
        seconds=time.monotonic() - started,
        restarts=restarts,
        stopped=stopped,
        not_asked=len(asked) - len(outcomes),
    )


def _outcome(
    adapter: Adapter, case: Case, signed: SignedTexts, *, reasons: bool
) -> Outcome:
    """Ask one case, if the adapter can be asked it."""
    missing = _missing(adapter.hello, case)
    started = time.perf_counter()
    if not missing:
        reply = adapter.ask(request_of(case))
    elif case.op == "canonicalize" and known_profile(adapter.hello, case):
        reply = signed.ask(case) or Reply("unsupported", words=missing)
    else:
        reply = Reply("unsupported", words=missing)
    milliseconds = (time.perf_counter() - started) * 1000
    return judge(case, reply, milliseconds=milliseconds, reasons=reasons)


class SignedTexts:
    """
    Asks an adapter that only signs which texts it signs.

    Args:
        adapter: that has started.
        kit: whose key signs.
        thorough: whether each text is searched as long as ``kesspay explain`` does.
    """

    def __init__(self, adapter: Adapter, kit: Kit, *, thorough: bool = False) -> None:
        """Ask nothing yet."""
        self._adapter = adapter
        self._signer = signer_of(adapter.hello.ops, kit, thorough=thorough)
        self._plainest = [
            case
            for case in kit.cases
            if case.op == "canonicalize" and not kit.rules[case.rule].stage
        ][:_PROBES]

    def ask(self, case: Case) -> Reply | None:
        """Return the text that is signed for a case; None where that is not known."""
        if self._signer is not None and self._plainest:
            # A signature of which the plainest texts are not known shows no others.
            texts = [self._read(plain) for plain in self._plainest]
            self._plainest.clear()
            if all(one is None or one.content == UNKNOWN for one in texts):
                self._signer = None
        return self._read(case)

    def _read(self, case: Case) -> Reply | None:
        if self._signer is None:
            return None
        reply = self._adapter.ask(request_of(self._signer.question(case)))
        if reply.kind == "bytes":
            text = self._signer.text(case, reply.content)
            return None if text is None else replace(reply, content=text)
        # What has no signed body may have a canonical form.
        is_other = self._signer.op == "body" and reply.kind == "refused"
        return None if is_other else reply


def _missing(hello: Hello, case: Case) -> str:
    """Say what a case needs that the adapter does not list."""
    if case.op not in hello.ops:
        return f"the adapter does not list the op {case.op}"
    if not known_profile(hello, case):
        return f"the adapter does not list the profile {profile_name(case)}"
    return ""


def known_profile(hello: Hello, case: Case) -> bool:
    """Return whether an adapter knows the profile of a case, or each word of it."""
    words = frozenset(case.profile)
    listed = [frozenset(name.split(",")) for name in hello.profiles]
    return words in listed or all(frozenset({word}) in listed for word in words)


def profile_name(case: Case) -> str:
    """Return the profile of a case as the protocol writes it; "" is PHP 8.2."""
    return ",".join(case.profile)


def request_of(case: Case) -> dict[str, str]:
    """Return the fields that ask a case, besides the id."""
    fields = {"op": case.op, "profile": profile_name(case)}
    if case.kind is not None:
        fields["kind"] = case.kind
    for name, content in (
        ("key", case.key),
        ("text", case.text),
        ("password", case.password),
    ):
        if content is not None:
            fields[name] = b64encode(content).decode()
    return fields


# ------------------------------------------------------------ verdicts


_NO_ANSWER: Final = {
    "unsupported": Verdict.unsupported,
    "error": Verdict.error,
    "crashed": Verdict.crashed,
    "timed_out": Verdict.timed_out,
}


def judge(
    case: Case, reply: Reply, *, milliseconds: float = 0.0, reasons: bool = False
) -> Outcome:
    """
    Compare an answer with the right one.

    Args:
        case: the case that was asked.
        reply: the answer.
        milliseconds: how long it took.
        reasons: compare also why an input is refused.
    """
    answer = refused = None
    if reply.kind == "bytes":
        answer = reply.content
        detail = _wrong_bytes(case, answer)
        if detail is not None and len(answer) > _LONGEST_KEPT:
            detail = f"{detail or 'only its beginning is kept'} ({len(answer)} bytes)"
            answer = answer[:_LONGEST_KEPT]
    elif reply.kind == "refused":
        refused = reply.words
        detail = _wrong_refusal(case, refused, reasons=reasons)
    else:
        verdict = _NO_ANSWER[reply.kind]
        return Outcome(case, verdict, detail=reply.words, milliseconds=milliseconds)
    verdict = Verdict.passed if detail is None else Verdict.failed
    return Outcome(case, verdict, answer, refused, detail or "", milliseconds)


def _wrong_bytes(case: Case, answer: bytes) -> str | None:
    """Say what is wrong with bytes, "" where the diff says it; None: nothing is."""
    result = case.result
    if isinstance(result, Refused):
        return f"it must be refused ({result.stage}{_reason(result)})"
    if case.op == "body":
        return _wrong_body(case, result, answer)
    return None if answer == result else ""


def _wrong_refusal(case: Case, words: str, *, reasons: bool) -> str | None:
    """Say what is wrong with a refusal; None: nothing is."""
    result = case.result
    if not isinstance(result, Refused):
        return "it must not be refused"
    if reasons and _first_word(words) not in (result.stage, result.reason):
        return f"it is refused for another reason than {result.stage}{_reason(result)}"
    return None


def _reason(result: Refused) -> str:
    return f", {result.reason}" if result.reason else ""


def _first_word(words: str) -> str:
    """Return what stands before the first mark or blank."""
    end = next(
        (at for at, c in enumerate(words) if not (c.isalnum() or c in "_-")),
        len(words),
    )
    return words[:end].lower()


def _wrong_body(case: Case, result: bytes, body: bytes) -> str | None:
    """Verify a signed body, as the gateway does."""
    try:
        verified = _public_half(case.key or b"", case.password).verify_document(
            body, profile=Profile.from_words(" ".join(case.profile))
        )
    except KesspayError as error:
        return f"the body does not verify: {error}"
    if verified != result:
        return "the signature is right, and the body says something else"
    return None


@lru_cache(maxsize=32)
def _public_half(key: bytes, password: bytes | None) -> PublicKey:
    return PrivateKey.from_pem(key, password).public_key


# ------------------------------------------------------------ selecting


def select(
    cases: Iterable[Case],
    *,
    areas: Sequence[str] = (),
    levels: Sequence[str] = (),
    only: Sequence[str] = (),
    profiles: Sequence[str] = (),
) -> tuple[Case, ...]:
    """
    Choose cases; an empty argument chooses all.

    Args:
        cases: to choose from.
        areas: names of areas.
        levels: names of levels.
        only: ids of cases or rules; ``*``, ``?`` and ``[...]`` stand for others.
        profiles: profiles as ``profile_name`` gives them, "" for PHP 8.2.
    """
    return tuple(
        case
        for case in cases
        if (not areas or case.area in areas)
        and (not levels or case.level in levels)
        and (not profiles or profile_name(case) in profiles)
        and (not only or any(is_named(case, pattern) for pattern in only))
    )


def is_named(case: Case, pattern: str) -> bool:
    """Return whether a pattern is, or stands for, the id of a case or of its rule."""
    return fnmatchcase(case.id, pattern) or fnmatchcase(case.rule, pattern)
