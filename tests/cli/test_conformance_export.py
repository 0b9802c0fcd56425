"""kesspay conformance export."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from tests.support.kit import stored_kit


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result


def test_the_files_are_written(run: Callable[..., Result], tmp_path: Path) -> None:
    """A folder with the kit, and one line about it."""
    target = tmp_path / "kit"
    result = run("conformance", "export", str(target))
    assert result.exit_code == 0, result.stderr
    count = sum(path.is_file() for path in target.rglob("*"))
    assert result.stdout.startswith(f"kit {stored_kit().version}: {count} files in ")
    assert (target / "php/runner.php").is_file()
    assert (target / "cases/api.tsv").is_file()


@pytest.mark.thorough
def test_your_own_code_is_named(run: Callable[..., Result], tmp_path: Path) -> None:
    """What was left as it is stands in the output, and in the JSON."""
    target = tmp_path / "kit"
    first = json.loads(run("conformance", "export", "--json", str(target)).stdout)
    (target / "ruby/kess.rb").write_bytes(b"my code")
    result = run("conformance", "export", str(target))
    assert result.exit_code == 0
    assert "ruby/kess.rb holds your own code" in result.stdout
    fields = json.loads(run("conformance", "export", "--json", str(target)).stdout)
    assert fields["kept"] == ["ruby/kess.rb"]
    assert fields["files"] == first["files"] - 1
    assert (fields["kit"], fields["zip"]) == (stored_kit().version, None)
    assert (target / "ruby/kess.rb").read_bytes() == b"my code"


@pytest.mark.thorough
def test_a_zip_has_the_same_bytes_twice(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    """The checksum is printed, is in a file of its own, and is that of the zip."""
    digests = set()
    for name in ("one", "two"):
        result = run("conformance", "export", "--zip", str(tmp_path / name))
        assert result.exit_code == 0
        digest, path = result.stdout.split()
        (found,) = (tmp_path / name).glob("*.zip")
        assert path == str(found)
        assert hashlib.sha256(found.read_bytes()).hexdigest() == digest
        digests.add(digest)
    fields = json.loads(
        run("conformance", "export", "--zip", "--json", str(tmp_path / "one")).stdout
    )
    assert digests == {fields["sha256"]}
    assert fields["zip"].endswith(f"kesspay-conformance-{stored_kit().version}.zip")


def test_what_is_no_folder_is_refused(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    """Standard output, a URL, and a folder with other files in it."""
    (tmp_path / "precious").write_bytes(b"")
    for folder in ("-", "https://example.com/kit", str(tmp_path)):
        result = run("conformance", "export", folder)
        assert result.exit_code == 2, folder
        assert result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]
