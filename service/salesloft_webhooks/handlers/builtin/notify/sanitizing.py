"""What prospects write, made harmless before it is put into a message.

Subjects, names and addresses are strangers' text. To a chat, ``<!channel>`` wakes everybody, ``<http://evil|Reset>``
is a button, ``@everyone`` rings, and a reversed line or a newline forges what the rep believes to read. All messages
are sent to Apprise as plain text, so what is known to show plain text as it is (Slack and Telegram with Apprise's
escaping, mails, JSON) gets the text itself, only cleaned. Everything else, whatever it makes of text, gets it without
the signs that any chat's markup begins with: look-alikes in their place, and an invisible space that keeps a mention
from being one. There is no escaping that is right for all of them; Apprise's own lets links through to some.
"""

import re
import unicodedata

MAX_VALUE_LENGTH = 200
"""Characters of one field: what a subject line can show. Beyond that a message is a way to flood a channel."""

_ZERO_WIDTH_SPACE = "\u200b"
_LOOK_ALIKES = str.maketrans({"<": "‹", ">": "›", "*": "∗", "`": "ˋ", "\\": "＼", "|": "¦", "~": "∼"})  # noqa: RUF001
_ENTITY = re.compile(r"&(?=#?\w+;)")
_LINK = re.compile(r"(?<=\])(?=[\[(:])|(?<=\[)(?=CQ:)|(?<=\()(?=met\))")
_MENTION = re.compile(r"(?<![\w.+-])@|@(?=everyone|here|channel|all\b|room\b)", re.IGNORECASE)
_START = re.compile(r"^(?=[#+=-])")
_SPACES = re.compile(r"\s+")


def plain_line(value: object) -> str:
    """The value as one line of visible text, at most `MAX_VALUE_LENGTH` characters, its end cut with an ellipsis.

    Without control characters (NUL, escape sequences), invisible and direction-changing ones, and lone surrogates;
    line breaks are spaces.
    """
    visible = "".join(_visible(character) for character in str(value)[: 10 * MAX_VALUE_LENGTH])
    text = _SPACES.sub(" ", visible).strip()
    return text if len(text) <= MAX_VALUE_LENGTH else f"{text[: MAX_VALUE_LENGTH - 1].rstrip()}…"


def without_markup(value: object) -> str:
    """`plain_line`, and without anything a chat could take for markup, a link under another name, or a mention."""
    text = _LINK.sub(_ZERO_WIDTH_SPACE, _ENTITY.sub("＆", plain_line(value))).translate(_LOOK_ALIKES)  # noqa: RUF001
    return _START.sub(_ZERO_WIDTH_SPACE, _MENTION.sub(f"@{_ZERO_WIDTH_SPACE}", text))


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if character.isspace() or category in {"Zl", "Zp"}:
        return " "
    return "" if category.startswith("C") else character
