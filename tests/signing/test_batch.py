"""Batches: what the functions for one document do, many at once."""

from __future__ import annotations

import json
import os
import threading
import time
from typing import TYPE_CHECKING, Any, Final

import pytest

from kesspay import (
    BackendError,
    Batch,
    CanonicalizationError,
    InputError,
    PrivateKey,
    Profile,
    VerifyStatus,
    canonicalize,
    canonicalize_many,
)
from kesspay.signing import batch
from tests.support.documents import hostile_documents
from tests.support.messages import outcome
from tests.support.vectors import KEYS


if TYPE_CHECKING:
    from collections.abc import Callable

    from kesspay.signing.backend import Backend
    from kesspay.signing.columns import Texts


PEM: Final = (KEYS / "rsa-2048.pem").read_bytes()


@pytest.fixture
def key(backend: Backend) -> PrivateKey:
    """Return the key most tests use."""
    return PrivateKey.from_pem(PEM)


@pytest.fixture
def bodies(key: PrivateKey) -> list[bytes]:
    """Return bodies of which every third one is honest."""
    honest = [key.signed_body({"n": n, "text": "é/"}) for n in range(100)]
    tampered = [body.replace(b"text", b"test") for body in honest]
    hostile = list(hostile_documents(1, 100))
    return [
        body for three in zip(honest, tampered, hostile, strict=True) for body in three
    ]


def test_same_verdicts(key: PrivateKey, bodies: list[bytes]) -> None:
    """Each status is the reason that verify_document raises, in order."""
    statuses = key.public_key.verify_documents(bodies)
    assert len(statuses) == len(bodies)
    for body, verdict in zip(bodies, statuses, strict=True):
        single = outcome(key.public_key, body)
        assert verdict.reason == ("ok" if len(single) == 1 else single[1])
    assert statuses.count(VerifyStatus.OK) == 100


@pytest.mark.few(2)
@pytest.mark.parametrize("threads", [1, 2, 3, 8, 10**30])
def test_threads(key: PrivateKey, bodies: list[bytes], threads: int) -> None:
    """The number of threads changes nothing but the time."""
    public = key.public_key
    many = bodies * 3
    assert public.verify_documents(many, threads=threads) == (
        public.verify_documents(bodies) * 3
    )


def test_empty(key: PrivateKey) -> None:
    """No body, and a body of no bytes."""
    assert key.public_key.verify_documents([]) == []
    assert key.public_key.verify_documents([b""]) == [VerifyStatus.SYNTAX]
    assert key.public_key.verify_documents([b"", b"", b"1"]) == [
        VerifyStatus.SYNTAX,
        VerifyStatus.SYNTAX,
        VerifyStatus.TOP_LEVEL,
    ]


def test_forms(key: PrivateKey) -> None:
    """Bodies may be text, buffers, and any iterable of them."""
    body = key.signed_body({"a": 1})
    forms: list[Any] = [body, body.decode(), bytearray(body), memoryview(body)]
    ok = [VerifyStatus.OK] * 4
    assert key.public_key.verify_documents(forms) == ok
    assert key.public_key.verify_documents(tuple(forms)) == ok
    assert key.public_key.verify_documents(iter(forms)) == ok
    assert key.public_key.verify_documents(["\ud800", body]) == [
        VerifyStatus.SURROGATE,
        VerifyStatus.OK,
    ]


def test_no_text(key: PrivateKey) -> None:
    """A body that is no text is an error of the call, and is named."""
    wrong: list[Any] = [b"{}", None]
    with pytest.raises(CanonicalizationError) as caught:
        key.public_key.verify_documents(wrong)
    assert caught.value.reason == "type"
    assert caught.value.path == "bodies[1]"


def test_options(key: PrivateKey) -> None:
    """Profile and depth are handed on."""
    profile = Profile(unescaped_slashes=True)
    body = key.signed_body({"a": ["/"]}, profile=profile)
    public = key.public_key
    assert public.verify_documents([body]) == [VerifyStatus.MISMATCH]
    assert public.verify_documents([body], profile=profile) == [VerifyStatus.OK]
    assert public.verify_documents([body], profile=profile, max_depth=1) == [
        VerifyStatus.DEPTH
    ]


def test_slices(key: PrivateKey, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bodies are cut by number and by bytes, and none is lost or moved."""
    monkeypatch.setattr(batch, "_MIN_SLICE", 2)
    monkeypatch.setattr(batch, "_MAX_SLICE", 5)
    monkeypatch.setattr(batch, "_MAX_SLICE_BYTES", 2000)
    good = key.signed_body({"a": 1})
    large = key.signed_body({"a": "x" * 3000})
    bodies = [large, good, b"1", large, *[good] * 11, b"[]", large, b""]
    expected = [outcome(key.public_key, body) for body in bodies]
    for threads in (1, 2, 7):
        statuses = key.public_key.verify_documents(bodies, threads=threads)
        assert ["ok" if len(one) == 1 else one[1] for one in expected] == [
            one.reason for one in statuses
        ]


def test_really_parallel(key: PrivateKey, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices go to as many threads as asked for."""
    monkeypatch.setattr(batch, "_MIN_SLICE", 1)
    together = threading.Barrier(4, timeout=30)

    class Handle:
        def verify_documents(self, texts: Texts, *_: object) -> list[int]:
            together.wait()
            return [0] * len(texts)

    statuses = batch.verify_documents(
        Handle(),  # type: ignore[arg-type] # the one method
        [b"x"] * 4,
        Profile(),
        64,
        4,
    )
    assert statuses == [VerifyStatus.OK] * 4


def test_unknown_status(key: PrivateKey) -> None:
    """An unknown status is never taken for OK."""

    class Handle:
        def verify_documents(self, *_: object) -> list[int]:
            return [1, 2, 999, -1, 0]

    statuses = batch.verify_documents(
        Handle(),  # type: ignore[arg-type] # the one method
        [b""] * 5,
        Profile(),
        64,
        1,
    )
    assert statuses == [*[VerifyStatus.CRYPTO] * 4, VerifyStatus.OK]


def test_short_answer() -> None:
    """An answer for fewer bodies than were asked for is an error, not a shift."""

    class Handle:
        def verify_documents(self, *_: object) -> list[int]:
            return [0]

    with pytest.raises(BackendError):
        batch.verify_documents(
            Handle(),  # type: ignore[arg-type] # the one method
            [b""] * 2,
            Profile(),
            64,
            1,
        )


def test_costly_order(key: PrivateKey) -> None:
    """A body of many keys that look like numbers costs only its own verdict."""
    costly = json.dumps({f"{n}x": n for n in range(300)})
    good = key.signed_body({"a": 1})
    assert key.public_key.verify_documents([costly, good]) == [
        VerifyStatus.ORDER,
        VerifyStatus.OK,
    ]


def one_by_one(
    function: Callable[[bytes], bytes | str], texts: list[bytes]
) -> list[tuple[str, bytes | None]]:
    """Return what a function for one document says to each."""
    expected: list[tuple[str, bytes | None]] = []
    for text in texts:
        try:
            made = function(text)
        except CanonicalizationError as error:
            expected.append((error.reason, None))
        else:
            expected.append(("ok", made.encode() if isinstance(made, str) else made))
    return expected


def verdicts_of(made: Batch) -> list[tuple[str, bytes | None]]:
    """Return the same of a batch."""
    return [
        (one.reason, output) for one, output in zip(made.statuses, made, strict=True)
    ]


@pytest.mark.parametrize("threads", [None, 1, 2, 7])
def test_canonicalize_many(
    key: PrivateKey, bodies: list[bytes], threads: int | None
) -> None:
    """Outputs and statuses are those of canonicalize, in order."""
    made = canonicalize_many(bodies, threads=threads)
    assert one_by_one(canonicalize, bodies) == verdicts_of(made)
    assert 200 <= made.statuses.count(VerifyStatus.OK) < len(made) == 300


@pytest.mark.few(2)
@pytest.mark.parametrize("threads", [None, 1, 2])
def test_sign_documents(
    key: PrivateKey, bodies: list[bytes], threads: int | None
) -> None:
    """Outputs and statuses are those of sign_document, in order."""
    some = bodies[:130]
    made = key.sign_documents(some, threads=threads)
    assert one_by_one(key.sign_document, some) == verdicts_of(made)


def test_batch(backend: Backend) -> None:
    """The outputs lie in one buffer, and a bad document takes no place in it."""
    made = canonicalize_many([b'{"b":1,"a":2}', b"{", "[]", "\ud800", b"[1]"])
    ok, syntax = VerifyStatus.OK, VerifyStatus.SYNTAX
    assert [ok, syntax, ok, VerifyStatus.SURROGATE, ok] == made.statuses
    assert made.data == b'{"a":2,"b":1}[][1]'
    assert made.offsets.tolist() == [0, 13, 13, 15, 15, 18]
    assert list(made) == [b'{"a":2,"b":1}', None, b"[]", None, b"[1]"]
    assert (made[-1], made[-5], made[4]) == (b"[1]", b'{"a":2,"b":1}', b"[1]")
    with pytest.raises(IndexError):
        made[5]
    assert repr(made) == "<Batch of 5, 3 of them OK>"
    nothing = canonicalize_many([])
    assert (len(nothing), nothing.data, nothing.offsets.tolist()) == (0, b"", [0])
    assert list(nothing) == []


def test_long_outputs(backend: Backend) -> None:
    """Outputs may be longer than their texts, by any number of steps."""
    texts = [
        json.dumps({"a": char * size}, ensure_ascii=False).encode()
        for size in (1, 50_000, 0, 2000)
        for char in ("/", "\u1780", "x")
    ]
    for some in (texts, [b"", b"", *texts], texts[::-1], [*texts, b""]):
        expected = one_by_one(canonicalize, some)
        assert expected == verdicts_of(canonicalize_many(some, threads=1))


def test_options_of_writing(key: PrivateKey) -> None:
    """The profile is handed on, and wrong arguments are refused alike."""
    profile = Profile(unescaped_slashes=True)
    (slash,) = canonicalize_many([b'["/"]'], profile=profile)
    assert slash == b'["/"]'
    (sign,) = key.sign_documents([b'["/"]'], profile=profile)
    assert key.sign_document(b'["/"]', profile=profile).encode() == sign
    wrong: list[Any] = [b"{}", {}]
    for function in (canonicalize_many, key.sign_documents):
        with pytest.raises(CanonicalizationError) as caught:
            function(wrong)
        assert caught.value.path == "documents[1]"
        bad: Any
        for bad in (b"{}", "{}", {}, None, 1):
            with pytest.raises(InputError):
                function(bad)
        with pytest.raises(InputError):
            function([], threads=0)
        with pytest.raises(InputError):
            function([], profile=1)  # type: ignore[arg-type] # that is the test


class Slices:
    """A key that does with each slice what a test wants."""

    def __init__(self, act: Callable[[list[bytes]], None]) -> None:
        """Take what is done before a slice has its verdicts."""
        self.act = act
        self.sizes: list[int] = []

    def verify_documents(self, texts: Texts, *_: object) -> list[int]:
        """Give a body of one byte its verdict by that byte."""
        self.sizes.append(len(texts))
        self.act(list(texts))
        return [text[0] for text in texts]

    def statuses(self, bodies: list[bytes], threads: int) -> list[VerifyStatus]:
        """Return the verdicts."""
        handle: Any = self
        return batch.verify_documents(handle, bodies, Profile(), 64, threads)


def test_slices_are_even() -> None:
    """Threads get slices short enough to finish together, and whole eights."""
    slices = Slices(lambda _: None)
    assert slices.statuses([b"\0"] * 10_000, 2) == [VerifyStatus.OK] * 10_000
    assert max(slices.sizes) <= 10_000 // 2 // 4
    assert sum(sorted(slices.sizes)[:4]) <= 4 * 64
    assert sum(size % 8 != 0 for size in slices.sizes) <= 1


def test_the_order_is_that_of_the_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a later slice is done before an earlier one."""
    monkeypatch.setattr(batch, "_MIN_SLICE", 1)
    later = threading.Event()

    def act(texts: list[bytes]) -> None:
        if b"\0" in texts:
            assert later.wait(30)
        else:
            later.set()

    values = [VerifyStatus.OK, VerifyStatus.SYNTAX, VerifyStatus.DEPTH]
    bodies = [bytes([status.value]) for status in values]
    assert Slices(act).statuses(bodies, 2) == values


@pytest.mark.parametrize("given", [0, 1, 2])
def test_threads_that_cannot_be_started(
    monkeypatch: pytest.MonkeyPatch, given: int
) -> None:
    """Those that the system gives do the work, or else the caller alone."""
    monkeypatch.setattr(batch, "_MIN_SLICE", 1)
    start = threading.Thread.start
    asked: list[threading.Thread] = []

    def start_some(thread: threading.Thread) -> None:
        asked.append(thread)
        if len(asked) > given:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_some)
    slices = Slices(lambda _: None)
    values = [VerifyStatus.OK, VerifyStatus.SYNTAX] * 50
    bodies = [bytes([status.value]) for status in values]
    assert slices.statuses(bodies, 8) == values
    assert len(asked) == given + 1


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, RuntimeError])
def test_a_slice_that_fails_ends_the_others(
    monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    """The caller gets the error in its own thread, when no other one is at work."""
    monkeypatch.setattr(batch, "_MIN_SLICE", 1)
    monkeypatch.setattr(batch, "_MAX_SLICE", 1)

    def act(texts: list[bytes]) -> None:
        time.sleep(0.001)
        if texts == [b"\1"]:
            raise error

    slices = Slices(act)
    before = threading.active_count()
    for threads in (1, 2):
        with pytest.raises(error):
            slices.statuses([*[b"\0"] * 8, b"\1", *[b"\0"] * 20_000], threads)
        assert threading.active_count() == before
    assert len(slices.sizes) < 20_000


def test_of_two_errors_the_first_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of the slice that comes first, whichever thread was quicker."""
    monkeypatch.setattr(batch, "_MIN_SLICE", 1)
    both = threading.Barrier(2, timeout=30)

    def act(texts: list[bytes]) -> None:
        both.wait()
        if texts == [b"\0"]:
            time.sleep(0.01)
        raise ValueError(texts)

    with pytest.raises(ValueError, match="x00"):
        Slices(act).statuses([b"\0", b"\1"], 2)


def test_an_interrupt_comes_before_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller is interrupted, also where an earlier slice failed meanwhile."""
    monkeypatch.setattr(batch, "_MIN_SLICE", 1)
    both = threading.Barrier(2, timeout=30)

    def act(texts: list[bytes]) -> None:
        both.wait()
        raise ValueError if texts == [b"\0"] else KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Slices(act).statuses([b"\0", b"\1"], 2)


def test_processors_of_other_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no system call counts the usable processors, all are counted."""
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert batch._workers(None) == 3
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert batch._workers(None) == 1
