"""Days as people mean them: of the time zone that the panel is set to."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from babel.localtime import LOCALTZ

from webmailadmin import settings

A_DAY = timedelta(days=1)
# Far enough from both ends of what a date can be to be moved by a time zone.
FIRST, LAST = date(1970, 1, 2), date(9999, 12, 30)
zones = cache(available_timezones)  # which reads many files


def time_zone() -> str:
    """Return the name of the time zone that dates are shown in."""
    wanted = (settings.current.time_zone, str(LOCALTZ))
    return next((zone for zone in wanted if zone in zones()), "UTC")


def begin_of(day: date) -> datetime:
    """Return when a day begins, in UTC without a zone."""
    local = datetime.combine(day, time(), ZoneInfo(time_zone()))
    return local.astimezone(UTC).replace(tzinfo=None)


def day_of(moment: datetime) -> date:
    """Return the day that a time in UTC falls on."""
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(time_zone())).date()


def read(typed: str) -> date | None:
    """Return the day that was typed as 2026-08-03; None for nothing. Raises ValueError."""
    text = typed.strip()
    if not text:
        return None
    day = datetime.strptime(text, "%Y-%m-%d").date()
    if not FIRST <= day <= LAST:
        raise ValueError(text)
    return day
