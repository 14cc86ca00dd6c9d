"""A sender for demos, tests and benchmarks: invented traffic in both dialects, signed, repeated, forged and posted.

It does what SalesLoft does towards a receiver: resources that change over time, its names and headers, its repeats. It
knows no store and no settings, and posts wherever it is told to with the keys it is given. SalesLoft's API, where
things can be asked and subscribed to, is in `platform`.

::

    keys = load_sources(settings)[0].keys
    simulator = Simulator(url, Traffic(Signer(keys), Mix(duplicates=0.1, forgeries=0.05)), Posting(rate=20, retries=3))
    await simulator.run(stop)      # meanwhile, `simulator.tally` may be read
"""

from salesloft_webhooks.simulator.signed_deliveries import Delivery, Kind, Signer
from salesloft_webhooks.simulator.simulator import Posting, Simulator
from salesloft_webhooks.simulator.tally import Answer, Tally
from salesloft_webhooks.simulator.traffic import Mix, Traffic

__all__ = ["Answer", "Delivery", "Kind", "Mix", "Posting", "Signer", "Simulator", "Tally", "Traffic"]
