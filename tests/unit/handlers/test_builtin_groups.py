"""The table of built-in groups is what the groups, the chart, the documentation and the commands say of them."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import salesloft_webhooks.handlers.builtin as room
from salesloft_webhooks.cli.commands.trial.command_line import EVENT_TYPE
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.event_patterns import matches
from salesloft_webhooks.handlers import reference
from salesloft_webhooks.handlers.builtin_groups import (
    ACTIVITY,
    BUILTIN_GROUPS,
    FORWARD,
    BuiltinGroup,
    builtin_group,
    builtin_names,
)
from salesloft_webhooks.handlers.loading import LoadedGroup, load_group
from salesloft_webhooks.settings import Settings

ROOT = Path(__file__).parents[3]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SMALLEST: dict[str, dict[str, Any]] = {
    "forward": {"orders": {"url": "https://hooks.example.com", "secrets": [SECRET]}},
    "warehouse": {"url": "file:///warehouse"},
}
"""A configuration that every family of groups has a member in, with nothing in it that has a default."""

each_group = pytest.mark.parametrize("row", BUILTIN_GROUPS, ids=lambda row: row.module)


def loaded(row: BuiltinGroup, folder: Path) -> LoadedGroup:
    """The group, or the family's member, as a worker loads it with everything at its default."""
    file = folder / "handlers.yaml"
    file.write_text(yaml.safe_dump(SMALLEST))
    member = f"{row.prefix}{next(iter(SMALLEST[row.module]))}" if row.prefix else row.name
    return load_group(member, (), Settings.load(handlers_file=file))


@each_group
def test_a_group_takes_the_events_and_the_ordering_of_its_row(row: BuiltinGroup, tmp_path: Path) -> None:
    """With nothing configured, its routers name exactly the row's event types, in the row's ordering."""
    group = loaded(row, tmp_path)

    assert (group.patterns, group.ordering) == (row.event_types, row.ordering)


def test_every_module_of_the_room_has_a_row() -> None:
    """What stands in `handlers/builtin` beside the configuration is a group, and each has its row."""
    modules = {path.stem for path in Path(room.__path__[0]).iterdir() if not path.name.startswith("__")}

    assert modules - {"configuration"} == {row.module for row in BUILTIN_GROUPS}


@pytest.mark.parametrize(
    ("name", "row"),
    [("activity", ACTIVITY), ("forward-a-b", FORWARD), ("forward", None), ("activity2", None), ("my-forward-a", None)],
)
def test_a_family_covers_what_begins_with_its_prefix(name: str, row: BuiltinGroup | None) -> None:
    """A single group covers its own name only; no name that merely contains one is built in."""
    assert builtin_group(name) is row


def test_a_group_that_is_not_built_in_is_told_which_are() -> None:
    """The message of a wrong WORKER_GROUP names every row."""
    with pytest.raises(ConfigurationError) as refused:
        load_group("mine", (), Settings.load())

    assert f"({builtin_names()})" in str(refused.value)


def test_the_charts_copy_is_in_step() -> None:
    """`built-in-groups.yaml`, by which the chart's checks and workers go, is the table's (`make docs`)."""
    assert (ROOT / reference.CHART_FILE).read_text("utf-8") == reference.chart_file()


def test_the_pages_table_is_in_step() -> None:
    """docs/handlers.md lists the groups as the table has them (`make docs`)."""
    page = (ROOT / reference.PAGE).read_text("utf-8")

    assert page == reference.page_with_table(page)


@each_group
def test_a_group_has_a_section_on_the_page(row: BuiltinGroup) -> None:
    """What the page's table links to is a heading of its own."""
    anchors = re.findall(r"\]\(#([\w-]+)\)", reference.page_table())
    headings = re.findall(r"^### (\S+)$", (ROOT / reference.PAGE).read_text("utf-8"), re.MULTILINE)

    assert anchors[BUILTIN_GROUPS.index(row)] in headings


def test_the_database_setting_names_the_groups_that_write() -> None:
    """`DATABASE_URL` says whom it concerns."""
    described = Settings.model_fields["database_url"].description or ""

    named = {row.name for row in BUILTIN_GROUPS if f"`{row.name}`" in described}

    assert named == {row.name for row in BUILTIN_GROUPS if row.writes_database}


def test_a_trial_is_handled_by_activity_alone() -> None:
    """Of the groups that are on by default only `activity`, whose effect is a row, takes the event `trial` posts."""
    takers = [row.name for row in BUILTIN_GROUPS if row.on_by_default and matches(EVENT_TYPE, row.event_types)]

    assert takers == [ACTIVITY.name]
