"""The other half of SalesLoft: its API, and deliveries that follow what is registered there.

`simulator` sends what it is told to, where it is told to, as `send` wants it. Here nothing is sent until somebody has
registered a subscription; then each change goes to each subscription of its event type, signed with that one's
token, and is tried as often as SalesLoft tries. What changed can be listed, filtered, sorted and paged, at SalesLoft's
price. What SalesLoft's description leaves open can be switched (`Behaviour`), and it can be made to fail (`Faults`).

::

    async with SimulatedPlatform(Behaviour(retry_seconds=0.1)) as platform:
        platform.access.allow("an-api-token")
        platform.faults.order(Fault.HTML, path="/v2/people", times=2)
        platform.happen(team.next())                    # meanwhile clients use platform.url
        await platform.deliveries.settled()

What it answers is held against the published description in ``tests/unit/salesloft``.
"""

from salesloft_webhooks.simulator.platform.account import Account, Delivered, Outcome
from salesloft_webhooks.simulator.platform.behaviour import Behaviour
from salesloft_webhooks.simulator.platform.faults import Fault, Faults
from salesloft_webhooks.simulator.platform.generated_load import GeneratedLoad
from salesloft_webhooks.simulator.platform.simulated_platform import SimulatedPlatform

__all__ = ["Account", "Behaviour", "Delivered", "Fault", "Faults", "GeneratedLoad", "Outcome", "SimulatedPlatform"]
