# mypy: disable-error-code="no-any-unimported"

"""The kernel: the verdict of each body, as ``verify_document`` gives it one by one."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import pyarrow as pa
import pytest

from kesspay import InputError, Profile, canonicalize
from kesspay.audit import Kernel, Ring, kernel
from kesspay.signing import backend as backends
from kesspay.signing.status import VerifyStatus
from tests.support.recording import FAULTS, Row, judged, private, record, ring


def columns(rows: list[Row]) -> tuple[Any, Any]:
    """Return bodies and times."""
    times = pa.array([row.at for row in rows], pa.timestamp("us", "UTC"))
    return pa.array([row.body for row in rows], pa.binary()), times


def listed(batch: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401 - a RecordBatch
    """Return the rows of a batch."""
    return [tuple(row.values()) for row in batch.to_pylist()]


def test_every_fault(whole: bool) -> None:  # noqa: FBT001 - a fixture
    """Two keys, their overlap and every fault: the verdicts are those one by one."""
    rows = record(20_000 if whole else 1500, distinct=400 if whole else 30)
    assert {row.fault for row in rows} == {"", *FAULTS}
    bodies, times = columns(rows)
    found = Kernel(ring()).verdicts(bodies, times, threads=2)
    expected = [judged(row, ring()) for row in rows]
    assert listed(found) == expected
    assert {verdict for verdict, *_ in expected} == set(kernel.VERDICTS[:5])
    assert found.schema.names == ["verdict", "status", "key"]
    assert found.schema.field("status").type == pa.int16()


def test_without_times() -> None:
    """Windows are not judged where no time is known."""
    rows = [row for row in record(200) if row.fault in ("", "too late", "no body")]
    bodies, _ = columns(rows)
    found = {verdict for verdict, *_ in listed(Kernel(ring()).verdicts(bodies))}
    assert found == {"authentic", "no_body"}


def test_edges_of_a_window() -> None:
    """From is inclusive and until exclusive, after the skew, to the microsecond."""
    keys = ring()
    since = keys.keys[1].bounds(keys.skew)[0]
    until = keys.keys[0].bounds(keys.skew)[1]
    assert since is not None
    assert until is not None
    old, new = (
        private(name).signed_body({"a": 1}) for name in ("kess-2025", "kess-2026")
    )
    moments = pa.array([until - 1, until, since - 1, since], pa.timestamp("us"))
    found = Kernel(keys).verdicts([old, old, new, new], moments)
    assert [verdict for verdict, *_ in listed(found)] == [
        *("authentic", "outside_window", "outside_window", "authentic")
    ]
    for kind in (pa.timestamp("ns", "Asia/Phnom_Penh"), pa.timestamp("us", "UTC")):
        again = Kernel(keys).verdicts([old, old, new, new], moments.cast(kind))
        assert again.equals(found)


SHAPES = (
    lambda array: array,
    lambda array: array.cast(pa.large_binary()),
    lambda array: array.cast(pa.binary_view()),
    lambda array: array.dictionary_encode(),
    lambda array: pa.chunked_array([array[:7], array[7:7], array[7:]]),
    lambda array: pa.chunked_array([array[:7], array[7:]]).dictionary_encode(),
    lambda array: pa.concat_arrays([array[:3], array])[3:],
    lambda array: array.to_pylist(),
)


@pytest.mark.parametrize("shape", range(len(SHAPES)))
def test_shapes(shape: int) -> None:
    """Every layout of Arrow gives the same, and so do all sizes of what is read."""
    bodies, times = columns(record(60))
    made = Kernel(ring())
    expected = made.verdicts(bodies, times)
    given = SHAPES[shape](bodies)
    assert made.verdicts(given, times).equals(expected)
    assert made.canonical(given, expected).equals(made.canonical(bodies, expected))


def test_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is longer than a part is judged a part at a time."""
    bodies, times = columns(record(60))
    expected = Kernel(ring()).verdicts(bodies, times)
    monkeypatch.setattr(kernel, "_ROWS", 7)
    assert Kernel(ring()).verdicts(bodies, times).equals(expected)
    assert Kernel(ring()).verdicts(bodies, pa.chunked_array([times])).equals(expected)


def test_texts() -> None:
    """Text columns, a column of nulls, one of a fixed size, and nothing at all."""
    made = Kernel(ring())
    body = private("kess-2025").signed_body({"a": "é"})
    for kind in (pa.string(), pa.large_string(), pa.string_view()):
        found = made.verdicts(pa.array([body.decode(), None], kind))
        assert listed(found) == [("authentic", 0, "kess-2025"), ("no_body", None, None)]
    assert listed(made.verdicts([body.decode()])) == [("authentic", 0, "kess-2025")]
    fixed = pa.array([body, None], pa.binary(len(body)))
    assert made.verdicts(fixed).equals(found)
    assert listed(made.verdicts(pa.nulls(1))) == [("no_body", None, None)]
    empty: list[bytes] = []
    for nothing in (
        empty,
        pa.array([], pa.binary()),
        pa.chunked_array([], pa.string()),
    ):
        assert made.verdicts(nothing).num_rows == 0
    assert made.verdicts([body], pa.nulls(1)).num_rows == 1


class Foreign:
    """A column of another library, which hands over an array."""

    def __init__(self, column: Any) -> None:  # noqa: ANN401 - of pyarrow
        """Take the column."""
        self.column = column

    def __arrow_c_array__(self, schema: object = None) -> object:
        """Hand the array over."""
        return self.column.__arrow_c_array__(schema)


class Streamed:
    """A column of another library, which hands over a stream."""

    def __init__(self, column: Any) -> None:  # noqa: ANN401 - of pyarrow
        """Take the column."""
        self.column = pa.chunked_array([column])

    def __arrow_c_stream__(self, schema: object = None) -> object:
        """Hand the stream over."""
        return self.column.__arrow_c_stream__(schema)


def test_other_libraries() -> None:
    """Columns of other libraries come over the C interfaces."""
    bodies, times = columns(record(20))
    made = Kernel(ring())
    expected = made.verdicts(bodies, times)
    assert made.verdicts(Foreign(bodies), Foreign(times)).equals(expected)
    assert made.verdicts(Streamed(bodies), Streamed(times)).equals(expected)


def test_canonical() -> None:
    """Of each row that verified, the bytes that were signed, and of no other."""
    rows = record(120)
    bodies, times = columns(rows)
    made = Kernel(ring())
    found = made.verdicts(bodies, times)
    expected = [
        canonicalize(row.body) if key and row.body else None
        for row, (_, _, key) in zip(rows, listed(found), strict=True)
    ]
    assert made.canonical(bodies, found).to_pylist() == expected
    assert None in expected
    signed = private("kess-2025").signed_body({"a": 1})
    one = made.verdicts([signed])
    assert made.canonical([signed], one).to_pylist() == [b'{"a":1}']
    assert (
        made.canonical(
            pa.chunked_array([[signed], [signed]]), made.verdicts([signed] * 2)
        ).to_pylist()
        == [b'{"a":1}'] * 2
    )


def test_profile() -> None:
    """The settings of the gateway's PHP hold for verdicts and canonical bytes."""
    profile = Profile(unescaped_unicode=True)
    body = private("kess-2025").signed_body({"a": "é"}, profile=profile)
    assert listed(Kernel(ring()).verdicts([body]))[0][0] == "refused"
    made = Kernel(ring(), profile)
    found = made.verdicts([body])
    assert listed(found)[0][0] == "authentic"
    assert made.canonical([body], found).to_pylist() == ['{"a":"é"}'.encode()]


def test_what_was_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure of libcrypto is neither authentic nor refused."""
    handle = type(private("kess-2025").public_key._handle)
    monkeypatch.setattr(
        handle,
        "verify_documents",
        lambda *_: [VerifyStatus.CRYPTO.value, VerifyStatus.MEMORY.value],
    )
    assert listed(Kernel(ring()).verdicts([b"{}", b"{}"])) == [
        ("unreadable", 101, None),
        ("unreadable", 100, None),
    ]


def test_pickle(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel travels; another version refuses it, and judges nothing."""
    made = Kernel(ring(), Profile(unescaped_slashes=True))
    data = pickle.dumps(made)
    again = pickle.loads(data)  # noqa: S301 - just made
    assert again.ring == made.ring
    assert again.profile == made.profile
    monkeypatch.setattr(kernel, "__version__", "0.0.1")
    with pytest.raises(InputError, match="this machine has 0"):
        pickle.loads(data)  # noqa: S301 - just made


@pytest.mark.parametrize(
    ("bodies", "times", "match"),
    [
        (pa.array([1]), None, "not of int64"),
        (pa.array([[b""]]), None, "not of list"),
        (pa.array([1]).dictionary_encode(), None, "not of dictionary"),
        ([1], None, "a list of bytes"),
        (3, None, "a list of bytes"),
        ([b""], pa.array(["2026-01-01"]), "timestamps, not of string"),
        ([b""], pa.array([], pa.timestamp("us")), "1 bodies and 0 times"),
    ],
)
def test_refused(bodies: Any, times: Any, match: str) -> None:  # noqa: ANN401 - nonsense
    """Columns of another type, and other numbers of rows."""
    with pytest.raises(InputError, match=match):
        Kernel(ring()).verdicts(bodies, times)


def test_made_of_nonsense() -> None:
    """A kernel is made of a Ring and a Profile."""
    with pytest.raises(InputError, match="needs a Ring"):
        Kernel([private("us").public_key])  # type: ignore[arg-type] # that is the test
    with pytest.raises(InputError):
        Kernel(ring(), "8.2")  # type: ignore[arg-type] # that is the test


def test_pure_python_warns_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The slow backend is named once in a process, and gives the same."""
    body = private("kess-2025").signed_body({"a": 1})
    monkeypatch.setattr(kernel, "_warned", [])
    with backends.override("python"), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        made = Kernel(Ring.of(private("kess-2025").public_key))
        for _ in range(3):
            assert listed(made.verdicts([body])) == [("authentic", 0, "key-1")]
    assert [str(one.message)[:30] for one in caught] == [
        "kesspay runs in pure Python he"
    ]


def test_native_does_not_warn(
    both_backends: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The native core has nothing to say."""
    monkeypatch.setattr(kernel, "_warned", [])
    with backends.override("native"), warnings.catch_warnings():
        warnings.simplefilter("error")
        Kernel(ring()).verdicts([b""])
