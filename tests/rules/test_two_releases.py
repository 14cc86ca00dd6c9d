"""No alert of one release is set off, or hidden, by another release: by the rules that the chart installs for both."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.rules.test_rules import ALERTS, CASES, needs_promtool
from tests.support.installed_release import IS_THERE, MISSING, InstalledRelease

RELEASES = {
    "one-namespace": (("sales", "shop"), ("sales", "other")),
    "two-namespaces": (("sales", "shop"), ("support", "shop")),
}

pytestmark = pytest.mark.skipif(not IS_THERE, reason=MISSING)

Both = dict[tuple[str, str], list[dict[str, Any]]]


@pytest.fixture(scope="module", params=list(RELEASES.values()), ids=list(RELEASES))
def both(request: pytest.FixtureRequest) -> Both:
    """The rules of each of two releases."""
    return {release: list(InstalledRelease(*release).rules()) for release in request.param}


def used(alert: str, rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """An alert's rules, and what they need of what is recorded, in order."""
    wanted = [rule for rule in rules if rule.get("alert") == alert]
    for rule in reversed(rules):
        if rule.get("record") and any(rule["record"] in each["expr"] for each in wanted):
            wanted.insert(0, rule)
    return wanted


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


@needs_promtool
@pytest.mark.timeout(300)
@pytest.mark.parametrize("alert", ALERTS)
def test_releases_do_not_see_each_other(both: Both, alert: str, tmp_path: Path) -> None:
    """With the series of one case in one release and those of the next case in another one, each has its own alerts."""
    groups = [{"name": "-".join(release), "rules": used(alert, rules)} for release, rules in both.items()]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": groups}), "utf-8")
    # As text: `0x10` is ten zeros here, and would be 16.
    document = yaml.load((CASES / f"{alert}.yaml").read_text("utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - makes texts only
    cases = [
        case for case in document["tests"] if not any('release="' in each["series"] for each in case["input_series"])
    ]
    tests = []
    for case, neighbour in zip(cases, [*cases[1:], cases[0]], strict=True):
        together = (case, neighbour) if case["interval"] == neighbour["interval"] else (case,)
        series, checks = [], []
        for each, release in zip(together, both, strict=False):
            series += [{**item, "series": labelled(item["series"], *release)} for item in each["input_series"]]
            checks += [expected(check, *release) for check in each["alert_rule_test"]]
        tests.append({"interval": case["interval"], "input_series": series, "promql_expr_test": checks})
    file = tmp_path / f"{alert}.yaml"
    interval = document["evaluation_interval"]
    file.write_text(
        yaml.safe_dump({"rule_files": ["rules.yaml"], "evaluation_interval": interval, "tests": tests}), "utf-8"
    )

    done = subprocess.run(
        ["promtool", "test", "rules", file.name], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
