"""
Make the pages of this folder a site that needs no other host.

Pages link to files of the repository that lie outside ``docs``, so that the
links work where the repository is read. On the site there is no repository, and
each file that is linked becomes a part of it: a page where it is Markdown, a list
where it is a folder, else a text file. ``csrc/include/kess.h`` becomes the
reference of the C library, made by the reader that also makes its man pages.

A Mermaid diagram becomes SVG here. Hosts of repositories draw the text themselves. The
copy button of a session at a prompt takes what can be pasted: no prompt, no output. The
search works also where the site is opened from the disk, as after ``make docs``.
"""

from __future__ import annotations

import doctest
import posixpath
import re
import sys
from html import escape, unescape
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mkdocs.exceptions import PluginError
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, InclusionLevel

from kesspay._pages import DOCUMENTATION, REPOSITORY


ROOT: Final = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "csrc" / "tools"), str(Path(__file__).parent)]

import diagram  # noqa: E402 - beside this file, which is in no package
import header  # noqa: E402 - a program of csrc, which has its own path
import tables  # noqa: E402 - beside this file as well


if TYPE_CHECKING:
    from collections.abc import Callable

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page


#: Where files of the repository lie on the site.
_OUTSIDE: Final = "repository"
_KESS_H: Final = "csrc/include/kess.h"
_KESS_H_PAGE: Final = "reference/kess-h.md"

_FENCE: Final = re.compile(r"(^```.*?^```$|`[^`\n]+`)", re.MULTILINE | re.DOTALL)
_MERMAID: Final = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: A session at a prompt of Python, as it is highlighted.
_SESSION: Final = re.compile(
    r'(<div class="language-pycon highlight")>(.*?</code></pre>)', re.DOTALL
)
#: Code within a line, and a word of it that need not be broken.
_INLINE: Final = re.compile(r"(?<=<code>)[^<\n]+(?=</code>)")
_WORD: Final = re.compile(r"\S+")
_PART: Final = re.compile(r"[^_/]*[_/]+|[^_/]+")
#: What is found first: what a reader does, then names, then the rest of the repository.
_BOOSTS: Final = {"runbook.md": 4, "reference/": 0.5, f"{_OUTSIDE}/": 0.25}
#: The script with which the search works where no web server is.
_ON_DISK: Final = "search/search_on_disk.js"
#: What the theme says at a wrong address, and what stands there instead.
_NOT_FOUND: Final = "<h1>404 - Not found</h1>"
_WHERE_ELSE: Final = """\
<h1>This page does not exist</h1>
<p>The address may be old, or mistyped. Search for a word in the header, or begin on the
<a href="{start}">first page</a>.</p>
"""
_LONG_WORD: Final = 16
_LONGEST_WORD: Final = 32
_LINK: Final = re.compile(r"(\]\()([^)#\s]+)(#[^)\s]*)?(\))")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Link the site to the repository, and state its address, once they exist."""
    config.site_url = DOCUMENTATION or config.site_url
    config.extra["polyfills"] = [_ON_DISK]
    if REPOSITORY:
        config.repo_url = REPOSITORY
        config.repo_name = REPOSITORY.removeprefix("https://").rstrip("/")
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what the pages link to, and what is made from sources."""
    files.append(File.generated(config, _KESS_H_PAGE, content=c_reference()))
    script = Path(__file__).with_name(Path(_ON_DISK).name)
    files.append(File.generated(config, _ON_DISK, abs_src_path=str(script)))
    waiting = [
        (f"docs/{file.src_uri}", Path(str(file.abs_src_path)).read_text("utf-8"))
        for file in files.documentation_pages()
        if file.abs_src_path
    ]
    while waiting:
        path, text = waiting.pop()
        for target in _targets(path, text):
            uri = _site_uri(target)
            if target.startswith("docs/") or files.get_file_from_path(uri):
                continue
            content = _content(ROOT / target, f"{path} links to {target}")
            made = File.generated(
                config, uri, content=content, inclusion=InclusionLevel.NOT_IN_NAV
            )
            files.append(made)
            if target.endswith(".md"):
                waiting.append((target, content))
    return files


def on_page_markdown(
    markdown: str, page: Page, config: MkDocsConfig, files: Files
) -> str:
    """Draw diagrams, and let links lead to what stands for a file on the site."""
    uri = page.file.src_uri
    path = f"docs/{uri}"
    if uri.startswith(f"{_OUTSIDE}/"):
        path = uri.removeprefix(f"{_OUTSIDE}/")
    markdown = _MERMAID.sub(_drawing, markdown)

    def led(found: re.Match[str]) -> str:
        target = _resolved(path, found[2])
        if target is None:
            return found[0]
        link = posixpath.relpath(_site_uri(target), posixpath.dirname(uri))
        return f"{found[1]}{link}{found[3] or ''}{found[4]}"

    return _outside_code(markdown, led)


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Drop the marks before an example of a docstring; copy no prompts; keep words."""
    for beginning, boost in _BOOSTS.items():
        if page.file.src_uri.startswith(beginning):
            page.meta["search"] = {"boost": boost}
    html = html.replace("<p>::</p>\n", "").replace("::</p>", ":</p>")
    html = tables.prepared(html)
    if tables.needs_room(html):
        page.meta["hide"] = ["toc"]
    html = _INLINE.sub(_with_words, html)
    return _SESSION.sub(_with_copy, html)


def on_post_template(
    output_content: str, *, template_name: str, config: MkDocsConfig
) -> str:
    """Say on the page for a wrong address where to look instead."""
    if template_name != "404.html":
        return output_content
    start = re.search(
        r'<a href="([^"]*)"[^>]* class="md-header__button md-logo"', output_content
    )
    if start is None or _NOT_FOUND not in output_content:
        raise PluginError("the theme has another page for a wrong address")
    return output_content.replace(_NOT_FOUND, _WHERE_ELSE.format(start=start[1]))


@event_priority(-100)
def on_post_build(config: MkDocsConfig) -> None:
    """Write what the search reads on the disk, where a page cannot load JSON."""
    index = Path(config.site_dir, "search", "search_index.json")
    text = index.read_text("utf-8")
    index.with_suffix(".js").write_text(f"var __index = {text}", "utf-8")


def pasted(session: str) -> str:
    """
    Return the statements of a session at a prompt, ready to be pasted.

    A blank line ends a statement of several lines, as the prompt needs it.
    """
    found = []
    for example in doctest.DocTestParser().get_examples(session):
        found.append(example.source)
        if example.source.rstrip("\n").rpartition("\n")[2].startswith(" "):
            found.append("\n")
    return "".join(found).rstrip("\n")


def _with_copy(found: re.Match[str]) -> str:
    """Let the copy button of a session take its statements."""
    text = pasted(unescape(re.sub(r"<[^>]+>", "", found[2])))
    return f'{found[1]} data-copy="{escape(text)}">{found[2]}'


def _with_words(found: re.Match[str]) -> str:
    """Let a line end only between words of code, and after "_" and "/" of long ones."""

    def whole(word: re.Match[str]) -> str:
        parts = [word[0]]
        if len(unescape(word[0])) > _LONG_WORD:
            parts = _PART.findall(word[0])
        return "<wbr>".join(
            f'<span class="word">{part}</span>'
            if len(unescape(part)) <= _LONGEST_WORD
            else part
            for part in parts
        )

    return _WORD.sub(whole, found[0])


def _drawing(found: re.Match[str]) -> str:
    # Where a drawing is wider than the screen, the keyboard scrolls it as well.
    return f'<div class="drawing" tabindex="0">{diagram.svg(found[1])}</div>'


def c_reference() -> str:
    """Return kess.h as a page."""
    read = header.read_header()
    lines = ["# kess.h", "", f"libkess {read.version}: {read.summary}", ""]
    for title, text in read.concepts:
        lines += [f"## {title}", "", *_blocks(text)]
    for section in read.sections:
        lines += [f"## {section.title.capitalize()}", ""]
        for item in section.items:
            lines += [f"### {', '.join(f'`{name}`' for name in item.names)}", ""]
            lines += _blocks(item.text)
            if item.values:
                lines += ["| name | value | |", "|---|---|---|"]
                lines += [
                    f"| `{value.name}` | {value.value} | {_prose(value.comment)} |"
                    for value in item.values
                ]
            else:
                lines += ["```c", item.code, "```"]
            lines.append("")
    return "\n".join(lines)


def _blocks(blocks: list[header.Block]) -> list[str]:
    lines = []
    for block in blocks:
        if block.kind == "code":
            lines += ["```php", block.text, "```", ""]
        elif block.kind == "tag":
            lines += [f"**{block.name}:** {_prose(block.text)}", ""]
        else:
            lines += [_prose(block.text), ""]
    return lines


def _prose(text: str) -> str:
    return re.sub(r"([\\*_<>\[\]|`])", r"\\\1", text)


def _targets(path: str, text: str) -> list[str]:
    found: list[str] = []

    def note(match: re.Match[str]) -> str:
        target = _resolved(path, match[2])
        if target is not None:
            found.append(target)
        return match[0]

    _outside_code(text, note)
    return found


def _outside_code(text: str, replace: Callable[[re.Match[str]], str]) -> str:
    parts = _FENCE.split(text)
    return "".join(
        part if _FENCE.fullmatch(part) else _LINK.sub(replace, part) for part in parts
    )


def _resolved(path: str, link: str) -> str | None:
    """Return the file of the repository that a link means, or None."""
    if "://" in link or link.startswith("mailto:"):
        return None
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), link))


def _content(path: Path, what: str) -> str:
    """Return the text of a file, or a list of what a folder holds."""
    if path.is_file():
        return path.read_text("utf-8")
    if not path.is_dir():
        raise PluginError(f"{what}, which does not exist")
    names = sorted(entry.name for entry in path.iterdir())
    title = path.relative_to(ROOT).as_posix()
    return "\n".join([f"# {title}", "", *(f"- `{name}`" for name in names), ""])


def _site_uri(target: str) -> str:
    """Return where a file of the repository lies on the site."""
    if target.startswith("docs/"):
        return target.removeprefix("docs/")
    if target == _KESS_H:
        return _KESS_H_PAGE
    if (ROOT / target).is_dir():
        return f"{_OUTSIDE}/{target}/index.md"
    return f"{_OUTSIDE}/{target}" + ("" if target.endswith(".md") else ".txt")
