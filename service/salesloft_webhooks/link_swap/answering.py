"""One answer to SalesLoft, in time, whatever the swapper does.

A swapper that is too late is cancelled and not waited for: it may be unable to stop. Until it does, it counts among
those that may run at once, so that what hangs cannot pile up.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from msgspec import Struct

from salesloft_webhooks.background import LeftBehind
from salesloft_webhooks.errors import error_type
from salesloft_webhooks.link_swap.circuit import Circuit
from salesloft_webhooks.link_swap.links import AllowedHosts, swap
from salesloft_webhooks.link_swap.memory import AnswerMemory
from salesloft_webhooks.link_swap.request import LinkSwap
from salesloft_webhooks.link_swap_settings import LinkSwapSettings, OnSwapFailure
from salesloft_webhooks.telemetry import LinkSwapOutcome, LinkSwapReason, LinkSwapTelemetry

Given = Mapping[str, object] | LinkSwapReason
"""What a swapper gives: links, or why there are none."""
Swapper = Callable[[LinkSwap], Awaitable[Given]]
_Result = tuple[LinkSwapOutcome, LinkSwapReason, dict[str, str]]


class Answered(Struct, frozen=True):
    """An answer.

    Attributes:
        links: What to answer; None: nothing, and `LINK_SWAP_ON_FAILURE` wants an error.
        outcome: What that tells SalesLoft.
        reason: Where it comes from.
    """

    links: dict[str, str] | None
    outcome: LinkSwapOutcome
    reason: LinkSwapReason


class LinkSwaps:
    """Answers link swaps.

    Args:
        swapper: Computes the links.
        settings: Budget, fallback, hosts.
        telemetry: Is told of each answer.
    """

    def __init__(self, swapper: Swapper, settings: LinkSwapSettings, telemetry: LinkSwapTelemetry) -> None:
        self._swapper = swapper
        self._settings = settings
        self._telemetry = telemetry
        self._hosts = AllowedHosts(settings.link_swap_allowed_hosts)
        self._circuit = Circuit()
        self._memory = AnswerMemory()
        self._running = LeftBehind()

    async def answer(self, request: LinkSwap, spent_seconds: float) -> Answered:
        """What to answer, in time.

        Args:
            request: What SalesLoft asks.
            spent_seconds: How much of the budget is gone already.
        """
        started = asyncio.get_running_loop().time() - spent_seconds
        try:
            answered = await self._result(request, self._settings.link_swap_timeout_seconds - spent_seconds)
        except Exception as exc:  # noqa: BLE001 - a defect of ours is no reason to hold up a mail
            self._telemetry.failed(error_type(exc))
            answered = self._fallback(request, LinkSwapReason.FAILED)
        outcome, reason, result = answered
        seconds = asyncio.get_running_loop().time() - started
        self._telemetry.answered(outcome, reason, seconds)
        if outcome is LinkSwapOutcome.ERROR:
            return Answered(None, outcome, reason)
        self._memory.remember(request.key, result)
        return Answered(result, outcome, reason)

    async def _result(self, request: LinkSwap, seconds: float) -> _Result:
        if not request.links:
            return LinkSwapOutcome.IDENTITY, LinkSwapReason.NO_LINKS, {}
        if (known := self._memory.recall(request.key)) is not None:
            return _outcome_of(known), LinkSwapReason.REPEATED, known
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        given = await self._ask(request, seconds)
        if (known := self._memory.recall(request.key)) is not None:  # it was under way twice, and the other was first
            return _outcome_of(known), LinkSwapReason.REPEATED, known
        if isinstance(given, LinkSwapReason):
            return self._fallback(request, given)
        swapped = swap(request.links, given, self._hosts, lambda: loop.time() < until)
        self._telemetry.links(swapped=swapped.swapped, unchanged=swapped.unchanged, refused=swapped.refused)
        return _outcome_of(swapped.links), LinkSwapReason.ANSWERED, swapped.links

    async def _ask(self, request: LinkSwap, seconds: float) -> Given:
        if seconds <= 0:
            return LinkSwapReason.TIMEOUT
        if len(self._running) >= self._settings.link_swap_concurrency:
            return LinkSwapReason.TOO_MANY
        if not self._circuit.may_ask():
            return LinkSwapReason.CIRCUIT_OPEN
        try:
            given = await self._running.result(self._swapper(request), seconds)
        except TimeoutError:
            given = LinkSwapReason.TIMEOUT
        except asyncio.CancelledError:  # the drain time is over; the mail goes out all the same
            self._circuit.gave_up()
            return LinkSwapReason.STOPPING
        except Exception as exc:  # noqa: BLE001 - whatever it is, the mail must go out
            self._telemetry.failed(error_type(exc))
            given = LinkSwapReason.FAILED
        return self._judged(given)

    def _judged(self, given: Given) -> Given:
        was_open = self._circuit.is_open
        if isinstance(given, LinkSwapReason):
            self._circuit.failed()
        else:
            self._circuit.succeeded()
        if self._circuit.is_open is not was_open:
            self._telemetry.circuit(opened=self._circuit.is_open)
        return given

    def _fallback(self, request: LinkSwap, reason: LinkSwapReason) -> _Result:
        match self._settings.link_swap_on_failure:
            case OnSwapFailure.IDENTITY:
                return LinkSwapOutcome.IDENTITY, reason, {link: link for link in request.links}
            case OnSwapFailure.EMPTY:
                return LinkSwapOutcome.EMPTY, reason, {}
            case OnSwapFailure.ERROR:
                return LinkSwapOutcome.ERROR, reason, {}


def count_swapped(links: Mapping[str, str]) -> int:
    """How many links lead elsewhere."""
    return sum(old != new for old, new in links.items())


def _outcome_of(links: Mapping[str, str]) -> LinkSwapOutcome:
    if not links:
        return LinkSwapOutcome.EMPTY
    swapped = count_swapped(links)
    if not swapped:
        return LinkSwapOutcome.IDENTITY
    return LinkSwapOutcome.SWAPPED if swapped == len(links) else LinkSwapOutcome.PARTIAL
