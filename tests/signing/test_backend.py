"""Which backend is chosen, what is reported of it, and that imports are cheap."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

import kesspay
from kesspay import BackendError, InputError, PrivateKey, canonicalize, errors
from kesspay.signing import backend as backends
from tests.support.vectors import KEYS


if TYPE_CHECKING:
    from collections.abc import Iterator

    from kesspay.signing.backend import Backend


PEM: Final = (KEYS / "rsa-2048.pem").read_bytes()
SOURCE: Final = str(Path(kesspay.__file__).parents[1])

#: The native core is not installed.
MISSING: Final = "import sys; sys.modules['kesspay._native'] = None\n"
#: It is installed, but something it needs is not.
BROKEN: Final = """
import sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "kesspay._native":
            raise ImportError("libcrypto.so.3: cannot open shared object file")
sys.meta_path.insert(0, Finder())
"""
#: It is installed, but the Python half of cffi is not.
NO_CFFI: Final = "import sys; sys.modules['_cffi_backend'] = None\n"
SHOW: Final = """
import warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    import kesspay
    try:
        used = kesspay.backend()
        print(used.name, used.import_error, len(caught), sep="|")
    except kesspay.BackendError as error:
        print("BackendError", error, sep="|")
"""


def run(code: str, **variables: str) -> str:
    """Run code in another Python, with these variables set and no others of ours."""
    ours = {name for name in os.environ if name.startswith("KESSPAY_")}
    environment = {
        name: value for name, value in os.environ.items() if name not in ours
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**environment, "PYTHONPATH": SOURCE, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_native_is_preferred(both_backends: dict[str, Backend]) -> None:
    """Where the native core is installed it is used."""
    assert run(SHOW) == "native|None|0"


def test_fallback() -> None:
    """Where it is not installed pure Python is used, and nothing is amiss."""
    assert run(MISSING + SHOW) == "python|None|0"


def test_broken_native() -> None:
    """A native core that cannot be imported is reported, not ignored."""
    printed = run(BROKEN + SHOW)
    error = "ImportError: libcrypto.so.3: cannot open shared object file"
    assert printed == f"python|{error}|1"


def test_no_cffi() -> None:
    """Without cffi there is no backend at all, and the error says why."""
    printed = run(NO_CFFI + "import warnings; warnings.simplefilter('ignore')\n" + SHOW)
    assert printed.startswith("BackendError|not even pure Python can be used: ")
    assert "_cffi_backend" in printed


@pytest.mark.few(2)
@pytest.mark.parametrize("name", ["native", "python", " Native ", "PYTHON"])
def test_forced(name: str, both_backends: dict[str, Backend]) -> None:
    """KESSPAY_BACKEND decides."""
    assert run(SHOW, KESSPAY_BACKEND=name).split("|")[0] == name.strip().lower()


@pytest.mark.few(2)
@pytest.mark.parametrize("variable", ["KESSPAY_BACKEND", "KESSPAY_REQUIRE_NATIVE"])
@pytest.mark.parametrize("state", [MISSING, BROKEN, NO_CFFI])
def test_forced_but_missing(variable: str, state: str) -> None:
    """A native core that is demanded and cannot be had is an error."""
    value = {"KESSPAY_BACKEND": "native", "KESSPAY_REQUIRE_NATIVE": "1"}[variable]
    printed = run(state + SHOW, **{variable: value})
    assert printed.startswith("BackendError|the native core is asked for but ")


def test_unknown_backend() -> None:
    """A backend that does not exist is an error, not a fallback."""
    printed = run(SHOW, KESSPAY_BACKEND="rust")
    assert printed == "BackendError|there is no backend 'rust': use native or python"


def test_choice_before_requirement() -> None:
    """KESSPAY_BACKEND=python wins over KESSPAY_REQUIRE_NATIVE: it is the choice."""
    printed = run(MISSING + SHOW, KESSPAY_BACKEND="python", KESSPAY_REQUIRE_NATIVE="1")
    assert printed == "python|None|0"


@pytest.mark.few(2)
@pytest.mark.parametrize("value", ["", "0", "false", "No", "off"])
def test_requirement_off(value: str) -> None:
    """The usual words switch the requirement off."""
    assert run(MISSING + SHOW, KESSPAY_REQUIRE_NATIVE=value) == "python|None|0"


def test_info(backend: Backend) -> None:
    """backend() has name, version and the OpenSSL in use."""
    info = kesspay.backend()
    assert info.name == backend.name
    assert info.version == kesspay.__version__
    assert info.openssl.startswith("OpenSSL 3") or info.openssl.startswith("OpenSSL 4")
    assert info.import_error is None
    with pytest.raises(AttributeError):
        info.name = "another"  # type: ignore[misc] # that is the test


def test_main() -> None:
    """``python -m kesspay`` prints the facts a bug report needs."""
    code = "import runpy; runpy.run_module('kesspay', run_name='__main__')"
    catch = f"try:\n  {code}\nexcept SystemExit as end: print('status', end.code)"
    printed = run(catch, KESSPAY_BACKEND="python")
    for word in (
        "kesspay",
        "Python",
        "platform",
        "backend   python",
        "OpenSSL",
        "status 0",
    ):
        assert word in printed
    printed = run(BROKEN + "import warnings; warnings.simplefilter('ignore')\n" + catch)
    assert "native    cannot be imported: ImportError: libcrypto.so.3" in printed
    printed = run(MISSING + catch, KESSPAY_BACKEND="native")
    assert "backend   none: the native core is asked for" in printed
    assert "status 1" in printed


def test_import_is_cheap() -> None:
    """``import kesspay`` loads nothing heavy, and no backend."""
    code = "import sys; before = set(sys.modules); import kesspay\n"
    code += "print(*sorted(set(sys.modules) - before))"
    loaded = set(run(code).split())
    assert {"kesspay", "kesspay._version", "kesspay.errors"} <= loaded
    heavy = {"cryptography", "cffi", "_cffi_backend", "orjson", "h11", "ssl", "json"}
    heavy |= {"kesspay._native", "kesspay.signing", "dataclasses", "hashlib"}
    assert not loaded & heavy


def test_every_name() -> None:
    """Each public name can be had, is listed, and is imported by a star."""
    for name in kesspay.__all__:
        assert getattr(kesspay, name) is not None
    assert dir(kesspay) == sorted(kesspay.__all__)
    assert set(errors.__all__) <= set(kesspay.__all__)
    names = run("from kesspay import *; print(*sorted(set(dir())))").split()
    public = {name for name in kesspay.__all__ if not name.startswith("_")}
    assert public <= set(names)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        kesspay.nothing  # type: ignore[attr-defined]  # noqa: B018 - that is the test


def test_homes_are_complete() -> None:
    """A name that is imported late has a home, and only public names do."""
    homes = set(kesspay._HOMES)
    assert homes <= set(kesspay.__all__)
    code = "import kesspay; print(*[n for n in kesspay.__all__ if n in vars(kesspay)])"
    assert homes.isdisjoint(run(code).split())


def test_override() -> None:
    """The override ends with its block, also after an error."""
    before = backends.current()
    with backends.override("python") as used:
        assert backends.current() is used
    assert backends.current() is before
    with pytest.raises(ZeroDivisionError), backends.override("python"):
        raise ZeroDivisionError
    assert backends.current() is before
    with pytest.raises(BackendError), backends.override("rust"):
        pass
    assert backends.current() is before


def test_key_stays_with_backend(both_backends: dict[str, Backend]) -> None:
    """A key continues with the backend that loaded it."""
    keys = {}
    for name in both_backends:
        with backends.override(name):
            keys[name] = PrivateKey.from_pem(PEM)
    assert len({type(key._handle) for key in keys.values()}) == 2
    for other in both_backends:
        with backends.override(other):
            bodies = {key.signed_body({"a": 1}) for key in keys.values()}
            assert len(bodies) == 1
            for key in keys.values():
                assert key.public_key.verify_document(bodies.copy().pop()) == b'{"a":1}'
    assert keys["native"].public_key == keys["python"].public_key
    assert len({key.public_key for key in keys.values()}) == 1


def test_chosen_once() -> None:
    """Threads that start together all get the one choice."""
    code = """
import threading, kesspay
from kesspay.signing import backend
calls, found = [], []
choose = backend._chosen_by_environment
backend._chosen_by_environment = lambda: calls.append(1) or choose()
start = threading.Barrier(8)
def work():
    start.wait()
    found.append(backend.current())
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(calls), len(set(map(id, found))))
"""
    assert run(code) == "1 1"


# ------------------------------------------------------------ the native one


@pytest.fixture
def native(both_backends: dict[str, Backend]) -> Iterator[None]:
    """Run the test on the native backend."""
    with backends.override("native"):
        yield


@pytest.mark.usefixtures("native")
@pytest.mark.parametrize("size", [0, 1, 4000, 16 << 10, 1 << 20, 3 << 20])
@pytest.mark.parametrize("text", ["x", "/", "é", "\x01", "😀", "\u2028"])
def test_long_output(text: str, size: int) -> None:
    """The output is whole, however much longer than the input it is."""
    document = '{"a":"' + text * (size // len(text.encode())) + '"}'
    document = document.replace("\x01", "\\u0001")
    with backends.override("python"):
        expected = canonicalize(document)
    assert canonicalize(document) == expected


@pytest.mark.usefixtures("native")
@pytest.mark.parametrize(
    ("name", "arguments", "kind"),
    [
        ("canonicalize", (), TypeError),
        ("canonicalize", (b"{}", 0), TypeError),
        ("canonicalize", (bytearray(b"{}"), 0, 511), TypeError),
        ("canonicalize", ("{}", 0, 511), TypeError),
        ("canonicalize", (b"{}", "0", 511), TypeError),
        ("canonicalize", (b"{}", 0, None), TypeError),
        ("canonicalize", (b"{}", -1, 511), OverflowError),
        ("canonicalize", (b"{}", 0, 1 << 32), OverflowError),
        ("canonicalize", (b"{}", 1 << 64, 511), OverflowError),
        ("sign", (0,), TypeError),
        ("sign", (None, b""), TypeError),
        ("sign", (0, ""), TypeError),
        ("verify_document", (0, b"{}", 0), TypeError),
        ("verify_document", ("", b"{}", 0, 64), TypeError),
        ("verify_document", (0, None, 0, 64), TypeError),
        ("signed_body", (0, b"{}", 0, -1), OverflowError),
        ("sign_document", (1 << 64, b"{}", 0, 1), OverflowError),
    ],
)
def test_wrong_arguments(
    name: str, arguments: tuple[object, ...], kind: type[Exception]
) -> None:
    """The functions of module.c take nothing but what they are made for."""
    from kesspay import _native

    with pytest.raises(kind):
        getattr(_native, name)(*arguments)


@pytest.mark.usefixtures("native")
def test_statuses_of_the_module() -> None:
    """A failure is a status and a position; no key and no option is guessed."""
    from kesspay import _native

    assert _native.canonicalize(b"[1,]", 0, 511) == (200, 3)
    assert _native.canonicalize(b"[]", 1 << 20, 511) == (1, 0)
    assert _native.canonicalize(b"[]", 0, 513) == (1, 0)
    assert _native.sign(0, b"") == (1, 0)
    for name in ("sign_document", "signed_body", "verify_document"):
        assert getattr(_native, name)(0, b"{}", 0, 64) == (1, 0)


@pytest.mark.usefixtures("native")
def test_failures() -> None:
    """What C could not do is no verdict on the input."""
    from kesspay.signing import native_backend as nb

    for status, kind in ((100, MemoryError), (3, InputError), (101, BackendError)):
        assert type(nb._failure(status)) is kind
    assert isinstance(nb._failure(1), BackendError)


@pytest.mark.usefixtures("native")
def test_tables() -> None:
    """The numbers and words of the C library are those of Python."""
    from kesspay._native import ffi, lib

    from kesspay.signing import status

    for table in (status.DOCUMENT_STATUS, status.SIGNATURE_STATUS, status.KEY_STATUS):
        for value in table:
            name = ffi.string(lib.kess_status_name(value)).decode()
            assert getattr(lib, name) == value
    values = {
        getattr(lib, name): name for name in dir(lib) if name.startswith("KESS_ERR_")
    }
    known = {**status.DOCUMENT_STATUS, **status.SIGNATURE_STATUS, **status.KEY_STATUS}
    assert set(values) - set(known) == {1, 2, 3, 100, 101}
    for value, word in known.items():
        short = values[value].removeprefix("KESS_ERR_").removeprefix("KEY_").lower()
        assert word == {"signature": "mismatch"}.get(short, short)
    for value, words in status.FOUND.items():
        if value:
            assert ffi.string(lib.kess_found_message(value)).decode() == words
    found = [name for name in dir(lib) if name.startswith("KESS_FOUND_")]
    assert {getattr(lib, name) for name in found} == set(status.FOUND)


@pytest.mark.skipif(
    not sysconfig.get_config_var("Py_GIL_DISABLED"),
    reason="needs a free-threaded CPython",
)
@pytest.mark.usefixtures("native")
def test_no_gil() -> None:
    """On a free-threaded interpreter the native core does not bring the GIL back."""
    code = "import sys, kesspay._native; print(sys._is_gil_enabled())"
    assert run(code).strip() == "False"


@pytest.mark.usefixtures("native")
def test_threads() -> None:
    """Threads that canonicalise at once get their own output."""
    wrong: list[object] = []

    def work(n: int) -> None:
        text = f'{{"b":{n},"a":"{n}"}}'.encode()
        expected = f'{{"a":"{n}","b":{n}}}'.encode()
        wrong.extend(n for _ in range(2000) if canonicalize(text) != expected)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


# ------------------------------------------------------------ in this process


def forget_native(patch: pytest.MonkeyPatch, module: str) -> None:
    """Make the next import of the native backend fail for want of a module."""
    patch.delitem(sys.modules, "kesspay.signing.native_backend", raising=False)
    patch.setitem(sys.modules, module, None)


def chosen(**variables: str) -> backends.BackendInfo:
    """Return what these variables choose."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("KESSPAY_BACKEND", "KESSPAY_REQUIRE_NATIVE"):
            patch.delenv(name, raising=False)
        for name, value in variables.items():
            patch.setenv(name, value)
        for name in ("backend", "import_error"):
            patch.setattr(backends.in_use, name, None)
        return kesspay.backend()


def test_choice_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the native core: pure Python, or an error where it was asked for."""
    forget_native(monkeypatch, "kesspay._native")
    assert chosen().name == "python"
    assert chosen(KESSPAY_BACKEND="python").name == "python"
    for variables in ({"KESSPAY_BACKEND": "native"}, {"KESSPAY_REQUIRE_NATIVE": "1"}):
        with pytest.raises(BackendError, match="not installed"):
            chosen(**variables)
    with pytest.raises(BackendError, match="no backend"):
        chosen(KESSPAY_BACKEND="rust")


def test_broken_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a broken one: pure Python and a warning, never silently."""
    forget_native(monkeypatch, "_cffi_backend")
    monkeypatch.delitem(sys.modules, "kesspay._native", raising=False)
    monkeypatch.setattr(backends, "_native", lambda: (None, "ImportError: no"))
    with pytest.warns(RuntimeWarning, match="ImportError: no"):
        assert chosen().import_error == "ImportError: no"
    with pytest.raises(BackendError, match="cannot be imported"):
        chosen(KESSPAY_BACKEND="native")


@pytest.mark.parametrize("error", [ModuleNotFoundError("x"), OSError("x")])
def test_why_not_native(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason why the native core cannot be imported is reported."""

    class Finder:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "kesspay.signing.native_backend":
                raise error

    monkeypatch.delitem(sys.modules, "kesspay.signing.native_backend", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    assert backends._native() == (None, f"{type(error).__name__}: x")


def test_no_backend_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the packages that pure Python needs there is an error."""
    monkeypatch.setitem(sys.modules, "kesspay.signing.python_backend", None)
    with pytest.raises(BackendError, match="not even pure Python"):
        chosen(KESSPAY_BACKEND="python")


def test_lost_race() -> None:
    """Who comes second takes the choice of who came first."""
    with backends.override("python") as used:
        assert backends._choose() is used


def test_native_here(both_backends: dict[str, Backend]) -> None:
    """Where the native core is installed it is used."""
    assert chosen().name == "native"
    assert chosen(KESSPAY_REQUIRE_NATIVE="1").name == "native"
