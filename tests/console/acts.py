"""Acts in the audit, written as the console writes them."""

from pydantic import SecretStr

from salesloft_webhooks.broker import open_store
from salesloft_webhooks.broker.administration.audit import Act, write_audit
from salesloft_webhooks.settings import Settings
from tests.support.in_thread import in_thread


def write_acts(redis_url: str, *acts: Act) -> list[str]:
    """Write them down in this order; their entry ids."""

    async def write() -> list[str]:
        async with open_store(Settings.load(redis_url=SecretStr(redis_url))) as store:
            return [await write_audit(store, act) for act in acts]

    return in_thread(write)
