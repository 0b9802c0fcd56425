"""
Try an installed kesspay against the stored answers of PHP, without pytest.

Run: PYTHON tests/packaging/smoke.py native|python [pinned]

Needs nothing but kesspay and this folder, so that it runs wherever a wheel is
built. The backend must be the named one; with "pinned" its OpenSSL must be the
one of bindings/openssl/openssl.toml.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Final


ROOT: Final = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import kesspay  # noqa: E402 - after the path
from tests.support.vectors import (  # noqa: E402 - the same
    KEY_PASSWORD,
    KEYS,
    iter_canonical,
    iter_signatures,
)


def canonical() -> int:
    """Compare canonical forms, and refusals."""
    count = 0
    for case in iter_canonical():
        try:
            found = kesspay.canonicalize(case.document)
        except kesspay.CanonicalizationError:
            found = None
        if found != case.answer.canonical:
            sys.exit(f"{case.document!r} gives {found!r}, PHP {case.answer!r}")
        count += 1
    return count


def signatures() -> int:
    """Verify signatures of PHP and openssl, and make the good ones again."""
    count = 0
    for case in iter_signatures():
        key = kesspay.PublicKey.from_pem((KEYS / f"{case.key}.pub.pem").read_bytes())
        try:
            key.verify_document(case.body)
        except kesspay.InvalidSignature:
            is_right = False
        else:
            is_right = True
        if is_right != case.valid:
            sys.exit(f"{case.body!r}: verified is {is_right}, and not {case.valid}")
        if is_right:
            private = kesspay.PrivateKey.from_pem(
                (KEYS / f"{case.key}.pem").read_bytes()
            )
            if private.sign_document(case.document) != case.sign:
                sys.exit(f"{case.document!r} has another signature with {case.key}")
        count += 1
    return count


def encrypted_keys() -> int:
    """Load every encrypted key: ciphers and derivations must be there."""
    count = 0
    for file in sorted(KEYS.glob("*.pem")):
        pem = file.read_bytes()
        if b"ENCRYPTED PRIVATE KEY" in pem:
            kesspay.PrivateKey.from_pem(pem, KEY_PASSWORD)
            count += 1
    return count


def main() -> None:
    """Run everything; the first difference ends it."""
    wanted, *rest = sys.argv[1:]
    used = kesspay.backend()
    sys.stdout.write(f"{kesspay.__file__}\n{used}\n")
    if used.name != wanted:
        sys.exit(f"the backend is {used.name}, and not {wanted}")
    if rest == ["pinned"]:
        pin = tomllib.loads((ROOT / "bindings/openssl/openssl.toml").read_text())
        if f"OpenSSL {pin['version']} " not in used.openssl:
            sys.exit(f"{used.openssl} is not the pinned {pin['version']}")
    counts = [canonical(), signatures(), encrypted_keys()]
    if not all(counts):
        sys.exit(f"something was not tried: {counts}")
    documents, signed, keys = counts
    sys.stdout.write(f"{documents} documents, {signed} signatures, {keys} keys\n")


if __name__ == "__main__":
    main()
