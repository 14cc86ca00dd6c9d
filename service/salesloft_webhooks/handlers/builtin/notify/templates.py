"""What is said: templates, filled in from an event."""

import re
from collections.abc import Callable, Mapping
from urllib.parse import quote

from salesloft_webhooks.event_patterns import matches
from salesloft_webhooks.events import Event
from salesloft_webhooks.handlers.builtin.configuration import Template
from salesloft_webhooks.handlers.builtin.notify.cards import Card, Link
from salesloft_webhooks.handlers.builtin.notify.sanitizing import plain_line

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_EVENT_FIELDS = frozenset({"person_id", "user_id", "email_address", "event_type", "event_id", "created_at", "source"})


def template_for(event_type: str, templates: Mapping[str, Template]) -> Template | None:
    """The first template whose event pattern matches."""
    return next((template for pattern, template in templates.items() if matches(event_type, (pattern,))), None)


def card_for(
    template: Template, links: Mapping[str, str], event: Event, sanitize: Callable[[object], str] = plain_line
) -> Card:
    """The message about an event.

    A fact without a value and a link that lacks one are left out.

    Args:
        template: What to say.
        links: Text of a link -> template of its address.
        event: Whose values are filled in; outsiders wrote most of them.
        sanitize: Makes a value fit for the channel.
    """
    facts = ((name, rendered(text, event, sanitize).strip()) for name, text in template.facts.items())
    addresses = ((text, address_of(address, event)) for text, address in links.items())
    return Card(
        title=rendered(template.title, event, sanitize),
        body=rendered(template.body, event, sanitize),
        facts=tuple((name, value) for name, value in facts if value),
        links=tuple(Link(text, address) for text, address in addresses if address),
    )


def rendered(text: str, event: Event, sanitize: Callable[[object], str] = plain_line) -> str:
    """The text with its places filled in; what the event does not have becomes nothing.

    Only whole names are looked up, never attributes or indexes: a template cannot reach into the program.

    Args:
        text: The operator's own, which stays as it is.
        event: Whose values are filled in; outsiders wrote most of them.
        sanitize: Makes a value fit for the channel.
    """

    def value_of(match: re.Match[str]) -> str:
        value = _value(match[1], event)
        return "" if value is None else sanitize(value)

    return _PLACEHOLDER.sub(value_of, text)


def address_of(text: str, event: Event) -> str | None:
    """The address with its places filled in, percent-encoded; None if the event lacks a value of it."""
    values = {name: _value(name, event) for name in _PLACEHOLDER.findall(text)}
    if None in values.values():
        return None
    return _PLACEHOLDER.sub(lambda match: quote(plain_line(values[match[1]]), safe=""), text)


def _value(name: str, event: Event) -> object:
    value = getattr(event, name) if name in _EVENT_FIELDS else event.data.get(name)
    return None if isinstance(value, dict | list) else value
