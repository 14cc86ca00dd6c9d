"""Pytest fixtures; switch them on with ``pytest_plugins = ["salesloft_webhooks.testing.fixtures"]`` in conftest.py."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest_asyncio

from salesloft_webhooks.handlers.router import Router
from salesloft_webhooks.testing.pipeline import Pipeline, StartPipeline, pipeline


@pytest_asyncio.fixture
async def salesloft_pipeline() -> AsyncIterator[StartPipeline]:
    """Starts pipelines that end with the test."""
    async with AsyncExitStack() as stack:

        async def start(*routers: Router[Any], **settings: Any) -> Pipeline:
            return await stack.enter_async_context(pipeline(*routers, **settings))

        yield start
