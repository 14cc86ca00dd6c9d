"""Somebody without JavaScript who follows every link of the console and presses every button."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urlsplit

from tests.support.console_process import ConsoleProcess

LAST = ("cancel", "discard", "erase")
"""What takes away what other buttons need is pressed at the end, in this order."""
TYPED = {"reason": "a try", "text": "person.updated", "minutes": "30", "max_running": "1000", "rate": "1000/s"}
"""What is typed into fields that are empty."""
NUMBERS = re.compile(r"\d+")
NAMES = re.compile(r"/(?:(events|runs)/(?!live|more)[^/]+|(follow-ups)/follow-up/[^/]+)")


@dataclass(frozen=True)
class Sent:
    """A form as it is sent."""

    method: str
    path: str
    fields: tuple[tuple[str, str], ...]


@dataclass
class Offered(HTMLParser):
    """What a page offers: links within the console, and forms with what a person would type."""

    html: str
    links: list[str] = field(default_factory=list)
    forms: list[Sent] = field(default_factory=list)
    _form: Sent | None = None

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See `HTMLParser`."""
        given = {name: value or "" for name, value in attrs}
        for name in ("href", "hx-get", "data-stream", "sse-connect"):
            if given.get(name, "").startswith("/"):
                self.links.append(given[name])
        if tag == "form":
            self._form = Sent(given.get("method", "get"), given.get("action", ""), ())
        elif tag in {"input", "textarea"} and self._form and "name" in given:
            value = given.get("value") or given.get("pattern", "") * (given["name"] == "confirm")
            pair = (given["name"], value or TYPED.get(given["name"], ""))
            self._form = Sent(self._form.method, self._form.path, (*self._form.fields, pair))

    def handle_endtag(self, tag: str) -> None:
        """See `HTMLParser`."""
        if tag == "form" and self._form:
            self.forms.append(self._form)
            self._form = None


@dataclass
class Crawl:
    """A walk through a console.

    Attributes:
        answers: The status of everything that was asked for, by method and path.
    """

    console: ConsoleProcess
    answers: dict[tuple[str, str], int] = field(default_factory=dict)
    _looked: set[str] = field(default_factory=set)
    _pressed: set[Sent] = field(default_factory=set)
    _to_press: list[Sent] = field(default_factory=list)

    def everything(self, *begin: str) -> None:
        """Look at everything, press the buttons, look again, and press those that take something away."""
        for last in (False, True):
            self._looked.clear()
            self._to_press.clear()
            self._look(begin)
            while waiting := [sent for sent in self._to_press if self._is_next(sent, last=last)]:
                sent = min(waiting, key=_late)
                self._pressed.add(sent)
                reply = self.console.post(sent.path, _multiple(sent.fields), seconds=30)
                self.answers["POST", sent.path] = reply.status
                self._look([reply.headers["location"]] if reply.status == 303 else [])

    def _is_next(self, sent: Sent, *, last: bool) -> bool:
        """Whether it is to be pressed now: not again, and not when its like has worked."""
        is_last = _late(sent)[0] > 0
        kind = _kind(sent.path)
        worked = any(_kind(path) == kind and status < 400 for (_, path), status in self.answers.items() if _ == "POST")
        return is_last <= last and not worked and sent not in self._pressed

    def _look(self, addresses: Sequence[str]) -> None:
        left = list(addresses)
        while left:
            address = left.pop()
            parts = urlsplit(address)
            kind = f"{_kind(parts.path)}?{NUMBERS.sub('0', parts.query)}"
            if kind in self._looked or not parts.path or "/static/" in address:
                continue
            self._looked.add(kind)
            reply = self.console.counted(address)
            self.answers["GET", parts.path] = reply.status
            if b"<html" not in reply.body:
                continue
            offered = Offered(reply.body.decode())
            left += offered.links
            for form in offered.forms:
                if form.method == "post":
                    self._to_press.append(form)
                else:
                    left.append(f"{form.path}?{urlencode(form.fields)}")


def _kind(path: str) -> str:
    """What pages and buttons of one kind have in common: of many events, groups and runs one of each is tried."""
    return NAMES.sub(lambda found: f"/{found[1] or found[2]}/*", NUMBERS.sub("0", path))


def _late(sent: Sent) -> tuple[int, bool, int, str]:
    """What is to be pressed first: what stops something, while there is something; then what concerns less."""
    place = max((LAST.index(word) + 1 for word in LAST if word in sent.path), default=0)
    return place, not sent.path.endswith("/stop"), -len(sent.fields), sent.path


def _multiple(fields: tuple[tuple[str, str], ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in fields:
        found.setdefault(name, []).append(value)
    return found
