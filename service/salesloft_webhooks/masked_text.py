"""Free text without the personal data that is known by its form: e-mail addresses and telephone numbers.

Errors are worth reading, and like to quote what they failed at. Where they are kept for longer than the event itself,
or shown to people who may not see its content, these go out of them. Names cannot be told from other words: who raises
an error must not put them into it.
"""

import re

HIDDEN = "•••"
"""What stands in the place of what is masked."""

_ENDS = r"\s@<>\"(),;:\[\]=/|"
"""What can be no part of an address; a quotation mark before one is none of it either."""
# Possessive, and from the beginning of a word only: a long text without an "@" is read once.
_EMAIL_ADDRESS = re.compile(rf"(?<![^{_ENDS}])('?)[^{_ENDS}]++@(?=[^{_ENDS}])")
"""The part before the domain, which says who; the domain says which company, and often why an error came."""
_ENCODED_ADDRESS = re.compile(r"(?<![A-Za-z0-9._+%-])(?:[A-Za-z0-9._+-]|%(?!40)[0-9A-Fa-f]{2})++%40(?=[A-Za-z0-9])")
_LONG_NUMBER = re.compile(r"\+\d[\d ().-]{6,}\d|\d{7,}")
"""Seven digits or more, or a telephone number as people write it. Dates, times, status codes and ports stay."""


def masked_text(text: str) -> str:
    """The text with `HIDDEN` in the place of local parts of addresses and of long numbers; again changes nothing."""
    return _LONG_NUMBER.sub(HIDDEN, without_addresses(text))


def without_addresses(text: str) -> str:
    """The same with numbers as they are: for texts in which those are ids and times of ours."""
    text = _EMAIL_ADDRESS.sub(rf"\1{HIDDEN}@", text)
    return _ENCODED_ADDRESS.sub(f"{HIDDEN}%40", text)
