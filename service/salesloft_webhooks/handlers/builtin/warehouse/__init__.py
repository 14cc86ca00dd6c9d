"""The group `warehouse`: every event as a row of Parquet files, in a folder or in object storage.

Imported where it is used: it needs the extra `warehouse`, which is Arrow.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from salesloft_webhooks.background import Background
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.events import Event
from salesloft_webhooks.handlers.builtin.configuration import load_configuration
from salesloft_webhooks.handlers.builtin.configuration.warehouse import (
    GcsStorage,
    S3Storage,
    WarehouseConfiguration,
)
from salesloft_webhooks.handlers.builtin_groups import WAREHOUSE
from salesloft_webhooks.handlers.outbound.outage_retry_policy import outage_retry_policy
from salesloft_webhooks.handlers.router import Router
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import CompactionTelemetry

if TYPE_CHECKING:
    from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage
    from salesloft_webhooks.handlers.builtin.warehouse.writing import WarehouseWriter


def configured(settings: Settings) -> WarehouseConfiguration:
    """The section of the file.

    Raises:
        ConfigurationError: the file cannot be read, or has none.
    """
    section = load_configuration(settings).warehouse
    if section is None:
        raise ConfigurationError("HANDLERS_FILE: `warehouse.url` says where the files go, and is missing")
    return section


def archive_at(settings: Settings, address: str) -> WarehouseConfiguration:
    """The warehouse at an address, or in a folder; reached as the section of the file reaches storage of its kind.

    Raises:
        ConfigurationError: it is no address, or the file cannot be read.
    """
    url = address if "://" in address else Path(address).resolve().as_uri()
    section = load_configuration(settings).warehouse
    s3 = section.s3 if section is not None and url.startswith("s3://") else S3Storage()
    gcs = section.gcs if section is not None and url.startswith("gs://") else GcsStorage()
    with suppress(ValidationError):
        return WarehouseConfiguration(url=url, s3=s3, gcs=gcs)
    raise ConfigurationError("--from takes a folder, `s3://bucket/prefix` or `gs://bucket/prefix`")


def storage_of(configuration: WarehouseConfiguration) -> "Storage":
    """The storage of a section.

    Raises:
        ConfigurationError: the extra ``warehouse`` is not installed.
        Unavailable: see `open_storage`.
    """
    try:
        from salesloft_webhooks.handlers.builtin.warehouse.storage import open_storage  # noqa: PLC0415 - Arrow
    except ImportError as exc:
        raise ConfigurationError(
            "the group `warehouse` needs its extra: pip install salesloft-webhooks[warehouse]"
        ) from exc
    return open_storage(configuration)


def build_router(group: str, settings: Settings) -> "Router[WarehouseWriter]":
    """The handler of the group.

    Raises:
        ConfigurationError: see `configured`.
    """
    configuration = configured(settings)

    @asynccontextmanager
    async def lifespan(_settings: Settings) -> AsyncIterator["WarehouseWriter"]:
        storage = storage_of(configuration)
        from salesloft_webhooks.handlers.builtin.warehouse.writing import WarehouseWriter  # noqa: PLC0415 - Arrow

        async with _watching(group, storage, configuration):
            yield WarehouseWriter(storage, configuration.timeout_seconds)

    router = Router(lifespan, ordering=WAREHOUSE.ordering)

    @router.on_batch(
        *configuration.events,
        max_size=configuration.max_events,
        max_wait=configuration.max_wait_seconds,
        timeout_seconds=configuration.timeout_seconds + 30,
        **outage_retry_policy(settings),
    )
    async def keep(events: Sequence[Event], writer: "WarehouseWriter") -> Mapping[str, Exception]:
        """Store the events."""
        return await writer.write(events)

    return router


@asynccontextmanager
async def _watching(group: str, storage: "Storage", configuration: WarehouseConfiguration) -> AsyncIterator[None]:
    """Report when the warehouse was compacted last, for as long as the worker lives; unless nobody wants to know."""
    from salesloft_webhooks.handlers.builtin.warehouse.compaction_watch import (  # noqa: PLC0415 - Arrow
        LOOK_SECONDS,
        CompactionWatch,
    )

    async with Background() as background:
        if configuration.compaction_hours:
            telemetry = CompactionTelemetry(group, configuration.compaction_hours * 3_600)
            watch = CompactionWatch(storage, telemetry, configuration.timeout_seconds)
            background.repeat(watch.look, name="compaction watch", every_seconds=LOOK_SECONDS, failed=watch.later)
        yield
