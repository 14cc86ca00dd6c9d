"""Permits for the handlers of one worker that are limited: asked for before an event's handlers run, given back after.

ask -> (given) the handlers run, the renewer keeps it -> ended -> given back
       (refused) the event goes back unharmed, for as long as the store says

Attempts that ask, and permits that come back, at the same time share one call, and one call is under way at a time. So
many that wait are few calls, and an event that needs no permit is never in one. Decision 99.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from itertools import count, islice
from typing import NamedTuple

from salesloft_webhooks.broker import MOST_AT_ONCE, Ask, HandlerLimits, Lease, Refused, Return, Want
from salesloft_webhooks.errors import Retry, StoreError
from salesloft_webhooks.handlers.held_permit import HELD
from salesloft_webhooks.worker.backoff import Backoff

BEGINS_WITHIN = 0.9
"""Of a lease's time: for so long after it was ours nobody else can have been given the event, or its permit. The rest
is for clocks that do not go alike, and for the way from the look at ours to the handler's first effect."""
AWAY = Backoff(base_seconds=2.0, cap_seconds=60.0)
"""When an event comes again while the store cannot be asked, at the latest: its own partition may be there."""
ANSWERS_SECONDS = 2.0
"""So long an attempt waits for an answer: its slot may be one for events that need no permit."""
LOOKS = 4
"""In which it looks so often: a handler that blocks the loop meanwhile has not let the answer be read."""
AGAIN_SECONDS = 0.5
"""Between two calls that fail."""
NO_ANSWER = "store"
"""What holds an event up then."""


class HeldUp(Retry):
    """An event has to wait for the limit of a handler. Nothing of it has run, and its attempt is not counted.

    Attributes:
        handler: Of which.
        limit: ``running`` or ``rate``; `NO_ANSWER`.
        seconds: For how long.
    """

    def __init__(self, handler: str, limit: str, seconds: float) -> None:
        super().__init__(f"held up by the limit of {handler}: {limit}", after=seconds, counted=False)
        self.handler, self.limit, self.seconds = handler, limit, seconds


class Permit:
    """A permit in use: of an attempt, and of what that has left behind in a thread.

    Attributes:
        ask: By which it was given.
        asked, began: Monotonic times at which it was asked for, and was there.
        over: Nobody uses it any more.
        used: Whether a handler was called with it.
    """

    def __init__(self, ask: Ask, asked: float, permits: "HandlerPermits") -> None:
        self.ask = ask
        self.asked, self.began = asked, time.monotonic()
        self.over = self.used = self._lost = False
        self._renewed = asked
        self._permits = permits
        self._users = 1

    def begins(self) -> bool:
        """Whether nobody else can have been given it: it is asked right before a handler is called, which then is."""
        ours = not self._lost and time.monotonic() - self._renewed <= self._permits.begins_within_seconds
        self.used = self.used or ours
        return ours

    def kept(self, asked: float, *, still_ours: bool) -> None:
        """The store has kept it, by a call that was made then.

        Once it was not there, others may have been given it, and keeping it has only brought it back: it stays lost. So
        it does after a lease without an answer, of which the one that said so may have been lost.
        """
        self._lost = self._lost or not still_ours or asked - self._renewed > self._permits.lease_seconds
        self._renewed = asked

    def hold_until(self, ended: "asyncio.Future[object]") -> None:
        """It is in use at least until then, whatever becomes of the attempt."""
        self._users += 1
        ended.add_done_callback(lambda _: self.end())

    def end(self) -> None:
        """One of those that use it does no more."""
        self._users -= 1
        if not self._users:
            self.over = True
            self._permits.give_back(self)


class _Ended(NamedTuple):
    """A permit that comes back; monotonic times."""

    ask: Ask
    began: float
    ended: float
    used: bool

    def as_return(self) -> Return:
        return Return(self.ask, (self.ended if self.used else time.monotonic()) - self.began, self.used)


class HandlerPermits:
    """What all attempts of a worker ask at.

    Args:
        limits: Where they are counted.
        consumer: The worker's name, by which its permits are told from those of others.
    """

    def __init__(self, limits: HandlerLimits, consumer: str) -> None:
        self.lease_seconds = limits.lease_seconds
        self.begins_within_seconds = limits.lease_seconds * BEGINS_WITHIN
        self._limits = limits
        self._consumer = consumer
        self._numbers = count(1)
        self._asking: deque[tuple[Ask, asyncio.Future[Refused | None]]] = deque()
        self._returns: deque[_Ended] = deque()
        self._in_use: dict[str, Permit] = {}
        self._wake = asyncio.Event()
        self._asked = self._failures = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def ask(self, lease: Lease, wants: Sequence[Want]) -> Permit:
        """A permit for an attempt, which has to `Permit.end` it.

        Raises:
            HeldUp: there is none now.
        """
        ask = Ask(f"{lease.partition} {lease.entry_id}", f"{self._consumer} {next(self._numbers)}", tuple(wants))
        if self._failures and (self._asked or self._returns):
            raise self._no_answer(wants)  # somebody tries already, and a slot is not for waiting
        asked = time.monotonic()  # before it is sent
        self._asked += 1
        try:
            refused = await self._answer(ask, asked)
        except (StoreError, TimeoutError) as exc:
            raise self._no_answer(wants) from exc
        finally:
            self._asked -= 1
        if refused is not None:
            raise HeldUp(refused.handler, refused.limit, refused.wait_seconds)
        permit = Permit(ask, asked, self)
        self._in_use[ask.permit] = permit
        HELD.set(permit)
        return permit

    async def _answer(self, ask: Ask, asked: float) -> Refused | None:
        """Whether there is a permit; whoever goes without having heard it gives back what it is given.

        Raises:
            StoreError, TimeoutError: nobody knows (so far).
        """
        answered: asyncio.Future[Refused | None] = asyncio.get_running_loop().create_future()
        self._asking.append((ask, answered))
        self._rouse()
        try:
            for _ in range(LOOKS):
                if not answered.done():
                    await asyncio.wait((answered,), timeout=ANSWERS_SECONDS / LOOKS)
        except asyncio.CancelledError:
            if answered.done() and not answered.exception() and answered.result() is None:
                self._return(ask, asked, used=False)  # it had been given a moment ago
            raise
        finally:
            unheard = not answered.done()
            if unheard:
                answered.set_result(None)
        if unheard:
            self._failures += 1
            raise TimeoutError
        return answered.result()

    def _no_answer(self, wants: Sequence[Want]) -> HeldUp:
        seconds = max(AWAY.base_seconds, AWAY.delay_seconds(self._failures))
        return HeldUp(wants[0].handler, NO_ANSWER, seconds)

    def give_back(self, permit: Permit) -> None:
        """Nobody uses it; also once more, when it was kept meanwhile."""
        again = self._in_use.pop(permit.ask.permit, None) is None  # then its share of the rate is back already
        used = permit.used or again
        self._return(permit.ask, permit.began if used else permit.asked, used=used)

    def in_use(self) -> list[Permit]:
        """Those that have to be kept. For any thread to call."""
        return list(self._in_use.copy().values())

    async def run(self) -> None:
        """Ask and give back until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._asking or self._returns:
                if not await self._call():
                    await asyncio.sleep(AGAIN_SECONDS)
            self._idle.set()

    async def given_back(self) -> None:
        """Return when nothing is left to say."""
        await self._idle.wait()

    def _rouse(self) -> None:
        self._idle.clear()
        self._wake.set()

    def _return(self, ask: Ask, began: float, *, used: bool) -> None:
        self._returns.append(_Ended(ask, began, time.monotonic(), used))
        self._rouse()

    async def _call(self) -> bool:
        """Say what has come together; whether the store has heard it."""
        asking = [self._asking.popleft() for _ in range(min(len(self._asking), MOST_AT_ONCE))]
        returns = list(islice(self._returns, MOST_AT_ONCE))
        asks = [ask for ask, answered in asking if not answered.done()]
        sent = time.monotonic()
        try:
            answers = await self._limits.ask(asks, [each.as_return() for each in returns])
        except StoreError as exc:
            self._failures += 1
            self._not_heard(asking, sent, exc)
            return False
        self._failures = 0
        for _ in returns:
            self._returns.popleft()
        by_permit = dict(zip((ask.permit for ask in asks), answers, strict=True))
        for ask, answered in asking:
            if not answered.done():
                answered.set_result(by_permit[ask.permit])
            elif ask.permit in by_permit and by_permit[ask.permit] is None:
                self._return(ask, sent, used=False)  # who asked was cancelled meanwhile
        return True

    def _not_heard(
        self, asking: Sequence[tuple[Ask, "asyncio.Future[Refused | None]"]], sent: float, error: StoreError
    ) -> None:
        """What was asked for may have been given. What is not taken back within a lease has ended by itself."""
        for ask, answered in asking:
            self._return(ask, sent, used=False)
            if not answered.done():
                answered.set_exception(error)
        long_ago = time.monotonic() - self._limits.lease_seconds
        while self._returns and self._returns[0].ended < long_ago:
            self._returns.popleft()
