"""Microsoft Teams' messages: an Adaptive Card, to a webhook of a Workflow.

Its texts are Markdown, so what outsiders wrote comes without any (`sanitizing.without_markup`). Version 1.4 is what
Teams shows on every device. A message may have 28 KB; ours are cut long before that.
https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-reference
"""

from collections.abc import Sequence
from typing import Any

from salesloft_webhooks.handlers.builtin.notify.cards import Card

LINKS_AT_MOST = 6
"""Actions that Teams shows at once."""


def teams_message(cards: Sequence[Card]) -> dict[str, Any]:
    """What to post: one Adaptive Card with all cards below each other.

    Args:
        cards: At least one.
    """
    body: list[dict[str, Any]] = []
    for number, card in enumerate(cards):
        items = _items(card)
        if len(cards) > 1 and card.links:
            items.append({"type": "ActionSet", "actions": _actions(card)})
        body.append({"type": "Container", "separator": number > 0, "items": items})
    content: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
        "msteams": {"width": "Full"},
    }
    if len(cards) == 1 and cards[0].links:
        content["actions"] = _actions(cards[0])
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": content}
    return {"type": "message", "attachments": [attachment]}


def _items(card: Card) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    if card.title:
        items.append({"type": "TextBlock", "text": card.title, "weight": "Bolder", "size": "Medium", "wrap": True})
    if card.body:
        items.append({"type": "TextBlock", "text": card.body, "wrap": True})
    if card.facts:
        items.append({"type": "FactSet", "facts": [{"title": name, "value": value} for name, value in card.facts]})
    return items


def _actions(card: Card) -> list[dict[str, Any]]:
    return [{"type": "Action.OpenUrl", "title": link.text, "url": link.url} for link in card.links[:LINKS_AT_MOST]]
