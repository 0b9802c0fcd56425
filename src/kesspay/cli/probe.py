"""
``kesspay probe``: ask a sandbox what the API document leaves open.

The numbers are those of the page "Notes on the API document" (docs/api-notes.md),
which lists what the document leaves open. Nothing here moves money but
``_confirm_twice``, which needs an amount.

Several profiles are tried on an answer to find out how a sandbox is configured,
and never to believe an answer: a client has one profile.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from dataclasses import asdict, dataclass
from decimal import Decimal
from functools import partial
from hmac import compare_digest
from typing import TYPE_CHECKING, Any, Final, Literal

import click

from kesspay._checks import seconds
from kesspay._pages import PAGES, how_to_read, located
from kesspay.cli.options import gateway_options
from kesspay.cli.outcome import EXIT_CHECK_FAILED, EXIT_OK, Outcome
from kesspay.errors import GatewayError, InputError, InvalidSignature, TransportError
from kesspay.gateway.answers import broken
from kesspay.gateway.endpoint import Endpoint
from kesspay.gateway.events import TOKEN
from kesspay.gateway.messages import CONFIRM, CREATE, QUERY, Token
from kesspay.gateway.protocol import (
    build_call,
    build_service_body,
    build_token,
    parse_token,
)
from kesspay.gateway.services import UNAUTHORIZED, VALIDATIONERROR
from kesspay.signing.documents import canonicalize, verify_document
from kesspay.signing.profile import PHP_8, Profile


if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kesspay.cli.options import Settings
    from kesspay.cli.printer import Printer
    from kesspay.gateway.messages import HttpResponse
    from kesspay.http.transport import Transport
    from kesspay.signing.documents import Verifier
    from kesspay.signing.keyring import KeyRing


__all__ = ["PROFILES", "Answer", "Finding", "Probing", "judged", "probe"]

_HELP: Final = f"""\
Ask a sandbox account what the API document leaves open.

It logs in twice, which may end a token in use, and makes a few
pre-transfers to --receiver; without --confirm-amount no money moves. It is
for a sandbox only: --sandbox says that the account is one.

It prints what was found, and the settings that fit. Exit code 1 means that a
question stayed open. {PAGES["notes"]} explains each note.

\b
JSON fields
    findings  list of: note (number of the question), question, verdict
              ("settled", "open" or "skipped"), finding, evidence, setting,
              page (of the documentation, about this note)
    settings  object: the variables that fit, and their values
"""

#: What a question about a sandbox may cost, in dollars.
_MOST: Final = Decimal(1)
_STYLES: Final = {"settled": "green", "open": "bold red"}


@click.command("probe", help=_HELP)
@click.option("--sandbox", is_flag=True, help="The account is one of a sandbox.")
@click.option(
    "--receiver", required=True, metavar="ID", help="A KESS user of the sandbox."
)
@click.option(
    "--confirm-amount",
    metavar="AMOUNT",
    help="Also confirm a transfer of this amount, at most 1 dollar.",
)
@gateway_options
def probe(
    settings: Settings, *, sandbox: bool, receiver: str, confirm_amount: str | None
) -> Outcome:
    """Ask every question."""
    from kesspay.cli.inputs import read_amount
    from kesspay.gateway.messages import check_receiver

    if not sandbox:
        raise InputError(
            "the probe is for sandboxes only; give --sandbox if the account is one"
        )
    check_receiver("receiver_id", receiver)
    amount = None if confirm_amount is None else read_amount(confirm_amount)
    if amount is not None and amount > _MOST:
        raise InputError(f"--confirm-amount is at most {_MOST} dollar")
    found = settings.environment()
    transport = settings.transport(found.transport)
    findings = Probing(found.client, transport, receiver=receiver, amount=amount).run()
    fitting = dict(
        finding.setting.split("=", 1) for finding in findings if finding.setting
    )
    is_open = any(finding.verdict == "open" for finding in findings)

    def view(printer: Printer) -> None:
        for finding in findings:
            head = f"{finding.verdict:<8} note {finding.note:>2}  {finding.question}"
            printer.line(head, _STYLES.get(finding.verdict, ""))
            printer.line(f"{'':<18}{finding.finding}")
            if finding.evidence:
                printer.line(f"{'':<18}({finding.evidence})")
            printer.line(f"{'':<18}{finding.page}")
        printer.line()
        if how_to_read():
            printer.line(how_to_read())
            printer.line()
        printer.line("The settings that fit:")
        for name, value in fitting.items():
            printer.line(f"    {name}={value}")

    return Outcome(
        "probe",
        {
            "findings": [asdict(one) | {"page": one.page} for one in findings],
            "settings": fitting,
        },
        view,
        EXIT_CHECK_FAILED if is_open else EXIT_OK,
    )


Verdict = Literal["settled", "open", "skipped"]

_AMOUNT: Final = Decimal("0.10")
#: Every profile writes this name in a way of its own.
_TELLING_NAME: Final = "Probe / \u1785\u17b6\u1793\u17cb"
_PLAIN_NAME: Final = "Probe"
_SPACED_NAME: Final = " Probe "
_BAD_REQUEST: Final = 400
_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Finding:
    """
    The result of one question.

    Attributes:
        note: its number among the notes on the API document.
        question: in words.
        verdict: "settled", "open", or "skipped" where it was not asked.
        finding: the answer, or why there is none.
        evidence: what the gateway sent; never a secret.
        setting: the variable that fits, "NAME=value", or "".
    """

    note: int
    question: str
    verdict: Verdict
    finding: str
    evidence: str = ""
    setting: str = ""

    @property
    def page(self) -> str:
        """The page that explains the note."""
        return located(PAGES[f"note_{self.note}"].link)


class Probing:
    """
    Asks every question that one account can settle.

    Args:
        client: arguments of a client.
        transport: how requests travel.
        receiver: who would get money; no money moves without an amount.
        amount: what to confirm, or None to confirm nothing.
    """

    def __init__(
        self,
        client: dict[str, Any],
        transport: Transport,
        *,
        receiver: str,
        amount: Decimal | None,
    ) -> None:
        """Take the settings; nothing is sent."""
        allow = client.get("allow_plain_http", False)
        self._endpoint = Endpoint(client["base_url"], allow_plain_http=allow)
        self._credentials = client["credentials"]
        self._signer = client["private_key"]
        self._verifier = client["gateway_key"]
        self._timeout = seconds(client.get("timeout", _SECONDS))
        self._configured: Profile = client["profile"]
        self._transport = transport
        self._receiver = receiver
        self._amount = amount
        self._tokens: list[Token] = []
        self._answers: list[Answer] = []
        #: Under which profile a request with everything in it was accepted.
        self._accepted: Profile | None = None
        self._amount_format = "number"
        self._created: Answer | None = None
        self._params: dict[str, object] = {}

    def run(self) -> list[Finding]:
        """
        Ask, and return what was found, in the order of the notes.

        Raises:
            AuthenticationFailed, NotSent: there is no token, so nothing can
                be asked.
        """
        found = [self._token_shape()]
        questions: list[tuple[int, str, Callable[[int, str], Finding]]] = [
            (17, "are refusals with HTTP 400 signed?", self._signed_refusal),
            (18, "is HTTP 401 unsigned?", self._unsigned_401),
            (7, "is an amount sent as number or as string?", self._amount_sent),
            (8, "how do answers write an amount?", self._amount_answered),
            (22, "what does a second create of one out_trade_no do?", self._twice),
            (25, "are spaces at the edges kept?", self._spaces),
            (23, "what does a second confirm do?", self._confirm_twice),
            (6, "does a new token end the old one?", self._second_token),
            (28, "which PHP settings does the gateway have?", self._profile),
        ]
        for note, question, ask in questions:
            try:
                found.append(ask(note, question))
            except (GatewayError, TransportError) as error:
                finding = f"no usable answer: {error}"
                found.append(Finding(note, question, "open", finding))
        return sorted(found, key=lambda finding: finding.note)

    def _token_shape(self) -> Finding:
        response = self._log_in()
        answer = json.loads(response.body)
        data = answer.get("data")
        wrapped = isinstance(data, dict) and "access_token" in data
        fields = data if wrapped else answer
        name = next((n for n in ("expire_in", "expires_in") if n in fields), "")
        value = fields.get(name)
        kind = {int: "a number", str: "a string"}.get(type(value), "of no use")
        shape = 'wrapped in "data"' if wrapped else "bare"
        life = f'"{name}" is {kind}' if name else "no lifetime is stated"
        return Finding(
            5,
            "what does the answer to a log-in look like?",
            "settled",
            f"{shape}; {life}; kesspay reads it",
            f"{name}: {value!r:.40}" if name else "",
        )

    def _signed_refusal(self, note: int, question: str) -> Finding:
        answer = self._call(QUERY, {"out_trade_no": _reference()}, PHP_8)
        verdict: Verdict = "settled"
        if answer.profiles:
            finding = "signed"
        elif answer.has_sign:
            finding = "signed with another key than KESSPAY_GATEWAY_KEY"
            verdict = "open"
        else:
            finding = "unsigned: kesspay accepts no refusal of this gateway"
        if answer.status != _BAD_REQUEST:
            finding = f"{finding}; and not HTTP 400"
        return Finding(note, question, verdict, finding, answer.summary)

    def _unsigned_401(self, note: int, question: str) -> Finding:
        wrong = Token("kesspay-probe-no-token", None)
        answer = self._call(QUERY, {"out_trade_no": _reference()}, PHP_8, wrong)
        if answer.status != UNAUTHORIZED:
            finding = "a wrong token is not answered with HTTP 401"
            return Finding(note, question, "open", finding, answer.summary)
        finding = "signed" if answer.has_sign else "unsigned, as documented"
        return Finding(note, question, "settled", finding, answer.summary)

    def _amount_sent(self, note: int, question: str) -> Finding:
        """Find the profile and the form of an amount that are accepted."""
        number = self._search("number")
        taken = [] if self._accepted is None else ["number"]
        string = self._search("string")
        if string.data:
            taken.append("string")
        evidence = f"number: {number.summary}; string: {string.summary}"
        if not taken:
            why = number.code or string.code or "no verified answer"
            finding = f"neither is accepted ({why}); give another --receiver?"
            return Finding(note, question, "open", finding, evidence)
        self._amount_format = taken[0]
        finding = " and ".join(taken)
        setting = f"KESSPAY_AMOUNT_FORMAT={taken[0]}"
        return Finding(note, question, "settled", finding, evidence, setting)

    def _search(self, amount_format: str) -> Answer:
        """Create under one profile after the other, until one is accepted."""
        tried = [self._accepted] if self._accepted else self._candidates(amount_format)
        for profile in tried:
            params = self._create_params(_TELLING_NAME, amount_format)
            answer = self._call(CREATE, params, profile)
            if answer.data and self._accepted is None:
                self._accepted, self._created = profile, answer
                self._params = params
            if answer.data or answer.code != VALIDATIONERROR:
                break
        return answer

    def _candidates(self, amount_format: str) -> list[Profile]:
        """List the profiles that requests distinguish, the configured one first."""
        forms: dict[bytes, Profile] = {}
        for one in (self._configured, *PROFILES):
            forms.setdefault(self._form(one, amount_format), one)
        return list(forms.values())

    def _form(self, profile: Profile, amount_format: str) -> bytes:
        """Return what is signed of a request under a profile."""
        params = self._create_params(_TELLING_NAME, amount_format)
        return canonicalize({**params, "out_trade_no": ""}, profile=profile)

    def _amount_answered(self, note: int, question: str) -> Finding:
        amount = self._created.amount if self._created else ""
        if not amount:
            return _nothing_created(note, question)
        kind = "a string" if amount.startswith('"') else "a number"
        finding = f"as {kind}; kesspay reads both exactly"
        return Finding(note, question, "settled", finding, amount)

    def _twice(self, note: int, question: str) -> Finding:
        if self._created is None or self._accepted is None:
            return _nothing_created(note, question)
        again = self._call(CREATE, self._params, self._accepted)
        if not again.data:
            finding = f"it is refused with {again.code or 'no verified code'}"
        elif _id_of(again) == _id_of(self._created):
            finding = "it gives the same pre-transfer again"
        else:
            finding = "it makes a second pre-transfer: use each for one create only"
        return Finding(note, question, "settled", finding, again.summary)

    def _spaces(self, note: int, question: str) -> Finding:
        if self._accepted is None:
            return _nothing_created(note, question)
        params = self._create_params(_SPACED_NAME, self._amount_format)
        answer = self._call(CREATE, params, self._accepted)
        if answer.data:
            finding = "yes: the name was signed and taken with them"
        else:
            finding = "no: they are trimmed or refused; kesspay never sends them"
        return Finding(note, question, "settled", finding, answer.summary)

    def _confirm_twice(self, note: int, question: str) -> Finding:
        if self._amount is None:
            finding = "needs --confirm-amount, which moves money of the sandbox"
            return Finding(note, question, "skipped", finding)
        if self._accepted is None:
            return _nothing_created(note, question)
        profile = self._accepted
        params = self._create_params(_PLAIN_NAME, self._amount_format, self._amount)
        created = self._call(CREATE, params, profile)
        if not created.data:
            finding = "the create for it was refused"
            return Finding(note, question, "open", finding, created.summary)
        confirm = {
            "pre_transfer_id": _id_of(created),
            "partner_transaction_id": _reference(),
        }
        first = self._call(CONFIRM, confirm, profile)
        second = self._call(CONFIRM, confirm, profile)
        asked = self._call(QUERY, {"out_trade_no": params["out_trade_no"]}, profile)
        evidence = (
            f"first: {first.summary}; second: {second.summary}; query: "
            f"{asked.data.get('result_code', asked.summary)!r:.64}"
        )
        if not first.data:
            finding = "the first confirm had no success; see the evidence"
            return Finding(note, question, "open", finding, evidence)
        finding = f"it is refused with {second.code or 'no verified code'}"
        if second.data:
            finding = "it is answered with success again; look at the balance"
        return Finding(note, question, "settled", finding, evidence)

    def _second_token(self, note: int, question: str) -> Finding:
        self._log_in()
        before, after = self._tokens[-2:]
        if compare_digest(before.access_token, after.access_token):
            finding = "the same token is given again"
            return Finding(note, question, "settled", finding)
        answer = self._call(QUERY, {"out_trade_no": _reference()}, PHP_8, before)
        if answer.status == UNAUTHORIZED:
            finding = "yes: processes of one account need one TokenStore"
        else:
            finding = "no: both are taken"
        evidence = f"with the old token: {answer.summary}"
        return Finding(note, question, "settled", finding, evidence)

    def _profile(self, note: int, question: str) -> Finding:
        """Compare what verifies with what was accepted."""
        signed = [answer for answer in self._answers if answer.has_sign]
        common = [
            profile
            for profile in PROFILES
            if signed and all(profile in answer.profiles for answer in signed)
        ]
        evidence = (
            f"answers with a signature: {len(signed)}; profiles under which all "
            f"verify: {_listed(common)}; requests accepted under: "
            f"{_listed([self._accepted] if self._accepted else [])}"
        )
        if not common:
            finding = "none: no profile verifies the answers; is the gateway key right?"
            return Finding(note, question, "open", finding, evidence)
        if self._accepted is None:
            finding = "not settled, since nothing was created"
            return Finding(note, question, "open", finding, evidence)
        fitting = [one for one in common if self._agrees(one, self._accepted)]
        if not fitting:
            finding = "requests and answers need different profiles; a client has one"
            return Finding(note, question, "open", finding, evidence)
        fits = self._accepted if self._accepted in fitting else fitting[0]
        words = fits.words()
        finding = words or "those of PHP 8.2, the default"
        setting = f"KESSPAY_PROFILE={shlex.quote(words) if words else ''}"
        return Finding(note, question, "settled", finding, evidence, setting)

    def _agrees(self, profile: Profile, accepted: Profile) -> bool:
        """Return whether requests under two profiles are the same here."""
        # The precision shows in numbers only, ksort in no request at all.
        return self._form(profile, self._amount_format) == self._form(
            accepted, self._amount_format
        )

    def _create_params(
        self, sender: str, amount_format: str, amount: Decimal = _AMOUNT
    ) -> dict[str, object]:
        return {
            "out_trade_no": _reference(),
            "receiver_id": self._receiver,
            "sender_name": sender,
            "amount": f"{amount:.2f}" if amount_format == "string" else amount,
            "currency": "USD",
        }

    def _log_in(self) -> HttpResponse:
        request = build_token(self._endpoint, self._credentials)
        try:
            response = self._transport.send(request, timeout=self._timeout)
        except TransportError as error:
            raise broken(TOKEN, error, sent_before=False) from None
        self._tokens.append(parse_token(response))
        return response

    def _call(
        self,
        service: str,
        params: dict[str, object],
        profile: Profile,
        token: Token | None = None,
    ) -> Answer:
        body = build_service_body(service, params, self._signer, profile=profile)
        request = build_call(self._endpoint, token or self._tokens[-1], body)
        response = self._transport.send(request, timeout=self._timeout)
        answer = judged(response, self._verifier)
        self._answers.append(answer)
        return answer


def _reference() -> str:
    return f"probe-{os.urandom(8).hex()}"


def _id_of(created: Answer) -> object:
    return created.data.get("pre_transfer_id")


def _listed(profiles: Sequence[Profile]) -> str:
    """Name profiles; where ksort makes no difference it is left out."""
    newest = [profile for profile in profiles if profile.ksort == PHP_8.ksort]
    words = [profile.words() or "PHP 8.2" for profile in newest or profiles]
    return ", ".join(words) or "none"


def _nothing_created(note: int, question: str) -> Finding:
    return Finding(note, question, "open", "nothing could be created; see note 7")


#: Every profile there is; those that differ least from PHP 8.2 come first.
PROFILES: Final = Profile.every()

_WRITTEN_AMOUNT: Final = re.compile(r'"amount"\s*:\s*("[^"]{0,40}"|[-+.0-9eE]{1,40})')


@dataclass(frozen=True, slots=True)
class Answer:
    """
    One answer of the gateway.

    Attributes:
        status: HTTP status.
        has_sign: whether it carries a signature, right or wrong.
        profiles: those under which it verifies, in the order of PROFILES.
        fields: what verified, or {}.
        claimed: the error code of the body, verified or not, or "".
        amount: how the body writes an amount, or "".
    """

    status: int
    has_sign: bool
    profiles: tuple[Profile, ...]
    fields: dict[str, Any]
    claimed: str
    amount: str

    @property
    def data(self) -> dict[str, Any]:
        """What a verified success holds, or {}."""
        data = self.fields.get("data")
        is_success = self.fields.get("success") is True
        return data if is_success and isinstance(data, dict) else {}

    @property
    def code(self) -> str:
        """The error code of a verified refusal, or ""."""
        return self.claimed if self.fields and not self.data else ""

    @property
    def summary(self) -> str:
        """Status, code and signature in words."""
        signature = "unsigned"
        if self.profiles:
            signature = "signed"
        elif self.has_sign:
            signature = "with a signature that does not verify"
        what = "success" if self.data else self.claimed or "no error code"
        return f"HTTP {self.status}, {what}, {signature}"


def judged(response: HttpResponse, verifier: Verifier | KeyRing) -> Answer:
    """
    Verify an answer under every profile.

    Args:
        response: as it was recorded.
        verifier: the gateway's public key or keys.
    """
    try:
        body = json.loads(response.body)
    except (ValueError, RecursionError):
        body = {}
    raw = body if isinstance(body, dict) else {}
    code = raw.get("error_code")
    amount = _WRITTEN_AMOUNT.search(response.body.decode("utf-8", "replace"))
    verified = [
        (profile, canonical)
        for profile in PROFILES
        if (canonical := _verified(verifier, response.body, profile)) is not None
    ]
    fields = partial(json.loads, parse_float=Decimal)
    return Answer(
        status=response.status,
        has_sign="sign" in raw,
        profiles=tuple(profile for profile, _ in verified),
        fields=fields(verified[0][1]) if verified else {},
        claimed=code if isinstance(code, str) else "",
        amount=amount[1] if amount else "",
    )


def _verified(
    verifier: Verifier | KeyRing, body: bytes, profile: Profile
) -> bytes | None:
    try:
        return verify_document(verifier, body, profile=profile)
    except InvalidSignature:
        return None
