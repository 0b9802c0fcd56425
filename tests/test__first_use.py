"""
The first use of a name while the process forks, as servers do it.

Each program runs alone, so that its imports are the first ones. An importer holds up
imports while the program forks: then every thread is in an import, or waits for one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from importlib import import_module
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final

import pytest

import kesspay
from kesspay import BackendError, _first_use
from kesspay._first_use import FirstUseLock, restart_imports
from kesspay.signing import backend as backends
from tests.support.vectors import KEYS


if TYPE_CHECKING:
    from collections.abc import Callable


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")

SOURCE: Final = str(Path(kesspay.__file__).parents[1])

PROGRAM: Final = """
import importlib.machinery, logging, os, signal, sys, threading, time, traceback
import warnings
from pathlib import Path
import pyarrow
import kesspay

warnings.simplefilter("ignore", DeprecationWarning)  # fork beside threads
signal.alarm(120)  # a process that waits for ever is killed
keys, folder, kind = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
parent = os.getpid()
held = [threading.Event() for _ in range(4)]  # an import is held up for this fork
go = [threading.Event() for _ in range(4)]
imports = []

class HoldsUp:
    @staticmethod
    def find_spec(name, path=None, target=None):
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is not None and spec.loader is not None and os.getpid() == parent:
            run = spec.loader.exec_module
            spec.loader.exec_module = lambda module: (hold(), run(module))[1]
        return spec

def hold():
    if os.getpid() == parent:
        imports.append(1)
        for number, at in enumerate((1, 8, 25, 50)):
            if len(imports) > at:
                held[number].set()
                go[number].wait()

sys.meta_path.insert(0, HoldsUp)

def document():
    assert kesspay.canonicalize('{"b":1,"a":2}') == b'{"a":2,"b":1}'

def encrypted():
    pem = (keys / "rsa-2048.encrypted.pem").read_bytes()
    kesspay.PrivateKey.from_pem(pem, b"correct horse")

def signature():
    key = kesspay.PrivateKey.from_pem((keys / "rsa-2048.pem").read_bytes())
    key.public_key.verify_document(key.signed_body({"amount": 0.5}))

def column():
    kesspay.canonicalize_many(pyarrow.array([b"{}"]))

def sandbox():
    from kesspay.sandbox import Sandbox
    key = kesspay.PrivateKey.from_pem((keys / "rsa-2048.pem").read_bytes())
    other = kesspay.PrivateKey.from_pem((keys / "other-2048.pem").read_bytes())
    return Sandbox(private_key=key, gateway_private_key=other)

def token():
    made = sandbox()
    with kesspay.Client(**made.settings, transport=made.transport) as client:
        client.token()

def async_token():
    import asyncio
    made = sandbox()
    async def work():
        async with kesspay.AsyncClient(
            **made.settings, transport=made.async_transport
        ) as client:
            await client.token()
    asyncio.run(work())

def transfer():
    from decimal import Decimal
    made = sandbox()
    client = kesspay.Client(**made.settings, transport=made.transport)
    name = f"{os.getpid()}-{threading.get_ident()}.sqlite"
    with kesspay.SqliteJournal(folder / name) as journal:
        kesspay.Transfers(client, journal).start(
            payment_id="p-1", receiver_id="85512345678",
            amount=Decimal("0.50"), sender_name="Chan Sophea")

def away(call, error):
    try:
        call()
    except error:
        return
    raise AssertionError(call)

def postgres():
    away(lambda: kesspay.PostgresJournal(f"host={folder} connect_timeout=2"),
         kesspay.JournalUnavailable)

def network():
    transport = kesspay.HttpTransport()
    request = kesspay.HttpRequest("GET", "https://127.0.0.1:1/", (), b"")
    away(lambda: transport.send(request, timeout=5), kesspay.TransportError)

def async_network():
    import asyncio
    async def work():
        transport = kesspay.AsyncHttpTransport()
        request = kesspay.HttpRequest("GET", "https://127.0.0.1:1/", (), b"")
        try:
            await transport.send(request, timeout=5)
        except kesspay.TransportError:
            return
        raise AssertionError
    asyncio.run(work())

def explained():
    from kesspay.explain.explanation import explain
    public = kesspay.PublicKey.from_pem((keys / "rsa-2048.pub.pem").read_bytes())
    assert explain(b"{}", [public]) is not None

CALLS = [document, encrypted, signature, column, token, async_token, transfer,
         postgres, network, async_network, explained, kesspay.__dir__,
         lambda: kesspay.backend(), lambda: kesspay.Rules(), sandbox,
         lambda: kesspay.PHP_8.ksort]
if kind == "names":
    every = [name for name in kesspay.__all__ if name not in vars(kesspay)]
    CALLS = [lambda name=name: getattr(kesspay, name) for name in every]

wrong = []
def work(number):
    try:
        for call in CALLS[number::16]:
            call()
    except BaseException as error:
        traceback.print_exc()
        wrong.append(error)

def child():
    signal.alarm(60)
    status = 1
    try:
        crowd = [threading.Thread(target=work, args=(n,)) for n in range(16)]
        for one in crowd: one.start()
        for one in crowd: one.join()
        for call in CALLS: call()
        status = len(wrong)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)

logging.getLogger("x").addHandler(logging.NullHandler())
crowd = [threading.Thread(target=work, args=(n,)) for n in range(16)]
for one in crowd: one.start()
children = []
for number in range(4):
    held[number].wait()
    time.sleep(0.2)  # the other threads come to an import, too
    children.append(os.fork())
    if not children[-1]:
        child()
    go[number].set()
for one in crowd: one.join()
codes = [os.waitstatus_to_exitcode(os.waitpid(one, 0)[1]) for one in children]
assert not any(codes) and not wrong, (codes, wrong)
print("done")
"""


@pytest.mark.thorough
@pytest.mark.one_in(2)
@needs_fork
@pytest.mark.parametrize(
    ("kind", "backend"), [("names", "python"), ("names", "native"), ("calls", "native")]
)
def test_first_use_while_the_process_forks(
    kind: str, backend: str, tmp_path: Path
) -> None:
    """Children and parent use and call every name, whichever thread imports it."""
    try:
        with backends.override(backend):
            pass
    except BackendError as error:
        pytest.skip(str(error))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(KEYS), str(tmp_path), kind],
        env={**os.environ, "PYTHONPATH": SOURCE, "KESSPAY_BACKEND": backend},
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "done"


class Locked:
    """A lock of an import, as importlib keeps one."""

    def __init__(self, owner: int | None) -> None:
        """Belong to a thread, or to none."""
        self.owner = owner


@pytest.fixture
def imports(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return a stand-in for importlib, without an import under way."""
    stand_in = ModuleType("_frozen_importlib")
    monkeypatch.setitem(sys.modules, "_frozen_importlib", stand_in)
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    return stand_in


def reference(lock: Locked | None) -> Callable[[], Locked | None]:
    """Return what importlib keeps of a lock."""
    return lambda: lock


def test_what_a_child_drops(
    imports: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The imports of other threads are dropped; its own, and finished ones, stay."""
    elsewhere = threading.get_ident() + 1
    owners = {
        "theirs": elsewhere,
        "theirs_done": elsewhere,
        "mine": threading.get_ident(),
        "of_none": None,
        "not_made": elsewhere,
    }
    for name in ("theirs", "theirs_done", "mine", "of_none"):
        made = ModuleType(name)
        made.__spec__ = ModuleSpec(name, None)
        vars(made.__spec__)["_initializing"] = name in ("theirs", "mine")
        monkeypatch.setitem(sys.modules, name, made)
    locks = {name: reference(Locked(owner)) for name, owner in owners.items()}
    locks["gone"] = reference(None)
    vars(imports).update(_module_locks=locks, _blocking_on={elsewhere: "theirs"})
    restart_imports()
    assert list(locks) == ["mine"]
    assert not vars(imports)["_blocking_on"]
    assert "theirs" not in sys.modules
    assert {"theirs_done", "mine", "of_none"} <= set(sys.modules)


def test_a_package_of_which_a_part_is_finished(
    imports: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is run again in its namespace, so that all that hold it have the same."""
    folder = tmp_path / "half_done"
    folder.mkdir()
    (folder / "part.py").write_text("", encoding="utf-8")
    (folder / "later.py").write_text("", encoding="utf-8")
    (folder / "__init__.py").write_text(
        "from half_done.part import *\nname = part.__name__\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(tmp_path)
    package, part = import_module("half_done"), import_module("half_done.part")
    spec = package.__spec__
    assert spec is not None
    loader = spec.loader
    del package.name  # as if its last line had not been run
    vars(spec)["_initializing"] = True
    locks = {"half_done": reference(Locked(threading.get_ident() + 1))}
    vars(imports).update(_module_locks=locks)
    restart_imports()
    again = import_module("half_done")
    assert again is package
    assert again.part is part
    assert again.name == "half_done.part"
    assert spec.loader is loader
    # A module that no thread had under way is imported as ever.
    assert import_module("half_done.later").__name__ == "half_done.later"
    for name in ("half_done", "half_done.part", "half_done.later"):
        monkeypatch.delitem(sys.modules, name)


def test_an_interpreter_without_these_locks(imports: ModuleType) -> None:
    """Where importlib keeps its locks elsewhere, nothing is dropped."""
    before = dict(sys.modules)
    restart_imports()
    assert dict(sys.modules) == before
    assert not [name for name in vars(imports) if not name.startswith("__")]


def test_this_interpreter_has_these_locks() -> None:
    """The names that are looked for are those of this interpreter."""
    tables = vars(sys.modules["_frozen_importlib"])
    assert isinstance(tables["_module_locks"], dict)
    assert hasattr(tables["_blocking_on"], "clear")
    assert hasattr(tables["_ModuleLock"]("x"), "owner")


def test_a_lock_is_free_in_a_child() -> None:
    """A child does not wait for a thread that it does not have."""
    lock = FirstUseLock()
    with lock:
        lock._begin_anew()
        with lock:
            pass
        assert not lock._lock.locked()
        # What was taken before is given back by its taker: not in a child.
        lock._lock.acquire()
    assert not lock._lock.locked()


def test_an_unknown_name() -> None:
    """A name that there is not is an AttributeError that names both."""
    with pytest.raises(AttributeError, match="module 'kesspay' has no attribute 'x'"):
        _first_use.first_use("kesspay", {}, "x")


def test_a_name_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that was used is one of the package from then on."""
    monkeypatch.setitem(sys.modules, "shop", ModuleType("shop"))
    found = _first_use.first_use("shop", {"Path": "pathlib"}, "Path")
    assert found is Path
    assert vars(sys.modules["shop"])["Path"] is Path
