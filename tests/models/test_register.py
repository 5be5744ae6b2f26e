"""The bureau's lists: who stood in which state on a day, and what a correction leaves of the past."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select

from app.database import db, writing
from app.models import RegisterEntry, RegisterKind, RegisterState
from app.models.register import NAMED, count_in, entries_in, kind_of, shown_to_everybody, standings
from app.refusal import Refusal
from tests.people import NOON, a_person, a_provider, an_account, an_offering, mobile

TODAY = date(2026, 11, 24)
DEADLINE = date(2025, 12, 31)


def an_entry(kind: str, name: str, *states: tuple[str, date], level: str = "", **facts: Any) -> RegisterEntry:
    entry = RegisterEntry.add(NAMED[kind], by=None, at=NOON, **{"name": name, "level": level, "year": None, **facts})
    for state, on in states:
        entry.set_state(state, on, document="演示〔2025〕1号", by=None, at=NOON, day=TODAY)
    return entry


def test_an_entry_counts_by_where_it_stood_on_the_day(app):
    with writing():
        an_entry("association", "汽车行业协会（演示）", ("preparing", date(2024, 3, 1)), ("unveiled", date(2025, 5, 1)))
        an_entry("association", "电商行业协会（演示）", ("unveiled", DEADLINE))
        # not included – unveiled a day after
        an_entry("association", "冰雪行业协会（演示）", ("unveiled", date(2026, 1, 1)))
        # not included – only preparing
        an_entry("association", "航空行业协会（演示）", ("preparing", date(2024, 1, 1)))
        # not included – dissolved before the day
        an_entry("association", "化纤行业协会（演示）", ("unveiled", date(2023, 1, 1)), ("dissolved", date(2025, 6, 1)))
        # not included – no state at all
        an_entry("association", "养老行业协会（演示）")
        # not included – another list
        an_entry("base_youth", "职业体验基地（演示）", ("accepted", date(2024, 1, 1)))
    names = [entry.name for entry in entries_in("association", ["unveiled"], DEADLINE)]
    assert names == ["汽车行业协会（演示）", "电商行业协会（演示）"]
    assert count_in("association", ["unveiled"], date(2025, 5, 31)) == 2  # the dissolved one still stood
    assert count_in("association", ["unveiled"], date(2025, 4, 30)) == 1
    assert standings(DEADLINE)["association"] == {"unveiled": 2, "preparing": 1, "dissolved": 1}


def test_a_level_narrows_and_several_states_widen(app):
    with writing():
        an_entry("online_course", "省级课程（演示）", ("applied", date(2023, 1, 1)), level="provincial")
        an_entry("online_course", "立项课程（演示）", ("approved", date(2023, 1, 1)), level="provincial")
        an_entry(
            "online_course",
            "建成课程（演示）",
            ("approved", date(2022, 1, 1)),
            ("built", date(2024, 1, 1)),
            level="provincial",
        )
        an_entry("online_course", "校级课程（演示）", ("approved", date(2023, 1, 1)), level="school")
        an_entry(
            "online_course",
            "撤销课程（演示）",
            ("approved", date(2023, 1, 1)),
            ("withdrawn", date(2024, 1, 1)),
            level="provincial",
        )
    approved = NAMED["online_course"].from_state("approved")
    assert approved == ("approved", "built")
    assert count_in("online_course", approved, DEADLINE, level="provincial") == 2
    assert count_in("online_course", approved, DEADLINE) == 3
    assert count_in(["online_course", "resource_library"], ["built"], DEADLINE) == 1


def test_a_correction_is_a_further_row_and_leaves_the_first_one(app):
    with writing():
        clerk = an_account("officer")
        entry = an_entry("base_on_campus", "数控基地（演示）", ("accepted", date(2024, 6, 1)))
        first = entry.history[0]
        said = {"document": "演示〔2025〕2号", "by": clerk, "at": NOON, "day": TODAY}
        with pytest.raises(Refusal) as no:
            entry.set_state("accepted", date(2025, 6, 1), **said, replaces=first)
        assert no.value.code == "reason-needed"
        entry.set_state("accepted", date(2025, 6, 1), **said, note="年份写错", replaces=first)
        with pytest.raises(Refusal) as no:
            entry.set_state("accepted", date(2025, 7, 1), **said, note="再改", replaces=first)
        assert no.value.code == "state-replaced"
    assert count_in("base_on_campus", ["accepted"], date(2024, 12, 31)) == 0
    assert count_in("base_on_campus", ["accepted"], DEADLINE) == 1
    rows = list(db.session.scalars(select(RegisterState).order_by(RegisterState.id)))
    assert [(row.since_on, row.document, row.entered_by_id) for row in rows] == [
        (date(2024, 6, 1), "演示〔2025〕1号", None), (date(2025, 6, 1), "演示〔2025〕2号", clerk.id),
    ]  # fmt: skip
    with writing():
        entry.set_state("void", date(2025, 6, 1), note="没有验收过", by=clerk, at=NOON, day=TODAY, replaces=rows[1])
    assert count_in("base_on_campus", ["accepted"], TODAY) == 0
    assert entry.state_on(TODAY) is None


@pytest.mark.parametrize(
    ("state", "on", "document", "code"),
    [
        ("unveiled", date(2026, 11, 25), "一号", "state-in-future"),
        ("unveiled", TODAY, " ", "document-needed"),
        ("accepted", TODAY, "一号", "state-unknown"),
        ("void", TODAY, "一号", "state-unknown"),
        ("preparing", date(2024, 1, 1), "", "state-known"),
    ],
)
def test_a_state_without_ground_is_refused(app, state, on, document, code):
    with writing():
        entry = RegisterEntry.add(NAMED["association"], by=None, at=NOON, name="协会（演示）", level="", year=None)
        entry.set_state("preparing", date(2024, 1, 1), by=None, at=NOON, day=TODAY)
        with pytest.raises(Refusal) as no:
            entry.set_state(state, on, document=document, by=None, at=NOON, day=TODAY)
        assert no.value.code == code
    assert db.session.scalar(select(func.count(RegisterState.id))) == 1


def test_the_same_entry_twice_is_refused_and_another_year_is_another_entry(app):
    with writing():
        an_entry("learning_brand", "松花江读书会（演示）", level="city", year=2024)
        an_entry("learning_brand", "松花江读书会（演示）", level="city", year=2025)
        with pytest.raises(Refusal) as no:
            an_entry("learning_brand", "松花江 读书会（演示）", level="city", year=2025)
        assert no.value.code == "entry-known"


def test_a_description_keeps_what_it_said_before(app):
    with writing():
        entry = an_entry("studio", "焊接工作室（演示）", level="school")
        facts = {"name": "焊接工作室（演示）", "level": "city", "year": 2024}
        entry.describe(by=an_account("officer"), at=NOON, day=TODAY, **facts)
        entry.describe(by=an_account("officer"), at=NOON, day=TODAY, **facts)  # nothing new: nothing to keep
    assert [(row.aspect, row.note) for row in entry.history] == [("facts", "焊接工作室（演示），校级")]
    assert entry.state_on(TODAY) is None, "a correction of facts is no state"


def test_a_list_of_the_bureaus_own_goes_through_states_like_the_others(app):
    with writing():
        kind = RegisterKind.add("乡镇学习点", "base")
        entry = RegisterEntry.add(kind, by=None, at=NOON, name="口前镇学习点（演示）", level="county", year=2026)
        entry.set_state("accepted", TODAY, document="演示〔2026〕3号", by=None, at=NOON, day=TODAY)
        with pytest.raises(Refusal) as no:
            RegisterKind.add("行业 协会", "base")
        assert no.value.code == "kind-taken"
    assert kind_of(kind.key) == kind and kind_of("own_99999") is None and kind_of("own_x") is None
    assert count_in(kind.key, ["accepted"], TODAY, level="county") == 1


def test_everybody_sees_honours_that_stand_and_people_only_with_their_consent(app):
    with writing():
        provider = a_provider()
        course = an_offering(provider).course
        an_entry("elderly_course", "示范课（演示）", ("awarded", TODAY), provider_id=provider.id, course_id=course.id)
        # not included – nominated, not awarded
        an_entry("elderly_school", "示范校（演示）", ("nominated", TODAY), provider_id=provider.id)
        # not included – withdrawn
        an_entry("learning_brand", "品牌（演示）", ("awarded", date(2024, 1, 1)), ("withdrawn", TODAY))
        # not included – not a public list
        an_entry("base_youth", "体验基地（演示）", ("accepted", TODAY))
        star = an_entry("learning_star", "王演示", ("awarded", date(2025, 1, 1)))  # not included – did not consent
    assert [entry.name for entry in shown_to_everybody(TODAY)] == ["示范课（演示）"]
    assert [e.name for e in shown_to_everybody(TODAY, of=RegisterEntry.provider_id == provider.id)] == [
        "示范课（演示）"
    ]
    said = {"by": None, "at": NOON, "day": TODAY}
    with writing():
        with pytest.raises(Refusal) as no:
            star.consent(True, date(2025, 2, 1), document_name="", **said)
        assert no.value.code == "document-needed"
        star.consent(True, date(2025, 2, 1), document_name="同意书（演示）", **said)
    assert "王演示" in [entry.name for entry in shown_to_everybody(TODAY)]
    assert "王演示" not in [entry.name for entry in shown_to_everybody(date(2025, 1, 31))]
    with writing():
        star.consent(False, date(2025, 3, 1), document_name="", **said)
    assert "王演示" not in [entry.name for entry in shown_to_everybody(TODAY)]
    assert star.state_on(TODAY).state == "awarded", "the honour itself stands"


def test_a_persons_honour_finds_their_record_and_ends_with_it(app):
    number = mobile()
    with writing():
        person = a_person("李演示秀兰", mobile=number)
        star = an_entry("learning_star", "李演示秀兰", ("awarded", TODAY))
        with pytest.raises(Refusal) as no:
            star.link_person(mobile())
        assert no.value.code == "person-unknown"
        star.link_person(number)
        star.consent(True, TODAY, document_name="同意书（演示）", by=None, at=NOON, day=TODAY)
    assert star.person_id == person.id and [e.name for e in shown_to_everybody(TODAY)] == ["李演示秀兰"]
    with writing():
        person.deleted_at = NOON
    assert shown_to_everybody(TODAY) == []
