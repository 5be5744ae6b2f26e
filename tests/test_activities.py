"""R15: what is too short to be training has its own table, and the list behind it holds the same figures."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from app.counts import count_year
from app.counts.activities import activities, listed
from app.database import writing
from tests.people import a_person, an_account, an_offering
from tests.test_counts import attended, came, withdrawn
from tests.web.test_bureau import words

MAY = date(2026, 5, 1)
SHORT = {"planned_hours": Decimal("1.99")}


def a_year_of_activities() -> None:
    with writing():
        talk = an_offering(title="讲座（演示）", category="community", **SHORT)
        visit = an_offering(title="开放日（演示）", category="youth", first_on=MAY, **SHORT)
        person = a_person()
        attended(talk, person, MAY, completed_on=MAY)
        attended(talk, a_person(), MAY)
        attended(visit, person, MAY)
        came(visit, MAY, 60)
        attended(an_offering(planned_hours=Decimal(2)), a_person(), MAY)  # not included – training
        attended(talk, a_person(), date(2025, 12, 31))  # not included – another year
        attended(talk, person, date(2026, 6, 1), **withdrawn(date(2026, 6, 2)))  # not included – again (R3)
        attended(talk, a_person(), MAY, part="staff")  # not included – on duty (R2)
        came(talk, MAY, 80)  # not included – groups count among the young alone (R13)
        an_offering(title="没人来的讲座（演示）", **SHORT)  # not included – nobody came


def test_r15_the_list_of_activities_is_the_table_of_activities(app):
    a_year_of_activities()
    found = listed(activities(2026))
    assert [(a.offering.course.title, *a[1:]) for a in found] == [
        ("讲座（演示）", 2, 1, 0), ("开放日（演示）", 1, 0, 60),
    ]  # fmt: skip
    year = count_year(2026)
    every = year.all_activities
    assert (every.person_times, every.completions, every.group_headcount) == (3, 1, 60)
    for row in year.activities:
        mine = listed(activities(2026, str(row.key)))
        for n, measure in ((1, "person_times"), (2, "completions"), (3, "group_headcount")):
            assert sum(a[n] for a in mine) == getattr(row.figures, measure), row.key
    assert year.total.person_times == 1 and year.total.group_headcount == 0


def test_the_page_of_activities_opens_from_the_year_and_by_category(client):
    a_year_of_activities()
    with writing():
        reader = an_account("reader")
    client.sign_in(reader)
    assert "/bureau/years/2026/activities?category=youth" in client.get("/bureau/years/2026").text
    page = words(client.get("/bureau/years/2026/activities"))
    assert "共 2 场" in page and "没人来的讲座" not in page
    page = words(client.get("/bureau/years/2026/activities?category=youth"))
    assert "2026 年活动：中小学生体验" in page and "讲座（演示）" not in page and "60" in page
    assert client.get("/bureau/years/2026/activities?category=nothing").status_code == 404
    assert client.get("/bureau/years/2026/activities?page=2").status_code == 404
    assert "这一年没有活动" in words(client.get("/bureau/years/2024/activities"))
