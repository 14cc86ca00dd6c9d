"""What the schema refuses is named with the place where it stands, by the oldest and by the newest Helm."""

import re

import pytest

from tests.chart.rendering import Values, refusal

CASES: list[tuple[Values, str, str]] = [
    ({"recevier": {}}, "", "recevier"),
    ({"receiver": {"replica": 3}}, "receiver", "replica"),
    ({"receiver": {"replicas": "3"}}, "receiver.replicas", ""),
    ({"config": {"LOG_LEVL": "debug"}}, "config", "LOG_LEVL"),
    ({"backfill": {"config": {"REDIS_URL": "redis://x"}}}, "backfill.config", "REDIS_URL"),
    ({"workers": {"crm": {"config": {"REDIS_URL": "redis://x"}}}}, "workers.crm.config", "REDIS_URL"),
    ({"workers": {"crm": {"concurency": 3}}}, "workers.crm", "concurency"),
    ({"workers": {"Crm": {}}}, "workers", "Crm"),
    ({"workers": {"crm": {"autoscaling": {"type": "both"}}}}, "workers.crm.autoscaling.type", ""),
    ({"linkSwap": {"receiver": {"replica": 1}}}, "linkSwap.receiver", "replica"),
    ({"commonLabels": {"helm.sh/chart": "x"}}, "commonLabels.helm.sh/chart", ""),
    ({"receiver": {"podLabels": {"app.kubernetes.io/name": "x"}}}, "receiver.podLabels.app.kubernetes.io/name", ""),
    ({"externalSecret": {"data": {"webhook": {"key": "k"}}}}, "externalSecret.data", "webhook"),
]


def places(message: str) -> list[str]:
    """The dotted places that a message of either Helm names: ``- at '/a/b': ...`` or ``- a.b: ...``."""
    found = re.findall(r"^- (?:at '(?:/([^']*))?'|\(root\)|([^ :]+)):", message, re.MULTILINE)
    return [(new.replace("/", ".").replace("~1", "/") or old) for new, old in found]


@pytest.mark.parametrize("program", ["helm", "helm-oldest"])
@pytest.mark.parametrize(("values", "place", "name"), CASES, ids=[f"{place}:{name}" for _, place, name in CASES])
def test_a_refusal_names_its_place(values: Values, place: str, name: str, program: str) -> None:
    """Each line of the message is about the place of the mistake, and the mistake itself is in it."""
    message = refusal(values, program=program)

    assert places(message), message
    assert set(places(message)) == {place}, message
    assert name in message
