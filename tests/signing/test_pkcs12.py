"""PKCS#12 files: what is loaded of them and what is said, the same on both backends."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import shutil
import subprocess
from functools import cache
from typing import TYPE_CHECKING, Final

import pytest
from cryptography import x509
from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from kesspay import BackendError, KeyLoadError, PrivateKey, PublicKey
from kesspay.signing import backend as backends
from kesspay.signing.der import children, only_sequence
from tests.support import keymaker as make
from tests.support.vectors import KEYS


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kesspay.signing.backend import Backend

PASSWORD: Final = "field-Password-1"
OPENSSL: Final = shutil.which("openssl") or ""
Signer = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
NOTHING: Final = serialization.NoEncryption()


@cache
def key() -> rsa.RSAPrivateKey:
    """Return a fresh key."""
    return rsa.generate_private_key(65537, 2048)


@cache
def other() -> rsa.RSAPrivateKey:
    """Return another one."""
    return rsa.generate_private_key(65537, 2048)


@cache
def curve() -> ec.EllipticCurvePrivateKey:
    """Return a key that is no RSA key."""
    return ec.generate_private_key(ec.SECP256R1())


def certificate(signer: Signer) -> x509.Certificate:
    """Return a certificate of a key."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "field")])
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(signer.public_key())
        .serial_number(7)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=9))
        .sign(signer, hashes.SHA256())
    )


def p12(
    private: Signer | None,
    own: x509.Certificate | None,
    more: list[x509.Certificate] | None = None,
    password: str = PASSWORD,
) -> bytes:
    """Return a PKCS#12 file."""
    encryption: serialization.KeySerializationEncryption = NOTHING
    if password:
        encryption = serialization.BestAvailableEncryption(password.encode())
    return pkcs12.serialize_key_and_certificates(
        b"kess", private, own, more, encryption
    )


@cache
def fingerprint() -> str:
    """Return the fingerprint of the key."""
    pem = (
        key()
        .public_key()
        .public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return PublicKey.from_pem(pem).fingerprint


def refusal(load: Callable[[], object]) -> KeyLoadError:
    """Return the error of a load."""
    with pytest.raises(KeyLoadError) as caught:
        load()
    return caught.value


def check(data: bytes, password: str | None, file: Path) -> None:
    """Assert that both halves are those of the key, from memory and from a file."""
    file.write_bytes(data)
    file.chmod(0o600)
    assert PrivateKey.from_pem(data, password).fingerprint == fingerprint()
    assert PublicKey.from_pem(data, password).fingerprint == fingerprint()
    assert PrivateKey.from_file(file, password).fingerprint == fingerprint()
    assert PublicKey.from_file(file, password).fingerprint == fingerprint()


@pytest.mark.thorough
@pytest.mark.usefixtures("backend")
def test_both_halves(tmp_path: Path) -> None:
    """The key is the private one, its certificate the public one."""
    file = tmp_path / "key.p12"
    check(p12(key(), certificate(key())), PASSWORD, file)
    chain = [certificate(other()), certificate(curve())]
    check(p12(key(), certificate(key()), chain), PASSWORD, file)
    check(p12(key(), None, [*chain, certificate(key())]), PASSWORD, file)
    check(make.pem("PKCS12", p12(key(), certificate(key()))), PASSWORD, file)


@pytest.mark.few(2)
@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("password", [None, ""])
def test_without_password(password: str | None, tmp_path: Path) -> None:
    """A file without a password, or with an empty one, needs none."""
    check(p12(key(), certificate(key()), password=""), password, tmp_path / "key.p12")


WRITERS: Final[dict[str, tuple[str, ...]]] = {
    "modern": (),
    "legacy": ("-legacy",),
    "3DES": ("-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES"),
    "sha1": ("-macalg", "sha1"),
    "no encryption": ("-keypbe", "NONE", "-certpbe", "NONE"),
    "no MAC": ("-nomac",),
}


def reads_rc2(backend: Backend) -> bool:
    """
    Return whether a backend can read RC2.

    OpenSSL 3 has it in a provider that is a file of its own; one that was built into
    a wheel, or that comes from elsewhere than the openssl command, may lack the file.
    """
    if backend.name != "native":
        return True
    version = subprocess.check_output([OPENSSL, "version"], text=True)
    return version.split()[1] == backend.openssl.split()[1]


@pytest.mark.few(4)
@pytest.mark.skipif(not OPENSSL, reason="needs the openssl command")
@pytest.mark.parametrize("how", WRITERS)
def test_files_of_openssl(how: str, backend: Backend, tmp_path: Path) -> None:
    """What openssl writes is read, also its old ciphers where OpenSSL has them."""
    pem = key().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, NOTHING
    )
    both = tmp_path / "both.pem"
    both.write_bytes(pem + certificate(key()).public_bytes(serialization.Encoding.PEM))
    argv = [OPENSSL, "pkcs12", "-export", "-in", str(both), *WRITERS[how]]
    secret = f"pass:{PASSWORD}"
    data = subprocess.run(
        [*argv, "-passout", secret], capture_output=True, check=True
    ).stdout
    if how == "legacy" and not reads_rc2(backend):
        error = refusal(lambda: PrivateKey.from_pem(data, PASSWORD))
        assert (error.reason, error.found) == ("format", "a PKCS#12 file")
        assert "openssl pkcs12 -legacy" in error.next_step
        return
    check(data, PASSWORD, tmp_path / "key.p12")
    for load in (PrivateKey.from_pem, PublicKey.from_pem):
        for wrong in (None, "", "wrong"):
            assert refusal(lambda: load(data, wrong)).reason == "password"  # noqa: B023 - called at once


@pytest.mark.usefixtures("backend")
def test_passwords() -> None:
    """No password, a wrong one and a damaged file have words of their own."""
    data = p12(key(), certificate(key()))
    broken = bytearray(data)
    broken[-40] ^= 1
    for load in (PrivateKey.from_pem, PublicKey.from_pem):
        for password in (None, ""):
            error = refusal(lambda: load(data, password))  # noqa: B023 - called at once
            assert (error.reason, error.found) == ("password", "a PKCS#12 file")
            assert "no password was given" in str(error)
        for wrong in ("wrong", PASSWORD + "\0", "x" * 1024, b"\xff"):
            error = refusal(lambda: load(data, wrong))  # noqa: B023 - called at once
            assert (error.reason, error.found) == ("password", "a PKCS#12 file")
            assert "does not fit, or the file is damaged" in str(error)
        error = refusal(lambda: load(bytes(broken), PASSWORD))  # noqa: B023 - called at once
        assert "does not fit, or the file is damaged" in str(error)
        assert PASSWORD not in str(error)


@pytest.mark.usefixtures("backend")
def test_what_is_missing() -> None:
    """A file without the half that is needed says so."""
    own = certificate(key())
    no_key = refusal(lambda: PrivateKey.from_pem(p12(None, own), PASSWORD))
    assert (no_key.reason, no_key.found) == ("kind", "a PKCS#12 file")
    assert "no private key" in no_key.next_step
    assert PublicKey.from_pem(p12(None, own), PASSWORD).fingerprint == fingerprint()
    alone = p12(key(), None)
    assert PrivateKey.from_pem(alone, PASSWORD).fingerprint == fingerprint()
    no_certificate = refusal(lambda: PublicKey.from_pem(alone, PASSWORD))
    assert no_certificate.reason == "kind"
    assert "no certificate" in no_certificate.next_step


@pytest.mark.usefixtures("backend")
def test_several_certificates() -> None:
    """Of several certificates none is guessed: it is that of the key, or none."""
    strangers = [certificate(other()), certificate(curve())]
    for data in (p12(key(), None, strangers), p12(None, None, strangers)):
        error = refusal(lambda: PublicKey.from_pem(data, PASSWORD))  # noqa: B023 - called at once
        assert (error.reason, error.found) == ("ambiguous", "a PKCS#12 file")


@pytest.mark.usefixtures("backend")
def test_other_algorithm() -> None:
    """A key that is no RSA key is named, in both halves."""
    data = p12(curve(), certificate(curve()), [certificate(other())])
    for load in (PrivateKey.from_pem, PublicKey.from_pem):
        error = refusal(lambda: load(data, PASSWORD))  # noqa: B023 - called at once
        assert (error.reason, error.found) == ("algorithm", "an EC key")


@pytest.mark.usefixtures("backend")
def test_company() -> None:
    """In PEM, a PKCS#12 file beside a private key is one key too many."""
    armoured = make.pem("PKCS12", p12(key(), certificate(key())))
    plain = (KEYS / "rsa-2048.pem").read_bytes()
    error = refusal(lambda: PrivateKey.from_pem(armoured + plain, PASSWORD))
    assert error.reason == "ambiguous"
    error = refusal(lambda: PublicKey.from_pem(armoured + plain, PASSWORD))
    assert error.reason == "secret"


KIND_DATA: Final = make.oid("1.2.840.113549.1.7.1")
KEY_BAG: Final = "1.2.840.113549.1.12.10.1.1"
SHROUDED_KEY_BAG: Final = "1.2.840.113549.1.12.10.1.2"
CERTIFICATE_BAG: Final = "1.2.840.113549.1.12.10.1.3"
PART: Final = make.octets(bytes(16))


def file_of(*safes: bytes) -> bytes:
    """Return a PKCS#12 file without MAC around any safes."""
    return make.sequence(make.integer(3), data_of(make.sequence(*safes)))


def data_of(content: bytes) -> bytes:
    """Return a ContentInfo of data that are not encrypted."""
    return make.sequence(KIND_DATA, make.element(0xA0, make.octets(content)))


def bag_of(kind: str, content: bytes) -> bytes:
    """Return the contents of a safe: one bag."""
    return make.sequence(make.sequence(make.oid(kind), make.element(0xA0, content)))


def encrypted(plain: bytes) -> tuple[bytes, bytes]:
    """Return how the bytes are encrypted (PBES2 with the password), and the result."""
    salt, vector = b"salt", bytes(16)
    derived = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), salt, 2, 32)
    encryptor = Cipher(algorithms.AES(derived), modes.CBC(vector)).encryptor()
    padding = 16 - len(plain) % 16
    content = encryptor.update(plain + bytes([padding]) * padding)
    prf = make.identifier("1.2.840.113549.2.9", make.NULL)
    scheme = make.identifier(
        "1.2.840.113549.1.5.13",
        make.sequence(
            make.identifier(
                "1.2.840.113549.1.5.12",
                make.sequence(make.octets(salt), make.integer(2), prf),
            ),
            make.identifier("2.16.840.1.101.3.4.1.42", make.octets(vector)),
        ),
    )
    return scheme, content + encryptor.finalize()


def in_plain_bag(private: bytes) -> bytes:
    """Return a file with a key that is not encrypted."""
    return file_of(data_of(bag_of(KEY_BAG, private)))


def in_shrouded_bag(private: bytes) -> bytes:
    """Return a file with a key that is encrypted."""
    scheme, content = encrypted(private)
    shrouded = make.sequence(scheme, make.octets(content))
    return file_of(data_of(bag_of(SHROUDED_KEY_BAG, shrouded)))


def encrypted_safe(bags: bytes) -> bytes:
    """Return a safe that is encrypted."""
    scheme, content = encrypted(bags)
    inside = make.sequence(KIND_DATA, scheme, make.element(0x80, content))
    return make.sequence(
        make.oid("1.2.840.113549.1.7.6"),
        make.element(0xA0, make.sequence(make.integer(0), inside)),
    )


def in_encrypted_safe(private: bytes) -> bytes:
    """Return a file with a plain key in a safe that is encrypted."""
    return file_of(encrypted_safe(bag_of(KEY_BAG, private)))


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("wrap", [in_plain_bag, in_shrouded_bag, in_encrypted_safe])
def test_places_of_a_key(wrap: Callable[[bytes], bytes]) -> None:
    """The key is found in each place that a file has for one."""
    good = make.pkcs8(make.pkcs1_private(*make.numbers(key()).values()))
    assert PrivateKey.from_pem(wrap(good), PASSWORD).fingerprint == fingerprint()


@pytest.mark.usefixtures("backend")
def test_other_parts() -> None:
    """A safe for the owner of a certificate is passed over; no safe is refused."""
    good = make.pkcs8(make.pkcs1_private(*make.numbers(key()).values()))
    enveloped = make.sequence(make.oid("1.2.840.113549.1.7.3"))
    data = file_of(enveloped, data_of(bag_of(KEY_BAG, good)))
    assert PrivateKey.from_pem(data, PASSWORD).fingerprint == fingerprint()
    data = file_of(data_of(bag_of(KEY_BAG, good)), data_of(make.octets(b"")))
    error = refusal(lambda: PrivateKey.from_pem(data, PASSWORD))
    assert (error.reason, error.found) == ("password", "a PKCS#12 file")


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("wrap", [in_plain_bag, in_shrouded_bag, in_encrypted_safe])
def test_key_as_it_is_written(wrap: Callable[[bytes], bytes]) -> None:
    """A key for RSA-PSS alone signs nothing here, and a malformed one is no key."""
    numbers = make.pkcs1_private(*make.numbers(key()).values())
    for private, reason, found in (
        (
            make.pkcs8(numbers, make.identifier("1.2.840.113549.1.1.10")),
            "algorithm",
            "an RSA-PSS key",
        ),
        (make.pkcs8(numbers + b"\0"), "format", ""),
    ):
        error = refusal(lambda: PrivateKey.from_pem(wrap(private), PASSWORD))  # noqa: B023 - called at once
        assert (error.reason, error.found) == (reason, found)


@pytest.mark.skipif(not OPENSSL, reason="needs the openssl command")
@pytest.mark.usefixtures("backend")
def test_rsa_pss_of_openssl() -> None:
    """The file that openssl writes of an RSA-PSS key says what the key is for."""
    argv = [OPENSSL, "pkcs12", "-export", "-nocerts", "-passout", f"pass:{PASSWORD}"]
    source = ["-inkey", str(KEYS / "rsa-pss-2048.pem")]
    done = subprocess.run([*argv, *source], capture_output=True, check=True)
    error = refusal(lambda: PrivateKey.from_pem(done.stdout, PASSWORD))
    assert (error.reason, error.found) == ("algorithm", "an RSA-PSS key")


@pytest.mark.usefixtures("backend")
def test_key_policy() -> None:
    """The key inside is judged as every other one."""
    good = make.numbers(key())
    pem = (KEYS / "rsa-1024.pem").read_bytes()
    little = serialization.load_pem_private_key(pem, None)
    assert isinstance(little, rsa.RSAPrivateKey)
    weak = make.numbers(little)
    for numbers, reason in (
        ({**good, "d": good["d"] + 2}, "inconsistent"),
        ({**good, "q_inverse": 1}, "inconsistent"),
        ({**good, "n": good["n"] + 2}, "inconsistent"),
        (weak, "size"),
    ):
        data = in_plain_bag(make.pkcs8(make.pkcs1_private(*numbers.values())))
        error = refusal(lambda: PrivateKey.from_pem(data))  # noqa: B023 - called at once
        assert (error.reason, error.found) == (reason, "")
    data = in_plain_bag(make.pkcs8(make.pkcs1_private(*good.values())))
    assert PrivateKey.from_pem(data).fingerprint == fingerprint()


MAC: Final = make.sequence()
SALT: Final = make.octets(b"salt")


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize(
    "parts",
    [
        [],
        [make.sequence(MAC, SALT)],
        [make.sequence(MAC, SALT, make.integer(1))],
        [make.sequence(MAC, SALT, make.integer(10_000_001))],
    ],
    ids=["no MAC", "no iterations", "one", "too many"],
)
def test_malformed(parts: list[bytes]) -> None:
    """What has the shape of a file and is none, or costs hours, is refused at once."""
    data = make.sequence(make.integer(3), make.sequence(), *parts)
    error = refusal(lambda: PrivateKey.from_pem(data, PASSWORD))
    assert (error.reason, error.found) == ("format", "a PKCS#12 file")
    assert "openssl pkcs12 -legacy" in error.next_step


def older(*iterations: bytes) -> bytes:
    """Return the scheme PBE-SHA1-3DES."""
    parameters = make.sequence(make.octets(b"saltsalt"), *iterations)
    return make.identifier("1.2.840.113549.1.12.1.3", parameters)


def newer(
    function: str, *numbers: bytes, scheme: str = "1.2.840.113549.1.5.13"
) -> bytes:
    """Return PBES2, or PBMAC1, with a function that derives keys."""
    cipher = make.identifier("2.16.840.1.101.3.4.1.42", make.octets(bytes(16)))
    derived = make.identifier(function, make.sequence(make.octets(b"salt"), *numbers))
    return make.identifier(scheme, make.sequence(derived, cipher))


PBKDF2: Final = "1.2.840.113549.1.5.12"
SCRYPT: Final = "1.3.6.1.4.1.11591.4.11"
LONG: Final = make.integer(0x7FFFFFFF)
#: A length that is not in its shortest form, as OpenSSL reads it too.
LONG_IN_BER: Final = b"\x02\x81\x04\x7f\xff\xff\xff"
SCHEMES: Final = {
    "cheap": (older(make.integer(1)), "password"),
    "older": (older(LONG), "format"),
    "in BER": (older(LONG_IN_BER), "format"),
    "none": (older(b""), "format"),
    "no parameters": (make.identifier("1.2.840.113549.1.12.1.3"), "format"),
    "PBKDF2": (newer(PBKDF2, LONG), "format"),
    "zero": (newer(PBKDF2, make.integer(0)), "format"),
    "no function": (
        make.identifier(
            "1.2.840.113549.1.5.13",
            make.sequence(make.sequence(make.octets(b""), make.NULL)),
        ),
        "format",
    ),
    "no INTEGER": (older(make.octets(b"\1")), "format"),
    "12 parts": (older(make.integer(1), *[make.NULL] * 10), "password"),
    "13 parts": (older(make.integer(1), *[make.NULL] * 11), "format"),
    "13 parts of PBKDF2": (newer(PBKDF2, make.integer(1), *[make.NULL] * 11), "format"),
    "scrypt": (newer(SCRYPT, *map(make.integer, (16384, 8, 77))), "format"),
}


#: More than a file may ask for, by so little that it would take some seconds.
TOO_LONG: Final = older(make.integer(10_000_001))


def shrouded_under(scheme: bytes) -> bytes:
    """Return the contents of a safe: a key that is encrypted in this way."""
    return bag_of(SHROUDED_KEY_BAG, make.sequence(scheme, PART))


def bag_under(scheme: bytes) -> bytes:
    """Return a safe with a key bag that is encrypted in this way."""
    return data_of(shrouded_under(scheme))


def safe_under(scheme: bytes) -> bytes:
    """Return a safe that is encrypted in this way."""
    inside = make.sequence(KIND_DATA, scheme, make.element(0x80, bytes(16)))
    content = make.element(0xA0, make.sequence(make.integer(0), inside))
    return make.sequence(make.oid("1.2.840.113549.1.7.6"), content)


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("name", SCHEMES)
@pytest.mark.parametrize("wrap", [bag_under, safe_under])
def test_costs_without_a_mac(name: str, wrap: Callable[[bytes], bytes]) -> None:
    """A file that asks for hours before its password is wrong is refused at once."""
    scheme, reason = SCHEMES[name]
    for load in (PrivateKey.from_pem, PublicKey.from_pem):
        error = refusal(lambda: load(file_of(wrap(scheme)), PASSWORD))  # noqa: B023 - called at once
        assert (error.reason, error.found) == (reason, "a PKCS#12 file")


def authenticated(safes: bytes) -> bytes:
    """Return what the MAC of a file covers."""
    _, (_, wrapped) = only_sequence(safes)
    ((_, content),) = children(wrapped)
    return content


def proved(data: bytes, *iterations: bytes, salt: bytes = b"saltsalt") -> bytes:
    """Return a file with the MAC of the password: one iteration (RFC 7292, B.2)."""
    version, safes = (make.element(*part) for part in only_sequence(data))
    secret = f"{PASSWORD}\0".encode("utf-16-be")
    blocks = (
        bytes([3] * 64)
        + (salt * 64)[: -(-len(salt) // 64) * 64]
        + (secret * 64)[: -(-len(secret) // 64) * 64]
    )
    key_of_mac = hashlib.sha256(blocks).digest()
    value = hmac.digest(key_of_mac, authenticated(safes), "sha256")
    sha256 = make.identifier("2.16.840.1.101.3.4.2.1", make.NULL)
    digest = make.sequence(sha256, make.octets(value))
    mac = make.sequence(digest, make.octets(salt), *iterations)
    return make.sequence(version, safes, mac)


def proved_by_pbmac1(data: bytes) -> bytes:
    """Return a file with the MAC of the password by PBMAC1 (RFC 9579)."""
    version, safes = (make.element(*part) for part in only_sequence(data))
    hmac_sha256 = make.identifier("1.2.840.113549.2.9", make.NULL)
    numbers = (make.integer(1), make.integer(32), hmac_sha256)
    function = make.identifier(PBKDF2, make.sequence(make.octets(b"salt"), *numbers))
    algorithm = make.identifier(
        "1.2.840.113549.1.5.14", make.sequence(function, hmac_sha256)
    )
    secret = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), b"salt", 1, 32)
    value = make.octets(hmac.digest(secret, authenticated(safes), "sha256"))
    mac = make.sequence(make.sequence(algorithm, value), SALT, make.integer(1))
    return make.sequence(version, safes, mac)


@pytest.mark.usefixtures("backend")
def test_without_a_salt() -> None:
    """A MAC without a salt is proved by its password; no password is a wrong one."""
    good = make.pkcs8(make.pkcs1_private(*make.numbers(key()).values()))
    data = proved(in_plain_bag(good), salt=b"")
    assert PrivateKey.from_pem(data, PASSWORD).fingerprint == fingerprint()
    for load in (PrivateKey.from_pem, PublicKey.from_pem):
        for password in (None, "", "no"):
            error = refusal(lambda: load(data, password))  # noqa: B023 - called at once
            assert (error.reason, error.found) == ("password", "a PKCS#12 file")


def test_pbmac1(backend: Backend) -> None:
    """OpenSSL 3.4 and later open it; with an older one the file is at fault."""
    good = make.pkcs8(make.pkcs1_private(*make.numbers(key()).values()))
    data = proved_by_pbmac1(in_plain_bag(good))
    version = tuple(map(int, backend.openssl.split()[1].split(".")[:2]))
    if version >= (3, 4):
        assert PrivateKey.from_pem(data, PASSWORD).fingerprint == fingerprint()
        assert refusal(lambda: PrivateKey.from_pem(data, "no")).reason == "password"
    else:
        for password in (PASSWORD, "no", None):
            error = refusal(lambda: PrivateKey.from_pem(data, password))  # noqa: B023 - called at once
            assert (error.reason, error.found) == ("format", "a PKCS#12 file")


@pytest.mark.usefixtures("backend")
def test_costs_within_costs() -> None:
    """A key that is encrypted once more in an encrypted safe counts with the safe."""
    for scheme, reason in (
        (older(make.integer(1)), "password"),
        (TOO_LONG, "format"),
        (older(LONG), "format"),
        (older(b""), "format"),
    ):
        safe = encrypted_safe(shrouded_under(scheme))
        error = refusal(lambda: PrivateKey.from_pem(file_of(safe), PASSWORD))  # noqa: B023 - called at once
        assert (error.reason, error.found) == (reason, "a PKCS#12 file")


def in_ber(data: bytes) -> bytes:
    """Return a file whose safes have a length that is not definite, in chunks."""
    version, (_, safes), *mac = only_sequence(data)
    kind, (_, wrapped) = children(safes)
    ((_, content),) = children(wrapped)
    chunks = make.octets(content[:99]) + make.octets(content[99:])
    wrapped = make.element(0xA0, b"\x24\x80" + chunks + b"\0\0")
    safes = make.sequence(make.element(*kind), wrapped)
    return make.sequence(
        make.element(*version), safes, *(make.element(*one) for one in mac)
    )


@pytest.mark.usefixtures("backend")
def test_chunks(tmp_path: Path) -> None:
    """BER is read, warns of nothing, and hides no cost."""
    check(in_ber(p12(key(), certificate(key()))), PASSWORD, tmp_path / "k.p12")
    chunks = make.octets(shrouded_under(TOO_LONG))
    safe = make.sequence(KIND_DATA, make.element(0xA0, make.element(0x24, chunks)))
    error = refusal(lambda: PrivateKey.from_pem(in_ber(file_of(safe)), PASSWORD))
    assert (error.reason, error.found) == ("format", "a PKCS#12 file")


def beside(private: bytes, *certificates: bytes) -> bytes:
    """Return a file without MAC: an encrypted key, and certificates."""
    scheme, content = encrypted(private)
    shrouded = make.sequence(scheme, make.octets(content))
    bags = bag_of(SHROUDED_KEY_BAG, shrouded)
    for one in certificates:
        kind = make.oid("1.2.840.113549.1.9.22.1")
        holder = make.sequence(kind, make.element(0xA0, make.octets(one)))
        bags += bag_of(CERTIFICATE_BAG, holder)
    every = b"".join(element.content for element in children(bags))
    return file_of(data_of(make.sequence(every)))


@pytest.mark.usefixtures("backend")
def test_damaged_without_a_mac() -> None:
    """Without a MAC, a damaged key is refused for what is wrong with it."""
    own = certificate(key()).public_bytes(serialization.Encoding.DER)
    numbers = make.numbers(key())
    good = make.pkcs8(make.pkcs1_private(*numbers.values()))
    assert PrivateKey.from_pem(beside(good, own), PASSWORD).bits == 2048
    wrong = make.pkcs1_private(*{**numbers, "d": numbers["d"] + 2}.values())
    even = make.pkcs1_private(*{**numbers, "n": numbers["n"] + 1}.values())
    for private, reason in (
        (make.pkcs8(wrong), "inconsistent"),
        (make.pkcs8(even), "modulus"),
        (make.pkcs8(b"\0"), "format"),
        (make.pkcs8(wrong, make.identifier("1.2.3")), "algorithm"),
        (b"\x30\0", "password"),
    ):
        data = beside(private, own)
        error = refusal(lambda: PrivateKey.from_pem(data, PASSWORD))  # noqa: B023 - called at once
        assert error.reason == reason
        assert refusal(lambda: PrivateKey.from_pem(data, "no")).reason == "password"  # noqa: B023 - called at once
        if reason != "password":
            # Its certificate is as good as one in a file of its own.
            assert PublicKey.from_pem(data, PASSWORD).fingerprint == fingerprint()
        # It has no MAC, so nothing is said of one.
        assert "MAC" not in str(refusal(lambda: PrivateKey.from_pem(data, "no")))  # noqa: B023 - called at once
    # What follows the key, and cannot be opened, is a part of the file.
    _, safes = only_sequence(beside(make.pkcs8(wrong), own))
    whole = make.element(*only_sequence(authenticated(make.element(*safes)))[0])
    for scheme in (newer(PBKDF2, make.integer(1)), older(make.integer(1))):
        data = file_of(whole, safe_under(scheme))
        assert refusal(lambda: PublicKey.from_pem(data, PASSWORD)).reason == "password"  # noqa: B023 - called at once
    for certificates in ([], [own[:-1]]):
        data = beside(good if certificates else make.pkcs8(wrong), *certificates)
        assert refusal(lambda: PublicKey.from_pem(data, PASSWORD)).found != "a key"  # noqa: B023 - called at once
    assert refusal(lambda: PrivateKey.from_pem(data, PASSWORD)).reason == "password"


@pytest.mark.usefixtures("backend")
def test_damaged_with_a_mac() -> None:
    """A MAC that does not fit comes first, whatever is wrong with the key."""
    numbers = make.numbers(key())
    wrong = make.pkcs1_private(*{**numbers, "d": numbers["d"] + 2}.values())
    own = certificate(key()).public_bytes(serialization.Encoding.DER)
    data = beside(make.pkcs8(wrong), own)
    version, safes = (make.element(*part) for part in only_sequence(data))
    sha256 = make.identifier("2.16.840.1.101.3.4.2.1", make.NULL)
    digest = make.sequence(sha256, make.octets(bytes(32)))
    data = make.sequence(version, safes, make.sequence(digest, SALT, make.integer(1)))
    for load in (PrivateKey.from_pem, PublicKey.from_pem):
        error = refusal(lambda: load(data, PASSWORD))  # noqa: B023 - called at once
        assert (error.reason, error.found) == ("password", "a PKCS#12 file")


UNREADABLE: Final = make.sequence(make.oid("1.2.840.113549.1.7.6"))


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("wrap", [bag_under, safe_under])
def test_costs_before_the_mac(wrap: Callable[[bytes], bytes]) -> None:
    """What costs too much says so, whether the password is right or wrong."""
    good = make.pkcs8(make.pkcs1_private(*make.numbers(key()).values()))
    # The one iteration goes without saying, and may be said all the same.
    for iterations in ((), (make.integer(1),)):
        data = proved(in_plain_bag(good), *iterations)
        assert PrivateKey.from_pem(data, PASSWORD).fingerprint == fingerprint()
    costly = wrap(older(LONG))
    for safes, password, reason in (
        ([costly], PASSWORD, "format"),
        ([costly], "wrong", "format"),
        ([costly], None, "format"),
        ([wrap(older(make.integer(1)))], "wrong", "password"),
        # Where a part cannot be taken apart, its cost is not known.
        ([costly, UNREADABLE], "wrong", "password"),
    ):
        data = proved(file_of(*safes))
        error = refusal(lambda: PrivateKey.from_pem(data, password))  # noqa: B023 - called at once
        assert (error.reason, error.found) == (reason, "a PKCS#12 file")


@pytest.mark.usefixtures("backend")
def test_digest_of_a_mac() -> None:
    """No password fits a MAC whose digest is not known: the file is at fault."""
    data = p12(key(), certificate(key()))
    for name, reason in (("2.16.840.1.101.3.4.2.3", "password"), ("1.2.3", "format")):
        algorithm = make.identifier(name, make.NULL)
        digest = make.sequence(algorithm, make.octets(bytes(64)))
        other_mac = with_mac(data, digest, make.integer(1))
        for password in (PASSWORD, "wrong", None):
            error = refusal(lambda: PrivateKey.from_pem(other_mac, password))  # noqa: B023 - called at once
            assert (error.reason, error.found) == (reason, "a PKCS#12 file")


def with_mac(data: bytes, digest: bytes, iterations: bytes) -> bytes:
    """Return a file with another MAC."""
    version, safes, _ = (make.element(*part) for part in only_sequence(data))
    mac = make.sequence(digest, make.octets(b"salt"), iterations)
    return make.sequence(version, safes, mac)


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("iterations", [LONG, LONG_IN_BER], ids=["DER", "BER"])
def test_cost_of_a_mac(iterations: bytes) -> None:
    """So is one whose MAC does, in any encoding, and with a function of its own."""
    data = p12(key(), certificate(key()))
    sha256 = make.identifier("2.16.840.1.101.3.4.2.1", make.NULL)
    own = newer(PBKDF2, iterations, scheme="1.2.840.113549.1.5.14")
    for algorithm, outer in ((sha256, iterations), (own, make.integer(1))):
        digest = make.sequence(algorithm, make.octets(bytes(32)))
        error = refusal(
            lambda: PrivateKey.from_pem(with_mac(data, digest, outer), PASSWORD)  # noqa: B023 - called at once
        )
        assert (error.reason, error.found) == ("format", "a PKCS#12 file")


@pytest.mark.usefixtures("backend")
def test_ber() -> None:
    """A file with lengths that are not definite is named."""
    error = refusal(lambda: PrivateKey.from_pem(b"\x30\x80\x02\x01\x03\x30\x80"))
    assert error.found == "a PKCS#12 file in BER"


def test_cipher_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the library has not the cipher of a file, renewing it is the way out."""

    def refuse(*_: object) -> None:
        raise UnsupportedAlgorithm("injected")

    data = p12(key(), certificate(key()))
    monkeypatch.setattr(pkcs12, "load_pkcs12", refuse)
    with backends.override("python"):
        error = refusal(lambda: PrivateKey.from_pem(data, PASSWORD))
    assert (error.reason, error.found) == ("format", "a PKCS#12 file")


@pytest.mark.parametrize("error", [UserWarning("BER"), x509.InvalidVersion("34", 34)])
def test_errors_of_the_library(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A warning that is an error here, and errors that are no ValueError, are ours."""

    def refuse(*_: object) -> None:
        raise error

    data = p12(key(), certificate(key()))
    monkeypatch.setattr(pkcs12, "load_pkcs12", refuse)
    with backends.override("python"):
        found = refusal(lambda: PrivateKey.from_pem(data, PASSWORD))
    assert (found.reason, found.found) == ("format", "a PKCS#12 file")


def test_warning_about_a_bad_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the library only warns of a key, the key is not what is wrong."""

    def warn(*_: object) -> None:
        raise UserWarning("a key of an odd size")

    numbers = make.numbers(key())
    wrong = make.pkcs1_private(*{**numbers, "d": numbers["d"] + 2}.values())
    monkeypatch.setattr(serialization, "load_der_private_key", warn)
    with backends.override("python"):
        error = refusal(
            lambda: PrivateKey.from_pem(beside(make.pkcs8(wrong)), PASSWORD)
        )
    assert error.reason == "inconsistent"


def test_library_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that cannot decrypt at all is no fault of the file."""

    def refuse(*_: object) -> None:
        raise InternalError("injected", [])

    data = p12(key(), certificate(key()))
    monkeypatch.setattr(pkcs12, "load_pkcs12", refuse)
    for load in (PrivateKey.from_pem, PublicKey.from_pem):
        with backends.override("python"), pytest.raises(BackendError, match="provider"):
            load(data, PASSWORD)
