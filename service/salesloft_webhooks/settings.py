"""Every setting, in one typed place, read from environment variables.

``docs/configuration.md`` is generated from this file (``make docs``). Durations carry their unit in the name.
Secrets are `SecretStr`, so no repr, log line or traceback shows them.
"""

from enum import StrEnum
from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import Field, SecretStr, model_validator

from salesloft_webhooks.alert_settings import AlertSettings
from salesloft_webhooks.backfill_settings import BackfillSettings
from salesloft_webhooks.console_settings import ConsoleSettings
from salesloft_webhooks.content_filters import FilterText
from salesloft_webhooks.environment import CommaList, SecretCommaList
from salesloft_webhooks.event_patterns import PatternList
from salesloft_webhooks.limit_settings import LimitSettings
from salesloft_webhooks.link_swap_settings import LinkSwapSettings
from salesloft_webhooks.operator_settings import OperatorSettings
from salesloft_webhooks.salesloft_settings import SalesloftSettings
from salesloft_webhooks.store_settings import StoreSettings


class Ordering(StrEnum):
    """How a group orders its events."""

    NONE = "none"
    """Any event may run at any time: most parallel."""
    ENTITY = "entity"
    """Events of one person run one at a time, in the order they were accepted; people run in parallel."""


class LogFormat(StrEnum):
    """How log lines look."""

    AUTO = "auto"
    """`console` on a terminal, else `json`."""
    JSON = "json"
    CONSOLE = "console"


class Settings(
    AlertSettings,
    BackfillSettings,
    ConsoleSettings,
    LimitSettings,
    LinkSwapSettings,
    OperatorSettings,
    SalesloftSettings,
    StoreSettings,
):
    """The settings of one process. Construct with `Settings.load()`, which reports errors by setting name only."""

    FROM_FILES: ClassVar = ("redis_url", "database_url", "notify_urls")

    # -- Source -----------------------------------------------------------------------------------------------------
    sources_file: Path | None = Field(
        None,
        description="YAML or JSON file that describes several sources, each with its own path and keys. Without it, "
        "one source named `default` is made from the variables below.",
    )
    source_path: str = Field("/webhooks/salesloft", pattern=r"^/", description="URL path of the default source.")
    salesloft_webhook_secret: SecretStr | None = Field(
        None,
        description="Envelope dialect: the HMAC-SHA256 secret. Several values separated by commas during a rotation.",
    )
    salesloft_webhook_secret_file: Path | None = Field(
        None, description="File with the same, re-read when it changes (a mounted Kubernetes secret)."
    )
    salesloft_callback_token: SecretStr | None = Field(
        None, description="Native dialect: one callback token for all subscriptions. Several during a rotation."
    )
    salesloft_callback_token_file: Path | None = Field(None, description="File with the same, re-read on change.")
    salesloft_callback_secret: SecretStr | None = Field(
        None,
        description="Native dialect, preferred: a master key from which one callback token per event type is derived "
        "(hex HMAC-SHA256 of the event name), so that a captured body cannot be replayed under another name.",
    )
    salesloft_callback_secret_file: Path | None = Field(None, description="File with the same, re-read on change.")
    salesloft_standard_webhooks_secret: SecretStr | None = Field(
        None,
        description="Standard Webhooks dialect: the secret, `whsec_` and base64 of at least 24 bytes. "
        "Several during a rotation.",
    )
    salesloft_standard_webhooks_secret_file: Path | None = Field(
        None, description="File with the same, re-read on change."
    )
    timestamp_tolerance_seconds: int = Field(
        300,
        ge=1,
        le=86_400,
        description="Envelope and Standard Webhooks dialects: how far a timestamp may lie from our clock.",
    )

    # -- Receiver ---------------------------------------------------------------------------------------------------
    host: str | None = Field(
        None, description="Address both ports listen on; default: every one, of IPv4 and of IPv6 if there is any."
    )
    port: int = Field(8000, ge=0, le=65_535, description="Webhook port. The only one to expose to the internet.")
    ops_port: int = Field(
        9090, ge=0, le=65_535, description="Probes and metrics (`/livez`, `/readyz`, `/metrics`). Never expose it."
    )
    health_path: str = Field(
        "/healthz",
        pattern=r"^(/[^\s?#]*|off)$",
        description="GET and HEAD here, on the webhook port, are for load balancers: 200, and 503 from SIGTERM on, "
        "`SHUTDOWN_DELAY_SECONDS` before deliveries are not taken any more. No store is asked. `off`: there is none.",
    )
    max_body_bytes: int = Field(1_048_576, ge=1, description="Larger bodies are answered 413, checked while reading.")
    body_timeout_seconds: float = Field(
        10.0,
        gt=0,
        description="A body that takes longer to arrive is answered 408; a head that does, or an answer that nobody "
        "takes, ends with its connection.",
    )
    body_memory_bytes: int = Field(
        67_108_864,
        ge=1,
        description="Memory that connections (16 KiB each), unfinished heads and all bodies in work may hold together; "
        "beyond it unauthenticated clients are evicted first, and bodies over 16 KiB are answered 503 when there is "
        "nobody to evict. Bounds what they can make us hold; keep the container's limit 200 MiB above it.",
    )
    retry_after_seconds: int = Field(
        10, ge=1, description="`Retry-After` of a 503. SalesLoft retries 15 s apart; relays honour this."
    )
    shutdown_delay_seconds: float = Field(
        5.0,
        ge=0,
        description="After SIGTERM: how long deliveries are still accepted while readiness already says no, because "
        "load balancers go on sending until they have noticed. Takes the place of a preStop sleep.",
    )
    drain_seconds: float = Field(
        20.0,
        ge=0,
        description="After that: how long running requests may take to finish. Keep the sum of both below the pod's "
        "`terminationGracePeriodSeconds` (30 s by default).",
    )

    # -- Worker -----------------------------------------------------------------------------------------------------
    worker_group: str | None = Field(
        None,
        pattern=r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$",
        description="The consumer group this worker belongs to; a built-in one brings its handlers (docs/handlers.md).",
    )
    worker_handlers: CommaList = Field(
        (), description="Routers of your own, `package.module:router`, separated by commas."
    )
    worker_events: PatternList = Field(
        (), description="Event patterns the group takes, separated by commas; default: what its routers name."
    )
    worker_where: FilterText | None = Field(
        None,
        description="What an event has to say for the group to handle it, in the language of docs/filters.md "
        "(`data.crm_id exists and not data.do_not_contact = true`); others are settled as `filtered`.",
    )
    worker_ordering: Ordering | None = Field(
        None,
        description="`none`, or `entity`: one at a time and in order per person; default: what the group's handlers "
        "need (docs/handlers.md).",
    )
    worker_concurrency: int = Field(50, ge=1, le=500, description="Handlers running at once in one process.")
    worker_processes: int | None = Field(
        None, ge=1, le=500, description="Processes of each `in_process` handler; default: the number of processors."
    )
    worker_partitions: CommaList = Field((), description="Partitions this process serves; default: all.")
    lease_seconds: float = Field(
        60.0,
        gt=0,
        description="A consumer's time-limited right to an entry, renewed at a third of it. After a crash, others "
        "take over when it ends.",
    )
    handler_timeout_seconds: float = Field(30.0, gt=0, description="Time-out of one attempt.")
    max_attempts: int = Field(
        8,
        ge=1,
        le=1000,
        description="Failed attempts before an event becomes a dead letter, and leases that it may lose in a row (its "
        "workers die of it) before it is poison. The built-in groups that call other systems make "
        "24 over an hour and more, unless this is set.",
    )
    no_handler_seconds: float = Field(
        3600.0,
        gt=0,
        description="How long an event that the group wants waits for a worker that has a handler for it (two versions "
        "side by side, a roll-back), before it becomes a dead letter; as long, what a version wanted counts after it.",
    )
    backoff_base_seconds: float = Field(
        1.0, gt=0, description="Upper end of the first retry's delay; doubles with each attempt, with full jitter."
    )
    backoff_cap_seconds: float = Field(300.0, gt=0, description="The delay never exceeds this.")
    grace_seconds: float = Field(
        25.0,
        ge=0,
        description="After SIGTERM: how long running handlers may finish; the rest is handed back unharmed. Keep it "
        "below `terminationGracePeriodSeconds` (30 s by default).",
    )
    poll_seconds: float = Field(
        1.0,
        gt=0,
        le=2,
        description="Longest wait for new events before due ones are looked for again. Below the socket time-out.",
    )
    upkeep_seconds: float = Field(
        10.0, gt=0, description="How often a worker trims and audits the store, and each process measures it."
    )

    # -- Built-in handlers ------------------------------------------------------------------------------------------
    database_url: SecretStr = Field(
        SecretStr("sqlite+aiosqlite:///salesloft-webhooks.db"),
        description="Where `activity`, `crm`, `tables` and `events` write: `sqlite:///file`, or in production "
        "`postgresql://user:password@host/name` with libpq's parameters (`?sslmode=verify-full&sslrootcert=...`); what "
        "cannot be obeyed is refused. See docs/handlers.md.",
    )
    database_url_file: Path | None = Field(
        None, description="File with the same, read once at the start; DATABASE_URL itself wins."
    )
    handlers_file: Path | None = Field(
        None,
        description="YAML file that says what the built-in groups do beyond the variables here: the CRM's back end, "
        "who is notified of what, the endpoints events are forwarded to. See docs/handlers.md.",
    )
    notify_urls: SecretCommaList = Field(
        (), description="Apprise URLs that `notify` sends to, separated by commas; none: it logs instead."
    )
    notify_urls_file: Path | None = Field(
        None, description="File with the same, read once at the start; NOTIFY_URLS itself wins."
    )

    # -- Telemetry --------------------------------------------------------------------------------------------------
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Lowest level written.")
    log_format: LogFormat = Field(LogFormat.AUTO, description="`json`, `console`, or `auto` (by terminal).")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.backoff_cap_seconds < self.backoff_base_seconds:
            raise ValueError("BACKOFF_CAP_SECONDS is below BACKOFF_BASE_SECONDS")
        if self.no_handler_seconds < 2 * self.upkeep_seconds:
            raise ValueError("NO_HANDLER_SECONDS is below twice UPKEEP_SECONDS: living workers would seem to be gone")
        if self.idempotency_ttl_seconds < self.retention_seconds:
            raise ValueError(
                "IDEMPOTENCY_TTL_SECONDS is below RETENTION_SECONDS: a lost group would repeat what is done"
            )
        if self.body_memory_bytes < self.max_body_bytes:
            raise ValueError("BODY_MEMORY_BYTES is below MAX_BODY_BYTES: the largest body could never be read")
        if self.body_key_file and self.store_format < 2:
            raise ValueError("BODY_KEY_FILE needs STORE_FORMAT=2: bodies are not encrypted in format 1")
        return self
