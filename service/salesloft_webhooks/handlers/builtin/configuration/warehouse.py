"""The section `warehouse`: where the Parquet files go, and how many events are in one."""

from pydantic import Field, SecretStr, model_validator

from salesloft_webhooks.event_patterns import Patterns
from salesloft_webhooks.handlers.builtin.configuration.sections import Section


class S3Storage(Section):
    """How to reach S3-compatible storage; what is left out is looked for as AWS' own programs do."""

    endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s/?#@]+$",
        description="For storage that is not Amazon's: `https://host:port`.",
    )
    region: str | None = Field(default=None, min_length=1)
    access_key: SecretStr | None = None
    secret_key: SecretStr | None = None
    role_arn: str | None = Field(default=None, pattern=r"^arn:\S+$", description="A role that is assumed instead.")

    @model_validator(mode="after")
    def _consistent(self) -> "S3Storage":
        if (self.access_key is None) != (self.secret_key is None):
            raise ValueError("access_key and secret_key go together")
        if self.access_key is not None and self.role_arn is not None:
            raise ValueError("access_key and role_arn exclude each other")
        return self


class GcsStorage(Section):
    """How to reach Google Cloud Storage otherwise than at its public address with Google's default credentials."""

    endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s/?#@]+$",
        description="Where it is reached privately, or what speaks its protocol: `https://host:port`.",
    )
    anonymous: bool = Field(default=False, description="Without credentials: for what asks for none.")

    @model_validator(mode="after")
    def _consistent(self) -> "GcsStorage":
        if (self.endpoint or "").startswith("http://") and not self.anonymous:
            raise ValueError("gcs.endpoint must begin with https://, or anonymous be true: Google's token goes along")
        return self


class WarehouseConfiguration(Section):
    """Where events are kept as Parquet files."""

    url: str = Field(
        pattern=r"^(file:///[^\s/?#]+|(s3|gs)://[^\s/?#@]+)(/[^\s/?#]+)*/?$",
        description="`file:///folder`, `s3://bucket/prefix` or `gs://bucket/prefix`.",
    )
    events: Patterns = Field(default=("*",), min_length=1, description="Event patterns.")
    max_events: int = Field(
        default=500, ge=1, le=10_000, description="Written together at most; see `WORKER_CONCURRENCY`."
    )
    max_wait_seconds: float = Field(
        default=10.0, ge=0, le=300, description="How long the first event waits for others."
    )
    timeout_seconds: float = Field(default=60.0, gt=0, le=300, description="How long a write may take.")
    typed: bool = Field(default=False, description="Whether compactions write a table for each kind of resource.")
    compaction_hours: float = Field(
        default=26.0,
        ge=0,
        le=8_760,
        description="After so long without a complete compaction there is an alert; 0: never.",
    )
    s3: S3Storage = S3Storage()
    gcs: GcsStorage = GcsStorage()

    @model_validator(mode="after")
    def _consistent(self) -> "WarehouseConfiguration":
        if self.s3 != S3Storage() and not self.url.startswith("s3://"):
            raise ValueError("s3 is for an s3:// address")
        if self.gcs != GcsStorage() and not self.url.startswith("gs://"):
            raise ValueError("gcs is for a gs:// address")
        return self
