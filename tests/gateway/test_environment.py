"""Settings from environment variables: all of them, from files too, or an error."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kesspay.cli.doctor import _ELSEWHERE
from kesspay.errors import FieldError, InputError, KeyLoadError
from kesspay.gateway import environment
from kesspay.gateway.async_client import AsyncClient
from kesspay.gateway.client import Client
from kesspay.gateway.environment import VARIABLES, read_environment
from kesspay.signing.keyring import KeyRing
from kesspay.signing.profile import PHP_8, Profile
from tests.gateway.helpers import (
    BASE_URL,
    CANARIES,
    Script,
    credentials,
    gateway_key,
    partner_key,
    token_answer,
)
from tests.support.vectors import KEYS


if TYPE_CHECKING:
    from collections.abc import Callable


SETTINGS = {
    "KESSPAY_BASE_URL": BASE_URL,
    "KESSPAY_PARTNER_ID": "partner-1",
    "KESSPAY_PARTNER_SECRET_KEY": CANARIES["partner_secret_key"],
    "KESSPAY_USER_NAME": "api-user",
    "KESSPAY_PASSWORD": CANARIES["password"],
    "KESSPAY_PRIVATE_KEY": (KEYS / "rsa-2048.pem").read_text(),
    "KESSPAY_GATEWAY_KEY_FILE": str(KEYS / "other-2048.pub.pem"),
}


def with_(**variables: str) -> dict[str, str]:
    """Return good settings with some replaced; None takes one away."""
    return {**SETTINGS, **{f"KESSPAY_{name}": text for name, text in variables.items()}}


def test_the_least_that_is_needed() -> None:
    """The required variables make the arguments of a client, and no others."""
    found = read_environment(SETTINGS)
    assert found.client["base_url"] == BASE_URL
    assert found.client["credentials"].partner_id == "partner-1"
    assert found.client["credentials"].password == CANARIES["password"]
    assert found.client["private_key"].public_key == partner_key().public_key
    assert found.client["gateway_key"] == gateway_key()
    assert found.client["profile"] == PHP_8
    assert set(found.client) == {
        "base_url", "credentials", "private_key", "gateway_key", "profile",
    }  # fmt: skip
    assert found.transport == {}
    assert not [one for one in CANARIES.values() if one in repr(found)]


def test_what_is_missing_is_named_at_once() -> None:
    """Every missing variable is in one error, with the file it may stand in."""
    with pytest.raises(InputError) as caught:
        read_environment({"KESSPAY_USER_NAME": ""})
    text = str(caught.value)
    for name in SETTINGS:
        assert name in text
    assert "KESSPAY_PASSWORD or KESSPAY_PASSWORD_FILE" in text
    assert "KESSPAY_BASE_URL_FILE" not in text


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_secrets_from_files(tmp_path: Path, ending: str) -> None:
    """A secret may stand in a file, with or without a line break at its end."""
    variables = dict(SETTINGS)
    for name in ("PARTNER_SECRET_KEY", "PASSWORD"):
        path = tmp_path / name
        path.write_bytes((variables.pop(f"KESSPAY_{name}") + ending).encode())
        variables[f"KESSPAY_{name}_FILE"] = str(path)
    variables["KESSPAY_PRIVATE_KEY_FILE"] = str(private_key_file(tmp_path))
    del variables["KESSPAY_PRIVATE_KEY"]
    found = read_environment(variables)
    assert found.client["credentials"].password == CANARIES["password"]
    secret = found.client["credentials"].partner_secret_key
    assert secret == CANARIES["partner_secret_key"]
    assert found.client["private_key"].public_key == partner_key().public_key


def private_key_file(folder: Path) -> Path:
    """Write the partner's key where only its owner can read it."""
    path = folder / "private.pem"
    path.touch(0o600)
    path.write_bytes((KEYS / "rsa-2048.pem").read_bytes())
    return path


def test_an_encrypted_key(tmp_path: Path) -> None:
    """The password of a key is a secret like the others."""
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        PrivateFormat,
        load_pem_private_key,
    )

    plain = load_pem_private_key((KEYS / "rsa-2048.pem").read_bytes(), None)
    pem = plain.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"opens")
    )
    file = tmp_path / "password"
    file.write_text("opens\n")
    for extra in ({"PRIVATE_KEY_PASSWORD": "opens"},
                  {"PRIVATE_KEY_PASSWORD_FILE": str(file)}):  # fmt: skip
        found = read_environment(with_(PRIVATE_KEY=pem.decode(), **extra))
        assert found.client["private_key"].public_key == partner_key().public_key
    with pytest.raises(KeyLoadError, match="password"):
        read_environment(with_(PRIVATE_KEY=pem.decode()))


def test_a_pkcs12_file(tmp_path: Path) -> None:
    """A private key may come in PKCS#12, in base64 too; its password is the same."""
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        load_pem_private_key,
        pkcs12,
    )

    plain = load_pem_private_key((KEYS / "rsa-2048.pem").read_bytes(), None)
    assert isinstance(plain, rsa.RSAPrivateKey)
    data = pkcs12.serialize_key_and_certificates(
        b"", plain, None, None, BestAvailableEncryption(b"opens")
    )
    file = tmp_path / "key.p12"
    file.touch(0o600)
    file.write_bytes(data)
    text = base64.b64encode(data).decode()
    for given in ({"PRIVATE_KEY": "", "PRIVATE_KEY_FILE": str(file)},
                  {"PRIVATE_KEY": text}):  # fmt: skip
        found = read_environment(with_(PRIVATE_KEY_PASSWORD="opens", **given))
        assert found.client["private_key"].public_key == partner_key().public_key
        with pytest.raises(KeyLoadError, match="no password was given"):
            read_environment(with_(**given))


def test_several_gateway_keys() -> None:
    """Several files make a ring, and one text one key."""
    paths = [KEYS / "other-2048.pub.pem", KEYS / "rsa-2048.pub.pem"]
    text = os.pathsep.join(map(str, paths)) + os.pathsep
    ring = read_environment(with_(GATEWAY_KEY_FILE=text)).client["gateway_key"]
    assert isinstance(ring, KeyRing)
    assert len(ring.keys) == 2
    variables = with_(GATEWAY_KEY=paths[0].read_text(), GATEWAY_KEY_FILE="")
    assert read_environment(variables).client["gateway_key"] == gateway_key()


def test_optional_settings() -> None:
    """Numbers, words and switches become arguments."""
    found = read_environment(
        with_(
            TIMEOUT="2.5",
            RETRIES="0",
            AMOUNT_FORMAT="string",
            ALLOW_PLAIN_HTTP="1",
            PROFILE="precision=17 unescaped_slashes unescaped_unicode ksort=7",
            PROXY="http://proxy.example:3128",
        )
    )
    assert found.client["timeout"] == 2.5
    assert found.client["retries"] == 0
    assert found.client["amount_format"] == "string"
    assert found.client["allow_plain_http"] is True
    assert found.client["profile"] == Profile(17, True, True, "7")  # noqa: FBT003 - as it is called
    assert found.transport == {"proxy": "http://proxy.example:3128"}


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"TIMEOUT": "soon"}, "KESSPAY_TIMEOUT"),
        ({"RETRIES": "2.5"}, "KESSPAY_RETRIES"),
        ({"ALLOW_PLAIN_HTTP": "perhaps"}, "KESSPAY_ALLOW_PLAIN_HTTP"),
        ({"PROFILE": "precision=16"}, "got a word of 12"),
        ({"PROFILE": "pretty"}, "KESSPAY_PROFILE: the words of a profile are"),
        ({"PASSWORD_FILE": "x"}, "KESSPAY_PASSWORD_FILE, not both"),
        ({"PRIVATE_KEY_FILE": "x"}, "KESSPAY_PRIVATE_KEY_FILE, not both"),
        ({"PRIVATE_KEY_PASSWORD": "a", "PRIVATE_KEY_PASSWORD_FILE": "b"}, "not both"),
        ({"PASSWORD": "", "PASSWORD_FILE": "/etc/no"}, "'/etc/no': No such file"),
        ({"CLIENT_KEY_FILE": "x"}, "KESSPAY_CLIENT_CERT_FILE"),
        ({"CA_FILE": "no/such"}, "KESSPAY_CA_FILE"),
    ],
)
def test_settings_that_are_refused(variables: dict[str, str], message: str) -> None:
    """What cannot be read names its variable, and no secret."""
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        read_environment(with_(**variables))
    assert not [one for one in CANARIES.values() if one in str(caught.value)]
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("TIMOUT", "TIMEOUT"),
        ("CA_FIEL", "CA_FILE"),
        ("CAFILE", "CA_FILE"),
        ("GATEWAY_KEY_FILES", "GATEWAY_KEY_FILE"),
        ("PROFILES", "PROFILE"),
    ],
)
def test_a_misspelt_name_is_logged(
    caplog: pytest.LogCaptureFixture, name: str, meant: str
) -> None:
    """A setting without effect is no silence; its value is not shown."""
    read_environment(with_(**{name: "canary"}))
    assert caplog.messages == [
        f"unknown variable KESSPAY_{name} has no effect (did you mean KESSPAY_{meant}?)"
    ]


def test_names_that_others_read(caplog: pytest.LogCaptureFixture) -> None:
    """What commands, builds and tests read is like no setting, and is not logged."""
    others: dict[Any, str] = dict.fromkeys([*_ELSEWHERE, 5, "KESSPAY_MINE"], "x")
    read_environment({**others, **SETTINGS})
    assert caplog.messages == []


@pytest.mark.parametrize("name", ["BASE_URL", "TIMEOUT", "PROFILE", "CA_FILE"])
def test_variables_that_are_no_texts(name: str) -> None:
    """They are refused by name; None, as of a line without a value, is not set."""
    wrong: dict[str, Any] = {**SETTINGS, f"KESSPAY_{name}": 5}
    with pytest.raises(InputError, match=f"KESSPAY_{name} must be a str, not an int"):
        read_environment(wrong)
    empty: dict[str, Any] = {**SETTINGS, f"KESSPAY_{name}": None}
    if name == "BASE_URL":
        with pytest.raises(InputError, match="not set: KESSPAY_BASE_URL"):
            read_environment(empty)
    else:
        assert read_environment(empty).client["profile"] == PHP_8


@pytest.mark.parametrize("value", [5, "KESSPAY_TIMEOUT=5", ["a"]])
def test_variables_that_are_no_mapping(value: Any) -> None:  # noqa: ANN401 - of any type
    """They are refused at once."""
    with pytest.raises(InputError, match="variables must be a Mapping"):
        read_environment(value)
    with pytest.raises(InputError, match="ca_file must be a str, bytes or path"):
        read_environment(SETTINGS, ca_file=5)  # type: ignore[arg-type] # that is the test


def test_a_secret_that_is_no_text(tmp_path: Path) -> None:
    """A file that is no UTF-8 is refused, and not quoted."""
    path = tmp_path / "secret"
    path.write_bytes(b"canary\xff")
    with pytest.raises(InputError, match="UnicodeDecodeError") as caught:
        read_environment(with_(PASSWORD="", PASSWORD_FILE=str(path)))
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\xef\xbb\xbfcanary", "byte order mark: save it as UTF-8 without one"),
        (b"\xff\xfec\x00a\x00", "UnicodeDecodeError"),
        (b"canary" * 11_000, "longer than 64 KiB"),
    ],
)
def test_a_secret_as_other_tools_save_it(
    tmp_path: Path, content: bytes, why: str
) -> None:
    """A mark that is not seen would be a part of the password, and log in wrongly."""
    path = tmp_path / "secret"
    path.write_bytes(content)
    for name in ("PASSWORD", "PARTNER_SECRET_KEY"):
        with pytest.raises(InputError, match=why) as caught:
            read_environment(with_(**{name: "", f"{name}_FILE": str(path)}))
        assert "canary" not in str(caught.value)


def test_a_secret_that_is_a_device() -> None:
    """It has no end, and is not read to it."""
    with pytest.raises(InputError, match="longer than 64 KiB"):
        read_environment(with_(PASSWORD="", PASSWORD_FILE="/dev/zero"))


def test_a_credential_that_breaks_a_rule() -> None:
    """The rules of credentials hold, and the error hides the value."""
    with pytest.raises(FieldError, match="hidden"):
        read_environment(with_(PARTNER_SECRET_KEY="two\nlines"))


def test_tls(tmp_path: Path, make_certificate: Callable[..., Any]) -> None:
    """Own authorities and a client certificate make a context that verifies."""
    authority, certificate, key = make_certificate(tmp_path)
    found = read_environment(
        with_(CA_FILE=authority, CLIENT_CERT_FILE=certificate, CLIENT_KEY_FILE=key)
    )
    context = found.transport["ssl_context"]
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert len(context.get_ca_certs()) == 1
    found = read_environment(with_(CA_FILE=authority))
    assert found.transport["ssl_context"].verify_mode == ssl.CERT_REQUIRED


def test_authorities_of_an_argument(
    tmp_path: Path, make_certificate: Callable[..., Any]
) -> None:
    """``ca_file`` stands for the variable, and errors name it."""
    authority, certificate, key = make_certificate(tmp_path)
    variables = with_(
        CA_FILE="no/such", CLIENT_CERT_FILE=certificate, CLIENT_KEY_FILE=key
    )
    found = read_environment(variables, ca_file=Path(authority))
    assert len(found.transport["ssl_context"].get_ca_certs()) == 1
    with pytest.raises(InputError, match=r"^ca_file: "):
        read_environment(with_(), ca_file="no/such")


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_authorities_of_a_client(
    tmp_path: Path, make_certificate: Callable[..., Any], kind: type[Any]
) -> None:
    """Both ways to make a client take ``ca_file``, unless it has its own transport."""
    authority, *_ = make_certificate(tmp_path)
    made = kind.from_env(with_(), ca_file=authority)
    settings = read_environment(with_()).client
    for one in (made, kind(**settings, ca_file=authority)):
        context = one._transport._ssl_context
        assert len(context.get_ca_certs()) == 1
        assert context.verify_mode == ssl.CERT_REQUIRED
    with pytest.raises(InputError, match="ca_file"):
        kind(**settings, ca_file=authority, transport=object())
    with pytest.raises(InputError, match="ca_file"):
        kind.from_env(with_(), ca_file=authority, transport=object())


def test_an_encrypted_client_key_opens_no_prompt(
    tmp_path: Path, make_certificate: Callable[..., Any]
) -> None:
    """A service must not hang at a prompt."""
    _, certificate, key = make_certificate(tmp_path, password=b"secret")
    with pytest.raises(InputError, match=r"KESSPAY_CLIENT_KEY_FILE: .*encrypted"):
        read_environment(with_(CLIENT_CERT_FILE=certificate, CLIENT_KEY_FILE=key))


@pytest.fixture
def make_certificate() -> Callable[..., tuple[str, str, str]]:
    """Return a function that writes an authority, a certificate and its key."""
    import datetime as dt

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    def write(folder: Path, password: bytes = b"") -> tuple[str, str, str]:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
        now = dt.datetime.now(dt.UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now)
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        lock = BestAvailableEncryption(password) if password else NoEncryption()
        (folder / "cert.pem").write_bytes(made.public_bytes(Encoding.PEM))
        (folder / "key.pem").write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)
        )
        cert = str(folder / "cert.pem")
        return cert, cert, str(folder / "key.pem")

    return write


def test_a_client_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an argument the variables of the process are read."""
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    with Client.from_env() as made:
        assert repr(made) == f"<Client {BASE_URL} partner partner-1>"


def test_an_async_client_from_the_environment() -> None:
    """The asynchronous client reads the same variables."""

    async def main() -> None:
        async with AsyncClient.from_env(with_(TIMEOUT="7")) as made:
            assert made._timeout == 7

    asyncio.run(main())


def test_arguments_replace_variables() -> None:
    """What is given as an argument need not be in a variable."""
    script = Script(token_answer())
    made = Client.from_env(
        {},
        base_url=BASE_URL,
        credentials=credentials(),
        private_key=partner_key(),
        gateway_key=gateway_key(),
        timeout=3,
        transport=script,
    )
    assert made.token().expire_in == 3600
    assert script.timeouts[0] <= 3


def test_every_variable_is_documented() -> None:
    """The table in the module names each variable that is read, and no other."""
    text = environment.__doc__ or ""
    named = set()
    for name, file in re.findall(r"``(KESSPAY_[A-Z_]+)(\[_FILE\])?``", text):
        named |= {name, f"{name}_FILE"} if file else {name}
    assert named - {"KESSPAY_PASSWORD_FILE"} == VARIABLES - {"KESSPAY_PASSWORD_FILE"}
