"""
The forms of the status page: faults, the clock, the token of the partner.

They are plain HTML, without a script. A page of another site can send a form to this
machine without being asked first, so each form holds a CSRF token that only this page
has; without it nothing is done. ``web`` has already refused a foreign Host or Origin.
"""

from __future__ import annotations

from dataclasses import replace
from hmac import compare_digest
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from kesspay.errors import InputError
from kesspay.gateway.services import CONFIRM, CREATE, QUERY
from kesspay.sandbox import markup
from kesspay.sandbox.emulator import Reply
from kesspay.sandbox.faults import FAULTS, KINDS, LONGEST, MOST, TOKEN, WORD
from kesspay.sandbox.markup import escape


if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from kesspay.sandbox.faults import Fault
    from kesspay.sandbox.view import View
    from kesspay.sandbox.world import World


__all__ = ["ACTIONS", "Forms", "NotDone"]

#: Planned faults that are listed.
_ROWS: Final = 50
_FIELDS: Final = 20

_SERVICES: Final = {
    TOKEN: "log-in",
    CREATE: "create",
    CONFIRM: "confirm",
    QUERY: "query",
}
_CARRIED_OUT: Final = {
    "no": "not carried out",
    "yes": "carried out",
    "later": "carried out later",
}
_ARGUMENTS: Final = {"SECONDS": "Seconds", "FIELD": "Field", "CODE": "Code"}
_UNITS: Final = {"seconds": 1, "minutes": 60, "hours": 3600}
#: What a click advances the clock by, and what that is good for.
_STEPS: Final = (
    ("1", "minutes", "+1 min"),
    ("5", "minutes", "+5 min"),
    ("1", "hours", "+1 h"),
)

#: What a form has done, in the section it belongs to.
_DONE: Final = {
    "planned": "The fault waits for the next request that it fits.",
    "cleared": "No fault waits, and no seed chooses any.",
    "advanced": "The time of the sandbox was put forward.",
    "token-ended": "The token was ended: the next request is UNAUTHENTICATED.",
}


class NotDone(Exception):
    """A form that has done nothing, and why."""

    def __init__(self, status: int, text: str) -> None:
        """Store the HTTP status of the answer."""
        self.status = status
        super().__init__(text)


class Forms:
    """
    Shows the forms and does what they ask for. Any number of threads may use one.

    Args:
        world: what they change.
    """

    def __init__(self, world: World) -> None:
        """Make the CSRF token of this run."""
        self._world = world
        self._csrf_token = token_urlsafe(32)

    # -------------------------------------------------------- what they do

    def respond(
        self, path: str, view: View, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        """
        Do what a form asks for, and send the browser back to the page.

        Raises:
            NotDone: nothing was done.
        """
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            raise NotDone(415, "Nothing was done: this was not a form of the page.")
        fields = _fields(body)
        given = fields.pop("csrf_token", "").encode("utf-8", "replace")
        if not compare_digest(given, self._csrf_token.encode()):
            raise NotDone(
                403,
                "Nothing was done: the form was of an earlier run of the sandbox, or "
                "of another site. Use the forms of this page.",
            )
        act, done, anchor = ACTIONS[path]
        try:
            act(self._world, fields)
        except InputError as error:
            raise NotDone(400, f"Nothing was done: {error}.") from None
        if view.live:
            # The page refreshes again, so that the effect is seen.
            view = replace(view, form="")
        address = replace(view, done=done).address(anchor)
        return Reply(303, (("Location", address), ("Cache-Control", "no-store")), b"")

    # ---------------------------------------------------- how they look

    def time(self, view: View) -> str:
        """Return the section of the clock and the token."""
        world = self._world
        steps = "".join(
            self._form(
                "/page/advance",
                view,
                f'<input type="hidden" name="amount" value="{amount}">'
                f'<input type="hidden" name="unit" value="{unit}">'
                f"<button>{label}</button>",
            )
            for amount, unit, label in _STEPS
        )
        token = self._form("/page/end-token", view, "<button>End the token</button>")
        body = (
            _done(view, "advanced", "token-ended")
            + markup.facts(
                ("Now", markup.date(world.now())),
                ("Put forward by", escape(markup.span_of_time(world.ahead))),
            )
            + f'<div class="buttons">{steps}{token}</div>'
            + markup.panel(
                view,
                name="form-clock",
                title="Another step",
                body=self._step(replace(view, form="clock")),
                opened=view.form == "clock",
            )
        )
        note = "tokens, pre-transfers and delayed credits live on it"
        return markup.section("time", "Time", note, body)

    def faults(self, view: View) -> str:
        """Return the section of the faults: what waits, and a form for each."""
        planned = self._world.faults.planned()
        rate = self._world.faults.rate
        rows = [
            (
                markup.badge(one.fault, "warn"),
                escape(_SERVICES.get(one.service or "", "the next that fits")),
                str(one.times),
            )
            for one in planned[:_ROWS]
        ]
        waiting = markup.table(("Fault", "Request", "Times"), rows)
        if len(planned) > _ROWS:
            waiting += f'<p class="none">and {len(planned) - _ROWS} more</p>'
        if rate:
            waiting += (
                f'<p class="none">A seed gives {rate:.0%} of the requests a fault.</p>'
            )
        if planned or rate:
            button = "<button>Clear all</button>"
            form = self._form("/page/clear", view, button)
            waiting += f'<div class="buttons">{form}</div>'
        kinds = "".join(self._kind(view, name) for name in KINDS)
        body = (
            _done(view, "planned", "cleared")
            + f'<h3 class="head">Waiting for a request</h3>{waiting}'
            + f'<h3 class="head">Plan a fault</h3>{kinds}{self._several(view)}'
        )
        note = "how a gateway and a network fail"
        return markup.section("faults", "Faults", note, body)

    def _form(self, path: str, view: View, inside: str, kind: str = "") -> str:
        query = replace(view, done="").query()
        live = "&live=1" if view.live else ""
        action = escape(f"{path}?{query}{live}")
        return (
            f'<form method="post" action="{action}" class="{kind}">'
            f'<input type="hidden" name="csrf_token" value="{self._csrf_token}">'
            f"{inside}</form>"
        )

    def _step(self, view: View) -> str:
        units = "".join(f"<option>{unit}</option>" for unit in _UNITS)
        return self._form(
            "/page/advance",
            view,
            '<label>Advance by <input type="number" name="amount" min="0" '
            'max="1000000" step="any" value="30" required></label>'
            f'<label>Unit <select name="unit">{units}</select></label>'
            "<button>Advance</button>",
            "fields",
        )

    def _kind(self, view: View, name: str) -> str:
        title, faults = KINDS[name]
        inside = replace(view, form=name)
        return markup.panel(
            view,
            name=f"form-{name}",
            title=f"{escape(title)} <small>{len(faults)}</small>",
            body="".join(self._fault(inside, fault) for fault in faults),
            opened=view.form == name,
        )

    def _fault(self, view: View, fault: Fault) -> str:
        carried = markup.badge(
            _CARRIED_OUT[fault.carried_out], "" if fault.carried_out == "no" else "warn"
        )
        return self._form(
            "/page/fault",
            view,
            f'<div class="what"><h4>{markup.code(fault.name)}</h4>{carried}'
            f"<p>{escape(fault.shows)}</p></div>"
            f'<input type="hidden" name="fault" value="{escape(fault.name)}">'
            f'<div class="fields">{_argument(fault)}{_request(fault.services)}{_TIMES}'
            f'<button aria-label="Plan {escape(fault.name)}">Plan</button></div>',
            "fault",
        )

    def _several(self, view: View) -> str:
        form = self._form(
            "/page/fault",
            replace(view, form="several"),
            '<div class="what"><p>Separated by commas, they act in this order on one '
            "request, as in the header X-Sandbox-Fault.</p></div>"
            '<div class="fields"><label class="wide">Faults <input name="fault" '
            'maxlength="400" placeholder="delayed-credit=5, drop-after" '
            'autocomplete="off" spellcheck="false" required></label>'
            f"{_request(_SERVICES)}{_TIMES}"
            '<button aria-label="Plan several faults">Plan</button></div>',
            "fault",
        )
        return markup.panel(
            view,
            name="form-several",
            title="Several at once",
            body=form,
            opened=view.form == "several",
        )


def _done(view: View, *words: str) -> str:
    return markup.notice(_DONE[view.done], "good") if view.done in words else ""


_TIMES: Final = (
    f'<label>Times <input type="number" name="times" min="1" max="{MOST}" value="1" '
    "required></label>"
)


def _argument(fault: Fault) -> str:
    """Return the field of the argument, with its range or its usual values."""
    if not fault.argument:
        return ""
    label = _ARGUMENTS[fault.argument]
    usual = escape(fault.usual)
    if fault.argument == "SECONDS":
        return (
            f'<label>{label} <input type="number" name="argument" min="0" '
            f'max="{LONGEST}" step="any" value="{usual}" required></label>'
        )
    name = f"of-{escape(fault.name)}"
    options = "".join(f'<option value="{escape(one)}"></option>' for one in fault.drawn)
    return (
        f'<label>{label} <input name="argument" list="{name}" value="{usual}" '
        f'pattern="{WORD.pattern}" maxlength="32" title="1 to 32 letters or _" '
        f'autocomplete="off" spellcheck="false" required></label>'
        f'<datalist id="{name}">{options}</datalist>'
    )


def _request(services: Iterable[str]) -> str:
    """Return the choice of the request that meets the fault."""
    named = "".join(
        f'<option value="{escape(one)}">{_SERVICES[one]}</option>' for one in services
    )
    return (
        '<label>Request <select name="service"><option value="">the next that fits'
        f"</option>{named}</select></label>"
    )


# ------------------------------------------------------------ what they do


def _fields(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode(),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_FIELDS,
        )
    except ValueError:
        raise NotDone(400, "Nothing was done: the form could not be read.") from None
    if len({name for name, _ in pairs}) < len(pairs):
        raise NotDone(400, "Nothing was done: a field of the form stands twice.")
    return dict(pairs)


def _plan(world: World, fields: dict[str, str]) -> None:
    fault = fields.get("fault", "")
    argument = fields.get("argument", "").strip()
    if fault in FAULTS and argument:
        fault = f"{fault}={argument}"
    times = fields.get("times", "")
    world.faults.plan(
        fault,
        service=fields.get("service") or None,
        times=int(times) if times.isdecimal() and len(times) <= len(str(MOST)) else 0,
    )


def _clear(world: World, _: dict[str, str]) -> None:
    world.faults.clear()


def _advance(world: World, fields: dict[str, str]) -> None:
    try:
        seconds = float(fields.get("amount", "")) * _UNITS[fields.get("unit", "")]
    except (ValueError, KeyError):
        raise InputError(
            "the clock needs a number of seconds, minutes or hours"
        ) from None
    world.advance(seconds)


def _end_token(world: World, _: dict[str, str]) -> None:
    world.emulator.revoke_token()


#: Where a form is sent: what it does, the word for it, and where it is shown.
ACTIONS: Final[dict[str, tuple[Callable[[World, dict[str, str]], None], str, str]]] = {
    "/page/fault": (_plan, "planned", "faults"),
    "/page/clear": (_clear, "cleared", "faults"),
    "/page/advance": (_advance, "advanced", "time"),
    "/page/end-token": (_end_token, "token-ended", "time"),
}
