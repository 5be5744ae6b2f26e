"""The page of suspicious patterns: reasons in words, each opening its rows, and the year with and without."""

from __future__ import annotations

import re
from datetime import datetime

import pytest

from app.database import writing
from tests.people import NOON, a_person, an_account
from tests.test_patterns import a_class, an_honest_term, call


def words(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)).split())


@pytest.fixture
def reader(client):
    with writing():
        account = an_account("reader")
    return client.sign_in(account)


@pytest.fixture
def invented(app):
    """One class in which nothing is as it should be, and an honest one."""
    with writing():
        trainer = an_account("trainer", name="沈演示老师")
        people = [a_person("王演示桂"), *(a_person() for _ in range(5))]
        offering, enrolments = a_class(who=people, title="剪纸（演示）")
        evening = datetime(2026, 4, 20, 21, 5, tzinfo=NOON.tzinfo)
        for lesson in offering.lessons:
            lesson.take_roll({e.id: "present" for e in enrolments}, by=trainer, at=evening, base_version=0)
        an_honest_term(*a_class(title="太极拳（演示）"))
    return offering


def test_reasons_stand_in_words_and_the_year_with_and_without(reader, invented):
    page = reader.get("/bureau/years/2026/patterns")
    said = words(page)
    assert "4 次点名里有 4 次是 2026-04-20 21:05–21:05 一起录入的" in said
    assert "4 次点名，6 人一次也没有缺过" in said
    assert "任何一种 1 6 6 6 全市，全部计入 12 12" in said
    assert "剪纸（演示）" in said and "太极拳（演示）" not in said
    assert f'href="/bureau/years/2026/patterns/{invented.id}"' in page.get_data(as_text=True)
    assert 'href="/bureau/years/2026/patterns"' in reader.get("/bureau/years/2026").get_data(as_text=True)


def test_a_reason_opens_its_rows_masked(reader, invented):
    page = reader.get(f"/bureau/years/2026/patterns/{invented.id}")
    said = words(page)
    assert "沈演示老师" in said and "晚 41 天" in said and "涉及的报名：6 个" in said
    assert "王***" in said and "演示桂" not in said
    assert len(set(re.findall(r'href="(/bureau/sign-ups/\d+)"', page.get_data(as_text=True)))) == 6


def test_one_kind_can_be_asked_for_and_what_there_is_not_is_missing(reader, invented):
    assert "剪纸（演示）" in words(reader.get("/bureau/years/2026/patterns?kind=late"))
    assert "没有发现可疑的记录" in words(reader.get("/bureau/years/2026/patterns?kind=two_places"))
    assert "没有发现可疑的记录" in words(reader.get(f"/bureau/years/2025/patterns/{invented.id}"))
    for rest in ("?kind=nonsense", "?page=2", "/987654"):
        assert reader.get("/bureau/years/2026/patterns" + rest).status_code == 404


@pytest.mark.engine("sqlite")
def test_it_is_found_anew_once_something_changed(reader, invented):
    assert "任何一种 1 6 6 6" in words(reader.get("/bureau/years/2026/patterns"))
    with writing():
        offering, enrolments = a_class()
        for lesson in offering.lessons:
            call(lesson, enrolments)
    assert "任何一种 2 12 6 6" in words(reader.get("/bureau/years/2026/patterns"))
