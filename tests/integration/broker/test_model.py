"""Random interleavings of everything, on real servers, against the model."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.integration.broker.model import BrokerModel
from tests.integration.broker.spread_model import SpreadModel
from tests.support.servers import Server

THOROUGH = settings(
    max_examples=40,
    stateful_step_count=40,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.timeout(600)  # a failure takes its time to shrink to a story worth reading
def test_the_broker_keeps_its_invariants(server: Server) -> None:
    """Whatever publishers, consumers, crashes and operators do, in whatever order: the broker's invariants hold."""
    machine = type("BrokerModelOnServer", (BrokerModel,), {"server": server})

    run_state_machine_as_test(machine, settings=THOROUGH)


@pytest.mark.timeout(600)
def test_publishing_over_partitions_keeps_its_invariants(server: Server) -> None:
    """Two receivers, deaths between reservation and write, entities that change: each id is stored and handled once."""
    machine = type("SpreadModelOnServer", (SpreadModel,), {"server": server})

    run_state_machine_as_test(machine, settings=THOROUGH)
