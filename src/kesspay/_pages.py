"""
Where documentation and repository are published, and how a message names a page.

Both addresses are empty until they exist. A message then names a page by its path in
the sources. Once ``DOCUMENTATION`` is set, every message shows the address of the page;
once ``REPOSITORY`` is set, the site links to the repository.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


__all__ = ["DOCUMENTATION", "PAGES", "REPOSITORY", "Page", "how_to_read", "located"]

#: The address of the published site, with a slash at its end; "" until there is one.
DOCUMENTATION: Final = ""
#: The address of the public repository; "" until there is one.
REPOSITORY: Final = ""

#: What is left out of a heading where it becomes the end of an address.
_LEFT_OUT: Final = re.compile(r"[^\w\s-]")


@dataclass(frozen=True, slots=True)
class Page:
    """
    A page of the documentation, or a part of it.

    Attributes:
        path: of the page, below the root of the sources.
        title: of the page.
        heading: of the part, or "" for the whole page.
    """

    path: str
    title: str
    heading: str = ""

    @property
    def link(self) -> str:
        """Path and anchor, ``docs/PAGE.md#HEADING``."""
        if not self.heading:
            return self.path
        anchor = _LEFT_OUT.sub("", self.heading).strip().lower().replace(" ", "-")
        return f"{self.path}#{anchor}"

    def __str__(self) -> str:
        """Return title and heading, and the address or the path."""
        heading = f', "{self.heading}"' if self.heading else ""
        return f"{self.title}{heading}: {located(self.link)}"


def located(link: str) -> str:
    """
    Return the address of a page, or its path where nothing is published.

    Args:
        link: ``docs/PAGE.md`` or ``docs/PAGE.md#HEADING``.
    """
    if not DOCUMENTATION:
        return link
    path, mark, anchor = link.removeprefix("docs/").partition("#")
    return f"{DOCUMENTATION}{path.removesuffix('.md')}.html{mark}{anchor}"


def how_to_read() -> str:
    """Say where the pages are, for paths that no address precedes; "" for addresses."""
    if DOCUMENTATION:
        return ""
    return "These pages are in a clone of the sources; make docs builds them as a site."


def _pages(path: str, title: str, **headings: str) -> dict[str, Page]:
    return {name: Page(path, title, heading) for name, heading in headings.items()}


#: The pages that messages name. A test looks for each page and each heading.
PAGES: Final[dict[str, Page]] = {
    **_pages(
        "docs/api-notes.md",
        "Notes on the API document",
        notes="",
        note_5="5. The answer to a log-in",
        note_6="6. A new token and the old one",
        note_7="7. Amounts in requests",
        note_8="8. Amounts in answers",
        note_17="17. Refusals with HTTP 400 and 500",
        note_18="18. Refusals with HTTP 401",
        note_22="22. A second create with one out_trade_no",
        note_23="23. A second confirm",
        note_25="25. White space at the edges",
        note_28="28. The PHP settings of the gateway",
    ),
    **_pages("docs/howto/keys.md", "Keys and their rotation", keys="", load="Load it"),
    **_pages("docs/howto/packaging.md", "Wheels and releases", install="Install"),
    **_pages(
        "docs/client.md",
        "The gateway client",
        connections="Connections",
        settings="Settings",
    ),
    **_pages(
        "docs/runbook.md",
        "Runbook",
        answers="Answers do not verify",
        clock="The clock is off",
        credentials="Credentials are refused",
        down="The gateway is down",
        journal="The journal cannot be written",
        journal_account="The journal belongs to another account",
        journal_damaged="The journal is damaged",
        log_ins="Too many log-ins",
        manual="manual",
        unknown="unknown",
    ),
    **_pages("docs/tutorial.md", "Your first transfer, in ten minutes", tutorial=""),
}
