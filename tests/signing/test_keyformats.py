"""
What other tools write is named, with the command that converts it.

The inputs are made by these tools where they are installed, from keys made for
the run and for nothing else; the commands that a message prints are run.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from kesspay import KeyLoadError, PrivateKey, PublicKey
from kesspay.signing.keyfile import MAX_BYTES
from kesspay.signing.keyformats import _STEPS, FORMATS, read_again, recognise
from tests.support import keymaker as make


if TYPE_CHECKING:
    from collections.abc import Callable

PASSWORD: Final = "field-Password-1"
_RUN_TIME: Final = 60


@cache
def key() -> rsa.RSAPrivateKey:
    """Return a fresh key."""
    return rsa.generate_private_key(65537, 2048)


def private(
    form: serialization.PrivateFormat = serialization.PrivateFormat.PKCS8,
) -> bytes:
    """Return the key in PEM."""
    return key().private_bytes(
        serialization.Encoding.PEM, form, serialization.NoEncryption()
    )


def public() -> bytes:
    """Return the public half in PEM."""
    return (
        key()
        .public_key()
        .public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )


def openssh() -> bytes:
    """Return the key as ssh-keygen writes it."""
    return private(serialization.PrivateFormat.OpenSSH)


def ssh_line() -> bytes:
    """Return the public half as a line of authorized_keys."""
    return (
        key()
        .public_key()
        .public_bytes(
            serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
        )
    )


def rfc_4716() -> bytes:
    """Return the public half as RFC 4716 writes it."""
    words = ssh_line().split()
    lines = "\n".join(re.findall(".{1,70}", words[1].decode()))
    return (
        '---- BEGIN SSH2 PUBLIC KEY ----\nComment: "field"\n'
        f"{lines}\n---- END SSH2 PUBLIC KEY ----\n"
    ).encode()


def number(value: int, *, url: bool = True) -> str:
    """Return a number as JWK and XML hold it."""
    data = value.to_bytes((value.bit_length() + 7) // 8, "big")
    if not url:
        return base64.b64encode(data).decode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def jwk(*, secret: bool) -> dict[str, str]:
    """Return the key as a JSON Web Key."""
    numbers = make.numbers(key())
    names = {"n": "n", "e": "e"}
    if secret:
        names |= {"d": "d", "p": "p", "q": "q", "dp": "dp", "dq": "dq"}
        names |= {"qi": "q_inverse"}
    return {"kty": "RSA"} | {
        name: number(numbers[ours]) for name, ours in names.items()
    }


def xml(*, secret: bool) -> bytes:
    """Return the key as .NET's ToXmlString does."""
    numbers = make.numbers(key())
    names = {"Modulus": "n", "Exponent": "e"}
    if secret:
        names |= {"P": "p", "Q": "q", "DP": "dp", "DQ": "dq"}
        names |= {"InverseQ": "q_inverse", "D": "d"}
    inside = "".join(
        f"<{name}>{number(numbers[ours], url=False)}</{name}>"
        for name, ours in names.items()
    )
    return f"<RSAKeyValue>{inside}</RSAKeyValue>".encode()


def run(*argv: str, data: bytes = b"") -> bytes:
    """Return what a command writes."""
    done = subprocess.run(
        argv, input=data, capture_output=True, check=True, timeout=_RUN_TIME
    )
    return done.stdout


def openssl(*argv: str, data: bytes = b"") -> bytes:
    """Return what openssl writes."""
    return run("openssl", *argv, data=data)


def certificate() -> bytes:
    """Return a certificate of the key in PEM."""
    arguments = ("req", "-x509", "-new", "-key", "/dev/stdin", "-subj", "/CN=field")
    return openssl(*arguments, data=private())


def request() -> bytes:
    """Return a certificate request of the key in PEM."""
    arguments = ("req", "-new", "-key", "/dev/stdin", "-subj", "/CN=field")
    return openssl(*arguments, data=private())


def pkcs7(form: str = "PEM") -> bytes:
    """Return the certificate as PKCS#7."""
    arguments = ("crl2pkcs7", "-nocrl", "-certfile", "/dev/stdin", "-outform", form)
    return openssl(*arguments, data=certificate())


def old_encryption() -> bytes:
    """Return the key in the old encrypted form."""
    secret = f"pass:{PASSWORD}"
    arguments = ("rsa", "-traditional", "-aes256", "-passout", secret)
    return openssl(*arguments, data=private())


def pbes1() -> bytes:
    """Return the key encrypted as PBES1."""
    secret = f"pass:{PASSWORD}"
    arguments = ("pkcs8", "-topk8", "-v1", "PBE-SHA1-3DES", "-passout", secret)
    return openssl(*arguments, data=private())


def blob(form: str, *more: str) -> bytes:
    """Return the key in a format of Windows."""
    return openssl("rsa", "-outform", form, *more, data=private())


def keystore(kind: str) -> bytes:
    """Return a Java keystore."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "store")
        run(
            "keytool", "-genkeypair", "-alias", "a", "-keyalg", "RSA", "-keysize",
            "2048", "-storetype", kind, "-keystore", file, "-storepass", PASSWORD,
            "-keypass", PASSWORD, "-dname", "CN=field",
        )  # fmt: skip
        return Path(file).read_bytes()


def hexadecimal(between: str = "") -> bytes:
    """Return the DER of the public key in hexadecimal digits."""
    der = base64.b64decode(b"".join(public().split(b"\n")[1:-2]))
    digits = der.hex(between) if between else der.hex()
    return "\n".join(re.findall(".{1,60}", digits)).encode()


def kubernetes(name: str, data: bytes) -> bytes:
    """Return a secret of Kubernetes."""
    packed = base64.b64encode(data).decode()
    return (
        f"apiVersion: v1\nkind: Secret\ntype: kubernetes.io/tls\n"
        f"data:\n  {name}: {packed}\nmetadata:\n  name: kess\n"
    ).encode()


PRIVATE_HALF: Final = "private"
PUBLIC_HALF: Final = "public"


class Sample(NamedTuple):
    """A file, and what has to be said of it."""

    make: Callable[[], bytes]
    #: A piece of ``found``.
    found: str
    #: Which half it holds, where the command gives a key of ours.
    half: str = ""
    #: What the command needs beside sh, and is fed with.
    tool: str = ""
    answers: str = ""


TWICE: Final = f"{PASSWORD}\n{PASSWORD}\n"
SAMPLES: Final[dict[str, Sample]] = {
    "ppk 2": Sample(lambda: b"PuTTY-User-Key-File-2: ssh-rsa\n", "PuTTY private"),
    "ppk 3": Sample(
        lambda: (
            b"PuTTY-User-Key-File-3: ssh-rsa\r\n"
            b"Encryption: none\r\nPrivate-Lines: 14\r\nAAAA\r\n"
        ),
        "PuTTY private",
    ),
    "openssh": Sample(openssh, "OpenSSH key"),
    "openssh without lines": Sample(
        lambda: b"".join(openssh().split(b"\n")[1:-2]), "OpenSSH key"
    ),
    "ssh.com": Sample(
        lambda: b"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nAA==\n", "ssh.com"
    ),
    "rfc 4716": Sample(rfc_4716, "RFC 4716", PUBLIC_HALF, "ssh-keygen"),
    "ssh line": Sample(ssh_line, "OpenSSH key", PUBLIC_HALF, "ssh-keygen"),
    "ssh line with options": Sample(
        lambda: b'command="x" ' + ssh_line(), "OpenSSH key"
    ),
    "pgp private": Sample(
        lambda: make.pem("PGP PRIVATE KEY BLOCK", b"x"), "private key of GnuPG"
    ),
    "pgp public": Sample(
        lambda: make.pem("PGP PUBLIC KEY BLOCK", b"x"), "public key of GnuPG"
    ),
    "pgp binary private": Sample(
        lambda: b"\x95\x03\x98\x04abc", "private key of GnuPG"
    ),
    "pgp binary public": Sample(lambda: b"\x99\x01\x0d\x04abc", "public key of GnuPG"),
    "xml private": Sample(lambda: xml(secret=True), ".NET's XML"),
    "xml public": Sample(lambda: xml(secret=False), "RSAKeyValue"),
    "xml signature": Sample(
        lambda: b"<ds:KeyValue><ds:RSAKeyValue></ds:RSAKeyValue>", "RSAKeyValue"
    ),
    "jwk private": Sample(
        lambda: json.dumps(jwk(secret=True)).encode(),
        "private JSON Web Key",
        PRIVATE_HALF,
        "node",
    ),
    "jwk public": Sample(
        lambda: json.dumps(jwk(secret=False), indent=1).encode(),
        "JSON Web Key (JWK)",
        PUBLIC_HALF,
        "node",
    ),
    "jwks private": Sample(
        lambda: json.dumps({"keys": [jwk(secret=True)]}).encode(),
        "JSON Web Keys with private",
        PRIVATE_HALF,
        "node",
    ),
    "jwks public": Sample(
        lambda: json.dumps({"keys": [jwk(secret=False)]}).encode(),
        "JWKS",
        PUBLIC_HALF,
        "node",
    ),
    "jwk ec": Sample(
        lambda: b'{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}', "no RSA key"
    ),
    "jwk ec private": Sample(
        lambda: b'{"kty":"EC","crv":"P-256","x":"AA","d":"AA"}', "no RSA key"
    ),
    "jwk oct": Sample(lambda: b'{"kty":"oct","k":"AA"}', "no RSA key"),
    "kubernetes private": Sample(
        lambda: kubernetes("tls.key", private()),
        "private key in base64",
        PRIVATE_HALF,
        "base64",
    ),
    "kubernetes private PKCS#1": Sample(
        lambda: kubernetes(
            "tls.key", private(serialization.PrivateFormat.TraditionalOpenSSL)
        ),
        "private key in base64",
        PRIVATE_HALF,
        "base64",
    ),
    "kubernetes public": Sample(
        lambda: kubernetes("tls.crt", certificate()),
        "PEM in base64",
        PUBLIC_HALF,
        "base64",
    ),
    "p7b": Sample(pkcs7, "PKCS#7", PUBLIC_HALF, "openssl"),
    "p7b der": Sample(lambda: pkcs7("DER"), "PKCS#7", PUBLIC_HALF, "openssl"),
    "p7b base64": Sample(lambda: base64.encodebytes(pkcs7("DER")), "PKCS#7"),
    "pkcs12 in BER": Sample(lambda: b"\x30\x80\x02\x01\x03\x30\x80", "in BER"),
    "crl": Sample(lambda: make.pem("X509 CRL", b"x"), "revoked"),
    "parameters": Sample(
        lambda: make.pem("DH PARAMETERS", make.pkcs1_public(7, 2)),
        "parameters without a key",
    ),
    "jks": Sample(lambda: keystore("JKS"), "(JKS)"),
    "jceks": Sample(lambda: keystore("JCEKS"), "(JCEKS)"),
    "pvk": Sample(lambda: blob("PVK", "-pvk-none"), "(PVK)", PRIVATE_HALF, "openssl"),
    "private blob": Sample(
        lambda: blob("MSBLOB"), "PRIVATEKEYBLOB", PRIVATE_HALF, "openssl"
    ),
    "private blob in base64": Sample(
        lambda: base64.b64encode(blob("MSBLOB")), "PRIVATEKEYBLOB"
    ),
    "public blob": Sample(
        lambda: blob("MSBLOB", "-pubout"), "PUBLICKEYBLOB", PUBLIC_HALF, "openssl"
    ),
    "cng": Sample(lambda: b"RSA2\0\x08\0\0", "CNG"),
    "dnssec": Sample(lambda: b"Private-key-format: v1.3\n", "BIND"),
    "age": Sample(lambda: b"# created\nAGE-SECRET-KEY-1QQ\n", "of age"),
    "pkcs11": Sample(lambda: b"pkcs11:token=kess;object=key\n", "pkcs11"),
    "gzip": Sample(lambda: gzip.compress(public()), "gzip", PUBLIC_HALF, "gzip"),
    "zip": Sample(lambda: b"PK\x03\x04\x14\0", "ZIP"),
    "bzip2": Sample(lambda: b"BZh91AY&SY", "packed file"),
    "xz": Sample(lambda: b"\xfd7zXZ\0\0", "packed file"),
    "pdf": Sample(lambda: b"%PDF-1.7\n", "PDF"),
    "html": Sample(lambda: b"\n<!DOCTYPE html><html><body>Log in", "HTML"),
    "xml": Sample(lambda: b"<?xml version='1.0'?><a/>", "XML"),
    "url": Sample(lambda: b"https://kess.example/keys/public.pem\n", "a URL"),
    "hex": Sample(hexadecimal, "hexadecimal", PUBLIC_HALF, "xxd"),
    "hex with colons": Sample(
        lambda: hexadecimal(":"), "hexadecimal", PUBLIC_HALF, "xxd"
    ),
    "hex with blanks": Sample(
        lambda: hexadecimal(" ").upper(), "hexadecimal", PUBLIC_HALF, "xxd"
    ),
    "xxd": Sample(
        lambda: run(
            "xxd", data=base64.b64decode(b"".join(public().split(b"\n")[1:-2]))
        ),
        "hexadecimal",
        PUBLIC_HALF,
        "xxd",
    ),
    "dashes": Sample(
        lambda: public().replace(b"-----", "\N{EM DASH}\N{EN DASH}".encode()), "dashes"
    ),
    "json": Sample(lambda: b'{"error": "not found"}', "JSON"),
    "path": Sample(lambda: b"/run/secrets/private.pem", "path"),
    "path of windows": Sample(lambda: rb"C:\keys\my private.key", "path"),
    "old encryption": Sample(
        old_encryption, "old encrypted form", PRIVATE_HALF, "openssl", TWICE
    ),
    "pbes1": Sample(pbes1, "encrypted private key", PRIVATE_HALF, "openssl", TWICE),
    "request": Sample(request, "certificate request", PUBLIC_HALF, "openssl"),
}
#: Made by a tool that is not part of every system.
TOOLS: Final = {"jks": "keytool", "jceks": "keytool", "xxd": "xxd"}


@cache
def made(name: str) -> bytes:
    """Return a file, which is made once."""
    return SAMPLES[name].make()


def sample(name: str) -> bytes:
    """Return a file, or skip where the tool that makes it is missing."""
    tool = TOOLS.get(name, "openssl")
    if not shutil.which(tool):
        pytest.skip(f"needs {tool}")
    return made(name)


def refusal(load: Callable[[bytes], object], data: bytes) -> KeyLoadError:
    """Return the error of a load."""
    with pytest.raises(KeyLoadError) as caught:
        load(data)
    return caught.value


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("name", SAMPLES)
def test_named(name: str, tmp_path: Path) -> None:
    """Each format is named for both halves, with what to do; a file like a text."""
    data = sample(name)
    file = tmp_path / "key"
    file.write_bytes(data)
    for load, load_file in (
        (PrivateKey.from_pem, PrivateKey.from_file),
        (PublicKey.from_pem, PublicKey.from_file),
    ):
        error = refusal(load, data)
        # The backends say themselves that a PEM block is secret.
        if error.reason != "secret" or error.next_step:
            assert SAMPLES[name].found in error.found
            assert error.next_step
        assert error.next_step in str(error)
        again = refusal(lambda _: load_file(file), b"")  # noqa: B023 - called at once
        assert str(again) == str(error)


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("name", SAMPLES)
def test_nothing_of_it_is_shown(name: str) -> None:
    """No message holds a piece of the file."""
    data = sample(name)
    for load in (PrivateKey.from_pem, PublicKey.from_pem):
        message = str(refusal(load, data))
        for line in re.findall(rb"[A-Za-z0-9+/_-]{24,}", data):
            assert line.decode() not in message


SECRETS: Final = [
    name
    for name in SAMPLES
    if re.search(r"ppk|private|openssh|ssh\.com|pvk|cng|dnssec|age|oct|old|pbes1", name)
]


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("name", SECRETS)
def test_secret(name: str) -> None:
    """A private key in any format is reported as one where a public key is needed."""
    assert refusal(PublicKey.from_pem, sample(name)).reason == "secret"


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("name", [name for name in SAMPLES if name not in SECRETS])
def test_no_secret(name: str) -> None:
    """What holds no private key is not called one."""
    assert refusal(PublicKey.from_pem, sample(name)).reason == "kind"


def command(name: str) -> str:
    """Return the first command of the message about a file."""
    half = SAMPLES[name].half
    load = PublicKey.from_pem if half == PUBLIC_HALF else PrivateKey.from_pem
    step = refusal(load, sample(name)).next_step
    found = re.search("`(.+?)`", step)
    assert found, step
    return found[1]


@pytest.mark.few(4)
@pytest.mark.parametrize("name", [name for name, one in SAMPLES.items() if one.half])
def test_command(name: str, tmp_path: Path) -> None:
    """The command that is shown gives the key that was in the file."""
    one = SAMPLES[name]
    if not shutil.which(one.tool):
        pytest.skip(f"needs {one.tool}")
    (tmp_path / "FILE").write_bytes(sample(name))
    (tmp_path / "FILE").chmod(0o600)
    line = command(name)
    if one.answers:
        secret = f"pass:{PASSWORD}"
        line += f" -passin {secret} -passout {secret}"
    argv = ["sh", "-c", line]
    subprocess.run(argv, cwd=tmp_path, check=True, timeout=_RUN_TIME)
    made = tmp_path / "NEW"
    made.chmod(0o600)
    expected = PublicKey.from_pem(public())
    if one.half == PUBLIC_HALF:
        assert PublicKey.from_file(made) == expected
    else:
        password = PASSWORD if one.answers else None
        assert PrivateKey.from_file(made, password).public_key == expected


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="needs ssh-keygen")
@pytest.mark.parametrize("password", ["", PASSWORD])
def test_command_of_openssh(password: str, tmp_path: Path) -> None:
    """The command writes the file anew: with its password, and PKCS#8."""
    file = tmp_path / "FILE"
    file.write_bytes(openssh())
    file.chmod(0o600)
    run("ssh-keygen", "-p", "-P", "", "-N", password, "-f", str(file))
    assert b"OPENSSH" in file.read_bytes()
    line = re.search("`(.+?)`", refusal(PrivateKey.from_pem, openssh()).next_step)
    assert line
    words = f"{line[1]} -P '{password}' -N '{password}'"
    argv = ["sh", "-c", words]
    subprocess.run(argv, cwd=tmp_path, capture_output=True, check=True)
    loaded = PrivateKey.from_file(file, password or None)
    assert loaded.public_key == PublicKey.from_pem(public())


# ------------------------------------------------------------ words


@pytest.mark.usefixtures("backend")
def test_words() -> None:
    """The message says what was found, what that means, and what to do."""
    error = refusal(PrivateKey.from_pem, b"PuTTY-User-Key-File-3: ssh-rsa\n")
    assert str(error) == (
        "found a PuTTY private key (.ppk) where a private key is needed. Next: convert "
        "it: `puttygen FILE -O private-openssh -o NEW`"
    )


@pytest.mark.usefixtures("backend")
def test_password_words() -> None:
    """A password that is missing has another message than a wrong one."""
    encrypted = key().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(PASSWORD.encode()),
    )
    missing = refusal(PrivateKey.from_pem, encrypted)
    assert "no password was given" in str(missing)
    wrong = refusal(lambda data: PrivateKey.from_pem(data, "other"), encrypted)
    assert "the password that was given does not open it" in str(wrong)
    assert missing.reason == wrong.reason == "password"


@pytest.mark.usefixtures("backend")
def test_other_words() -> None:
    """What the backends name themselves gets a next step, too."""
    ambiguous = refusal(PrivateKey.from_pem, private() * 2)
    assert "leave the one that is meant" in ambiguous.next_step
    curve = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    assert "the API needs RSA" in str(refusal(PrivateKey.from_pem, curve))
    assert "kesspay keys generate" in refusal(PrivateKey.from_pem, public()).next_step
    assert refusal(PublicKey.from_pem, private()).next_step == ""


@pytest.mark.few(2)
@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "it is empty"),
        (b" \r\n", "it is empty"),
        (b"\xef\xbb\xbf", "it is empty"),
        (b"x" * (MAX_BYTES + 1), "more than 1048576 bytes"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n", "do not fit one another"),
    ],
)
def test_broken(data: bytes, words: str) -> None:
    """A file of no known format keeps the reason of the backend."""
    for load in (PrivateKey.from_pem, PublicKey.from_pem):
        error = refusal(load, data)
        assert (error.reason, error.found) == ("format", "")
        assert words in str(error)


def test_nothing_known() -> None:
    """Words of any kind are no format, and neither is a good key."""
    assert recognise(b"no key at all") is None
    assert recognise(public()) is None
    assert "(" not in str(refusal(PrivateKey.from_pem, b"no key at all"))


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("beginning", "repeated", "end", "found"),
    [
        (b"3080", b" ", b"x", ""),
        (b"", b'"keys":[', b"", ""),
        (b"", b'"kty":"EC"', b"", "a JSON Web Key that is no RSA key"),
        (b"", b"<RSAKeyValue ", b"", "an RSA public key in XML (RSAKeyValue)"),
        (b"", b" ", b"x", ""),
    ],
    ids=["hexadecimal", "set", "curve", "xml", "path"],
)
def test_many_beginnings(
    beginning: bytes, repeated: bytes, end: bytes, found: str
) -> None:
    """A file of the largest size is looked through once, not once for each byte."""
    text = beginning + repeated * (MAX_BYTES // len(repeated) - 1) + end
    # Where a pattern begins anew at each place, this takes hours.
    known = recognise(text)
    assert found == (known.found if known else "")


@pytest.mark.usefixtures("backend")
def test_pipe(tmp_path: Path) -> None:
    """A pipe is read once: the key in it is refused without waiting for more."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(
        ["sh", "-c", 'printf "PuTTY-User-Key-File-3: x" > "$0"', str(pipe)]
    ) as writer:
        error = refusal(lambda _: PrivateKey.from_file(pipe), b"")
        assert writer.wait(_RUN_TIME) == 0
    assert (error.reason, error.found) == ("format", "")


def test_table_of_the_manual() -> None:
    """Each command in the table of docs/howto/keys.md is one that a message shows."""
    page = Path(__file__).parents[2] / "docs" / "howto" / "keys.md"
    text = page.read_text(encoding="utf-8").replace(r"\|", "|")
    shown = " ".join(one.private + one.public for one in FORMATS)
    shown += " ".join(_STEPS.values())
    commands = set(re.findall(r"`([^`\n]*\bFILE\b[^`\n]*)`", text))
    assert len(commands) > 9
    assert [one for one in commands if f"`{one}`" not in shown] == []


def test_every_format_has_a_sample() -> None:
    """Each line of the table is the first that knows one of the samples."""
    skipped = {name for name, tool in TOOLS.items() if not shutil.which(tool)}
    known = {recognise(made(name)) for name in SAMPLES if name not in skipped}
    assert [one.found for one in FORMATS if one not in known and not skipped] == []


def test_read_again(tmp_path: Path) -> None:
    """Only an ordinary file that is still there is read once more."""
    path = tmp_path / "key.pem"
    assert read_again(str(path)) is None
    assert read_again(str(tmp_path)) is None
    path.write_bytes(b"x")
    assert read_again(str(path)) == b"x"
