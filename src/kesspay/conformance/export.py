"""
Write the conformance kit as plain files, for programs that run without Python.

The files are those of the package, SHA256SUMS, and of each level a table with what the
runners need: cases with one right answer, from PHP as it comes. The same kit gives the
same bytes on every machine, also as a zip.
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from typing import TYPE_CHECKING, Final

from kesspay._shown import shown_path
from kesspay.conformance.kit import FOLDER, LEVELS, Refused, load
from kesspay.errors import InputError


if TYPE_CHECKING:
    from pathlib import Path

    from kesspay.conformance.kit import Kit


__all__ = ["COLUMNS", "SUMS", "kit_files", "write_files", "write_zip", "zipped"]

SUMS: Final = "SHA256SUMS"

#: The columns of a table of cases. Text, key, kind, password and result are in base64;
#: "-" is one that is not there, and the result of what must be refused. Title, case and
#: expected are ready to be shown; of each language there is a hint and the page.
COLUMNS: Final = (
    *("op", "text", "key", "kind", "password", "result", "rule"),
    *("title", "case", "expected", "PHP", "Node", "Go", "Java", "C#", "Ruby"),
    *("level", "id"),
)

#: The languages that have a column.
_LANGUAGES: Final = COLUMNS[COLUMNS.index("PHP") : COLUMNS.index("level")]

#: A body has more than one right answer, which ``kesspay conformance run`` can judge.
_UNCOMPARED: Final = "body"

#: At most so many characters of a text are shown.
_SHOWN: Final = 300

#: What the user completes with his own code, and what is hence not written over.
_YOURS: Final = ("php/", "node/", "go/", "java/", "csharp/", "ruby/")

#: The first time that a zip can name, the mode of every file, and that of Unix.
_TIME: Final = (1980, 1, 1, 0, 0, 0)
_MODE: Final = 0o100644 << 16
_UNIX: Final = 3


def kit_files(folder: Path = FOLDER) -> dict[str, bytes]:
    """
    Return the files of an exported kit: names, with slashes, and contents.

    Args:
        folder: where the kit is.

    Raises:
        InputError: the kit is damaged.
    """
    kit = load(folder)
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    for level in LEVELS:
        files[f"cases/{level}.tsv"] = _table(kit, level)
    files[SUMS] = "".join(
        f"{_sum(files[name])}  {name}\n" for name in sorted(files)
    ).encode()
    return dict(sorted(files.items()))


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _table(kit: Kit, level: str) -> bytes:
    """Write the cases of a level as a table, which every language reads in a line."""
    rows: list[tuple[str, ...]] = [COLUMNS]
    for case in kit.cases:
        if case.level != level or case.profile or case.op == _UNCOMPARED:
            continue
        rule = kit.rules[case.rule]
        result = None if isinstance(case.result, Refused) else case.result
        kind = None if case.kind is None else case.kind.encode()
        given = (case.text, case.key, kind, case.password, result)
        hints = [rule.hints.get(of, rule.hints.get("all")) for of in _LANGUAGES]
        rows.append(
            (
                case.op,
                *map(_field, given),
                case.rule,
                f"{case.rule}  {rule.title} ({level})",
                f"{case.id}  {_shown(case.text)}",
                "refused" if result is None else _shown(result),
                *(f"{hint}; {rule.doc}" if hint else rule.doc for hint in hints),
                level,
                case.id,
            )
        )
    return "".join("\t".join(row) + "\n" for row in rows).encode("ascii")


def _field(content: bytes | None) -> str:
    return "-" if content is None else base64.b64encode(content).decode()


def _shown(text: bytes) -> str:
    """Return the beginning of a text; what a terminal could obey is escaped."""
    return "".join(
        chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}" for byte in text[:_SHOWN]
    )


def write_files(target: Path, files: dict[str, bytes]) -> list[str]:
    """
    Write the files, over an earlier export or into a new folder.

    What was changed after the export in the folder of a language stays as it is: it
    holds the user's own code. Files of the earlier export that are no more are removed.

    Args:
        target: the folder.
        files: what ``kit_files`` returns.

    Returns:
        the names of the files that were left as they are.

    Raises:
        InputError: the folder holds something else, or cannot be written.
    """
    kept = []
    try:
        before = _earlier(target)
        for name, content in files.items():
            path = target / name
            known = before.pop(name, None)
            if name.startswith(_YOURS) and path.exists():
                present = path.read_bytes()
                if present != content and _sum(present) != known:
                    kept.append(name)
                    continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        for name, known in before.items():
            path = target / name
            if path.is_file() and _sum(path.read_bytes()) == known:
                path.unlink()
    except OSError as error:
        raise _unwritable(target, error) from error
    return kept


def _earlier(target: Path) -> dict[str, str]:
    """Return names and sums of the export that is in a folder already."""
    if not target.exists() or not any(target.iterdir()):
        return {}
    if not (target / SUMS).is_file() or not (target / "KIT.json").is_file():
        raise InputError(
            f"{shown_path(target)} holds other files than an exported conformance "
            "kit. Nothing was written. Next: name a new or empty folder."
        )
    sums = {}
    for line in (target / SUMS).read_text("utf-8", "replace").splitlines():
        known, _, name = line.partition("  ")
        # A name that leaves the folder was not written by an export.
        if name and not name.startswith("/") and ".." not in name.split("/"):
            sums[name] = known
    sums.pop(SUMS, None)
    return sums


def zipped(files: dict[str, bytes]) -> bytes:
    """
    Return the files as a zip, in one folder, always in the same bytes.

    They are not compressed: another zlib would give other bytes.

    Args:
        files: what ``kit_files`` returns.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(f"kesspay-conformance/{name}", _TIME)
            entry.create_system = _UNIX
            entry.external_attr = _MODE
            archive.writestr(entry, files[name])
    return out.getvalue()


def write_zip(target: Path, files: dict[str, bytes], version: str) -> Path:
    """
    Write the zip and its sum into a folder, and return the path of the zip.

    Args:
        target: the folder.
        files: what ``kit_files`` returns.
        version: that of the kit.

    Raises:
        InputError: the folder cannot be written.
    """
    path = target / f"kesspay-conformance-{version}.zip"
    content = zipped(files)
    try:
        target.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        line = f"{_sum(content)}  {path.name}\n"
        path.with_name(f"{path.name}.sha256").write_text(line, encoding="ascii")
    except OSError as error:
        raise _unwritable(target, error) from error
    return path


def _unwritable(target: Path, error: OSError) -> InputError:
    return InputError(
        f"the conformance kit cannot be written to {shown_path(target)}: "
        f"{error.strerror}. Next: name a folder that can be written."
    )
