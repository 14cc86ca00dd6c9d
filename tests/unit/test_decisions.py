"""Decisions speak of what is there, and say when they were made; so do releases."""

import re
from datetime import date
from pathlib import Path

import pytest

from tests.support.rules_and_dashboards import ROOT

PACKAGE = ROOT / "service/salesloft_webhooks"
PAGES = sorted((ROOT / "docs/decisions").glob("*.md"))


def test_what_is_written_by_hand_on_purpose_is_there() -> None:
    """Each part in decision 2's table exists: reasons do not outlive the code they are for."""
    page = (ROOT / "docs/decisions/0002-dependencies.md").read_text("utf-8")
    rows = re.findall(r"^\| (`[^|]+) \|", page.partition("## Written by hand on purpose")[2], re.MULTILINE)
    paths = [path for row in rows for path in re.findall(r"`([a-z_/]+(?:\.py|/))`", row)]

    assert len(paths) > len(rows) > 10
    assert [path for path in paths if not (PACKAGE / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=[page.stem[:4] for page in PAGES])
def test_each_says_when_it_was_made_and_whether_it_holds(page: Path) -> None:
    """Below its title, which carries its number, a decision has a date of the calendar and its status."""
    title, empty, first = page.read_text("utf-8").splitlines()[:3]
    found = re.match(r"\*\*Date:\*\* (\S+)\. \*\*Status:\*\* (accepted|replaced by \[\d+\]\()", first)

    assert title.startswith(f"# {int(page.stem[:4])}. ")
    assert empty == ""
    assert found is not None, first
    assert date.fromisoformat(found[1]).isoformat() == found[1]


def test_each_release_in_the_changelog_has_its_date() -> None:
    """What is released says when, newest first; only what is not yet released has no date."""
    headings = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    dates = [re.fullmatch(r"\[\d+\.\d+\.\d+\] - (\d{4}-\d\d-\d\d)", heading) for heading in headings[1:]]

    assert headings[0] == "[Unreleased]"
    assert dates
    assert None not in dates, headings
    assert sorted((date.fromisoformat(found[1]) for found in dates if found), reverse=True) == [
        date.fromisoformat(found[1]) for found in dates if found
    ]
