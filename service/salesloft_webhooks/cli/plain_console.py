"""A console that prints strangers' texts as they are written, and has a terminal obey nobody but us."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from salesloft_webhooks.printable_text import printable


class PlainConsole(Console):
    """Rich's console without markup: what stands in brackets is text, and so is an escape sequence.

    Args:
        options: As Rich has them.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(highlight=False, markup=False, emoji=False, **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """See `Console`: all that is printed comes by here. Movements of the cursor are ours, texts are anybody's."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(printable(segment.text), segment.style)
