"""
Why rows failed, for millions of them.

``Triage`` names causes in three steps, of which none makes a body authentic:

1. Each row, while it is judged: what a millisecond can name. The digest that was
   signed is recovered with each key, your own too, and compared with the canonical
   form under all settings of PHP.
2. Rows whose text is not known form clusters, by service, day, key and the names of
   their members. A few representatives of each are searched for known mistakes. What
   is found is written again for each member, and compared with the digest in that
   member's own signature: only then is it proved.
3. For the rest, values of other records of the transfer, ``success`` inverted and
   every amount below 10,000.00 are put in place until the digest fits or the budget is
   spent: "data.amount was 117.45 when signed".

The budget is counted in work and not by a clock, so that the same rows have the same
causes. What it leaves keeps the cause that its status says.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
import pyarrow as pa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import load_der_public_key

from kesspay.audit.causes import BASES, Cause, by_status
from kesspay.audit.kernel import names_of
from kesspay.audit.parts import CAUSES, batches_of
from kesspay.errors import CanonicalizationError
from kesspay.explain import values
from kesspay.explain.explanation import explain
from kesspay.explain.profiles import texts_by_profile
from kesspay.explain.render import read
from kesspay.explain.search import (
    BUDGET,
    DEEPEST,
    Subject,
    find_signed_text,
    text_made_with,
)
from kesspay.explain.values import find_signed_value, has_other_word
from kesspay.signing.documents import canonicalize
from kesspay.signing.profile import PHP_8
from kesspay.signing.status import VerifyStatus


if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from kesspay.audit.failures import Failing
    from kesspay.audit.ring import Ring
    from kesspay.signing.profile import Profile


__all__ = ["Triage"]

_MISMATCH: Final = VerifyStatus.MISMATCH.value
_STATUS, _PROVED, _REPRESENTATIVE = BASES
#: Verdicts that say all there is to say.
_PLAIN: Final = frozenset({"no_body", "outside_window", "unreadable"})
#: Causes of rows that the second step looks at.
_TEXT_UNKNOWN: Final = "text_unknown"
_KEY_OTHER: Final = "key_other"

#: DER of PKCS#1 that stands before a SHA-256 (RFC 8017, 9.2).
_SHA256: Final = bytes.fromhex("3031300d060960864801650304020105000420")
_DIGEST: Final = 32

#: Above this number of failures members are not proved one by one.
_SAMPLE: Final = 1_000_000
_REPRESENTATIVES: Final = 3
_ROUNDS: Final = 3
_CLUSTERS: Final = 10_000
#: Bytes of representatives that are held, and of records of other transfers: three of
#: 1,600 bytes for each cluster. Where bodies are longer, clusters that come later have
#: theirs in the next round.
_HELD: Final = 48 << 20
#: A second of the budget stands for so much work, in bytes as ``explain.search`` counts
#: them, whatever the machine: with its own clock the same rows would have other causes.
_RATE: Final = 60 << 20
#: What one value that is tried costs: a block of SHA-256, about.
_TRY: Final = 60
#: What an attempt of ``explain.search`` costs besides the text; it says the same of its
#: usual attempts.
_ATTEMPT: Final = 3000
#: Tries until a value was found that is no amount of those that are counted up.
_FEW: Final = 100
#: Tries where amounts are left out.
_CHEAP: Final = 200
_SIBLINGS: Final = 8
#: Texts that are searched at once.
_TOGETHER: Final = 64
_TRADE: Final = re.compile(rb'"out_trade_no":("[^"\\]{1,100}")')
#: Values that a cause may show: they name no person.
_SHOWN: Final = frozenset(
    {"amount", "success", "currency", "result_code", "error_code"}
)


class _Signed(msgspec.Struct):
    sign: str = ""


_read_sign: Final = msgspec.json.Decoder(_Signed).decode


@dataclass(frozen=True, slots=True)
class _Row:
    """A row whose text is not known, or whose key is not."""

    body: bytes
    request: bytes | None
    digest: bytes


@dataclass(slots=True)
class _Cluster:
    """Rows that look alike."""

    number: int
    #: Clusters of one kind differ by service and day alone.
    kind: tuple[Any, ...]
    count: int = 0
    rows: list[_Row] = field(default_factory=list)
    #: Codes of mistakes, of which each explains a representative.
    recipes: list[tuple[str, ...]] = field(default_factory=list)
    #: Whether every member is to be looked at one by one.
    is_other: bool = False
    #: Whether no amount explains a representative: members get the cheap tries.
    is_hard: bool = False


class Triage:
    """
    Names causes: ``examine`` and an instance itself are hooks of a run.

    Args:
        ring: the keys.
        profile: the PHP settings of the gateway.
        budget: seconds that the second and third step may take, about.
        show_values: whether a cause may show names and numbers of persons.
    """

    def __init__(
        self,
        ring: Ring,
        profile: Profile = PHP_8,
        *,
        budget: float = 60,
        show_values: bool = False,
    ) -> None:
        """Read the keys."""
        self._profile = profile
        self._ring = [one.key for one in ring.keys]
        self._own = [one.key for one in ring.own]
        self._names = [one.name for one in (*ring.keys, *ring.own)]
        self._keys: list[Any] = [
            load_der_public_key(key._handle.spki)  # noqa: SLF001 - not for users: sign, verify only
            for key in (*self._ring, *self._own)
        ]
        self._left = int(budget * _RATE)
        self._is_search = budget > 0
        self._show_values = show_values
        self._searched: set[tuple[bytes, int]] = set()
        #: What was changed in representatives, by the SHA-256 of the body.
        self._changed: dict[bytes, str] = {}
        #: Recipes of several mistakes; as keys, in the order in which they were found.
        self._known: dict[tuple[str, ...], None] = {}

    # -------------------------------------------------------- each row

    def examine(self, failing: Any, reasons: Sequence[str | None]) -> list[Cause]:  # noqa: ANN401 - of pyarrow
        """Name what a millisecond can name, for each row of a batch."""
        causes = by_status(failing, reasons)
        columns = [
            failing.column(name).to_pylist() for name in ("verdict", "status", "body")
        ]
        for at, (verdict, status, body) in enumerate(zip(*columns, strict=True)):
            if verdict in _PLAIN or body is None:
                continue
            if status == _MISMATCH:
                causes[at] = self._mismatch(body)
            else:
                causes[at] = self._explained(body, causes[at])
        return causes

    def _mismatch(self, body: bytes) -> Cause:
        """Name why a signature of the right form does not fit."""
        place, digest = self._recovered(body)
        if place < 0:
            return Cause(_KEY_OTHER)
        if place >= len(self._ring):
            name = self._names[place]
            return Cause("key_own_signed", _PROVED, f"your key {name} signed it")
        if not digest:
            return self._explained(body, Cause("mismatch"))
        for profile, text in texts_by_profile(body):
            if _sha256(text) != digest:
                continue
            if profile == self._profile:
                return self._explained(body, Cause("mismatch"))
            return Cause("profile", _PROVED, profile.words() or "PHP 8.2, no flags")
        return Cause(_TEXT_UNKNOWN)

    def _recovered(self, body: bytes) -> tuple[int, bytes]:
        """Return the place of the key that signed, or -1, and the SHA-256 or b""."""
        signature = base64.b64decode(_read_sign(body).sign)
        for place, key in enumerate(self._keys):
            try:
                payload = key.recover_data_from_signature(signature, PKCS1v15(), None)
            except (InvalidSignature, ValueError):
                continue
            is_sha256 = (
                payload.startswith(_SHA256) and len(payload) == len(_SHA256) + _DIGEST
            )
            return place, payload[len(_SHA256) :] if is_sha256 else b""
        return -1, b""

    def _explained(self, body: bytes, otherwise: Cause) -> Cause:
        """Name the first thing that ``explain`` finds within a millisecond."""
        found = explain(
            body,
            self._ring,
            own_keys=self._own,
            profile=self._profile,
            effort="quick",
        )
        causes = [one for one in found.findings if one.sort == "cause"]
        if not causes:
            return otherwise
        notes = {one.code for one in found.findings if one.sort == "note"}
        is_proved = bool(notes & {"body_inside_verifies", "text_right"})
        return Cause(
            causes[0].code,
            _PROVED if is_proved or found.profile else _STATUS,
            "+".join(one.code for one in causes[1:]),
        )

    # -------------------------------------------------------- all rows

    def __call__(self, failing: Failing) -> Iterator[Any]:
        """Return the rows of causes.parquet, in the order of the failures."""
        clusters: dict[tuple[Any, ...], _Cluster] = {}
        is_sample = failing.count > _SAMPLE
        for number in range(1 if is_sample else _ROUNDS):
            self._collect(failing, clusters, is_first=not number)
            if not self._search(clusters):
                break
        wanted = self._trades(failing, clusters) if self._is_search else set()
        siblings = _siblings(failing, wanted)
        for batch in failing.batches():
            yield self._named(batch, clusters, siblings, is_sample=is_sample)

    def _rows(
        self,
        batch: Any,  # noqa: ANN401 - of pyarrow
        clusters: dict[tuple[Any, ...], _Cluster],
    ) -> Iterator[tuple[int, _Cluster, _Row]]:
        """Yield the rows that step 1 left, with their place and cluster."""
        columns = [
            batch.column(name).to_pylist()
            for name in ("cause", "service", "seen_at", "body", "request")
        ]
        for at, (cause, service, seen_at, body, request) in enumerate(
            zip(*columns, strict=True)
        ):
            if cause not in (_TEXT_UNKNOWN, _KEY_OTHER):
                continue
            place, digest = self._recovered(body)
            day = None if seen_at is None else seen_at.date()
            mark = (cause, service, day, place, _shape(body))
            if mark not in clusters and len(clusters) >= _CLUSTERS:
                mark = (cause, None, None, place, ())
            cluster = clusters.setdefault(
                mark, _Cluster(len(clusters), (cause, *mark[3:]))
            )
            yield at, cluster, _Row(body, request, digest)

    def _collect(
        self,
        failing: Failing,
        clusters: dict[tuple[Any, ...], _Cluster],
        *,
        is_first: bool,
    ) -> None:
        """Count members, and keep a few of those that no recipe explains."""
        for cluster in clusters.values():
            cluster.rows = []
        left = _HELD
        for batch in failing.batches():
            for _, cluster, row in self._rows(batch, clusters):
                cluster.count += is_first
                size = len(row.body) + len(row.request or b"")
                is_wanted = len(cluster.rows) < _REPRESENTATIVES and size <= left
                if is_wanted and not self._recipe_of(cluster, row):
                    cluster.rows.append(row)
                    left -= size
        if is_first:
            # The largest is the first.
            order = sorted(clusters.values(), key=lambda one: -one.count)
            for number, cluster in enumerate(order):
                cluster.number = number

    def _search(self, clusters: dict[tuple[Any, ...], _Cluster]) -> bool:
        """Look for recipes; return whether one is new."""
        order = sorted(clusters.values(), key=lambda one: one.number)
        kinds: dict[tuple[Any, ...], _Cluster] = {}
        for cluster in order:
            kinds.setdefault(cluster.kind, cluster)
        # What a signer does is done on other days, too: there it is seen at once.
        found = self._search_some(kinds.values(), self._left - self._left // 4)
        return self._search_some(order, 0) or found

    def _search_some(self, clusters: Collection[_Cluster], least: int) -> bool:
        """Look for recipes of clusters, single mistakes first, while budget is left."""
        found = False
        for deepest in (1, DEEPEST):
            for cluster in clusters:
                for row in cluster.rows:
                    if self._left <= least:
                        return found
                    mark = (row.digest, deepest)
                    if mark in self._searched or cluster.is_other:
                        continue
                    if self._recipe_of(cluster, row):
                        continue
                    self._searched.add(mark)
                    if not row.digest:
                        # Another padding, or bytes in another order.
                        cause = self._explained(row.body, Cause(_KEY_OTHER))
                        cluster.is_other = cause.code != _KEY_OTHER
                        continue
                    recipe = self._recipe(cluster, row, deepest)
                    if recipe:
                        cluster.recipes.append(recipe)
                        found = True
        return found

    def _recipe(self, cluster: _Cluster, row: _Row, deepest: int) -> tuple[str, ...]:
        """Return the codes of the mistakes that give the signed text, or ()."""
        known = self._known_recipe(row)
        if known:
            return known
        if deepest > 1:
            detail = self._value(row, (), 1 << 30)
            if detail:
                # One value was changed: no mistake of a signer.
                self._changed[_sha256(row.body)] = detail
                cluster.is_hard = False
                return ()
            cluster.is_hard = True
        elif has_other_word(_canonical(row.body, self._profile) or b"{}", row.digest):
            # It takes less than to look for a mistake.
            return ()
        spent = 0

        def accepts(text: bytes) -> bool:
            nonlocal spent
            spent += len(text) + _ATTEMPT
            return _sha256(text) == row.digest

        found = find_signed_text(
            self._subject(row.body),
            accepts,
            budget=min(BUDGET, self._left),
            deepest=deepest,
        )
        self._left -= spent
        if not found:
            return ()
        if deepest > 1:
            self._known[found.codes] = None
        return found.codes

    def _known_recipe(self, row: _Row) -> tuple[str, ...]:
        """Return those mistakes of another cluster that explain this row, or ()."""
        self._left -= len(self._known) * (len(row.body) + _ATTEMPT)
        recipe = self._fitting(self._known, row)
        # Some of them may change nothing here.
        for code in recipe if len(recipe) > 1 else ():
            fewer = tuple(one for one in recipe if one != code)
            recipe = self._fitting([fewer], row) or recipe
        return recipe

    def _recipe_of(self, cluster: _Cluster, row: _Row) -> tuple[str, ...]:
        """Return the recipe of a cluster that gives this row's own digest, or ()."""
        return self._fitting(cluster.recipes, row)

    def _fitting(
        self, recipes: Collection[tuple[str, ...]], row: _Row
    ) -> tuple[str, ...]:
        """Return the first of some recipes that gives a row's own digest, or ()."""
        if not recipes:
            return ()
        subject = self._subject(row.body)
        for recipe in recipes:
            text = text_made_with(subject, recipe)
            if text is not None and _sha256(text) == row.digest:
                return recipe
        return ()

    def _subject(self, body: bytes) -> Subject:
        text = body.decode()
        canonical = _canonical(body, self._profile) or b""
        return Subject(text, read(text), canonical, self._profile)

    # -------------------------------------------------------- what was signed

    def _value(self, row: _Row, siblings: Iterable[bytes], most: int) -> str:
        """Say which value was another one when the text was signed, or ""."""
        canonical = _canonical(row.body, self._profile)
        if not (self._is_search and row.digest and canonical):
            return ""
        request = None if row.request is None else _canonical(row.request, PHP_8)
        others = list(siblings) if request is None else [request, *siblings]
        found = find_signed_value(
            canonical,
            row.digest,
            siblings=others,
            profile=self._profile,
            tries=max(_CHEAP, min(most, self._left // _TRY)),
        )
        name = found.path.rpartition(".")[2] if found else ""
        spent = _tries_until(found.signed if found else "", name)
        self._left -= _TRY * min(most, spent)
        if found is None:
            return ""
        if self._show_values or name in _SHOWN:
            return str(found)
        return f"{found.path} was another value when signed"

    def _trades(
        self, failing: Failing, clusters: dict[tuple[Any, ...], _Cluster]
    ) -> set[bytes]:
        """Return the transfers of rows that no recipe explains."""
        found: set[bytes] = set()
        for batch in failing.batches():
            for _, cluster, row in self._rows(batch, clusters):
                trade = _TRADE.search(row.body)
                if not trade or len(found) >= _CLUSTERS:
                    continue
                if row.digest and not self._recipe_of(cluster, row):
                    found.add(trade[1])
        return found

    def _named(
        self,
        batch: Any,  # noqa: ANN401 - of pyarrow
        clusters: dict[tuple[Any, ...], _Cluster],
        siblings: dict[bytes, list[bytes]],
        *,
        is_sample: bool,
    ) -> Any:  # noqa: ANN401 - of pyarrow
        """Return the causes of a batch of rows."""
        names = ("cause", "basis", "detail")
        causes = [
            Cause(*row)
            for row in zip(
                *(batch.column(name).to_pylist() for name in names), strict=True
            )
        ]
        for at, cluster, row in self._rows(batch, clusters):
            cause = self._cause_of(causes[at], cluster, row, siblings, is_sample)
            causes[at] = Cause(cause.code, cause.basis, cause.detail, cluster.number)
        bases = np.array([BASES.index(cause.basis) for cause in causes])
        codes = pa.array([cause.code for cause in causes], pa.string())
        columns = [
            batch.column("source"),
            batch.column("row"),
            codes.dictionary_encode(),
            names_of(bases, pa.array(BASES)),
            pa.array([cause.detail for cause in causes], pa.string()),
            pa.array([cause.cluster for cause in causes], pa.int64()),
            batch.column("body_sha256"),
        ]
        return pa.record_batch(columns, schema=CAUSES)

    def _cause_of(
        self,
        cause: Cause,
        cluster: _Cluster,
        row: _Row,
        siblings: dict[bytes, list[bytes]],
        is_sample: bool,  # noqa: FBT001 - of one caller
    ) -> Cause:
        if cluster.is_other:
            return self._explained(row.body, cause)
        if is_sample and cluster.recipes:
            return _made(cluster.recipes[0], _REPRESENTATIVE)
        recipe = self._recipe_of(cluster, row)
        if recipe:
            return _made(recipe, _PROVED)
        detail = self._changed.get(_sha256(row.body), "")
        if not detail:
            trade = _TRADE.search(row.body)
            known = siblings.get(trade[1], []) if trade else []
            most = _CHEAP if is_sample or cluster.is_hard else 1 << 30
            detail = self._value(row, known, most)
        return Cause("value_changed", _PROVED, detail) if detail else cause


def _made(recipe: tuple[str, ...], basis: str) -> Cause:
    return Cause(recipe[0], basis, "+".join(recipe[1:]))


def _sha256(text: bytes) -> bytes:
    return hashlib.new("sha256", text).digest()


def _canonical(body: bytes, profile: Profile) -> bytes | None:
    try:
        return canonicalize(body, profile=profile)
    except CanonicalizationError:
        return None


def _shape(body: bytes) -> tuple[Any, ...]:
    """Return the names of the members of a body, and of those inside."""
    document: Any = msgspec.json.decode(body)
    return tuple(
        (name, tuple(sorted(value)) if isinstance(value, dict) else None)
        for name, value in sorted(document.items())
    )


def _tries_until(signed: str, name: str) -> int:
    """Return about how many values were tried until one was found, or none."""
    if not signed:
        return values.AMOUNTS
    try:
        cents = round(float(signed.strip('"')) * 100) if name == "amount" else 0
    except (ValueError, OverflowError):
        cents = 0
    # Another value is that of another record, or a word of its field.
    return cents if 0 < cents < values.AMOUNTS else _FEW


def _siblings(failing: Failing, wanted: set[bytes]) -> dict[bytes, list[bytes]]:
    """Return canonical texts that verified, by transfer, where the run keeps them."""
    found: dict[bytes, list[bytes]] = {}
    left = _HELD
    paths = sorted(failing.folder.path.glob("part-*.parquet")) if wanted else []
    for path in paths:
        with path.open("rb") as file:
            for batch in batches_of(file, "canonical"):
                for trade, text in _texts_about(batch, wanted):
                    texts = found.setdefault(trade, [])
                    is_wanted = len(texts) < _SIBLINGS and len(text) <= left
                    if is_wanted and text not in texts:
                        texts.append(text)
                        left -= len(text)
    return found


def _texts_about(
    batch: Any,  # noqa: ANN401 - a RecordBatch of large_binary
    wanted: set[bytes],
) -> Iterator[tuple[bytes, bytes]]:
    """Yield transfers that are wanted, with the texts that name them."""
    for column in batch.columns:
        _, places, data = column.buffers()
        if column.null_count == len(column) or data is None:
            continue
        ends = np.frombuffer(places, np.int64)[column.offset :]
        view = memoryview(data)
        for first in range(0, len(column), _TOGETHER):
            some = column.slice(first, _TOGETHER)
            every = view[ends[first] : ends[first + len(some)]]
            # Most texts are about others, which is seen of many at once.
            if wanted.isdisjoint(_TRADE.findall(every)):
                continue
            for text in some.to_pylist():
                trade = _TRADE.search(text or b"")
                if trade is not None and trade[1] in wanted:
                    yield trade[1], text
