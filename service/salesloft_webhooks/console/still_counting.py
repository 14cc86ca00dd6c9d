"""What a page shows while what it is about is counted."""

from salesloft_webhooks.console.countings import AGAIN_SECONDS
from salesloft_webhooks.console.routes import View


def still_counting(title: str, command: str) -> View:
    """The page that asks for itself again; 202, so that a program does so, too."""
    return View("counting.html", title, {"counted": False}, command, 202, once=True, again_seconds=AGAIN_SECONDS)
