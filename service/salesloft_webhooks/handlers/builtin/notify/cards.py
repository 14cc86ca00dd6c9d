"""What one message says, before a service gives it a shape: a title, a text, facts and links."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Link:
    """A place to go to.

    Attributes:
        text: The operator's own words.
        url: Its address, with everything that an event put into it percent-encoded.
    """

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Card:
    """One message; what outsiders wrote in it is fit for the channel already.

    Attributes:
        title: Half a line.
        body: What happened.
        facts: Names and values.
        links: Where to read on.
    """

    title: str
    body: str
    facts: tuple[tuple[str, str], ...] = ()
    links: tuple[Link, ...] = ()

    def as_text(self) -> str:
        """Body, facts and links, a line each: for services that have no cards."""
        facts = (f"{name}: {value}" for name, value in self.facts)
        links = (f"{link.text}: {link.url}" for link in self.links)
        return "\n".join(line for line in (self.body, *facts, *links) if line)
