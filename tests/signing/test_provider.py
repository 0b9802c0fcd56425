"""
An OpenSSL whose configuration leaves it without a provider: on both backends.

That is no fault of a key, and no message may say that it is one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from cryptography.exceptions import InternalError

import kesspay
from kesspay import BackendError, PrivateKey
from kesspay.signing import backend as backends
from kesspay.signing import python_backend
from tests.support.vectors import KEY_PASSWORD, KEYS


if TYPE_CHECKING:
    from kesspay.signing.backend import Backend

SOURCE: Final = str(Path(kesspay.__file__).parents[1])
#: What a FIPS set-up says that lacks the FIPS module.
NO_FIPS_MODULE: Final = """
openssl_conf = init
[init]
alg_section = algorithms
[algorithms]
default_properties = fips=yes
"""
PROGRAM: Final = """
import sys
from kesspay import BackendError, PrivateKey, PublicKey
folder, password = sys.argv[1:]
for load in (
    lambda: PrivateKey.from_file(folder + "/rsa-2048.pem"),
    lambda: PrivateKey.from_file(folder + "/rsa-2048.encrypted.pem", password),
    lambda: PublicKey.from_file(folder + "/rsa-2048.pub.pem"),
    lambda: PublicKey.from_file(folder + "/rsa-2048.cert.pem"),
):
    try:
        load()
    except BackendError as error:
        print(error)
"""


def test_no_provider(backend: Backend, tmp_path: Path) -> None:
    """Each load says that OpenSSL's configuration or provider is the reason."""
    file = tmp_path / "openssl.cnf"
    file.write_text(NO_FIPS_MODULE)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, str(KEYS), KEY_PASSWORD],
        env={
            **os.environ,
            "PYTHONPATH": SOURCE,
            "KESSPAY_BACKEND": backend.name,
            "OPENSSL_CONF": str(file),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 4
    for line in lines:
        assert "OpenSSL has no provider for it" in line
        assert "OPENSSL_CONF" in line
        assert "belong together" not in line


def test_no_signing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A libcrypto that verifies and does not sign is no fault of the key either."""

    def refuse(*_: object) -> bytes:
        raise InternalError("injected", [])

    monkeypatch.setattr(python_backend._Private, "raw_sign", refuse)
    with (
        backends.override("python"),
        pytest.raises(BackendError, match=r"libcrypto cannot sign .*no provider"),
    ):
        PrivateKey.from_pem((KEYS / "rsa-2048.pem").read_bytes())
