"""`link_swap` beside the events: an address of its own, and the same rules."""

from msgspec.structs import replace

from salesloft_webhooks.subscriptions import Create, Delete, Enable, Existing, MasterKey, plan_removal
from tests.unit.subscriptions.team import EVENTS, NEW, OLD, URL, Team

SWAP_URL = f"{URL}/link-swap"
LINK_SWAP = "link_swap"
STRANGER = MasterKey(b"of somebody else")


def swapping(**fields: object) -> Team:
    """A team that has all its events, and wants to be asked."""
    team = Team()
    team.desired = replace(team.desired, **{"link_swap_url": SWAP_URL, "swaps_links": True, **fields})
    for event in EVENTS:
        team.add(event, OLD)
    return team


def test_it_is_created_at_its_own_address_and_counts() -> None:
    """Missing, then there, then nothing is left to do; events go on going where they go."""
    team = swapping()

    made = team.round()
    after = team.look()

    assert made.steps == (Create(event=LINK_SWAP, key=0),)
    assert made.active == frozenset(EVENTS)
    assert [each.callback_url for each in team.there.values() if each.event_type == LINK_SWAP] == [SWAP_URL]
    assert (after.steps, after.active) == ((), frozenset({*EVENTS, LINK_SWAP}))


def test_the_ordinary_address_may_answer_it_as_well() -> None:
    """A receiver that does both has one address: then the one there is wanted, and none elsewhere."""
    team = swapping(link_swap_url=URL)
    team.add(LINK_SWAP, OLD)

    assert team.look().steps == ()


def test_one_at_the_wrong_address_goes_when_the_right_one_is_there() -> None:
    """Asked at the address of events, a receiver that queues them would not answer."""
    team = swapping()
    wrong = team.add(LINK_SWAP, OLD)

    assert team.look().steps == (
        Create(event=LINK_SWAP, key=0),
        Delete(event=LINK_SWAP, id=wrong, reason="unwanted"),
    )


def test_switched_off_it_is_deleted_where_it_would_be() -> None:
    """Mails are held up no longer; what others have at that address is nobody's business any more."""
    team = swapping(swaps_links=False, existing=Existing.REPLACE)
    ours = team.add(LINK_SWAP, OLD, url=SWAP_URL)
    team.add(LINK_SWAP, STRANGER, url=SWAP_URL)

    made = team.look()

    assert made.steps == (Delete(event=LINK_SWAP, id=ours, reason="unwanted"),)
    assert made.foreign == ()


def test_only_its_own_event_type_is_looked_for_there() -> None:
    """The address may be the ordinary one of another source, whose events are its own affair, with the same key too."""
    team = swapping(existing=Existing.REPLACE)
    team.add(LINK_SWAP, OLD, url=SWAP_URL)
    for key in (OLD, STRANGER):
        team.add("person_created", key, url=SWAP_URL)

    made = team.look()

    assert (made.steps, made.foreign) == ((), ())


def test_somebody_elses_is_reported_and_replaced_when_ours_is_there() -> None:
    """As events: first ours, then theirs goes, if it is to be replaced."""
    team = swapping(existing=Existing.REPLACE)
    theirs = team.add(LINK_SWAP, STRANGER, url=SWAP_URL)

    first = team.round()
    second = team.look()

    assert (first.steps, first.foreign) == ((Create(event=LINK_SWAP, key=0),), (theirs,))
    assert second.steps == (Delete(event=LINK_SWAP, id=theirs, reason="foreign"),)


def test_it_is_enabled_again_and_rotates_with_the_others() -> None:
    """The new key signs it before the old one is given up."""
    team = swapping()
    old = team.add(LINK_SWAP, OLD, url=SWAP_URL, enabled=False)
    enabled = team.look().steps
    team.there[old] = replace(team.there[old], enabled=True)
    team.keys = [NEW, OLD]
    team.receivers_have(NEW, OLD)

    team.round()
    draining = team.look()
    team.now += 200
    drained = team.look()

    assert enabled == (Enable(event=LINK_SWAP, id=old),)
    assert draining.steps == ()
    assert Delete(event=LINK_SWAP, id=old, reason="older key") in drained.steps


def test_given_up_it_goes_with_the_rest() -> None:
    """Wanted or not: what is proven to be ours at our addresses is deleted."""
    team = swapping(swaps_links=False)
    swap = team.add(LINK_SWAP, OLD, url=SWAP_URL)

    gone = plan_removal(team.desired, team.there.values(), team.keys).steps

    assert len(gone) == len(EVENTS) + 1
    assert Delete(event=LINK_SWAP, id=swap, reason="unwanted") in gone
