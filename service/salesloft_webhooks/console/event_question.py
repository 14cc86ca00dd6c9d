"""What the page of events is asked for: its address as a query, and back as an address and as a command."""

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode

from msgspec import Struct, field
from starlette.requests import Request

from salesloft_webhooks.broker.administration.history import EventState
from salesloft_webhooks.broker.administration.search_query import Query
from salesloft_webhooks.console.context import Console
from salesloft_webhooks.console.shown_commands import command_line
from salesloft_webhooks.event_patterns import RULE, is_pattern
from salesloft_webhooks.readable_times import parse_moment

FIELDS = ("id", "person", "type", "source", "group", "state", "since", "until", "search")
"""Of an address. `type` may have several patterns with commas; `search` is the id of a text (`running_searches`)."""
OVER = (
    "This search is over. A text is known for a quarter of an hour, to one console and to whoever typed it, so that it "
    "stands nowhere else: type it again."
)


class Question(Struct, frozen=True):
    """What is asked for.

    Attributes:
        fields: By the names of an address, those that have a value.
        query: The same for the store.
        problem: Why it cannot be asked; empty: it can.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    query: Query = field(default_factory=Query)
    problem: str = ""

    @property
    def asked(self) -> dict[str, str]:
        """Every field of an address, empty where nothing is asked for."""
        return {name: self.fields.get(name, "") for name in FIELDS}

    @property
    def follows(self) -> bool:
        """Whether new events can be told to be meant, as they come."""
        return not self.problem and not {"id", "group", "state", "until", "search"} & self.fields.keys()

    @property
    def command(self) -> str:
        """The command that shows the same. A text is asked for, not named."""
        if event_id := self.fields.get("id"):
            return command_line("events show", event_id)
        named = {name: text for name, text in self.fields.items() if name not in {"type", "search"}}
        contains = "-" if "search" in self.fields else ""
        return command_line("events search", **named, type=self.query.types, contains=contains)

    def address(self, path: str, **more: object) -> str:
        """The address that asks the same of another path."""
        words = urlencode({**self.fields, **{name: str(value) for name, value in more.items()}})
        return f"{path}?{words}" if words else path


def read_question(request: Request, console: Console) -> Question:
    """The question of an address."""
    asked = {name: request.query_params.get(name, "").strip() for name in FIELDS}
    fields = {name: value for name, value in asked.items() if value}
    types = tuple(word.strip() for word in asked["type"].split(",") if word.strip())
    text = console.searches.text(request.state.person.name, asked["search"]) if asked["search"] else ""
    try:
        now = datetime.fromtimestamp(console.now(), UTC)  # by which entries are stored, whatever our own clock says
        since, until = (parse_moment(asked[name], now=now) if asked[name] else None for name in ("since", "until"))
    except ValueError as exc:
        return Question(fields, problem=f"{exc}.")
    if asked["search"] and not text:
        return Question(fields, problem=OVER)
    if wrong := [word for word in types if not is_pattern(word)]:
        return Question(fields, problem=f"{wrong[0]!r} is no event pattern: {RULE}.")
    if asked["person"] and not (asked["person"].isascii() and asked["person"].isdigit()):
        return Question(fields, problem=f"{asked['person']!r} is no id of a person, which is a number.")
    if asked["state"] and asked["state"] not in set(EventState):
        return Question(fields, problem=f"{asked['state']!r} is no state: {', '.join(EventState)}.")
    query = Query(
        event_id=asked["id"],
        person=asked["person"],
        types=types,
        source=asked["source"],
        group=asked["group"],
        state=EventState(asked["state"]) if asked["state"] else None,
        contains=text,
        since=since,
        until=until,
    )
    return Question(fields, query)
