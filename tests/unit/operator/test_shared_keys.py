"""Objects that name one Secret: who has it next, and who still needs its keys."""

from typing import Any

import pytest

from salesloft_webhooks.operator.objects import Metadata, SubscriptionObject
from salesloft_webhooks.operator.shared_keys import SharedKeys, elsewhere
from salesloft_webhooks.operator.specification import keys_of
from salesloft_webhooks.salesloft import Subscription
from salesloft_webhooks.subscriptions import MasterKey, Phase, Plan, Round

HERE = {"mode": "Manage", "secretRef": {"name": "ours", "key": "callback-secret"}}
OBSERVED = {**HERE, "mode": "Observe"}
OTHER_ENTRY = {"mode": "Manage", "secretRef": {"name": "ours", "key": "other"}}
ELSEWHERE = {"mode": "Manage", "secretRef": {"name": "theirs", "key": "callback-secret"}}


def declared(name: str, keys: Any, *signed: str, created: str = "2026-11-30T00:00:00Z", gone: bool = False) -> Any:
    """An object, and the fingerprints that its subscriptions are signed with."""
    about = Metadata(name=name, uid=name, creation_timestamp=created, deletion_timestamp=created if gone else None)
    entry = {"event": "call_created", "enabled": True, "since": created}
    entries = [{**entry, "id": number, "key": key} for number, key in enumerate(signed)]
    return SubscriptionObject(metadata=about, spec={"keys": keys}, status={"subscriptions": entries})


OLD, NEW = MasterKey(b"old"), MasterKey(b"new")
FIRST = declared("first", HERE, "new")


def heir(*others: SubscriptionObject, at_last: bool = False) -> str | None:
    """Who gets the first one's Secret."""
    keys = keys_of(FIRST.spec)
    assert keys is not None
    found = SharedKeys([FIRST, *others]).heir(FIRST, keys, at_last=at_last)
    return None if found is None else found.metadata.name


def behind(*others: SubscriptionObject) -> list[str]:
    """Whom the first one has to wait for before it takes the key `old` away."""
    keys = keys_of(FIRST.spec)
    assert keys is not None
    return SharedKeys([FIRST, *others]).behind(FIRST, keys, ("old",))


@pytest.mark.parametrize(
    ("others", "name"),
    [
        pytest.param([], None, id="nobody"),
        pytest.param([declared("b", ELSEWHERE)], None, id="another Secret"),
        pytest.param([declared("b", HERE, gone=True)], None, id="one that goes as well"),
        pytest.param([declared("b", None)], None, id="one that says nothing readable"),
        pytest.param([declared("a", OBSERVED), declared("b", HERE)], "b", id="who can change the keys goes first"),
        pytest.param([declared("b", OBSERVED)], "b", id="one that only reads them"),
        pytest.param([declared("b", OTHER_ENTRY)], "b", id="another entry of it"),
        pytest.param(
            [declared("a", HERE, created="2026-12-01T00:00:00Z"), declared("b", HERE)], "b", id="the older of two"
        ),
    ],
)
def test_a_secret_goes_to_who_names_it(others: list[SubscriptionObject], name: str | None) -> None:
    """One that stays; rather one that changes the keys than one that reads them."""
    assert heir(*others) == name


@pytest.mark.parametrize(
    ("others", "name"),
    [
        pytest.param([], None, id="nobody"),
        pytest.param([declared("b", HERE, gone=True)], "b", id="one that goes as well"),
        pytest.param([declared("a", HERE, gone=True), declared("b", OBSERVED)], "b", id="rather one that stays"),
        pytest.param([declared("b", ELSEWHERE, gone=True)], None, id="another Secret"),
    ],
)
def test_at_last_a_secret_goes_to_one_that_goes_as_well(others: list[SubscriptionObject], name: str | None) -> None:
    """Better than to nobody: it may still have something at SalesLoft that is signed with these keys."""
    assert heir(*others, at_last=True) == name


def shown(phase: Phase, *signed: MasterKey) -> Round:
    """A list with one subscription of some address for each of these keys; ids from 1 on."""
    found = [
        Subscription(
            id=n,
            event_type="call_created",
            callback_url="https://x.example.com/",
            callback_token=k.token("call_created"),
        )
        for n, k in enumerate(signed, 1)
    ]
    return Round(plan=Plan(phase=phase), found=tuple(found))


@pytest.mark.parametrize(
    ("made", "said"),
    [
        pytest.param(shown(Phase.RETIRING, NEW, OLD, OLD), ["other addresses (2, 3)"], id="two of them"),
        pytest.param(shown(Phase.RETIRING, NEW), [], id="all is signed with the new one"),
        pytest.param(shown(Phase.DRAINING, OLD), [], id="our own are signed with the old one as well"),
        pytest.param(Round(plan=Plan(phase=Phase.RETIRING)), [], id="no list"),
    ],
)
def test_what_no_object_declares_needs_its_key(made: Round, said: list[str]) -> None:
    """By SalesLoft's list, whatever the address, once the object's own are signed with the new key."""
    assert elsewhere([OLD], made) == said


@pytest.mark.parametrize(
    ("other", "names"),
    [
        pytest.param(declared("b", OBSERVED, "new", "old"), ["b"], id="half of it is signed with the old one"),
        pytest.param(declared("b", HERE, "old", gone=True), ["b"], id="one that goes, and is not gone"),
        pytest.param(declared("b", HERE, "new"), [], id="all is signed with the new one"),
        pytest.param(declared("b", HERE, "lost"), [], id="what signs it is in no Secret any more"),
        pytest.param(declared("b", HERE), [], id="it has nothing"),
        pytest.param(declared("b", OTHER_ENTRY, "old"), [], id="its keys are in another entry"),
        pytest.param(declared("b", ELSEWHERE, "old"), [], id="its keys are in another Secret"),
    ],
)
def test_a_key_is_needed_by_whose_subscriptions_it_signs(other: SubscriptionObject, names: list[str]) -> None:
    """By the status of each object with that entry, whoever changes the keys; its own are not asked about here."""
    assert behind(other) == names
