"""A group whose handlers succeed, fail, and give up, by event type; and what swaps links."""

from salesloft_webhooks import Event, PermanentError, Router
from salesloft_webhooks.link_swap import LinkSwap

router = Router()


@router.on("person.updated")
async def fine(event: Event) -> None:
    """Succeed."""


@router.on("person.created")
async def failing(event: Event) -> None:
    """Fail, on every attempt."""
    raise RuntimeError


@router.on("person.deleted")
async def hopeless(event: Event) -> None:
    """Give up at once."""
    raise PermanentError("there is no such person")


async def swap(request: LinkSwap) -> dict[str, str]:
    """Lead each link elsewhere."""
    return {link: f"https://t.example/{number}" for number, link in enumerate(request.links)}
