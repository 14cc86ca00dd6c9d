"""Which of a swapper's links are believed. Pure.

Each link is judged by itself: one that is not acceptable, or not known to the swapper, stays as it is, and links that
nobody asked for are dropped. So a faulty swapper changes no other link, and with a list of hosts it can lead nobody
anywhere else.

A link is read by mail programs and browsers, which forgive much, each in its own way. What they may read in another
way than we do (a backslash, a line break, a percent sign or another script's full stop in the host) is not accepted.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import lru_cache

import httpx2
from msgspec import Struct

LONGEST = 2048
_LONGEST_HOST = 253

_HTTP = re.compile(
    r"(?i:https?)://(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s/?#@:\[\]%\\\u3002\uff0e\uff61]+)(?::(?P<port>\d{1,5}))?(?:[/?#].*)?"
)
_UNSAFE = re.compile(r"[\s\\\x00-\x20\x7f-\xa0\ud800-\udfff\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]")
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")


class AllowedHosts:
    """The hosts that new links may lead to.

    Args:
        patterns: Names, or ``*.<name>`` for all below it; none: any host.

    Raises:
        ValueError: one of them is no host.
    """

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        written = [pattern.strip() for pattern in patterns]
        self._any = not written
        self._exact = {_known(pattern) for pattern in written if not pattern.startswith("*.")}
        self._below = tuple("." + _known(pattern[2:]) for pattern in written if pattern.startswith("*."))

    def __contains__(self, host: str) -> bool:
        """Whether a link may lead to the host, given in the form of `host_of`."""
        return self._any or host in self._exact or (bool(self._below) and host.endswith(self._below))


def _known(host: str) -> str:
    if (name := _ascii(host)) is None:
        raise ValueError("is no host name, nor *. and a host name")
    return name


def host_of(link: str) -> str | None:
    """The host a link leads to, in ASCII and lower case; None if it is no web link that everybody reads alike."""
    if _UNSAFE.search(link) or not (parts := _HTTP.fullmatch(link)):
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


def acceptable(link: object, hosts: AllowedHosts) -> bool:
    """Whether what a swapper gives for a link may take its place."""
    if not isinstance(link, str) or len(link) > LONGEST:
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
        new = given.get(old, old)
        if new == old:
            continue
        if not in_time():
            break
        if isinstance(new, str) and acceptable(new, hosts):
            links[old], swapped = str(new), swapped + 1
        else:
            refused += 1
    return Swapped(links, swapped, refused)
