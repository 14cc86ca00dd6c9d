"""Quiet hours: when they end, if it is quiet now."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from salesloft_webhooks.handlers.builtin.configuration import QuietHours


def seconds_until_quiet_hours_end(hours: QuietHours | None, now: datetime) -> float:
    """Seconds until the quiet hours that ``now`` (with a zone) lies in are over; 0 if it lies in none.

    Hours that start later than they end go over midnight; hours that start when they end are none.
    """
    if hours is None or hours.start == hours.end:
        return 0.0
    zone = ZoneInfo(hours.zone)
    local = now.astimezone(zone)
    clock = local.time()
    over_midnight = hours.start > hours.end
    quiet = clock >= hours.start or clock < hours.end if over_midnight else hours.start <= clock < hours.end
    if not quiet:
        return 0.0
    day = local.date() + timedelta(days=1 if over_midnight and clock >= hours.start else 0)
    end = datetime.combine(day, hours.end, tzinfo=zone)
    # Both zones are spelled out: a difference within one zone would overlook a change to summer time in between.
    return max((end.astimezone(now.tzinfo) - now).total_seconds(), 0.0)
