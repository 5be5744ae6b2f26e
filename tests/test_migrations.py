"""Up, down and up again on a filled database, on both engines; and what a rebuilt table must not lose."""

from __future__ import annotations

import hashlib
import re
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_migrate import check, downgrade, upgrade
from sqlalchemy import inspect

from app.clock import now
from app.database import Base, db, writing
from app.models import (
    CallBack,
    CandidatePair,
    FormNonce,
    GroupVisit,
    LedgerBatch,
    LedgerChange,
    LedgerRow,
    MobileReveal,
    OfferingProgramme,
    OpenRelease,
    PersonCorrection,
    Programme,
    RegisterKind,
    Signature,
    SignIn,
    SignInAttempt,
    Statement,
    Transfer,
)
from tests.conftest import make_registry
from tests.people import NOON, a_person, a_provider, a_resident, an_account, an_offering
from tests.test_every_route import things_of

MIGRATIONS = Path(__file__).parent.parent / "migrations"


@pytest.fixture
def registry(engine_name: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Flask]:
    """A database that this test alone takes up and down."""
    if engine_name == "sqlite":
        url = f"sqlite:///{tmp_path / 'registry.db'}"
    else:
        import psycopg

        from tests.postgresql import server_url

        request.getfixturevalue("postgresql_url")
        name = f"migrations_{uuid.uuid4().hex}"
        with psycopg.connect(server_url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        url = server_url(name).replace("postgresql://", "postgresql+psycopg://")
    made = make_registry(url, tmp_path)
    with made.app_context():
        yield made
        db.session.remove()
        db.engine.dispose()


def test_up_down_and_up_again_on_a_filled_database(registry):
    fill()
    filled, schema = checksums(), schema_now()
    assert all(count for count, _ in filled.values()), [name for name, (count, _) in filled.items() if not count]
    upgrade(directory=str(MIGRATIONS))
    assert checksums() == filled, "nothing to do changes nothing"
    downgrade(directory=str(MIGRATIONS), revision="base")
    assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}
    upgrade(directory=str(MIGRATIONS))
    assert schema_now() == schema
    assert not any(count for count, _ in checksums().values())
    fill()
    assert foreign_keys_hold()


def test_the_migrations_make_what_the_models_say(registry):
    check(directory=str(MIGRATIONS))
    migrated = schema_now()
    downgrade(directory=str(MIGRATIONS), revision="base")
    with db.engine.connect().execution_options(registry_writer=True) as connection:
        Base.metadata.create_all(connection)
        connection.commit()
    declared = schema_now()
    assert migrated.keys() == declared.keys()
    for name in declared:
        assert migrated[name] == declared[name], name
    words = "\n".join(str(parts) for parts in declared.values())
    assert "ck_offering_places_within_capacity" in words and "uq_mark_current" in words


REVISION = """
from alembic import op
import sqlalchemy as sa

revision, down_revision, branch_labels, depends_on = "9999", "HEAD", None, None


def upgrade():
    with op.batch_alter_table("enrolment", recreate="always") as batch:
        STEP


def downgrade():
    pass
"""


@pytest.mark.engine("sqlite")
def test_a_rebuilt_table_keeps_its_children_and_its_checks(registry, tmp_path):
    fill()
    filled, schema = checksums(), schema_now()
    step = 'batch.alter_column("part", type_=sa.String(12), existing_nullable=False)'
    upgrade(directory=str(with_revision(tmp_path, step)))
    assert checksums() == filled and foreign_keys_hold()
    rebuilt = schema_now()
    assert ("part", "VARCHAR(12)", False, None) in rebuilt["enrolment"][0]
    assert rebuilt.pop("enrolment")[1:] == schema.pop("enrolment")[1:], "CHECKs, keys and indexes stand"
    assert rebuilt == schema


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize(
    ("step", "complaint"),
    [
        ('batch.drop_constraint(op.f("ck_enrolment_place_numbered"), type_="check")', "ck_enrolment_place_numbered"),
        ('op.execute("DROP INDEX uq_mark_current")', "uq_mark_current"),
        ('op.execute("DELETE FROM lesson")', "without their parents"),
    ],
)
def test_a_migration_that_would_lose_something_leaves_everything_as_it_was(registry, tmp_path, caplog, step, complaint):
    fill()
    filled, schema = checksums(), schema_now()
    with pytest.raises(SystemExit):
        upgrade(directory=str(with_revision(tmp_path, step)))
    assert complaint in caplog.text
    assert (checksums(), schema_now()) == (filled, schema)


def with_revision(tmp_path: Path, step: str) -> Path:
    directory = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, directory)
    latest = max(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
    (directory / "versions" / "9999_next.py").write_text(REVISION.replace("HEAD", latest).replace("STEP", step))
    return directory


# -- a registry with something in every table ------------------------------------


def fill() -> None:
    with writing():
        provider, (account, person) = a_provider(), a_resident()
        trainer = an_account("trainer", provider)
    things = things_of(provider, trainer, person)
    with writing() as session:
        first, second = a_person("同名演示"), a_person("同名演示")
        session.add_all(
            [
                CandidatePair(a_id=first.id, b_id=second.id),
                GroupVisit(
                    offering_id=things["offering_id"], group_name="第一小学（演示）", group_key="第一小学",
                    visited_on=NOON.date(), headcount=40, state="已结业",
                ),
                SignInAttempt(mobile_index=bytes(32), tried_at=NOON),
                PersonCorrection(person_id=person.id, name="从前演示", corrected_at=NOON, corrected_by_id=account.id),
            ]
        )  # fmt: skip
        elsewhere = an_offering(provider).enrol(first, by=None, at=NOON)
        session.add(Transfer(left_id=things["enrolment_id"], joined_id=elsewhere.id, moved_at=NOON))
        RegisterKind.add("演示名单", "listing")
        session.add(
            OpenRelease(year=2025, rule_set="2026.1", cells="[]", hidden="[]", made_at=NOON, made_by_id=account.id)
        )
        programme = Programme.add("求学圆梦（演示）")
        session.add(OfferingProgramme(offering_id=things["offering_id"], programme_id=programme.id))
        call_back = session.get_one(CallBack, things["call_back_id"])
        call_back.say("confirmed", "", by=account, at=NOON)
        session.add(MobileReveal(call_back_id=call_back.id, seen_at=NOON, seen_by_id=account.id))
        statement = session.get_one(Statement, things["statement_id"])
        session.add(Signature(statement=statement, part="head", account_id=account.id, name="演示", signed_at=NOON))
        batch = session.get_one(LedgerBatch, things["batch_id"])
        session.add(LedgerRow(batch_id=batch.id, row_number=2, cells_sealed=b"x"))
        session.add(LedgerChange(batch_id=batch.id, row_number=2, table_name="person", row_key="1"))
        FormNonce.remember("n" * 32, account.id, b"payload", 1, now())
        SignIn.begin(session.get_one(type(account), account.id), now())


def checksums() -> dict[str, tuple[int, str]]:
    db.session.rollback()
    found = {}
    for table in db.metadata.sorted_tables:
        rows = sorted(map(repr, db.session.execute(db.select(table))))
        found[table.name] = (len(rows), hashlib.sha256("\n".join(rows).encode()).hexdigest())
    db.session.remove()
    return found


def foreign_keys_hold() -> bool:
    if db.engine.dialect.name != "sqlite":
        return True  # PostgreSQL keeps them by itself, also in migrations
    with db.engine.connect() as connection:
        return not connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()


def schema_now() -> dict[str, tuple[Any, ...]]:
    """Per table: columns, checks, keys, indexes with their conditions."""
    db.session.remove()
    db.engine.dispose()
    look = inspect(db.engine)
    return {name: _table(look, name) for name in look.get_table_names() if name != "alembic_version"}


def _table(look: Any, name: str) -> tuple[Any, ...]:
    return (
        [(c["name"], str(c["type"]), c["nullable"], c["default"]) for c in look.get_columns(name)],
        sorted((c["name"], _one_line(c["sqltext"])) for c in look.get_check_constraints(name)),
        look.get_pk_constraint(name)["constrained_columns"],
        sorted(
            (f["name"], f["constrained_columns"], f["referred_table"], f["referred_columns"])
            for f in look.get_foreign_keys(name)
        ),
        sorted((u["name"], u["column_names"]) for u in look.get_unique_constraints(name)),
        sorted((i["name"], i["column_names"], bool(i["unique"]), _condition(i)) for i in look.get_indexes(name)),
    )


def _condition(index: Any) -> list[str]:
    options = sorted(index.get("dialect_options", {}).items())
    return [_one_line(value) for name, value in options if name.endswith("_where")]


def _one_line(sql: Any) -> str:
    return re.sub(r"\s+", " ", str(sql))
