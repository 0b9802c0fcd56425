"""
Other versions of PHP: the whole set of stored documents, asked again.

They run compiled to WebAssembly, from packages of npm, where KESSPAY_PHP_WASM names
the folder they are installed in: ``make php-versions``.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Final

import pytest

from kesspay.signing.profile import PHP_8, Profile
from tests.signing.test_judges import agrees, described, result_of
from tests.support.php import PHP_SCRIPTS, canonical_request, read_answer
from tests.support.php_answers import DEFAULT
from tests.support.vectors import iter_canonical


if TYPE_CHECKING:
    from kesspay.signing.backend import Backend
    from tests.support.php_answers import Answer


FOLDER: Final = os.environ.get("KESSPAY_PHP_WASM", "")

pytestmark = pytest.mark.skipif(not FOLDER, reason="KESSPAY_PHP_WASM is not set")

#: The profile of each version, with which it gives the same bytes.
VERSIONS: Final = {
    "7.4": Profile(ksort="7"),
    "8.1": Profile(ksort="8.0"),
    "8.3": PHP_8,
    "8.4": PHP_8,
    "8.5": PHP_8,
}


@pytest.fixture(scope="module")
def documents() -> list[bytes]:
    """Give every document of the stored vectors."""
    found = [case.document for case in iter_canonical()]
    assert len(found) >= 13_000
    return found


@pytest.fixture(scope="module", params=VERSIONS)
def answers(
    request: pytest.FixtureRequest, documents: list[bytes]
) -> tuple[str, list[Answer]]:
    """Give what one version of PHP answers."""
    version: str = request.param
    package = f"@php-wasm/node-{version.replace('.', '-')}"
    done = subprocess.run(
        ["node", PHP_SCRIPTS / "php_wasm.mjs", FOLDER, package],
        input=b"".join(canonical_request("text", one, DEFAULT) for one in documents),
        capture_output=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found, *lines = done.stdout.splitlines()
    assert found.decode().startswith(f"{version}.")
    assert len(lines) == len(documents)
    return version, [read_answer(line) for line in lines]


def test_every_document(
    answers: tuple[str, list[Answer]], documents: list[bytes], backend: Backend
) -> None:
    """Each version gives the bytes of its profile, or an error of the same kind."""
    version, given = answers
    for document, answer in zip(documents, given, strict=True):
        result = result_of(document, VERSIONS[version])
        assert agrees(result, answer), described(document, version=version)


@pytest.mark.parametrize("version", ["7.4", "8.1"])
def test_profiles_matter(
    answers: tuple[str, list[Answer]], documents: list[bytes], version: str
) -> None:
    """Under the profile of PHP 8.2, the old versions would not agree."""
    if answers[0] != version:
        pytest.skip("this is another version")
    pairs = zip(documents, answers[1], strict=True)
    assert not all(agrees(result_of(one), answer) for one, answer in pairs)
