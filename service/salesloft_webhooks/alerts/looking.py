"""Finds problem in the store: what is there now, and what is there more than at the last look.

Nobody has to report it, so it is found whichever version of the program has made it, and also when whoever made it has
died of it. What was there before anybody looked for the first time is nothing to be told of.
"""

from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping

from salesloft_webhooks.alerts.ledger import Finding
from salesloft_webhooks.alerts.wording import dead_subject
from salesloft_webhooks.broker import Store
from salesloft_webhooks.broker.administration.dead_letter_look import AT_ONCE, look, newest_letters
from salesloft_webhooks.broker.administration.error_classes import class_key, error_class, exception_type
from salesloft_webhooks.broker.administration.stats import group_names
from salesloft_webhooks.broker.administration.stored_pause import Pause, find_pauses
from salesloft_webhooks.broker.administration.stored_records import DeadLetter
from salesloft_webhooks.broker.backfill_jobs import jobs
from salesloft_webhooks.broker.disabled_subscriptions import DisabledSubscriptions
from salesloft_webhooks.telemetry.alert_telemetry import AlertKind
from salesloft_webhooks.telemetry.backfill_telemetry import Found

MOST_CALLS = 20
"""For the dead letters of one group and partition in one look; the next one goes on there."""
MOST_CLASSES = 10
"""Of one group, reason and error type; more have texts that differ from event to event, and count as one."""

Cursors = dict[str, str]


async def looked(
    store: Store, cursors: Mapping[str, str] | None, known: Collection[str]
) -> tuple[list[Finding], Cursors]:
    """What there is to tell of, and up to where was looked.

    Args:
        store: Where.
        cursors: Up to where the last look has come; None: there was none.
        known: Subjects of which people were told.

    Raises:
        StoreError: the store cannot be asked; begin again at the same place.
    """
    groups = sorted(await group_names(store))
    dead, behind = await _dead_letters(store, groups, cursors, known)
    missed, counted = await _missed(store, cursors)
    lasting = [*await _paused(store, groups), *await _disabled(store)]
    return [*dead, *missed, *lasting], {**behind, **counted}


async def _dead_letters(
    store: Store, groups: list[str], cursors: Mapping[str, str] | None, known: Collection[str]
) -> tuple[list[Finding], Cursors]:
    counts: Counter[tuple[str, str, str]] = Counter()
    behind: Cursors = {}
    for group in groups:
        if cursors is None:
            behind |= {_place(group, number): last for number, last in enumerate(await newest_letters(store, group))}
            continue
        for partition in range(store.partitions):
            place = _place(group, partition)
            behind[place] = cursors.get(place, "0-0")
            async for letter in _new_letters(store, group, partition, behind[place]):
                counts[group, letter.reason, letter.error] += 1
                behind[place] = letter.reference.entry_id
    return _of_classes(counts, known), behind


async def _new_letters(store: Store, group: str, partition: int, after: str) -> AsyncIterator[DeadLetter]:
    for _ in range(MOST_CALLS):
        letters = await look(store, group, partition, f"({after}", "+")
        for letter in letters:
            yield letter
        if len(letters) < AT_ONCE:
            return
        after = letters[-1].reference.entry_id


def _of_classes(counts: Mapping[tuple[str, str, str], int], known: Collection[str]) -> list[Finding]:
    found: Counter[str] = Counter()
    for (group, reason, error), count in counts.items():
        of_class = error_class(error)
        of_type = dead_subject(group, reason, exception_type(of_class))
        subject = dead_subject(group, reason, class_key(of_class))
        told = {*known, *found}
        if subject not in told and sum(each.startswith(f"{of_type}~") for each in told) >= MOST_CLASSES:
            subject = of_type
        found[subject] += count
    return [Finding(AlertKind.DEAD_LETTERS, subject, count) for subject, count in found.items()]


async def _missed(store: Store, cursors: Mapping[str, str] | None) -> tuple[list[Finding], Cursors]:
    """Of every job: a run that somebody has begun by hand in a terminal may be one that nobody looks at."""
    more: Counter[str] = Counter()
    counted: Cursors = {}
    for job, resources in (await jobs(store)).items():
        for resource, fields in resources.items():
            text = fields.get(Found.MISSED, "")
            if not text.isdigit():
                continue
            place = f"missed/{job}/{resource}"
            before = int((cursors or {}).get(place, "0")) if cursors is not None else int(text)
            counted[place] = text
            # Less than before: it was forgotten, and counted anew since.
            more[resource] += int(text) - before if int(text) >= before else int(text)
    return [Finding(AlertKind.MISSED, resource, count) for resource, count in more.items() if count], counted


async def _paused(store: Store, groups: list[str]) -> list[Finding]:
    found = await find_pauses(store, groups) if groups else {}
    return [
        Finding(AlertKind.PAUSED, group, lasts=True)
        for group, pauses in found.items()
        if any(each.pause.kind is Pause.BREAKER for each in pauses)
    ]


async def _disabled(store: Store) -> list[Finding]:
    found = await DisabledSubscriptions(store).found()
    return [Finding(AlertKind.SUBSCRIPTION_DISABLED, name, lasts=True) for name in sorted(found)]


def _place(group: str, partition: int) -> str:
    return f"dead/{group}/{partition}"
