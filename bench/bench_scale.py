"""
Hostile documents against PHP's own time for the same file.

The limits of the project: the C core takes at most PHP's time, pure Python at
most 15 times PHP's. Run::

    pytest bench/bench_scale.py --benchmark-enable -s

Without ``--benchmark-enable`` the documents are small and only the canonical
bytes are compared. KESSPAY_SCALE sets the number of keys, digits or kilobytes
(a million by default: documents of 3 to 50 MB).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import statistics
import subprocess
import time
from pathlib import Path
from typing import Final

import pytest

import kesspay
from bench.documents import HOSTILE, hostile
from bench.support import chosen


LIMITS: Final = {"native": 1.0, "python": 15.0}
ROUNDS: Final = 3
SMALL: Final = 300
PHP: Final = Path(__file__).with_name("php") / "time_canonical.php"


def _php_rounds(path: Path) -> tuple[str, list[float]]:
    """PHP's SHA-256 of the canonical text, and its seconds."""
    program = shutil.which("php")
    if program is None:
        pytest.skip("PHP is not installed")
    command = [program, "-d", "memory_limit=-1", str(PHP), str(path), str(ROUNDS)]
    output = subprocess.run(command, capture_output=True, check=True, text=True)
    digest, *seconds = output.stdout.split()
    return digest, [float(second) for second in seconds]


def _our_rounds(text: bytes) -> tuple[str, list[float]]:
    digest, seconds = "-", []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        try:
            canonical: bytes | None = kesspay.canonicalize(text)
        except kesspay.CanonicalizationError:
            canonical = None
        seconds.append(time.perf_counter() - start)
        if canonical is not None:
            digest = hashlib.sha256(canonical).hexdigest()
    return digest, seconds


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("which", LIMITS)
def test_time_against_php(
    which: str, name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The same bytes as PHP, within the limit of this backend."""
    measure = request.config.getoption("benchmark_enable")
    size = int(os.environ.get("KESSPAY_SCALE", "1000000")) if measure else SMALL
    text = hostile(name, size)
    path = tmp_path / "document.json"
    path.write_bytes(text)
    php_digest, php_seconds = _php_rounds(path)
    with chosen(which):
        our_digest, our_seconds = _our_rounds(text)
    assert php_digest == our_digest
    if measure:
        ratio = statistics.median(our_seconds) / statistics.median(php_seconds)
        print(
            f"\n{name:28} {len(text) / 1e6:6.1f} MB {which:6}"
            f" {ratio:6.2f} x PHP ({statistics.median(php_seconds):.3f} s)"
        )
        assert ratio <= LIMITS[which]
