"""Would a delivery be stored now? Asked without storing one, so that an idle receiver knows.

A server may answer every read and refuse every write: out of memory, too few replicas, a disk it cannot write, a
replica, a user without the right. The cheap form asks exactly that and writes nothing. The thorough form writes a small
key, removes it, and waits for that to be as durable as a delivery has to be: it finds what only a write shows, a
replica that is connected and hangs.
"""

import re
from collections.abc import Mapping
from functools import cache

from salesloft_webhooks.broker.connection.store import Argument, Store
from salesloft_webhooks.broker.durability import Durability, least
from salesloft_webhooks.broker.keys import Keys
from salesloft_webhooks.broker.scripts import script
from salesloft_webhooks.errors import NotDurable

WAIT_SHARE = 0.6
"""Part of a delivery's own wait that the thorough form has. With ``appendfsync everysec`` a second is needed."""
_CALL = re.compile(r"redis\.p?call\('(\w+)', (\w+)")
_ID = "probe"


def _named_keys(keys: Keys, partition: int) -> Mapping[str, str]:
    """A key of each kind that ``publish`` and ``reserve`` use, by what they call it."""
    record, bucket = keys.record(partition, _ID), keys.record_bucket(partition, 0, 0)
    return {
        "events": keys.events(partition),
        "record": record,
        "record_of": record,
        "bucket": bucket,
        "old": bucket,
        "windows_key": keys.record_windows(partition),
        "numbers_key": keys.group_numbers(partition),
        "mark_of": keys.mark(partition, _ID),
        "layout": keys.layout(partition),
        "key": keys.reservation(partition, _ID),
    }


@cache
def used_commands(*scripts: str) -> tuple[tuple[str, str], ...]:
    """The commands that scripts run, each with the kind of key it is run on: read from the scripts themselves."""
    return tuple(dict.fromkeys(call for name in scripts for call in _CALL.findall(script(name).source)))


async def probe(store: Store, partition: int, durability: Durability, *, thorough: bool) -> None:
    """Find out whether a partition's server takes deliveries; returns when it does.

    Raises:
        StoreError: it does not; in the server's words.
    """
    keys = _named_keys(store.keys, partition)
    scripts = ("publish", "reserve") if store.partitions > 1 else ("publish",)
    args: list[Argument] = [int(thorough)]
    for command, kind in used_commands(*scripts):
        args += [command, keys[kind]]
    if not (thorough and durability.wait):
        await store.run("probe", partition, args)
        return
    *wanted, wait_ms = durability.wait
    wait = (*wanted, int(float(wait_ms) * WAIT_SHARE))
    _, confirmed, _ = await store.run_and_wait("probe", partition, args, wait)
    if least(confirmed) < durability.required:
        raise NotDurable(f"{durability.wait[0]!s} confirmed {least(confirmed)} of {durability.required}")
