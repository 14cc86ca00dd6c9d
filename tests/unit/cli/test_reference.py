"""The generated pages say what the code does."""

import re
from pathlib import Path

import pytest

from salesloft_webhooks.cli.application import application
from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.cli.reference import PAGES, cli_page, configuration_page
from salesloft_webhooks.settings import Settings

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_in_step(name: str) -> None:
    """`make docs` has been run since the code changed."""
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), "run `make docs`"


def test_every_setting_is_on_the_page() -> None:
    """No setting stands outside the headings that the page is made from."""
    page = configuration_page()

    missing = [name for name in Settings.model_fields if f"| `{name.upper()}` |" not in page]

    assert missing == []


def test_every_setting_is_described() -> None:
    """A variable without a meaning helps nobody."""
    assert [name for name, item in Settings.model_fields.items() if not item.description] == []


def test_every_exit_code_is_on_the_page() -> None:
    """The table of exit codes is complete."""
    assert [code for code in ExitCode if f"\n| {code.value} | " not in cli_page()] == []


def test_the_short_list_in_the_help_names_the_codes_of_commands() -> None:
    """`--help` lists every code that a command chooses, in order; that of Ctrl-C is the shells' own convention."""
    chosen = [int(number) for number in re.findall(r"\b\d+\b", application().info.epilog or "")]

    assert chosen == [code.value for code in ExitCode if code is not ExitCode.INTERRUPTED]
