"""`warehouse erase`."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from salesloft_webhooks.cli.application import application
from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.handlers.builtin.warehouse.contents import folders
from salesloft_webhooks.handlers.builtin.warehouse.layout import ERASED
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage
from salesloft_webhooks.handlers.builtin.warehouse.writing import WarehouseWriter
from tests.integration.cli.administered import Console
from tests.support import samples
from tests.support.in_thread import in_thread


def test_a_person_is_erased(storage: Storage, console: Console) -> None:
    """What was there is counted, and what is written later is erased by the next compaction."""
    person = str(samples.PERSON_ID)
    event = samples.person(event_id="other", data={"id": 1, "person_id": 1})
    in_thread(lambda: WarehouseWriter(storage, 60).write([event]))

    refused = [console.run("warehouse", "erase", "--person", each) for each in (person, "Robin", "1" * 19)]
    erased = console.run("warehouse", "erase", "--person", person, "--yes")
    again = console.run("warehouse", "erase", "--person", person, "--yes", "--json")
    in_thread(lambda: WarehouseWriter(storage, 60).write([samples.person(event_id="late")]))
    late = console.run("warehouse", "check")
    console.run("warehouse", "compact")
    after = console.run("warehouse", "check", "--json")

    assert all(each.exit_code for each in refused)
    assert (erased.exit_code, erased.stderr) == (0, "4 row(s) erased\n")
    assert json.loads(again.stdout) == {"persons": 1, "rows": 0, "complete": True, "damaged": {}, "changed": []}
    assert "1 row(s) are of erased persons, and go with the next compaction" in late.stderr
    found = json.loads(after.stdout)
    assert (found["events"], found["erasable"], found["sound"]) == (1, 0, True)


def test_an_erasure_that_is_not_complete_says_so(storage: Storage, console: Console) -> None:
    """By its exit code, and by the file that could not be read."""
    ((first, *_),) = folders(storage).values()
    storage.write(first.path, b"broken")

    result = console.run("warehouse", "erase", "--person", "1", "--yes")

    assert result.exit_code == ExitCode.PARTLY
    assert f"{first.path} may have more" in result.stderr


@pytest.mark.usefixtures("storage")
def test_erase_in_the_store_names_the_warehouse(console: Console) -> None:
    """Which it does not reach, and the command that does."""
    assert "salesloft-webhooks warehouse erase --person 7" in console.run("erase", "--person", "7", "--yes").stderr


@pytest.fixture
def people(storage: Storage) -> Storage:
    """The same with events of the people 1 to 5, one each."""
    events = [samples.person(event_id=f"p{each}", data={"id": each, "person_id": each}) for each in range(1, 6)]
    in_thread(lambda: WarehouseWriter(storage, 60).write(events))
    return storage


def erased(storage: Storage) -> list[str]:
    """Whose rows may stay no more, in the order of the texts."""
    return [file.name.removeprefix("person=") for file in storage.files(ERASED)]


def test_many_are_erased_by_a_list(people: Storage, console: Console, tmp_path: Path) -> None:
    """Of options, of a file, of both; empty lines, spaces, a byte order mark and repeats are no matter."""
    (tmp_path / "gone.txt").write_text("\ufeff2\r\n\n 3 \n2\n", "utf-8")

    asked = console.run("warehouse", "erase", "--persons", "gone.txt")
    said = console.run(
        "warehouse", "erase", "--persons", "gone.txt", "--person", "1", "--person", "1", "--yes", "--json"
    )

    assert asked.exit_code == ExitCode.USAGE
    assert "Erase 2 persons from the warehouse's files for good?" in asked.stderr
    assert json.loads(said.stdout) == {"persons": 3, "rows": 3, "complete": True, "damaged": {}, "changed": []}
    assert erased(people) == ["1", "2", "3"]
    assert console.run("warehouse", "check").exit_code == 0
    assert console.read("warehouse", "check")["events"] == 5


def test_a_list_may_come_from_stdin(people: Storage) -> None:
    """As another program prints it."""
    words = ["warehouse", "erase", "--persons", "-", "--yes"]

    said = CliRunner().invoke(application(), words, input="4\n5\n")

    assert (said.exit_code, said.stderr) == (0, "2 row(s) erased\n")
    assert erased(people) == ["4", "5"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("1\nRobin\n", 2),
        ("1;Robin\n", 1),
        (f"2\n\n{'1' * 19}", 3),
        ("-1", 1),
        ("\udcff", 1),
        ("1\u20282", 1),
        ("1\x1c2", 1),
    ],
    ids=repr,
)
def test_a_list_with_something_else_in_it_erases_nobody(
    people: Storage, console: Console, tmp_path: Path, text: str, line: int
) -> None:
    """The line is named, and what it says is not repeated; those before it stay."""
    (tmp_path / "gone.txt").write_bytes(text.encode("utf-8", "surrogateescape"))

    said = console.run("warehouse", "erase", "--persons", "gone.txt", "--yes")

    assert said.exit_code == ExitCode.USAGE
    assert f"--persons, line {line} takes an id" in said.stderr
    assert "Robin" not in said.output
    assert erased(people) == []


@pytest.mark.parametrize(("file", "says"), [("", "say who"), ("none.txt", "none.txt"), ("empty.txt", "say who")])
def test_without_anybody_nothing_is_done(
    people: Storage, console: Console, tmp_path: Path, file: str, says: str
) -> None:
    """No option, a list that is not there, or one of nobody."""
    (tmp_path / "empty.txt").write_text("\n")

    said = console.run("warehouse", "erase", *(["--persons", file] if file else []), "--yes")

    assert said.exit_code == ExitCode.USAGE
    assert says in said.stderr
    assert erased(people) == []
