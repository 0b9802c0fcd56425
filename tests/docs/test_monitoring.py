"""The alert rules and the dashboard, as Prometheus's own tool judges them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any, Final

import yaml

from kesspay._pages import PAGES, located
from tests.conftest import missing
from tests.support.pages import DOCS, blocks


if TYPE_CHECKING:
    from pathlib import Path

_RULES: Final = DOCS / "monitoring" / "kesspay-alerts.yml"
_DASHBOARD: Final = DOCS / "monitoring" / "kesspay-dashboard.json"

#: The part of the runbook that each alert leads to, by its name in PAGES.
RUNBOOK: Final = {
    "KesspayNoWorker": "unknown",
    "KesspayJournalAway": "journal",
    "KesspayManual": "manual",
    "KesspayUnknownForLong": "unknown",
    "KesspayOverdue": "unknown",
    "KesspayAnswersUnknown": "down",
}

#: Each alert: series that raise it after 30 minutes, what its summary shows then, and
#: series that do not raise it. Two workers of one job serve the same journal.
CASES: Final[dict[str, tuple[dict[str, str], str, dict[str, str]]]] = {
    "KesspayNoWorker": (
        {},
        "Prometheus reaches no worker of kesspay",
        {'kesspay_journal_up{job="a"}': "1x60"},
    ),
    "KesspayJournalAway": (
        {'kesspay_journal_up{job="a"}': "0x60"},
        "The journal of transfers cannot be read",
        {
            'kesspay_journal_up{job="a", instance="1"}': "1x60",
            'kesspay_journal_up{job="a", instance="2"}': "0x60",
        },
    ),
    "KesspayManual": (
        {
            'kesspay_journal_payments{state="manual", job="a", instance="1"}': "2x60",
            'kesspay_journal_payments{state="manual", job="a", instance="2"}': "2x60",
        },
        "Payments that need a person: 2, some of them new",
        {
            'kesspay_journal_payments{state="manual", job="a"}': "0x60",
            'kesspay_journal_payments{state="unknown", job="a"}': "9x60",
        },
    ),
    "KesspayUnknownForLong": (
        {'kesspay_journal_unknown_oldest_seconds{job="a"}': "1260x60"},
        "A transfer has been unknown for 21m 0s",
        {'kesspay_journal_unknown_oldest_seconds{job="a"}': "1200x60"},
    ),
    "KesspayOverdue": (
        {'kesspay_journal_overdue_seconds{job="a"}': "301x60"},
        "No worker takes a payment that is due",
        {'kesspay_journal_overdue_seconds{job="a"}': "0+30x10 0x50"},
    ),
    "KesspayAnswersUnknown": (
        {
            'kesspay_request_seconds_count{verdict="unknown", job="a"}': "0+1x60",
            'kesspay_request_seconds_count{verdict="success", job="a"}': "0+3x60",
        },
        "25% of the requests have no answer that counts",
        {
            'kesspay_request_seconds_count{verdict="unknown", job="a"}': "0+1x60",
            'kesspay_request_seconds_count{verdict="success", job="a"}': "0+9x60",
        },
    ),
}


def _rules() -> dict[str, dict[str, Any]]:
    (group,) = yaml.safe_load(_RULES.read_text(encoding="utf-8"))["groups"]
    return {rule["alert"]: rule for rule in group["rules"]}


def _promtool(*arguments: str | Path) -> str:
    """Ask promtool, which accepts the files, and return what it said."""
    if shutil.which("promtool") is None:
        missing("promtool (prometheus) is not installed", "KESSPAY_REQUIRE_PROMTOOL")
    done = subprocess.run(
        ["promtool", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_each_alert_leads_to_the_runbook() -> None:
    """The annotation is the address of a part of the runbook that exists."""
    found = {
        name: rule["annotations"]["runbook_url"] for name, rule in _rules().items()
    }
    assert found == {name: located(PAGES[page].link) for name, page in RUNBOOK.items()}


def test_the_rules_are_accepted() -> None:
    """Prometheus reads the file of rules."""
    said = _promtool("check", "rules", _RULES)
    assert f"{len(RUNBOOK)} rules found" in said


def _as_test(series: dict[str, str], name: str, alerts: list[Any]) -> dict[str, Any]:
    return {
        "interval": "1m",
        "input_series": [
            {"series": one, "values": values} for one, values in series.items()
        ],
        "alert_rule_test": [
            {"eval_time": "30m", "alertname": name, "exp_alerts": alerts}
        ],
    }


def _days_of_manual(rule: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what is expected: a new payment raises it for one day."""
    summary = "Payments that need a person: 3, some of them new"
    alert = {
        "exp_labels": rule["labels"] | {"job": "a"},
        "exp_annotations": rule["annotations"] | {"summary": summary},
    }
    series = 'kesspay_journal_payments{state="manual", job="a"}'
    return [
        {
            "interval": "1m",
            "input_series": [{"series": series, "values": "2x2879 3x1441"}],
            "alert_rule_test": [
                {
                    "eval_time": f"{hours}h",
                    "alertname": "KesspayManual",
                    "exp_alerts": alerts,
                }
                for hours, alerts in ((47, []), (49, [alert]), (71, [alert]), (72, []))
            ],
        }
    ]


def test_each_alert_is_raised_in_time(tmp_path: Path) -> None:
    """Prometheus raises each alert where it should, once, and not below its limit."""
    rules = _rules()
    assert set(rules) == set(CASES)
    tests = []
    for name, (raised, summary, quiet) in CASES.items():
        rule = rules[name]
        alert = {
            "exp_labels": rule["labels"]
            | ({"job": "a"} if "by (job)" in rule["expr"] else {}),
            "exp_annotations": rule["annotations"] | {"summary": summary},
        }
        tests += [_as_test(raised, name, [alert]), _as_test(quiet, name, [])]
    tests += _days_of_manual(rules["KesspayManual"])
    file = tmp_path / "cases.yml"
    file.write_text(
        yaml.safe_dump({"rule_files": [str(_RULES)], "tests": tests}), encoding="utf-8"
    )
    assert "SUCCESS" in _promtool("test", "rules", file)


def test_the_dashboard_asks_what_prometheus_answers(tmp_path: Path) -> None:
    """Each expression of the dashboard is one of Prometheus."""
    panels = json.loads(_DASHBOARD.read_text(encoding="utf-8"))["panels"]
    rules = [
        {"record": f"panel:{number}", "expr": target["expr"]}
        for number, target in enumerate(
            target for panel in panels for target in panel["targets"]
        )
    ]
    file = tmp_path / "dashboard.yml"
    file.write_text(
        yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}),
        encoding="utf-8",
    )
    assert f"{len(rules)} rules found" in _promtool("check", "rules", file)


def test_a_gauge_of_the_journal_is_not_added_up() -> None:
    """Two workers of one journal both count it: an expression takes the largest."""
    panels = json.loads(_DASHBOARD.read_text(encoding="utf-8"))["panels"]
    expressions = [target["expr"] for panel in panels for target in panel["targets"]]
    expressions += [rule["expr"] for rule in _rules().values()]
    gauge = re.compile(
        r"(?<!max )\b(?:max|min|sum)(?: by \([^)]*\))? ?\(kesspay_journal"
    )
    for expression in expressions:
        for found in gauge.findall(expression):
            assert found.startswith("max"), expression


def test_the_addresses_of_ones_own_site(tmp_path: Path) -> None:
    """The command of the page puts an address of one's own into each rule."""
    (command,) = [
        block.code
        for block in blocks("howto/monitoring.md", "sh")
        if block.code.startswith("sed ")
    ]
    (tmp_path / "docs").symlink_to(DOCS)
    done = subprocess.run(
        ["sh", "-ec", command],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stderr == ""
    (group,) = yaml.safe_load((tmp_path / "kesspay-alerts.yml").read_text("utf-8"))[
        "groups"
    ]
    for rule in group["rules"]:
        anchor = PAGES[RUNBOOK[rule["alert"]]].link.partition("#")[2]
        assert rule["annotations"]["runbook_url"] == (
            f"https://wiki.example/kesspay/runbook.html#{anchor}"
        )
