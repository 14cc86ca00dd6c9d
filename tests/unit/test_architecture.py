"""The architecture page names what is there, and all of it."""

import re

import pytest

from salesloft_webhooks.broker import reference
from tests.support.documents import blocks
from tests.support.rules_and_dashboards import ROOT

PACKAGE = ROOT / "service/salesloft_webhooks"
PAGE = (ROOT / "docs/architecture.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`([a-z_]+(?:/[\w.-]+)*/?)`", PAGE)))
PATHS = [name for name in NAMED if "/" in name or name.endswith((".py", ".lua"))]
ROOMS = sorted(
    path.relative_to(PACKAGE).as_posix() + ("/" if path.is_dir() else "")
    for path in PACKAGE.iterdir()
    if path.name.strip("_") == path.name and (path.is_dir() or path.suffix == ".py") and "__" not in path.name
)


@pytest.mark.parametrize("name", PATHS)
def test_each_path_is_there(name: str) -> None:
    """A path is one below the package, or from the root."""
    assert (PACKAGE / name).exists() or (ROOT / name).exists()


def test_the_page_has_paths() -> None:
    """The expression that finds them is not blind."""
    assert len(PATHS) > 80


@pytest.mark.parametrize("room", ROOMS)
def test_each_room_is_on_the_page(room: str) -> None:
    """Every folder and module of the package is in the table of rooms."""
    rooms = PAGE[PAGE.index("## Rooms") : PAGE.index("## Redis keys")]

    assert f"`{room}`" in rooms


def test_the_table_of_keys_is_in_step() -> None:
    """`make docs` has been run since keys or fields changed."""
    assert reference.with_table(PAGE) == PAGE, "run `make docs`"


def test_every_metric_of_the_glossary_exists() -> None:
    """What the glossary calls a metric is one."""
    glossary = PAGE[PAGE.index("## Glossary") :]
    metrics = (ROOT / "docs/metrics.md").read_text("utf-8")
    suffixes = ("_total", "_entries", "_seconds", "_available", "_degraded", "_consumers", "_paused", "_in_flight")
    named = {name for name in re.findall(r"`([a-z_]+)`", glossary) if name.endswith(suffixes)}

    assert len(named) > 15
    assert [name for name in sorted(named) if f"salesloft_webhooks_{name}`" not in metrics] == []


def test_the_pictures_draw_what_is_there() -> None:
    """Every line of a picture is one that Mermaid has; its folders are there, and its states are those of the table."""
    journey, states = (block.text for block in blocks("docs/architecture.md") if block.language == "mermaid")
    node = r"""\w+(?:\["[^"]+"\]|\[\("[^"]+"\)\])?"""
    drawn = rf"""{node}(?: & {node})*(?: (?:-->|-\.->)(?:\|"[^"]+"\|)? {node})*|subgraph \w+\["[^"]+"\]|end"""
    step = r"(\[\*\]|\w+) --> (\[\*\]|\w+): [^:]+"
    table = PAGE[PAGE.index("| state | how the store knows") : PAGE.index("When the **store** dies")]

    first, *lines = [line.strip() for line in journey.splitlines() if line.strip()]
    assert first == "flowchart LR"
    assert [line for line in lines if not re.fullmatch(drawn, line)] == []
    folders = re.findall(r"\b([a-z]+(?:/[a-z]+)*/(?:publish\.py)?)", journey.replace("<br>", " "))
    assert len(folders) > 8
    assert [folder for folder in folders if not (PACKAGE / folder).exists()] == []

    first, *steps = [line.strip() for line in states.splitlines() if line.strip()]
    assert first == "stateDiagram-v2"
    assert [line for line in steps if not re.fullmatch(step, line)] == []
    named = {state for line in steps for state in re.findall(r"\w+", line.partition(":")[0])}
    assert [state for state in sorted(named) if f"\n| {state} |" not in table] == []
