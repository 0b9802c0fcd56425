"""``kesspay backend`` shows which backend is in use."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import kesspay
from kesspay.signing import backend as backends


if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from click.testing import Result

    from kesspay.signing.backend import Backend


def test_the_backend_in_use_is_shown(
    run: Callable[..., Result], backend: Backend
) -> None:
    """Name, versions and OpenSSL are those of the backend."""
    report = json.loads(run("backend", "--json").stdout)
    assert report["backend"]["name"] == backend.name
    assert report["backend"]["openssl"] == backend.openssl
    assert report["kesspay"] == kesspay.__version__
    assert set(report) == {
        "ok",
        "command",
        "warnings",
        "kesspay",
        "backend",
        "python",
        "platform",
        "batches",
    }
    assert set(report["batches"]) == {"at_a_time", "why_not"}
    plain = run("backend")
    assert plain.exit_code == 0
    assert f"backend: {backend.name} " in plain.stdout


def test_a_core_that_cannot_be_imported_is_reported(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason is printed: a broken installation must be visible."""
    used = backends.BackendInfo("python", "1", "OpenSSL", "OSError: libcrypto.so.3")
    monkeypatch.setattr(backends, "backend", lambda: used)
    assert "cannot be imported: OSError" in run("backend").stdout


def test_a_backend_that_is_missing_has_exit_code_2(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backend that was asked for and is not there is no success."""

    def missing() -> None:
        raise kesspay.BackendError("the native core is not installed")

    monkeypatch.setattr(backends, "backend", missing)
    result = run("backend")
    assert result.exit_code == 2
    assert "not installed" in result.stderr
