"""Lines about failures: any text and any id."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from kesspay import InputError
from kesspay.audit.failures import _line, check_evidence


if TYPE_CHECKING:
    from pathlib import Path


def line(**change: Any) -> dict[str, Any]:  # noqa: ANN401 - any id
    """Return the line of a row."""
    row = {"source": "a", "row": 1, "status": None, "id": change.get("id")}
    row |= {"seen_at": change.get("seen_at"), "status": change.get("status")}
    cause = {"cause": "c", "body_sha256": change.get("digest")}
    found: dict[str, Any] = json.loads(_line(row, cause, ["id"]))
    return found


def test_lines() -> None:
    """Times, bytes and decimals are texts; a status has its word."""
    moment = datetime(2026, 9, 17, tzinfo=UTC)
    found = line(seen_at=moment, id=b"\xff", digest=b"\x01", status=400)
    assert found["seen_at"] == "2026-09-17T00:00:00+00:00"
    assert found["ids"] == {"id": "\\xff"}
    assert found["body_sha256"] == "01"
    assert found["reason"] == "mismatch"
    assert line()["reason"] is None
    assert line(status=999)["reason"] == ""
    assert line(id=1j)["ids"] == {"id": "1j"}
    assert line(id="\ud800")["ids"] == {"id": "\ud800"}


def test_evidence(tmp_path: Path) -> None:
    """A folder that holds files is kept, unless it is that of the run."""
    (tmp_path / "x").write_text("")
    with pytest.raises(InputError, match="it holds files"):
        check_evidence(tmp_path, again=False)
    check_evidence(tmp_path, again=True)
    with pytest.raises(InputError, match="cannot be written"):
        check_evidence(tmp_path / "x", again=True)
