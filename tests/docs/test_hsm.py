"""The signer of the page about HSMs, with a real token: SoftHSM."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import kesspay
from kesspay.sandbox import Sandbox
from kesspay.sandbox.keymaker import generate_pem
from tests.conftest import missing
from tests.support.pages import blocks


if TYPE_CHECKING:
    from collections.abc import Iterator


SWITCH = "KESSPAY_REQUIRE_SOFTHSM"
PIN = "1234"
MODULES = [
    *Path("/usr/lib").glob("softhsm/libsofthsm2.so"),
    *Path("/usr/lib").glob("*/softhsm/libsofthsm2.so"),
    *Path("/usr/lib64").glob("*/libsofthsm2.so"),
]


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, bytes]]:
    """Make a token with a key in it; give the module and the key's PEM."""
    if not MODULES or shutil.which("softhsm2-util") is None:
        missing("SoftHSM is not installed", SWITCH)
    if importlib.util.find_spec("pkcs11") is None:
        missing("python-pkcs11 is not installed", SWITCH)
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    settings = folder / "softhsm2.conf"
    settings.write_text(f"directories.tokendir = {folder / 'tokens'}\n")
    pem = generate_pem()
    (folder / "import.pem").write_bytes(pem)
    # The library reads the variable when it is loaded, in this process.
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(settings)
    for arguments in (
        ["--init-token", "--free", "--label", "kess", "--so-pin", "5678"],
        [
            *("--import", folder / "import.pem", "--id", "01"),
            *("--token", "kess", "--label", "partner"),
        ],
    ):
        subprocess.run(
            ["softhsm2-util", *arguments, "--pin", PIN], check=True, capture_output=True
        )
    yield str(MODULES[0]), pem
    if before is None:
        del os.environ["SOFTHSM2_CONF"]
    else:
        os.environ["SOFTHSM2_CONF"] = before


@pytest.fixture
def signer(token: tuple[str, bytes]) -> Iterator[Any]:
    """Make the signer of the page."""
    code = blocks("howto/hsm.md", "python")[0].code
    names: dict[str, Any] = {"__name__": "page"}
    exec(code, names)  # noqa: S102 - our own page
    made = names["Pkcs11Signer"](token[0], "kess", "partner", PIN)
    yield made
    made.close()


def test_it_signs_like_the_key(
    signer: kesspay.Signer, token: tuple[str, bytes]
) -> None:
    """Its bodies are those of a PrivateKey, byte for byte."""
    params = {"out_trade_no": "T-1", "url": "a/b"}
    key = kesspay.PrivateKey.from_pem(token[1])
    assert kesspay.signed_body(signer, params) == key.signed_body(params)
    assert PIN not in repr(signer)


def test_threads_share_it(signer: kesspay.Signer, token: tuple[str, bytes]) -> None:
    """Many threads can sign with one session."""
    key = kesspay.PrivateKey.from_pem(token[1])
    messages = [str(number).encode() for number in range(64)]
    with ThreadPoolExecutor(8) as pool:
        signatures = list(pool.map(signer.sign, messages))
    for message, signature in zip(messages, signatures, strict=True):
        key.public_key.verify(signature, message)


def test_it_pays(signer: kesspay.Signer, token: tuple[str, bytes]) -> None:
    """The lines of the page that are not run elsewhere: a client pays with it."""
    with Sandbox(private_key=kesspay.PrivateKey.from_pem(token[1])) as sandbox:
        settings: Any = {**sandbox.settings, "private_key": signer}
        client = kesspay.Client(**settings)
        created = client.create_fund_transfer(
            kesspay.CreateFundTransfer(
                out_trade_no="order-1",
                receiver_id="85512345678",
                sender_name="Chan Sophea",
                amount=Decimal("0.50"),
            )
        )
        paid = client.confirm_fund_transfer(created, partner_transaction_id="d-1")
        client.close()
    assert paid.result_code == "SUCCESS"
