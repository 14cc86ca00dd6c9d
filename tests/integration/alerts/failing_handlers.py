"""Handlers that give up on everything, for worker processes."""

from salesloft_webhooks import Event, PermanentError, Router

router = Router()


@router.on("person.created")
async def refuse(_event: Event) -> None:
    """Give up."""
    raise PermanentError("no such rep")


@router.on("person.updated")
async def stumble(_event: Event) -> None:
    """Give up in another way."""
    raise PermanentError("no such account")
