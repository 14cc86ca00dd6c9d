"""The settings about Redis or Valkey: where it is, how to log in to it, what it promises. Part of `Settings`."""

from pathlib import Path

from pydantic import Field, SecretStr

from salesloft_webhooks.environment import Environment


class StoreSettings(Environment):
    """See `Settings`, which these are a part of."""

    # -- Store ------------------------------------------------------------------------------------------------------
    redis_url: SecretStr = Field(
        SecretStr("redis://localhost:6379/0"),
        description="Redis or Valkey: `redis://`, `rediss://` (TLS), `unix://`, `redis+sentinel://host:port,host:port/"
        "service/db` or `redis+cluster://host:port,host:port`. A password may stand in the URL; prefer a secret.",
    )
    redis_ca_file: Path | None = Field(
        None,
        description="Certificate authority of a server that uses TLS (`rediss://`, `rediss+sentinel://`, "
        "`rediss+cluster://`) with a private one; default: the system's.",
    )
    redis_key_prefix: str = Field(
        "sl",
        pattern=r"^[A-Za-z0-9_-]+$",
        description="First part of every key, so that several installations can share one server.",
    )
    partitions: int = Field(
        1,
        ge=1,
        le=256,
        description="Streams the events are spread over, by entity. More than one only helps with Redis Cluster. Must "
        "be equal in every process and may only be raised while the streams are drained.",
    )
    durability: str = Field(
        "memory",
        pattern=r"^(memory|fsync|replicas:[1-9][0-9]*)$",
        description="What a 200 promises: `memory` (the server has it; its own persistence decides about a crash), "
        "`fsync` (on its disk: `appendfsync always`, or WAITAOF) or `replicas:N` (N replicas have it: WAIT). A level "
        "the server cannot give makes the receiver unready and answers 503; a weak `memory` set-up is reported loudly.",
    )
    store_timeout_seconds: float = Field(
        5.0,
        gt=0,
        le=30,
        description="How long storing one delivery may take before the answer is 503. SalesLoft retries 15 s apart, "
        "so a short time costs nothing.",
    )
    backlog_limit: int = Field(
        1_000_000,
        ge=1,
        description="Events the slowest group may have waiting before the receiver answers 503, so that memory is "
        "never exhausted silently. About 2 KiB of Redis memory an event.",
    )
    idempotency_ttl_seconds: int = Field(
        7 * 86_400,
        ge=60,
        description="How long an event id is remembered, to recognise duplicates and to answer `events show`.",
    )
    watermark_ttl_seconds: int = Field(
        90 * 86_400,
        ge=60,
        description="How long the highest opens, clicks and replies of an email are remembered, to derive "
        "`email.opened` and its like exactly once.",
    )
    retention_seconds: int = Field(
        86_400,
        ge=0,
        description="How long handled events stay in the stream for replays. Unhandled ones are never removed.",
    )
    quarantine_limit: int = Field(
        1_000, ge=1, description="Signed but unreadable deliveries kept for inspection, oldest dropped first."
    )

    @property
    def replicas_required(self) -> int:
        """N of ``replicas:N``, else 0."""
        return int(self.durability.partition(":")[2] or 0)
