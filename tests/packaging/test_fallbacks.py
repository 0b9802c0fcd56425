"""What ``pip install .`` gives where the native core can or cannot be built."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.packaging.wheels import (
    build_wheel,
    compilers,
    copy_tree,
    hiding,
    install,
    openssl_headers,
    run,
)


if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.build

PURE = re.compile(r"kesspay-[\w.]+-py3-none-any\.whl")
NATIVE = re.compile(r"kesspay-[\w.]+-cp311-abi3-[\w.]+\.whl")

#: Signs and verifies with the installed package, and says what it runs on.
PROBE = """
import kesspay
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import rsa

secret = rsa.generate_private_key(65537, 2048)
pem = secret.private_bytes(
    s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()
)
key = kesspay.PrivateKey.from_pem(pem)
body = key.signed_body({"amount": 0.5, "id": "T-1"})
assert key.public_key.verify_document(body) == b'{"amount":0.5,"id":"T-1"}'
try:
    key.public_key.verify_document(body.replace(b"0.5", b"9.5"))
except kesspay.InvalidSignature:
    print(kesspay.backend().name, kesspay.__file__)
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the sources, in a folder of their own."""
    return copy_tree(tmp_path_factory.mktemp("tree"))


def probe(wheel: Path, place: Path) -> str:
    """Install a wheel, use it, and return the name of its backend."""
    python = install(wheel, place)
    done = run(python, "-c", PROBE)
    assert done.code == 0, done.output
    name, file = done.output.split()
    assert file.startswith(str(place))
    return name


def test_native(native_wheel: Path, tmp_path: Path) -> None:
    """With compiler and headers: one abi3 wheel that runs on the C core."""
    assert NATIVE.fullmatch(native_wheel.name)
    assert probe(native_wheel, tmp_path / "env") == "native"


def check_fallback(tree: Path, place: Path, prefix: tuple[str, ...] = ()) -> None:
    """Check that a pure wheel comes out, that it says so, and that it works."""
    done, wheels = build_wheel(tree, place, prefix=prefix)
    assert done.code == 0, done.output
    assert "the native core could not be built" in done.output
    assert "libssl-dev" in done.output
    assert len(wheels) == 1
    assert PURE.fullmatch(wheels[0])
    assert probe(place / wheels[0], place / "env") == "python"


@pytest.mark.usefixtures("needs_hiding")
def test_no_compiler(tree: Path, tmp_path: Path) -> None:
    """Without a C compiler: a pure-Python wheel that works."""
    hidden = compilers()
    assert hidden
    check_fallback(tree, tmp_path, hiding(*hidden))


@pytest.mark.usefixtures("needs_hiding")
def test_no_openssl_headers(tree: Path, tmp_path: Path) -> None:
    """Without the OpenSSL headers: a pure-Python wheel that works."""
    hidden = openssl_headers()
    assert hidden
    check_fallback(tree, tmp_path, hiding(*hidden))


@pytest.fixture
def broken_tree(tmp_path: Path) -> Path:
    """Give sources of which one does not compile."""
    folder = copy_tree(tmp_path / "broken")
    with (folder / "csrc/src/base64.c").open("a", encoding="utf-8") as file:
        file.write("\n#error broken on purpose\n")
    return folder


def test_a_build_that_breaks(broken_tree: Path, tmp_path: Path) -> None:
    """A compile error half-way: a pure-Python wheel that works."""
    check_fallback(broken_tree, tmp_path)


def test_pure_on_request(tree: Path, tmp_path: Path) -> None:
    """KESSPAY_PURE=1 builds nothing, even where everything is there."""
    done, wheels = build_wheel(tree, tmp_path, env={"KESSPAY_PURE": "1"})
    assert done.code == 0, done.output
    assert "CMake" not in done.output
    assert len(wheels) == 1
    assert PURE.fullmatch(wheels[0])
    assert probe(tmp_path / wheels[0], tmp_path / "env") == "python"


@pytest.mark.usefixtures("needs_hiding")
@pytest.mark.parametrize("missing", ["compiler", "headers"])
def test_required_and_missing(tree: Path, tmp_path: Path, missing: str) -> None:
    """KESSPAY_REQUIRE_NATIVE=1 makes the fallback an error that helps."""
    hidden = compilers() if missing == "compiler" else openssl_headers()
    done, wheels = build_wheel(
        tree, tmp_path, env={"KESSPAY_REQUIRE_NATIVE": "1"}, prefix=hiding(*hidden)
    )
    assert done.code != 0
    assert "libssl-dev" in done.output
    assert not wheels


def test_required_and_broken(broken_tree: Path, tmp_path: Path) -> None:
    """KESSPAY_REQUIRE_NATIVE=1 lets a compile error through."""
    done, wheels = build_wheel(
        broken_tree, tmp_path, env={"KESSPAY_REQUIRE_NATIVE": "1"}
    )
    assert done.code != 0
    assert "broken on purpose" in done.output
    assert not wheels


def test_required_and_pure(tree: Path, tmp_path: Path) -> None:
    """KESSPAY_REQUIRE_NATIVE=1 and KESSPAY_PURE=1 contradict each other."""
    done, wheels = build_wheel(
        tree, tmp_path, env={"KESSPAY_REQUIRE_NATIVE": "1", "KESSPAY_PURE": "1"}
    )
    assert done.code != 0
    assert "contradicts" in done.output
    assert not wheels
