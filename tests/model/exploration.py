"""Every state that two workers, three events and so many faults can lead to, breadth first.

A state is the store, what the workers believe, and what is under way (`state.State`). A step is what really happens:
the client's own calls, the scripts on a server. Each step begins from the store as that state has it, and after it all
of the store is read; states that no script can tell apart count once (`canonical`). In each state and of each step the
invariants are looked at (`invariants`, `step_invariants`). In the end, from each state a way must lead by ordinary
steps alone (events arrive, time passes, workers take and succeed) to one in which all is finished.
"""

import time
from collections import deque
from collections.abc import Iterator
from itertools import chain

from msgspec import Struct
from msgspec.structs import replace
from redis.exceptions import RedisError

from tests.model.canonical import digest
from tests.model.follow_up_invariants import BEGUN, broken_of_follow_ups, wrongly_done
from tests.model.follow_up_steps import follow_up_steps
from tests.model.invariants import FINAL, broken_in
from tests.model.people_steps import arrivals, people_steps, registration
from tests.model.permit_steps import permit_steps, too_many_at_once
from tests.model.state import GROUP, LEASE, Scope, State, Worker
from tests.model.step_invariants import broken_by
from tests.model.store import ModelStore, Mutation, a_day_from_now, model_store
from tests.model.surroundings import faults, passing
from tests.model.view import View
from tests.model.worker_steps import Effect, Step, dated, worker_steps

Digest = bytes


class Explored(Struct):
    """What an exploration has found.

    Attributes:
        states: How many different ones.
        steps: How many steps were made.
        seconds: How long that took.
        longest: Steps on the way to the state that is furthest away.
        problem: The first invariant that did not hold; empty: all did.
        story: The steps that led there.
        complete: Whether there is nothing left that was not looked at.
    """

    states: int = 0
    steps: int = 0
    seconds: float = 0.0
    longest: int = 0
    problem: str = ""
    story: tuple[str, ...] = ()
    complete: bool = False

    @property
    def said(self) -> str:
        """The figures in one line, as the page has them."""
        return f"{self.states:,} | {self.steps:,} | {self.longest} | {self.seconds:.0f} s |"


def explore(scope: Scope, mutation: Mutation | None = None, seconds: float = 1e9) -> Explored:
    """A scope, on a server of its own; the scripts with a mistake, if one is given."""
    with model_store(mutation) as store:
        return Exploration(scope, store).run(seconds)


class Exploration:
    """One scope on one server.

    Args:
        scope: How much there is.
        store: The server.
    """

    def __init__(self, scope: Scope, store: ModelStore) -> None:
        self._scope, self._store = scope, store
        self._from: dict[Digest, tuple[Digest, str]] = {}
        self._ordinary: dict[Digest, list[Digest]] = {}
        self._finished: list[Digest] = []
        self._open: deque[tuple[Digest, State]] = deque()
        self.explored = Explored()

    def run(self, seconds: float = 1e9) -> Explored:
        """Explore until all is known, an invariant is broken, or the time is over."""
        began = time.monotonic()
        self._begin()
        while self._open and not self.explored.problem and time.monotonic() - began < seconds:
            self._expand(*self._open.popleft())
        self.explored.complete = not self._open
        if self.explored.complete and not self.explored.problem:
            self._look_for_dead_ends()
        self.explored.states, self.explored.seconds = len(self._from), time.monotonic() - began
        return self.explored

    def _begin(self) -> None:
        scope = self._scope
        self._store.command("FLUSHALL")
        self._store.command("MSET", "model:seconds", a_day_from_now(), "model:micros", 0)
        self._store.script("register", registration(scope))
        workers = (Worker("w0"), Worker("w1"))
        state = State(b"", a_day_from_now(), 0, workers, scope.faults, scope.acts, scope.setbacks)
        view = self._view(state)
        self._add(state, view, b"", "")

    def _view(self, state: State) -> View:
        scope = self._scope
        return View(self._store.script("save", [GROUP, *scope.events, *scope.follow_ups]), state.seconds)

    def _load(self, state: State) -> None:
        self._store.load(state.packed, state.seconds, state.depth)

    def _expand(self, known_as: Digest, state: State) -> None:
        self._load(state)
        view = self._view(state)
        if view.read_to and not state.removing:
            answer = self._store.script("audit", [GROUP, "-", 100, LEASE * 1000])
            if answer != [b"-", 0]:
                return self._fail(f"the audit found {answer} to repair", known_as)
        for step in self._steps(state, view):
            self._load(state)
            try:
                effect = step.act(self._store)
            except RedisError as exc:
                return self._fail(f"the server says {exc}", known_as, step.name)
            self._follow(known_as, state, view, step, effect)
            if self.explored.problem:
                return None
        return None

    def _steps(self, state: State, view: View) -> Iterator[Step]:
        scope = self._scope
        return chain(
            arrivals(scope, state),
            worker_steps(scope, state, view),
            follow_up_steps(scope, state, view) if scope.does else (),
            permit_steps(scope, state, view) if scope.limit else (),
            passing(scope, state, view),
            faults(scope, state, view),
            people_steps(scope, state, view),
        )

    def _follow(self, known_as: Digest, before: State, old: View, step: Step, effect: Effect) -> None:
        self.explored.steps += 1
        new = self._view(effect.state)
        state = dated(effect.state, new.now)
        scope = self._scope
        found = chain(broken_by(effect, before, old, new), broken_in(scope, state, new))
        if scope.does:
            found = chain(found, wrongly_done(scope, effect, before, old, new), broken_of_follow_ups(scope, state, new))
        if scope.limit:
            found = chain(found, too_many_at_once(scope, state, new))
        for problem in found:
            return self._fail(problem, known_as, step.name)
        name = self._add(state, new, known_as, step.name)
        if step.ordinary:
            self._ordinary.setdefault(name, []).append(known_as)
        return None

    def _add(self, state: State, view: View, known_as: Digest, step: str) -> Digest:
        name = digest(state, view)
        if name not in self._from:
            self._from[name] = known_as, step
            state = replace(state, packed=view.packed, depth=state.depth + 1)
            self.explored.longest = max(self.explored.longest, state.depth)
            self._open.append((name, state))
            if self._is_finished(state, view):
                self._finished.append(name)
        return name

    def _is_finished(self, state: State, view: View) -> bool:
        outcomes = [view.records[event].outcome for event in self._scope.events]
        outcomes += [view.records[name].outcome for name in self._scope.follow_ups if view.records[name].later == BEGUN]
        quiet = not (view.pending or view.unread() or view.waiting or view.pause or state.flying or state.removing)
        return quiet and all(outcome in FINAL for outcome in outcomes) and not any(each.held for each in state.workers)

    def _look_for_dead_ends(self) -> None:
        """From each finished state back: what is not reached can never be finished by ordinary steps."""
        reached, following = set(self._finished), list(self._finished)
        while following:
            for name in self._ordinary.get(following.pop(), ()):
                if name not in reached:
                    reached.add(name)
                    following.append(name)
        for name in self._from:
            if name not in reached:
                return self._fail("from here the work never comes to its end", name)
        return None

    def _fail(self, problem: str, known_as: Digest, step: str = "") -> None:
        story = [step] if step else []
        while known_as:
            known_as, made = self._from[known_as]
            story.append(made)
        self.explored.problem, self.explored.story = problem, tuple(reversed(story))
