"""Writes what the chart and the documentation know of the built-in groups: ``make docs``; a test compares."""

import sys
from pathlib import Path

import yaml

from salesloft_webhooks.handlers.builtin_groups import BUILTIN_GROUPS, BuiltinGroup
from salesloft_webhooks.settings import Ordering

PAGE = Path("docs/handlers.md")
CHART_FILE = Path("charts/salesloft-webhooks/built-in-groups.yaml")
BEGIN, END = "<!-- built-in groups: make docs -->\n", "<!-- end of built-in groups -->\n"

_CHART_HEADER = """\
# The built-in groups and what of `workerDefaults` is different for them; `name-*` stands for a family of groups.
# Generated from service/salesloft_webhooks/handlers/builtin_groups.py: `make docs`.
"""


def chart_file() -> str:
    """``built-in-groups.yaml`` of the chart."""
    rows = {f"{row.prefix}*" if row.prefix else row.name: _chart_values(row) for row in BUILTIN_GROUPS}
    return _CHART_HEADER + yaml.safe_dump(rows, sort_keys=False)


def _chart_values(row: BuiltinGroup) -> dict[str, bool | str]:
    values: dict[str, bool | str] = {}
    if row.writes_database:
        values["database"] = True
    if row.ordering is not Ordering.NONE:
        values["ordering"] = ""  # its handlers say which one they need, whatever is the default of the other groups
    return values


def page_table() -> str:
    """The table in ``docs/handlers.md``."""
    head = "| group | does | events | ordering | database | configuration |\n|---|---|---|---|---|---|\n"
    return head + "".join(map(_page_row, BUILTIN_GROUPS))


def _page_row(row: BuiltinGroup) -> str:
    heading = row.name.partition("-<")[0]
    events = ", ".join(f"`{event_type}`" for event_type in row.event_types)
    database = "`DATABASE_URL`" if row.writes_database else "-"
    cells = (f"[`{row.name}`](#{heading})", row.summary, events, row.ordering, database, row.configured_in or "-")
    return f"| {' | '.join(cells)} |\n"


def page_with_table(page: str) -> str:
    """The page with the table between its marks written anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{page_table()}{END}{after}"


def main(root: Path) -> None:
    """Write both into a checkout."""
    (root / CHART_FILE).write_text(chart_file(), encoding="utf-8")
    page = root / PAGE
    page.write_text(page_with_table(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
