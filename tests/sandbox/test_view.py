"""What a reader looks at is in the address, and nothing else is."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from kesspay.sandbox.view import View


@pytest.mark.parametrize(
    ("view", "address"),
    [
        (View(), "/"),
        (View(live=True), "/live"),
        (View(failures=True, reference="a/b&c"), "/?failures=1&reference=a%2Fb%26c"),
        (View(live=True, before=41, show=40), "/live?before=41&show=40"),
        (View(form="token"), "/?form=token"),
    ],
)
def test_an_address_holds_the_view(view: View, address: str) -> None:
    """It is read as it was written."""
    assert view.address() == address
    assert view.address("messages") == f"{address}#messages"
    parts = urlsplit(address)
    assert View.read(parts.path, parts.query) == view


def test_what_was_done_is_in_no_other_address() -> None:
    """It is said on one page only."""
    view = View(live=True, failures=True, done="planned")
    assert view.address("faults") == "/live?failures=1&done=planned#faults"
    assert View(done="planned").address() == "/?done=planned"
    assert view.query() == "failures=1"


@pytest.mark.parametrize(
    "query",
    [
        "",
        "failures=2&before=x&show=-1&form=A%22&done=%3Cb%3E",
        "before=1234567890&show=&form=" + "a" * 21,
        "&".join(f"reference={number}" for number in range(21)),
        "before=%31%00",
        "failures",
    ],
)
def test_what_cannot_be_used_is_left_out(query: str) -> None:
    """An odd address shows the whole page."""
    assert View.read("/", query) == View()


def test_references_are_short_and_visible() -> None:
    """What could not be a reference, or not be seen, is cut off."""
    assert View.read("/", f"reference={'x' * 1000}").reference == "x" * 64
    odd = "reference=+%00or%E2%80%AEder%0A-1%ff%ED%A0%80+"
    shown = View.read("/", odd).reference
    assert shown.replace("\ufffd", "") == "order-1"


def test_a_refresh_waits_for_a_form() -> None:
    """What is typed would be lost."""
    assert View(live=True).refreshes
    assert not View(live=True, form="token").refreshes
    assert not View().refreshes


def test_forms_know_whether_the_page_refreshes() -> None:
    """Their own path does not show it."""
    assert View.read("/page/fault", "live=1&failures=1") == View(
        live=True, failures=True
    )
