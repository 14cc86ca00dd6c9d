"""A mail's HTML as text, for fields that show what is in them as it is.

A mail is what strangers write, and it is read where nothing else runs meanwhile: so it is read in one pass, whose time
grows with its length and no faster, and none of it is an error. Python's `html.parser` searches up to the end again
for each tag that is not closed, and raises `AssertionError` for some declarations.
"""

import re
from collections.abc import Iterator
from html import unescape

READ_LENGTH = 256_000
"""Characters of a mail that are read at most: what comes behind them is not among the 32,000 of any field."""

_BLOCKS = frozenset({"p", "div", "br", "li", "tr", "table", "ul", "ol", "h1", "h2", "h3", "h4", "blockquote", "hr"})
_UNSEEN = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in ("style", "script", "title")}
"""By elements that nobody sees, what ends them: no tag begins in them."""
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_MARK = re.compile(r""">|=\s*["']""")
_NO_TEXT = ("<!", "<?", "</")


def plain_text(html: str) -> str:
    """What a reader sees of it: lines without blanks around them, no two empty ones in a row."""
    lines = [" ".join(line.split()) for line in "".join(_seen(html[:READ_LENGTH])).split("\n")]
    kept = [line for line, before in zip(lines, ["", *lines], strict=False) if line or before]
    return "\n".join(kept).strip()


def _seen(html: str) -> Iterator[str]:
    """Texts and the ends of lines. A tag that is never closed is text, as is a < before anything but a name."""
    at, has_quotes = 0, True
    while (start := html.find("<", at)) >= 0:
        yield _unescaped(html[at:start])
        at = start
        tag = _TAG.match(html, start)
        if tag is None and not html.startswith(_NO_TEXT, start):
            yield "<"
            at += 1
            continue
        end = _end_of_tag(html, start) if tag and has_quotes else _end_of_other(html, start)
        if not end and tag and has_quotes:
            # A quote that nothing closes: from here on they mean nothing, or each tag would search for its end in vain.
            has_quotes = False
            end = _end_of_other(html, start)
        if not end:
            break
        at = end
        if tag:
            yield "\n" if tag[2].lower() in _BLOCKS else ""
            at = end if tag[1] else _behind(html, tag[2].lower(), end)
    yield _unescaped(html[at:])


def _end_of_tag(html: str, start: int) -> int:
    """Behind its >, which may also stand in the quoted value of an attribute; 0: there is none."""
    at = start
    while mark := _MARK.search(html, at):
        if mark[0] == ">":
            return mark.end()
        if not (at := html.find(mark[0][-1], mark.end()) + 1):
            break
    return 0


def _end_of_other(html: str, start: int) -> int:
    """Behind a comment, or whatever else ends with the next >; a comment that is not closed hides the rest."""
    if html.startswith("<!--", start):
        end = html.find("-->", start + 2)
        return end + 3 if end >= 0 else len(html)
    return html.find(">", start) + 1


def _behind(html: str, name: str, at: int) -> int:
    """Where something is seen again after the tag that ends there."""
    if (closing := _UNSEEN.get(name)) is None:
        return at
    found = closing.search(html, at)
    return found.start() if found else len(html)


def _unescaped(text: str) -> str:
    try:
        return unescape(text)
    except ValueError:  # a character with a number of more digits than Python reads
        return text
