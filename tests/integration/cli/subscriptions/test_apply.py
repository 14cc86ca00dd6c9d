"""From what is there to what is declared, by the command, at a SalesLoft that people change by hand."""

import pytest

from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.simulator.platform import Fault
from tests.integration.cli.subscriptions.team import EVENTS, NEW, OLD, Team, ended


def test_everything_comes_from_nothing(team: Team) -> None:
    """`plan` says what is missing, `apply` creates it, and then `plan` has nothing to say."""
    before = team.run("plan", "--json")
    applied = team.run("apply", "--yes", "--json")
    after = team.run("plan", "--json")

    assert (before.code, applied.code, after.code) == (ExitCode.DRIFT, ExitCode.OK, ExitCode.OK), applied.err
    assert [(row["action"], row["event"]) for row in before.document["subscriptions"]] == [
        ("create", event) for event in EVENTS
    ]
    assert {(row["action"], row["outcome"]) for row in applied.document["changes"]} == {("create", "done")}
    assert (after.document["as_declared"], after.document["delivered"]) == (True, len(EVENTS))
    assert team.is_as_declared(OLD)


def test_what_somebody_changed_is_mended(team: Team) -> None:
    """Deleted by hand: created; disabled: enabled; hand-made with our token: kept; no longer wanted: deleted."""
    team.declare(*EVENTS)
    team.add("call_created", OLD)
    disabled = team.add("note_created", OLD, enabled=False)
    unwanted = team.add("task_created", OLD)

    planned = {row["event"]: row["action"] for row in team.run("plan", "--json").document["subscriptions"]}
    applied = team.run("apply", "--yes", "--json")

    assert planned == {
        "call_created": "keep",
        "note_created": "enable",
        "person_created": "create",
        "person_updated": "create",
        "task_created": "delete",
    }
    assert applied.code == ExitCode.OK, applied.err
    assert {row["id"] for row in applied.document["changes"] if row["id"]} == {disabled, unwanted}
    assert team.is_as_declared(OLD)


def test_what_is_not_ours_is_named_and_left(team: Team) -> None:
    """Another token, another address: neither is touched, and neither is drift."""
    foreign = team.add_foreign("person_updated")
    team.salesloft.add("person_updated", "https://user:secret@crm.example.com/in?key=secret", "another token")
    before = team.salesloft.subscriptions()

    applied = team.run("apply", "--yes")
    planned = team.run("plan", "--json")
    listed = team.run("list", "--all")

    assert (applied.code, planned.code) == (ExitCode.OK, ExitCode.OK), applied.err
    assert f"left as they are: {foreign}" in applied.err
    assert planned.document["foreign"] == [foreign]
    assert [each for each in team.salesloft.subscriptions() if each in before] == before
    assert "foreign" in listed.out
    assert "elsewhere" in listed.out
    assert "secret" not in listed.out


def test_no_output_has_a_secret(team: Team) -> None:
    """Neither tokens nor keys nor the API's token are in what any command says, nor in the store."""
    for key in (NEW, OLD):
        team.has_keys(key)
        team.run("apply", "--yes")
    commands = [("plan",), ("plan", "--json"), ("list", "--all"), ("list", "--json"), ("apply", "--yes", "--json")]

    said = "".join(f"{done.out}{done.err}" for done in (team.run(*command) for command in commands))

    with team.store.client() as redis:
        stored = str(redis.hgetall("sl:receivers"))
    secrets = [NEW, OLD, *(each["callback_token"] for each in team.salesloft.subscriptions())]
    assert len(secrets) == 2 + 2 * len(EVENTS)
    assert [secret for secret in (*secrets, "ak-an-invented") if secret in said + stored] == []


def test_a_shorter_list_is_refused_once(team: Team) -> None:
    """More that goes than comes may be a mistake in the file, so it has to be said; then it is done."""
    team.run("apply", "--yes")
    team.declare("call_created")

    refused = team.run("apply", "--yes")
    kept = len(team.salesloft.subscriptions())
    allowed = team.run("apply", "--yes", "--allow-deletes")

    assert (refused.code, kept) == (ExitCode.FAILED, len(EVENTS))
    assert "--allow-deletes" in refused.err
    assert allowed.code == ExitCode.OK, allowed.err
    assert team.is_as_declared(OLD)


def test_without_a_terminal_nothing_is_done_unasked(team: Team) -> None:
    """Nobody can answer, so the command stops before it changes anything."""
    for command in ("apply", "remove"):
        team.add("task_created", OLD)
        before = team.salesloft.subscriptions()
        assert team.run(command, "--allow-deletes" if command == "apply" else "--file=subscriptions.yaml").code == (
            ExitCode.USAGE
        )
        assert team.salesloft.subscriptions() == before


def test_two_at_once_agree(team: Team) -> None:
    """Both may create the same; of two the lowest id stays, and everything is there once in the end."""
    both = [team.start("apply", "--yes") for _ in range(2)]

    codes = [ended(process).code for process in both]
    last = team.run("apply", "--yes")

    assert (codes, last.code) == ([ExitCode.OK] * 2, ExitCode.OK), last.err
    assert team.is_as_declared(OLD)


CREATIONS = [("POST", fault) for fault in (Fault.ERROR, Fault.ERROR_AFTER, Fault.RESET, Fault.HALF, Fault.HTML)]
OTHERS = [("GET", Fault.HALF), ("PUT", Fault.ERROR_AFTER), ("DELETE", Fault.RESET)]


@pytest.mark.parametrize(("method", "fault"), [*CREATIONS, *OTHERS], ids=str)
def test_an_answer_that_fails_is_made_up_for(team: Team, fault: Fault, method: str) -> None:
    """Whether it was done or not, the next list shows it; nothing is there twice in the end."""
    team.add("note_created", OLD, enabled=False)
    team.add("task_created", OLD)
    team.salesloft.do(lambda platform: platform.faults.order(fault, method=method))

    applied = team.run("apply", "--yes", "--json")

    assert applied.code == ExitCode.OK, applied.err
    assert {row["outcome"] for row in applied.document["changes"]} == {"done"}
    assert team.is_as_declared(OLD)


def test_an_empty_list_by_mistake_creates_nothing(team: Team) -> None:
    """SalesLoft shows nothing once: `apply` looks again, and finds everything as it was."""
    team.run("apply", "--yes")
    before = team.salesloft.subscriptions()
    team.salesloft.do(lambda platform: platform.faults.order(Fault.EMPTY, method="GET"))

    applied = team.run("apply", "--yes")

    assert applied.code == ExitCode.OK, applied.err
    assert team.salesloft.subscriptions() == before


def test_refused_credentials_end_it_at_once(team: Team) -> None:
    """A revoked token, or one that may not do this, says so in one line and changes nothing."""
    revoked = team.run("apply", "--yes", "--json", SALESLOFT_API_TOKEN="ak-another")
    team.salesloft.do(lambda platform: platform.access.allow("ak-small", forbidden=("/v2/webhook",)))
    forbidden = team.run("plan", SALESLOFT_API_TOKEN="ak-small")

    assert (revoked.code, forbidden.code) == (ExitCode.FAILED, ExitCode.FAILED)
    assert "Unauthorized" in revoked.document["error"]
    assert "scope" in forbidden.err
    assert "Traceback" not in revoked.err + forbidden.err


def test_nobody_at_the_address_is_unreachable(team: Team) -> None:
    """A SalesLoft that is away has the exit code that scripts repeat the command for."""
    away = team.run("plan", SALESLOFT_API_URL="http://127.0.0.1:9/v2")

    assert away.code == ExitCode.UNREACHABLE, away.err


def test_one_that_salesloft_refuses_does_not_hold_up_the_others(team: Team) -> None:
    """The others are created, and the output names the one, with SalesLoft's words, without deleting anything."""
    team.declare(*EVENTS, "task_created")
    kept = team.add("success_created", OLD)
    team.salesloft.do(lambda platform: refuse_task_created(platform.subscriptions))

    applied = team.run("apply", "--yes", "--json")

    changes = {row["event"]: row for row in applied.document["changes"]}
    assert applied.code == ExitCode.PARTLY, applied.err
    assert (changes["task_created"]["outcome"], changes["success_created"]["outcome"]) == ("failed", "left")
    assert "not included in the list" in changes["task_created"]["error"]
    assert {changes[event]["outcome"] for event in EVENTS} == {"done"}
    assert kept in {each["id"] for each in team.salesloft.subscriptions()}


def refuse_task_created(subscriptions: object) -> None:
    """SalesLoft does not know this event type."""
    create = subscriptions.create  # type: ignore[attr-defined]

    def refusing(fields: dict[str, str]) -> object:
        return create({**fields, "event_type": fields["event_type"].replace("task_created", "task_exploded")})

    subscriptions.create = refusing  # type: ignore[attr-defined]


def test_remove_takes_ours_alone(team: Team) -> None:
    """Everything of ours goes, in one run, and a second has nothing to do; what is foreign stays."""
    foreign = team.add_foreign("person_updated")
    team.run("apply", "--yes")

    removed = team.run("remove", "--yes", "--json")
    again = team.run("remove", "--yes")

    assert (removed.code, again.code) == (ExitCode.OK, ExitCode.OK), removed.err
    assert len(removed.document["changes"]) == len(EVENTS)
    assert [each["id"] for each in team.salesloft.subscriptions()] == [foreign]
