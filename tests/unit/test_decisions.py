"""Decisions speak of what is there."""

import re

from tests.support.rules_and_dashboards import ROOT

PACKAGE = ROOT / "service/salesloft_webhooks"


def test_what_is_written_by_hand_on_purpose_is_there() -> None:
    """Each part in decision 2's table exists: reasons do not outlive the code they are for."""
    page = (ROOT / "docs/decisions/0002-dependencies.md").read_text("utf-8")
    rows = re.findall(r"^\| (`[^|]+) \|", page.partition("## Written by hand on purpose")[2], re.MULTILINE)
    paths = [path for row in rows for path in re.findall(r"`([a-z_/]+(?:\.py|/))`", row)]

    assert len(paths) > len(rows) > 10
    assert [path for path in paths if not (PACKAGE / path).exists()] == []
