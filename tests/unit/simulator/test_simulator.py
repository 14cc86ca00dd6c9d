"""What the simulator sends is what a receiver would get from SalesLoft, and from those who are not SalesLoft."""

from collections import Counter
from datetime import UTC, datetime
from itertools import islice

import msgspec
import pytest

from salesloft_webhooks.dialects import DialectKeys, authenticate
from salesloft_webhooks.dialects.envelope import ENVELOPE
from salesloft_webhooks.dialects.names import DERIVED, DOTTED, KNOWN_EVENT_TYPES
from salesloft_webhooks.dialects.native import NATIVE
from salesloft_webhooks.errors import ConfigurationError, SignatureRejected
from salesloft_webhooks.events import NewEvent
from salesloft_webhooks.simulator import Delivery, Kind, Mix, Signer, Traffic
from salesloft_webhooks.simulator.sales_team import EVENT_TYPES, NATIVE_NAMES

KEYS = DialectKeys(envelope_secrets=(b"an-invented-secret",), callback_secrets=(b"an-invented-master-secret",))
NOW = 1_772_875_574
START = datetime.fromtimestamp(NOW, UTC)
MIXED = Mix(duplicates=0.2, forgeries=0.2)


def deliveries(count: int, mix: Mix = MIXED, *, seed: int = 7, keys: DialectKeys = KEYS) -> list[Delivery]:
    """The first deliveries of a seed."""
    traffic = Traffic(Signer(keys), mix, seed=seed, start=START, clock=lambda: NOW)
    return list(islice(traffic, count))


def read(delivery: Delivery) -> tuple[NewEvent, ...]:
    """What the receiver makes of it."""
    headers = [(name.lower().encode(), value.encode()) for name, value in delivery.headers.items()]
    return authenticate(headers, delivery.body, KEYS, NOW, 86_400).read()


def test_genuine_deliveries_and_duplicates_are_accepted() -> None:
    """Everything that is no forgery authenticates and can be read, in both dialects."""
    sent = [delivery for delivery in deliveries(1000) if delivery.kind is not Kind.FORGERY]

    assert all(read(delivery) for delivery in sent)
    assert {delivery.dialect for delivery in sent} == {ENVELOPE, NATIVE}
    assert {delivery.expected_status for delivery in sent} == {200}


def test_every_kind_of_forgery_is_refused() -> None:
    """However a forgery is made, it does not authenticate, even with the longest tolerance there is."""
    forged = [delivery for delivery in deliveries(2000) if delivery.kind is Kind.FORGERY]

    for delivery in forged:
        with pytest.raises(SignatureRejected):
            read(delivery)
    assert {delivery.variant for delivery in forged} == {
        "unsigned", "garbled", "tampered", "guessed", "stale", "undated", "renamed",
    }  # fmt: skip
    assert {delivery.expected_status for delivery in forged} == {401}


def test_renaming_is_no_forgery_when_one_token_signs_all() -> None:
    """With a plain callback token the event name is not protected, so a renamed delivery would be accepted."""
    keys = DialectKeys(callback_tokens=(b"an-invented-token",))

    assert "renamed" not in {delivery.variant for delivery in deliveries(500, Mix(forgeries=1.0), keys=keys)}


def test_duplicates_repeat_an_earlier_delivery_byte_for_byte() -> None:
    """A duplicate has the headers and body of a genuine delivery before it, and never those of a forgery."""
    genuine: list[tuple[bytes, dict[str, str]]] = []

    for delivery in deliveries(1000):
        if delivery.kind is Kind.GENUINE:
            genuine.append((delivery.body, delivery.headers))
        elif delivery.kind is Kind.DUPLICATE:
            assert (delivery.body, delivery.headers) in genuine


def test_duplicates_are_young_enough_to_be_accepted() -> None:
    """At a slow rate nothing older than a minute is repeated, or the envelope's timestamp would have expired."""
    now = float(NOW)
    traffic = Traffic(Signer(KEYS), Mix(duplicates=0.9), seed=7, clock=lambda: now)
    first = [next(traffic) for _ in range(20)]

    now += 61

    assert {delivery.kind for delivery in first} == {Kind.GENUINE, Kind.DUPLICATE}
    assert next(traffic).kind is Kind.GENUINE


def test_shares_are_kept() -> None:
    """Duplicates and forgeries have the shares that were asked for."""
    kinds = Counter(delivery.kind for delivery in deliveries(5000, Mix(duplicates=0.1, forgeries=0.05)))

    assert kinds[Kind.DUPLICATE] == pytest.approx(500, rel=0.2)
    assert kinds[Kind.FORGERY] == pytest.approx(250, rel=0.2)


def test_new_deliveries_have_new_event_ids() -> None:
    """No two genuine deliveries carry the same event, or a summary could not be compared with what was stored."""
    ids = [read(delivery)[0].event_id for delivery in deliveries(3000, Mix())]

    assert len(set(ids)) == len(ids)


def test_a_seed_repeats_everything() -> None:
    """The same seed, start and clock give the same bytes; another seed gives others."""
    assert deliveries(300) == deliveries(300)
    assert deliveries(300) != deliveries(300, seed=8)


def test_everything_that_is_announced_happens() -> None:
    """The lists of simulated types are exactly what comes up, and all of them are documented."""
    types = {delivery.event_type for delivery in deliveries(3000, Mix((ENVELOPE,)))}
    names = {delivery.event_type for delivery in deliveries(3000, Mix((NATIVE,)))}

    assert types == EVENT_TYPES
    assert names == NATIVE_NAMES
    assert types <= KNOWN_EVENT_TYPES
    assert names <= DOTTED.keys()


def test_native_traffic_derives_all_derived_events() -> None:
    """SalesLoft's own deliveries tell of everything handlers ask for."""
    derived = {event.event_type for delivery in deliveries(5000, Mix((NATIVE,))) for event in read(delivery)}

    assert derived >= DERIVED


def test_emails_grow_old() -> None:
    """An email's counters never shrink from one delivery to the next, as a real one's do not."""
    seen: dict[int, int] = {}

    for delivery in deliveries(3000, Mix((NATIVE,), event_type="email_updated")):
        email = msgspec.json.decode(delivery.body)
        assert email["counts"]["views"] >= seen.get(email["id"], 0)
        seen[email["id"]] = email["counts"]["views"]

    assert max(seen.values()) > 1


def test_every_event_belongs_to_a_person() -> None:
    """All simulated resources have a person, so ordering per person has something to order."""
    events = [event for delivery in deliveries(1000, Mix()) for event in read(delivery)]

    assert all(event.entity_key.startswith("person:") for event in events)
    assert len({event.entity_key for event in events}) > 20


@pytest.mark.parametrize("event_type", ["person.updated", "person_updated", "email.replied"])
def test_one_type_can_be_asked_for(event_type: str) -> None:
    """Traffic of a single type, by either name, consists of nothing else."""
    types = {delivery.event_type for delivery in deliveries(50, Mix((ENVELOPE,), event_type=event_type))}

    assert types == {event_type.replace("_", ".")}


@pytest.mark.parametrize(
    "mix",
    [Mix(duplicates=-0.1), Mix(forgeries=-0.1), Mix(duplicates=0.6, forgeries=0.6), Mix(event_type="nothing.known")],
    ids=str,
)
def test_impossible_mixes_are_refused(mix: Mix) -> None:
    """Shares beyond the whole, or types that never happen, are told at once."""
    with pytest.raises(ConfigurationError):
        deliveries(1, mix)


def test_there_must_be_a_key() -> None:
    """Without a key there is nothing to sign with."""
    with pytest.raises(ConfigurationError):
        Signer(DialectKeys())


def test_link_swaps_happen_only_where_they_are_asked_for() -> None:
    """In SalesLoft's own dialect, with links of a mail; without its key there are none."""
    asked = deliveries(20, Mix(event_type="link_swap"))

    assert {(delivery.dialect, delivery.event_type) for delivery in asked} == {(NATIVE, "link_swap")}
    assert all(len(msgspec.json.decode(delivery.body)["links"]) == 3 for delivery in asked)
    assert not any(delivery.event_type == "link_swap" for delivery in deliveries(500))
    with pytest.raises(ConfigurationError, match="native"):
        deliveries(1, Mix(event_type="link_swap"), keys=DialectKeys(envelope_secrets=(b"an-invented-secret",)))
