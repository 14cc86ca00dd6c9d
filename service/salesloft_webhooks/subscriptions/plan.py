"""From what is there to what is wanted: pure, so that every order of deaths in between can be tried in a test.

The invariant: an event type that is delivered, with a token that the receivers accept, is so at every moment, whatever
dies between any two steps, and whoever else carries out the same plan at the same time.

- **Create, then enable, then delete**, and delete nothing in a round in which anything before has failed.
- **A key is used when every receiver has it**, and given up when nothing signed with it can come any more.
- **Whose a subscription is** follows from its token alone (`signing_keys`). What is not ours is never changed, unless
  it is to be replaced and all of ours are there.
- **Of several for one event and key the lowest id stays**: two who planned at the same time agree on it.
- **One list is not believed** when it says that much of what was there is gone.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from salesloft_webhooks.salesloft import Subscription
from salesloft_webhooks.subscriptions.signing_keys import SigningKey, is_token_of
from salesloft_webhooks.subscriptions.steps import (
    Create,
    Delete,
    Desired,
    Enable,
    Existing,
    Memory,
    Phase,
    Plan,
    Route,
    Seen,
    Step,
    Why,
)

SPREAD_SECONDS = 150.0
"""Until a changed Secret is in every pod: the kubelet's period and its cache. Used where receivers say nothing."""
DRAIN_SECONDS = 120.0
"""SalesLoft repeats a delivery for 45 s."""
BELIEVED_SECONDS = 60.0
"""A plan's steps are carried out within this time, or not at all: less than `DRAIN_SECONDS`, so that what one who
stopped for a while still deletes is never what another has just begun to count on."""
MOST_MISSING_AT_ONCE = 3
"""More than these, gone from one list to the next, are created only when a second list says the same."""
SECOND_LOOK_SECONDS = 5.0


class Sorted(Struct, frozen=True):
    """The subscriptions of our addresses.

    Attributes:
        ours: By event and address, and by position of the key, each in the order of ids.
        foreign: Those that none of our keys has signed.
        hidden: Whether one does not show its token.
    """

    ours: Mapping[Route, Mapping[int, Sequence[Subscription]]]
    foreign: Sequence[Subscription]
    hidden: bool

    def all(self) -> Iterator[tuple[int, Subscription]]:
        """Each of ours, with the position of its key."""
        for by_key in self.ours.values():
            for key, found in by_key.items():
                yield from ((key, each) for each in found)


def plan(
    desired: Desired, found: Iterable[Subscription], keys: Sequence[SigningKey], seen: Seen, memory: Memory
) -> Plan:
    """What to do now.

    Args:
        desired: What is wanted.
        found: Every subscription of the team.
        keys: Those of the source, at least one: the first is to be used, all are accepted.
        seen: The surroundings.
        memory: What the last plan has remembered, or nothing.
    """
    there = sort(desired, found, keys)
    memory = _remembered(memory, keys[0], seen)
    base = Plan(active=_active(desired, there), foreign=tuple(each.id for each in there.foreign))
    if stop := _reason_to_stop(desired, there, memory):
        again = SECOND_LOOK_SECONDS if stop is Why.LISTS_DISAGREE else None
        return replace(base, why=stop, wait_seconds=again, memory=replace(memory, listed=_ids(there)))
    spread, left = _spread(keys[0], seen, memory)
    use = _key_to_use(there, keys, spread=spread)
    if use is None:
        memory = replace(memory, listed=_ids(there))
        return replace(base, phase=Phase.SPREADING, why=Why.KEY_NOT_SPREAD, wait_seconds=left, memory=memory)
    needed = [*_creations(desired, there, use), *_enabled_again(desired, there, use)]
    memory = _after(memory, there, seen, complete=spread and not needed)
    drained, rest = _drained(memory, seen)
    steps = [*needed, *_deletions(desired, there, use, drained=drained, complete=not needed)]
    phase = _phase(there, keys, spread=spread, missing=bool(needed))
    wait = {Phase.SPREADING: left, Phase.DRAINING: rest}.get(phase)
    return replace(base, steps=tuple(steps), phase=phase, wait_seconds=wait, memory=memory)


def plan_removal(desired: Desired, found: Iterable[Subscription], keys: Sequence[SigningKey]) -> Plan:
    """Delete all of ours: the source is given up."""
    there = sort(desired, found, keys)
    gone = [Delete(event=each.event_type, id=each.id, reason="unwanted") for _, each in there.all()]
    why = Why.TOKENS_HIDDEN if there.hidden else Why.NOTHING
    return Plan(steps=tuple(gone), why=why, foreign=tuple(each.id for each in there.foreign))


def sort(desired: Desired, found: Iterable[Subscription], keys: Sequence[SigningKey]) -> Sorted:
    """Tell ours from others' at our addresses; what goes elsewhere is nobody's business."""
    ours: dict[Route, dict[int, list[Subscription]]] = defaultdict(lambda: defaultdict(list))
    foreign, hidden = [], False
    for each in sorted(found, key=lambda one: one.id):
        route = Route(each.event_type, each.callback_url)
        if not (desired.may_be_ours(route) or desired.is_for_us(route)):
            continue
        hidden = hidden or not each.callback_token
        matching = [at for at, key in enumerate(keys) if is_token_of(key, each.event_type, each.callback_token)]
        if matching:
            ours[route][matching[0]].append(each)
        elif desired.is_for_us(route):
            foreign.append(each)
    return Sorted(ours, foreign, hidden)


def _remembered(memory: Memory, first: SigningKey, seen: Seen) -> Memory:
    if memory.key == first.fingerprint:
        return memory
    return replace(memory, key=first.fingerprint, key_since=seen.now, complete_since=None)


def _active(desired: Desired, there: Sorted) -> frozenset[str]:
    delivered = {Route(each.event_type, each.callback_url) for _, each in there.all() if each.enabled}
    return frozenset(route.event for route in desired.routes & delivered)


def _ids(there: Sorted) -> frozenset[int]:
    return frozenset(each.id for _, each in there.all())


def _reason_to_stop(desired: Desired, there: Sorted, memory: Memory) -> Why:
    if desired.suspend:
        return Why.SUSPENDED
    if there.hidden:
        return Why.TOKENS_HIDDEN
    missing = len(desired.routes - there.ours.keys())
    if memory.established and missing > MOST_MISSING_AT_ONCE and memory.listed != _ids(there):
        return Why.LISTS_DISAGREE
    return Why.NOTHING


def _spread(first: SigningKey, seen: Seen, memory: Memory) -> tuple[bool, float | None]:
    """Whether every receiver has the first key; else when time alone will say so."""
    if seen.receivers:
        return all(first.fingerprint in accepted for accepted in seen.receivers.values()), None
    left = memory.key_since + SPREAD_SECONDS - seen.now
    return left <= 0, max(left, 0.0)


def _key_to_use(there: Sorted, keys: Sequence[SigningKey], *, spread: bool) -> int | None:
    """The first key, or until that is spread the oldest that something is signed with, or else the oldest there is."""
    if spread:
        return 0
    in_use = max((key for key, _ in there.all()), default=len(keys) - 1)
    return in_use or (0 if any(True for _ in there.all()) else None)


def _creations(desired: Desired, there: Sorted, use: int) -> list[Step]:
    """What is missing under the key; before the first one is spread, what any of our keys delivers is not missing."""
    nothing: Mapping[int, Sequence[Subscription]] = {}
    missing = sorted(
        route.event
        for route in desired.routes
        if not (there.ours.get(route, nothing) if use else there.ours.get(route, nothing).get(0))
    )
    return [Create(event=event, key=use) for event in missing]


def _enabled_again(desired: Desired, there: Sorted, use: int) -> list[Step]:
    """The one that counts of each event and key, if it is disabled; older ones as long as they are all there is."""
    return [
        Enable(event=route.event, id=of_key[0].id)
        for route in sorted(desired.routes & there.ours.keys())
        for key, of_key in sorted(there.ours[route].items())
        if not of_key[0].enabled and (key == use or not _delivers(there.ours[route], use))
    ]


def _delivers(by_key: Mapping[int, Sequence[Subscription]], key: int) -> bool:
    return any(each.enabled for each in by_key.get(key, ()))


def _after(memory: Memory, there: Sorted, seen: Seen, *, complete: bool) -> Memory:
    since = (memory.complete_since if memory.complete_since is not None else seen.now) if complete else None
    return replace(memory, complete_since=since, listed=_ids(there), established=memory.established or complete)


def _drained(memory: Memory, seen: Seen) -> tuple[bool, float | None]:
    if memory.complete_since is None:
        return False, None
    left = memory.complete_since + DRAIN_SECONDS - seen.now
    return left <= 0, max(left, 0.0)


def _deletions(desired: Desired, there: Sorted, use: int, *, drained: bool, complete: bool) -> Iterator[Step]:
    wanted = desired.routes
    for route, by_key in sorted(there.ours.items()):
        for key, found in sorted(by_key.items()):
            for position, each in enumerate(found):
                if route not in wanted:
                    yield Delete(event=route.event, id=each.id, reason="unwanted")
                elif position:
                    yield Delete(event=route.event, id=each.id, reason="twice")
                elif key > use and use == 0 and drained:
                    yield Delete(event=route.event, id=each.id, reason="older key")
    if complete and desired.existing is Existing.REPLACE:
        for each in there.foreign:
            yield Delete(event=each.event_type, id=each.id, reason="foreign")


def _phase(there: Sorted, keys: Sequence[SigningKey], *, spread: bool, missing: bool) -> Phase:
    if not spread:
        return Phase.SPREADING
    if missing:
        return Phase.CREATING
    if any(key for key, _ in there.all()):
        return Phase.DRAINING
    return Phase.RETIRING if len(keys) > 1 else Phase.IDLE
