"""
Make the files of the conformance kit from tests/conformance/source.

`make vectors` calls it through tests/vectors/generate.py. It needs PHP and openssl.
The same answers give the same files.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

from kesspay.conformance.kit import FILES, FOLDER, OPS, Refused
from kesspay.signing.profile import PHP_8, Profile


if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.conformance.source import Draft, Rule, Source


__all__ = ["KitFiles", "make_kit", "sources"]

VERSION: Final = "1.3.0"
PROTOCOL: Final = 1

_ABOUT: Final = (
    "Conformance kit of the KESS partner API's signature. Answers are those of real "
    "PHP and OpenSSL."
)
_UPDATE: Final = "kesspay conformance export DIR"

#: Members of a profile and what PHP has as it comes.
_SETTINGS: Final = tuple(field.name for field in fields(Profile))


def sources() -> tuple[Source, ...]:
    """Return what the kit is made from, in the order of its files."""
    # A second of forging, for this alone.
    from tests.conformance.source import (
        document,
        encoding,
        keys,
        parameters,
        sign,
        verify,
    )

    return (
        document.SOURCE,
        parameters.SOURCE,
        sign.SIGN,
        sign.BODY,
        verify.SOURCE,
        keys.SOURCE,
        encoding.SOURCE,
    )


@dataclass(frozen=True, slots=True)
class KitFiles:
    """
    The files that the kit should have.

    Attributes:
        rows: the cases, as many as ``make vectors`` reports.
        files: name and content of each file.
        name: what ``make vectors`` calls it.
    """

    rows: Sequence[Any]
    files: dict[str, dict[str, Any]]
    name: str = "conformance kit"

    def difference(self, folder: Path = FOLDER) -> str | None:
        """Return where the stored kit differs, or None where it does not."""
        for name in self.files:
            if not (folder / name).exists():
                return f"has no {name}"
            if (folder / name).read_text(encoding="ascii") != self._wanted(
                name, folder
            ):
                return f"has another {name}"
        kept = {f"cases/{path.name}" for path in (folder / "cases").iterdir()}
        extra = sorted(kept - set(self.files))
        return f"has also {extra[0]}" if extra else None

    def write(self, folder: Path = FOLDER) -> None:
        """Write every file."""
        for name in self.files:
            text = self._wanted(name, folder)
            (folder / name).write_text(text, encoding="ascii")

    def _wanted(self, name: str, folder: Path) -> str:
        """Return what a file should hold."""
        content = self.files[name]
        if "answered_by" in content and (folder / name).exists():
            # Another version of PHP that gives the same answers changes nothing.
            stored = json.loads((folder / name).read_bytes())
            if stored["cases"] == content["cases"]:
                content = {**content, "answered_by": stored["answered_by"]}
        return written(content)


def make_kit(step: int = 1) -> KitFiles:
    """
    Ask the judges, and return the files of the kit.

    Args:
        step: make the mistakes of every so manieth case; take those of the others
            from the stored kit.
    """
    stored = {} if step == 1 else _stored_mistakes()
    rules: list[Any] = []
    mistakes: list[Any] = []
    withdrawn: list[Any] = []
    rows: list[Any] = []
    files: dict[str, dict[str, Any]] = {}
    numbers: Counter[str] = Counter()
    for source in sources():
        rules += [_row_of_rule(rule) for rule in source.rules]
        mistakes += [
            {"code": one.code, "rule": one.rule, "title": one.title}
            for one in source.mistakes
        ]
        area = OPS[FILES[source.file]]
        named: list[tuple[str, Draft]] = []
        for draft in source.drafts:
            label = f"{area}/{draft.rule}"
            numbers[label] += 1
            name = f"{label}/{numbers[label]}"
            if draft.withdrawn:
                gone = {"id": name, "reason": draft.withdrawn, "since": draft.since}
                withdrawn.append(gone)
            else:
                named.append((name, draft))
        by, answers = source.ask([draft for _, draft in named])
        cases: list[dict[str, Any]] = []
        for (name, draft), answer in zip(named, answers, strict=True):
            row = _row_of_case(name, draft, answer)
            made = stored.get((name, row["text_base64"])) if len(cases) % step else None
            if made is None:
                made = _mistakes(answer, dict(source.wrong(draft)))
            row["mistakes"] = made
            cases.append({**row, "since": draft.since, "comment": draft.comment})
        files[f"cases/{source.file}.json"] = {
            "format": 1,
            "area": area,
            "op": FILES[source.file],
            "about": source.about,
            "answered_by": by,
            "count": len(cases),
            "cases": cases,
        }
        rows += cases
    files["rules.json"] = {"format": 1, "rules": rules}
    files["mistakes.json"] = {"format": 1, "mistakes": mistakes}
    files["KIT.json"] = {
        "format": 1,
        "version": VERSION,
        "protocol": PROTOCOL,
        "about": _ABOUT,
        "update": _UPDATE,
        "withdrawn": withdrawn,
    }
    return KitFiles(rows, files)


def _row_of_rule(rule: Rule) -> dict[str, Any]:
    names = ("id", "title", "doc", "area", "level", "stage", "severity")
    row = {name: getattr(rule, name) for name in names}
    presumed = {"presumes": rule.presumes} if rule.presumes else {}
    return {**row, "hints": dict(rule.hints), **presumed}


def _stored_mistakes() -> dict[tuple[str, str], Any]:
    """Return the mistakes of the stored cases, by id and text."""
    return {
        (row["id"], row["text_base64"]): row["mistakes"]
        for path in (FOLDER / "cases").iterdir()
        for row in json.loads(path.read_bytes())["cases"]
    }


def _mistakes(
    answer: bytes | Refused, wrong: dict[str, bytes | None]
) -> dict[str, str | None]:
    """Return the mistakes that answer otherwise, and what they answer."""
    right = None if isinstance(answer, Refused) else answer
    return {
        code: None if given is None else _packed(given)
        for code, given in wrong.items()
        if given != right
    }


def _row_of_case(name: str, draft: Draft, answer: bytes | Refused) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": name,
        "rule": draft.rule,
        "level": draft.level,
        "profile": _settings(draft.profile),
        **_bytes("text", draft.text),
    }
    if draft.key is not None:
        row["key_base64"] = _packed(draft.key)
    if draft.kind is not None:
        row["kind"] = draft.kind
    if draft.password is not None:
        row.update(_bytes("password", draft.password))
    if isinstance(answer, Refused):
        row["result"] = {"refused": answer.reason, "class": answer.stage}
    else:
        row["result"] = _bytes("bytes", answer)
    return row


def _settings(words: str) -> dict[str, Any]:
    """Return the members of a profile that differ from PHP 8.2 as it comes."""
    profile = Profile.from_words(words)
    return {
        name: getattr(profile, name)
        for name in _SETTINGS
        if getattr(profile, name) != getattr(PHP_8, name)
    }


def _bytes(name: str, content: bytes) -> dict[str, str]:
    """Return bytes as base64, and as text for readers where they are UTF-8."""
    packed = {f"{name}_base64": _packed(content)}
    try:
        return {name: content.decode(), **packed}
    except UnicodeDecodeError:
        return packed


def _packed(content: bytes) -> str:
    return base64.b64encode(content).decode()


def written(content: dict[str, Any]) -> str:
    """Write a file of the kit: an entry a line, so that a change is a line."""
    lines = []
    for name, value in content.items():
        start = f"{json.dumps(name)}: "
        if isinstance(value, list) and value and isinstance(value[0], dict):
            entries = ",\n".join(f"  {json.dumps(one)}" for one in value)
            lines.append(f"{start}[\n{entries}\n ]")
        else:
            lines.append(start + json.dumps(value))
    return "{" + ",\n ".join(lines) + "}\n"
