"""The keys that receivers accept, as pages show them: fingerprints, and how many receivers accept each."""

from collections.abc import Mapping

from msgspec import Struct

from salesloft_webhooks.broker.announced_keys import Announcement


class KeyRow(Struct, frozen=True):
    """The keys that receivers accept for a source.

    Attributes:
        source: The source.
        receivers: How many receivers serve it.
        fingerprints: Of any receiver's keys, each with how many receivers accept it; the one to be used comes first.
    """

    source: str
    receivers: int
    fingerprints: tuple[tuple[str, int], ...]


def key_rows(receivers: Mapping[str, Announcement]) -> tuple[KeyRow, ...]:
    """By source."""
    serving: dict[str, int] = {}
    keys: dict[str, dict[str, int]] = {}
    for each in receivers.values():
        for source, prints in each.sources.items():
            serving[source] = serving.get(source, 0) + 1
            accepted = keys.setdefault(source, {})
            for one in prints:
                accepted[one] = accepted.get(one, 0) + 1
    return tuple(KeyRow(source, serving[source], tuple(prints.items())) for source, prints in sorted(keys.items()))
