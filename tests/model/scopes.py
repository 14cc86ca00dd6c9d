"""How much is explored: the whole by `make model`, a part of it in every run of the tests."""

from tests.model.state import Scope

SHORT = (
    Scope("AAB", faults=0, acts=0, setbacks=1),
    Scope("AA", faults=1, acts=0, setbacks=0),
    Scope("A", faults=1, acts=1, setbacks=0, max_lost=1),
    Scope("A", faults=0, acts=1, setbacks=1, slots=2),
    Scope("AA", faults=0, acts=0, setbacks=0, does="ac"),
    Scope("AA", faults=0, acts=0, setbacks=0, does="da"),
    Scope("A", faults=0, acts=1, setbacks=0, does="d"),
    Scope("AA", faults=0, acts=0, setbacks=0, does="bb", ordered=False),
    Scope("AB", faults=0, acts=0, setbacks=0, limit=1),
)
WHOLE = (
    Scope("AAB", faults=1, acts=1, setbacks=0),
    Scope("A", faults=3, acts=0, setbacks=1),
    Scope("AAA", faults=1, acts=1, setbacks=0),
    Scope("AAB", faults=2, acts=0, setbacks=0),
    Scope("A", faults=1, acts=1, setbacks=1, slots=2, max_lost=2),
    Scope("AAB", faults=1, acts=0, setbacks=1),
    Scope("AB", faults=1, acts=0, setbacks=1, slots=2),
    Scope("AB", faults=1, acts=0, setbacks=0, limit=1),
    Scope("AAA", faults=1, acts=0, setbacks=1),
    Scope("AA", faults=1, acts=1, setbacks=0, max_lost=1),
    Scope("AB", faults=2, acts=0, setbacks=0, max_lost=1),
    Scope("AA", faults=1, acts=0, setbacks=0, does="da"),
    Scope("AA", faults=1, acts=0, setbacks=0, does="ac"),
    Scope("A", faults=1, acts=0, setbacks=1, does="a"),
    Scope("A", faults=1, acts=0, setbacks=1, does="d"),
    Scope("AA", faults=0, acts=1, setbacks=0, does="dc"),
    Scope("AA", faults=0, acts=0, setbacks=0, does="aa"),
    Scope("A", faults=0, acts=2, setbacks=0, does="a"),
    Scope("A", faults=1, acts=1, setbacks=0, does="d"),
    Scope("A", faults=0, acts=1, setbacks=0, does="a"),
    Scope("AA", faults=0, acts=0, setbacks=0, does="da"),
    Scope("AA", faults=0, acts=0, setbacks=0, does="ac"),
    Scope("A", faults=0, acts=1, setbacks=0, does="d"),
    Scope("AA", faults=1, acts=0, setbacks=0, does="bb", ordered=False),
    Scope("AA", faults=1, acts=0, setbacks=0, does="bb"),
    Scope("AA", faults=0, acts=1, setbacks=1, does="bb", ordered=False),
    Scope("AA", faults=0, acts=0, setbacks=0, does="bb", ordered=False),
    Scope("AB", faults=0, acts=0, setbacks=1, limit=1),
    Scope("AB", faults=0, acts=0, setbacks=0, limit=1),
)
"""The largest first, so that all processes end at about the same time."""


def described(scope: Scope) -> str:
    """In one line, as the page has it."""
    limit = f"limit {scope.limit}" if scope.limit else ""
    lanes = " ".join(filter(None, (scope.lanes, scope.does, "" if scope.ordered else "unordered", limit)))
    return f"| {lanes} | {scope.slots} | {scope.max_lost} | {scope.faults} | {scope.acts} | {scope.setbacks}"
