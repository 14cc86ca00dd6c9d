"""How alerts are said: what happened, where to go on, and nothing that an event has brought."""

import pytest

from salesloft_webhooks.alerts.ledger import Problem
from salesloft_webhooks.alerts.wording import MOST_LINES, Wording
from salesloft_webhooks.telemetry import AlertKind

NOW = 1_766_000_000_000
CONSOLE = "https://hooks.example.com/console"
PROBLEMS = [
    (AlertKind.DEAD_LETTERS, "crm/exhausted/HTTPStatusError~1f0c9a3b", "412 events (exhausted: HTTPStatusError)"),
    (AlertKind.PAUSED, "crm", "crm takes no events"),
    (AlertKind.SUBSCRIPTION_DISABLED, "person_updated", "does not send person_updated"),
    (AlertKind.MISSED, "people", "412 changes of people"),
]


def problem(kind: AlertKind, subject: str, *, untold: int = 412, told: int = 0) -> Problem:
    """One that has happened 412 times."""
    return Problem(kind, subject, NOW, told, untold)


@pytest.mark.parametrize(("kind", "subject", "said"), PROBLEMS, ids=[kind for kind, *_ in PROBLEMS])
def test_an_alert_says_what_and_how_often_and_where_to_go_on(kind: AlertKind, subject: str, said: str) -> None:
    """With the console's link where there is a console, else with the command that shows it."""
    linked = Wording(f"{CONSOLE}/").alert(problem(kind, subject), NOW)
    named = Wording(None).alert(problem(kind, subject, told=NOW - 60_000), NOW)

    assert said in linked.body
    assert linked.body.splitlines()[-1].startswith(f"{CONSOLE}/")
    assert "again since" in named.body
    assert named.body.splitlines()[-1].startswith("salesloft-webhooks ")


def test_the_link_leads_to_the_letters_of_that_class() -> None:
    """Group, reason and class are the filter of the console's page."""
    alert = Wording(CONSOLE).alert(problem(*PROBLEMS[0][:2]), NOW)

    assert alert.body.endswith(f"{CONSOLE}/dead?group=crm&reason=exhausted&error=HTTPStatusError~1f0c9a3b")


def test_what_no_name_is_made_of_gets_into_no_message() -> None:
    """Markup, mentions, line breaks and addresses: of a group that somebody has named so, too."""
    evil = "<!channel> *@here* [a](http://evil)\njane@example.com"
    for kind in AlertKind:
        alert = Wording(CONSOLE).alert(problem(kind, evil), NOW)

        assert not set("<>*@[]()\r`") & set(alert.title.replace("(", ""))
        assert not set("<>*@[]`") & set(alert.body)


def test_a_summary_is_short() -> None:
    """The classes that happened most; how many others there are."""
    many = [problem(AlertKind.MISSED, f"list{number}", untold=number) for number in range(1, 60)]

    lines = Wording(CONSOLE).summary(many, NOW).body.splitlines()

    assert "59 changes of list59" in lines[0]
    assert lines[MOST_LINES:] == [f"- and {59 - MOST_LINES} more.", CONSOLE]
