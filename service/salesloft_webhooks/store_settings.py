"""The settings about Redis or Valkey: where it is, how to log in to it, what it promises. Part of `Settings`."""

from enum import StrEnum
from pathlib import Path

from pydantic import Field, SecretStr, field_validator

from salesloft_webhooks.environment import Environment

LEAST_STORE_BYTES = 16 * 2**20
"""Less is a number that was meant in another unit."""


class BodyCompression(StrEnum):
    """How bodies are kept."""

    OFF = "off"
    """As they came."""
    ZSTD = "zstd"
    """As zstd frames, made with a trained dictionary."""


class StoreSettings(Environment):
    """See `Settings`, which these are a part of."""

    # -- Store ------------------------------------------------------------------------------------------------------
    redis_url: SecretStr = Field(
        SecretStr("redis://localhost:6379/0"),
        description="Redis or Valkey: `redis://host:port/db`, `rediss://` (TLS), `unix:///path/of/the/socket?db=0`, "
        "`redis+sentinel://host:port,host:port/service/db`, `redis+cluster://host:port,host:port`; the latter two also "
        "with `rediss+`. IPv6 addresses stand in brackets: `[2001:db8::1]:6379`. A password may stand in the URL, "
        "%-encoded; prefer a secret.",
    )
    redis_url_file: Path | None = Field(
        None, description="File with the same, read once at the start; REDIS_URL itself wins."
    )
    redis_username: str | None = Field(None, description="User to log in as, unless REDIS_URL names one.")
    redis_password_file: Path | None = Field(
        None,
        description="File that holds the password, for passwords that change (tokens of cloud services): read at each "
        "connect, and living connections log in anew when it changes.",
    )
    redis_ca_file: Path | None = Field(
        None,
        description="Certificate authority of a server that uses TLS (`rediss://`, `rediss+sentinel://`, "
        "`rediss+cluster://`) with a private one; default: the system's. Read at each connect.",
    )
    redis_client_cert_file: Path | None = Field(
        None,
        description="Certificate (PEM, with its chain) of ours, for a server that asks for one. Read at each connect, "
        "so a renewed one needs no restart.",
    )
    redis_client_key_file: Path | None = Field(None, description="The certificate's private key (PEM, not encrypted).")
    redis_sentinel_username: str | None = Field(
        None, description="User to log in as at the sentinels, which do not know the servers' users."
    )
    redis_sentinel_password: SecretStr | None = Field(None, description="Password of the sentinels.")
    redis_sentinel_password_file: Path | None = Field(None, description="File with the same, re-read on change.")
    redis_sentinel_tls: bool | None = Field(
        None, description="Whether the sentinels speak TLS; default: with `rediss+sentinel://` they do."
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
        description="Streams the events are spread over, by entity; more than one only helps with Redis Cluster. "
        "Receivers raise the store's number to it, at any time; nothing lowers it, and every process works with the "
        "store's number (docs/scaling.md).",
    )
    durability: str = Field(
        "memory",
        pattern=r"^(memory|fsync|replicas:[1-9][0-9]*)$",
        description="What a 200 promises: `memory` (the server has it; its own persistence decides about a crash), "
        "`fsync` (on its disk: `appendfsync always`, which is recommended, or WAITAOF, which some servers answer late "
        "and some too early) or `replicas:N` (N replicas have it: WAIT). A level the server cannot give makes the "
        "receiver unready and answers 503; a weak set-up is reported loudly.",
    )
    store_timeout_seconds: float = Field(
        5.0,
        gt=0,
        le=30,
        description="How long storing one delivery may take before the answer is 503. SalesLoft retries 15 s apart, "
        "so a short time costs nothing.",
    )
    readiness_grace_seconds: float = Field(
        5.0,
        ge=0,
        description="How long the store may be unusable before readiness says so: a fail-over that is shorter takes no "
        "pod out of service, whose 503 with `Retry-After` is worth more than no answer. The metric falls at once.",
    )
    backlog_limit: int = Field(
        1_000_000,
        ge=1,
        description="Events the slowest group may have waiting before the receiver answers 503, so that memory is "
        "never exhausted silently. Where there is a limit of memory (`maxmemory` or STORE_MAX_BYTES), that counts, "
        "unless this is set.",
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
    store_format: int = Field(
        2,
        ge=1,
        le=2,
        description="Highest format of what is stored. Format 2 takes less memory; version 0.1.0 cannot "
        "read it. It is written at once in a new installation, else when every worker has read it for ten minutes. "
        "1 holds it back as long as you want to be able to roll back to 0.1.0.",
    )
    body_compression: BodyCompression = Field(
        BodyCompression.OFF,
        description="`zstd` compresses bodies in the store with a trained dictionary, to half of their size or less; "
        "`off` keeps them as they came. Both are always read; frames are written in format 2 of the store only.",
    )
    body_key_file: Path | None = Field(
        None,
        description="File with keys that encrypt bodies in the store (AES-256-GCM): a key a line, as `body-keys new` "
        "makes them. The first encrypts, all decrypt; re-read on change. Workers, commands and console need it before "
        "receivers use it; these wait until every worker has it (docs/security.md). Plain bodies stay readable.",
    )
    encrypt_bodies: bool = Field(
        default=True,
        description="Whether whoever has BODY_KEY_FILE encrypts what it stores; with `false` it only decrypts. For "
        "roles that read and write (backfill, console, commands) while encryption is to stop.",
    )
    store_max_bytes: int = Field(
        0,
        ge=0,
        description="Bytes of memory that the Redis server may use, as a `maxmemory` of ours: for a server that has "
        "none, or a larger one. The least of both counts. Beyond HISTORY_MEMORY_SHARE of it the oldest handled events "
        "go, then the oldest records; when unfinished work fills it, receivers answer 503 (docs/sizing.md). What "
        "others keep on the server counts; in a cluster it is for each server. 0: no such limit; else at least "
        "16777216.",
    )
    history_memory_share: float = Field(
        0.75,
        gt=0,
        le=1,
        description="Share of what the server may use (the least of its `maxmemory` and STORE_MAX_BYTES) up to which "
        "handled events may stay. Beyond it the oldest go before RETENTION_SECONDS is over, never one that is not "
        "handled (docs/sizing.md). Without both only time and HISTORY_MAX_BYTES count.",
    )
    history_max_bytes: int = Field(
        0,
        ge=0,
        description="Bytes that the streams of all partitions together may have, each its equal part, before the "
        "oldest handled events go; 0: no such limit.",
    )
    quarantine_limit: int = Field(
        1_000, ge=1, description="Signed but unreadable deliveries kept for inspection, oldest dropped first."
    )

    @field_validator("store_max_bytes")
    @classmethod
    def _not_mistaken_for_megabytes(cls, value: int) -> int:
        if 0 < value < LEAST_STORE_BYTES:
            raise ValueError(f"is in bytes, and an empty server uses a few million: at least {LEAST_STORE_BYTES}, or 0")
        return value

    @property
    def replicas_required(self) -> int:
        """N of ``replicas:N``, else 0."""
        return int(self.durability.partition(":")[2] or 0)
