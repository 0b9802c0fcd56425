"""What the benchmarks share."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pytest

from kesspay.errors import BackendError
from kesspay.signing.backend import override


if TYPE_CHECKING:
    from collections.abc import Iterator


BACKENDS: Final = ("native", "python")


@contextmanager
def chosen(name: str) -> Iterator[None]:
    """Use this backend, or skip where it is not installed."""
    try:
        with override(name):
            yield
    except BackendError as error:
        pytest.skip(str(error))
