"""A part of what `make model` explores, and proof that it would find what it looks for."""

import pytest

from salesloft_webhooks.broker.scripts import script
from tests.model.exploration import explore
from tests.model.mutations import SEEDED, Seeded
from tests.model.scopes import SHORT, described
from tests.model.state import Scope
from tests.model.store import ASKS_TIME, ON_ITS_OWN_CLOCK

SECONDS = 60.0
SCRIPTS = ("audit", "discard", "extend", "pause", "redrive", "register", "remove_group", "replay", "retire", "settle")
OF_FOLLOW_UPS = ("ask_later", "begin_later", "cancel_later", "end_later", "run_later")
OF_LIMITS = ("handler_permits", "keep_handler_permits")


@pytest.mark.parametrize("scope", SHORT, ids=described)
def test_every_state_of_a_small_scope_keeps_the_invariants(scope: Scope) -> None:
    """Whatever two workers, time, faults and people do with few events: all of it is looked at, and holds."""
    explored = explore(scope, seconds=SECONDS)

    assert (explored.problem, explored.story) == ("", ())
    assert explored.complete


@pytest.mark.parametrize("seeded", SEEDED, ids=lambda seeded: seeded.mutation.name)
def test_a_mistake_in_a_script_is_found(seeded: Seeded) -> None:
    """With one line of a script changed, a state is found that breaks an invariant, and the way to it is told."""
    explored = explore(seeded.scope, seeded.mutation, SECONDS)

    assert explored.problem
    assert explored.story[1] in {"e1 arrives", "a take of w0 is lost"}


@pytest.mark.parametrize("name", [*SCRIPTS, *OF_FOLLOW_UPS, *OF_LIMITS, "take", "trim"])
def test_scripts_ask_for_the_time_once(name: str) -> None:
    """The model moves a script's clock where it asks for the time: there is one such place, and no other clock."""
    source = script(name).source

    assert source.count(ASKS_TIME) == 1
    assert "os.clock" not in source
    assert name != ON_ITS_OWN_CLOCK
