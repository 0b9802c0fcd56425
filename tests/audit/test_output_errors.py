"""What a run says where a file cannot be written."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from kesspay.audit.inputs import Source
from kesspay.audit.output_errors import trouble
from kesspay.audit.outputs import Unwritten, writing


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "the disk is full. What is finished stays: free space, then"),
        (errno.EDQUOT, "the disk is full. What is finished stays: free space, then"),
        (errno.EROFS, "a read-only disk. What is finished stays: mount it"),
        (errno.ENOMEM, "too little memory for a check. What is finished stays: take"),
        (errno.EIO, "(Input/output error). What is finished stays: look after its"),
        (None, "(OSError). What is finished stays: look after its disk, then"),
    ],
)
def test_the_file_is_named(code: int | None, words: str) -> None:
    """The problem names the file, the reason, what is kept, and what to do."""
    error = OSError("x") if code is None else OSError(code, os.strerror(code))
    with pytest.raises(Unwritten) as caught, writing("out"), writing(Path("f")):
        raise error
    found = trouble(caught.value, Path("out"), [], is_sealed=False)
    assert found.source == "f"
    assert found.is_output
    assert words in found.why
    assert found.why.endswith("then continue with --resume")
    # It is the folder where no file is known.
    assert trouble(error, Path("out"), [], is_sealed=False).source == "out"


def test_what_is_kept() -> None:
    """Verdicts stay; what is read from a pipe is read again from its beginning."""
    error = OSError(errno.ENOSPC, "x")
    found = trouble(error, Path("out"), [], is_sealed=True)
    assert "The verdicts are complete: free space, then continue" in found.why
    for kind in ("sql", "jsonl"):
        found = trouble(error, Path("out"), [Source("-", kind=kind)], is_sealed=True)
        assert found.why.endswith(
            "This input cannot be read twice: free space, then begin again with"
            " --overwrite"
        )
