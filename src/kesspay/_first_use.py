"""
Make the first use of a name safe, while another thread forks the process.

An import holds a lock of its module. A child has one thread, so a module that
another thread was importing is never finished there, and its lock is never given
back: whatever needed this module in the child would wait for ever. So the child
drops these locks, and runs an unfinished module again when it needs it.

Nothing waits before a fork: a lock taken there could meet the locks of others,
such as the one of ``logging``.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from threading import Lock, get_ident
from typing import TYPE_CHECKING, Any, Final, cast


if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from importlib.machinery import ModuleSpec
    from types import ModuleType, TracebackType


__all__ = ["FirstUseLock", "first_use", "restart_imports"]

#: Where CPython keeps the locks of imports, and which thread waits for which lock.
_IMPORTLIB: Final = "_frozen_importlib"


class FirstUseLock:
    """A lock that is free in a child, also where a thread held it at the fork."""

    def __init__(self) -> None:
        """Begin free."""
        self._lock = Lock()
        _in_every_child(self._begin_anew)

    def __enter__(self) -> None:
        """Take it."""
        self._lock.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give it back."""
        self._lock.release()

    def _begin_anew(self) -> None:
        self._lock = Lock()


def first_use(package: str, homes: Mapping[str, str], name: str) -> object:
    """
    Import a public name of a package, which has it from then on.

    Args:
        package: name of the package.
        homes: the module of each of its public names.
        name: that was used.

    Raises:
        AttributeError: the package has no such name.
    """
    home = homes.get(name)
    if home is None:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    value: object = getattr(import_module(home), name)
    setattr(sys.modules[package], name, value)
    return value


def restart_imports() -> None:
    """Drop every import that a thread other than this one has under way."""
    tables = vars(sys.modules.get(_IMPORTLIB, sys))
    locks: dict[str, Any] = tables.get("_module_locks", {})
    unfinished: dict[str, ModuleType] = {}
    for name, reference in list(locks.items()):
        lock = reference()
        if getattr(lock, "owner", None) == get_ident():
            continue
        # Also a lock without an owner: its own lock may be held by such a thread.
        del locks[name]
        module = sys.modules.get(name)
        if module is not None and getattr(module.__spec__, "_initializing", False):
            unfinished[name] = sys.modules.pop(name)
    waiting = tables.get("_blocking_on")
    if waiting is not None:
        # A new thread can get the number of one that is gone.
        waiting.clear()
    if unfinished:
        sys.meta_path.insert(0, _Finder(unfinished))


class _Finder:
    """Finds the modules that are to be run again, each once."""

    def __init__(self, unfinished: dict[str, ModuleType]) -> None:
        self._unfinished = unfinished

    def find_spec(
        self, name: str, path: object = None, target: object = None
    ) -> ModuleSpec | None:
        """Return how to load a module, with what is there of it; or None."""
        del path, target
        module = self._unfinished.pop(name, None)
        if module is None:
            return None
        spec: Any = module.__spec__
        spec.loader = _Loader(spec.loader, module)
        return cast("ModuleSpec", spec)


class _Loader:
    """
    Runs a module again in the same namespace.

    The parts of a package that are finished are attributes of this one, and others
    may hold the module already.
    """

    def __init__(self, loader: Any, module: ModuleType) -> None:  # noqa: ANN401 - any loader
        self._loader = loader
        self._module = module

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module that there is."""
        del spec
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        """Run it from the beginning."""
        spec: Any = module.__spec__
        spec.loader = self._loader
        self._loader.exec_module(module)


def _in_every_child(work: Callable[[], None]) -> None:
    if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
        os.register_at_fork(after_in_child=work)


_in_every_child(restart_imports)
