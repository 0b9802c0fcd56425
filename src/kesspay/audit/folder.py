"""
The folder that a run writes: who may write to it, what is finished, what it holds.

``_manifest.json`` says what is to be done before the first part is written, and what
was found when the last one is. In between, ``_progress.jsonl`` gets a line for each
unit whose part is complete. A run that was interrupted finds its own manifest again,
and continues with the units that are missing.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from kesspay._shown import shown_path
from kesspay.audit.outputs import Unwritten, why, writing
from kesspay.audit.parts import sha256_of, write_whole
from kesspay.errors import InputError


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kesspay.audit.units import Unit


__all__ = ["CAUSES_FILE", "Folder"]

CAUSES_FILE: Final = "causes.parquet"
_MANIFEST: Final = "_manifest.json"
_PROGRESS: Final = "_progress.jsonl"
_FAILING: Final = "_failing"
_SUMS: Final = "SHA256SUMS"
#: Where a folder cannot be locked itself: on Windows.
_LOCK: Final = "_lock"
_OURS: Final = (
    *("part-*.parquet", CAUSES_FILE, _MANIFEST, _PROGRESS, _SUMS, "*.tmp"),
    *("report.html", "money-*.parquet"),
)


class Folder:
    """
    The output of a run, locked until it is closed.

    Args:
        path: of the folder.
    """

    def __init__(self, path: Path) -> None:
        """
        Make the folder, or open it, and keep other runs out.

        Raises:
            InputError: it cannot be made, or another run writes to it.
        """
        self.path = path
        self.is_finished = False
        #: What a run found that came to its end.
        self.found: dict[str, Any] = {}
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._lock = _lock(path)
        except BlockingIOError:
            why = "another run writes to it now"
        except OSError as error:
            why = error.strerror or type(error).__name__
        else:
            return
        raise InputError(f"the output {shown_path(path)} cannot be used: {why}")

    def begin(
        self, plan: dict[str, Any], *, resume: bool, overwrite: bool
    ) -> dict[int, dict[str, Any]]:
        """
        Write the plan, or find it again.

        Args:
            plan: inputs, ring, options, versions and units.
            resume: continue where a run with the same plan was interrupted.
            overwrite: remove what an earlier run wrote.

        Returns:
            What was found in the units that are finished.

        Raises:
            InputError: the folder holds something else.
        """
        there = {path.name for path in self.path.iterdir()} - {_LOCK}
        if there and _MANIFEST not in there:
            raise InputError(
                f"the output {shown_path(self.path)} holds files that no audit wrote:"
                " name another folder"
            )
        if there and overwrite:
            self._clear()
        elif there and not resume:
            raise InputError(
                f"the output {shown_path(self.path)} exists: continue with --resume, or"
                " start again with --overwrite"
            )
        elif there:
            return self._resumed(plan)
        try:
            self._write_manifest({**plan, "finished": False})
        except Unwritten as error:
            problem = error
        else:
            return {}
        raise _nothing_judged(problem)

    def _clear(self) -> None:
        for pattern in _OURS:
            for path in self.path.glob(pattern):
                path.unlink()
        shutil.rmtree(self.path / _FAILING, ignore_errors=True)

    def _resumed(self, plan: dict[str, Any]) -> dict[int, dict[str, Any]]:
        try:
            before = json.loads((self.path / _MANIFEST).read_bytes())
        except (OSError, ValueError):
            before = None
        if not isinstance(before, dict):
            raise InputError(
                f"{_MANIFEST} of {shown_path(self.path)} is damaged: begin again with"
                " --overwrite"
            )
        now = json.loads(json.dumps(plan))
        same = {name: before.get(name) for name in now}
        if same != now:
            raise InputError(
                f"--resume: {_difference(same, now)}. Nothing was changed; name another"
                " folder, or start again with --overwrite"
            )
        self.is_finished = bool(before.get("finished"))
        if self.is_finished:
            self.found = before
            return {}
        return {one["unit"]: one for one in self._finished()}

    def _finished(self) -> Iterator[dict[str, Any]]:
        """Yield what was found in units whose files are whole."""
        try:
            lines = (self.path / _PROGRESS).read_bytes().splitlines()
        except OSError:
            return
        for line in lines:
            try:
                one = json.loads(line)
                files = [(self.path / one["part"], one["sha256"])]
                if one["failing"]:
                    files.append((self.failing(one["part"]), one["failing_sha256"]))
                if all(sha256_of(path) == digest for path, digest in files):
                    yield one
            except (OSError, ValueError, KeyError):
                # Half a line, or a file that is gone: the unit is done again.
                continue

    def done(self, one: dict[str, Any]) -> None:
        """Record that the files of a unit are complete."""
        path = self.path / _PROGRESS
        with writing(path), path.open("ab") as file:
            # Begins with a line end: the line before may be half.
            file.write(b"\n" + json.dumps(one).encode())
            file.flush()
            os.fsync(file.fileno())

    def failing(self, part: str) -> Path:
        """Return where the rows of a part are that failed."""
        return self.path / _FAILING / part

    def make_failing(self) -> None:
        """Make the folder of the rows that failed, closed to other users."""
        path = self.path / _FAILING
        try:
            with writing(path):
                path.mkdir(mode=0o700, exist_ok=True)
        except Unwritten as error:
            problem = error
        else:
            return
        raise _nothing_judged(problem)

    def finish(self, plan: dict[str, Any], found: dict[str, Any]) -> None:
        """Write the manifest with what was found."""
        self._write_manifest({**plan, **found, "finished": True})

    def seal(self, units: list[Unit]) -> str:
        """
        Write SHA256SUMS over everything.

        Returns:
            The SHA-256 of SHA256SUMS, which stands for the whole folder.
        """
        names = [unit.part for unit in units] + [CAUSES_FILE, _MANIFEST]
        extra = [path.name for path in self.path.glob("money-*.parquet")]
        lines = [
            f"{sha256_of(self.path / name)}  {name}\n" for name in sorted(names + extra)
        ]
        text = "".join(lines)
        write_whole(self.path / _SUMS, text)
        return hashlib.new("sha256", text.encode()).hexdigest()

    @property
    def has_failing(self) -> bool:
        """Whether the rows that failed are still there, with their bodies."""
        return (self.path / _FAILING).exists()

    def clean(self) -> None:
        """Remove what is no longer needed when everything is written."""
        with suppress(OSError):
            (self.path / _PROGRESS).unlink()
        shutil.rmtree(self.path / _FAILING, ignore_errors=True)

    def _write_manifest(self, content: dict[str, Any]) -> None:
        text = json.dumps(content, indent=1, ensure_ascii=False)
        write_whole(self.path / _MANIFEST, f"{text}\n")

    def close(self) -> None:
        """Let other runs in."""
        os.close(self._lock)
        with suppress(OSError):
            (self.path / _LOCK).unlink()


def _nothing_judged(error: OSError) -> InputError:
    words, remedy = why(error)
    where = shown_path(error.filename)
    return InputError(
        f"nothing was judged. {where}: {words}: {remedy}, and begin again with"
        " --overwrite"
    )


def _lock(path: Path) -> int:
    """
    Lock a folder until it is closed or the process ends.

    Returns:
        The open folder; on Windows, which opens no folder, a file in it.

    Raises:
        BlockingIOError: another run has locked it.
        OSError: it cannot be locked.
    """
    try:
        import fcntl
    except ImportError:
        return _lock_on_windows(path / _LOCK)
    folder = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(folder)
        raise
    return folder


def _lock_on_windows(path: Path) -> int:
    windows: Any = import_module("msvcrt")
    file = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        windows.locking(file, windows.LK_NBLCK, 1)
    except OSError as error:
        os.close(file)
        # Windows has no word of its own for a lock that another process holds.
        if error.errno in (errno.EACCES, errno.EDEADLK):
            raise BlockingIOError from None
        raise
    return file


def _difference(before: dict[str, Any], now: dict[str, Any]) -> str:
    """Name what is no longer as it was."""
    for name in ("kesspay", "pyarrow", "ring", "profile"):
        if before.get(name) != now.get(name):
            return f"{name} is not what the run began with"
    for name, value in now["options"].items():
        if (before.get("options") or {}).get(name) != value:
            return f"the option {name} is not what the run began with"
    old = {one["name"]: one for one in before.get("inputs") or []}
    new = {one["name"]: one for one in now["inputs"]}
    for name in [*new, *old]:
        if name not in old:
            return f"the input {name} is new"
        if name not in new:
            return f"the input {name} is gone"
        if old[name] != new[name]:
            return f"the input {name} was changed"
    return "the inputs are divided in another way"
