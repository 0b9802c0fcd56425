"""Every fault does what the table says, and nothing else to the books."""

# ruff: noqa: ANN401 - values of any type are put into answers

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pytest

from kesspay.errors import InputError, InvalidSignature
from kesspay.gateway.messages import CONFIRM, CREATE, QUERY
from kesspay.sandbox.faults import (
    FAULTS,
    KINDS,
    TOKEN,
    Fault,
    FaultPlan,
    Planned,
    parse,
)
from tests.sandbox.parties import Partner, box
from tests.support.odd import ODD


if TYPE_CHECKING:
    from kesspay.sandbox.emulator import Reply


@pytest.fixture
def partner() -> Partner:
    """Return a partner that is logged in."""
    return Partner(box())


def confirmed(partner: Partner, faults: str) -> Reply:
    """Confirm a new pre-transfer with a fault."""
    return partner.confirm(partner.created(), faults=faults)


def credits_of(partner: Partner) -> int:
    """Count the credits, in books that are right."""
    assert partner.sandbox.ledger.audit() == []
    return len(partner.sandbox.ledger.credits())


def names(carried_out: str, service: str) -> list[str]:
    """Name the faults of one kind that fit a service."""
    return [
        fault.name
        for fault in FAULTS.values()
        if fault.carried_out == carried_out and service in fault.services
    ]


def test_there_is_enough_to_fear() -> None:
    """The table has every kind of fault the issue names."""
    assert len(FAULTS) >= 30
    assert len([fault for fault in FAULTS.values() if CONFIRM in fault.services]) > 20


@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
def test_rows_make_sense(fault: Fault) -> None:
    """What a seed draws can be asked for; only a confirm credits later."""
    for argument in fault.drawn:
        text = f"{fault.name}={argument}" if argument else fault.name
        (chosen,) = parse(text)
        assert str(chosen) == text
    assert bool(fault.argument) is bool(fault.usual) is bool(fault.drawn[0])
    if fault.carried_out == "later":
        assert fault.services == (CONFIRM,)


@pytest.mark.parametrize("name", names("no", CONFIRM))
def test_before_means_that_nothing_happened(partner: Partner, name: str) -> None:
    """The request was not carried out, and can be sent again."""
    identity = partner.created()
    partner.confirm(identity, faults=name)
    assert credits_of(partner) == 0
    partner.log_in()
    assert partner.code(partner.confirm(identity)) == "SUCCESS"


@pytest.mark.parametrize("name", names("yes", CONFIRM))
def test_after_means_that_it_happened(partner: Partner, name: str) -> None:
    """The money has moved, whatever the answer says."""
    identity = partner.created()
    partner.confirm(identity, faults=name)
    assert credits_of(partner) == 1
    assert partner.code(partner.confirm(identity)) == "USED"
    assert partner.code(partner.query()) == "SUCCESS"


@pytest.mark.parametrize(
    ("fault", "code"),
    [("delayed-credit", "PENDING"), ("delayed-credit-error", "SYSTEMERROR")],
)
def test_a_delayed_credit(partner: Partner, fault: str, code: str) -> None:
    """The credit comes when its time comes, and only then."""
    identity = partner.created()
    assert partner.code(partner.confirm(identity, faults=f"{fault}=400")) == code
    partner.sandbox.advance(399)
    assert credits_of(partner) == 0
    assert partner.code(partner.query()) == "PENDING"
    assert partner.code(partner.confirm(identity)) == "USED"
    partner.sandbox.advance(1)
    assert credits_of(partner) == 1
    assert partner.code(partner.query()) == "SUCCESS"


def test_faults_together(partner: Partner) -> None:
    """Several faults act in the order in which they are named."""
    reply = confirmed(partner, "delayed-credit=5, latency=2, latency=3, drop-after")
    assert (reply.ending, reply.delay) == ("dropped", 5)
    assert credits_of(partner) == 0
    partner.sandbox.advance(5)
    assert credits_of(partner) == 1


def test_a_late_answer(partner: Partner) -> None:
    """The answer is genuine, and comes after the seconds that were asked for."""
    reply = confirmed(partner, "latency=2.5")
    assert (reply.delay, partner.code(reply)) == (2.5, "SUCCESS")
    assert confirmed(partner, "latency").delay == 1


@pytest.mark.parametrize("name", ["drop-before", "drop-after", "truncated"])
def test_connections_that_end(partner: Partner, name: str) -> None:
    """The connection closes without an answer, or in the middle of one."""
    wanted = "truncated" if name == "truncated" else "dropped"
    assert confirmed(partner, name).ending == wanted


@pytest.mark.parametrize(
    ("name", "status", "kind"),
    [
        ("bad-gateway-before", 502, "text/html; charset=utf-8"),
        ("bad-gateway-after", 502, "text/html; charset=utf-8"),
        ("too-many", 429, "text/html; charset=utf-8"),
        ("html-200", 200, "text/html; charset=utf-8"),
        ("empty-200", 200, "application/json"),
    ],
)
def test_answers_of_another_signer(
    partner: Partner, name: str, status: int, kind: str
) -> None:
    """What stands before a server answers with pages, or with nothing."""
    reply = confirmed(partner, name)
    assert (reply.status, dict(reply.headers)["Content-Type"]) == (status, kind)
    assert reply.body[:6] == (b"" if name == "empty-200" else b"<html>")
    assert ("Retry-After" in dict(reply.headers)) is (name == "too-many")


def test_an_oversized_answer(partner: Partner) -> None:
    """It would verify, if a client read more than a mebibyte."""
    reply = confirmed(partner, "oversized")
    assert len(reply.body) > 1 << 20
    assert partner.code(reply) == "SUCCESS"


@pytest.mark.parametrize("name", ["error-500-before", "error-500-after"])
def test_system_errors(partner: Partner, name: str) -> None:
    """A SYSTEMERROR is signed and has HTTP 500."""
    reply = confirmed(partner, name)
    assert (reply.status, partner.code(reply)) == (500, "SYSTEMERROR")


@pytest.mark.parametrize(
    ("code", "status"), [("USED", 400), ("SYSTEMERROR", 500), ("ANY_CODE", 400)]
)
def test_any_code_can_be_had(partner: Partner, code: str, status: int) -> None:
    """A refusal with any code is signed."""
    reply = partner.query(faults=f"refused={code}")
    assert (reply.status, partner.code(reply)) == (status, code)


@pytest.mark.parametrize(
    ("name", "alive"),
    [
        ("expired-token", False),
        ("unauthenticated-after", True),
        ("refused=UNAUTHENTICATED", True),
    ],
)
def test_the_token_is_refused(partner: Partner, name: str, *, alive: bool) -> None:
    """The 401 is unsigned; afterwards the token lives or not."""
    reply = confirmed(partner, name)
    assert reply.status == 401
    assert json.loads(reply.body)["error_code"] == "UNAUTHENTICATED"
    assert "sign" not in json.loads(reply.body)
    assert partner.query().status == (200 if alive else 401)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("token-life-zero", 0),
        ("token-life-negative", -3600),
        ("token-life-string", "3600"),
        ("token-life-huge", 10**30),
        ("token-life-missing", None),
    ],
)
def test_odd_lifetimes(partner: Partner, name: str, value: Any) -> None:
    """The token is a good one; what is said of its life is not."""
    reply = partner.log_in(**{"x-sandbox-fault": name})
    answer = json.loads(reply.body)
    assert answer.get("expire_in") == value
    assert ("expire_in" in answer) is (name != "token-life-missing")
    assert partner.create().status == 200


def test_a_log_in_that_is_refused_has_no_lifetime(partner: Partner) -> None:
    """A fault of the token leaves a refusal as it is."""
    headers = {"x-sandbox-fault": "token-life-zero", "partner-id": "wrong"}
    assert partner.log_in(**headers).status == 401


@pytest.mark.parametrize("name", ["tampered", "unsigned", "foreign-signature"])
@pytest.mark.parametrize("service", [CREATE, CONFIRM, QUERY])
def test_answers_that_are_not_authentic(
    partner: Partner, name: str, service: str
) -> None:
    """A client that verifies believes none of them."""
    identity = partner.created()
    reply = {
        CREATE: lambda: partner.create(2, faults=name),
        CONFIRM: lambda: partner.confirm(identity, faults=name),
        QUERY: lambda: partner.query(faults=name),
    }[service]()
    wanted = "sign_missing" if name == "unsigned" else "mismatch"
    with pytest.raises(InvalidSignature) as refused:
        partner.read(reply)
    assert refused.value.reason == wanted
    assert reply.status == 200


def test_what_a_forger_would_say(partner: Partner) -> None:
    """A tampered answer says what a thief would profit from."""
    created = json.loads(partner.create(faults="tampered").body)
    assert created["data"]["receiver_name"] == "Somebody Else"
    asked = json.loads(partner.query(faults="tampered").body)
    assert asked["data"]["result_code"] == "SUCCESS"
    refused = partner.query(9, faults="tampered")
    with pytest.raises(InvalidSignature):
        partner.read(refused)


def test_a_duplicate_key(partner: Partner) -> None:
    """PHP, which takes the last, would verify it; the guard refuses it."""
    reply = confirmed(partner, "duplicate-key")
    assert reply.body.startswith(b'{"success":false,')
    assert json.loads(reply.body)["success"] is True
    with pytest.raises(InvalidSignature) as refused:
        partner.read(reply)
    assert refused.value.reason == "duplicate"


def test_a_replay(partner: Partner) -> None:
    """A replay is a genuine answer of the same service to another transfer."""
    first = partner.confirm(partner.created(1), "d-1")
    second = partner.confirm(partner.created(2), "d-2", faults="replayed")
    assert second.body == first.body
    assert partner.data(second)["out_trade_no"] == "order-1"
    third = partner.confirm(partner.created(3), "d-3", faults="replayed")
    assert partner.data(third)["out_trade_no"] == "order-2"
    again = partner.query(3, faults="replayed")
    assert partner.data(again)["out_trade_no"] == "another-transfer"
    assert credits_of(partner) == 3


def test_a_replay_instead_of_a_refusal(partner: Partner) -> None:
    """A refusal can be hidden by an older success; without one it stays."""
    assert partner.code(partner.query(9, faults="replayed")) == "NOTEXIST"
    partner.confirm(partner.created())
    partner.query()
    assert partner.code(partner.query(9, faults="replayed")) == "SUCCESS"


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("wrong-amount", "amount", 5),
        ("wrong-receiver", "receiver_id", "85500000001"),
        ("wrong-reference", "out_trade_no", "another-transfer"),
        ("wrong-currency", "currency", "KHR"),
        ("missing-field", "amount", None),
        ("missing-field=receiver_id", "receiver_id", None),
        ("pending", "result_code", "PENDING"),
        ("unknown-code", "result_code", "PROCESSING"),
        ("unknown-code=FAILED", "result_code", "FAILED"),
    ],
)
def test_genuine_answers_with_wrong_fields(
    partner: Partner, name: str, field: str, value: Any
) -> None:
    """The signature is right; one field is not."""
    identity = partner.created()
    right = partner.data(partner.confirm(identity))
    wrong = partner.data(partner.query(faults=name))
    assert wrong.get(field) == value
    assert right[field] != value
    others = {k: v for k, v in wrong.items() if k != field}
    assert others.items() <= right.items()


@pytest.mark.parametrize("name", names("yes", QUERY))
def test_refusals_are_left_alone(partner: Partner, name: str) -> None:
    """A fault of the fields finds nothing to change in a refusal."""
    changing = name.startswith(("wrong", "missing", "pending", "unknown"))
    reply = partner.query(9, faults=name)
    if changing:
        assert partner.code(reply) == "NOTEXIST"


@pytest.mark.parametrize(
    "name", ["tampered", "unsigned", "foreign-signature", "duplicate-key"]
)
def test_what_is_unsigned_is_left_alone(partner: Partner, name: str) -> None:
    """A fault of the signature finds nothing to change in a 401 or a page."""
    partner.sandbox.emulator.revoke_token()
    plain = partner.query(faults=name)
    assert (plain.status, plain.body) == (401, partner.query().body)
    page = partner.query(faults=f"html-200, {name}")
    assert page.body.startswith(b"<html>")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "latency=",
        "latency=x",
        "latency=nan",
        "latency=-1",
        "latency=3601",
        "drop-after=1",
        "drop-after=",
        "refused=a b",
        "refused=<script>",
        "latency=1,",
        "Latency",
    ],
)
def test_what_cannot_be_asked_for(partner: Partner, text: str) -> None:
    """An unknown fault is an error, and the request is not carried out."""
    with pytest.raises(InputError):
        parse(text)
    reply = confirmed(partner, text)
    assert (reply.status, reply.body[:15]) == (400, b"X-Sandbox-Fault")
    assert credits_of(partner) == 0


def test_faults_that_do_not_fit(partner: Partner) -> None:
    """A fault has to fit what is asked for."""
    with pytest.raises(InputError, match=r"does not fit token"):
        parse("pending", TOKEN)
    assert partner.log_in(**{"x-sandbox-fault": "pending"}).status == 400
    reply = partner.send(service="no.such.service", faults="drop-after")
    assert b"does not fit this request" in reply.body


@pytest.fixture
def plan() -> FaultPlan:
    """Return a plan without faults."""
    return FaultPlan()


def take(plan: FaultPlan, service: str = CONFIRM) -> str:
    """Return what the next request meets, as text."""
    return ", ".join(str(one) for one in plan.take(service))


def test_nothing_is_planned(plan: FaultPlan) -> None:
    """Without a plan there is no fault."""
    assert take(plan) == ""
    assert plan.planned() == ()


def test_a_queue(plan: FaultPlan) -> None:
    """Planned faults come in their order, as often as they were asked for."""
    plan.plan("drop-after", times=2)
    plan.plan("latency=5, html-200")
    assert plan.planned() == (
        Planned("drop-after", None, 2),
        Planned("latency=5, html-200", None, 1),
    )
    met = [take(plan) for _ in range(4)]
    assert met == ["drop-after", "drop-after", "latency=5, html-200", ""]


def test_faults_wait_for_what_they_fit(plan: FaultPlan) -> None:
    """A request that does not fit leaves the queue as it is."""
    plan.plan("drop-after", service=CONFIRM)
    plan.plan("token-life-zero")
    assert take(plan, QUERY) == ""
    assert take(plan, "") == ""
    assert take(plan, TOKEN) == "token-life-zero"
    assert take(plan, CONFIRM) == "drop-after"


@pytest.mark.parametrize(
    ("fault", "service", "times"),
    [
        ("nonsense", None, 1),
        ("pending", CREATE, 1),
        ("drop-after", "nonsense", 1),
        ("token-life-zero, pending", None, 1),
        ("drop-after", None, 0),
        ("drop-after", None, True),
        ("drop-after", None, 1_000_001),
    ],
)
def test_what_cannot_be_planned(
    plan: FaultPlan, fault: str, service: str | None, times: int
) -> None:
    """A plan that could never come true is refused at once."""
    with pytest.raises(InputError):
        plan.plan(fault, service=service, times=times)
    assert plan.planned() == ()


def test_a_seed_always_gives_the_same() -> None:
    """One seed and one sequence of requests give one sequence of faults."""
    services = [TOKEN, CREATE, CONFIRM, QUERY, "", CONFIRM] * 50
    runs = []
    for seed in (7, 7, 8):
        plan = FaultPlan()
        plan.seed(seed, 0.6)
        runs.append([take(plan, service) for service in services])
    assert runs[0] == runs[1] != runs[2]
    # This holds in every version of Python, on every machine.
    assert runs[0][:6] == [
        "drop-after",
        "expired-token",
        "unauthenticated-after",
        "drop-before",
        "",
        "",
    ]


def test_a_seed_reaches_every_fault() -> None:
    """Every fault is drawn, only where it fits, about as often as asked."""
    plan = FaultPlan()
    plan.seed(1, 0.6)
    met = {
        service: [take(plan, service) for _ in range(1000)]
        for service in (TOKEN, CREATE, CONFIRM, QUERY)
    }
    for service, texts in met.items():
        drawn = {text.partition("=")[0] for text in texts} - {""}
        assert drawn == {f.name for f in FAULTS.values() if service in f.services}
        assert 530 < sum(bool(text) for text in texts) < 670


def test_a_seed_with_a_choice(plan: FaultPlan) -> None:
    """Only the faults that are named are drawn; planned ones come first."""
    assert plan.rate == 0
    plan.seed(7, 1, ["pending"])
    assert plan.rate == 1
    plan.plan("drop-after")
    assert [take(plan), take(plan), take(plan, CREATE)] == ["drop-after", "pending", ""]


@pytest.mark.parametrize(
    ("rate", "names"), [(1.1, None), (-0.1, None), (float("nan"), None), (1, ["x"])]
)
def test_seeds_that_cannot_be_used(
    plan: FaultPlan, rate: float, names: list[str] | None
) -> None:
    """The rate is a probability, and the names are those of faults."""
    with pytest.raises(InputError):
        plan.seed(7, rate, names)


def test_odd_arguments_of_plans(plan: FaultPlan) -> None:
    """Whatever they are, they are refused as arguments."""
    half = 0.5
    odd: Any
    for odd in (*ODD, None, True, half):
        with pytest.raises(InputError):
            plan.plan(odd)
        with pytest.raises(InputError):
            plan.seed(1, 0.1, [odd])
        if type(odd) is not int:
            with pytest.raises(InputError):
                plan.seed(odd, 0.1)
        if odd is not half:
            with pytest.raises(InputError):
                plan.seed(1, odd)
        if not isinstance(odd, Iterable) and odd is not None:
            with pytest.raises(InputError):
                plan.seed(1, 0.1, odd)
    assert plan.rate == 0
    assert plan.planned() == ()


def test_clearing(plan: FaultPlan) -> None:
    """Nothing is left, neither of the queue nor of the seed."""
    plan.seed(7, 1)
    plan.plan("drop-after")
    plan.clear()
    assert [take(plan) for _ in range(20)] == [""] * 20


def test_every_fault_is_of_one_kind() -> None:
    """The status page shows them by kind."""
    named = [fault.name for _, kind in KINDS.values() for fault in kind]
    assert named == list(FAULTS)
    assert len(set(named)) == len(named)
