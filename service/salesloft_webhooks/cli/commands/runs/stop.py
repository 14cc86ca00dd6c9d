"""`runs stop`."""

from getpass import getuser
from typing import TYPE_CHECKING

from salesloft_webhooks.cli.commands.runs.show import RunId
from salesloft_webhooks.cli.console import show
from salesloft_webhooks.cli.failures import fail
from salesloft_webhooks.cli.own_acts import write_own_act
from salesloft_webhooks.cli.store_access import with_store

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.settings import Settings


def stop_run(run_id: RunId) -> None:
    """Let nothing more be done by a run; what it has done stays done."""
    from salesloft_webhooks.broker.administration.listed_runs import stop

    async def act(store: "Store", _: "Settings") -> str:
        state = await stop(store, run_id, by=_who())
        if state is None:
            fail(f"no such run: {run_id}")
        await write_own_act(store, "stop_run", {"run": run_id})
        return state.value if state.ended else "ends with the batch in hand"

    show(with_store(act))


def _who() -> str:
    try:
        return f"{getuser()} (terminal)"
    except (OSError, KeyError):  # a container's user may have no name
        return "terminal"
