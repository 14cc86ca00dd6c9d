"""Writes the table of alerts in ``docs/runbooks/README.md`` from the rules: ``python -m dashboards.runbook_index``."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
RULES = ROOT / "charts/salesloft-webhooks/rules"
INDEX = ROOT / "docs/runbooks/README.md"
HEADER = "| alert | severity | in one line |\n|---|---|---|\n"
LABEL = re.compile(r"\{\{ \$labels\.(\w+) \}\}")


def table() -> str:
    """A row per alert, in the order of the rule files: its severities and its summary."""
    severities: dict[str, list[str]] = {}
    summaries: dict[str, str] = {}
    for name in ("receiver", "operator", "link-swap", "store", "worker", "backfill"):
        for group in yaml.safe_load((RULES / f"{name}.yaml").read_text("utf-8"))["groups"]:
            for rule in group["rules"]:
                severities.setdefault(rule["alert"], []).append(rule["labels"]["severity"])
                summaries.setdefault(rule["alert"], LABEL.sub(r"`\1`", rule["annotations"]["summary"]))
    return HEADER + "".join(
        f"| [{alert}]({alert}.md) | {', '.join(sorted(set(each), reverse=True))} | {summaries[alert]} |\n"
        for alert, each in severities.items()
    )


def page() -> str:
    """The index with its table as the rules have it."""
    return INDEX.read_text("utf-8").partition(HEADER)[0] + table()


if __name__ == "__main__":
    INDEX.write_text(page(), "utf-8")
