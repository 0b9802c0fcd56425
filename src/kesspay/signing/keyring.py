"""A ring of public keys, for the time in which a gateway changes its key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar, final

from kesspay._checks import named
from kesspay.errors import InputError, InvalidSignature
from kesspay.signing.batch import body_list
from kesspay.signing.keys import PublicKey
from kesspay.signing.profile import PHP_8
from kesspay.signing.reference.guard import MAX_DEPTH
from kesspay.signing.status import VerifyStatus


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kesspay.signing.arguments import Buffer, Text
    from kesspay.signing.batch import Documents
    from kesspay.signing.profile import Profile


__all__ = ["KeyRing", "Verified"]

_Result = TypeVar("_Result")

#: Refusals that another key of the ring may lift.
_OF_THE_KEY: Final = frozenset({VerifyStatus.MISMATCH, VerifyStatus.SIGN_LENGTH})
_REASONS_OF_THE_KEY: Final = frozenset(status.reason for status in _OF_THE_KEY)


class Verified(NamedTuple):
    """
    A body that verified.

    Attributes:
        canonical: the canonical bytes that verified.
        key: the key of the ring that they verified with.
    """

    canonical: bytes
    key: PublicKey


@final
class KeyRing:
    """
    Verify with any of several public keys, tried in the order given.

    Put the key that signs most answers first. ``verify`` and
    ``verify_document`` work as those of a PublicKey do; ``match`` and
    ``match_document`` also return the key that verified.
    """

    __slots__ = ("_keys",)

    def __init__(self, keys: Iterable[PublicKey]) -> None:
        """
        Make a ring.

        Args:
            keys: at least one PublicKey.

        Raises:
            InputError: no key, or a member that is no PublicKey.
        """
        try:
            # A view of bytes holds none, and may fail in ways of its own.
            members = iter(() if type(keys) is memoryview else keys)
        except TypeError:
            members = iter(())
        # An iterator of the caller's own may load keys: what it raises is not ours.
        self._keys = tuple(members)
        if not self._keys:
            raise InputError("a KeyRing needs at least one PublicKey")
        for key in self._keys:
            if not isinstance(key, PublicKey):
                raise InputError(
                    f"a KeyRing holds PublicKey objects, not {named(type(key))}"
                )

    @property
    def keys(self) -> tuple[PublicKey, ...]:
        """The keys in the order in which they are tried."""
        return self._keys

    def match(self, signature: Buffer, message: Buffer) -> PublicKey:
        """
        Return the key with which a signature verifies.

        Args:
            signature: the raw bytes of the signature.
            message: the bytes that were signed, not their hash.

        Raises:
            InvalidSignature: it verifies with no key of the ring.
            InputError: an argument that is no buffer of bytes.
            BackendError: libcrypto failed; nothing was verified.
        """

        def attempt(key: PublicKey) -> PublicKey:
            key.verify(signature, message)
            return key

        return self._first(attempt)

    def match_document(
        self,
        body: Text,
        *,
        profile: Profile = PHP_8,
        max_depth: int = MAX_DEPTH,
    ) -> Verified:
        """
        Return the canonical bytes that verified, and the key they did with.

        Args:
            body: the response body as it was received, ``sign`` inside.
            profile: the PHP settings of the gateway.
            max_depth: how many objects and arrays may be nested, 1 to 511.

        Raises:
            DocumentRefused: as for ``PublicKey.verify_document``.
            InvalidSignature: the body verifies with no key of the ring; its
                reason is ``sign_length`` only where the signature has the
                length of none of them.
            InputError: an argument of the wrong type.
            BackendError: libcrypto failed; nothing was verified.
        """

        def attempt(key: PublicKey) -> Verified:
            canonical = key.verify_document(body, profile=profile, max_depth=max_depth)
            return Verified(canonical, key)

        return self._first(attempt)

    def verify(self, signature: Buffer, message: Buffer) -> None:
        """Return only if the signature verifies with a key; see ``match``."""
        self.match(signature, message)

    def verify_document(
        self,
        body: Text,
        *,
        profile: Profile = PHP_8,
        max_depth: int = MAX_DEPTH,
    ) -> bytes:
        """Return the canonical bytes that verified; see ``match_document``."""
        verified = self.match_document(body, profile=profile, max_depth=max_depth)
        return verified.canonical

    def verify_documents(
        self,
        bodies: Documents,
        *,
        threads: int | None = None,
        profile: Profile = PHP_8,
        max_depth: int = MAX_DEPTH,
    ) -> list[VerifyStatus]:
        """
        Return the verdict of ``verify_document`` on each body.

        The arguments and errors are those of ``PublicKey.verify_documents``.
        """
        texts = body_list(bodies)
        statuses = [VerifyStatus.SIGN_LENGTH] * len(texts)
        left = list(range(len(texts)))
        for key in self._keys:
            verdicts = key.verify_documents(
                [texts[index] for index in left],
                threads=threads,
                profile=profile,
                max_depth=max_depth,
            )
            for index, verdict in zip(left, verdicts, strict=True):
                if verdict is not VerifyStatus.SIGN_LENGTH:
                    statuses[index] = verdict
            left = [index for index in left if statuses[index] in _OF_THE_KEY]
        return statuses

    def __len__(self) -> int:
        """Count the keys."""
        return len(self._keys)

    def __iter__(self) -> Iterator[PublicKey]:
        """Yield the keys in the order in which they are tried."""
        return iter(self._keys)

    def __contains__(self, key: object) -> bool:
        """Return whether a key belongs to the ring."""
        return key in self._keys

    def __repr__(self) -> str:
        """Show the keys."""
        return f"KeyRing({list(self._keys)!r})"

    def _first(self, attempt: Callable[[PublicKey], _Result]) -> _Result:
        reasons = []
        for key in self._keys:
            try:
                return attempt(key)
            except InvalidSignature as error:
                if error.reason not in _REASONS_OF_THE_KEY:
                    raise
                reasons.append(error.reason)
        raise InvalidSignature("mismatch" if "mismatch" in reasons else "sign_length")
