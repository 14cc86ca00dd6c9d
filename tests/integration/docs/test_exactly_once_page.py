"""The examples of docs/exactly_once.md work as they stand."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from salesloft_webhooks import HandledEvents
from tests.integration.docs.test_python import file_of
from tests.support.documents import blocks
from tests.support.postgres import NEEDS_POSTGRESQL, PostgresServer, new_postgres

PAGE = "docs/exactly_once.md"
[DEFINITION] = [block.text for block in blocks(PAGE, "sql")]
TABLES = ("invoices", "bookings", "seats")
TEST = """
import asyncio
import os

import forgetting, invoices, ledger, seats
from salesloft_webhooks.testing import Outcome, event, run


async def test_it():
    success, person = event("success.created", id=1, person_id=7), event("person.created", id=7)
    async with invoices.lifespan(None) as engine:
        for _ in range(2):
            for router, given in ((invoices.router, success), (ledger.router, success), (seats.router, person)):
                resources = engine if router is invoices.router else None
                assert (await run(router, given, resources=resources)).outcome is Outcome.DONE
        assert await forgetting.forget_old_marks(engine) == 0
"""


@pytest.fixture
def database() -> Iterator[PostgresServer]:
    """With the tables of the page, its own as the page makes them."""
    with new_postgres() as server:
        server.start()
        ledger = DEFINITION.replace("salesloft_handled_events", "ledger_events")
        tables = (f"CREATE TABLE {each} (person_id INT)" for each in TABLES)
        for statements in (DEFINITION, DEFINITION, ledger, *tables):
            server.execute(statements)
        yield server


@NEEDS_POSTGRESQL
def test_each_example_writes_once(database: PostgresServer, tmp_path: Path) -> None:
    """Every event is handed over twice; each table has one row."""
    for block in blocks(PAGE, "python"):
        (tmp_path / file_of(block)).write_text(block.text)
    (tmp_path / "test_it.py").write_text(TEST)
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"
    )
    address = f"//postgres@127.0.0.1:{database.port}/postgres"
    drivers = {"INVOICES": "postgresql+asyncpg:", "LEDGER": "postgresql+psycopg:", "SEATS": "postgresql:"}
    told = {f"{name}_DATABASE": driver + address for name, driver in drivers.items()}

    command = [sys.executable, "-m", "pytest", "-q", "test_it.py"]
    result = subprocess.run(command, cwd=tmp_path, env=os.environ | told, capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stdout
    counts = [database.execute(f"SELECT count(*) FROM {each}") for each in TABLES]  # noqa: S608
    assert counts == ["1", "1", "1"]


def test_the_table_is_the_one_that_is_used() -> None:
    """Word for word what `definition` says."""
    said = ";".join(HandledEvents().definition)

    assert [re.sub(r"\s+", " ", each).strip() for each in DEFINITION.strip().strip(";").split(";")] == [
        re.sub(r"\s+", " ", each).strip() for each in said.split(";")
    ]
