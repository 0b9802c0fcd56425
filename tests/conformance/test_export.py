"""kesspay.conformance.export: the kit as plain files, in the same bytes everywhere."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Final

import pytest

from kesspay.conformance.export import (
    COLUMNS,
    SUMS,
    kit_files,
    write_files,
    write_zip,
    zipped,
)
from kesspay.conformance.kit import FOLDER, LEVELS, Refused, load
from kesspay.errors import InputError


ROOT: Final = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """Return the files of the kit of this package."""
    return kit_files()


def test_everything_that_the_package_has_is_there(files: dict[str, bytes]) -> None:
    """Cases, rules, bulk, adapters, runners and licence, and no waste."""
    for name in ("KIT.json", "README.md", "rules.json", "mistakes.json", "LICENSE"):
        assert name in files
    for folder in ("php", "node", "go", "java", "csharp", "ruby"):
        found = [name.lower() for name in files if name.startswith(f"{folder}/")]
        stems = {Path(name).stem for name in found}
        assert (stems, len(found)) == ({"kess", "adapter", "runner"}, 3)
    for folder in ("schema", "bulk"):
        assert [name for name in files if name.startswith(f"{folder}/")]
    assert not [name for name in files if "__pycache__" in name or "\\" in name]
    assert files["LICENSE"] == (ROOT / "LICENSE").read_bytes()
    assert json.loads(files["KIT.json"])["update"].startswith("kesspay conformance ")


def test_the_sums_are_those_of_sha256sum(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    """What sha256sum says of the exported folder."""
    assert write_files(tmp_path, files) == []
    assert files[SUMS].count(b"\n") == len(files) - 1
    subprocess.run(
        ["sha256sum", "--check", "--quiet", "--strict", SUMS], cwd=tmp_path, check=True
    )
    there = {
        path.relative_to(tmp_path).as_posix()
        for path in tmp_path.rglob("*")
        if path.is_file()
    }
    assert there == set(files)


def test_an_exported_kit_is_a_kit(files: dict[str, bytes], tmp_path: Path) -> None:
    """The exported folder is read like that of the package, and exports the same."""
    write_files(tmp_path, files)
    assert load(tmp_path) == load()
    for name in [name for name in files if name.endswith(".tsv") or name == SUMS]:
        (tmp_path / name).unlink()
    assert kit_files(tmp_path) == files


def test_the_tables_hold_every_case_with_one_answer(files: dict[str, bytes]) -> None:
    """Each is a row of its level, with the same bytes; what is refused is "-"."""
    kit = load()
    rows = {}
    for level in LEVELS:
        head, *lines = files[f"cases/{level}.tsv"].decode("ascii").splitlines()
        assert tuple(head.split("\t")) == COLUMNS
        for line in lines:
            row = dict(zip(COLUMNS, line.split("\t"), strict=True))
            assert row["level"] == level
            rows[row["id"]] = row
    cases = [case for case in kit.cases if case.op != "body" and not case.profile]
    assert list(rows) == [
        case.id for level in LEVELS for case in cases if case.level == level
    ]
    for case in cases:
        row, rule = rows[case.id], kit.rules[case.rule]
        assert (row["op"], row["rule"], row["level"]) == (case.op, rule.id, case.level)
        assert row["title"] == f"{rule.id}  {rule.title} ({case.level})"
        assert row["case"].startswith(f"{case.id}  ")
        assert all(row[name].endswith(rule.doc) for name in COLUMNS[-8:-2])
        result = None if isinstance(case.result, Refused) else case.result
        for name, expected in {
            "text": case.text,
            "key": case.key,
            "kind": None if case.kind is None else case.kind.encode(),
            "password": case.password,
            "result": result,
        }.items():
            found = None if row[name] == "-" else base64.b64decode(row[name])
            assert found == expected


def test_what_a_table_shows_is_safe_to_print(files: dict[str, bytes]) -> None:
    """Control characters and all beyond ASCII are escaped, the rest is as it is."""
    rows = {
        row.split("\t")[-1]: row.split("\t")
        for level in LEVELS
        for row in files[f"cases/{level}.tsv"].decode("ascii").splitlines()
    }
    example = rows["document/write.unicode/1"]
    assert example[8:10] == [
        'document/write.unicode/1  {"a":"\\u00e9"}',
        '{"a":"\\u00e9"}',
    ]
    for row in rows.values():
        assert all(" " <= character <= "~" for field in row for character in field)
        assert max(len(field) for field in row[7:10]) < 1300


def test_the_hints_of_the_table_are_for_its_readers(tmp_path: Path) -> None:
    """Every language has a column; what is for all of them is in each."""
    folder = tmp_path / "kit"
    shutil.copytree(FOLDER, folder)
    rules = json.loads((folder / "rules.json").read_bytes())
    rules["rules"][0]["hints"] = {"Java": "x()", "C#": "y()", "PHP": "z()"}
    rules["rules"][1]["hints"] = {"all": "look"}
    (folder / "rules.json").write_text(json.dumps(rules), encoding="utf-8")
    names = [rules["rules"][at]["id"] for at in (0, 1)]
    tables = [
        content.decode()
        for path, content in kit_files(folder).items()
        if path.endswith(".tsv")
    ]
    hints = {
        (row.split("\t")[6], *row.split("\t")[-8:-2])
        for table in tables
        for row in table.splitlines()
        if row.split("\t")[6] in names
    }
    pages = [rules["rules"][at]["doc"] for at in (0, 1)]
    assert hints == {
        (
            names[0],
            *(f"{hint}{pages[0]}" for hint in ("z(); ", "", "", "x(); ", "y(); ", "")),
        ),
        (names[1], *[f"look; {pages[1]}"] * 6),
    }
    assert COLUMNS[-8:-2] == ("PHP", "Node", "Go", "Java", "C#", "Ruby")


def test_the_zip_is_reproducible(files: dict[str, bytes], tmp_path: Path) -> None:
    """Built twice, in any order, it has the same bytes: no time, no user, no zlib."""
    content = zipped(files)
    shuffled = dict(sorted(files.items(), reverse=True))
    assert zipped(shuffled) == content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
        assert [one.filename for one in entries] == [
            f"kesspay-conformance/{name}" for name in sorted(files)
        ]
        assert {one.date_time for one in entries} == {(1980, 1, 1, 0, 0, 0)}
        assert {one.external_attr >> 16 for one in entries} == {0o100644}
        assert {one.create_system for one in entries} == {3}
        assert {one.compress_type for one in entries} == {zipfile.ZIP_STORED}
        assert archive.read("kesspay-conformance/KIT.json") == files["KIT.json"]
    path = write_zip(tmp_path / "new" / "folder", files, "1.2.3")
    assert path.name == "kesspay-conformance-1.2.3.zip"
    assert path.read_bytes() == content
    note = path.with_name(f"{path.name}.sha256").read_text(encoding="ascii")
    assert note == f"{hashlib.sha256(content).hexdigest()}  {path.name}\n"
    subprocess.run(
        ["sha256sum", "--check", "--strict", f"{path.name}.sha256"],
        cwd=path.parent,
        check=True,
        capture_output=True,
    )


def test_your_code_stays_where_a_kit_is_brought_up_to_date(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    """A changed adapter is kept; an unchanged one, and a case, are written anew."""
    old = dict(files)
    old["php/adapter.php"] = b"an older adapter"
    old["cases/gone.json"] = b"{}"
    old["cases/changed.json"] = b"{}"
    old[SUMS] = "".join(
        f"{hashlib.sha256(content).hexdigest()}  {name}\n"
        for name, content in old.items()
        if name != SUMS
    ).encode()
    old[SUMS] += b"\n0  ../outside\n0  /outside\n0  SHA256SUMS\n"
    write_files(tmp_path / "kit", old)
    (tmp_path / "outside").write_bytes(b"")
    (tmp_path / "kit/ruby/kess.rb").write_bytes(b"my code")
    (tmp_path / "kit/cases/document.json").write_bytes(b"damaged")
    (tmp_path / "kit/cases/changed.json").write_bytes(b"my notes")
    (tmp_path / "kit/my.txt").write_bytes(b"my notes")

    assert write_files(tmp_path / "kit", files) == ["ruby/kess.rb"]
    there = {
        path.relative_to(tmp_path / "kit").as_posix(): path.read_bytes()
        for path in (tmp_path / "kit").rglob("*")
        if path.is_file()
    }
    assert there == {
        **files,
        "ruby/kess.rb": b"my code",
        "cases/changed.json": b"my notes",
        "my.txt": b"my notes",
    }
    # The copy of the user is the same as the new one: nothing to report.
    (tmp_path / "kit/ruby/kess.rb").write_bytes(files["ruby/kess.rb"])
    assert write_files(tmp_path / "kit", files) == []


def test_another_folder_is_left_alone(files: dict[str, bytes], tmp_path: Path) -> None:
    """A folder with other files gets nothing."""
    (tmp_path / "precious.txt").write_bytes(b"")
    with pytest.raises(InputError, match="holds other files"):
        write_files(tmp_path, files)
    (tmp_path / SUMS).write_bytes(b"")
    with pytest.raises(InputError, match="Nothing was written"):
        write_files(tmp_path, files)
    assert len(list(tmp_path.iterdir())) == 2


def test_what_cannot_be_written_says_so(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    """A file in place of the folder is an error that names the way out."""
    place = tmp_path / "file"
    place.write_bytes(b"")
    with pytest.raises(InputError, match="cannot be written"):
        write_zip(place, files, "1")
    with pytest.raises(InputError, match="cannot be written"):
        write_files(place, files)
