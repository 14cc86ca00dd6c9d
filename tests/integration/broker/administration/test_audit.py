"""The audit: what was done, in its order, page by page, and what is cut."""

import pytest

from salesloft_webhooks.broker.administration import audit
from salesloft_webhooks.broker.administration.audit import Act, audit_log, audit_page, find_audited, write_audit
from tests.support.broker_driver import Driven


def act(number: int, who: str = "robin") -> Act:
    """The act of this number."""
    return Act(who=who, roles=("operate", "view"), act="pause", counts={"n": number})


async def test_an_act_is_read_as_it_was_written(driven: Driven) -> None:
    """Everything but what is too long comes back, and is found by its id."""
    written = Act(
        who="robin",
        roles=("operate", "view"),
        act="redrive",
        arguments={"group": "crm", "reason": "x" * 400},
        counts={"letters": 7},
        outcome="failed",
        message="y" * 400,
        run="r1",
    )

    entry_id = await write_audit(driven.store, written)

    found = await find_audited(driven.store, entry_id)
    assert found is not None
    assert (found.who, found.roles, found.act, found.run) == ("robin", ("operate", "view"), "redrive", "r1")
    assert (found.arguments, found.message) == ({"group": "crm", "reason": "x" * 300}, "y" * 300)
    assert (found.counts, found.outcome, found.entry_id) == ({"letters": 7}, "failed", entry_id)
    assert await find_audited(driven.store, "1-1") is None
    assert await find_audited(driven.store, "nonsense") is None


async def test_pages_follow_each_other_without_a_gap(driven: Driven, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each begins where the one before has ended, also in the middle of what is read at once; the last says so."""
    monkeypatch.setattr(audit, "PAGE", 3)
    for number in range(10):
        await write_audit(driven.store, act(number, who="robin" if number % 2 else "sam"))

    seen, after = [], ""
    for _ in range(3):
        found = await audit_page(driven.store, 2, before=after, who="robin")
        seen += [each.counts["n"] for each in found.acts]
        after = found.after

    assert seen == [9, 7, 5, 3, 1]
    assert after == ""
    assert [each.counts["n"] async for each in audit_log(driven.store, who="sam", act="pause")] == [8, 6, 4, 2, 0]
    with pytest.raises(ValueError, match="no id"):
        await audit_page(driven.store, 2, before="(1")


async def test_a_search_that_finds_nothing_ends(driven: Driven, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page looks through so many acts and no more, and says where to go on."""
    monkeypatch.setattr(audit, "LOOKED_THROUGH", 4)
    ids = [await write_audit(driven.store, act(number)) for number in range(6)]

    first = await audit_page(driven.store, 2, who="nobody")
    second = await audit_page(driven.store, 2, before=first.after, who="nobody")

    assert (first.acts, first.after) == ((), ids[2])
    assert (second.acts, second.after) == ((), "")


async def test_the_oldest_acts_go(driven: Driven, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stream keeps about so many as it may have: Redis cuts whole nodes of a hundred."""
    monkeypatch.setattr(audit, "LENGTH", 100)
    for number in range(400):
        await write_audit(driven.store, act(number))

    found = [each.counts["n"] async for each in audit_log(driven.store)]

    assert found[0] == 399
    assert 100 <= len(found) < 400


async def test_an_act_of_a_later_version_is_read(driven: Driven) -> None:
    """What it has in a form that is not known here is left out; who has no role has none."""
    fields = {"who": "robin", "roles": "", "act": "pause", "args": "[1]", "counts": '{"n":"many"}', "outcome": "done"}
    await driven.store.client.xadd(driven.store.keys.audit, fields)  # type: ignore[arg-type]

    (found,) = [each async for each in audit_log(driven.store)]

    assert (found.who, found.roles, found.arguments, found.counts) == ("robin", (), {}, {})


async def test_a_page_of_one_act(driven: Driven) -> None:
    """Others are passed over."""
    for name in ("pause", "redrive", "pause"):
        await write_audit(driven.store, Act(who="robin", roles=("view",), act=name))

    found = await audit_page(driven.store, 9, act="redrive")

    assert [each.act for each in found.acts] == ["redrive"]
