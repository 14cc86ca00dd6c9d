"""Writes every dashboard where the chart picks it up."""

import json
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards.group import group
from dashboards.overview import overview
from dashboards.security import security

TARGET = Path(__file__).parent.parent / "charts/salesloft-webhooks/dashboards"
SOURCES = {"overview": overview, "group": group, "security": security}


NOT_OF_A_VARIABLE = ("auto", "auto_count", "auto_min", "id")
"""What the SDK writes into variables, and Grafana's schema does not know there."""


def generated() -> dict[str, str]:
    """The JSON of each dashboard by its name, with panel ids that stay put."""
    found = {}
    for name, build in SOURCES.items():
        document = json.loads(JSONEncoder().encode(build().build()))
        del document["style"]  # Grafana has had none since version 9
        for number, panel in enumerate(document["panels"], start=1):
            panel["id"] = number
            if panel.get("options", ...) is None:
                del panel["options"]
        for variable in document["templating"]["list"]:
            for key in NOT_OF_A_VARIABLE:
                del variable[key]
        found[name] = json.dumps(document, indent=2, sort_keys=True) + "\n"
    return found


if __name__ == "__main__":
    for name, text in generated().items():
        (TARGET / f"{name}.json").write_text(text, "utf-8")
