"""Follow-ups of one group: asked for, cancelled, and begun when they are due. See decision 88.

A key belongs to an entity, and an entity to a partition: to another one after the number of partitions was raised. So
whatever is about a key looks at all partitions that were its entity's, the older ones first (`_homes`), and names in
the later ones what it has ended in the earlier ones: what is being moved from one to the other then does not come back.
"""

import math
import time
from collections.abc import Iterable
from typing import Any

from salesloft_webhooks.broker.body_compression import packed
from salesloft_webhooks.broker.body_encryption import BodyKeys
from salesloft_webhooks.broker.connection.store import Argument, Store, translated
from salesloft_webhooks.broker.entry_head import packed_head
from salesloft_webhooks.broker.follow_up_rows import Begun, Ended, WaitingRow, read_row
from salesloft_webhooks.broker.group_maintenance import milliseconds
from salesloft_webhooks.broker.group_options import GroupOptions
from salesloft_webhooks.broker.layout import partition_of
from salesloft_webhooks.broker.lease import FollowUpAct, Lease
from salesloft_webhooks.broker.sealed_data import seal_body
from salesloft_webhooks.broker.store_format import NEWEST, SEALED
from salesloft_webhooks.errors import StoreFull, StoreUnavailable
from salesloft_webhooks.follow_ups import Said, Wanted, id_of, said_in, subject_of, task_type, with_arguments

BEGUN_AT_ONCE, MOVED_AT_ONCE = 50, 10
"""In one call, at the most; of large ones fewer (``begin_later.lua``)."""
SILENCE_SECONDS = 60.0
"""A worker that was silent for so long holds no follow-up back."""
ROOM_KNOWN_SECONDS = 0.5
"""How long it is taken for known that there is room: what comes with `done` costs no call of its own."""
STALE = "another number of partitions is in force, of which this process has not heard yet"
NONE_BUT = ""
"""No follow-up's id: where a list of ids without any would mean all."""


class FollowUps:
    """The follow-ups of a group, for the worker that asks for them and for those that begin them.

    Args:
        store: Where.
        options: Of the group.
        compress: Whether their bodies are.
        memory_share: Of the server's ``maxmemory`` that may be used with them: the rest is for deliveries.
    """

    def __init__(
        self, store: Store, options: GroupOptions, *, compress: bool = True, memory_share: float = 1.0
    ) -> None:
        self._store = store
        self._options = options
        self._compress = compress
        self._memory_share = memory_share
        self._room_known: dict[int, float] = {}
        self._seals = False

    async def act(self, lease: Lease, wanted: Wanted) -> FollowUpAct:
        """What is to be stored for a follow-up that the event of a lease asks for.

        Raises:
            StoreError: nobody knows whether bodies are sealed.
        """
        event, keys = lease.event, await self._sealing_keys()
        follow_up = id_of(self._options.name, event.event_id, wanted.key)
        described = event.event_type if event.follow_up is None else event.follow_up.event_type
        length = len(wanted.arguments) if wanted.arguments else -1
        said = Said(wanted.key, event.event_id, described, wanted.task, length)
        body = with_arguments(wanted.arguments, event.raw_data)
        body = packed(body) if self._compress else body
        values = (
            follow_up,
            task_type(wanted.task) if wanted.task else described,
            event.entity_key,
            event.source,
            "",
            event.created_at,
            said_in(event.traceparent, said),
        )
        return FollowUpAct(
            follow_up,
            subject_of(event.entity_key, wanted.key),
            wanted.after_seconds,
            packed_head(values, pack=True),
            body if keys is None else seal_body(keys, body, follow_up),
        )

    async def ask(self, lease: Lease, act: FollowUpAct) -> tuple[bool, float | None]:
        """Let it wait, now.

        Returns:
            False: the event has asked for it before, and it waits no more. And the seconds until one is due here.

        Raises:
            StoreFull: there is no room for it.
            StoreError: it may wait or not; asked again, it waits once.
        """
        await self.clear_earlier(lease, act)
        return await self._ask("ask", lease.partition, lease.event.event_id, act)

    async def check_room(self, partition: int) -> None:
        """Whether there is room for one that is to come with `done`, which is stored whether there is or not.

        Raises:
            StoreFull: there is none.
            StoreError: nobody knows.
        """
        now = time.monotonic()
        if now - self._room_known.get(partition, -math.inf) > ROOM_KNOWN_SECONDS:
            await self._ask("room", partition, "", FollowUpAct(""))
            self._room_known[partition] = now

    async def clear_earlier(self, lease: Lease, act: FollowUpAct) -> None:
        """Before one is asked for: let no other by its key wait in other partitions that are or were its entity's."""
        for partition in self._homes(lease.event.entity_key, lease.partition):
            if partition != lease.partition:
                await self._end(partition, "replaced", act.subject, kept=act.follow_up)

    async def _ask(
        self, way: str, partition: int, asker: str, act: FollowUpAct, asked_ms: int = 0, due_ms: int = 0
    ) -> tuple[bool, float | None]:
        options, delay = self._options, milliseconds(act.delay_seconds)
        args: list[Argument] = [options.name, options.idempotency_ttl_seconds, str(self._memory_share), way]
        args += [act.follow_up, act.subject, asker, delay, act.head, act.body, asked_ms, due_ms, self._store.partitions]
        state, next_ms = await self._store.run("ask_later", partition, args)
        if state == b"stale":
            raise StoreUnavailable(STALE)
        if state == b"full":
            raise StoreFull("follow-ups are taken as long as the rest of the memory is enough for deliveries")
        return state == b"waiting", next_ms / 1_000 if next_ms >= 0 else None

    async def end_by_key(self, lease: Lease, key: str) -> Ended:
        """End the follow-up by a key of a lease's entity, wherever it waits or is on its way; not the lease's own.

        Raises:
            StoreError: it may be ended or not; repeat it.
        """
        entity_key = lease.event.entity_key
        subject, results = subject_of(entity_key, key), dict[str, bytes]()
        asker, own = lease.event.event_id, id_of(self._options.name, lease.event.event_id, key)
        here: tuple[FollowUpAct, ...] = ()
        began = time.monotonic()
        for partition in self._homes(entity_key, lease.partition):
            ended = await self._end(partition, "cancelled", subject, kept=asker, own=own, ids=results)
            if partition == lease.partition:
                here = tuple(
                    FollowUpAct(name, ended="withdrawn" if name == own else "cancelled", stored=began) for name in ended
                )
            results |= ended
        return Ended(bool(results), b"running" in results.values(), here)

    async def end(self, partition: int, ids: Iterable[str], state: str) -> int:
        """End follow-ups by their ids in one partition; how many waited or were on their way.

        Raises:
            StoreError: some may be ended; repeat it.
        """
        return len(await self._end(partition, state, "", ids=ids))

    async def _end(
        self, partition: int, state: str, subject: str, *, kept: str = "", own: str = "", ids: Iterable[str] = ()
    ) -> dict[str, bytes]:
        """By id what became of those that were not over before."""
        options = self._options
        args: list[Argument] = [options.name, options.idempotency_ttl_seconds, state, subject, kept, own]
        reply = await self._store.run("end_later", partition, [*args, self._store.partitions, *ids])
        if reply == b"stale":
            raise StoreUnavailable(STALE)
        results = {name.decode(): result for name, result in zip(reply[::2], reply[1::2], strict=True)}
        return {name: result for name, result in results.items() if result != b"none"}

    async def begin(self, partition: int, *, ahead_seconds: float = 0.0) -> Begun:
        """Make follow-ups that are due entries of their group; those whose entity is elsewhere by now wait there.

        Args:
            partition: Where.
            ahead_seconds: Those that are due by then, too: for tests of handlers.

        Raises:
            StoreError: some may have begun; what is left waits.
        """
        ids, moved_to = await self._at_home(partition, ahead_seconds) if self._store.earlier else ([], {})
        state, next_ms, late = await self._begin_later(partition, BEGUN_AT_ONCE, ahead_seconds, ids)
        known = dict(moved_to)
        if next_ms >= 0:
            known[partition] = next_ms / 1_000
        return Begun(known, tuple(each / 1_000 for each in late), state != b"begun")

    async def _begin_later(
        self, partition: int, at_most: int, ahead: float, ids: Iterable[str]
    ) -> tuple[Any, Any, Any]:
        options = self._options
        args: list[Argument] = [options.name, options.idempotency_ttl_seconds, self._store.partitions, at_most]
        args += [milliseconds(ahead), NEWEST, milliseconds(SILENCE_SECONDS), *ids]
        state, next_ms, found = await self._store.run("begin_later", partition, args)
        return state, next_ms, found

    async def _at_home(self, partition: int, ahead: float) -> tuple[list[str], dict[int, float]]:
        """The ids of those that are due and belong here; the others are moved: where one is due now."""
        *_, flat = await self._begin_later(partition, MOVED_AT_ONCE, ahead, ["look"])
        ids, moved_to = [NONE_BUT], dict[int, float]()
        for name, row in zip(flat[::2], flat[1::2], strict=True):
            waiting = read_row(name, row)
            home = partition if waiting is None else partition_of(waiting.entity_key, self._store.partitions)
            if waiting is None or home == partition:
                ids.append(name.decode())
            else:
                await self._move(waiting, partition, home)
                moved_to[home] = 0.0
        return ids, moved_to

    async def _move(self, row: WaitingRow, partition: int, home: int) -> None:
        """First it waits there, then no more here: whoever dies in between has it moved again, to the same place."""
        act = FollowUpAct(row.follow_up, row.subject, 0.0, row.head, row.body)
        await self._ask("moved", home, row.said.event_id, act, row.asked_ms, row.due_ms)
        await self._end(partition, "moved", "", ids=[row.follow_up])

    def _homes(self, entity_key: str, partition: int) -> list[int]:
        """The partitions that are or were an entity's, and its event's own: the earliest first, today's last."""
        earlier = sorted(self._store.earlier, key=lambda layout: layout.ended)
        if not earlier:
            return [partition]
        numbers = [*(layout.partitions for layout in earlier), self._store.partitions]
        latest = [partition_of(entity_key, number) for number in reversed(numbers)]
        return list(dict.fromkeys((*latest, partition)))[::-1]

    async def _sealing_keys(self) -> BodyKeys | None:
        """What seals bodies: only when everybody seen can open them, from when on all are sealed (`sealing`)."""
        if self._store.sealing_keys is None:
            return None
        if not self._seals:
            with translated():
                written = await self._store.client.hget(self._store.keys.encryption, "written")
            self._seals = written is not None and int(written) == SEALED
        return self._store.sealing_keys if self._seals else None
