"""A form that was posted: read within limits, asked by name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from salesloft_webhooks.console.refusals import FormRefused

MAX_BYTES = 262_144
"""A thousand ticked letters are 60 kB."""
MAX_FIELDS = 2_000
LENGTH = re.compile(r"\d{1,15}", re.ASCII)
"""Of a body, in a header. Python also calls digits what is none to `int`, such as a superscript."""
TYPED_ABOVE = 100
"""From more than so many on, the number has to be typed."""


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form, and of the path that it was posted to.

    Attributes:
        fields: Their values, in the order in which they came.
        path: What stands in the path, by name.
    """

    fields: Mapping[str, tuple[str, ...]]
    path: Mapping[str, str]

    def text(self, name: str, default: str = "") -> str:
        """The value of a field or of a part of the path, without blanks around it; the first, if there are several."""
        found = self.fields.get(name) or (self.path.get(name, default),)
        return found[0].strip()

    def required(self, name: str) -> str:
        """The same, of a field that must have one.

        Raises:
            FormRefused: it has none.
        """
        if not (value := self.text(name)):
            raise FormRefused(f"{name} is missing")
        return value

    def all(self, name: str) -> tuple[str, ...]:
        """All values of a field: of ticked boxes."""
        return self.fields.get(name, ())

    def listed(self, name: str) -> str:
        """All values of a field, or the part of the path, as one text."""
        return ", ".join(self.fields.get(name) or (self.path.get(name, ""),))

    def number(self, name: str, default: int = 0) -> int:
        """The value as a whole number that is not negative.

        Raises:
            FormRefused: it is none.
        """
        value = self.text(name) or str(default)
        if not (value.isascii() and value.isdigit() and len(value) <= 15):
            raise FormRefused(f"{name} must be a whole number")
        return int(value)

    def confirmed(self, count: int) -> None:
        """Whether this many were meant: above `TYPED_ABOVE`, the number has to be typed (``parts.confirm`` asks).

        Raises:
            FormRefused: it was not, or it was another.
        """
        if count > TYPED_ABOVE and self.text("confirm") != str(count):
            raise FormRefused(f"this would be {count} now: type that number to confirm it")


async def read_form(request: Request) -> Form:
    """The form in a request's body.

    Raises:
        FormRefused: it is none, or too large.
    """
    length = request.headers.get("content-length", "")
    if not LENGTH.fullmatch(length) or int(length) > MAX_BYTES:
        raise FormRefused(f"a form has a Content-Length, of at most {MAX_BYTES} bytes")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if int(length) and kind != "application/x-www-form-urlencoded":
        raise FormRefused("a form is sent as application/x-www-form-urlencoded")
    try:
        posted = await request.form(max_files=0, max_fields=MAX_FIELDS, max_part_size=MAX_BYTES)
    except HTTPException as exc:
        raise FormRefused(str(exc.detail)) from exc
    except ClientDisconnect as exc:
        raise FormRefused("it was not sent to its end") from exc
    fields: dict[str, tuple[str, ...]] = {}
    for name, value in posted.multi_items():
        fields[name] = (*fields.get(name, ()), str(value))
    return Form(fields, {name: str(value) for name, value in request.path_params.items()})
