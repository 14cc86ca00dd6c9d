"""`check` reads typed tables: each file against its name, its table and the file of events that it was made of."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from salesloft_webhooks.handlers.builtin.warehouse.checking import Check, check
from salesloft_webhooks.handlers.builtin.warehouse.erased_persons import record_erased
from salesloft_webhooks.handlers.builtin.warehouse.layout import MANIFEST, name_of, typed_manifest, typed_path
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage
from tests.integration.handlers.builtin.warehouse.acting import compacted, of_person, put, stored
from tests.support import samples


def two_tables(storage: Storage) -> tuple[str, str]:
    """People and an email, compacted with typed tables; the paths of the people's events and of their typed file."""
    path = stored(storage, of_person(1, "a"), of_person(2, "b"))
    stored(storage, samples.email(event_id="m"))
    stored(storage, samples.event("conversation.created", {"id": 1}, event_id="c"))
    compacted(storage, typed=True)
    return path, typed_path("people", path)


def read(storage: Storage, path: str) -> Any:
    """All rows of a file, as an Arrow table."""
    return pq.read_table(pa.BufferReader(storage.read(path)))


def written(storage: Storage, path: str, table: Any) -> None:
    """The file with other rows, as whole as they come."""
    stream = pa.BufferOutputStream()
    pq.write_table(table, stream)
    storage.write(path, stream.getvalue())


def changed(table: Any, column: str, value: object) -> Any:
    """The rows with one value of a column in all of them."""
    index = table.schema.get_field_index(column)
    field = table.schema.field(index)
    return table.set_column(index, field, pa.array([value] * table.num_rows, field.type))


def problems(found: Check) -> list[tuple[str, str]]:
    """Paths and what is wrong with them, of typed tables."""
    return [(each.path, each.problem) for each in found.typed.damaged]


def test_what_a_compaction_has_made_is_as_it_should_be(storage: Storage) -> None:
    """Rows of each table are counted; of what has no table there is nothing to say."""
    two_tables(storage)

    found = check(storage)

    assert found.sound
    assert (found.events, found.typed.files, found.typed.rows, found.typed.behind) == (4, 2, 3, 0)


def cut_off(storage: Storage, path: str) -> None:
    """Half a file."""
    storage.write(path, storage.read(path).to_pybytes()[:-50])


def one_bit(storage: Storage, path: str) -> None:
    """One byte of a page of a column that nobody needs to find the rows."""
    whole = bytearray(storage.read(path).to_pybytes())
    with pq.ParquetFile(pa.BufferReader(bytes(whole))) as file:
        group = file.metadata.row_group(0)
        (column,) = [each for each in map(group.column, range(group.num_columns)) if each.path_in_schema == "_source"]
        begin = column.dictionary_page_offset or column.data_page_offset
    whole[begin + column.total_compressed_size - 1] ^= 255
    storage.write(path, bytes(whole))


def without_a_column(storage: Storage, path: str) -> None:
    """Of the event's own."""
    written(storage, path, read(storage, path).drop_columns(["_person_id"]))


def of_another_type(storage: Storage, path: str) -> None:
    """A column of the event's own."""
    table = read(storage, path)
    index = table.schema.get_field_index("_person_id")
    written(storage, path, table.set_column(index, "_person_id", pa.array(["1"] * table.num_rows)))


def lacking_a_row(storage: Storage, path: str) -> None:
    """One of two."""
    written(storage, path, read(storage, path).slice(1))


def another_name(storage: Storage, path: str) -> None:
    """The resource says something else than the body of the event."""
    written(storage, path, changed(read(storage, path), "first_name", "Somebody"))


def another_person(storage: Storage, path: str) -> None:
    """And so does what is the event's own, in a file with the columns of another version."""
    table = changed(read(storage, path), "_person_id", 77)
    written(storage, path, table.drop_columns(["first_name"]))


UNREADABLE, COLUMNS = "it cannot be read as Parquet", "its columns are others than its table's"
NAME, ROWS = "its name says that other events are in it", "its rows are not what the file of events says"
DAMAGES = [
    (cut_off, UNREADABLE),
    (one_bit, UNREADABLE),
    (without_a_column, COLUMNS),
    (of_another_type, COLUMNS),
    (lacking_a_row, NAME),
    (another_name, ROWS),
    (another_person, ROWS),
]


@pytest.mark.parametrize(("damage", "problem"), DAMAGES)
def test_what_is_wrong_is_named_until_it_is_made_anew(
    storage: Storage, damage: Callable[[Storage, str], None], problem: str
) -> None:
    """With its path; when it is deleted, as `check` advises, the next compaction makes it from the events."""
    _, typed = two_tables(storage)
    damage(storage, typed)

    found = check(storage)
    assert (found.sound, problems(found), found.damaged) == (False, [(typed, problem)], [])

    storage.delete(typed)
    assert check(storage).typed.missing == [typed]
    assert compacted(storage, typed=True).complete
    assert check(storage).sound


def test_columns_of_another_version_are_no_damage(storage: Storage) -> None:
    """They stay as they are; what both versions have is compared."""
    _, typed = two_tables(storage)
    written(storage, typed, read(storage, typed).drop_columns(["first_name"]))

    assert check(storage).sound


def test_a_file_that_is_named_and_not_there_is_wrong(storage: Storage) -> None:
    """Whoever reads by the manifest of its table gets an error."""
    _, typed = two_tables(storage)
    storage.delete(typed)

    found = check(storage)

    assert (found.sound, found.typed.missing, found.typed.behind, found.missing) == (False, [typed], 0, [])


def test_a_table_that_does_not_follow_yet_waits(storage: Storage) -> None:
    """After a compaction that made none, or died before: that is no damage, and `behind` counts it."""
    path, typed = two_tables(storage)
    put(storage, "d", day=1)
    compacted(storage)
    assert (check(storage).sound, check(storage).typed.behind) == (True, 1)

    # One file of events joined to another one: both are to be seen, the one that counts and the one that did.
    stored(storage, of_person(1, "a"), of_person(3, "e"))
    compacted(storage)
    compacted(storage)
    found = check(storage)
    assert (found.sound, found.typed.behind, found.typed.rows) == (True, 3, 3)
    assert storage.find(path) is None  # and what is there without its file of events is no damage, either
    assert storage.find(typed) is not None

    compacted(storage, typed=True)
    assert (check(storage).sound, check(storage).typed.behind) == (True, 0)


def test_rows_of_erased_persons_are_counted_in_typed_tables_too(storage: Storage) -> None:
    """Of both kinds of file, until the next compaction."""
    two_tables(storage)
    record_erased(storage, 2, datetime.now(UTC))

    found = check(storage)
    assert (found.sound, found.erasable, found.typed.erasable) == (True, 1, 1)

    compacted(storage)
    found = check(storage)
    assert (found.sound, found.erasable, found.typed.erasable) == (True, 0, 0)


def test_a_compaction_in_the_middle_is_looked_at_again(storage: Storage) -> None:
    """What it deletes after the listing is no damage, and what counts in the end is what is reported."""
    stored(storage, of_person(1, "a"))
    compacted(storage, typed=True)
    stored(storage, of_person(2, "b"))

    class Overtaken(Storage):
        def __init__(self) -> None:
            self.__dict__.update(storage.__dict__)
            self.looks = 0

        def read(self, path: str) -> Any:
            if path == MANIFEST:
                self.looks += 1
            if path.startswith("events/") and self.looks == 1:
                compacted(storage, typed=True)
            return super().read(path)

    overtaken = Overtaken()

    found = check(overtaken)

    assert overtaken.looks > 1
    assert (found.sound, found.counted, found.typed.rows, found.typed.behind) == (True, 2, 2, 0)


def test_a_manifest_that_names_the_same_rows_twice_is_behind(storage: Storage) -> None:
    """A part besides the whole: `behind` says so, and the next compaction writes the manifest anew."""
    _, typed = two_tables(storage)
    copy = f"{typed.rpartition('/')[0]}/{name_of(['a'])}"
    written(storage, copy, read(storage, typed).slice(0, 1))
    lines = "".join(f"{storage.address_of(each)}\n" for each in (copy, typed))
    storage.write(typed_manifest("people"), lines.encode())

    assert (check(storage).sound, check(storage).typed.behind) == (True, 1)

    compacted(storage, typed=True)
    assert (check(storage).typed.behind, check(storage).typed.rows) == (0, 3)
