"""
Threads that sign and processes that are forked meanwhile, as servers do it.

Each program runs alone: a child of a test run would inherit its threads.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

import kesspay
from kesspay import BackendError
from kesspay.signing import backend as backends
from tests.support.vectors import KEYS


pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")

SOURCE: Final = str(Path(kesspay.__file__).parents[1])

#: A server: work() is what a request needs, serve() a process full of them.
SERVER: Final = """
import os, signal, sys, threading, traceback, warnings
from pathlib import Path
from kesspay import PrivateKey

warnings.simplefilter("ignore", DeprecationWarning)  # fork beside threads
signal.alarm(120)  # ends a process that waits for ever
key = PrivateKey.from_pem(Path(sys.argv[1]).read_bytes())
public = key.public_key
expected = {n: key.sign(b"%d" % n) for n in range(16)}
body = key.signed_body({"amount": 0.5})

def work(n):
    signature = key.sign(b"%d" % n)
    public.verify(signature, b"%d" % n)
    assert signature == expected[n]
    assert key.signed_body({"amount": 0.5}) == body
    assert public.verify_document(body) == b'{"amount":0.5}'

def serve(rounds, threads=16):
    wrong = []
    def thread(n):
        try:
            for _ in range(rounds):
                work(n)
        except BaseException as error:
            wrong.append(error)
    crowd = [threading.Thread(target=thread, args=(n,)) for n in range(threads)]
    for one in crowd: one.start()
    for one in crowd: one.join()
    assert not wrong, wrong

def fork():
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        status = 1
        try:
            work(0)
            serve(3)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    return child

def wait(children):
    codes = [os.waitstatus_to_exitcode(os.waitpid(n, 0)[1]) for n in children]
    if any(codes):
        sys.stderr.write(f"children ended with {codes}\\n")
        os._exit(1)
"""
#: gunicorn with preload: loaded once, forked, then threads in each worker.
PREFORK: Final = "wait([fork() for _ in range(4)]); serve(3); print('done')"
#: Forked while 16 threads sign: ROUNDS times four workers.
DURING: Final = """
stop = threading.Event()
wrong = []
def busy(n):
    try:
        while not stop.is_set():
            work(n)
    except BaseException as error:
        wrong.append(error)
crowd = [threading.Thread(target=busy, args=(n,)) for n in range(16)]
for one in crowd: one.start()
for _ in range(ROUNDS):
    wait([fork() for _ in range(4)])
stop.set()
for one in crowd: one.join()
assert not wrong, wrong
serve(1)
print('done')
"""


def run(program: str, backend: str) -> str:
    """Run the server with this program at its end; return what it prints."""
    try:
        with backends.override(backend):
            pass
    except BackendError as error:
        pytest.skip(str(error))
    done = subprocess.run(
        [sys.executable, "-c", SERVER + program, str(KEYS / "rsa-2048.pem")],
        env={**os.environ, "PYTHONPATH": SOURCE, "KESSPAY_BACKEND": backend},
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.few(1)
@pytest.mark.parametrize("backend", ["native", "python"])
def test_prefork(backend: str) -> None:
    """A key that was loaded before the fork serves all workers and their threads."""
    assert run(PREFORK, backend) == "done"


@pytest.mark.thorough
def test_fork_while_signing(
    whole: bool,  # noqa: FBT001 - a fixture
) -> None:
    """Children work that were forked while 16 threads were inside libcrypto."""
    # Not pure Python: there a child may inherit a lock of libcrypto for ever.
    program = DURING.replace("ROUNDS", "4" if whole else "2")
    assert run(program, "native") == "done"
