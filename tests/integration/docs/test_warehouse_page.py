"""docs/warehouse.md: its section is one, its SQL counts each event once, and its table lists the columns there are."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
import yaml
from pydantic import BaseModel

from salesloft_webhooks.handlers.builtin.configuration import load_configuration
from salesloft_webhooks.handlers.builtin.configuration.warehouse import (
    GcsStorage,
    S3Storage,
    WarehouseConfiguration,
)
from salesloft_webhooks.handlers.builtin.warehouse.compaction import compact
from salesloft_webhooks.handlers.builtin.warehouse.event_table import SCHEMA
from salesloft_webhooks.handlers.builtin.warehouse.storage import open_storage
from salesloft_webhooks.handlers.builtin.warehouse.typed_columns import schema_of
from salesloft_webhooks.handlers.builtin.warehouse.typed_tables import TABLES
from salesloft_webhooks.handlers.builtin.warehouse.writing import WarehouseWriter
from salesloft_webhooks.resources import Person
from salesloft_webhooks.settings import Settings
from tests.support import samples
from tests.support.documents import blocks, read
from tests.support.warehouse_queries import VIEW

PAGE = "docs/warehouse.md"
IN_DUCKDB, BY_MANIFEST, TYPED, *OTHERS = (block.text for block in blocks(PAGE, "sql"))


@pytest.mark.parametrize("page", [PAGE, "docs/handlers.md"])
def test_the_section_of_the_page_is_one(page: str, tmp_path: Path) -> None:
    """As it stands on both pages, it is a section of HANDLERS_FILE."""
    (section,) = (block.text for block in blocks(page, "yaml") if block.text.startswith("warehouse:"))
    file = tmp_path / "handlers.yaml"
    file.write_text(section)

    found = load_configuration(Settings.load(handlers_file=file)).warehouse

    assert found is not None
    assert (found.url, found.s3.region) == ("s3://acme-events/salesloft", "eu-central-1")
    assert yaml.safe_load(section)["warehouse"]["url"] == found.url


async def test_each_way_of_the_page_counts_once(tmp_path: Path) -> None:
    """Batches that overlap: the view at once and after the compaction, the manifest after it, in DuckDB as written."""
    storage = open_storage(WarehouseConfiguration(url=f"file://{tmp_path}"))
    events = [samples.person(event_id=f"p{number}") for number in range(6)]
    events += [samples.email(event_id=f"m{number}", created_at="sometime") for number in range(3)]
    writer = WarehouseWriter(storage, 60)
    for batch in (events[:5], events[3:], events[2:8]):
        assert await writer.write(batch) == {}

    def ask(sql: str) -> list[tuple[object, ...]]:
        statements = sql.replace("/data/warehouse", str(tmp_path)).strip().rstrip(";").split(";")
        return [database.execute(statement).fetchall() for statement in statements][-1]

    with duckdb.connect() as database:
        ask(IN_DUCKDB)
        assert ask("SELECT count(*), count(DISTINCT event_id) FROM events") == [(9, 9)]
        assert ask("SELECT count(*) FROM events WHERE type = 'person.updated' AND day = '2026-03-07'") == [(6,)]
        assert ask("SELECT count(*) FROM events WHERE day IS NULL") == [(3,)]
        compact(storage, grace=timedelta(hours=1), now=datetime.now(UTC), typed=True)
        assert ask("SELECT count(*) FROM events") == [(9,)]
        assert ask(TYPED) == [("robin.sample@example.com", samples.USER_ID, None, None)]
        assert ask(BY_MANIFEST) == [("email.opened", 3), ("person.updated", 6)]
        assert ask("SELECT DISTINCT body->>'first_name' FROM events WHERE type LIKE 'person%'") == [("Robin",)]


def test_the_page_names_every_typed_table() -> None:
    """And none that there is not."""
    _, _, listed = read(PAGE).partition("a table for each kind of [resource](resources.md): ")

    assert set(re.findall(r"`(\w+)`", listed.partition(". They")[0])) == {table.name for table in TABLES.values()}


def test_statements_for_others_name_what_there_is() -> None:
    """BigQuery's and Snowflake's cannot be run here: their views are DuckDB's, and their columns are the table's."""
    text = "\n".join(OTHERS)
    (columns,) = re.findall(r"CREATE TABLE loaded_events \((.*?)\);", text, re.DOTALL)

    assert [each.split()[0] for each in columns.split(",")] == SCHEMA.names
    window = r"QUALIFY row_number\(\) OVER \(PARTITION BY event_id ORDER BY received_at\) = 1"
    assert len(re.findall(window, text)) == 2
    assert re.search(window, VIEW)
    assert "salesloft/manifest.txt" in text
    assert "salesloft/typed/people.txt" in text
    (first, then) = re.findall(r"QUALIFY row_number\(\) OVER \(PARTITION BY (_\w+) ORDER BY (_\w+)\) = 1", text)[0]
    assert {first, then} <= {*schema_of(Person).names}


def test_the_table_lists_every_column_and_every_field() -> None:
    """Columns in their order; fields of the section, without `url`, which has a table of its own."""
    page = read(PAGE)
    rows = re.findall(r"^\| ((?:`[\w.]+`(?:, )?)+) \| [^|]+ \| ", page, re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`([\w.]+)`", row)]

    assert [name for name in named if name in SCHEMA.names] == SCHEMA.names
    parts: dict[str, type[BaseModel]] = {"s3": S3Storage, "gcs": GcsStorage}
    fields = {*WarehouseConfiguration.model_fields} - {"url", *parts}
    fields |= {f"{part}.{field}" for part, section in parts.items() for field in section.model_fields}
    assert fields <= set(named)
