"""Slack's messages: Block Kit, to an incoming webhook or by an app to one person.

Everything that outsiders wrote stands in ``plain_text`` objects, which Slack shows to the letter: no mention, no link,
no emoji. Only our own links are ``mrkdwn``, with addresses that are percent-encoded. Slack's limits (150 characters of
a header, 3,000 of a text, ten fields of a section, 50 blocks) are kept by cutting, for a message over one of them is
refused as a whole: https://docs.slack.dev/reference/block-kit/blocks
"""

from collections.abc import Sequence
from typing import Any

from salesloft_webhooks.handlers.builtin.notify.cards import Card, Link

HEADER_LENGTH, TEXT_LENGTH, FIELD_LENGTH = 150, 3000, 2000
FIELDS_AT_MOST, BLOCKS_AT_MOST = 10, 50

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def slack_message(cards: Sequence[Card]) -> dict[str, Any]:
    """What to post: the blocks of all cards, and the line that notifications and screen readers show.

    Args:
        cards: At least one.
    """
    blocks = [block for card in cards for block in _blocks(card)]
    first = " - ".join(part for part in (cards[0].title, cards[0].body) if part)
    summary = first if len(cards) == 1 else f"{first} (+{len(cards) - 1})"
    return {"text": summary[:TEXT_LENGTH].translate(_ESCAPES), "blocks": blocks[:BLOCKS_AT_MOST]}


def _blocks(card: Card) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if card.title:
        found.append({"type": "header", "text": _plain(card.title, HEADER_LENGTH)})
    section: dict[str, Any] = {"type": "section"}
    if card.body:
        section["text"] = _plain(card.body, TEXT_LENGTH)
    if card.facts:
        section["fields"] = [_plain(f"{name}: {value}", FIELD_LENGTH) for name, value in card.facts[:FIELDS_AT_MOST]]
    if len(section) > 1:
        found.append(section)
    if card.links:
        links = " · ".join(_linked(link) for link in card.links)
        found.append({"type": "context", "elements": [{"type": "mrkdwn", "text": links}]})
    return found


def _plain(text: str, length: int) -> dict[str, Any]:
    cut = text if len(text) <= length else f"{text[: length - 1].rstrip()}…"
    return {"type": "plain_text", "text": cut, "emoji": False}


def _linked(link: Link) -> str:
    return f"<{link.url.translate(_ESCAPES)}|{link.text.translate(_ESCAPES)}>"
