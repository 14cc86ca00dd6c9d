"""Digests: when the next one is due."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from salesloft_webhooks.handlers.builtin.configuration import Digest


def next_digest(digest: Digest, moment: datetime) -> datetime:
    """The first of its times that is later than ``moment`` (with a zone).

    By the clock on the wall: a time that a change to summer time leaves out is the one an hour later.
    """
    zone = ZoneInfo(digest.zone)
    today = moment.astimezone(zone).date()
    times = [datetime.combine(today + timedelta(days=days), at, tzinfo=zone) for days in (0, 1, 2) for at in digest.at]
    # Spelled out in one zone: within another, two times of the hour that comes twice would be the same.
    return min(each for each in (time.astimezone(moment.tzinfo) for time in times) if each > moment)
