"""No alert of one release is set off, or hidden, by another release: by the rules that the chart installs for both."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.rules.promtool import cases_of, needs_promtool, replay, used
from tests.rules.test_rules import ALERTS
from tests.support.installed_release import IS_THERE, MISSING, InstalledRelease

RELEASES = (("sales", "shop"), ("sales", "other"), ("support", "shop"))
"""The first shares its namespace with the second, and its name with the third."""

pytestmark = pytest.mark.skipif(not IS_THERE, reason=MISSING)


@pytest.fixture(scope="module")
def of_each() -> list[list[dict[str, Any]]]:
    """The rules of each release."""
    return [list(InstalledRelease(*release).rules()) for release in RELEASES]


def labelled(series: str, namespace: str, release: str) -> str:
    """A series as the PodMonitor of a release labels it."""
    name, _, labels = series.partition("{")
    own = "" if "instance=" in labels else f',instance="{namespace}-{release}"'
    return f'{name}{{namespace="{namespace}",release="{release}"{own},{labels or "}"}'


def expected(check: dict[str, Any], namespace: str, release: str) -> dict[str, Any]:
    """That this release has exactly the alerts that a case of one installation expects."""
    alert = check["alertname"]
    where = f'alertname="{alert}",alertstate="firing"'
    of_release = f'namespace="{namespace}",release="{release}"'
    samples = []
    for item in check["exp_alerts"]:
        own = {key: str(value) for key, value in item["exp_labels"].items() if key not in {"namespace", "release"}}
        listed = ",".join(f'{key}="{value}"' for key, value in own.items())
        samples.append({"labels": f"ALERTS{{{where},{of_release},{listed}}}", "value": 1})
    return {"expr": f"ALERTS{{{where},{of_release}}}", "eval_time": check["eval_time"], "exp_samples": samples}


def pairs(alert: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """An alert's cases that are about one installation, each with one other that has the same interval, if any has."""
    by_interval: dict[str, list[dict[str, Any]]] = {}
    for case in cases_of(alert)["tests"]:
        if not any('release="' in each["series"] for each in case["input_series"]):
            by_interval.setdefault(case["interval"], []).append(case)
    for cases in by_interval.values():
        for number in range(0, len(cases), 2):
            yield cases[number], cases[(number + 1) % len(cases)]


@needs_promtool
@pytest.mark.parametrize("alert", ALERTS)
def test_releases_do_not_see_each_other(of_each: list[list[dict[str, Any]]], alert: str, tmp_path: Path) -> None:
    """With the series of one case in one release and those of another case in the others, each has its own alerts."""
    tests = []
    for case, neighbour in pairs(alert):
        series, checks = [], []
        for each, release in zip((case, neighbour, neighbour), RELEASES, strict=True):
            series += [{**item, "series": labelled(item["series"], *release)} for item in each["input_series"]]
            checks += [expected(check, *release) for check in each["alert_rule_test"]]
        tests.append({"interval": case["interval"], "input_series": series, "promql_expr_test": checks})

    replay(tmp_path, [used(alert, rules) for rules in of_each], cases_of(alert)["evaluation_interval"], tests)
