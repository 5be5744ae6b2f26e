"""The turn of the year is Jilin's, wherever the machine's clock stands: sign-ups, lessons, counts, ledgers, windows."""

from __future__ import annotations

import io
import secrets
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from app import clock, ledger
from app.clock import civil, instant
from app.counts import year_table
from app.database import db, writing
from app.ledger.columns import COLUMNS
from app.ledger.files import Ledger
from app.models import Course, Enrolment, Lesson, Offering
from tests.ledgers import a_row, load
from tests.people import NOON, a_person, a_provider, a_resident, an_account, an_offering
from tests.web.desk import offering_form

pytestmark = pytest.mark.zones

LAST_DAY, NEW_YEAR = date(2025, 12, 31), date(2026, 1, 1)
MIDNIGHT = datetime(2025, 12, 31, 16, tzinfo=UTC)  # in Jilin; 08:00 of the old year in Los Angeles
SECOND = timedelta(seconds=1)
LONG_BEFORE = NOON - timedelta(300)
TURN = [(MIDNIGHT - SECOND, LAST_DAY), (MIDNIGHT, NEW_YEAR)]


@pytest.fixture
def at(monkeypatch):
    """``at(moment)``: the machine's clock stands there."""

    def stand(moment: datetime) -> None:
        class Standing(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:  # type: ignore[override] # returns no Standing
                return moment.astimezone(tz)

        monkeypatch.setattr(clock, "datetime", Standing)

    return stand


def by_month(year: int, measure: str = "person_times") -> dict[str, Any]:
    rows = {row.label: row.figures.as_dict()[measure] for row in year_table(year, "month").rows}
    return {label: figure for label, figure in rows.items() if figure}


def test_midnight_is_where_the_clock_in_jilin_says(at):
    assert instant(NEW_YEAR, time(0)) == MIDNIGHT
    for moment, day in TURN:
        at(moment)
        assert (clock.now(), clock.today()) == (moment, day)
    # Shanghai's summer time of 1986–1991: a noon of then is an hour earlier.
    assert instant(date(1988, 7, 1), time(12)) == datetime(1988, 7, 1, 3, tzinfo=UTC)


@pytest.mark.parametrize(("moment", "day"), TURN)
def test_a_sign_up_and_its_withdrawal_have_the_day_of_jilin_and_the_second_in_utc(app, client, at, moment, day):
    with writing():
        account, person = a_resident()
        offering = an_offering(first_on=date(2026, 3, 10))
        offering.published_at = LONG_BEFORE
    at(moment)
    where = f"/my/offerings/{offering.id}/enrolment"
    sent = {"nonce": secrets.token_urlsafe(24), "person_id": person.id}
    answer = client.sign_in(account).post(where, data=sent)
    assert answer.status_code == 303
    assert client.post(f"{answer.location}/withdrawal").status_code == 303
    mine = db.session.scalars(db.select(Enrolment)).one()
    assert (mine.applied_on, mine.registered_on, mine.withdrawn_on) == (day, day, day)
    assert (mine.applied_at, mine.registered_at, mine.withdrawn_at) == (moment, moment, moment)


@pytest.mark.parametrize(
    ("held_on", "begins", "ends"), [(NEW_YEAR, time(0, 5), time(0, 50)), (LAST_DAY, time(23, 10), time(23, 55))]
)
def test_a_lesson_beside_midnight_counts_in_the_year_of_its_own_date(app, client, at, held_on, begins, ends):
    with writing():
        offering = an_offering(title="跨年（演示）", first_on=held_on, lessons=1, begins=begins, ends=ends)
        offering.published_at = LONG_BEFORE
        trainer = an_account("trainer", offering.provider)
        offering.appoint(trainer)
        enrolment = offering.enrol(a_person(), by=None, at=MIDNIGHT - timedelta(2))
        offering.enrol(a_person(), by=None, at=MIDNIGHT - timedelta(2))  # not included – never came
        lesson = offering.lessons[0]
    assert lesson.begins_at == instant(held_on, begins)
    url, day_begins = f"/teach/lessons/{lesson.id}/roll", instant(held_on, time(0))
    for moment, status, said in (
        (day_begins - SECOND, 409, "present"),  # the day before
        (day_begins, 303, "present"),
        (day_begins + timedelta(1) - SECOND, 303, "late"),
        (day_begins + timedelta(1), 409, "absent"),  # the day after, without a reason
    ):
        at(moment)
        version = str(db.session.get_one(Lesson, lesson.id).roll_version)
        roll = {"base_version": version, f"m{enrolment.id}": said}
        assert client.sign_in(trainer).post(url, data=roll).status_code == status, moment
    at(lesson.begins_at)
    page = client.sign_in(trainer).get("/teach/today").get_data(as_text=True)
    assert f"{held_on.year}年{held_on.month}月{held_on.day}日" in page and "跨年（演示）" in page
    db.session.expire_all()
    assert enrolment.first_attended_on == held_on
    other = 2025 + 2026 - held_on.year
    assert by_month(held_on.year) == {f"{held_on.month}月": 1} and by_month(other) == {}
    assert by_month(held_on.year, "class_hours") == {f"{held_on.month}月": 1}
    assert [(year_table(y).total.as_dict()["persons"]) for y in (held_on.year, other)] == [1, 0]
    begin = f"{lesson.begins_at:%Y%m%dT%H%M%SZ}"
    assert f"DTSTART:{begin}" in client.get(f"/offerings/{offering.id}/calendar.ics").get_data(as_text=True)


SPELT = [
    lambda day: day,
    lambda day: datetime(day.year, day.month, day.day),  # noqa: DTZ001 - a spreadsheet's cell has no zone
    lambda day: day.isoformat(),
    lambda day: f"{day.year}年{day.month}月{day.day}日",
    lambda day: (day - date(1899, 12, 30)).days,
]


def test_a_ledger_s_dates_are_the_days_that_stand_in_its_cells_and_come_out_as_they_went_in(app):
    runs = {"开班日期": LAST_DAY, "结班日期": date(2026, 1, 31), "班次编号": "2025-跨年"}
    rows = [
        a_row(10 * n + k, 状态="在读", 首次到课=spell(day), 到课课时="1", **runs)
        for n, spell in enumerate(SPELT)
        for k, day in enumerate((LAST_DAY, NEW_YEAR))
    ]
    rows.append(a_row(99, **runs))  # not included – registered, never came
    load(rows)
    days = db.session.scalars(db.select(Enrolment.first_attended_on).where(Enrolment.first_attended_on.is_not(None)))
    assert sorted(days) == [LAST_DAY] * len(SPELT) + [NEW_YEAR] * len(SPELT)
    offering = db.session.scalars(db.select(Offering)).one()
    assert (offering.starts_on, offering.ends_on) == (LAST_DAY, date(2026, 1, 31))
    assert (by_month(2025), by_month(2026)) == ({"12月": len(SPELT)}, {"1月": len(SPELT)})
    out = io.BytesIO()
    ledger.export(2026, out)
    out.seek(0)
    place = {name: list(COLUMNS).index(name) for name in ("开班日期", "结班日期", "首次到课")}
    seen = [cells for _, cells in Ledger(out, "out.xlsx").rows()]
    assert {cells[place["开班日期"]] for cells in seen} == {"2025-12-31"}
    assert {cells[place["结班日期"]] for cells in seen} == {"2026-01-31"}
    assert sorted(cells[place["首次到课"]] for cells in seen) == ["", *["2025-12-31"] * 5, *["2026-01-01"] * 5]


def test_a_window_opens_and_closes_at_the_second_that_the_clerk_typed(app, client, at):
    with writing():
        provider = a_provider()
        clerk = an_account("clerk", provider)
        course = Course(provider=provider, title="窗口（演示）", is_demo=True)
        db.session.add(course)
        account, person = a_resident()
    at(LONG_BEFORE)
    sent = offering_form(
        course_id=course.id, starts_on="2026-01-05", ends_on="2026-01-31", capacity="30",
        signup_opens_at="2026-01-01T00:00", signup_closes_at="2026-01-02T00:00",
    )  # fmt: skip
    assert client.sign_in(clerk).post("/desk/offerings/new", data=sent).status_code == 303
    offering = db.session.scalars(db.select(Offering)).one()
    assert (offering.signup_opens_at, offering.signup_closes_at) == (MIDNIGHT, MIDNIGHT + timedelta(1))
    page = client.get(f"/desk/offerings/{offering.id}/description").get_data(as_text=True)
    assert 'value="2026-01-01T00:00"' in page and 'value="2026-01-02T00:00"' in page, "as typed"
    lesson = {"held_on": "2026-01-05", "begins": "09:00", "ends": "10:30"}
    assert client.post(f"/desk/offerings/{offering.id}/lessons/new", data=lesson).status_code == 303
    assert client.post(f"/desk/offerings/{offering.id}/publication").status_code == 303
    assert civil(db.session.scalars(db.select(Lesson)).one().begins_at).strftime("%F %T") == "2026-01-05 09:00:00"
    where = f"/my/offerings/{offering.id}/enrolment"
    for moment, status, words in (
        (MIDNIGHT - SECOND, 409, "2026-01-01 00:00 开始报名"),
        (MIDNIGHT + timedelta(1), 409, "报名已经截止"),
        (MIDNIGHT + timedelta(1) - SECOND, 303, ""),
    ):
        at(moment)
        client.sign_in(account)
        answer = client.post(where, data={"nonce": secrets.token_urlsafe(24), "person_id": person.id})
        assert answer.status_code == status and words in answer.get_data(as_text=True)
    at(MIDNIGHT)
    assert db.session.get_one(Offering, offering.id).is_open(clock.now()), "from that second on"
