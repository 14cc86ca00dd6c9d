"""Dashboards and rules name metrics that exist, and say what they show."""

import re
from typing import Any

import pytest
from dashboards.__main__ import generated

from salesloft_webhooks.telemetry.metrics import REGISTRIES, UNSHOWN
from salesloft_webhooks.telemetry.reference import definitions, exposed_name
from tests.support.rules_and_dashboards import DASHBOARDS, ROOT, dashboards, panel_expressions, panels, rules


def named(expression: str) -> set[str]:
    """Our metrics in an expression, without the endings of histogram series and without recorded names."""
    names = re.findall(r"(?<![:\w])salesloft_webhooks_\w+(?![:\w])", expression)
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in names}


def recorded(expression: str) -> set[str]:
    """Recorded names in an expression."""
    return set(re.findall(r"\w+:salesloft_webhooks_\w+:\w+", expression))


EXPRESSIONS = [expression for _, expression in panel_expressions()] + [rule["expr"] for rule in rules()]
DEFINED = {exposed_name(metric) for registry in REGISTRIES.values() for metric in definitions(registry)}


def test_every_metric_named_is_defined() -> None:
    """No panel and no rule asks for a metric that no process exports."""
    assert set().union(*map(named, EXPRESSIONS)) <= DEFINED


def test_every_metric_defined_is_used_or_documented() -> None:
    """Each metric has a panel or a rule, or says in its definition what it is for (``unshown``)."""
    assert DEFINED - set().union(*map(named, EXPRESSIONS)) == {exposed_name(metric) for metric in UNSHOWN}


def test_every_recorded_name_exists_and_is_used() -> None:
    """What rules record is what panels and rules ask for, and nothing else."""
    records = {rule["record"] for rule in rules() if "record" in rule}

    assert set().union(*map(recorded, EXPRESSIONS)) == records


def test_the_dashboards_are_generated() -> None:
    """The JSON that the chart installs is what `make docs` writes from the source."""
    assert {path.stem: path.read_text("utf-8") for path in DASHBOARDS.glob("*.json")} == generated()


@pytest.mark.parametrize(
    "panel",
    [
        pytest.param(panel, id=f"{name}-{panel['title']}")
        for name, each in dashboards().items()
        for panel in panels(each)
    ],
)
def test_every_panel_explains_itself(panel: dict[str, Any]) -> None:
    """A panel has a unit and a description, asks the chosen data source, and links only to runbooks that exist."""
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["description"].endswith(".")
    assert panel["datasource"]["uid"] == "${datasource}"
    assert all((ROOT / link["url"]).exists() for link in panel.get("links", []))


@pytest.mark.parametrize("name", dashboards())
def test_panels_do_not_overlap(name: str) -> None:
    """No panel of a dashboard covers another one, and none sticks out."""
    taken: set[tuple[int, int]] = set()

    for panel in dashboards()[name]["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + right, place["y"] + down) for right in range(place["w"]) for down in range(place["h"])}
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
