"""Free text without the personal data that is known by its form: e-mail addresses and telephone numbers.

Errors are worth reading, and like to quote what they failed at. Where they are kept for longer than the event itself, or
shown to people who may not see its content, these go out of them. Names cannot be told from other words: who raises an
error must not put them into it (docs/handlers.md).
"""

import re

HIDDEN = "•••"
"""What stands in the place of what is masked."""

# Possessive, so that a long text without an "@" is not read again from each of its letters.
_EMAIL_ADDRESS = re.compile(r"(?<![^\s@<>\"'(),;:\[\]=/|])[^\s@<>\"'(),;:\[\]=/|]++@(?=[^\s@<>\"'(),;:\[\]=/|])")
"""The part before the domain, which says who; the domain says which company, and often why an error came."""
_ENCODED_ADDRESS = re.compile(r"(?<![A-Za-z0-9._+-])[A-Za-z0-9._+-]++%40(?=[A-Za-z0-9])")
_LONG_NUMBER = re.compile(r"\+\d[\d ().-]{6,}\d|\d{7,}")
"""Seven digits or more, or a telephone number as people write it. Dates, times, status codes and ports stay."""


def masked_text(text: str) -> str:
    """The text with `HIDDEN` in the place of addresses' local parts and of long numbers. Masking it again changes nothing."""
    text = _EMAIL_ADDRESS.sub(f"{HIDDEN}@", text)
    text = _ENCODED_ADDRESS.sub(f"{HIDDEN}%40", text)
    return _LONG_NUMBER.sub(HIDDEN, text)
