"""
The goals of the project, and what is measured for each.

What a goal divides by
    *raw* is the RSA operation alone, as a loop in C on the libcrypto that
    kesspay uses (``loops.c``). Its key, that of kesspay and those of the peers
    are one key of 2048 bits, loaded before anything is timed; only PHP loads
    it each time, as the class of the API document does.

Documents
    A request of 300 bytes, and an answer whose body has 800, its signature
    included.
"""

from __future__ import annotations

import base64
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

import kesspay
from bench import crypto_mb, loops, processes, rounds
from bench.bench_explain import explain_loops, quick_loop
from bench.client import NAMES, call_loops
from bench.documents import REQUEST, RESPONSE
from bench.loops import Unmeasurable
from bench.recipes import Cryptography, canonical_of_text
from bench.results import Goal, Result
from kesspay.audit.memory import frugal
from kesspay.signing.arguments import parameters_text
from kesspay.signing.backend import override
from kesspay.signing.multibuffer import multibuffer


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.rounds import Loop, Times


__all__ = ["Found", "as_json", "measured"]

BATCH: Final = 10_000

SIGN = Goal("whole sign / raw private operation", 1.04)
VERIFY = Goal("whole verify / raw public operation", 1.12)
RECIPE = Goal("orjson + json + cryptography / whole verify", 1.5, at_least=True)
PHP_VERIFY = Goal("documented PHP class / whole verify", 18, at_least=True)
PHP_SIGN = Goal("documented PHP class / whole sign", 3.3, at_least=True)
OVERHEAD = Goal("canonicalize(bytes) - the function in C", 250, unit="ns")
SPEED_UP = Goal("batch of 10,000, 1 thread / 2 threads", 1.85, at_least=True)
BATCH_CPU = Goal("batch of 10,000, CPU, 2 threads / 1 thread", 1.05)
EIGHT = Goal("batch of 1024, 1 thread, each / raw public", 0.31)
#: The same with openssl_only=True: what a machine without AVX-512 IFMA has.
ONE = Goal("the same, one signature at a time", None)
#: Eight operations alone; the batch above is whole documents.
CRYPTO_MB = Goal("crypto_mb, the operation alone, each / raw public", None)
PURE = Goal("pure Python canonicalize / the naive recipe", 2.0)
IMPORT = Goal("import kesspay - a bare interpreter", 40, unit="ms")
PROTOCOL = Goal("protocol build, parse and checks - raw RSA", 25, unit="us")
#: With the client's tokens, deadlines and retries on top.
CLIENT = Goal("a call through Client - HTTP and raw RSA", None, unit="us")

#: Of the bodies in bench_explain.py, and whichever takes longest.
EXPLAIN = Goal("explain: a body with a known mistake", 100, unit="ms")
EXPLAIN_PURE = Goal("explain: the same in pure Python", 100, unit="ms")
UNEXPLAINED = Goal("explain: a body that nothing explains", 500, unit="ms")
#: Of the quick path, what takes longest: each key of the signature's length is tried.
EXPLAIN_QUICK = Goal("explain: another key, quick", 1, unit="ms")
UNEXPLAINED_PURE = Goal("explain: that in pure Python", 500, unit="ms")


@dataclass
class Found:
    """
    What a run found.

    Attributes:
        results: one for each goal.
        times: nanoseconds behind them, by what was measured.
    """

    results: list[Result]
    times: dict[str, Times]


def measured(count: int) -> Found:
    """
    Measure everything a goal is about.

    Args:
        count: rounds of each comparison.
    """
    # As in the command: Arrow takes its allocator where it is imported.
    with frugal():
        from bench import audit, money

    found = Found([], {})
    parts: tuple[Callable[[int], Iterator[Result | dict[str, Times]]], ...] = (
        _messages,
        _canonical,
        _batch,
        _eight,
        _import,
        _client,
        _explain,
        audit.measured,
        money.measured,
    )
    for part in parts:
        for one in part(count):
            if isinstance(one, Result):
                found.results.append(one)
            else:
                found.times.update(one)
    return found


def _messages(count: int) -> Iterator[Result | dict[str, Times]]:
    pem = processes.PRIVATE.read_bytes()
    key = kesspay.PrivateKey.from_pem(pem)
    public = key.public_key
    peer = Cryptography(pem)
    request = parameters_text(REQUEST)
    body = key.signed_body(RESPONSE)
    canonical = public.verify_document(body)
    assert abs(len(request) - 300) <= 2
    assert abs(len(body) - 800) <= 8
    assert canonical == peer.verify_document(body)
    assert public.verify_document(peer.signed_body(REQUEST))
    todo: dict[str, Loop] = {
        "kesspay sign": rounds.of(key.signed_body, REQUEST),
        "kesspay verify": rounds.of(public.verify_document, body),
        "recipe sign": rounds.of(peer.signed_body, REQUEST),
        "recipe verify": rounds.of(peer.verify_document, body),
    }
    missing: dict[str, str] = {}
    with ExitStack() as stack:
        try:
            todo["raw sign"], todo["raw verify"] = loops.raw_rsa(pem)
            todo["C sign"] = loops.c_signed_body(key, request)
            todo["C verify"] = loops.c_verify(public, body)
        except Unmeasurable as error:
            missing["raw"] = str(error)
        try:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            php = stack.enter_context(processes.php(request, body, folder))
            _check_php(php.shown, public)
            for what in ("sign", "verify", "canonicalize"):
                todo[f"PHP {what}"] = php.loop(what)
        except Unmeasurable as error:
            missing["PHP"] = str(error)
        times = rounds.measure(todo, rounds=count)
    yield times
    for goal, over, under in (
        (SIGN, "kesspay sign", "raw sign"),
        (VERIFY, "kesspay verify", "raw verify"),
        (RECIPE, "recipe verify", "kesspay verify"),
        (PHP_VERIFY, "PHP verify", "kesspay verify"),
        (PHP_SIGN, "PHP sign", "kesspay sign"),
    ):
        yield _ratio(goal, times, over, under, missing)


def _check_php(shown: str, public: kesspay.PublicKey) -> None:
    body, verdict = shown.split()
    assert verdict == "ok"
    expected = kesspay.canonicalize(REQUEST)
    assert public.verify_document(base64.b64decode(body)) == expected


def _ratio(
    goal: Goal, times: dict[str, Times], over: str, under: str, missing: dict[str, str]
) -> Result:
    for name, why in missing.items():
        if name in over.split() + under.split():
            return Result(goal, None, why)
    above, below = times[over], times[under]
    return Result(
        goal,
        rounds.ratio(above, below),
        f"{above.median / 1e3:.1f} us / {below.median / 1e3:.1f} us",
        above.least / below.least,
    )


def _canonical(count: int) -> Iterator[Result | dict[str, Times]]:
    key = kesspay.PrivateKey.from_pem(processes.PRIVATE.read_bytes())
    body = key.signed_body(RESPONSE)
    request = key.signed_body(REQUEST)
    todo: dict[str, Loop] = {
        "kesspay canonicalize": rounds.of(kesspay.canonicalize, body),
        "call of nothing": rounds.of(_nothing, body),
        "recipe canonicalize": rounds.of(canonical_of_text, body),
        "recipe canonicalize request": rounds.of(canonical_of_text, request),
    }
    with override("python") as pure:
        for name, text in (("", body), (" request", request)):
            assert kesspay.canonicalize(text) == canonical_of_text(text)
            todo[f"pure canonicalize{name}"] = rounds.of(
                lambda t: pure.canonicalize_text(t, kesspay.PHP_8, 511), text
            )
    why = ""
    try:
        todo["C canonicalize"] = loops.c_canonicalize(body)
    except Unmeasurable as error:
        why = str(error)
    times = rounds.measure(todo, rounds=count)
    yield times
    if why:
        yield Result(OVERHEAD, None, why)
    else:
        yield _difference(OVERHEAD, times, "kesspay canonicalize", "C canonicalize", 1)
    yield max(
        (
            _ratio(PURE, times, f"pure {what}", f"recipe {what}", {})
            for what in ("canonicalize", "canonicalize request")
        ),
        key=lambda result: result.value or 0,
    )


def _difference(
    goal: Goal, times: dict[str, Times], all_of_it: str, without: str, scale: float
) -> Result:
    above, below = times[all_of_it], times[without]
    return Result(
        goal,
        rounds.difference(above, below) / scale,
        f"{above.median / scale:.1f} - {below.median / scale:.1f} {goal.unit}",
        (above.least - below.least) / scale,
    )


def _nothing(document: bytes, *, profile: kesspay.Profile = kesspay.PHP_8) -> bytes:
    del profile
    return document


def _batch(count: int) -> Iterator[Result | dict[str, Times]]:
    key = kesspay.PrivateKey.from_pem(processes.PRIVATE.read_bytes())
    bodies = [key.signed_body({**RESPONSE, "code": n}) for n in range(50)]
    bodies *= BATCH // len(bodies)
    public = key.public_key
    wall: dict[int, list[float]] = {1: [], 2: []}
    cpu: dict[int, list[float]] = {1: [], 2: []}
    # One thread, two, two, one: neither always has the later turn.
    for turn in range(2 * count):
        threads = (turn + 1) // 2 % 2 + 1
        start, start_cpu = time.perf_counter(), time.process_time()
        statuses = public.verify_documents(bodies, threads=threads)
        cpu[threads].append(time.process_time() - start_cpu)
        wall[threads].append(time.perf_counter() - start)
        assert statuses.count(kesspay.VerifyStatus.OK) == BATCH
    found = {
        name: rounds.times_of(value / BATCH * 1e9 for value in values)
        for name, values in (
            ("batch wall, 1 thread", wall[1]),
            ("batch wall, 2 threads", wall[2]),
            ("batch, 1 thread", cpu[1]),
            ("batch, 2 threads", cpu[2]),
        )
    }
    yield found
    cores = median(a / b for a, b in zip(cpu[2], wall[2], strict=True))
    result = _ratio(
        SPEED_UP, found, "batch wall, 1 thread", "batch wall, 2 threads", {}
    )
    yield replace(
        result,
        remark=f"{result.remark} of wall time; the machine gave {cores:.2f} cores",
    )
    yield _ratio(BATCH_CPU, found, "batch, 2 threads", "batch, 1 thread", {})


def _eight(count: int) -> Iterator[Result | dict[str, Times]]:
    pem = processes.PRIVATE.read_bytes()
    key = kesspay.PrivateKey.from_pem(pem)
    alone = kesspay.PrivateKey.from_pem(pem, openssl_only=True).public_key
    bodies = [key.signed_body({**RESPONSE, "code": n}) for n in range(64)]
    bodies *= 1024 // len(bodies)
    statuses = [kesspay.VerifyStatus.OK] * len(bodies)
    for public in (key.public_key, alone):
        assert public.verify_documents(bodies, threads=1) == statuses
    todo: dict[str, Loop] = {
        "1024 together": _batch_loop(key.public_key, bodies),
        "1024 alone": _batch_loop(alone, bodies),
    }
    missing: dict[str, str] = {}
    try:
        todo["raw public"] = loops.raw_rsa(pem)[1]
    except Unmeasurable as error:
        missing["raw"] = str(error)
    try:
        todo["crypto_mb eight"] = crypto_mb.public_operations(pem)
    except Unmeasurable as error:
        missing["crypto_mb"] = str(error)
    here = multibuffer()
    if here.why_not:
        missing["together"] = f"absent: {here.why_not}"
    times = {
        name: rounds.times_of(value / share for value in one.rounds)
        for name, one in rounds.measure(todo, rounds=count).items()
        for share in (_SHARES.get(name, 1),)
    }
    yield times
    for goal, over in (
        (EIGHT, "1024 together"),
        (ONE, "1024 alone"),
        (CRYPTO_MB, "crypto_mb eight"),
    ):
        yield _ratio(goal, times, over, "raw public", missing)


#: Of how many operations a loop measures the time.
_SHARES: Final = {
    "1024 together": 1024,
    "1024 alone": 1024,
    "crypto_mb eight": crypto_mb.LANES,
}


def _batch_loop(key: kesspay.PublicKey, bodies: list[bytes]) -> Loop:
    return rounds.of(lambda some: key.verify_documents(some, threads=1), bodies)


def _import(count: int) -> Iterator[Result | dict[str, Times]]:
    heavy = "'cryptography', 'orjson', 'h11', 'ssl', 'kesspay._native'"
    check = f"import sys, kesspay; assert not {{{heavy}}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True)
    todo = {
        name: _process_loop(code)
        for name, code in (("bare python", "pass"), ("import", "import kesspay"))
    }
    times = rounds.measure(todo, rounds=count)
    yield times
    yield _difference(IMPORT, times, "import", "bare python", 1e6)


def _process_loop(code: str) -> Loop:
    def run(times: int) -> int:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        for _ in range(times):
            subprocess.run([sys.executable, "-c", code], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return int(seconds * 1e9)

    return run


#: Seconds: some seven calls.
_TURN_OF_CALLS: Final = 0.002


def _client(count: int) -> Iterator[Result | dict[str, Times]]:
    todo = call_loops()
    try:
        raw = loops.raw_rsa(processes.PRIVATE.read_bytes())
    except Unmeasurable as error:
        yield Result(PROTOCOL, None, str(error))
        return
    todo["raw pair"] = lambda times: raw[0](times) + raw[1](times)
    # A tenth of what is measured is what counts. In a short round the processor keeps
    # its clock, so that the RSA of a call and that which is subtracted are one.
    times = rounds.measure(todo, rounds=4 * count, turn=_TURN_OF_CALLS)
    yield times
    for goal, kind in ((PROTOCOL, "protocol"), (CLIENT, "client")):
        # Of the three calls, the one that takes longest.
        yield max(
            (
                _difference(goal, times, f"{kind} {name}", "raw pair", 1e3)
                for name in NAMES
            ),
            key=lambda result: result.value or 0,
        )


def _explain(count: int) -> Iterator[Result | dict[str, Times]]:
    for backend, known, unknown in (
        ("native", EXPLAIN, UNEXPLAINED),
        ("python", EXPLAIN_PURE, UNEXPLAINED_PURE),
    ):
        with override(backend):
            todo = {f"{backend} {name}": loop for name, loop in explain_loops().items()}
            times = rounds.measure(todo, rounds=count)
        yield times
        for goal, names in (
            (known, [name for name in times if "nothing" not in name]),
            (unknown, [name for name in times if "nothing" in name]),
        ):
            longest = max(names, key=lambda name: times[name].median)
            found = times[longest]
            yield Result(goal, found.median / 1e6, longest, found.least / 1e6)
    quick = rounds.measure({"quick, another key": quick_loop()}, rounds=count)
    yield quick
    [found] = quick.values()
    yield Result(
        EXPLAIN_QUICK,
        found.median / 1e6,
        "2,048 and 3,072 bits, one of yours",
        found.least / 1e6,
    )


def as_json(found: Found) -> dict[str, object]:
    """Return a run as it is written to a file."""
    results = [
        {
            "goal": one.goal.name,
            "limit": one.goal.limit,
            "at_least": one.goal.at_least,
            "unit": one.goal.unit or "ratio",
            "value": one.value,
            "of_the_quickest_rounds": one.least,
            "verdict": one.verdict,
            "remark": one.remark,
        }
        for one in found.results
    ]
    times = {name: one.shown() for name, one in found.times.items()}
    return {"goals": results, "nanoseconds": times}
