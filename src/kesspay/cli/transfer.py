"""
``kesspay transfer``: create, confirm and query a fund transfer.

The protocol has no nonce, so an answer counts only where it repeats the transfer
field by field. So ``create`` prints every field as JSON, and ``confirm`` and
``query`` read it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import click

from kesspay._shown import shown_path, shown_value
from kesspay.cli.inputs import can_ask, is_stdin, read_amount, read_file
from kesspay.cli.options import FILE, gateway_options, out_option
from kesspay.cli.outcome import Outcome
from kesspay.cli.printer import printable
from kesspay.errors import InputError, NotSent, OutcomeUnknown
from kesspay.gateway.messages import FundTransfer, PreTransfer


if TYPE_CHECKING:
    from collections.abc import Iterable

    from kesspay.cli.options import Settings
    from kesspay.gateway.messages import CreateFundTransfer, Queried


__all__ = ["fields_of", "read_pre_transfer", "rows_of", "transfer"]

_CREATE_HELP: Final = """\
Create a pre-transfer. No money moves.

Keep what is printed: confirm and query compare the gateway's answer with
it. Use each --out-trade-no for one create only, and write it down before.

\b
    kesspay transfer create --out-trade-no order-1 --receiver 85512345678 \\
        --sender "Chan Sophea" --amount 0.50 > pre.json
    kesspay transfer confirm pre.json --partner-transaction-id debit-1 --yes

Exit code 10 means that the gateway refused it; 20 that it may exist, which
costs nothing: start again with a new --out-trade-no.

\b
JSON fields
    transfer   out_trade_no, receiver_id, amount (a text), currency,
               pre_transfer_id, receiver_name (show it to the sender),
               expire_in (seconds, from when it was created)
    canonical  the text that verified, as evidence
"""

_CONFIRM_HELP: Final = """\
Carry out the pre-transfer in FILE: the receiver gets the money.

FILE holds what create printed. On a terminal you are asked first; anywhere
else --yes is required.

Exit code 20 means that the money may have moved: query, do not refund, and
do not create another transfer. Exit code 10 is final only where no confirm of
this pre-transfer was sent before: give --sent-before where one may have been.
Exit code 11 means that nothing was sent.

\b
JSON fields
    transfer   result_code, fund_transfer_id, out_trade_no, receiver_id,
               amount (a text), currency, pre_transfer_id, receiver_name
    canonical  the text that verified, as evidence
"""

_QUERY_HELP: Final = """\
Ask whether a transfer was carried out. Changes nothing.

FILE holds what create printed; without it, give --out-trade-no, --receiver
and --amount as create had them. The answer must repeat them.

Exit code 0 means that the receiver has the money. Every answer that
is not a success is exit code 20, with its code as evidence: until a query
succeeds, the transfer is neither paid nor failed.

\b
JSON fields
    transfer   result_code, fund_transfer_id, out_trade_no, receiver_id,
               amount (a text), currency, pre_transfer_id (or null),
               receiver_name
    canonical  the text that verified, as evidence
"""


@click.group("transfer")
def transfer() -> None:
    """Create, confirm and query a fund transfer."""


@transfer.command("create", help=_CREATE_HELP)
@click.option("--out-trade-no", required=True, metavar="ID", help="Your reference.")
@click.option(
    "--receiver", required=True, metavar="ID", help="KESS user ID or phone number."
)
@click.option("--sender", required=True, metavar="NAME", help="Your customer's name.")
@click.option("--amount", required=True, metavar="AMOUNT", help='Such as "0.50".')
@click.option(
    "--currency", default="USD", show_default=True, help="Currency of the amount."
)
@out_option
@gateway_options
def create(
    settings: Settings,
    *,
    out_trade_no: str,
    receiver: str,
    sender: str,
    amount: str,
    currency: str,
) -> Outcome:
    """Create a pre-transfer."""
    request = _request(out_trade_no, receiver, sender, amount, currency)
    with settings.client() as client:
        created = client.create_fund_transfer(request)
    return _outcome("transfer create", created)


@transfer.command("confirm", help=_CONFIRM_HELP)
@click.argument("file", type=FILE)
@click.option(
    "--partner-transaction-id",
    required=True,
    metavar="ID",
    help="Your id of the customer's debit.",
)
@click.option(
    "--sent-before",
    is_flag=True,
    help="A confirm of this pre-transfer may have been sent already.",
)
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@out_option
@gateway_options
def confirm(
    settings: Settings,
    *,
    file: str,
    partner_transaction_id: str,
    sent_before: bool,
    yes: bool,
) -> Outcome:
    """Carry out a pre-transfer."""
    from kesspay.gateway.messages import ConfirmFundTransfer

    if not yes and (is_stdin(file) or not can_ask()):
        raise InputError("there is no terminal to ask on: give --yes to move money")
    created = read_pre_transfer(file)
    # The question comes only where the confirm can be sent.
    ConfirmFundTransfer(created, partner_transaction_id)
    with settings.client() as client:
        if not yes:
            _ask(created)
        try:
            paid = client.confirm_fund_transfer(
                created,
                partner_transaction_id=partner_transaction_id,
                sent_before=sent_before,
            )
        except KeyboardInterrupt:
            message = "Interrupted while the confirm was under way."
            raise OutcomeUnknown(message) from None
    return _outcome("transfer confirm", paid)


@transfer.command("query", help=_QUERY_HELP)
@click.argument("file", type=FILE, required=False)
@click.option("--out-trade-no", metavar="ID", help="Your reference.")
@click.option("--receiver", metavar="ID", help="KESS user ID or phone number.")
@click.option("--amount", metavar="AMOUNT", help='Such as "0.50".')
@click.option(
    "--currency", default="USD", show_default=True, help="Currency of the amount."
)
@out_option
@gateway_options
def query(
    settings: Settings,
    *,
    file: str | None,
    out_trade_no: str | None,
    receiver: str | None,
    amount: str | None,
    currency: str,
) -> Outcome:
    """Ask whether a transfer was carried out."""
    from kesspay.gateway.messages import TransferReference

    asked: Queried
    if file is not None:
        if (out_trade_no, receiver, amount) != (None, None, None):
            raise InputError("give FILE or the fields of the transfer, not both")
        asked = read_pre_transfer(file)
    elif out_trade_no is None or receiver is None or amount is None:
        raise InputError("give FILE, or --out-trade-no, --receiver and --amount")
    else:
        asked = TransferReference(
            out_trade_no=out_trade_no,
            receiver_id=receiver,
            amount=read_amount(amount),
            currency=currency,
        )
    with settings.client() as client:
        found = client.query_fund_transfer(asked)
    return _outcome("transfer query", found)


def _request(
    out_trade_no: str, receiver: str, sender: str, amount: str, currency: str
) -> CreateFundTransfer:
    """
    Make a request of what the command line says.

    Raises:
        FieldError: a field breaks a rule.
    """
    from kesspay.gateway.messages import CreateFundTransfer

    return CreateFundTransfer(
        out_trade_no=out_trade_no,
        receiver_id=receiver,
        sender_name=sender,
        amount=read_amount(amount),
        currency=currency,
    )


def _ask(created: PreTransfer) -> None:
    """
    Ask whether the money may move.

    Raises:
        NotSent: it may not.
    """
    whom = f"{created.receiver_name} ({created.receiver_id})"
    question = f"Pay {created.amount:f} {created.currency} to {printable(whom)}?"
    if not click.confirm(question, err=True):
        message = "You did not agree, so nothing was sent."
        raise NotSent(message, next_step="give the command again to pay.")


def _outcome(command: str, found: PreTransfer | FundTransfer) -> Outcome:

    fields = fields_of(found)
    rows = rows_of(fields)
    return Outcome(
        command,
        {"transfer": fields, "canonical": found.canonical.decode()},
        lambda printer: printer.table(rows),
    )


_PRE_TRANSFER: Final = (
    "out_trade_no",
    "receiver_id",
    "amount",
    "currency",
    "pre_transfer_id",
    "receiver_name",
    "expire_in",
)
_FUND_TRANSFER: Final = (
    "result_code",
    "fund_transfer_id",
    "out_trade_no",
    "receiver_id",
    "amount",
    "currency",
    "pre_transfer_id",
    "receiver_name",
)


def read_pre_transfer(path: str) -> PreTransfer:
    """
    Read what ``kesspay transfer create`` printed.

    Args:
        path: of the file, or "-". It holds the whole JSON object, or only
            what stands in it under "transfer".

    Raises:
        InputError: it is something else.
        FieldError: a field breaks a rule.
    """
    found: object = None
    content = read_file(path)
    try:
        found = json.loads(content, object_pairs_hook=_object)
    except InputError:
        raise
    except (ValueError, RecursionError):
        # Its error holds the whole text, so it must not be the context.
        pass
    if isinstance(found, dict) and isinstance(found.get("transfer"), dict):
        found = found["transfer"]
    if not isinstance(found, dict):
        raise InputError(f"{shown_path(path)} holds no JSON object")
    missing = [name for name in _PRE_TRANSFER if name not in found]
    if missing:
        names = ", ".join(missing)
        raise InputError(
            f"{shown_path(path)} holds no pre-transfer: there is no {names}"
        )
    fields = {name: found[name] for name in _PRE_TRANSFER}
    return PreTransfer(**{**fields, "amount": read_amount(fields["amount"])})


def fields_of(transfer: PreTransfer | FundTransfer) -> dict[str, Any]:
    """Return the fields of a transfer as JSON has them; amounts are texts."""
    is_paid = isinstance(transfer, FundTransfer)
    names = _FUND_TRANSFER if is_paid else _PRE_TRANSFER
    fields = {name: getattr(transfer, name) for name in names}
    return {**fields, "amount": f"{transfer.amount:f}"}


def rows_of(fields: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the same for people."""
    return [
        (name.replace("_", " "), str(value))
        for name, value in fields.items()
        if value is not None
    ]


def _object(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse two members of one name: readers disagree which of them counts."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise InputError(
                f"the JSON object has a member twice ({shown_value(name)})"
            )
        found[name] = value
    return found
