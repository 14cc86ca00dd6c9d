"""What was answered a moment ago: whoever asks the same again, because the answer was lost, is told the same."""

import time
from collections import OrderedDict
from collections.abc import Callable

SECONDS = 60.0
MAX_CHARACTERS = 4_194_304
"""Of all links that are remembered; the oldest answers go first."""
CHARACTERS_OF_A_LINK = 250
"""What a link counts beside its own: two texts and their place in a table take as much, however short they are."""


class AnswerMemory:
    """The answers of this process, bounded in time and in size."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._answers: OrderedDict[str, tuple[float, int, dict[str, str]]] = OrderedDict()
        self._characters = 0

    def recall(self, key: str) -> dict[str, str] | None:
        """What was answered to the key."""
        self._forget()
        return self._answers[key][2] if key in self._answers else None

    def remember(self, key: str, links: dict[str, str]) -> None:
        """This was answered, if nothing was before."""
        if key in self._answers:
            return
        size = len(key) + sum(len(old) + len(new) + CHARACTERS_OF_A_LINK for old, new in links.items())
        self._answers[key] = (self._clock() + SECONDS, size, links)
        self._characters += size
        self._forget()

    def _forget(self) -> None:
        """Everything lives equally long, so the oldest are first."""
        now = self._clock()
        while self._answers:
            until, size, _ = next(iter(self._answers.values()))
            if until > now and self._characters <= MAX_CHARACTERS:
                return
            self._answers.popitem(last=False)
            self._characters -= size
