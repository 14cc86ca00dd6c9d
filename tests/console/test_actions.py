"""Actions: who may press what, from where, and what is written down about it. With actions of the test's own."""

from collections.abc import Callable

import pytest

from salesloft_webhooks.broker.administration.runs import MOST_UNFINISHED
from salesloft_webhooks.console.form import Form
from salesloft_webhooks.console.people import Person, Role
from salesloft_webhooks.console.refusals import FormRefused
from salesloft_webhooks.telemetry.metrics import CONSOLE
from tests.console.served import BASE, OURS, Served
from tests.console.test_role_matrix import served as every_route
from tests.support.servers import Server


async def test_an_action_is_done_and_said_and_written_down(served: Callable[..., Served]) -> None:
    """It answers 303 to a page that says once what was done; the audit has who, what, with what, how many."""
    running = served(Role.VIEW, Role.OPERATE)

    answer = await running.post("/dead/redrive", {"group": "crm", "count": "7"})

    assert answer.status_code == 303
    assert "7 letters of crm redriven by robin" in (await running.client.get(answer.headers["location"])).text
    [written] = await running.audited()
    assert (written.who, written.roles, written.act, written.outcome) == (
        "robin",
        ("operate", "view"),
        "redrive",
        "done",
    )
    assert (written.arguments, written.counts) == ({"group": "crm", "count": "7"}, {"letters": 7})


async def test_nobody_is_told_what_somebody_else_has_done(served: Callable[..., Served]) -> None:
    """The message behind an address is only for the person whose act it names."""
    running = served(Role.VIEW, Role.OPERATE)
    answer = await running.post("/dead/redrive", {"group": "crm", "count": "7"})

    running.sign_in.who = Person("sam", frozenset(Role))

    assert "data-once" not in (await running.client.get(answer.headers["location"])).text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"Sec-Fetch-Site": "same-origin"}, 303, id="our page"),
        pytest.param({"Sec-Fetch-Site": "same-site", "Origin": BASE}, 403, id="a neighbour, whatever it says"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, 403, id="another site"),
        pytest.param({"Sec-Fetch-Site": "none"}, 403, id="no page"),
        pytest.param({"Origin": BASE}, 303, id="our page in an old browser"),
        pytest.param({"Origin": "http://evil.test"}, 403, id="another site in an old browser"),
        pytest.param({"Origin": f"{BASE}.evil.test"}, 403, id="a site whose name begins as ours"),
        pytest.param({"Origin": "http://evil.console.test"}, 403, id="a site whose name ends as ours"),
        pytest.param({"Origin": "null"}, 403, id="a sandboxed page"),
        pytest.param({}, 403, id="a program without a proof"),
    ],
)
async def test_only_pages_of_ours_press_buttons(
    headers: dict[str, str], status: int, served: Callable[..., Served]
) -> None:
    """What a browser says of where a request comes from decides; without a word of it nothing is done."""
    running = served(*Role)

    answer = await running.post("/dead/redrive", {"group": "crm", "count": "1"}, headers)

    assert answer.status_code == status
    assert len(await running.audited()) == (status == 303)


async def test_a_program_with_a_proof_of_its_own_needs_no_page(served: Callable[..., Served]) -> None:
    """A token that no browser adds by itself is enough, but not beside the name of another site."""
    running = served(*Role)
    running.sign_in.proof = True
    fields = {"group": "crm", "count": "1"}

    assert (await running.post("/api/v1/dead/redrive", fields, {})).json()["counts"] == {"letters": 1}
    assert (await running.post("/dead/redrive", fields, {"Sec-Fetch-Site": "cross-site"})).status_code == 403


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(
    ("path", "needs"), [("/dead/redrive", Role.OPERATE), ("/reveal", Role.REVEAL), ("/discard", Role.DESTROY)]
)
async def test_an_action_needs_exactly_its_role(
    path: str, needs: Role, role: Role, served: Callable[..., Served]
) -> None:
    """No role includes another; 403 says who one is for the console and what is needed, and nothing is done."""
    running = served(role)

    answer = await running.post(path, {"group": "crm", "count": "1"})

    assert answer.status_code == (303 if role is needs else 403)
    if role is not needs:
        assert "robin" in answer.text
        assert f"needs the role {needs}" in answer.text
        assert await running.audited() == []


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        pytest.param({"group": "crm", "count": "100"}, 303, id="a hundred"),
        pytest.param({"group": "crm", "count": "101"}, 400, id="more, not typed"),
        pytest.param({"group": "crm", "count": "101", "confirm": "100"}, 400, id="more, another number typed"),
        pytest.param({"group": "crm", "count": "101", "confirm": " 101"}, 303, id="more, typed"),
        pytest.param({"group": "crm", "count": "-1"}, 400, id="no number"),
        pytest.param({"group": " ", "count": "1"}, 400, id="a field without a value"),
        pytest.param({"group": "x" * 300_000, "count": "1"}, 400, id="a form without measure"),
    ],
)
async def test_a_form_that_is_not_what_was_asked_for_is_refused(
    fields: dict[str, str], status: int, served: Callable[..., Served]
) -> None:
    """Numbers are numbers, fields have values, more than a hundred are typed, and nothing is larger than it may be."""
    running = served(*Role)

    answer = await running.post("/dead/redrive", fields)

    assert answer.status_code == status


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "text/plain", "application/json", ""])
async def test_a_form_of_another_kind_is_refused(kind: str, served: Callable[..., Served]) -> None:
    """What is no form of ours is not looked into, whatever it says."""
    running = served(*Role)
    fields = {"group": "crm", "count": "1"}
    parts = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{fields[name]}\r\n' for name in fields
    )

    answer = await running.client.post("/dead/redrive", content=f"{parts}--x--", headers={**OURS, "Content-Type": kind})

    assert answer.status_code == 400
    assert "application/x-www-form-urlencoded" in answer.text
    assert [each.outcome for each in await running.audited()] == []


async def test_what_failed_is_written_down_too(served: Callable[..., Served]) -> None:
    """An outage is 503, a fault 500 without its words; the audit has both, what was refused, and what nobody knows."""
    running = served(*Role)

    away = await running.post("/away", {})
    fault = await running.post("/broken", {})
    refused = await running.post("/groups/crm/pause", {"count": "101", "group": "crm"})

    assert (away.status_code, fault.status_code, refused.status_code) == (503, 500, 400)
    assert "only the answer is missing: it is away" in away.text
    assert "nothing done" not in away.text
    assert "retry-after" not in away.headers
    assert "secret" not in fault.text
    outcomes = [(each.outcome, each.message) for each in await running.audited()]
    words = "this would be 101 now: type that number to confirm it"
    assert outcomes == [("refused", words), ("failed", "ZeroDivisionError"), ("interrupted", "it is away")]


async def test_what_takes_too_long_is_not_said_to_have_failed(served: Callable[..., Served]) -> None:
    """Nobody knows how far it came: the page says so, and the audit does."""
    running = served(*Role)

    answer = await running.post("/endless", {})

    assert answer.status_code == 503
    assert "Nothing of it was done, or a part, or all of it" in answer.text
    assert [each.outcome for each in await running.audited()] == ["interrupted"]


async def test_a_run_too_many_is_no_outage(valkey: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever begins more bulk work than may be unfinished is told that, not that the store does not answer."""
    monkeypatch.setenv("CONSOLE_BULK_ACTIONS_PER_MINUTE", str(2 * MOST_UNFINISHED))
    async with every_route(valkey) as (client, sign_in):
        sign_in.who = Person("robin", frozenset(Role))
        answers = [
            await client.post("/quarantine/reprocess-all", headers={"Sec-Fetch-Site": "same-origin"})
            for _ in range(MOST_UNFINISHED + 1)
        ]

    assert [each.status_code for each in answers] == [303] * MOST_UNFINISHED + [409]
    assert f"{MOST_UNFINISHED} runs are unfinished" in answers[-1].text
    assert "does not answer" not in answers[-1].text


@pytest.mark.parametrize("length", ["²", "9" * 5_000, "-1", ""])
async def test_a_length_that_is_none_is_refused(length: str, served: Callable[..., Served]) -> None:
    """Whatever a request says of its length, it is no fault of ours."""
    running = served(*Role)
    head = {b"sec-fetch-site": b"same-origin", b"content-length": length.encode("latin-1")}

    answer = await running.client.post("/dead/redrive", headers=head)

    assert answer.status_code == 400


async def test_without_reveal_the_route_is_not_there(
    served: Callable[..., Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`CONSOLE_REVEAL=off` takes the role from everybody, and the route away."""
    monkeypatch.setenv("CONSOLE_REVEAL", "off")
    running = served(*Role)

    assert (await running.post("/reveal", {"group": "crm", "count": "1"})).status_code == 404
    assert (await running.post("/dead/redrive", {"group": "crm", "count": "1"})).status_code == 303
    [written] = await running.audited()
    assert written.roles == ("destroy", "operate", "view")


async def test_whoever_acts_too_often_is_asked_to_wait(
    served: Callable[..., Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One more than `CONSOLE_BULK_ACTIONS_PER_MINUTE` is 429 and not done; the audit has the first refusal only."""
    monkeypatch.setenv("CONSOLE_BULK_ACTIONS_PER_MINUTE", "1")
    running = served(*Role)
    fields, labels = {"group": "crm", "count": "1"}, {"act": "replay", "outcome": "refused"}
    before = CONSOLE.get_sample_value("salesloft_webhooks_console_acts_total", labels) or 0.0

    statuses = [(await running.post("/bulk", fields)).status_code for _ in range(4)]

    assert statuses == [303, 429, 429, 429]
    assert [each.outcome for each in await running.audited()] == ["refused", "done"]
    assert CONSOLE.get_sample_value("salesloft_webhooks_console_acts_total", labels) == before + 1


async def test_addresses_in_arguments_are_not_written_down(served: Callable[..., Served]) -> None:
    """Whoever types an address into a field that is meant for something else has it masked in the audit."""
    running = served(*Role)

    await running.post("/dead/redrive", {"group": "anna@example.com", "count": "1"})

    [written] = await running.audited()
    assert written.arguments["group"] == "•••@example.com"
    assert "anna" not in written.message


def test_a_form_says_all_values_of_a_field() -> None:
    """Ticked boxes come under one name; a part of the path counts as a field."""
    form = Form({"letter": ("a", "b")}, {"group": "crm"})

    assert form.all("letter") == ("a", "b")
    assert (form.text("letter"), form.text("group"), form.text("none", "-")) == ("a", "crm", "-")
    with pytest.raises(FormRefused):
        form.required("none")
