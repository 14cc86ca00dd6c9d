"""What is said: templates, filled in from an event."""

import re
from collections.abc import Callable, Mapping

from salesloft_webhooks.event_patterns import matches
from salesloft_webhooks.events import Event
from salesloft_webhooks.handlers.builtin.configuration import Template
from salesloft_webhooks.handlers.builtin.notify.sanitizing import plain_line

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def template_for(event_type: str, templates: Mapping[str, Template]) -> Template | None:
    """The first template whose event pattern matches."""
    return next((template for pattern, template in templates.items() if matches(event_type, (pattern,))), None)


def rendered(text: str, event: Event, sanitize: Callable[[object], str] = plain_line) -> str:
    """The text with its places filled in; what the event does not have becomes nothing.

    Only whole names are looked up, never attributes or indexes: a template cannot reach into the program.

    Args:
        text: The operator's own, which stays as it is.
        event: Whose values are filled in; outsiders wrote most of them.
        sanitize: Makes a value fit for the channel.
    """

    def value_of(match: re.Match[str]) -> str:
        name = match[1]
        value = getattr(event, name) if name in _EVENT_FIELDS else event.data.get(name)
        return "" if value is None or isinstance(value, dict | list) else sanitize(value)

    return _PLACEHOLDER.sub(value_of, text)


_EVENT_FIELDS = frozenset({"person_id", "user_id", "email_address", "event_type", "event_id", "created_at", "source"})
