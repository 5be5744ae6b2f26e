"""A signed year: its file gives the figures, tells whoever touched it, and says when the registry has moved."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from app.counts import count_year
from app.counts.lists import Place, elderly_ages
from app.counts.year import MEASURES, Figures, tenths
from app.database import WRITER, db, writing
from app.models import Account, Enrolment, Mark, Offering, Person, Signature, Statement
from app.refusal import Refusal
from app.statement import PROGRAM, living, signing, verify
from app.statement.writing import Made, Plan, write
from tests.people import a_person, an_account
from tests.years import DAY, SIGNED_AT, YEAR, School, a_school, attend, held, sign_all


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "statements"


def made_of(tmp_path: Path, provider=None, name: str = "made.sqlite", **facts) -> tuple[Path, Made]:
    db.session.rollback()
    path = tmp_path / name
    return path, write(path, Plan(YEAR, provider, **facts))


# -- what the file says ---------------------------------------------------------


def test_its_views_give_the_printed_totals_and_those_are_the_registrys(app, tmp_path):
    """R1, R2, R3, R5–R10, R13, R15, R16, R20: every cell of every table, by SQL in the file and by the registry."""
    a_school()
    a_school()
    path, made = made_of(tmp_path)
    year = count_year(YEAR)
    expected = {("all", ""): year.total, ("activities", ""): year.all_activities}
    expected |= {("activity", row.key): row.figures for row in year.activities}
    expected |= {(by, str(row.key)): row.figures for by, rows in year.tables.items() for row in rows}
    found = {(by, key): cells for by, rows in made.tables.items() for key, _, cells in rows}
    for cell, figures in expected.items():
        told = found.pop(cell)
        assert [told.get(m, tenths(told["class_hundredths"])) for m in MEASURES] == [
            getattr(figures, m) for m in MEASURES
        ], cell
    books = year.books
    assert [found.pop(("on_the_books", key)) for key in ("registered", "came")] == [
        found_range(books.persons, books.persons_max), found_range(books.attended, books.attended_max)
    ]  # fmt: skip
    times, persons = elderly_ages(Place(YEAR))
    for key, name in (("60+", "of_age"), ("0-59", "younger"), ("unknown", "unknown")):
        cell = found.pop(("elderly_age", key))
        assert (cell["person_times"], cell["persons"]) == (getattr(times, name), getattr(persons, name)) == (2, 2)
    assert not found
    assert (made.total["persons"], made.total["persons_max"], made.total["person_times"]) == (7, 10, 12), (
        "four of one name are an open crowd"
    )
    assert made.total["group_headcount"] == 80
    with closing(sqlite3.connect(path)) as base:
        columns = ", ".join(name for name, _ in verify.TABLES["total"][4:])
        assert list(verify.figures(base)) == base.execute(f"SELECT by_what, key, {columns} FROM total").fetchall()


def found_range(low: int, high: int) -> dict[str, int]:
    return {**dict.fromkeys((name for name, _ in verify.TABLES["total"][4:]), 0), "persons": low, "persons_max": high}


def test_an_institutions_file_holds_its_own_rows_alone(app, tmp_path):
    ours, _ = a_school()
    a_school()
    _, made = made_of(tmp_path, ours.provider)
    city = {row.key: row.figures for row in count_year(YEAR).tables["provider"]}
    assert made.total["person_times"] == city[ours.provider.id].person_times == 6
    assert [key for key, _, _ in made.tables["provider"]] == [str(ours.provider.id)]


def test_equal_facts_give_an_equal_digest_and_another_file_other_pseudonyms(app, tmp_path):
    school, _ = a_school()
    (one, first), (_, second) = made_of(tmp_path, school.provider), made_of(tmp_path, school.provider, "again.sqlite")
    assert first.digest == second.digest
    other, third = made_of(tmp_path, school.provider, "amended.sqlite", sequence=1, reason="演示")
    assert third.digest != first.digest
    assert not pseudonyms(one) & pseudonyms(other), "the same people under other names"
    with writing():
        db.session.execute(db.update(Offering).values(room="另一间"))  # not in the file
    assert made_of(tmp_path, school.provider, "room.sqlite")[1].digest == first.digest
    with writing():
        db.session.scalars(db.select(Enrolment).where(Enrolment.completed_on.is_not(None))).first().undo_completion()
    assert made_of(tmp_path, school.provider, "undone.sqlite")[1].digest != first.digest


def pseudonyms(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as base:
        return {name for row in base.execute("SELECT sign_up, person FROM sign_up") for name in row}


def test_it_holds_no_name_no_number_and_no_key(app, tmp_path):
    school, _ = a_school()
    number = "E00001234"
    with writing():
        counted = a_person("演示有号", mobile="13900004321", document=("passport", number), birth_on=date(1951, 6, 7))
        attend(held(school.provider, date(YEAR, 5, 6)), counted)
    path, _ = made_of(tmp_path)
    told = path.read_bytes()
    for word in (number, "13900004321", "1951-06-07", counted.uid):
        assert word.encode() not in told
    key = app.config["INDEX_KEY"]
    assert key not in told and key.hex().encode() not in told
    for person in db.session.scalars(db.select(Person)):
        assert person.name.encode() not in told
    assert "第一小学".encode() in told, "an organisation is no person"


def test_the_rules_stand_in_it_in_words_with_their_version(app, tmp_path):
    """R26: the rule set has a version and a first year, and the file says under which it was counted."""
    a_school()
    path, _ = made_of(tmp_path)
    with closing(sqlite3.connect(path)) as base:
        about = dict(base.execute("SELECT name, value FROM about"))
        assert (about["rule_set"], about["rule_set_first_year"]) == ("2026.1", "2021")
        views = {name for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'view'")}
        rules = base.execute("SELECT number, words, view FROM rule").fetchall()
        assert {view for _, _, view in rules if view} <= views == set(verify.VIEWS)
        assert {"R7", "R13", "R20", "R23", "R24"} <= {number for number, _, _ in rules}


# -- the program that is handed out ----------------------------------------------


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """verify.py alone, with the standard library alone."""
    return subprocess.run(
        [sys.executable, "-I", str(PROGRAM), *map(str, arguments)], capture_output=True, text=True, timeout=60, cwd="/"
    )


@pytest.mark.engine("sqlite")
def test_the_program_needs_nothing_but_the_file(app, tmp_path):
    a_school()
    path, made = made_of(tmp_path)
    alone = tmp_path / "elsewhere" / "verify.py"
    alone.parent.mkdir()
    shutil.copy(PROGRAM, alone)
    printed = " ".join(made.digest[n : n + 8] for n in range(0, 64, 8)).upper()
    good = run(path, "--digest", printed)
    assert good.returncode == 0 and "✓ 相符" in good.stdout and made.digest in good.stdout
    other = run(path, "--digest", "0" * 64)
    assert other.returncode == 1 and "不是同一份" in other.stdout
    assert run(alone).returncode == 2, "not a database"


# -- tampering -------------------------------------------------------------------


@pytest.mark.engine("sqlite")
def test_a_thousand_ways_of_tampering_are_found_and_the_row_is_named(app, tmp_path):
    a_school()
    path, made = made_of(tmp_path)
    dice = random.Random(20260315)
    pristine = path.read_bytes()
    with closing(memory(pristine)) as base:
        assert verify.check(base).wrong == [], "control: untouched, nothing is said"
        sizes = {name: base.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in verify.TABLES}
    tables = [name for name, size in sizes.items() if size > 1]
    ways = (change_a_cell, change_and_seal_again, remove_a_row, add_a_row, swap_two_rows, change_a_seal)
    for n in range(1000):
        with closing(memory(pristine)) as base:
            way, table = ways[n % len(ways)], dice.choice(tables)
            rows = way(base, table, sizes[table], dice)
            verdict = verify.check(base)
            assert verdict.wrong, f"{way.__name__} {table} {rows}"
            named = [
                s for s in verdict.wrong if s.startswith(f"{table} 表") and any(f" {r} " in f" {s} " for r in rows)
            ]
            assert named, f"{way.__name__} {table} {rows}: {verdict.wrong[:4]}"
            assert verdict.digest != made.digest or way is change_a_seal


def memory(content: bytes) -> sqlite3.Connection:
    base = sqlite3.connect(":memory:")
    base.deserialize(content)
    return base


def change_a_cell(base, table, size, dice):
    row, (column, _) = dice.randrange(1, size + 1), dice.choice(verify.TABLES[table][1:])
    base.execute(f"UPDATE {table} SET {column} = ? WHERE n = ?", (f"改{dice.random()}", row))
    return {row}


def change_and_seal_again(base, table, size, dice):
    """Whoever knows how the seal is made gives the row a right one; then the next does not follow."""
    rows = change_a_cell(base, table, size, dice)
    (row,) = rows
    *cells, _ = base.execute(f"SELECT * FROM {table} WHERE n = ?", (row,)).fetchone()
    before = base.execute(f"SELECT seal FROM {table} WHERE n = ?", (row - 1,)).fetchone()
    sealing = verify.Sealing()
    sealing.seal = before[0] if before else ""
    base.execute(f"UPDATE {table} SET seal = ? WHERE n = ?", (sealing.next(cells), row))
    return rows


def remove_a_row(base, table, size, dice):
    row = dice.randrange(1, size + 1)
    base.execute(f"DELETE FROM {table} WHERE n = ?", (row,))
    return {row}


def add_a_row(base, table, size, dice):
    row = dice.randrange(1, size + 1)
    columns = ", ".join(column for column, _ in (*verify.TABLES[table][1:], verify.SEAL))
    base.execute(f"INSERT INTO {table} SELECT {size + 1}, {columns} FROM {table} WHERE n = {row}")
    return {size + 1}


def swap_two_rows(base, table, size, dice):
    one, other = dice.sample(range(1, size + 1), 2)
    for old, new in ((one, -1), (other, one), (-1, other)):
        base.execute(f"UPDATE {table} SET n = {new} WHERE n = {old}")
    return {one, other}


def change_a_seal(base, table, size, dice):
    row = dice.randrange(1, size + 1)
    base.execute(f"UPDATE {table} SET seal = ? WHERE n = ?", (f"{dice.getrandbits(64):016x}", row))
    return {row}


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("DROP VIEW attended", "缺少 view attended"),
        ("DROP VIEW attended; CREATE VIEW attended AS SELECT * FROM sign_up", "视图 attended 不是规则的原文"),
        ("CREATE TABLE more (x)", "多出 table more"),
        ("CREATE TRIGGER t AFTER INSERT ON total BEGIN SELECT 1; END", "多出 trigger t"),
        ("ALTER TABLE total ADD COLUMN x", "表 total 的列不是约定的列"),
        ("UPDATE content SET digest = 'x' WHERE name = ''", "content 表写的摘要是 x"),
        ("UPDATE content SET rows = rows + 1 WHERE name = 'total'", "total 表缺第"),
        ("INSERT INTO content VALUES ('more', 1, '')", "content 表里有多余的行"),
    ],
)
def test_what_is_not_a_row_is_watched_too(app, tmp_path, step, told):
    a_school()
    path, _ = made_of(tmp_path)
    with closing(sqlite3.connect(path)) as base:
        base.executescript(step)
    assert any(told in sentence for sentence in verify.verify(str(path)).wrong)


@pytest.mark.engine("sqlite")
def test_a_file_that_was_rewritten_whole_is_told_by_the_printed_digest_and_its_row_by_another_copy(app, tmp_path):
    _, things = a_school()
    path, made = made_of(tmp_path)
    with writing():
        db.session.get_one(Enrolment, things["came"][0].id).undo_completion()
    forged, _ = made_of(tmp_path, name="forged.sqlite")
    assert verify.verify(str(forged)).wrong == [], "by itself it is in order"
    assert verify.verify(str(forged), made.digest).wrong, "but it is not what was signed"
    against = run(forged, "--against", path)
    assert against.returncode == 1
    assert f"completed_on：这一份 None，另一份 {things['class'].ends_on}" in against.stdout


# -- signing ---------------------------------------------------------------------


def refused(code: str, act) -> None:
    db.session.rollback()
    with pytest.raises(Refusal) as no:
        act()
    assert no.value.code == code
    db.session.rollback()


def test_three_accounts_sign_an_institutions_year_in_their_order(app, folder):
    """R24: the institution signs its own year first: preparer, reviewer, head."""
    school, _ = a_school()
    provider_id = school.provider.id
    with writing():
        stranger = an_account("clerk")
        everything = an_account("clerk", school.provider)
        everything.grant("reviewer", SIGNED_AT, school.provider)
        everything.grant("head", SIGNED_AT, school.provider)

    def draw_up(by: Account, year: int = YEAR):
        return signing.draw_up(folder, year, provider_id, by=by, at=SIGNED_AT, day=DAY)

    refused("part-not-yours", lambda: draw_up(school.head))
    refused("part-not-yours", lambda: draw_up(stranger))
    refused("year-not-over", lambda: draw_up(school.clerk, DAY.year))
    made = draw_up(everything)
    digest = made.digest.hex()
    assert [each.part for each in made.signatures] == ["preparer"] and made.attested_at is None
    refused("statement-drawn-up", lambda: draw_up(school.clerk))
    refused("signed-already", lambda: signing.sign(folder, made.id, digest, by=everything, at=SIGNED_AT))
    refused("part-not-yours", lambda: signing.sign(folder, made.id, digest, by=school.head, at=SIGNED_AT))
    refused("statement-differs", lambda: signing.sign(folder, made.id, "0" * 64, by=school.reviewer, at=SIGNED_AT))
    signing.sign(folder, made.id, digest, by=school.reviewer, at=SIGNED_AT + timedelta(hours=1))
    refused("signed-already", lambda: signing.sign(folder, made.id, digest, by=everything, at=SIGNED_AT))
    signing.sign(folder, made.id, digest, by=school.head, at=SIGNED_AT + timedelta(hours=2))
    (signed,) = Statement.attested(YEAR, provider_id)
    assert [(each.part, each.account_id) for each in signed.signatures] == [
        ("preparer", everything.id), ("reviewer", school.reviewer.id), ("head", school.head.id)
    ]  # fmt: skip
    assert signed.attested_at == SIGNED_AT + timedelta(hours=2)
    assert verify.verify(str(folder / signed.file_name), digest).wrong == []
    refused("statement-attested", lambda: signing.sign(folder, made.id, digest, by=school.head, at=SIGNED_AT))
    assert [path.name for path in folder.iterdir()] == [signed.file_name]


def test_nobody_signs_what_the_registry_no_longer_says(app, folder):
    """R23: until attestation entries are free; then what was drawn up before them is drawn up anew."""
    school, things = a_school()
    made = signing.draw_up(folder, YEAR, school.provider.id, by=school.clerk, at=SIGNED_AT, day=DAY)
    with writing():
        attend(db.session.get_one(Offering, things["other"].id), a_person())
    refused(
        "statement-stale", lambda: signing.sign(folder, made.id, made.digest.hex(), by=school.reviewer, at=SIGNED_AT)
    )
    with writing():
        Statement.pending(YEAR, school.provider.id).withdraw(SIGNED_AT)
    signed = sign_all(folder, school)
    assert (signed.sequence, signed.person_times) == (0, made.person_times + 1)


def test_the_bureau_signs_when_it_likes_and_the_file_says_who_has_not(app, folder):
    """R24: two levels; institutions that have not signed are printed as open."""
    signed_school, _ = a_school("已签学校（演示）")
    a_school("未签学校（演示）")
    own = sign_all(folder, signed_school)
    with writing():
        officer, reader = an_account("officer"), an_account("reader")
    refused("part-not-yours", lambda: signing.draw_up(folder, YEAR, None, by=reader, at=SIGNED_AT, day=DAY))
    city = sign_all(folder, None, officer=officer)
    assert city.attested_at and [each.part for each in city.signatures] == ["officer"]
    path = folder / city.file_name
    questions = signing.read_file(path, "open_question")
    assert [q["subject"] for q in questions if q["kind"] == "unsigned"] == ["未签学校（演示）"]
    (behind,) = signing.read_file(path, "signed")
    assert (behind["name"], behind["digest"]) == ("已签学校（演示）", own.digest.hex())
    assert verify.verify(str(path), city.digest.hex()).wrong == []
    with writing():
        attend(held(signed_school.provider, things_day()), a_person())
    next_city = signing.next_plan(YEAR, None, "演示")
    with signing.draft(next_city) as (_, made):
        moved = [q.subject for q in made.questions if q.kind == "moved"]
    assert moved == ["已签学校（演示）"]


def things_day():
    from datetime import date

    return date(YEAR, 6, 3)


def test_a_file_names_the_one_of_the_year_before(app, folder):
    school, _ = a_school(year=YEAR - 1)
    before, this = sign_all(folder, school, YEAR - 1), sign_all(folder, school)
    assert this.previous_digest == before.digest
    about = {row["name"]: row["value"] for row in signing.read_file(folder / this.file_name, "about")}
    assert about["digest_of_the_year_before"] == before.digest.hex()


def test_open_questions_stand_on_the_statement(app, folder):
    """R20, R23: missing roll calls, open pairs, marks more than seven days late."""
    school, things = a_school()
    with writing():
        other = held(school.provider, things_day())
        attend(other, a_person(), late=7)  # not included – the seventh day is in time
        attend(held(school.provider, things_day()), a_person(), late=8)
    signed = sign_all(folder, school)
    questions = signing.read_file(folder / signed.file_name, "open_question")
    assert [q["amount"] for q in questions if q["kind"] == "pair"] == [1]
    assert [q["amount"] for q in questions if q["kind"] == "late"] == [1]
    missing = {q["subject"].split()[-2]: q["amount"] for q in questions if q["kind"] == "roll"}
    assert missing[things["class"].number] == 3, "three of its four lessons were never called"
    assert signed.open_questions == len(questions)


# -- afterwards ------------------------------------------------------------------


def test_signed_rows_are_not_changed_in_place_whoever_asks(app, folder):
    """R24."""
    school, _ = a_school()
    signed = sign_all(folder, school)
    for statement in (
        db.update(Statement).values(persons=1),
        db.update(Statement).values(attested_at=None),
        db.delete(Statement),
        db.update(Signature).values(name="别人"),
        db.delete(Signature),
    ):
        db.session.rollback()
        with pytest.raises(DBAPIError, match="not changed in place"), db.engine.connect() as connection:
            connection.execution_options(**{WRITER: True}).execute(statement)
    db.session.expire_all()
    assert Statement.attested(YEAR, school.provider.id)[0].digest == signed.digest


def test_a_late_entry_after_attestation_is_an_amendment_with_a_reason_and_two_signatures(app, folder):
    """R23: attested n, amended n + d; the signed figures stay as they were."""
    school, things = a_school()
    signed = sign_all(folder, school)
    n = signed.person_times_total
    refused("nothing-moved", lambda: sign_all(folder, school, reason="没有要更正的"))
    with writing():
        late = attend(db.session.get_one(Offering, things["other"].id), a_person())
    refused("reason-needed", lambda: sign_all(folder, school))
    amended = signing.draw_up(
        folder, YEAR, school.provider.id, by=school.clerk, at=SIGNED_AT, day=DAY, reason="补录，签到表在档案室"
    )
    assert [each.person_times_total for each in Statement.attested(YEAR, school.provider.id)] == [n], "not yet"
    assert amended.parts == ("preparer", "head")
    refused(
        "part-not-yours", lambda: signing.sign(folder, amended.id, amended.digest.hex(), by=school.clerk, at=SIGNED_AT)
    )
    signing.sign(folder, amended.id, amended.digest.hex(), by=school.head, at=SIGNED_AT)
    first, last = Statement.attested(YEAR, school.provider.id)
    assert (first.person_times_total, last.person_times_total, last.sequence) == (n, n + 1, 1)
    assert first.digest == signed.digest
    path = folder / last.file_name
    about = {row["name"]: row["value"] for row in signing.read_file(path, "about")}
    assert (about["reason"], about["digest_of_the_amended"]) == ("补录，签到表在档案室", first.digest.hex())
    changes = [row for row in signing.read_file(path, "change") if row["table_name"] == "sign_up"]
    assert [row["what"] for row in changes] == ["added"] and str(late.first_attended_on) in changes[0]["words"]
    assert all(verify.verify(str(folder / each.file_name)).wrong == [] for each in (first, last))


def test_a_mark_that_was_altered_behind_the_application_is_named(app, folder):
    school, things = a_school()
    signed = sign_all(folder, school)
    path, plan = folder / signed.file_name, signing.plan_of(signed)
    assert living.differences(path, plan) == [], "control: nothing has moved"
    one = things["came"][1].id
    with writing() as session:
        session.execute(db.update(Mark).where(Mark.enrolment_id == one).values(status="absent"))
    db.session.rollback()
    (found,) = living.differences(path, plan)
    assert (found.table, found.what, found.enrolment_id) == ("sign_up", "altered", one)
    assert found.cells == {"roll": ("P", "A")}
    row = next(row for row in signing.read_file(path, "sign_up") if row["n"] == found.n)
    assert row["offering"] == things["class"].id and things["class"].number in found.words()


def test_erasing_a_person_later_keeps_the_file_verifiable(app, folder):
    school, things = a_school()
    signed = sign_all(folder, school)
    path = folder / signed.file_name
    with writing() as session:
        person = session.get_one(Person, things["people"][0].id)
        person.name, person.birth_on, person.sex, person.mobile = "已删除", None, None, None
        person.deleted_at = SIGNED_AT
    verdict = verify.verify(str(path), signed.digest.hex())
    assert verdict.wrong == []
    db.session.rollback()
    found = living.differences(path, signing.plan_of(signed))
    assert {each.enrolment_id for each in found} >= {things["came"][0].id}
    assert all(each.cells["left_out"] == ("", "gone") for each in found if each.table == "sign_up")
    assert count_year(YEAR).total != Figures(), "the others still count"


# -- the commands ----------------------------------------------------------------


def flask(app, *arguments: object):
    db.session.rollback()
    answer = app.test_cli_runner().invoke(args=["statement", *map(str, arguments)])
    db.session.expire_all()
    return answer


def test_the_commands_sign_amend_and_verify(app, folder, monkeypatch):
    monkeypatch.setattr(app, "instance_path", str(folder.parent))
    school, things = a_school("命令学校（演示）")
    mobiles = [account.mobile for account in school.signers]
    for mobile, more in zip(mobiles, ("审核人、负责人", "负责人", ""), strict=True):
        answer = flask(app, "sign", YEAR, "--provider", "命令学校（演示）", "--by", mobile)
        assert answer.exit_code == 0, answer.output
        assert (f"还差：{more}" if more else "已签认。") in answer.output
    (signed,) = Statement.attested(YEAR, school.provider.id)
    path = folder / signed.file_name
    good = flask(app, "verify", path, "--digest", signed.digest.hex())
    assert good.exit_code == 0 and "✓ 现在的数据和签认的一样" in good.output, good.output
    with writing():
        late = attend(db.session.get_one(Offering, things["other"].id), a_person())
    moved = flask(app, "verify", path)
    assert moved.exit_code == 1 and f"报名 {late.id} 号" in moved.output
    no = flask(app, "sign", YEAR, "--provider", "没有的机构", "--by", mobiles[0])
    assert no.exit_code == 2 and "没有叫“没有的机构”的机构" in no.output
    amended = flask(
        app, "amend", YEAR, "--provider", "命令学校（演示）", "--by", mobiles[0], "--reason", "补录（演示）"
    )
    assert amended.exit_code == 0 and "还差：负责人" in amended.output, amended.output
    with closing(sqlite3.connect(path)) as base:
        base.execute("UPDATE sign_up SET completed_on = NULL WHERE completed_on IS NOT NULL")
        base.commit()
    tampered = flask(app, "verify", path)
    assert tampered.exit_code == 1 and "被改过" in tampered.output
    assert flask(app, "verify", PROGRAM).exit_code == 2


def test_school_is_what_signs(app):
    with writing():
        school = School()
    assert [account.grants[0].role for account in school.signers] == ["clerk", "reviewer", "head"]
