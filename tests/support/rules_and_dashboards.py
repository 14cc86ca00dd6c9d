"""What dashboards and rules say, read from the files that are installed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts/salesloft-webhooks"
RULES = CHART / "rules"
DASHBOARDS = CHART / "dashboards"


def rules() -> list[dict[str, Any]]:
    """Every rule of every rule file."""
    return [
        rule
        for path in sorted(RULES.glob("*.yaml"))
        for group in yaml.safe_load(path.read_text("utf-8"))["groups"]
        for rule in group["rules"]
    ]


def alerts() -> list[dict[str, Any]]:
    """The alerting rules."""
    return [rule for rule in rules() if "alert" in rule]


def alerts_of(file: Path) -> set[str]:
    """The names of the alerts in a file of rules."""
    groups = yaml.safe_load(file.read_text("utf-8"))["groups"]
    return {rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule}


def dashboards() -> dict[str, dict[str, Any]]:
    """Every dashboard by its file name."""
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(DASHBOARDS.glob("*.json"))}


def panels(dashboard: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The panels that show data, those inside rows included."""
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            yield from panel.get("panels", [])
        elif panel["type"] != "text":
            yield panel


def panel_expressions() -> list[tuple[str, str]]:
    """Every query of every panel, after ``dashboard/panel title``."""
    return [
        (f"{name}/{panel['title']}", target["expr"])
        for name, dashboard in dashboards().items()
        for panel in panels(dashboard)
        for target in panel["targets"]
    ]
