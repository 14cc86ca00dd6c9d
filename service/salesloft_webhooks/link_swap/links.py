"""Which of a swapper's links are believed. Pure.

Each link is judged by itself: one that is not acceptable, or not known to the swapper, stays as it is, and links that
nobody asked for are dropped. So a faulty swapper changes no other link, and with a list of hosts it can lead nobody
anywhere else.

A link is read by mail programs and browsers, which forgive much, each in its own way. What they may read in another
way than we do (a backslash, a line break, a percent sign or another script's full stop in the host) is not accepted,
nor what would end an attribute of the mail's HTML, where a second link could follow. Written with percent signs, all
of it may stand in a path.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import lru_cache

import httpx2
from msgspec import Struct

LONGEST = 2048
_LONGEST_HOST = 253

_HTTP = re.compile(
    r"(?i:https?)://(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s/?#@:\[\]%\\\u3002\uff0e\uff61]+)(?::(?P<port>[0-9]{1,5}))?(?:[/?#].*)?"
)
_UNSAFE = re.compile(r"""[ "'<>`\\]""")
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")


class AllowedHosts:
    """The hosts that new links may lead to.

    Args:
        patterns: Names, ``*.<name>`` for all below it, or ``*`` for any.

    Raises:
        ValueError: one of them is no host.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        written = {pattern.strip() for pattern in patterns}
        self._any = "*" in written
        written.discard("*")
        self._exact = {_known(pattern) for pattern in written if not pattern.startswith("*.")}
        self._below = tuple("." + _known(pattern[2:]) for pattern in written if pattern.startswith("*."))

    def __contains__(self, host: str) -> bool:
        """Whether a link may lead to the host, given in the form of `host_of`."""
        return self._any or host in self._exact or (bool(self._below) and host.endswith(self._below))


def _known(host: str) -> str:
    if (name := _ascii(host)) is None:
        raise ValueError("is no host name, nor *. and a host name, nor * for any")
    return name


def host_of(link: str) -> str | None:
    """The host a link leads to, in ASCII and lower case; None if it is no web link that everybody reads alike."""
    # Printable is no control, no half a character, nothing invisible, and of the blanks only the one in _UNSAFE.
    if not link.isprintable() or _UNSAFE.search(link) or not (parts := _HTTP.fullmatch(link)):
        return None
    if parts["port"] is not None and not 0 < int(parts["port"]) <= 65_535:
        return None
    return _ascii(parts["host"])


@lru_cache(maxsize=1024)
def _ascii(host: str) -> str | None:
    """A host's name as DNS has it. International names by IDNA 2008, which refuses what only looks like another.

    That takes long for a long one, so what cannot be a name is refused before; in ASCII none becomes shorter.
    """
    if len(host) > _LONGEST_HOST + 1:  # and the root's dot
        return None
    host = host.lower()
    if host.startswith("["):
        return host
    if not host.isascii():
        try:
            host = httpx2.URL(f"https://{host}/").raw_host.decode("ascii")
        except (httpx2.InvalidURL, UnicodeError):
            return None
    host = host.removesuffix(".")
    return host if len(host) <= _LONGEST_HOST and _NAME.fullmatch(host) else None


def acceptable(link: str, hosts: AllowedHosts) -> bool:
    """Whether a text that a swapper gives for a link may take its place."""
    if len(link) > LONGEST:
        return False
    host = host_of(link)
    return host is not None and host in hosts


class Swapped(Struct, frozen=True):
    """The links of one mail, swapped as far as they may be.

    Attributes:
        links: One for each that was asked for.
        swapped: How many lead elsewhere now.
        refused: How many would, and may not.
    """

    links: dict[str, str]
    swapped: int = 0
    refused: int = 0

    @property
    def unchanged(self) -> int:
        """How many the swapper left as they are."""
        return len(self.links) - self.swapped - self.refused


def swap(
    asked: Collection[str],
    given: Mapping[str, object],
    hosts: AllowedHosts,
    in_time: Callable[[], bool] = lambda: True,
) -> Swapped:
    """The answer for the links that were asked for, made of what a swapper gives.

    Args:
        asked: Each of them is answered.
        given: New links by the old ones, and whatever else a swapper may give.
        hosts: Where new links may lead.
        in_time: Whether there is time for one more; without, the rest stays as it is.
    """
    links = {old: old for old in asked}
    swapped = refused = 0
    for old in links:
        if old not in given:
            continue
        new = _text(given[old])
        if new == old:
            continue
        if not in_time():
            break
        if new is not None and acceptable(new, hosts):
            links[old], swapped = new, swapped + 1
        else:
            refused += 1
    return Swapped(links, swapped, refused)


def _text(given: object) -> str | None:
    """A plain text; None if it is none.

    A user's function may give any object. One that only says it is a text, or shows another than it holds, must not be
    answered with what was never looked at; nor is it compared, for which it may have an opinion of its own.
    """
    return str.__str__(given) if issubclass(type(given), str) else None
