"""Every alert is silent just before its threshold, fires at it, and leads to a runbook.

The cases are promtool's own test files beside this one, one per alert.
"""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from dashboards import runbook_index

from salesloft_webhooks.console.application import all_routes
from tests.rules.promtool import CASES, cases_of, needs_promtool, replay, used
from tests.support.rules_and_dashboards import ROOT, RULES, alerts, rules

HEADINGS = ["## Meaning", "## Impact", "## Diagnosis", "## Mitigation"]

ALERTS = sorted({alert["alert"] for alert in alerts()})


def checks(alert: str) -> list[dict[str, Any]]:
    """Every point in time that an alert's test file looks at."""
    document = yaml.safe_load((CASES / f"{alert}.yaml").read_text("utf-8"))
    return [check for case in document["tests"] for check in case["alert_rule_test"]]


@needs_promtool
def test_the_rules_are_valid() -> None:
    """Prometheus accepts every rule file."""
    files = sorted(map(str, RULES.glob("*.yaml")))

    assert files
    subprocess.run(["promtool", "check", "rules", "--lint-fatal", *files], check=True)


@needs_promtool
@pytest.mark.parametrize("alert", ALERTS)
def test_thresholds(alert: str, tmp_path: Path) -> None:
    """Promtool replays the alert's time series: silent before, firing at, with the labels and words it should have."""
    document = cases_of(alert)

    replay(tmp_path, [used(alert, rules())], document["evaluation_interval"], document["tests"])


@pytest.mark.parametrize("alert", ALERTS)
def test_both_sides_of_the_threshold_are_tested(alert: str) -> None:
    """An alert's test file has a point at which it is silent and one at which it fires."""
    expectations = [bool(check["exp_alerts"]) for check in checks(alert) if check["alertname"] == alert]

    assert set(expectations) == {True, False}


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: f"{rule['alert']}-{rule['labels']['severity']}")
def test_an_alert_says_what_matters_and_what_to_do(rule: dict[str, Any]) -> None:
    """Severity, summary and description are there, and the runbook of the same name has its four parts."""
    annotations = rule["annotations"]
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert {"summary", "description", "runbook_url"} == set(annotations) - {"console_path"}
    assert annotations["runbook_url"] == f"docs/runbooks/{rule['alert']}.md"

    runbook = (ROOT / annotations["runbook_url"]).read_text("utf-8")

    assert runbook.startswith(f"# {rule['alert']}\n")
    assert [line for line in runbook.splitlines() if line.startswith("## ")] == HEADINGS
    assert "```sh" in runbook


def test_no_runbook_without_an_alert() -> None:
    """A runbook whose alert is gone is gone, too."""
    pages = {page.stem for page in (ROOT / "docs/runbooks").glob("*.md")} - {"README"}

    assert pages == set(ALERTS)


def test_the_index_of_runbooks_is_generated() -> None:
    """The table in the runbooks' README is what `make docs` writes from the rules."""
    assert runbook_index.INDEX.read_text("utf-8") == runbook_index.page()


@pytest.mark.parametrize("path", sorted({rule["annotations"].get("console_path", "/") for rule in alerts()}))
def test_a_page_of_the_console_answers_it(path: str) -> None:
    """The path that an alert names, its group put in, is one that the console serves, or one of its groups."""
    paths = {route.path.replace("{name}", "{{ $labels.group }}") for route in all_routes()}

    assert path.partition("?")[0] in paths
