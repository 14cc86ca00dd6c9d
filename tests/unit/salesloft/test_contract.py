"""Client and simulator against what SalesLoft has published (`published/`), so that neither mirrors the other.

`UNCONFIRMED` lists what no publication says. A fact that is published one day goes from there into `published/`.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from inspect import get_annotations
from random import Random
from typing import Any

import httpx2
import pytest

from salesloft_webhooks.salesloft import LISTS, PER_MINUTE, Subscription, page_cost
from salesloft_webhooks.salesloft.credentials import DEFAULT_LIFE_SECONDS
from salesloft_webhooks.salesloft.record_lists import LARGEST_PAGE, UPDATED_AT
from salesloft_webhooks.salesloft.subscriptions import KNOWN_FIELDS
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.simulator.back_office import BackOffice
from salesloft_webhooks.simulator.platform import Behaviour, SimulatedPlatform
from salesloft_webhooks.simulator.platform.generated_load import EVENTS
from salesloft_webhooks.simulator.platform.rate_limit import price
from salesloft_webhooks.simulator.platform.record_query import DEFAULT_PER_PAGE, LARGEST_PER_PAGE, LISTED
from tests.unit.salesloft.conftest import TOKEN, Opening
from tests.unit.salesloft.description import (
    API,
    GUIDES,
    SUBSCRIPTIONS,
    TYPES,
    choices,
    listed,
    misfits,
    parameter,
    schema_of,
)

UNCONFIRMED: Mapping[str, str] = {
    "wrapping of subscriptions": "the description has bare arrays for all lists, and SalesLoft's own example of a "
    "poller unwraps `data`; the simulator does either, the client reads both",
    "whether one event type and URL can be subscribed to twice": "the simulator does either; a rotation wants it, and "
    "has another URL to fall back to",
    "whether subscriptions show their token": "the description has the field; the simulator shows or hides it",
    "bodies of 403, 404, 422 and 429": "`error` and `errors` by field are from SalesLoft's pages as others quote them",
    "401 for a token that is not valid": "only that of a missing token is published",
    "when a minute of the rate limit begins": "the simulator counts by the clock's minutes",
    "an id of a subscription that never was": "404 is assumed; deleting what was deleted is documented as a success",
    "what is invalid": "a 422 for a wrong sort_by, per_page or time is assumed; some APIs ignore them",
    "how long an attempt of a delivery may take": "the simulator gives up after 10 s, and can be told otherwise",
    "which answers to a delivery count": "2xx is assumed to be a success, all else (redirects, too) a failure",
    "whether SalesLoft disables a subscription": "no page says so; the simulator never does, tests do it by hand",
    "what a deleted subscription does to retries": "the simulator goes on with them, which asks more of a receiver",
    "statuses of the token endpoint's refusals": "those of OAuth 2.0 (RFC 6749) are assumed",
}

UNPUBLISHED_FIELDS: Mapping[str, frozenset[str]] = {
    "/activities/calls": frozenset({"connected", "task"}),
    "/activities/emails": frozenset({"body"}),
    "/cadence_memberships": frozenset({"step"}),
    "/meetings": frozenset({"subject", "user"}),
    "/notes": frozenset({"subject"}),
    "/people": frozenset({"hot_lead"}),
    "/successes": frozenset({"subject"}),
}
"""Fields of captured deliveries that the published schemas do not have, by list; and of what `small` invents."""


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_asked_only_for_what_it_can_do(name: str) -> None:
    """Path, filter and sort key of each list are published; a list without a filter is known to be without."""
    which = LISTS[name]
    keys, _ = choices(parameter(which.path, "sort_by"))
    filters = parameter(which.path, UPDATED_AT)

    assert which.filtered == bool(filters)
    assert not which.filtered or {"gte", "lt"} <= set(re.findall(r"\w+", filters.partition("keys:")[2]))
    assert which.sort_by in keys
    assert which.sort_by == UPDATED_AT or UPDATED_AT not in keys
    assert f"[1, {LARGEST_PAGE}]" in parameter(which.path, "per_page")
    assert "ASC, DESC" in parameter(which.path, "sort_direction")
    assert parameter(which.path, "page")


@pytest.mark.parametrize("path", LISTED)
def test_a_simulated_list_does_what_is_published(path: str) -> None:
    """Sort keys, defaults and filters are the published ones, all of them but one that needs other resources."""
    simulated = LISTED[path]
    keys, default = choices(parameter(path, "sort_by"))
    times = {each["name"] for each in listed(path)["parameters"] if "Equality filters" in each.get("description", "")}

    assert set(simulated.sort_keys) == set(keys)
    assert simulated.sort_by == default
    assert simulated.direction == choices(parameter(path, "sort_direction"))[1]
    assert set(simulated.filtered) == times - {"last_contacted"}
    assert simulated.all_at_once == ("Defaults to returning all" in parameter(path, "page"))
    assert f"[1, {LARGEST_PER_PAGE}]. Defaults to {DEFAULT_PER_PAGE}" in parameter(path, "per_page")


def test_each_published_list_is_simulated_and_read() -> None:
    """No list is in one table only."""
    published = {path.removeprefix("/v2").removesuffix(".json") for path in API["paths"] if path.endswith(".json")}

    assert published == set(LISTED) == {each.path for each in LISTS.values()}


def test_a_subscription_has_the_published_fields() -> None:
    """Names and types; what has no default must be there."""
    properties = API["components"]["schemas"]["Subscription"]["properties"]
    types = get_annotations(Subscription)

    assert set(properties) == KNOWN_FIELDS
    for name, schema in properties.items():
        assert types[name] in (TYPES[schema["type"]], TYPES[schema["type"]] | None)


@pytest.mark.parametrize("wrapped", [True, False], ids=["wrapped", "bare"])
async def test_the_simulated_subscriptions_are_as_published(*, wrapped: bool) -> None:
    """Each operation is answered with its published status and fields; deleting succeeds any number of times."""
    form = {"event_type": "person_updated", "callback_url": "https://a.example.com", "callback_token": "t"}
    one = f"{SUBSCRIPTIONS}/{{id}}"
    async with SimulatedPlatform(Behaviour(wrapped=wrapped)) as platform, httpx2.AsyncClient() as http:
        platform.access.allow(TOKEN)
        http.headers["Authorization"] = f"Bearer {TOKEN}"
        origin = platform.url.removesuffix("/v2")
        steps = [
            ("post", SUBSCRIPTIONS, form),
            ("get", SUBSCRIPTIONS, None),
            ("get", one, None),
            ("put", one, {"enabled": "false"}),
            ("delete", one, None),
            ("delete", one, None),
        ]
        for method, path, fields in steps:
            answer = await http.request(method, origin + path.replace("{id}", "1"), data=fields)
            published = API["paths"][path][method]["responses"]

            assert str(answer.status_code) in published
            assert set(GUIDES["rate_limits"]["headers"]) <= set(answer.headers)
            if answer.status_code == 200:
                body = answer.json()["data"] if wrapped else answer.json()
                record = body[0] if path == SUBSCRIPTIONS and method == "get" else body
                assert list(misfits(record, API["components"]["schemas"]["Subscription"]["properties"])) == []
                assert set(record) == KNOWN_FIELDS


async def test_bodies_are_sent_as_published(opened: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    """Encoding and fields of what we send: all that is required, nothing that is not known."""
    sent: list[httpx2.Request] = []
    send = httpx2.AsyncClient.send

    async def watched(client: httpx2.AsyncClient, request: httpx2.Request, **options: Any) -> httpx2.Response:
        sent.append(request)
        return await send(client, request, **options)

    monkeypatch.setattr(httpx2.AsyncClient, "send", watched)
    async with opened() as salesloft:
        made = await salesloft.subscriptions.create("call_created", "https://a.example.com/x", "a-signing-token")
        await salesloft.subscriptions.disable(made.id)
        await salesloft.subscriptions.all(enabled=True)

    for request, (path, method) in zip(
        sent, [(SUBSCRIPTIONS, "post"), (f"{SUBSCRIPTIONS}/{{id}}", "put")], strict=False
    ):
        ((encoding, body),) = API["paths"][path][method]["requestBody"]["content"].items()
        fields = set(httpx2.QueryParams(request.content.decode()))
        assert request.headers["content-type"] == encoding
        assert set(body["schema"].get("required", ())) <= fields <= set(body["schema"]["properties"])
    assert dict(sent[2].url.params) == {"enabled": "true"}
    assert [each["name"] for each in API["paths"][SUBSCRIPTIONS]["get"]["parameters"]] == ["enabled"]


def test_invented_records_have_published_fields() -> None:
    """Each list of the simulator has some; names and types are published, but for what only captures show."""
    platform = SimulatedPlatform(seed=3)
    platform.load.burst(4_000)

    for path in LISTED:
        records = platform.records.of(path)
        unpublished = UNPUBLISHED_FIELDS.get(path, frozenset())
        assert records, path
        for record in records.values():
            known = {name: value for name, value in record.items() if name not in unpublished}
            assert list(misfits(known, schema_of(path))) == []


def test_an_invented_bulk_job_has_published_fields() -> None:
    """It is in no list of ours, and is delivered all the same."""
    job = BackOffice(Random(1)).next_of("bulk_job_completed", datetime.now(UTC)).resource

    assert list(misfits(job, API["components"]["schemas"]["BulkJob"]["properties"])) == []


def test_what_happens_has_published_names() -> None:
    """All event types but those of conversations, which nobody has described, and the one that waits for an answer."""
    published = set(GUIDES["webhooks"]["event_types"])
    other_name_of_email_updated = "email_with_body_and_subject_updated"

    missing = published - EVENTS - {other_name_of_email_updated, "link_swap"}

    assert published >= EVENTS
    assert {name.partition("_")[0] for name in missing} == {"conversation"}


def test_unpublished_fields_are_not_published() -> None:
    """An exception that a newer description has caught up with goes."""
    for path, names in UNPUBLISHED_FIELDS.items():
        assert not names & set(schema_of(path))


def test_the_rate_limit_is_as_published() -> None:
    """Units a minute, and what deep pages cost, in the client and in the simulator."""
    limits = GUIDES["rate_limits"]

    assert limits["per_minute"] == PER_MINUTE == Behaviour().per_minute
    assert page_cost(1) == page_cost(100) == limits["default_cost"] == price(100)
    for first, last, cost in limits["deep_pages"]:
        for page in (first, last or 10_000):
            assert page_cost(page) == price(page) == cost


async def test_logging_in_is_as_published(platform: SimulatedPlatform) -> None:
    """Where an app gets its token, with which parameters, what comes back, how long it lives; what no token means."""
    published = GUIDES["authentication"]
    platform.access.register("app", "secret")
    form = dict(
        zip(published["client_credentials"]["parameters"], ("app", "secret", "client_credentials", "a"), strict=True)
    )
    async with httpx2.AsyncClient() as http:
        answers = [
            await http.post(platform.token_url, data=form),
            await http.post(platform.token_url, data={"grant_type": "client_credentials"}, auth=("app", "secret")),
        ]
        nobody = await http.get(f"{platform.url}/people")

    assert Settings.model_fields["salesloft_token_url"].default == published["token_url"]
    assert published["token_seconds"] == DEFAULT_LIFE_SECONDS == Behaviour().token_seconds
    for answer in answers:
        assert set(answer.json()) == set(published["token_response"]) - {"refresh_token"}
        assert answer.json()["expires_in"] == published["token_seconds"]
    assert (nobody.status_code, nobody.json()) == tuple(published["missing_token"].values())


def test_what_is_unconfirmed_is_said() -> None:
    """Each has its reason, so that whoever finds a publication knows what to look at."""
    assert all(len(reason) > 20 for reason in UNCONFIRMED.values())
