"""What day and time it is in Jilin City. The only place that asks the machine.

Lessons and birthdays are civil dates in Asia/Shanghai; stamps are UTC. A
date is never made from an instant in another zone: Shanghai changed its
offset 28 times between 1919 and 1991.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """This instant, aware, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The civil date in Jilin City."""
    return civil(now()).date()


def civil(stamp: datetime) -> datetime:
    """A stamp as the clock on the wall in Jilin City shows it."""
    return stamp.astimezone(SHANGHAI)


def instant(day: date, at: time) -> datetime:
    """The UTC instant at which the clock on the wall shows ``at`` on ``day``."""
    return datetime.combine(day, at, SHANGHAI).astimezone(UTC)
