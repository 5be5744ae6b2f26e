"""A registry moves from SQLite to PostgreSQL: every row, every value, and new rows get new numbers."""

from __future__ import annotations

import os

import psycopg
import pytest
from sqlalchemy import create_engine, select

from app.database import db, writing
from app.models import Account, Person, Provider
from tests.browser.site import Site
from tests.conftest import make_registry
from tests.postgresql import server_url


@pytest.fixture
def empty_url(worker_id, tmp_path):
    """A second database on the PostgreSQL of the tests, migrated and empty."""
    name = f"registry_copy_{worker_id}_{os.getpid()}"
    with psycopg.connect(server_url(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}")
        connection.execute(f"CREATE DATABASE {name}")
    url = server_url(name)
    other = make_registry(url.replace("postgresql://", "postgresql+psycopg://"), tmp_path)
    with other.app_context():
        db.engine.dispose()
    yield url
    with psycopg.connect(server_url(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def everything(connection) -> dict[str, list]:
    tables = db.metadata.sorted_tables
    return {table.name: connection.execute(select(table).order_by(*table.primary_key)).all() for table in tables}


@pytest.mark.engine("sqlite")
def test_every_row_moves_and_numbers_go_on(empty_url, app):
    with writing():
        site = Site(app)
        site.fill()
        site.mother.identity_id = site.herself.id
        site.herself.merged_into_id = db.session.scalar(select(db.func.max(Person.id)))  # points at a later row
    answer = app.test_cli_runner().invoke(args=["copy-to", empty_url])
    assert answer.exit_code == 0, answer.output
    target = create_engine(empty_url.replace("postgresql://", "postgresql+psycopg://"))
    with db.engine.connect() as here, target.connect() as there:
        before, after = everything(here), everything(there)
        assert before == after
        assert len(after["enrolment"]) > 100
        assert there.scalar(select(db.func.count()).where(Person.merged_into_id > Person.id)) == 1
        facts = {"name": "新", "name_key": "新", "kind": "other", "division_code": "220200", "is_demo": True}
        new = db.insert(Provider).values(**facts, address="", telephone="").returning(Provider.id)
        assert there.scalar(new) == max(row.id for row in after["provider"]) + 1
        there.rollback()
    again = app.test_cli_runner().invoke(args=["copy-to", empty_url])
    assert again.exit_code == 1
    assert "已经有数据" in again.output
    target.dispose()


@pytest.mark.engine("sqlite")
def test_a_database_without_tables_is_refused(app, tmp_path):
    with writing():
        db.session.add(
            Account(uid="u", name="n", mobile_sealed=b"", mobile_index=b"i", password_hash="x", made_at=Site(app).at)
        )
    answer = app.test_cli_runner().invoke(args=["copy-to", f"sqlite:///{tmp_path / 'bare.db'}"])
    assert answer.exit_code == 1
    assert "db upgrade" in answer.output
