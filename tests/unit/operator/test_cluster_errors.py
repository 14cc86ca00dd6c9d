"""Whatever answers in Kubernetes' place, what is raised is of our tree, and is of the right kind."""

from collections.abc import Callable

import httpx2
import pytest
from lightkube import AsyncClient, KubeConfig
from lightkube.config.models import Cluster as Server
from lightkube.config.models import User

from salesloft_webhooks.errors import (
    ClusterConflict,
    ClusterError,
    ClusterForbidden,
    ClusterNotFound,
    ClusterRefused,
    ClusterUnavailable,
)
from salesloft_webhooks.operator.api_group import Kind
from salesloft_webhooks.operator.cluster import Cluster

Answer = Callable[[httpx2.Request], httpx2.Response]
JSON = {"content-type": "application/json"}


def _cluster(answer: Answer) -> Cluster:
    config = KubeConfig.from_one(cluster=Server(server="http://kubernetes"), user=User(token="t"))
    return Cluster(AsyncClient(config=config, namespace="x", transport=httpx2.MockTransport(answer)), "tests")


def _status(code: int, message: str = "no") -> httpx2.Response:
    return httpx2.Response(code, json={"kind": "Status", "code": code, "message": message})


def _raises(error: Exception) -> Answer:
    def answer(request: httpx2.Request) -> httpx2.Response:
        raise error

    return answer


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        pytest.param(lambda _: _status(401), ClusterForbidden, id="unknown"),
        pytest.param(lambda _: _status(403), ClusterForbidden, id="forbidden"),
        pytest.param(lambda _: _status(409), ClusterConflict, id="conflict"),
        pytest.param(lambda _: _status(410), ClusterNotFound, id="gone"),
        pytest.param(lambda _: _status(422), ClusterRefused, id="invalid"),
        pytest.param(lambda _: _status(429), ClusterUnavailable, id="too many"),
        pytest.param(lambda _: _status(500), ClusterUnavailable, id="fault"),
        pytest.param(lambda _: httpx2.Response(502, text="<html>"), ClusterUnavailable, id="a proxy's page"),
        pytest.param(lambda _: httpx2.Response(403, content=b"x"), ClusterForbidden, id="without a content type"),
        pytest.param(lambda _: httpx2.Response(502, text="<html>", headers=JSON), ClusterUnavailable, id="not JSON"),
        pytest.param(lambda _: httpx2.Response(502, json=[1]), ClusterUnavailable, id="JSON that is no status"),
        pytest.param(lambda _: httpx2.Response(200, text="<html>"), ClusterUnavailable, id="a page for a list"),
        pytest.param(lambda _: httpx2.Response(200, json={"items": None}), ClusterUnavailable, id="no items"),
        pytest.param(lambda _: httpx2.Response(200, json={"items": [1]}), ClusterUnavailable, id="no objects"),
        pytest.param(lambda _: httpx2.Response(200, json={"items": [{}]}), ClusterUnavailable, id="no metadata"),
        pytest.param(_raises(httpx2.ConnectError("x")), ClusterUnavailable, id="refused"),
        pytest.param(_raises(httpx2.ReadTimeout("x")), ClusterUnavailable, id="too slow"),
        pytest.param(_raises(httpx2.RemoteProtocolError("x")), ClusterUnavailable, id="cut off"),
        pytest.param(_raises(ConnectionResetError()), ClusterUnavailable, id="reset"),
    ],
)
async def test_every_bad_answer_is_one_of_our_errors(answer: Answer, kind: type[ClusterError]) -> None:
    """An error by its code, and everything that is no answer as `ClusterUnavailable`."""
    with pytest.raises(ClusterError) as raised:
        await _cluster(answer).list_subscriptions()

    assert type(raised.value) is kind


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        pytest.param('{"type":"ERROR","object":{"kind":"Status","code":410}}\n', ClusterNotFound, id="too old"),
        pytest.param('{"type":"ERROR","object":{"kind":"Status","code":500}}\n', ClusterUnavailable, id="a fault"),
        pytest.param('{"type":"ADDED","obj\n', ClusterUnavailable, id="half a line"),
        pytest.param('{"type":"ADDED","object":{"metadata":1}}\n', ClusterUnavailable, id="no object"),
    ],
)
async def test_a_watch_ends_with_one_of_our_errors(lines: str, kind: type[ClusterError]) -> None:
    """So that whoever listens can begin anew."""
    cluster = _cluster(lambda _: httpx2.Response(200, text=lines))

    with pytest.raises(ClusterError) as raised:
        async for _ in cluster.changes(Kind.SUBSCRIPTION):
            pass

    assert type(raised.value) is kind


async def test_a_watch_that_cannot_connect_once_more_ends() -> None:
    """The client does not catch what is raised while it connects again; we do."""
    answers = iter([httpx2.Response(200, text="")])

    def answer(request: httpx2.Request) -> httpx2.Response:
        for each in answers:
            return each
        raise httpx2.ConnectError("refused")

    with pytest.raises(ClusterUnavailable):
        async for _ in _cluster(answer).changes(Kind.GROUP):
            pass


async def test_an_error_about_a_secret_quotes_nothing() -> None:
    """The server may repeat what it was given, and the answer to a read may hold the values."""
    cluster = _cluster(lambda _: httpx2.Response(200, json={"metadata": {"name": "x"}, "data": {"a": "very*secret"}}))

    with pytest.raises(ClusterUnavailable) as raised:
        await cluster.secret("x")

    assert "very" not in str(raised.value)
    assert raised.value.__cause__ is None
