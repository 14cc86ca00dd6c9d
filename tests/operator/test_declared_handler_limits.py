"""Limits of handlers declared in Kubernetes: a real API server, a real store, and people who limit them as well."""

import json
from urllib.error import HTTPError

import pytest

from salesloft_webhooks.broker.administration.handler_limiting import (
    declare_handler_limits,
    limit_handler_by_hand,
    stored_handler_limits,
)
from salesloft_webhooks.limits import Rate, SaidLimits
from tests.operator.groups import LookedAfter

LOG_MAIL = {"name": "log_mail", "maxRunning": 2}


async def in_force(groups: LookedAfter) -> dict[str, str]:
    """What limits each handler, in words."""
    return {each.handler: each.in_force.text for each in await stored_handler_limits(groups.driven.store, "crm")}


async def begin(groups: LookedAfter) -> None:
    """Workers register the group, and the limits that authors have written."""
    group = await groups.driven.group()
    await group.handler_limits.declare({"log_mail": "8 100/60000/1 data.account.id", "sync": "- -"}, refresh=False)


async def test_what_is_declared_limits_handlers_and_goes_with_its_declaration(groups: LookedAfter) -> None:
    """Each by itself, beside what its author says of the other limit; the status says who limits it to what."""
    await begin(groups)
    groups.declare(limits={"handlers": [LOG_MAIL, {"name": "sync", "rate": "5/s"}]})

    await groups.look()
    declared = await in_force(groups)
    await groups.look()
    shown = groups.status()["handlerLimits"]
    groups.change(limits={"handlers": [{"name": "sync", "rate": "5/s"}]})
    await groups.look()
    one = await in_force(groups)
    groups.withdraw()
    groups.begin()
    await groups.look()

    by = f"by ConsumerGroup {groups.cluster.namespace}/crm"
    assert declared == {"log_mail": "2 at once, 100/min", "sync": "5/s"}
    assert shown == [
        {
            "name": "log_mail",
            "key": "data.account.id",
            "limits": "2 at once, 100/min",
            "limitedBy": f"2 at once ({by}); 8 at once, 100/min (by its author)",
        },
        {"name": "sync", "limits": "5/s", "limitedBy": f"5/s ({by})"},
    ]
    assert one == {"log_mail": "8 at once, 100/min", "sync": "5/s"}
    assert await in_force(groups) == {"log_mail": "8 at once, 100/min", "sync": ""}


async def test_by_hand_comes_first_and_goes_back_to_what_is_declared(groups: LookedAfter) -> None:
    """For each of the two by itself; the operator does not fight with somebody, and says who it is."""
    await begin(groups)
    groups.declare(limits={"handlers": [{**LOG_MAIL, "rate": "5/s"}]})
    await groups.look()

    await limit_handler_by_hand(groups.driven.store, "crm", "log_mail", SaidLimits(None))
    await groups.look()
    by_hand = (await in_force(groups))["log_mail"]
    await groups.look()
    said = groups.status()["handlerLimits"][0]["limitedBy"]
    await limit_handler_by_hand(groups.driven.store, "crm", "log_mail", SaidLimits())
    await groups.look()

    assert by_hand == "5/s"
    assert said.split("; ")[0] == "any number at once (by hand)"
    assert (await in_force(groups))["log_mail"] == "2 at once, 5/s"


async def test_a_handler_that_nobody_has_is_said_in_the_status(groups: LookedAfter) -> None:
    """A name that is mistyped, or one that comes with the next version; which is then limited from its start on."""
    await begin(groups)
    groups.declare(limits={"handlers": [{"name": "log_mails", "maxRunning": 2}]})

    await groups.look()
    await groups.look()
    (unknown,) = (each for each in groups.status()["handlerLimits"] if each["name"] == "log_mails")
    group = await groups.driven.group()
    await group.handler_limits.declare({"log_mails": "8 -"}, refresh=False)

    assert "limits" not in unknown
    assert unknown["limitedBy"].endswith("; no handler of that name asks for permits")
    assert await in_force(groups) == {"log_mails": "2 at once"}


async def test_what_others_have_declared_is_left_alone(groups: LookedAfter) -> None:
    """Another namespace's, where two releases share a store; and nothing is changed by who does not lead."""
    await begin(groups)
    await declare_handler_limits(
        groups.driven.store, "crm", {"log_mail": SaidLimits(7, Rate.parse("1/s"), "elsewhere/crm")}
    )
    groups.declare(limits={"handlers": [LOG_MAIL, {"name": "sync", "maxRunning": 3}]})
    groups.leads = lambda: False
    await groups.look()
    not_led = await in_force(groups)
    groups.leads = lambda: True
    await groups.look()

    assert not_led == {"log_mail": "7 at once, 1/s", "sync": ""}
    assert await in_force(groups) == {"log_mail": "7 at once, 1/s", "sync": "3 at once"}


@pytest.mark.parametrize(
    ("handlers", "words"),
    [
        pytest.param([{"name": "sync"}], "maxRunning, or rate, or both", id="no-limit"),
        pytest.param([{"maxRunning": 2}], "name: Required", id="no-name"),
        pytest.param([{"name": "", "maxRunning": 2}], "name", id="an-empty-name"),
        pytest.param([LOG_MAIL, {"name": "log_mail", "rate": "5/s"}], "Duplicate", id="twice"),
        pytest.param([{"name": "sync", "maxRunning": 0}], "greater than or equal to 1", id="nothing-at-once"),
        pytest.param([{"name": "sync", "rate": "fast"}], "rate", id="no-rate"),
        pytest.param([{"name": f"h{number}", "maxRunning": 1} for number in range(101)], "100", id="too-many"),
    ],
)
def test_what_is_no_limit_is_refused(groups: LookedAfter, handlers: list[dict[str, object]], words: str) -> None:
    """By the API server, with the reason: else the whole object could not be read, and its pause would not count."""
    with pytest.raises(HTTPError) as refused:
        groups.declare(limits={"handlers": handlers})

    assert refused.value.code == 422
    assert words in json.loads(refused.value.read())["message"]
