"""Open data on the site: the bureau sees what will leave, publishes it, and everybody fetches the file (R25)."""

from __future__ import annotations

import csv
import io
import sqlite3
from contextlib import closing
from datetime import date, timedelta

import pytest

from app.clock import today
from app.counts.open_files import counted, draft
from app.database import db, writing
from app.models import OpenRelease
from app.models.place import DIVISIONS
from app.models.rules import CATEGORIES
from tests.people import a_person, an_account, an_offering
from tests.test_counts import attended
from tests.web.test_bureau import bureau, words  # noqa: F401 - a fixture

YEAR = 2025
DAY = date(YEAR, 3, 4)


def come(count: int, category: str, division: str, first_on: date = DAY, came: date | None = None) -> None:
    offering = an_offering(first_on=first_on, category=category, division_code=division, capacity=200)
    for _ in range(count):
        attended(offering, a_person(), came or first_on)


@pytest.fixture
def a_year_of_crowds(app):
    with writing():
        come(3, "elderly", "220202")  # small: never told
        come(40, "elderly", "220203")
        come(31, "rural", "220202")
        come(52, "rural", "220203")
        come(60, "teacher", "220281")
        come(7, "teacher", "220282", date(2024, 3, 5))  # not included – another year
        come(1, "teacher", "220281")
        absent = an_offering(first_on=DAY, category="rural", division_code="220202")
        absent.enrol(a_person(), by=None, at=absent.first_begins_at - timedelta(2))  # not included – never came


def publish(bureau, year: int = YEAR):  # noqa: F811
    return bureau.post(f"/bureau/years/{year}/open-releases")


def fetched(client) -> dict[tuple[str, str], str]:
    answer = client.get(f"/open-data/{YEAR}.csv")
    assert answer.status_code == 200 and "attachment" in answer.headers["Content-Disposition"]
    rows = csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig")))
    return {(row["category"], row["division"]): row["person_times"] for row in rows}


def test_the_bureau_publishes_and_everybody_fetches(bureau, a_year_of_crowds, app):  # noqa: F811
    assert "这一年还没有公开过" in words(bureau.get(f"/bureau/years/{YEAR}/open-data"))
    visitor = app.test_client()
    assert visitor.get(f"/open-data/{YEAR}.csv").status_code == 404
    assert "还没有公开的数据" in words(visitor.get("/open-data"))
    assert publish(bureau).status_code == 303
    told = fetched(visitor)
    assert len(told) == (len(CATEGORIES) + 1) * (len(DIVISIONS) + 1)
    assert told[("elderly", "220202")] == ""
    assert told[("teacher", "220281")] in ("60", ""), "61 people, to the nearest five"
    assert told[("total", "total")] == "185", "187 in all"
    assert "不足 10 人次的格" in words(visitor.get("/open-data"))
    assert visitor.get("/open-data/2024.csv").status_code == visitor.get(f"/open-data/{YEAR}.xlsx").status_code == 404


def test_what_is_counted_is_what_the_year_says(app, a_year_of_crowds):
    from app.counts import count_year

    inner, year = counted(YEAR), count_year(YEAR)
    assert sum(inner.values()) == year.total.person_times == 187
    for row in year.tables["category"]:
        assert sum(n for (category, _), n in inner.items() if category == row.key) == row.figures.person_times
    for row in year.tables["division"]:
        assert sum(n for (_, division), n in inner.items() if division == row.key) == row.figures.person_times


@pytest.mark.engine("sqlite")
def test_the_database_says_the_same_and_explains_itself(bureau, a_year_of_crowds):  # noqa: F811
    publish(bureau)
    answer = bureau.get(f"/open-data/{YEAR}.sqlite")
    with closing(sqlite3.connect(":memory:")) as memory:
        memory.deserialize(answer.data)
        figures = {(c, d): n for c, d, n in memory.execute("SELECT category, division, person_times FROM figures")}
        threshold, base, rules = memory.execute("SELECT threshold, base, rules FROM about").fetchone()
    assert {cell: "" if n is None else str(n) for cell, n in figures.items()} == fetched(bureau)
    assert (threshold, base) == (10, 5) and "不公布" in rules
    assert not [n for n in figures.values() if n is not None and (n % 5 or 0 < n < 10)]


def test_late_entries_wait_until_they_are_ten(bureau, a_year_of_crowds):  # noqa: F811
    publish(bureau)
    before = fetched(bureau)
    with writing():
        come(9, "community", "220284")
    answer = publish(bureau)
    assert answer.status_code == 409 and "没有一格变了 10 人次以上" in words(answer)
    with writing():
        come(1, "community", "220284")
    assert publish(bureau).status_code == 303
    after = fetched(bureau)
    assert before[("community", "220284")] == "0" and after[("community", "220284")] == "10"
    assert {cell for cell, n in before.items() if n == ""} == {cell for cell, n in after.items() if n == ""}
    assert db.session.scalar(db.select(db.func.count()).select_from(OpenRelease)) == 2, "the first one is kept"


@pytest.mark.engine("sqlite")
def test_a_year_that_runs_and_an_empty_one_are_not_published(bureau, a_year_of_crowds):  # noqa: F811
    answer = publish(bureau, today().year)
    assert answer.status_code == 409 and "还没有过完" in words(answer)
    answer = publish(bureau, 2019)
    assert answer.status_code == 409 and "没有人次" in words(answer)
    assert OpenRelease.years() == []


@pytest.mark.engine("sqlite")
def test_who_only_reads_sees_the_draft_and_no_button(client, a_year_of_crowds):
    with writing():
        reader, officer = an_account("reader"), an_account("officer")
    page = f"/bureau/years/{YEAR}/open-data"
    assert "<button>公开" not in client.sign_in(reader).get(page).get_data(as_text=True)
    assert publish(client).status_code == 404 and OpenRelease.years() == []
    assert draft(YEAR).hidden
    assert "<button>公开" in client.sign_in(officer).get(page).get_data(as_text=True)
