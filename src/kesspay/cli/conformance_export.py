"""``kesspay conformance export``: the kit as files, for programs without Python."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from kesspay.cli.inputs import is_stdin, require_path
from kesspay.cli.options import FILE, json_option
from kesspay.cli.outcome import Outcome
from kesspay.conformance.export import kit_files, write_files, write_zip
from kesspay.conformance.kit import load


if TYPE_CHECKING:
    from kesspay.cli.printer import Printer


__all__ = ["export"]

_HELP: Final = """Write the kit into DIR: cases, rules, adapters and runners.

The runners need no Python: each asks your code in its language. The same command brings
an earlier export up to date; files with your own code stay as they are.

\b
    kesspay conformance export kit
    php kit/php/runner.php <kit/cases/api.tsv

\b
JSON fields
    kit      version of the kit
    folder   DIR
    files    how many files were written, or are in the zip
    kept     names of those with your own code, which were left as they are
    zip      with --zip: the file; else null
    sha256   with --zip: its checksum; else null
"""


@click.command("export", help=_HELP)
@click.option(
    "--zip",
    "as_zip",
    is_flag=True,
    help="Write one zip and its checksum; the same kit gives the same bytes.",
)
@json_option
@click.argument("folder", type=FILE, metavar="DIR")
def export(folder: str, *, as_zip: bool) -> Outcome:
    """Write the kit into a folder."""
    if is_stdin(folder):
        raise click.UsageError("DIR is a folder, not standard output")
    require_path(folder)
    target = Path(folder)
    version, files = load().version, kit_files()
    fields: dict[str, Any] = {"kit": version, "folder": folder, "files": len(files)}
    if as_zip:
        path = write_zip(target, files, version)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        return Outcome(
            "conformance export",
            {**fields, "kept": [], "zip": str(path), "sha256": digest},
            lambda printer: printer.line(f"{digest}  {path}"),
        )
    kept = write_files(target, files)
    fields["files"] -= len(kept)
    return Outcome(
        "conformance export",
        {**fields, "kept": kept, "zip": None, "sha256": None},
        lambda printer: _view(printer, fields, kept),
    )


def _view(printer: Printer, fields: dict[str, Any], kept: list[str]) -> None:
    printer.line(
        f"kit {fields['kit']}: {fields['files']} files in {fields['folder']}; "
        "README.md says how to run them"
    )
    for name in kept:
        printer.line(f"{name} holds your own code and was left as it is")
