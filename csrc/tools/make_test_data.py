"""
Write csrc/tests/data: a selection from tests/vectors for the C tests.

Run: python csrc/tools/make_test_data.py, with --check to compare only.

The C project is complete without Python, so its tests read lines of fields
with a tab between them. Spaces, '%' and what is not printable ASCII are
written as % and two hexadecimal digits; a line from '#' on is a comment.
"""

from __future__ import annotations

import argparse
import sys
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar


sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.support import vectors


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence


Item = TypeVar("Item")
Fields = tuple[bytes, ...]

DATA: Final = Path(__file__).resolve().parents[1] / "tests" / "data"

#: How many cases of each subject are taken, and how long they may be. The
#: subjects of MANY turn on more rules than others.
COUNT: Final = 8
MANY: Final = {"hostile": 40, "two keys": 400, "set of up to 16": 40}
MANY_DOUBLES: Final = 600
MANY_SIGNATURES: Final = 8
LONGEST: Final = 400

#: Longer cases that reach what no short one does: PHP's sort of 1,024 keys.
LONG: Final = {"set of 1024 and more": (1, 40_000), "set of 17 to 1023": (16, 1_500)}

#: The letters of Settings.code and the bits of kess_options.profile.
BITS: Final = {"p": 1, "s": 2, "u": 4, "8": 8, "7": 16, "h": 32, "z": 64}


def escape(field: bytes) -> bytes:
    """Return a field as it is written."""
    return b"".join(
        bytes([byte]) if 0x21 <= byte < 0x7F and byte != 0x25 else b"%%%02x" % byte
        for byte in field
    )


def spread(items: Sequence[Item], count: int) -> list[Item]:
    """Return count of the items, evenly spread."""
    if len(items) <= count:
        return list(items)
    return [items[i * len(items) // count] for i in range(count)]


def select(
    cases: Iterable[vectors.CanonicalCase],
) -> Iterator[vectors.CanonicalCase]:
    """Yield some cases of each subject under each setting."""

    def subject(case: vectors.CanonicalCase) -> tuple[str, str]:
        return case.group, case.settings.code

    for (group, _), members in groupby(sorted(cases, key=subject), key=subject):
        count, longest = LONG.get(group, (MANY.get(group, COUNT), LONGEST))
        yield from spread([c for c in members if len(c.document) <= longest], count)


def canonical() -> Iterator[Fields]:
    """Yield profile, verdict, document and canonical bytes."""
    cases = [*select(vectors.iter_canonical()), *select(vectors.iter_profiles())]
    for case in cases:
        profile = sum(BITS[letter] for letter in case.settings.code)
        yield (
            str(profile).encode(),
            (case.answer.failure or "ok").encode(),
            case.document,
            case.answer.canonical or b"",
        )


def doubles() -> Iterator[Fields]:
    """Yield bits, shortest text and text of 17 digits."""
    cases = [case for case in vectors.iter_doubles() if case.shortest is not None]
    for case in spread(cases, MANY_DOUBLES):
        yield b"%016x" % case.bits, case.shortest or b"", case.precision_17 or b""


def signatures() -> Iterator[Fields]:
    """Yield maker, verdict, public key, body and canonical bytes."""
    cases = list(vectors.iter_signatures())
    wrong = [case for case in cases if not case.valid and case.key == "rsa-2048"]
    for name in sorted({case.key for case in cases}):
        right = [case for case in cases if case.valid and case.key == name]
        key = (vectors.KEYS / f"{name}.pub.pem").read_bytes()
        for case in spread(right, MANY_SIGNATURES):
            yield case.made_by.encode(), b"valid", key, case.body, case.canonical
    key = (vectors.KEYS / "rsa-2048.pub.pem").read_bytes()
    for case in wrong:
        verdict = case.why.encode()
        yield case.made_by.encode(), verdict, key, case.body, case.canonical


TABLES: Final[dict[str, tuple[str, Callable[[], Iterator[Fields]], str]]] = {
    "canonical.tsv": (
        "profile, verdict, document, canonical form",
        canonical,
        "canonical, ksort, ksort_old and profiles.jsonl.gz",
    ),
    "doubles.tsv": (
        "bits, shortest text, text of 17 digits",
        doubles,
        "doubles.jsonl.gz",
    ),
    "signatures.tsv": (
        "maker, verdict, public key, body, canonical form",
        signatures,
        "signatures.jsonl.gz",
    ),
}


def table(name: str) -> bytes:
    """Return the content that a file should have."""
    fields, rows, source = TABLES[name]
    head = (
        f"# {fields}\n"
        f"# Selected by csrc/tools/make_test_data.py from tests/vectors/{source},\n"
        "# where the origin stands. Do not edit.\n"
    )
    lines = (b"\t".join(map(escape, row)) + b"\n" for row in rows())
    return head.encode() + b"".join(lines)


def main() -> int:
    """Write the files, or compare; return 1 where one differs."""
    parser = argparse.ArgumentParser(description="make csrc/tests/data")
    parser.add_argument("--check", action="store_true", help="write nothing")
    check: bool = parser.parse_args().check
    status = 0
    DATA.mkdir(exist_ok=True)
    for name in TABLES:
        path = DATA / name
        content = table(name)
        if path.exists() and path.read_bytes() == content:
            continue
        status |= check
        print(f"{path.name} {'differs' if check else 'written'}")
        if not check:
            path.write_bytes(content)
    return status


if __name__ == "__main__":
    sys.exit(main())
