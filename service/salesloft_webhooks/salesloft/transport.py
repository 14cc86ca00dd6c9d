"""Requests to SalesLoft's API: the rate limit before them, the credentials on them, repeats where they are safe."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import httpx2

from salesloft_webhooks.errors import SalesloftBudgetSpent, SalesloftUnavailable, SalesloftUnreadable
from salesloft_webhooks.salesloft.budget import Budget
from salesloft_webhooks.salesloft.credentials import Credentials
from salesloft_webhooks.salesloft.exchange import TOO_MANY, Answer, NoAnswer, exchange
from salesloft_webhooks.salesloft.refusals import refusal
from salesloft_webhooks.telemetry import SalesloftTelemetry

CONNECT_SECONDS, READ_SECONDS, WHOLE_SECONDS = 5.0, 20.0, 30.0
ATTEMPTS = 3
BACKOFF_SECONDS, LONGEST_BACKOFF_SECONDS = 0.5, 10.0
JITTER_SECONDS = 2.0
"""After a minute that was spent, not all processes ask in the same millisecond."""

_LATER = frozenset({408, 425, 500, 502, 503, 504})

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """What is asked.

    Attributes:
        method: Of HTTP.
        path: Below the API's address.
        query: Parameters of the address.
        form: Fields of the body; may hold a secret.
        cost: Units of the rate limit.
        repeatable: Whether doing it twice has the same end as doing it once.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    cost: int = 1
    repeatable: bool = True


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a request may take in all.

    Attributes:
        whole_seconds: For one attempt, from connecting to the last byte.
        waiting_seconds: For the rate limit; longer waits are the caller's business (`SalesloftBudgetSpent`).
        floor: Units that are left for others.
    """

    whole_seconds: float = WHOLE_SECONDS
    waiting_seconds: float = 90.0
    floor: int = 0


USUAL_PATIENCE = Patience()


class Transport:
    """Sends requests. One per process and account.

    Args:
        http: The HTTP client; its base address is the API's.
        credentials: Where tokens come from.
        budget: Who counts the rate limit.
        patience: How long to wait for what.
        telemetry: Who is told.
        sleep: Waits.
        clock: Monotonic seconds.

    Attributes:
        date: SalesLoft's clock at its latest answer.
        remaining: Units of the rate limit that were left then.
    """

    def __init__(
        self,
        http: httpx2.AsyncClient,
        credentials: Credentials,
        budget: Budget,
        patience: Patience,
        telemetry: SalesloftTelemetry,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http, self._credentials, self._budget = http, credentials, budget
        self._patience, self._telemetry = patience, telemetry
        self._sleep, self._clock = sleep, clock
        self.date: datetime | None = None
        self.remaining: int | None = None

    async def send(self, request: ApiRequest, read: Callable[[Answer], Result]) -> Result:
        """The answer to a request, as ``read`` has it.

        Args:
            request: What is asked.
            read: Makes something of the answer; raises `SalesloftUnreadable` if it cannot.

        Raises:
            SalesloftError: any of its kinds.
        """
        refused: str | None = None
        attempt = 1
        waited_until = self._clock() + self._patience.waiting_seconds
        while True:
            minute = await self._reserve(request, waited_until)
            try:
                token = await self._credentials.token(instead_of=refused)
                answer = await self._attempt(request, token, minute)
                if answer.ok:
                    return self._read(request, answer, read)
                if answer.status == 401 and refused is None:
                    refused = token  # nothing was done: ask once more, with another token
                    continue
                if answer.status == TOO_MANY:
                    continue  # nothing was done, and the budget knows how long to wait
                problem: Exception = _problem(request, answer, token)
            except SalesloftUnavailable as exc:
                problem = exc
            if not isinstance(problem, SalesloftUnavailable) or attempt >= ATTEMPTS:
                raise problem
            if problem.perhaps_done and not request.repeatable:
                raise problem
            await self._back_off(problem, attempt)
            attempt += 1

    def _read(self, request: ApiRequest, answer: Answer, read: Callable[[Answer], Result]) -> Result:
        try:
            return read(answer)
        except SalesloftUnreadable:
            self._telemetry.answered(request.method, "unreadable")
            raise

    async def _reserve(self, request: ApiRequest, until: float) -> int:
        """Wait for the rate limit; the minute in which the units were reserved."""
        while True:
            seconds, minute = await self._budget.reserve(request.cost, self._patience.floor)
            if not seconds:
                return minute
            if self._clock() + seconds > until:
                raise SalesloftBudgetSpent("SalesLoft's rate limit is reached", after_seconds=seconds)
            seconds += random.uniform(0, JITTER_SECONDS)  # noqa: S311 - no key
            self._telemetry.waited(seconds)
            await self._sleep(seconds)

    async def _attempt(self, request: ApiRequest, token: str, minute: int) -> Answer:
        built = self._http.build_request(
            request.method,
            request.path,
            params=request.query or None,
            data=request.form,
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
        )
        try:
            answer = await exchange(self._http, built, self._patience.whole_seconds)
        except NoAnswer as exc:
            self._telemetry.answered(request.method, exc.code)
            raise
        self._telemetry.answered(request.method, answer.status)
        self.date, self.remaining = answer.date, answer.remaining
        if answer.remaining is not None:
            self._telemetry.budget_left(answer.remaining)
        spent = answer.status == TOO_MANY
        blocked = answer.retry_after_seconds or 0.0 if spent else 0.0
        remaining = 0 if spent and not blocked else answer.remaining  # SalesLoft documents no Retry-After
        await self._budget.report(minute, remaining, blocked_seconds=blocked)
        return answer

    async def _back_off(self, problem: SalesloftUnavailable, attempt: int) -> None:
        seconds = random.uniform(0, BACKOFF_SECONDS * 2**attempt)  # noqa: S311 - no key
        if problem.after_seconds > LONGEST_BACKOFF_SECONDS:
            raise problem
        await self._sleep(max(seconds, problem.after_seconds))


def _problem(request: ApiRequest, answer: Answer, token: str) -> Exception:
    """What an answer other than 2xx means."""
    if answer.status in _LATER or answer.status >= 500:
        return SalesloftUnavailable(
            f"SalesLoft answered {answer.status}",
            perhaps_done=True,
            after_seconds=answer.retry_after_seconds or 0.0,
        )
    return refusal(answer, secrets=(token, *(request.form or {}).values()))
