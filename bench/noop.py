"""A handler that does nothing: what is measured with it is ours."""

from salesloft_webhooks import Event, Router

router: Router[None] = Router()


@router.on("*")
async def nothing(event: Event) -> None:
    """Do nothing."""
