"""
Read the conformance kit: cases, rules and known mistakes.

A kit is a folder of JSON files::

    KIT.json         version of the kit and of the protocol, withdrawn cases
    rules.json       what each rule says, and the paragraph that explains it
    mistakes.json    known mistakes, and the rule that each breaks
    cases/*.json     the cases of one operation each
    bulk/*.gz        every stored answer of PHP, as lines of JSON
    schema/*.json    JSON Schema of these files

Every answer in it was given by PHP or OpenSSL. ``load`` checks everything that the
other modules rely on, and names the file and the place of the first fault.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

from kesspay.conformance.reading import Members, fault, read_json, unpacked
from kesspay.errors import InputError
from kesspay.signing.profile import Profile


if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


__all__ = [
    "AREAS",
    "FILES",
    "FOLDER",
    "LARGEST",
    "LEVELS",
    "OPS",
    "SEVERITIES",
    "Area",
    "Case",
    "Kit",
    "Level",
    "Mistake",
    "Refused",
    "Rule",
    "Severity",
    "bulk",
    "load",
]

Area: TypeAlias = Literal["document", "parameters", "sign", "verify", "keys", "base64"]
#: What the API can send, any JSON, or what only an attacker sends.
Level: TypeAlias = Literal["api", "any-document", "hostile"]
#: What breaking a rule leads to, the worst first.
Severity: TypeAlias = Literal[
    "accepts-forgery", "signs-wrongly", "gateway-refuses", "differs", "hostile"
]

AREAS: Final[tuple[Area, ...]] = get_args(Area)
LEVELS: Final[tuple[Level, ...]] = get_args(Level)
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)

#: The operations of the protocol, and the area that each belongs to.
OPS: Final[dict[str, Area]] = {
    "canonicalize": "document",
    "canonicalize-tree": "parameters",
    "sign": "sign",
    "body": "sign",
    "verify": "verify",
    "key": "keys",
    "base64": "base64",
}

#: The files of cases, each of one operation. Where an area has two, the second one is
#: named after its operation.
FILES: Final[dict[str, str]] = {
    "document": "canonicalize",
    "parameters": "canonicalize-tree",
    "sign": "sign",
    "body": "body",
    "verify": "verify",
    "keys": "key",
    "base64": "base64",
}

#: The kit in this package.
FOLDER: Final = Path(__file__).resolve().parent / "kit"

#: No text of a case has more bytes than this.
LARGEST: Final = 32 * 1024

_FORMAT: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """
    One rule of the signature.

    Attributes:
        id: stable name, ``write.slash``.
        title: what a program that breaks it does.
        doc: page and heading that explain it, ``docs/PAGE.md#HEADING``.
        area: where its cases are; "bulk" for the rule of the stored answers.
        level: who sends such documents.
        stage: 0 for the plainest cases of all; else the step of the computation,
            from 1 (read) on.
        severity: what breaking it leads to.
        hints: what to do about it, by language.
        presumes: id of the rule without which the cases of this one show nothing; ""
            for none.
    """

    id: str
    title: str
    doc: str
    area: str
    level: Level
    stage: int
    severity: Severity
    hints: Mapping[str, str]
    presumes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """
    One known mistake, and the rule that it breaks.

    Attributes:
        code: stable name; that of ``kesspay explain`` where it knows the mistake.
        rule: id of the rule.
        title: what was done.
    """

    code: str
    rule: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """
    The answer that there is none: the input must be refused.

    Attributes:
        reason: kesspay's word for it; "" in the bulk.
        stage: decode, type, encode, policy, signature or key.
    """

    reason: str
    stage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """
    One question and the right answer.

    Attributes:
        id: AREA/RULE/NUMBER, never used again for another question.
        area: which part of the signature it is about.
        op: the operation of the protocol that asks it.
        rule: id of the rule.
        level: who sends such an input.
        profile: the settings of PHP, as words of ``Profile``; () is PHP 8.2 or later
            with its default settings.
        text: the input of the operation.
        key: the key, in PEM, or None where the operation takes none.
        kind: "private" or "public" where a key is read.
        password: the password of an encrypted key.
        result: the right answer. For ``body`` the canonical bytes that a good
            signature covers.
        mistakes: the wrong answers, by known mistake; None where it refuses.
        since: the first version of the kit with this case.
        comment: what the case shows.
    """

    id: str
    area: Area
    op: str
    rule: str
    level: Level
    profile: tuple[str, ...] = ()
    text: bytes
    key: bytes | None = None
    kind: str | None = None
    password: bytes | None = None
    result: bytes | Refused
    mistakes: Mapping[str, bytes | None]
    since: str
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """
    A conformance kit.

    Attributes:
        version: of the kit; not that of kesspay.
        protocol: version of the protocol between runner and adapter.
        cases: in the order of the files.
        rules: by id.
        mistakes: by code.
        withdrawn: ids of cases that were wrong, and why.
    """

    version: str
    protocol: int
    cases: tuple[Case, ...]
    rules: Mapping[str, Rule]
    mistakes: Mapping[str, Mistake]
    withdrawn: Mapping[str, str]


# ------------------------------------------------------------ reading

_ID: Final = re.compile(r"[a-z0-9-]+/[a-z0-9_.]+/[1-9][0-9]*")
_RULE_ID: Final = re.compile(r"[a-z0-9]+\.[a-z0-9_]+")
_CODE: Final = re.compile(r"[a-z0-9_]+")
_VERSION: Final = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){1,2}")
_DOC: Final = re.compile(r"docs/[A-Za-z0-9_/-]+\.md#[a-z0-9_-]+")
_STAGES: Final = frozenset({"decode", "type", "encode", "policy", "signature", "key"})
_KINDS: Final = ("private", "public")


# ------------------------------------------------------------ the kit


def load(folder: Path | None = None) -> Kit:
    """
    Read a kit and check it.

    Args:
        folder: where it is; without it the kit of this package.

    Raises:
        InputError: a file is missing or cannot be read, or its content is not that
            of a kit.
    """
    place = FOLDER if folder is None else folder
    top = Members.of(
        read_json(place, "KIT.json"),
        "KIT.json",
        ("format", "version", "protocol", "about", "update", "withdrawn"),
    )
    _check_format(top)
    withdrawn = {}
    for at, row in enumerate(top.items("withdrawn")):
        gone = Members.of(row, f"KIT.json, withdrawn {at}", ("id", "reason", "since"))
        gone.text("since", _VERSION)
        withdrawn[gone.text("id", _ID)] = gone.text("reason")
    rules = {rule.id: rule for rule in _rules(place)}
    mistakes = {mistake.code: mistake for mistake in _mistakes(place, rules)}
    cases: dict[str, Case] = {}
    for stem in FILES:
        name = f"cases/{stem}.json"
        if (place / name).exists():
            for case in _cases(place, name, FILES[stem], rules, mistakes):
                if case.id in cases or case.id in withdrawn:
                    raise fault(name, f"uses {case.id} again")
                cases[case.id] = case
    if not cases:
        raise fault("cases", "is empty")
    return Kit(
        version=top.text("version", _VERSION),
        protocol=top.number("protocol"),
        cases=tuple(cases.values()),
        rules=rules,
        mistakes=mistakes,
        withdrawn=withdrawn,
    )


def _check_format(top: Members) -> None:
    """Refuse a file of a format that this version does not read."""
    found = top.number("format")
    if found != _FORMAT:
        raise InputError(
            f"{top.where} of the conformance kit has the format {found}; this version "
            f"of kesspay reads {_FORMAT}. Next: use the kit of this version."
        )


def _rows(folder: Path, name: str, member: str) -> Iterator[tuple[str, Any]]:
    """Yield the entries of a file that is one list, each with its place."""
    top = Members.of(read_json(folder, name), name, ("format", member))
    _check_format(top)
    for at, row in enumerate(top.items(member)):
        yield f"{name}, entry {at}", row


_RULE: Final = (
    *("id", "title", "doc", "area", "level", "stage", "severity", "hints"),
    "presumes",
)


def _rules(folder: Path) -> Iterator[Rule]:
    seen = set()
    for where, value in _rows(folder, "rules.json", "rules"):
        row = Members.of(value, where, _RULE)
        name = row.text("id", _RULE_ID)
        if name in seen:
            raise fault(where, f"describes {name} again")
        seen.add(name)
        hints = row.members_of("hints")
        if not all(isinstance(hint, str) for hint in hints.values()):
            raise fault(where, "has a hint that is no text")
        yield Rule(
            id=name,
            title=row.text("title"),
            doc=row.text("doc", _DOC),
            area=row.word("area", (*AREAS, "bulk")),
            level=row.word("level", LEVELS),
            stage=row.number("stage"),
            severity=row.word("severity", SEVERITIES),
            hints=hints,
            presumes=row.text("presumes") if "presumes" in value else "",
        )


def _mistakes(folder: Path, rules: Mapping[str, Rule]) -> Iterator[Mistake]:
    seen = set()
    for where, value in _rows(folder, "mistakes.json", "mistakes"):
        row = Members.of(value, where, ("code", "rule", "title"))
        code = row.text("code", _CODE)
        if code in seen:
            raise fault(where, f"describes {code} again")
        seen.add(code)
        rule = row.word("rule", tuple(rules))
        yield Mistake(code=code, rule=rule, title=row.text("title"))


_CASE: Final = (
    *("id", "rule", "level", "profile", "text", "text_base64", "key_base64", "kind"),
    *("password", "password_base64", "result", "mistakes", "since", "comment"),
)


def _cases(
    folder: Path,
    name: str,
    op: str,
    rules: Mapping[str, Rule],
    mistakes: Mapping[str, Mistake],
) -> Iterator[Case]:
    members = ("format", "area", "op", "about", "answered_by", "count", "cases")
    top = Members.of(read_json(folder, name), name, members)
    _check_format(top)
    if top.text("op") != op or top.text("area") != OPS[op]:
        raise fault(name, "is about another operation")
    rows = top.items("cases")
    if top.number("count") != len(rows):
        raise fault(name, f"has {len(rows)} cases and not as many as it says")
    for at, value in enumerate(rows):
        yield _case(Members.of(value, f"{name}, case {at}", _CASE), op, rules, mistakes)


def _case(
    row: Members, op: str, rules: Mapping[str, Rule], mistakes: Mapping[str, Mistake]
) -> Case:
    area, rule = OPS[op], row.word("rule", tuple(rules))
    name = row.text("id", _ID)
    if name.rpartition("/")[0] != f"{area}/{rule}":
        raise fault(row.where, f"has the id {name} of another area or rule")
    wrong: dict[str, bytes | None] = {}
    for code, answer in row.members_of("mistakes").items():
        if code not in mistakes:
            raise fault(row.where, f"names the unknown mistake {code!r}")
        where = f"{row.where}, mistake {code}"
        wrong[code] = None if answer is None else unpacked(answer, where)
    case = Case(
        id=name,
        area=area,
        op=op,
        rule=rule,
        level=row.word("level", LEVELS),
        profile=_profile(row),
        text=row.packed("text"),
        key=row.packed_or_none("key"),
        kind=row.word("kind", _KINDS) if "kind" in row.members else None,
        password=row.packed_or_none("password"),
        result=_result(row),
        mistakes=wrong,
        since=row.text("since", _VERSION),
        comment=row.text("comment"),
    )
    if len(case.text) > LARGEST:
        raise fault(row.where, f"has a text of more than {LARGEST} bytes")
    return case


def _profile(row: Members) -> tuple[str, ...]:
    """Read the settings of PHP as words."""
    try:
        return tuple(Profile(**row.members_of("profile")).words().split())
    except (InputError, TypeError):
        raise fault(row.where, "has a profile that is none") from None


def _result(row: Members) -> bytes | Refused:
    result = row.members_of("result")
    where = f"{row.where}, result"
    if "refused" in result:
        refused = Members.of(result, where, ("refused", "class"))
        return Refused(
            reason=refused.text("refused", _CODE),
            stage=refused.word("class", _STAGES),
        )
    return Members.of(result, where, ("bytes", "bytes_base64")).packed("bytes")


# ------------------------------------------------------------ the bulk

#: The rule of every case of the bulk.
_BULK_RULE: Final = "bulk.stored"

#: The files of the bulk, and the area of each.
_BULK: Final[tuple[tuple[str, Area], ...]] = (
    ("canonical.jsonl.gz", "document"),
    ("ksort.jsonl.gz", "document"),
    ("parameters.jsonl.gz", "parameters"),
    ("doubles.jsonl.gz", "parameters"),
)

_SETTINGS: Final = {
    "p": "precision=17",
    "s": "unescaped_slashes",
    "u": "unescaped_unicode",
}


def bulk(area: Area, folder: Path | None = None) -> Iterator[Case]:
    """
    Yield every stored answer of PHP about documents, or about parameters.

    The doubles are asked as parameters ``{"n": DOUBLE}``. What kesspay refuses
    on purpose and PHP accepts is left out: a value that cannot be encoded and that
    would be removed.

    Args:
        area: "document" or "parameters"; the others have no bulk.
        folder: where the kit is; without it the kit of this package.

    Raises:
        InputError: a file is missing or damaged.
    """
    place = FOLDER if folder is None else folder
    number = 0
    for name, of in _BULK:
        if of != area:
            continue
        for row in _lines(place, f"bulk/{name}"):
            for text, profile, result in _stored(row, f"bulk/{name}"):
                number += 1
                yield Case(
                    id=f"{area}/{_BULK_RULE}/{number}",
                    area=area,
                    op="canonicalize" if area == "document" else "canonicalize-tree",
                    rule=_BULK_RULE,
                    level="hostile",
                    profile=profile,
                    text=text,
                    result=result,
                    mistakes={},
                    since="1.0",
                )


def _lines(folder: Path, name: str) -> Iterator[Any]:
    """Yield the lines of a file of the bulk, without the first, its origin."""
    try:
        with gzip.open(folder / name, "rb") as lines:
            next(lines)
            yield from map(json.loads, lines)
    except (OSError, EOFError, zlib.error, ValueError, StopIteration) as error:
        raise fault(name, "cannot be read") from error


def _stored(
    row: dict[str, Any] | list[Any], name: str
) -> Iterator[tuple[bytes, tuple[str, ...], bytes | Refused]]:
    """Read one line of the bulk: text, profile and answer."""
    if isinstance(row, list):
        bits, shortest, precise = row
        text = b"{s1:nd%s;}" % bits.encode()
        infinite = Refused(reason="", stage="encode")
        for words, answer in ("", shortest), ("precision=17", precise):
            form = infinite if answer is None else b'{"n":%s}' % answer.encode()
            yield text, tuple(words.split()), form
        return
    if row.get("removed_fails"):
        return
    field = "tree" if name.endswith("parameters.jsonl.gz") else "document"
    profile = tuple(
        word for letter, word in _SETTINGS.items() if letter in row.get("settings", "")
    )
    text = row[field].encode() if field in row else b""
    if not text:
        text = unpacked(row.get(f"{field}_base64", ""), name)
    if "ok" in row:
        yield text, profile, row["ok"].encode()
    else:
        yield text, profile, Refused(reason="", stage=row["error"][0])
