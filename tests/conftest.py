"""
What all tests share: both backends, real PHP, and a real PostgreSQL.

``KESSPAY_REQUIRE_NATIVE=1``, ``KESSPAY_REQUIRE_PHP=1``,
``KESSPAY_REQUIRE_CHROMIUM=1``, ``KESSPAY_REQUIRE_POSTGRES=1``,
``KESSPAY_REQUIRE_CURL=1`` and ``KESSPAY_REQUIRE_NODE=1`` turn a test that would be
skipped for want of the native core, of PHP, of a browser, of a database server, of
curl or of Node into a failure.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import pytest

from kesspay.errors import BackendError
from kesspay.signing import backend as backends
from tests.support.php import Php, find_php
from tests.support.postgres import Postgres, find_pgbouncer, find_postgres


if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from kesspay.signing.backend import Backend


#: Multiples of it fall far from each other, modulo 1.
_GOLDEN: Final = 0.618
#: `make test` runs so many cases of a test, or what the marker few(n) says.
FEW: Final = 8
#: Folders, files and tests, or the thorough cases of a test, that run no line or branch
#: which others do not. Before those of a run on pure Python stands the word.
_UNMEASURED: Final = frozenset(
    Path(__file__).with_name("unmeasured.txt").read_text(encoding="ascii").splitlines()
)
_UNMEASURED_HERE: Final = (
    "pure " if os.environ.get("KESSPAY_BACKEND") == "python" else ""
)


def pytest_configure() -> None:
    """Let programs hear signals that a shell behind & ignores, and nohup."""
    # The programs that tests start and interrupt would inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # Windows has none.
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        # A handler, which no program inherits: the tests themselves continue.
        signal.signal(signal.SIGHUP, lambda _number, _frame: None)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """Search for no garbage while tests are collected: all of it stays to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Search what was collected for garbage no more: all of it stays to the end."""
    gc.freeze()
    # Tests that hold a million objects, as of the kit, have them searched less often.
    gc.set_threshold(10_000, 10, 10)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what ``make test`` and the jobs of ``.ci/run`` leave to others."""
    _leave_cases(items)
    for item in items:
        name = _UNMEASURED_HERE + item.nodeid.partition("[")[0]
        file = name.partition("::")[0]
        folder = "/".join(file.split("/")[:2]) + "/"
        thorough = f"{name} thorough" in _UNMEASURED
        if not _UNMEASURED.isdisjoint((name, file, folder)) or (
            thorough and item.get_closest_marker("thorough")
        ):
            item.add_marker(pytest.mark.unmeasured)


def _leave_cases(items: list[pytest.Item]) -> None:
    """
    Leave most cases of a test with many to ``.ci/run``, which goes through them all.

    Of a test that is marked ``one_in(n)`` they become exhaustive. Of the others, ``make
    test`` takes ``FEW`` cases, or as many as the marker ``few(n)`` says; the rest
    becomes thorough. The cases that stay are spread over all parameters of the test,
    and each backend has some.
    """
    numbers: Counter[tuple[str, bool, bool]] = Counter()
    families: defaultdict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if item.get_closest_marker("exhaustive"):
            continue
        name, _, case = item.nodeid.partition("[")
        marker = item.get_closest_marker("one_in")
        if marker is not None:
            group = name, "native" in case, "python" in case
            stays = numbers[group] * _GOLDEN % 1.0 < 1.0 / marker.args[0]
            numbers[group] += 1
            if not stays:
                item.add_marker(pytest.mark.exhaustive)
                continue
        families[name].append(item)
    for family in families.values():
        marker = family[0].get_closest_marker("few")
        few = FEW if marker is None else marker.args[0]
        if len(family) > few:
            for item in _beyond(family, few):
                item.add_marker(pytest.mark.thorough)


def _beyond(family: list[pytest.Item], few: int) -> Iterator[pytest.Item]:
    """Yield the cases beyond the few, of which each backend has its share."""
    groups: defaultdict[tuple[bool, bool], list[pytest.Item]] = defaultdict(list)
    for item in family:
        case = item.nodeid.partition("[")[2]
        groups["native" in case, "python" in case].append(item)
    share = max(1, few // len(groups))
    for group in groups.values():
        order = sorted(range(len(group)), key=lambda number: number * _GOLDEN % 1.0)
        yield from (group[number] for number in order[share:])


def is_set(variable: str) -> bool:
    """Tell whether a variable of the environment switches something on."""
    return os.environ.get(variable, "0") not in ("", "0")


def missing(what: str, variable: str) -> NoReturn:
    """Skip the test, or fail it where the environment insists."""
    if is_set(variable):
        pytest.fail(f"{what}, but {variable} is set")
    pytest.skip(what)


@pytest.fixture(
    params=[
        pytest.param("native", marks=pytest.mark.native),
        pytest.param("python", marks=pytest.mark.pure),
    ]
)
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """Run the test on both backends; keys loaded in it belong to the one set."""
    try:
        switched = backends.override(request.param)
        used = switched.__enter__()
    except BackendError as error:
        missing(str(error), "KESSPAY_REQUIRE_NATIVE")
    yield used
    switched.__exit__(None, None, None)


@pytest.fixture(
    params=[
        pytest.param(False, id="sample", marks=pytest.mark.sample),
        pytest.param(True, id="whole", marks=pytest.mark.exhaustive),
    ]
)
def whole(request: pytest.FixtureRequest) -> bool:
    """
    Whether the test goes through everything, or takes a sample.

    An ordinary run takes samples; ``.ci/run`` runs the exhaustive tests instead.
    """
    is_whole: bool = request.param
    return is_whole


@pytest.fixture
def backends_here() -> dict[str, Backend]:
    """Return the backends of this installation: pure Python, or both."""
    found = {}
    for name in ("native", "python"):
        try:
            with backends.override(name) as used:
                found[name] = used
        except BackendError as error:
            if is_set("KESSPAY_REQUIRE_NATIVE"):
                pytest.fail(str(error))
    return found


@pytest.fixture
def both_backends(backends_here: dict[str, Backend]) -> dict[str, Backend]:
    """Return both backends by name, for comparisons."""
    if len(backends_here) == 1:
        pytest.skip("there is no native core to compare with")
    return backends_here


@pytest.fixture(scope="session")
def php() -> Iterator[Php]:
    """Start one PHP process for the session."""
    if find_php() is None:
        missing("no PHP 8.2 or later is installed", "KESSPAY_REQUIRE_PHP")
    with Php() as process:
        yield process


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Start one PostgreSQL server for the session."""
    if find_postgres() is None:
        missing("no PostgreSQL server is installed", "KESSPAY_REQUIRE_POSTGRES")
    try:
        import psycopg  # noqa: F401 - needs libpq
    except ImportError as error:
        missing(f"psycopg: {error}", "KESSPAY_REQUIRE_POSTGRES")
    with Postgres() as server:
        yield server


@pytest.fixture
def pooled(postgres: Postgres) -> Postgres:
    """Return the server where a pooler can be started before it."""
    if find_pgbouncer() is None:
        missing("no pgbouncer is installed", "KESSPAY_REQUIRE_POSTGRES")
    return postgres
