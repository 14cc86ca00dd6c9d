"""The definition of `ConsumerGroup` and the package: what it reads, and what it writes."""

import msgspec

from salesloft_webhooks.broker.administration.handler_limiting import HandlerLimit
from salesloft_webhooks.broker.administration.stats import GroupStats
from salesloft_webhooks.limits import MOST_RUNNING, SaidLimits
from salesloft_webhooks.operator.group_declaration import (
    LONGEST_NAME,
    LONGEST_REASON,
    MOST_HANDLERS,
    GroupSpec,
    HandlerLimitSpec,
    LimitsSpec,
)
from salesloft_webhooks.operator.group_status import group_status
from salesloft_webhooks.operator.group_view import GroupState, GroupView
from salesloft_webhooks.operator.objects import Condition, GroupObject, Metadata
from tests.chart.declared import definition, schema

KIND = "ConsumerGroup"


def test_what_can_be_declared_is_read() -> None:
    """Every field of the definition, with the same limits; none besides."""
    fields = schema(KIND)["properties"]["spec"]["properties"]

    assert fields.keys() == set(GroupSpec.__struct_fields__)
    assert (fields["reason"]["maxLength"], fields["group"]["maxLength"]) == (LONGEST_REASON, LONGEST_NAME)


def test_what_limits_can_be_declared_is_read() -> None:
    """Of the group and of each handler: the same fields, as long and as many, and the same most at once."""
    fields = schema(KIND)["properties"]["spec"]["properties"]["limits"]["properties"]
    handlers = fields["handlers"]

    assert fields.keys() == set(LimitsSpec.__struct_encode_fields__)
    assert handlers["items"]["properties"].keys() == set(HandlerLimitSpec.__struct_encode_fields__)
    assert (handlers["maxItems"], handlers["items"]["properties"]["name"]["maxLength"]) == (MOST_HANDLERS, LONGEST_NAME)
    assert {fields["maxRunning"]["maximum"], handlers["items"]["properties"]["maxRunning"]["maximum"]} == {MOST_RUNNING}


def test_what_is_written_can_be_stored() -> None:
    """A field that the definition does not know would be dropped without a word."""
    described = schema(KIND)["properties"]["status"]["properties"]
    limits = (HandlerLimit("sync", SaidLimits(8, by="user_id")),)
    view = GroupView(state=GroupState.PRESENT, at=0.0, stats=GroupStats("crm"), handler_limits=limits)

    written = group_status(GroupObject(metadata=Metadata(name="crm")), view)

    assert written.keys() == described.keys()
    assert written["handlerLimits"][0].keys() == described["handlerLimits"]["items"]["properties"].keys()
    condition = msgspec.to_builtins(Condition(type="Ready", status="True", reason="Idle"))
    assert condition.keys() == described["conditions"]["items"]["properties"].keys()


def test_every_column_shows_what_is_written() -> None:
    """A path that leads nowhere would show an empty column for ever."""
    (version,) = definition(KIND)["spec"]["versions"]
    described = schema(KIND)["properties"]["status"]["properties"]
    paths = [each["jsonPath"] for each in version["additionalPrinterColumns"]]

    roots = {path.removeprefix(".status.").partition("[")[0] for path in paths if path.startswith(".status.")}
    assert roots <= described.keys()
    assert len(paths) == len(roots) + 2, "Ready and its reason are of one root, and Age is Kubernetes' own"
