"""
Read kess.h: its comments, declarations and values, as plain data.

The header is the manual, so whatever shows it elsewhere (man pages, the web
site, the check of the ABI) reads it here and adds nothing. It knows the style
of this one header and refuses what it does not understand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final


HEADER: Final = Path(__file__).resolve().parent.parent / "include" / "kess.h"

_SECTION: Final = re.compile(r"/\* -{8,} (.+?) \*/")
_FUNCTION: Final = re.compile(r"KESS_API (?:KESS_MUST_CHECK )?([^;{}]*?)(\w+)\(")
#: "  Out: ...", "  Threads     ..." and "  Returns ...".
_TAG: Final = re.compile(r"^  ([A-Z]\w+(?=:| {2})|Returns)(?::? +)(\S.*)$")


class HeaderError(Exception):
    """The header has something in it that this program cannot read."""


@dataclass(frozen=True)
class Block:
    """
    A piece of a comment.

    Attributes:
        kind: "prose", "tag" or "code".
        text: a paragraph on one line, or lines of code as they stand.
        name: of a tag, "Out" for example.
    """

    kind: str
    text: str
    name: str = ""


@dataclass(frozen=True)
class Value:
    """A macro or an enumerator: name, value, and the comment behind it."""

    name: str
    value: int
    comment: str


@dataclass(frozen=True)
class Item:
    """
    Something that the header declares, with the comment above it.

    Attributes:
        kind: "enum", "struct", "macros", "type" or "functions".
        names: what is declared.
        code: the declarations as they stand, without the export macros.
        text: the comment above them, or behind them.
        values: of an enum or of macros.
    """

    kind: str
    names: list[str]
    code: str
    text: list[Block]
    values: list[Value] = field(default_factory=list)


@dataclass(frozen=True)
class Section:
    """A part of the header under one of its headings."""

    title: str
    items: list[Item]


@dataclass(frozen=True)
class Header:
    """
    The whole header.

    Attributes:
        summary: its first line.
        concepts: the parts of the comment at the top, by heading.
        version: "0.1.0".
        sections: the rest.
    """

    summary: str
    concepts: list[tuple[str, list[Block]]]
    version: str
    sections: list[Section]

    @property
    def functions(self) -> list[Item]:
        """The items that declare functions."""
        items = [item for section in self.sections for item in section.items]
        return [item for item in items if item.kind == "functions"]


def read_header(path: Path = HEADER) -> Header:
    """Read a header."""
    source = path.read_text(encoding="utf-8")
    top, _, rest = source.partition("*/")
    body = rest.partition('extern "C" {\n#endif\n')[2].rpartition("#ifdef __cplusplus")[
        0
    ]
    parts = _SECTION.split(body)
    numbers = re.findall(r"^#define KESS_VERSION_\w+ (\d+)$", parts[0], re.MULTILINE)
    sections = [
        Section(title, _items(text))
        for title, text in zip(parts[1::2], parts[2::2], strict=True)
    ]
    summary, concepts = _concepts(_lines(top))
    return Header(summary, concepts, ".".join(numbers), sections)


def _concepts(lines: list[str]) -> tuple[str, list[tuple[str, list[Block]]]]:
    summary, *others = [line for line in lines if "SPDX" not in line]
    found: list[tuple[str, list[str]]] = []
    for line in others:
        if line and not line.startswith(" "):
            found.append((line, []))
        elif found:
            found[-1][1].append(line)
    return summary, [(title, _text(rest)) for title, rest in found]


def _lines(comment: str) -> list[str]:
    """Return the lines of a comment without its decoration."""
    inner = comment.strip().removeprefix("/*").removesuffix("*/")
    lines = [re.sub(r"^ ?\*? ?", "", line).rstrip() for line in inner.splitlines()]
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _text(lines: list[str]) -> list[Block]:
    blocks: list[Block] = []
    ended = True
    for line in lines:
        tag = _TAG.match(line)
        deep = line.startswith("      ")
        last = blocks[-1] if blocks else None
        if not line:
            ended = True
        elif tag:
            blocks.append(Block("tag", tag[2], tag[1]))
        elif deep and last and last.kind == "tag":
            blocks[-1] = Block("tag", f"{last.text} {line.strip()}", last.name)
        elif deep:
            joined = f"{last.text}\n" if last and last.kind == "code" else ""
            blocks[len(blocks) - bool(joined) :] = [
                Block("code", joined + line.strip())
            ]
        elif last and last.kind == "prose" and not ended:
            blocks[-1] = Block("prose", f"{last.text} {line.strip()}")
        else:
            blocks.append(Block("prose", line.strip()))
        ended = not line
    return blocks


def _items(text: str) -> list[Item]:
    items: list[Item] = []
    above: list[Block] = []
    rest = text.strip()
    close = False
    while rest:
        if rest.startswith("/*"):
            comment, _, rest = rest.partition("*/")
            above = _text(_lines(comment))
        else:
            end = _end_of_declaration(rest)
            item = _declared(rest[:end].rstrip(), above)
            joins = close and not above and item.kind == "functions"
            if joins and items and items[-1].kind == "functions" and not item.text:
                items[-1] = _joined(items[-1], item)
            else:
                items.append(item)
            above = []
            rest = rest[end:]
        close = not re.match(r"\n\s*\n", rest)
        rest = rest.strip()
    return items


def _end_of_declaration(text: str) -> int:
    # Lines of macros; or up to a semicolon outside braces and comments, with a
    # comment right behind it.
    found = re.match(r"(?:#define.*\n?)+", text) or re.match(
        r"(?:/\*.*?\*/|\{(?:/\*.*?\*/|[^}])*\}|[^;{])*?;(?: *(/\*[^\n]*?\*/))?",
        text,
        re.DOTALL,
    )
    if found is None:
        raise HeaderError(f"not understood:\n{text[:200]}")
    return found.end()


def _declared(code: str, text: list[Block]) -> Item:
    if code.startswith("typedef enum"):
        return Item("enum", [_last_word(code)], code, text, _enumerators(code))
    if code.startswith("typedef struct"):
        name = _last_word(code)
        return Item("struct" if "{" in code else "type", [name], code, text)
    if code.startswith("#define"):
        values = [
            Value(name, int(value), (comment or "").strip())
            for name, value, comment in re.findall(
                r"^#define (\w+) (\d+)u(?: +/\* (.*?) \*/)?$", code, re.MULTILINE
            )
        ]
        if len(values) != code.count("#define"):
            raise HeaderError(f"not understood:\n{code}")
        return Item("macros", [value.name for value in values], code, text, values)
    found = _FUNCTION.match(code)
    if found is None:
        raise HeaderError(f"not understood:\n{code}")
    declaration, _, behind = code.partition("/*")
    if behind and not text:
        text = _text(_lines(f"/*{behind}"))
    plain = re.sub(r"KESS_(?:API|MUST_CHECK) ", "", declaration).strip()
    # The columns of the arguments were counted with the macros.
    plain = re.sub(r"\n +", "\n    ", plain)
    return Item("functions", [found[2]], plain, text)


def _joined(first: Item, second: Item) -> Item:
    """Put two functions that share one comment into one item."""
    names = first.names + second.names
    return Item("functions", names, f"{first.code}\n{second.code}", first.text)


def _enumerators(code: str) -> list[Value]:
    inner = code[code.index("{") + 1 : code.rindex("}")]
    found = re.findall(r"(KESS_\w+) = (\d+),?\s*(?:/\*((?:[^*]|\*(?!/))*)\*/)?", inner)
    values = [
        Value(name, int(value), " ".join(comment.split()))
        for name, value, comment in found
    ]
    if len(values) != inner.count(" = "):
        raise HeaderError(f"not understood:\n{code}")
    return values


def _last_word(code: str) -> str:
    found = re.search(r"(\w+);\s*$", code)
    if found is None:
        raise HeaderError(f"not understood:\n{code}")
    return found[1]


def prototypes(item: Item) -> dict[str, str]:
    """Return the declaration of each function on one line, by its name."""
    found = {}
    for part in item.code.split(";"):
        name = re.search(r"(\w+)\(", part)
        if name:
            found[name[1]] = " ".join(part.split()).replace("( ", "(")
    return found
