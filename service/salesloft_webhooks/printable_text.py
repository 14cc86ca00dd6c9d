"""Free text as a terminal may be given it: ids, names and errors are strangers', and a terminal obeys what it is given.

An escape sequence clears the screen or renames the window, a change of direction shows another id than is there, and
what nobody sees is copied all the same. Such characters are written out.
"""

import re

_OBEYED = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters, but not line breaks and tabs
    r"\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"  # unseen
    r"\ud800-\udfff]"  # no characters at all: they cannot be written
)
"""Joiners (U+200C, U+200D) stay: scripts and emoji need them."""


def printable(text: str) -> str:
    """The text with control and unseen characters as Python writes them; again changes nothing."""
    return text if text.isprintable() else _OBEYED.sub(_escaped, text)


def printable_json(document: str) -> str:
    """The same document, in which such characters are escaped as JSON does it."""
    return document if document.isprintable() else _OBEYED.sub(_escaped_in_json, document)


def _escaped(found: re.Match[str]) -> str:
    return ascii(found[0])[1:-1]


def _escaped_in_json(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", errors="surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
