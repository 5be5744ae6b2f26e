"""The demo is whole, invented, and loaded once."""

import re
import time
from datetime import date
from pathlib import Path

import pytest
from flask import Flask

from app import demo
from app.clock import today
from app.database import db
from app.models import Account, Course, Enrolment, GroupVisit, Lesson, Offering, Person, Provider
from app.models.account import ROLES
from app.models.identity_number import normalise_mobile
from tests.live_files import content

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.engine("sqlite")
def test_make_run_loads_invented_people_once_and_changes_nothing_afterwards(app, tmp_path, monkeypatch):
    app.instance_path = str(tmp_path)
    monkeypatch.chdir(ROOT)
    assert demo.is_empty()
    first = make_run(app)
    assert not demo.is_empty()
    rows, files, changes = everything(), contents(tmp_path), data_version()
    started = time.process_time()
    again = make_run(app)
    assert time.process_time() - started < 3, "seconds of the processor"
    assert again == [output.split("已载入\n")[-1] for output in first], "the same sign-ins, and nothing loaded"
    assert (everything(), contents(tmp_path), data_version()) == (rows, files, changes), "not a row, not a file"
    assert sum(map(len, rows.values())) > 10_000 and len(files) == 3, "sign-ins, and two signed years"
    for model in (Account, Course, Offering, Person, Provider):
        assert not db.session.scalar(db.select(model).where(model.is_demo.is_(False)).limit(1)), model
    people = db.session.scalars(db.select(Person)).all()
    assert all("演示" in person.name for person in people)
    assert all((person.mobile or "1390000").startswith("1390000") for person in people)
    assert all((person.document_number or "220299").startswith("220299") for person in people)
    assert 300 <= len({person.identity for person in people}) <= 900
    years = db.session.scalars(db.select(Enrolment.first_attended_on).where(Enrolment.first_attended_on.is_not(None)))
    assert {day.year for day in years} == {today().year - back for back in range(6)}
    assert {nameless(today().year - 2), nameless(today().year - 1)} == {2000, 5000}
    teaches = db.session.scalars(db.select(Lesson).where(Lesson.held_on == today())).all()
    assert any(len(lesson.roster()) >= 20 for lesson in teaches)
    signers = demo.sign_ins(tmp_path)
    assert len(signers) == len(ROLES)
    assert all(Account.with_mobile(mobile).password_is(password) for _, mobile, password in signers)


def make_run(app: Flask) -> list[str]:
    """The commands that `make run` runs before the server; what they say."""
    recipe = re.search(r"^run:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.M)[1]
    lines = [line.strip().lstrip("@") for line in recipe.splitlines()]
    assert lines[-1] == "exec $(BIN)/gunicorn"
    said = []
    for line in lines[:-1]:
        assert line.startswith("$(FLASK) "), "a command that this test does not run"
        answer = app.test_cli_runner().invoke(args=line.split()[1:])
        assert answer.exit_code == 0, answer.output
        said.append(answer.output)
    return said


def everything() -> dict[str, list[str]]:
    """Every row of every table, sessions and the migration's number included."""
    db.session.rollback()
    tables = db.inspect(db.engine).get_table_names()
    return {name: sorted(map(repr, db.session.execute(db.text(f'SELECT * FROM "{name}"')))) for name in tables}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: content(path) for path in folder.rglob("*") if path.is_file()}


def data_version() -> bytes:
    """The counter in the file's header, which every commit that changes something moves on."""
    db.session.remove()
    with db.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(FULL)")
    return content(Path(db.engine.url.database))[24:28]


def nameless(year: int) -> int:
    within = GroupVisit.visited_on.between(date(year, 1, 1), date(year, 12, 31))
    return db.session.scalar(db.select(db.func.sum(GroupVisit.headcount)).where(within))


@pytest.mark.engine("sqlite")
def test_the_command_loads_once_and_says_how_each_role_signs_in(app, tmp_path, monkeypatch):
    loads = []
    app.instance_path = str(tmp_path)
    monkeypatch.setattr(demo, "load", lambda day, instance, say: loads.append(day))
    monkeypatch.setattr(demo, "sign", lambda day, instance, say: None)
    monkeypatch.setattr(demo, "sign_ins", lambda instance: [("clerk", normalise_mobile("13900009002"), "wusong-1")])
    runner = app.test_cli_runner()
    first = runner.invoke(args=["demo", "load"])
    assert "机构教务" in first.output
    assert "wusong-1" in first.output
    monkeypatch.setattr(demo, "is_empty", lambda: False)
    runner.invoke(args=["demo", "load"])
    assert len(loads) == 1
