"""The broker: the only room that knows Redis. How it works, and why nothing is lost.

**The stream.** Each partition is one Redis Stream. A delivery is stored by one script call that also checks and writes
the idempotency record of each event (`publish`). With several partitions an id is reserved first, in a slot of its own,
so that it is known whatever its entity. A reservation is a pointer to the partition whose record is the authority, and
no more, so nothing is lost between the two steps (``reserve.lua``). An entry stays until every group has finished it
and the retention is over (``trim.lua``), or there is too little memory for that (`memory_bounds`).

**Groups.** A Redis consumer group reads the stream. What it has been given and not finished is *pending*: Redis keeps
it with its owner and its delivery count, and both survive any crash of ours. We add one thing: a sorted set ``due``
with exactly one member for every pending entry (isolated ones, below, stand in ``isolated`` instead), scored with the
time at which it must be looked at again:

    =========  ======================  ==========================  ===================================
    state      owner in Redis          due                         leaves by
    =========  ======================  ==========================  ===================================
    running    the consumer            end of its lease            settle, or the lease lapses
    scheduled  ``-`` (nobody)          retry time                  take, when the time has come
    parked     ``-`` (nobody)          never (a very large score)  its lane's head is finished
    unhandled  as it was               never (another one)         take by a worker that has a handler for its type, or
                                                                   the end of its time: a dead letter
    isolated   ``-`` (nobody)          none, it is in `isolated`   a take apart from all others
    =========  ======================  ==========================  ===================================

So there is no sweep for idle entries, no lock without an end, and no way to take work from a consumer that still
renews its lease. Whatever dies between two steps leaves an entry whose due time comes.

**Leases.** ``take`` leases entries: it claims them for the consumer, raises the delivery count (the attempt number) and
sets the due time. Owner, attempt number and the group's *run* (it begins anew when the group is destroyed and made
again) together are the fencing token: only their holder may retry, kill or release an entry. ``done`` is different, it
is a fact about the world: a late one is written down and counts, also after the entry was given up as poison.

**Failures and losses.** An attempt that comes back has failed or succeeded; a lease that lapses was lost, and nobody
knows why. They are counted apart (``attempts``). Failures, and how many are too many, are the worker's business; leases
lost in a row make an entry first *isolated*, that is run apart from all others, and in the end *poison*.

**When the store was away** for longer than a lease, all leases have lapsed although their owners live. The first call
after a silence of half a lease notices, and for five seconds lapsed leases are left to their owners, who report what
they have finished (``include/group.lua``). A take whose reply was lost is repeated with its number and gets the same
leases; so is a settle, for what it has handed over. A server's clock that is set back is made up for by an offset of
the group's own clock.

**What remains.** A handler's effect is repeated when its worker dies, or is cut off from the store for longer than its
lease while others are not, between the effect and its `settle`. It may be repeated when the store has lost what it
knew: a promoted replica that had not heard of the last `done`, a copy that was restored (workers say again what they
know, but another one may be quicker), and ``XGROUP DESTROY`` by somebody's hand, which no command of ours sends while a
group works. With the group goes who runs what: what runs at that moment is leased once more, perhaps to another worker.
What is done stays done, and what the first worker then reports as done counts. Nothing else repeats an effect.

**Lanes.** In an ordered group, each entity has a list of its entries in arrival order. Only the head runs; the others
are parked. Whatever finishes the head (done, dead, skipped) makes the next one due, in the same script; or, when the
consumer that settles it has room, hands it over: leases it to that consumer, which learns of it from the answer
(``lua/include/handover.lua``). Copies of what waits behind it may come along: as nobody else can begin anything in the
lane meanwhile, their consumer may run some of them under the head's lease, and settle all that by one call, in order.
Whoever dies with that leaves the head to lapse, and what had been done and not settled is run again, in order; for some
minutes after a lost lease nothing comes along, so that what kills its worker loses its own. A retry leaves the head in
its place, so a failing event holds back its own person and nobody else.

**Filters.** What a group wants is registered in the store and is the authority; a process takes only what it has a
handler for. The workers of a group may be of several *versions*, each with a filter of its own: a roll-out has the old
and the new one side by side, an old pod may start again after the new version came, and a roll-back is an older version
that registers later on purpose. Nobody can tell these apart, so the order of registrations means nothing: a version is
in force as long as a worker of it is there (each ``take`` and each round of housekeeping says so), and for
``NO_HANDLER_SECONDS`` after that. The group wants what any version in force wants. Only what none of them wants is
acknowledged without being handled; so a filter narrows when the last worker of the wider version has been gone for that
time, and not before. An entry that is wanted and that the process at hand cannot run is *unhandled*: it stays pending,
with its attempts, and the next worker that can run it gets it. As the head of a lane it holds the lane, for order is
promised. It becomes a dead letter when it has waited for that time and no version in force can run it. An entry that is
addressed to the group alone (a redrive, a replay) is wanted whatever the filters say. See ``lua/include/filter.lua``.

**Follow-ups.** What a handler asks for later waits as a record in the slot of its event, by its due time, and then
becomes an entry addressed to the group, in one script (``lua/include/follow_ups.lua``). Of a key and an entity at most
one waits. What was cancelled, replaced or has begun does not wait again, which the record of its id remembers. Those
that come with a `done` count in the call that makes the event done, and in no other. See `follow_ups` and decision 88.

**Invariants** (``tests/integration/broker/test_model.py`` runs random interleavings of all of it):
no event is lost; nothing is given out again after done; one at a time and in order within a lane; every pending entry
has one due time or is isolated; no key without an owner or an end.
"""

from salesloft_webhooks.broker.attendance import attend
from salesloft_webhooks.broker.connection.store import Store, open_store
from salesloft_webhooks.broker.consumer_group import Group
from salesloft_webhooks.broker.follow_ups import FollowUps
from salesloft_webhooks.broker.group_limits import GroupLimits
from salesloft_webhooks.broker.group_maintenance import MAX_BATCH
from salesloft_webhooks.broker.group_options import GroupOptions, new_consumer_name
from salesloft_webhooks.broker.handler_limits import MOST_AT_ONCE, Ask, HandlerLimits, Refused, Return, Want
from salesloft_webhooks.broker.lease import (
    DEBOUNCED,
    FILTERED,
    HELD_UP,
    FollowUpAct,
    HandedOver,
    Lease,
    Outcome,
    Ran,
    Settled,
    Settlement,
    Taken,
)
from salesloft_webhooks.broker.maintenance import audit, trim
from salesloft_webhooks.broker.memory_bounds import MemoryBounds
from salesloft_webhooks.broker.partition_count import decide_partitions, follow_partitions
from salesloft_webhooks.broker.publish import Publisher, Stored
from salesloft_webhooks.broker.store_watch import StoreWatch
from salesloft_webhooks.broker.unreadable import quarantine

__all__ = [
    "DEBOUNCED",
    "FILTERED",
    "HELD_UP",
    "MAX_BATCH",
    "MOST_AT_ONCE",
    "Ask",
    "FollowUpAct",
    "FollowUps",
    "Group",
    "GroupLimits",
    "GroupOptions",
    "HandedOver",
    "HandlerLimits",
    "Lease",
    "MemoryBounds",
    "Outcome",
    "Publisher",
    "Ran",
    "Refused",
    "Return",
    "Settled",
    "Settlement",
    "Store",
    "StoreWatch",
    "Stored",
    "Taken",
    "Want",
    "attend",
    "audit",
    "decide_partitions",
    "follow_partitions",
    "new_consumer_name",
    "open_store",
    "quarantine",
    "trim",
]
