# mypy: disable-error-code="no-untyped-call, no-any-unimported"

"""Columns of texts through the Arrow C data interface, ours and pyarrow's."""

from __future__ import annotations

import gc
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

import pytest

from kesspay import InputError, KeyRing, PrivateKey, VerifyStatus, canonicalize_many
from tests.support.arrow import Column
from tests.support.pages import ROOT
from tests.support.vectors import KEYS


if TYPE_CHECKING:
    from kesspay.signing.backend import Backend


OK: Final = VerifyStatus.OK
SYNTAX: Final = VerifyStatus.SYNTAX


@pytest.fixture
def key(backend: Backend) -> PrivateKey:
    """Return the key that signs the bodies."""
    return PrivateKey.from_pem((KEYS / "rsa-2048.pem").read_bytes())


@pytest.mark.parametrize("kind", [b"z", b"u", b"Z", b"U"])
@pytest.mark.parametrize("before", [b"", b"x", b"12345678"])
@pytest.mark.parametrize("offset", [0, 1, 2])
def test_column(key: PrivateKey, kind: bytes, before: bytes, offset: int) -> None:
    """Every type of text, and offsets that do not begin at 0, give the same."""
    bodies = [key.signed_body({"n": n}) for n in range(3)] + [b"", b"{"]
    column = Column(bodies, kind=kind, before=before, offset=offset)
    expected = [OK, OK, OK, SYNTAX, SYNTAX][offset:]
    assert key.public_key.verify_documents(column, threads=2) == expected
    made = canonicalize_many(column)
    assert made.statuses == expected
    assert list(made) == list(canonicalize_many(bodies))[offset:]
    assert (
        list(key.sign_documents(column)) == (list(key.sign_documents(bodies))[offset:])
    )
    assert KeyRing([key.public_key]).verify_documents(column) == expected


@pytest.mark.few(1)
def test_release(key: PrivateKey) -> None:
    """What was borrowed is released once, after its use, also after an error."""
    body = key.signed_body({"a": 1})
    column = Column([body] * 300)
    assert key.public_key.verify_documents(column, threads=2) == [OK] * 300
    gc.collect()
    assert sorted(column.released) == ["arrow_array", "arrow_schema"]
    refused = Column([body], kind=b"i")
    with pytest.raises(InputError, match="not 'i'"):
        key.public_key.verify_documents(refused)
    gc.collect()
    assert sorted(refused.released) == ["arrow_array", "arrow_schema"]


def test_capsules_at_the_end_of_python() -> None:
    """A capsule that nothing ends before Python calls no callback that is gone."""
    program = (
        "import sys; from tests.support.arrow import Column;"
        "sys.kept = Column([b'[1]']).__arrow_c_array__()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=False, capture_output=True
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("offset", [0, 1])
def test_nulls(key: PrivateKey, offset: int) -> None:
    """A null is refused, whatever bytes lie below it: nothing of it is signed."""
    texts = [b'{"a":1}', b'{"b":2}', b'{"c":3}']
    column = Column(texts, valid=b"\x05", offset=offset)
    made = key.sign_documents(column)
    expected: list[bytes | None] = [*key.sign_documents(texts)]
    expected[1] = None
    assert list(made) == expected[offset:]
    assert made.statuses == [OK, SYNTAX, OK][offset:]
    whole = Column(texts, valid=b"\x07", offset=offset)
    assert canonicalize_many(whole).statuses == [OK] * (3 - offset)


def test_empty(backend: Backend) -> None:
    """An array of nothing, also one without buffers."""
    for column in (
        Column([]),
        Column([], kind=b"z"),
        Column([b"[]"], offset=1),
        Column([b"[]"], length=0),
    ):
        assert canonicalize_many(column).statuses == []
    assert canonicalize_many(Column([b"", b""])).statuses == [SYNTAX] * 2


@pytest.mark.parametrize(
    "column",
    [
        Column([b"[]"], kind=b"l"),
        Column([b"[]"], kind=b"vu", n_buffers=2),
        Column([b"[]"], kind=b"w:"),
        Column([b"[]"], kind=b"w:4"),
        Column([b"[]"], kind=b"+s"),
        Column([b"[]"], kind=b"+l"),
        Column([b"[]"], kind=b"\xff"),
        Column([b"[]"], dictionary=1),
        Column([b"[]"], n_buffers=2),
        Column([b"[]"], length=-1),
        Column([b"[]"], offsets=[0, -1]),
        Column([b"[][]"], offsets=[0, 4, 2]),
        Column([b"[][]"], offsets=[4, 2, 4], kind=b"z"),
        Column([b"[]"], offsets=[-2, 2]),
        Column([b"[]"], release=None),
    ],
)
def test_refused(backend: Backend, column: Column) -> None:
    """Other types, and arrays that cannot be right, are refused before use."""
    with pytest.raises(InputError):
        canonicalize_many(column)


@pytest.mark.parametrize(
    "answer", [None, (), (1, 2), (object(), object()), ("a", "b", "c")]
)
def test_no_capsules(backend: Backend, answer: tuple[object, object]) -> None:
    """A producer that returns something else is refused."""

    class Wrong:
        def __arrow_c_array__(
            self, requested_schema: object = None
        ) -> tuple[object, object]:
            return answer

    with pytest.raises(InputError, match="two capsules"):
        canonicalize_many(Wrong())


def test_wrong_names(backend: Backend) -> None:
    """Capsules are opened by their names only."""

    class Swapped(Column):
        def __arrow_c_array__(self, requested_schema: object = None) -> tuple[Any, Any]:
            schema, column = super().__arrow_c_array__()
            return column, schema

    with pytest.raises(InputError, match="two capsules"):
        canonicalize_many(Swapped([b"[]"]))


def test_pyarrow(key: PrivateKey) -> None:
    """What pyarrow gives away, sliced and with nulls, reads like its list."""
    pyarrow: Any = pytest.importorskip("pyarrow")
    bodies = [key.signed_body({"n": n, "t": "ខ្មែរ"}) for n in range(200)]
    values: list[bytes | None] = [*bodies, None, b"{", b""]
    public = key.public_key
    expected = [OK] * 200 + [SYNTAX] * 3
    for kind in ("binary", "large_binary", "string", "large_string"):
        column = pyarrow.array(values, getattr(pyarrow, kind)())
        assert public.verify_documents(column, threads=2) == expected
        assert public.verify_documents(column[150:202]) == expected[150:202]
        made = canonicalize_many(column[:200])
        assert list(made) == list(canonicalize_many(bodies))
        again = pyarrow.LargeBinaryArray.from_buffers(
            pyarrow.large_binary(),
            len(made),
            [None, pyarrow.py_buffer(made.offsets), pyarrow.py_buffer(made.data)],
        )
        assert again.to_pylist() == list(made)
