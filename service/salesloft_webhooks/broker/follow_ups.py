"""Follow-ups of one group: asked for, cancelled, and begun when they are due. See decision 88.

A key belongs to an entity, and an entity to a partition: to another one after the number of partitions was raised. So
whatever is about a key looks at all partitions that were its entity's, the older ones first (`_homes`), and names in
the later ones what it has ended in the earlier ones: what is being moved from one to the other then does not come back.
"""

import math
import time
from collections.abc import Iterable

from salesloft_webhooks.broker.body_compression import packed
from salesloft_webhooks.broker.body_encryption import BodyKeys
from salesloft_webhooks.broker.connection.store import Argument, Store, translated
from salesloft_webhooks.broker.entry_head import packed_head
from salesloft_webhooks.broker.follow_up_calls import FollowUpCalls
from salesloft_webhooks.broker.follow_up_rows import AtHome, Begun, Ended, WaitingRow, order_of, read_row
from salesloft_webhooks.broker.group_options import GroupOptions
from salesloft_webhooks.broker.layout import partition_of
from salesloft_webhooks.broker.lease import FollowUpAct, Lease
from salesloft_webhooks.broker.sealed_data import seal_body
from salesloft_webhooks.broker.store_format import NEWEST, SEALED
from salesloft_webhooks.errors import StoreError, StoreUnavailable
from salesloft_webhooks.follow_ups import Said, Wanted, id_of, names_of, said_in, subject_of, task_type, with_arguments

MOVED_AT_ONCE = 10
"""At the most, each with its body."""
ROOM_KNOWN_SECONDS = 0.5
"""How long it is taken for known that there is room: what comes with `done` costs no call of its own."""
SETTLED_THERE = (b"waiting", b"replaced", b"ended")
"""What the place to which one is moved says when that has an answer."""
ENDED_HERE = (b"cancelled", b"withdrawn", b"replaced", b"erased")
"""What may have become of it meanwhile in the place that it leaves."""


class FollowUps(FollowUpCalls):
    """The follow-ups of a group, for the worker that asks for them and for those that begin them.

    Args:
        store: Where.
        options: Of the group.
        compress: Whether their bodies are.
        memory_share: Of what the server may use that may be used with them: the rest is for deliveries.
    """

    def __init__(
        self, store: Store, options: GroupOptions, *, compress: bool = True, memory_share: float = 1.0
    ) -> None:
        super().__init__(store, options, memory_share)
        self._compress = compress
        self._room_known: dict[int, float] = {}
        self._seals = self._newest_written = False

    async def act(self, lease: Lease, wanted: Wanted) -> FollowUpAct:
        """What is to be stored for a follow-up that the event of a lease asks for.

        Raises:
            StoreError: nobody knows whether bodies are sealed.
        """
        event, keys = lease.event, await self._sealing_keys()
        order, entity = order_of(lease) if wanted.debounced else "", (event.source, event.entity_key)
        follow_up, subject = names_of(wanted, self._options.name, order, event.event_id, entity)
        described = event.event_type if event.follow_up is None else event.follow_up.event_type
        length = len(wanted.arguments) if wanted.arguments else -1
        had_by = wanted.debounced.others if wanted.debounced else ()
        said = Said(wanted.key, event.event_id, described, wanted.task, length, had_by)
        body = with_arguments(wanted.arguments, event.raw_data)
        body = packed(body) if self._compress else body
        values = (
            follow_up,
            task_type(wanted.task) if wanted.task and wanted.debounced is None else described,
            event.entity_key,
            event.source,
            "",
            event.created_at,
            said_in(event.traceparent, said),
        )
        head = packed_head(values, pack=True)
        body = body if keys is None else seal_body(keys, body, follow_up)
        at_most = wanted.debounced.at_most_seconds if wanted.debounced else 0.0
        return FollowUpAct(follow_up, subject, wanted.after_seconds, head, body, at_most_seconds=at_most)

    async def ask(self, lease: Lease, act: FollowUpAct) -> tuple[bool, float | None]:
        """Let it wait, now, and no other by its key in other partitions that are or were its entity's.

        Returns:
            False: the event has asked for it before, and it waits no more. And the seconds until one is due here.

        Raises:
            StoreFull: there is no room for it.
            StoreError: it may wait or not; asked again, it waits once.
        """
        waits, due_seconds = await self._ask("ask", lease, act)
        if waits:
            await self._clear_elsewhere(lease, act)
        return waits, due_seconds

    async def check_room(self, lease: Lease, act: FollowUpAct) -> None:
        """Whether there is room for one that is to come with `done`, which is stored whether there is or not.

        Raises:
            StoreFull: there is none.
            StoreError: nobody knows.
        """
        now = time.monotonic()
        if now - self._room_known.get(lease.partition, -math.inf) > ROOM_KNOWN_SECONDS:
            await self._ask("look", lease, act)
            self._room_known[lease.partition] = now

    async def prepare(self, lease: Lease, act: FollowUpAct) -> None:
        """Right before it is asked for with `done`: let no other by its key wait in other partitions.

        Raises:
            StoreError: some may wait there or not; repeat it.
        """
        if len(self._homes(lease.event.entity_key, lease.partition)) > 1:
            may_wait, _ = await self._ask("look", lease, act)
            if may_wait:
                await self._clear_elsewhere(lease, act)

    async def _clear_elsewhere(self, lease: Lease, act: FollowUpAct) -> None:
        for partition in self._homes(lease.event.entity_key, lease.partition):
            if partition != lease.partition:
                await self._end(partition, "replaced", act.subject, kept=act.follow_up)

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

    async def begin(self, partition: int, *, ahead_seconds: float = 0.0) -> Begun:
        """Make follow-ups that are due entries of their group; those whose entity is elsewhere by now wait there.

        Args:
            partition: Where.
            ahead_seconds: Those that are due by then, too: for tests of handlers.

        Raises:
            StoreError: some may have begun; what is left waits.
        """
        if not await self.may_begin():
            return Begun({}, held_back=True)
        found = AtHome()
        if self._store.earlier:
            found = await self._at_home(partition, ahead_seconds)
            words: list[Argument] = ["these", len(found.put_off), *found.put_off, *found.ids]
            answer = await self._begin_later(partition, words, ahead=ahead_seconds)
        else:
            answer = await self._begin_later(partition, ["all"], ahead=ahead_seconds)
        state, next_ms, late = answer
        known = dict.fromkeys(found.moved_to, 0.0)
        if next_ms >= 0:
            known[partition] = next_ms / 1_000
        return Begun(known, tuple(each / 1_000 for each in late), state != b"begun", found.problem)

    async def may_begin(self) -> bool:
        """Whether the newest format is written (`store_format`): before, version 0.1.0 may be there or come back.

        It would die of an entry that is a follow-up, or take it for its event.
        """
        if not self._newest_written:
            with translated():
                written = await self._store.client.hget(self._store.keys.format, "written")
            self._newest_written = written is not None and int(written) >= NEWEST
        return self._newest_written

    async def _at_home(self, partition: int, ahead: float) -> AtHome:
        """What is due, and belongs here; the others are moved. One that cannot be keeps no other back."""
        *_, flat = await self._begin_later(partition, ["look"], MOVED_AT_ONCE, ahead)
        found = AtHome()
        away = set[int]()
        for name, row in zip(flat[::2], flat[1::2], strict=True):
            waiting = read_row(name, row)
            home = partition if waiting is None else partition_of(waiting.entity_key, self._store.partitions)
            if waiting is None or home == partition:
                found.ids.append(name.decode())
                continue
            try:
                if home not in away:
                    await self._move(waiting, partition, home)
                    found.moved_to.add(home)
                    continue
            except StoreError as exc:
                away.add(home)
                found.problem = str(exc)
            found.put_off.append(name.decode())
        return found

    async def _move(self, row: WaitingRow, partition: int, home: int) -> None:
        """First it waits there, then no more here: whoever dies in between has it moved again, to the same place.

        What became of it here after it was read holds there, too.
        """
        words: list[Argument] = [row.follow_up, row.subject, row.said.event_id, row.head, row.body]
        state, *_ = await self._begin_later(home, ["in", *words, row.asked_ms, row.due_ms])
        if state not in SETTLED_THERE:
            raise StoreUnavailable("a follow-up cannot be moved while its group is paused")
        out: list[Argument] = ["out", row.follow_up, row.asked_ms]
        here, *_ = await self._begin_later(partition, out)
        if here == b"waiting":  # it was asked for anew, and will be moved as that
            await self._begin_later(home, out)
        elif here in ENDED_HERE:
            await self._end(home, here.decode(), "", ids=[row.follow_up])

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
