"""What holds a secret, and is therefore never pickled or copied."""

from __future__ import annotations

from typing import NoReturn

from kesspay.errors import InputError


__all__ = ["HoldsSecrets"]


class HoldsSecrets:
    """Cannot be pickled or copied: a secret would leave with the copy."""

    __slots__ = ()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        """Refuse to be pickled or copied."""
        name = type(self).__name__
        message = f"{name} holds secrets and is never pickled or copied"
        raise InputError(message)
