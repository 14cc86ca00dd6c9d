"""Declarations, commands, breakers and operators that die, in any order, on a real store."""

import asyncio
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from salesloft_webhooks.broker import open_store
from salesloft_webhooks.broker.administration.groups import pause, resume
from salesloft_webhooks.broker.administration.stored_pause import Pause, find_pauses
from salesloft_webhooks.operator.declared_pause import DeclaredPause
from salesloft_webhooks.operator.group_declaration import Declaration
from salesloft_webhooks.operator.group_pauses import GroupPauses
from salesloft_webhooks.settings import Settings
from tests.support.broker_driver import Driven
from tests.support.servers import Server

PARTITIONS = 3
FAR_MS = 4_102_444_800_000
"""The year 2100."""
PAUSED, FREE = {Pause.DECLARED, Pause.MANUAL}, {Pause.NONE, Pause.BREAKER}
ENDS = st.sampled_from([None, FAR_MS, FAR_MS + 1])
STEPS = st.one_of(
    st.tuples(st.just("declare"), ENDS),
    st.tuples(st.just("withdraw"), st.none()),
    st.tuples(st.just("pause"), st.sampled_from([None, 60.0, 1e10])),
    st.tuples(st.just("resume"), st.none()),
    st.tuples(st.just("breaker"), st.none()),
    st.tuples(st.just("look"), st.integers(0, PARTITIONS)),  # fewer than all: the operator dies then
)


class Story:
    """One group, and what is wanted of it.

    Attributes:
        declared: The pause that is declared.
        by_hand: Whether somebody has paused it.
    """

    def __init__(self, driven: Driven) -> None:
        self._driven = driven
        self.declared: DeclaredPause | None = None
        self.by_hand = False

    async def apply(self, verb: str, value: Any) -> None:
        """One thing that happens."""
        store = self._driven.store
        if verb in {"declare", "withdraw"}:
            self.declared = DeclaredPause("salesloft/crm", "why", value) if verb == "declare" else None
        elif verb == "pause":
            self.by_hand = await pause(store, "crm", seconds=value)
        elif verb == "resume":
            await resume(store, "crm")
            self.by_hand = False
        elif verb == "breaker":
            await (await self._driven.group()).pause(60.0, "down")
        else:
            await self.look(value)

    async def look(self, steps: int) -> None:
        """The operator's, which dies after so many changes."""
        left = iter([True] * steps)
        pauses = GroupPauses(self._driven.store, "salesloft", lambda: next(left, False))
        declared = {"crm": Declaration(group="crm", pause=self.declared)}
        await pauses.carry_out(await find_pauses(self._driven.store, ["crm"]), declared)

    async def kinds(self) -> set[Pause]:
        """Who has paused it, by partition."""
        return {each.pause.kind for each in (await find_pauses(self._driven.store, ["crm"]))["crm"]}


WHOLE = ("look", PARTITIONS)
REPLACED = [("pause", 60.0), ("declare", None), WHOLE]
"""A short pause by hand, which a declared one replaces: chance alone seldom comes this far."""


@example(steps=[*REPLACED, ("withdraw", None)])
@example(steps=[*REPLACED, ("declare", FAR_MS), ("look", 1), WHOLE, ("withdraw", None), ("look", 2)])
@example(steps=[*REPLACED, ("resume", None), WHOLE, ("withdraw", None)])
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=10))
def test_a_whole_look_makes_good_whatever_came_before(valkey: Server, steps: list[tuple[str, Any]]) -> None:
    """It is paused on all partitions if somebody or a declaration wants that, and else on none but by a breaker."""

    async def play() -> None:
        with valkey.client() as client:
            client.flushall()
        config = Settings.load(redis_url=SecretStr(valkey.url), partitions=PARTITIONS)
        async with open_store(config) as store:
            driven = Driven(store, config, valkey)
            await driven.group()
            story = Story(driven)
            for verb, value in [*steps, WHOLE]:
                await story.apply(verb, value)
                if (verb, value) == WHOLE:
                    wanted = story.declared or story.by_hand
                    assert await story.kinds() <= (PAUSED if wanted else FREE)

    asyncio.run(play())
