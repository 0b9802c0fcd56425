"""Which requests meet which faults: in order, once, and always the same."""

from __future__ import annotations

import pytest

from kesspay.errors import InputError
from kesspay.gateway.messages import CONFIRM, CREATE, QUERY
from kesspay.sandbox.faults import FAULTS, TOKEN
from kesspay.sandbox.plan import FaultPlan, Planned


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
    plan.seed(7, 1, ["pending"])
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


def test_clearing(plan: FaultPlan) -> None:
    """Nothing is left, neither of the queue nor of the seed."""
    plan.seed(7, 1)
    plan.plan("drop-after")
    plan.clear()
    assert [take(plan) for _ in range(20)] == [""] * 20
