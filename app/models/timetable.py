"""When an offering meets: days of a week, times of a day, class hours, and the words for them."""

from __future__ import annotations

from datetime import date, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from app.clock import instant
from app.database import db
from app.models.rules import RULE_SET
from app.refusal import N_, Refusal

if TYPE_CHECKING:
    from app.models.lesson import Lesson
    from app.models.offering import Offering

WEEKDAYS = (N_("周一"), N_("周二"), N_("周三"), N_("周四"), N_("周五"), N_("周六"), N_("周日"))
MORNING, AFTERNOON, EVENING = 1, 2, 4
MOST_LESSONS = 366


def weekly(
    first_on: date, weekdays: set[int], begins: time, ends: time, count: int | None = None, last_on: date | None = None
) -> list[tuple[date, time, time]]:
    """Meetings on these weekdays (0 Monday … 6 Sunday) from ``first_on`` on: ``count`` of them, or up to ``last_on``.

    Both days are included. Raises ``times-in-order``, ``lesson-short``,
    ``schedule-empty`` or ``schedule-too-long``.
    """
    require_times(begins, ends, first_on)
    if count is None:
        days = (last_on - first_on).days + 1 if last_on is not None else 0
        count = sum((first_on + timedelta(n)).weekday() in weekdays for n in range(days))
    if not weekdays & set(range(7)) or count < 1:
        raise Refusal("schedule-empty", N_("请至少选一个星期几，课次至少 1 次。"))
    if count > MOST_LESSONS:
        raise Refusal("schedule-too-long", N_("一个班最多排 %(most)s 次课，请减少课次。"), most=MOST_LESSONS)
    meetings: list[tuple[date, time, time]] = []
    day = first_on
    while len(meetings) < count:
        if day.weekday() in weekdays:
            meetings.append((day, begins, ends))
        day += timedelta(1)
    return meetings


def note_timetable(offering: Offering) -> None:
    """Keep on the offering what lists show and filter by, read from its lessons."""
    lessons = sorted(offering.lessons, key=lambda lesson: (lesson.held_on, lesson.begins))
    if not lessons:
        offering.first_begins_at = instant(offering.starts_on, time(0))
        offering.last_begins_at = instant(offering.ends_on, time(23, 59))
        offering.weekdays, offering.times_of_day, offering.timetable = 0, 0, ""
        return
    offering.starts_on, offering.ends_on = lessons[0].held_on, lessons[-1].held_on
    offering.first_begins_at, offering.last_begins_at = lessons[0].begins_at, lessons[-1].begins_at
    offering.weekdays = offering.times_of_day = 0
    for lesson in lessons:
        offering.weekdays |= 1 << lesson.held_on.weekday()
        offering.times_of_day |= time_of_day(lesson.begins)
    offering.timetable = _in_words(lessons)
    db.session.flush()


def _in_words(lessons: list[Lesson]) -> str:
    """每周二、四 9:00–10:30，共 16 次"""
    days = sorted({lesson.held_on.weekday() for lesson in lessons})
    times = {(lesson.begins, lesson.ends) for lesson in lessons}
    if len(lessons) == 1:
        only = lessons[0]
        return f"{only.held_on.month}月{only.held_on.day}日 {clock(only.begins)}–{clock(only.ends)}，共 1 次"
    begins, ends = min(times)
    hours = f"{clock(begins)}–{clock(ends)}" if len(times) == 1 else f"{clock(begins)} 起，时间不一"
    names = WEEKDAYS[days[0]] + "".join(f"、{WEEKDAYS[d][1:]}" for d in days[1:])
    return f"每{names} {hours}，共 {len(lessons)} 次"


def clock(at: time) -> str:
    return f"{at.hour}:{at.minute:02d}"


def time_of_day(at: time) -> int:
    """Morning before 12, afternoon before 17:30, then evening."""
    return MORNING if at < time(12) else AFTERNOON if at < time(17, 30) else EVENING


def class_hours_between(begins: time, ends: time, on: date) -> Decimal:
    """Class hours of a lesson on that civil day, to two places."""
    minutes = (ends.hour - begins.hour) * 60 + ends.minute - begins.minute
    return (Decimal(minutes) / RULE_SET.class_hour_minutes(on)).quantize(Decimal("0.01"))


def require_times(begins: time, ends: time, on: date) -> None:
    """Raises ``times-in-order``, or ``lesson-short`` for a lesson that is no class hours long."""
    if begins >= ends:
        raise Refusal("times-in-order", N_("下课时间要晚于上课时间。"))
    if not class_hours_between(begins, ends, on):
        raise Refusal("lesson-short", N_("一次课至少要上 1 分钟，请核对上课和下课时间。"))


def refuse_if_cancelled(offering: Offering) -> None:
    """Raises ``offering-cancelled``: nothing is put on the calendar of what will not be held."""
    if offering.cancelled_at is not None:
        raise Refusal("offering-cancelled", N_("这个班已取消，课次不能再改。"))
