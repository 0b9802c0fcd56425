"""
The ids of the cases that were released, each with a fingerprint of its question.

An id means one question for ever: a case that was wrong is withdrawn, never changed.
``released.txt`` remembers the questions. Before a release of the kit::

    python -m tests.conformance.released

adds the new ones. It changes no line that is there.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.support.kit import stored_kit


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kesspay.conformance.kit import Case


__all__ = ["changed", "fingerprint", "read", "written"]

_FILE: Final = Path(__file__).with_name("released.txt")


def fingerprint(case: Case) -> str:
    """Return what distinguishes two questions."""
    parts = (
        case.op.encode(),
        " ".join(case.profile).encode(),
        case.text,
        case.key or b"",
        (case.kind or "").encode(),
        case.password or b"",
    )
    whole = b"".join(b"%d:%s" % (len(part), part) for part in parts)
    return hashlib.sha256(whole).hexdigest()[:16]


def read() -> dict[str, str]:
    """Return the released ids and their fingerprints."""
    lines = _FILE.read_text(encoding="ascii").splitlines()
    return dict(line.split() for line in lines)


def changed(
    released: dict[str, str], cases: Iterable[Case], withdrawn: Iterable[str]
) -> list[str]:
    """List the released ids that are gone, or ask another question now."""
    now = {case.id: fingerprint(case) for case in cases}
    gone = set(withdrawn)
    return [
        name
        for name, asked in released.items()
        if name not in gone and now.get(name) != asked
    ]


def written(released: dict[str, str], cases: Iterable[Case]) -> str:
    """Return the file with the new cases behind those that are there."""
    new = {case.id: fingerprint(case) for case in cases}
    rows = {**released, **{name: new[name] for name in new if name not in released}}
    return "".join(f"{name} {asked}\n" for name, asked in rows.items())


def main(areas: Sequence[str]) -> int:
    """Add the new cases of some areas, or of all; return 1 where one changed."""
    kit, released = stored_kit(), read() if _FILE.exists() else {}
    wrong = changed(released, kit.cases, kit.withdrawn)
    cases = [case for case in kit.cases if not areas or case.area in areas]
    _FILE.write_text(written(released, cases), encoding="ascii")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
