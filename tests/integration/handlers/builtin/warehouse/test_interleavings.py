"""No event is lost or counted twice, whoever dies, whoever acts beside, and however late a request arrives."""

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from salesloft_webhooks.handlers.builtin.configuration.warehouse import WarehouseConfiguration
from salesloft_webhooks.handlers.builtin.warehouse.checking import check
from salesloft_webhooks.handlers.builtin.warehouse.compaction import compact
from salesloft_webhooks.handlers.builtin.warehouse.erased_persons import record_erased
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage, open_storage
from tests.integration.handlers.builtin.warehouse.acting import (
    AT_ONCE,
    Died,
    Dying,
    Late,
    compacted,
    files_of,
    of_person,
    put,
    stored,
)
from tests.support.warehouse_queries import rows_by_manifest, rows_by_view, typed_rows


def test_it_may_die_between_any_two_steps(storage: Storage, tmp_path: Path) -> None:
    """After each death every event is one row of the view, and of a manifest once there is one; then it is finished."""
    put(storage, "z", day=3)
    put(storage, "a", "b")
    compacted(storage)
    earlier = rows_by_manifest(storage, tmp_path)
    for names in ("ab", "bc", "c", "d"):
        put(storage, *names)
        put(storage, *(name.upper() for name in names), day=1)
    every = sorted([*"abcd", *"ABCD", "z"])
    steps = 0
    while True:
        try:
            compact(Dying(storage, steps), grace=AT_ONCE, now=datetime.now(UTC) + timedelta(seconds=2))
        except Died:
            steps += 1
        else:
            break
        assert rows_by_view(storage, tmp_path) == every
        assert rows_by_manifest(storage, tmp_path) in (earlier, every)

    assert steps >= 4
    assert rows_by_manifest(storage, tmp_path) == every
    assert files_of(storage) == 3


@pytest.mark.parametrize("seed", range(12))
def test_late_requests_and_compactions_beside_each_other_lose_nothing(seed: int, tmp_path: Path) -> None:
    """Random repeats of batches, compactions that end anywhere, writes and deletions that arrive late or twice."""
    chance = random.Random(seed)
    (tmp_path / "warehouse").mkdir()
    storage = open_storage(WarehouseConfiguration(url=f"file://{tmp_path}/warehouse"))
    late: list[Callable[[], None]] = []
    acknowledged: set[str] = set()
    names = [f"e{number}" for number in range(12)]
    for _ in range(40):
        acting = Late(storage, late, chance)
        if chance.random() < 0.5:
            batch = chance.sample(names, chance.randint(1, 5))
            put(acting, *batch)
            acknowledged.update(batch)
        else:
            with suppress(Died):
                dying = Dying(acting, chance.randint(0, 20))
                compact(dying, grace=AT_ONCE, now=datetime(2100, 1, 1, tzinfo=UTC), typed=True)
        assert rows_by_view(storage, tmp_path) == sorted(acknowledged)
    while late:
        late.pop()()
        assert rows_by_view(storage, tmp_path) == sorted(acknowledged)

    assert compacted(storage, typed=True).complete
    assert compacted(storage, typed=True).complete  # one may have been written over that the manifest names
    assert rows_by_manifest(storage, tmp_path) == sorted(acknowledged)
    typed = typed_rows(storage, "people", tmp_path, "SELECT _event_id FROM {} ORDER BY 1")
    assert [event_id for (event_id,) in typed] == sorted(acknowledged)
    assert check(storage).sound


@pytest.mark.parametrize("seed", range(8))
def test_erasures_in_the_middle_of_anything_lose_nobody_else_s_events(seed: int, tmp_path: Path) -> None:
    """As before, with persons who are erased while others compact without knowing it, in files of one day."""
    chance = random.Random(seed)
    (tmp_path / "warehouse").mkdir()
    storage = open_storage(WarehouseConfiguration(url=f"file://{tmp_path}/warehouse"))
    late: list[Callable[[], None]] = []
    written, erased = dict[str, int](), set[int]()

    def erase(person: int) -> None:
        erased.add(person)
        record_erased(storage, person, datetime.now(UTC))

    def check_view() -> list[str]:
        found = rows_by_view(storage, tmp_path)
        kept = sorted(event_id for event_id, person in written.items() if person not in erased)
        assert {*kept} <= {*found} <= written.keys()
        return kept

    for step in range(40):
        acting = Late(storage, late, chance)
        person = 1 + step // 4  # few events at a time, so that what is left of one file is another one by chance
        late += [partial(erase, person)] if step % 4 == 3 else []
        if chance.random() < 0.6:
            names = {"a": 100, "b": 100, f"z{person}": person}
            batch = chance.sample([*names.items()], chance.randint(1, 3))
            stored(acting, *(of_person(whom, name) for name, whom in batch))
            written.update(batch)
        else:
            with suppress(Died):
                dying = Dying(acting, chance.randint(0, 20))
                compact(dying, grace=AT_ONCE, now=datetime(2100, 1, 1, tzinfo=UTC), typed=True)
        check_view()
    while late:
        late.pop()()
        check_view()

    assert [compacted(storage, typed=True).complete for _ in range(2)] == [True, True]
    kept = check_view()
    assert rows_by_view(storage, tmp_path) == rows_by_manifest(storage, tmp_path) == kept
    typed = typed_rows(storage, "people", tmp_path, "SELECT _event_id FROM {} ORDER BY 1")
    assert [event_id for (event_id,) in typed] == kept
    assert (check(storage).sound, check(storage).erasable) == (True, 0)
