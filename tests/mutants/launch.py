"""
Run pytest with one module or text taken from another file; for ``trial`` only.

    python launch.py MODULE FILE REPORT [argument of pytest]...

The finder put in first wins over the one of an editable installation, so the
file is really what runs; the report says whether it was. MODULE "" changes
nothing.
"""

from __future__ import annotations

import json
import sys
from importlib.util import spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest


if TYPE_CHECKING:
    from collections.abc import Generator
    from importlib.machinery import ModuleSpec


class Finder:
    """Finds one module in a file of its own."""

    def __init__(self, module: str, file: str) -> None:
        """Take the name and the file."""
        self._module = module
        self._file = file

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        """Find the module; leave the others to the finders behind."""
        if name != self._module:
            return None
        return spec_from_file_location(name, self._file)


class Text:
    """Reads one text of a package, such as SQL, from a file of its own."""

    def __init__(self, name: str, file: str) -> None:
        """Take the dotted name, without the suffix, and the file."""
        self.read = False
        text, read_text = Path(file).read_text(encoding="utf-8"), Path.read_text
        places = Path(*name.split(".")).with_suffix(Path(file).suffix).parts

        def read(path: Path, *arguments: Any, **options: Any) -> str:  # noqa: ANN401 - passed on
            if path.parts[-len(places) :] != places:
                return read_text(path, *arguments, **options)
            self.read = True
            return text

        Path.read_text = read  # type: ignore[assignment, method-assign]  # of this process alone


class Watch:
    """Takes down what passed, and how the rest failed."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.passed: list[str] = []
        self.failed: list[dict[str, Any]] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[Any]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Look at each report."""
        report = yield
        if report.passed and report.when == "call":
            self.passed.append(item.nodeid)
        elif report.failed and call.excinfo is not None:
            error = call.excinfo.value
            self.failed.append(
                {
                    "test": item.nodeid,
                    "is_verdict": report.when == "call" and is_verdict(error),
                    "error": f"{type(error).__name__}: {error}"[:200],
                }
            )
        return report


def is_verdict(error: BaseException) -> bool:
    """
    Tell whether an error is a test saying no, and not a program that broke.

    It is one of an assertion, of ``pytest.raises`` or ``pytest.fail``, or an
    error of kesspay that the test did not expect.
    """
    from kesspay.errors import KesspayError

    if isinstance(error, BaseExceptionGroup):
        return all(is_verdict(one) for one in error.exceptions)
    said_no = (AssertionError, pytest.fail.Exception, KesspayError)
    return isinstance(error, said_no)


def main() -> None:
    """Run."""
    module, file, report, *arguments = sys.argv[1:]
    # Not this folder: tests are imported from the root of the project.
    sys.path.pop(0)
    text = Text(module, file) if module and not file.endswith(".py") else None
    if module and text is None:
        sys.meta_path.insert(0, Finder(module, file))
    watch = Watch()
    code = pytest.main(arguments, plugins=[watch])
    spec = getattr(sys.modules.get(module), "__spec__", None)
    found = {
        "code": int(code),
        "loaded": text.read if text else spec is not None and spec.origin == file,
        "passed": watch.passed,
        "failed": watch.failed,
    }
    Path(report).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
