"""
Prepare the tables of a page for narrow screens.

A column that holds sentences is marked, and keeps a width in which they can be read. A
table that a telephone cannot show without scrolling is marked as well: there the style
puts each row into a card, with the name of the column before each value. One that is
too wide for a desktop has less space between its columns, and takes that of the table
of contents.
"""

from __future__ import annotations

import re
from html import escape, unescape
from typing import Final


#: A table of a page, its rows, and the cells of a row.
_TABLE: Final = re.compile(r"<table>.*?</table>", re.DOTALL)
_ROW: Final = re.compile(r"<tr>.*?</tr>", re.DOTALL)
_CELL: Final = re.compile(r"<(t[dh])((?: [^>]*)?>)(.*?)(?=</t[dh]>)", re.DOTALL)
_CODE: Final = re.compile(r"<code>([^<]*)</code>")
_TAG: Final = re.compile(r"<[^>]+>")
_SPACE: Final = re.compile(r"\s+|(?<=-)(?=\w)")

#: Characters of a cell that are several words, and not only a name or a number.
_WORDS: Final = 24
#: A word of code that is longer breaks after "_" and "/", and a part as long as this
#: anywhere.
_LONG_WORD: Final = 16
_LONGEST_WORD: Final = 32
_PART: Final = re.compile(r"[^_/]*[_/]+|[^_/]+")

#: In pixels: what a telephone shows of a table, and a desktop; how wide a letter, a
#: capital one and one of code can be; the space around a cell and around code; and how
#: narrow a column is at least, and one of sentences, or the last one.
_TELEPHONE: Final = 358
_DESKTOP: Final = 688
_LETTER: Final = 7.6
_CAPITAL: Final = 9.2
_CODE_LETTER: Final = 6.6
_AROUND: Final = 21
_AROUND_CODE: Final = 7
_NARROWEST: Final = 70
_SENTENCES: Final = 140


#: What marks a table that is wider than a telephone, and one wider than a desktop.
_WIDE: Final = "<table data-wide>"
_WIDER: Final = '<table data-wide="desktop">'


def prepared(html: str) -> str:
    """Return a page whose tables are marked."""
    return _TABLE.sub(_table, html)


def needs_room(html: str) -> bool:
    """Say whether a page has a table that takes the place of the contents."""
    return _WIDER in html


def _table(found: re.Match[str]) -> str:
    """Mark the cells of sentences, and the table where it is wide."""
    rows = [
        [(kind, text) for kind, _, text in _CELL.findall(row)]
        for row in _ROW.findall(found[0])
    ]
    heads = [_plain(text) for kind, text in rows[0] if kind == "th"]
    columns = list(zip(*rows, strict=True))
    sentences = [
        any(kind == "td" and _is_sentence(text) for kind, text in column)
        for column in columns
    ]
    least = [_width(column) for column in columns]
    least[-1] = max(least[-1], _SENTENCES)
    for number, is_sentences in enumerate(sentences):
        if is_sentences:
            least[number] = max(least[number], _SENTENCES)
    is_wide = sum(least) > _TELEPHONE

    def row(one: re.Match[str]) -> str:
        number = iter(range(len(columns)))

        def cell(found: re.Match[str]) -> str:
            kind, rest, text = found[1], found[2], _CODE.sub(_with_bars, found[3])
            column = next(number)
            if kind == "th":
                return found[0]
            marks = ' class="words"' if sentences[column] else ""
            if is_wide and heads[column]:
                marks += f' data-label="{escape(heads[column])}"'
            return f"<td{marks}{rest}{text.replace('&lt;= ', '&lt;=&nbsp;')}"

        return _CELL.sub(cell, one[0])

    html = _ROW.sub(row, found[0])
    if not is_wide:
        return html
    mark = _WIDER if sum(least) > _DESKTOP else _WIDE
    return html.replace("<table>", mark, 1)


def _with_bars(found: re.Match[str]) -> str:
    r"""Show "|" in code where Markdown needs "\|", since a bar ends a cell."""
    return found[0].replace(r"\|", "|")


def _plain(html: str) -> str:
    return unescape(_TAG.sub("", html)).strip()


def _is_sentence(html: str) -> bool:
    """Say whether a cell holds words; names of code break anywhere."""
    text = _plain(html)
    return " " in text and len(text) > _WORDS


def _width(column: tuple[tuple[str, str], ...]) -> float:
    """Return how narrow a column can be."""
    return max(_NARROWEST, *(_AROUND + _longest(text) for _, text in column))


def _longest(html: str) -> float:
    """Return the width of the longest part of a cell that is not broken."""
    code = [part for text in _CODE.findall(html) for part in _parts(unescape(text))]
    widths = [len(part) * _CODE_LETTER + _AROUND_CODE for part in code]
    widths += [
        sum(_CAPITAL if letter.isupper() else _LETTER for letter in word)
        for word in _SPACE.split(_plain(_CODE.sub(" ", html)))
    ]
    return max(widths)


def _parts(code: str) -> list[str]:
    return [
        part
        for word in code.split()
        for part in (_PART.findall(word) if len(word) > _LONG_WORD else [word])
        if len(part) <= _LONGEST_WORD
    ]
