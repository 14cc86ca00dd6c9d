"""The way to Kubernetes' API server: where it is, and who we are there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
from lightkube import AsyncClient, KubeConfig
from lightkube.config.kubeconfig import SingleConfig
from lightkube.core.exceptions import ConfigError

from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.operator.api_group import MANAGER
from salesloft_webhooks.settings import Settings

CONNECT_SECONDS, ANSWER_SECONDS = 3.0, 10.0


@asynccontextmanager
async def open_client(settings: Settings) -> AsyncIterator[AsyncClient]:
    """The client. Nothing is asked yet.

    Raises:
        ConfigurationError: nothing says where Kubernetes is, or what says it is unusable.
    """
    patience = httpx2.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)
    problem = ""
    try:
        config = _config(settings.kubeconfig)
        namespace = settings.operator_namespace or config.namespace
        client = AsyncClient(config=config, namespace=namespace, timeout=patience, field_manager=MANAGER)
    except Exception as exc:  # noqa: BLE001 - whatever the client's parsers of YAML and certificates raise
        problem = f"KUBECONFIG: Kubernetes cannot be reached with what is configured: {type(exc).__name__}"
    if problem:  # raised outside the except block: the cause may quote the file, with its token
        raise ConfigurationError(problem)
    try:
        yield client
    finally:
        await client.aclose()


def _config(path: Path | None) -> SingleConfig:
    """A file that is named wins over the account of the pod, as with `kubectl`."""
    found = KubeConfig.from_file(path) if path else KubeConfig.from_env()
    config = found.get()
    if config is None or config.user is None:
        raise ConfigError("there is no user")
    return config
