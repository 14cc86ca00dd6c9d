"""Which of the chart's alerts fire where metrics stay as they are, by Prometheus' own evaluation of the rules."""

import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
import yaml
from prometheus_client import Metric

from tests.support.rules_and_dashboards import RULES

LASTING_MINUTES = 45
"""Longer than any alert of the backfill waits."""


def assert_firing(rules: str, families: Iterable[Metric], now: float, expected: set[str], folder: Path) -> None:
    """These alerts fire, and no other, when the metrics stay so for `LASTING_MINUTES`; skips without promtool.

    Args:
        rules: Name of the rule file.
        families: What a registry collects.
        now: Unix seconds: when they were collected, by the clock that their times are of.
        expected: Names of alerts.
        folder: Where a file may be written.
    """
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed: run .ci/prometheus (Debian's prometheus)")
    series = [
        {"series": _named(sample.name, sample.labels), "values": f"{_by_promtool(sample.name, sample.value, now)}x60"}
        for family in families
        for sample in family.samples
    ]
    check = {
        "expr": 'group by (alertname) (ALERTS{alertstate="firing"})',
        "eval_time": f"{LASTING_MINUTES}m",
        "exp_samples": [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in sorted(expected)],
    }
    case = {"interval": "1m", "input_series": series, "promql_expr_test": [check]}
    document = {"rule_files": [f"{RULES}/{rules}.yaml"], "evaluation_interval": "1m", "tests": [case]}
    file = folder / "firing.yaml"
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    done = subprocess.run(["promtool", "test", "rules", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _named(name: str, labels: Mapping[str, str]) -> str:
    return name + "{" + ",".join(f'{label}="{value}"' for label, value in labels.items()) + "}"


def _by_promtool(name: str, value: float, now: float) -> float:
    """A sample's value; a time is moved to where promtool's clock begins, which is 0."""
    return value - now if name.endswith("_timestamp_seconds") else value
