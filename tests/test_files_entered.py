"""A reader of one call enters few files: they are counted."""

from __future__ import annotations

import asyncio
import ssl
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import pytest

import kesspay
from kesspay.http.sync import HttpTransport
from kesspay.sandbox import Sandbox
from kesspay.signing.backend import current
from tests.http.certificates import Authority
from tests.http.wire import OK, PATIENCE, WireServer, always, over_tls, request_to
from tests.support.entered import Entered


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


#: Of one create with a token at hand, over HTTP, to the result and back. In pure
#: Python the canonical form is five files of signing/reference more.
MOST: Final = 22 if current().name == "native" else 27
#: What a create enters that has to log in first.
LOG_IN: Final = {
    "_checks.py",  # of the token
    "gateway/log_in.py",
    "gateway/wording.py",
    "http/message.py",
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Give a sandbox on the loopback."""
    with Sandbox() as started:
        yield started


def transfer(reference: str) -> kesspay.CreateFundTransfer:
    """Return a transfer."""
    return kesspay.CreateFundTransfer(
        out_trade_no=reference,
        receiver_id="85512345678",
        sender_name="Chan Sophea",
        amount=Decimal("0.50"),
    )


def listed(files: list[str]) -> str:
    """Say how many files there are, and which."""
    return "\n".join([f"{len(files)} files, at most {MOST}:", *files])


def test_a_create(sandbox: Sandbox) -> None:
    """One create enters few files; a log-in adds those that read its answer."""
    first, second = transfer("first"), transfer("second")
    with kesspay.Client(**sandbox.settings) as client:
        with Entered() as cold:
            client.create_fund_transfer(first)
        with Entered() as warm:
            client.create_fund_transfer(second)
    assert {"gateway/client.py", "signing/keys.py"} < set(warm.request)
    assert {"gateway/answers.py", "signing/keys.py"} < set(warm.answer)
    assert len(warm.files) <= MOST, listed(warm.files)
    assert set(cold.files) - set(warm.files) == LOG_IN


def test_a_create_in_a_task(sandbox: Sandbox) -> None:
    """The twin for asyncio enters as many files as the one for threads."""

    async def create() -> list[str]:
        async with kesspay.AsyncClient(**sandbox.settings) as client:
            await client.create_fund_transfer(transfer("third"))
            with Entered() as entered:
                await client.create_fund_transfer(transfer("fourth"))
        return entered.files

    files = asyncio.run(create())
    assert "gateway/async_client.py" in files
    assert len(files) <= MOST, listed(files)


def test_tls_enters_no_other_file(tmp_path: Path) -> None:
    """A request over https enters the files of one over http."""
    authority = Authority(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.sign("localhost"))
    entered = []
    for behave, scheme in (
        (always(OK), "http"),
        (over_tls(context, always(OK)), "https"),
    ):
        transport = HttpTransport(ca_file=authority.file)
        with WireServer(behave) as server:
            request = request_to(f"{scheme}://localhost:{server.port}/")
            with Entered() as noted:
                assert transport.send(request, timeout=PATIENCE).body == b"ok"
            transport.close()
        entered.append(set(noted.files))
    plain, secured = entered
    assert secured == plain
