"""The settings of the backfill. Part of `Settings`."""

from pydantic import Field

from salesloft_webhooks.environment import CommaList, Environment
from salesloft_webhooks.event_patterns import PatternList


class BackfillSettings(Environment):
    """See `Settings`, which these are a part of."""

    # -- Backfill ---------------------------------------------------------------------------------------------------
    backfill_resources: CommaList = Field(
        (), description="What is read, by the names of docs/backfill.md, separated by commas; default: all it can read."
    )
    backfill_events: PatternList = Field(
        (),
        description="Event patterns that are published, separated by commas; default: what SalesLoft sends to us, by "
        "the subscriptions whose address ends with SOURCE_PATH.",
    )
    backfill_source: str = Field("default", description="The source that its events seem to come from.")
    backfill_since_seconds: int = Field(
        0, ge=0, description="How far back the role begins when it runs for the first time."
    )
    backfill_every_seconds: float = Field(60.0, gt=0, description="How often the lists are read.")
    backfill_settle_seconds: float = Field(
        120.0,
        ge=0,
        description="What changed so lately is left alone: SalesLoft tries a delivery for 45 seconds. A webhook that "
        "comes later than this counts as missed.",
    )
    backfill_overlap_seconds: float = Field(
        600.0, ge=0, description="How much before the cursor is read again, for changes that became visible late."
    )
    backfill_events_per_second: float = Field(100.0, gt=0, description="Deliveries published a second, at most.")
    backfill_lag_limit: int = Field(
        1_000,
        ge=1,
        description="Live events go first: while any group that is not paused has so many events to do, nothing is "
        "published; it goes on at half of it.",
    )
    backfill_api_reserve: int = Field(
        300,
        ge=0,
        lt=600,
        description="Units of SalesLoft's rate limit (600 a minute for the whole team) that are left for others.",
    )
