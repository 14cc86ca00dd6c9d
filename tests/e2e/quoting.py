"""Handlers that do what handlers do: quote the event in their errors."""

import asyncio

from salesloft_webhooks import Event, PermanentError, Router

router = Router()
_forgotten: set[asyncio.Task[None]] = set()


@router.on("person.updated")
async def second_time_lucky(event: Event) -> None:
    """Fail once, saying whom it was about."""
    if event.attempt == 1:
        raise ValueError(f"no account for {event.data}")


@router.on("person.created")
async def gives_up(event: Event) -> None:
    """Never succeed, from an error that quotes as well."""
    try:
        int(event.data["first_name"])
    except ValueError as exc:
        raise PermanentError(f"cannot keep {event.data}") from exc


@router.on("person.deleted")
async def forgets_a_task(event: Event) -> None:
    """Leave a task behind whose error nobody looks at; asyncio reports it, quoting."""

    async def fail() -> None:
        raise LookupError(str(event.data))

    _forgotten.add(asyncio.ensure_future(fail()))
    await asyncio.sleep(0.01)
    _forgotten.clear()
