"""The broker: the only room that knows Redis. How it works, and why nothing is lost.

**The stream.** Each partition is one Redis Stream. A delivery is stored by one script call that also checks and writes
the idempotency record of each event (`publish`). With several partitions an id is reserved first, in a slot of its own,
so that it is known whatever its entity. A reservation is a signpost to the partition whose record is the authority, and
no more, so nothing is lost between the two steps (``reserve.lua``). An entry stays until every group has finished it
and the retention is over (``trim.lua``).

**Groups.** A Redis consumer group reads the stream. What it has been given and not finished is *pending*: Redis keeps
it with its owner and its delivery count, and both survive any crash of ours. We add one thing: a sorted set ``due``
with exactly one member for every pending entry, scored with the time at which it must be looked at again:

    =========  ======================  ==========================  ===================================
    state      owner in Redis          due                         leaves by
    =========  ======================  ==========================  ===================================
    running    the consumer            end of its lease            settle, or the lease lapses
    scheduled  ``-`` (nobody)          retry time                  take, when the time has come
    parked     ``-`` (nobody)          never (a very large score)  its lane's head is finished
    =========  ======================  ==========================  ===================================

So there is no sweep for idle entries, no lock without an end, and no way to take work from a consumer that still
renews its lease. Whatever dies between two steps leaves an entry whose due time comes.

**Leases.** ``take`` leases entries: it claims them for the consumer, raises the delivery count (the attempt number) and
sets the due time. Owner and attempt number together are the fencing token: only their holder may retry, kill or
release an entry. ``done`` is different, it is a fact about the world: a late one is written down and counts. An entry
that lapses in its last allowed attempt is *poison*: no attempt of it ever came back.

**Lanes.** In an ordered group, each entity has a list of its entries in arrival order. Only the head runs; the others
are parked. Whatever finishes the head (done, dead, skipped) makes the next one due, in the same script. A retry leaves
the head in its place, so a failing event holds back its own person and nobody else.

**Invariants** (``tests/integration/broker/test_model.py`` walks through random interleavings of all of it):
no event is lost; nothing is given out again after done; one at a time and in order within a lane; every pending entry
has one due time; no key without an owner or an end.
"""

from salesloft_webhooks.broker.connection import Store, open_store
from salesloft_webhooks.broker.group import MAX_BATCH, Group, GroupOptions, new_consumer_name
from salesloft_webhooks.broker.lease import Lease, Outcome, Settled, Settlement, Taken
from salesloft_webhooks.broker.publish import Publisher, Stored
from salesloft_webhooks.broker.quarantine import quarantine
from salesloft_webhooks.broker.upkeep import audit, trim
from salesloft_webhooks.broker.watch import StoreWatch

__all__ = [
    "MAX_BATCH",
    "Group",
    "GroupOptions",
    "Lease",
    "Outcome",
    "Publisher",
    "Settled",
    "Settlement",
    "Store",
    "StoreWatch",
    "Stored",
    "Taken",
    "audit",
    "new_consumer_name",
    "open_store",
    "quarantine",
    "trim",
]
