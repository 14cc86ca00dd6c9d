"""Saying that a worker is there. What is to be asked of partition 0 every few seconds comes along in the same call."""

from msgspec import Struct

from salesloft_webhooks.broker.connection.store import Store
from salesloft_webhooks.broker.consumer_group import Group
from salesloft_webhooks.broker.partition_count import follow_layout


class Attendance(Struct, frozen=True):
    """What a worker hears when it says that it is there.

    Attributes:
        consumers: The names of all that were there of late, its own among them.
        due: Whether a take in partition 0 would find something due.
        follows: The number of partitions is what it was; else `follow_partitions` has to ask more.
    """

    consumers: list[str]
    due: bool
    follows: bool


async def attend(store: Store, group: Group, silence_seconds: float) -> Attendance:
    """Say that this worker is there, and hear who was within ``silence_seconds``. 0: it leaves.

    Raises:
        StoreError: nobody has heard it.
    """
    reply = await store.run("attend", 0, [group.options.name, group.consumer, int(silence_seconds * 1000)])
    names, due, fields = reply
    layout = dict(zip(fields[::2], fields[1::2], strict=True))
    return Attendance([name.decode() for name in names], due == 1, follow_layout(store, layout))
