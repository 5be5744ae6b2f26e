"""Both engines for every test that asks for `app`, one clean registry per test, every fetched page checked."""

from __future__ import annotations

import contextvars
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from playwright.sync_api import Browser as Chrome

from app import create_app, sealing
from app.clock import now
from app.database import WRITER, db, writing
from app.models import Account, SignIn
from app.web.access import TOKEN
from tests import trace
from tests.browser.server import chromium
from tests.pages import check_page
from tests.trace import (  # noqa: F401 - hooks and a fixture for the whole suite
    pytest_sessionfinish,
    pytest_terminal_summary,
    transactions_are_kept,
)

ENGINES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def chrome() -> Iterator[Chrome]:
    """The one Chromium of a worker: Playwright can't be started twice in a process."""
    with chromium() as browser:
        yield browser


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`app` runs on both engines; a test marked `engine("sqlite")` on that one alone."""
    if "engine_name" in metafunc.fixturenames:
        mark = next(metafunc.definition.iter_markers("engine"), None)
        metafunc.parametrize("engine_name", mark.args if mark else ENGINES, scope="session")


@pytest.fixture(scope="session")
def postgresql_url(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> str:
    """A database of this worker's own on a real PostgreSQL that all workers share."""
    import psycopg

    from tests.postgresql import server_url

    name = f"registry_{worker_id}_{os.getpid()}"
    with psycopg.connect(server_url(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}")
        connection.execute(f"CREATE DATABASE {name}")
        # No test cuts the power, and waiting for the disk was half of the time on this engine.
        connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    return server_url(name).replace("postgresql://", "postgresql+psycopg://")


@pytest.fixture(scope="session")
def registries(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Flask]:
    return {}


@pytest.fixture
def app(
    engine_name: str,
    registries: dict[str, Flask],
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Flask]:
    """An empty registry on one engine, within an application context."""
    if engine_name not in registries:
        folder = tmp_path_factory.mktemp(engine_name)
        url = (
            f"sqlite:///{folder / 'registry.db'}"
            if engine_name == "sqlite"
            else request.getfixturevalue("postgresql_url")
        )
        registries[engine_name] = make_registry(url, folder)
    registry = registries[engine_name]
    # Another registry made meanwhile in this process has put its own keys in place.
    sealing.use(sealing.Sealer(registry.config["SEAL_KEYS"], registry.config["INDEX_KEY"]))
    with registry.app_context():
        try:
            yield registry
            hours_agree()
        finally:
            db.session.remove()
            empty()


def hours_agree() -> None:
    """Whoever wrote class hours, in whatever test, has added them up by offering and month too."""
    db.session.rollback()
    connection = db.session.connection()
    parts = connection.exec_driver_sql(
        "SELECT e.offering_id, h.month_on, sum(h.class_hours) FROM attended_hours h "
        "JOIN enrolment e ON e.id = h.enrolment_id GROUP BY e.offering_id, h.month_on ORDER BY 1, 2"
    )
    stored = connection.exec_driver_sql("SELECT offering_id, month_on, class_hours FROM offering_hours ORDER BY 1, 2")
    assert [tuple(row) for row in parts] == [tuple(row) for row in stored]


def make_registry(url: str, folder: Path) -> Flask:
    """A registry of its own at ``url``, migrated."""
    settings = {
        "TESTING": True,
        "PROPAGATE_EXCEPTIONS": False,
        "SECRET_KEY": secrets.token_hex(32),
        "SQLALCHEMY_DATABASE_URI": url,
        "WTF_CSRF_ENABLED": False,  # test_csrf.py switches it on
    }
    registry = create_app(settings, instance=folder)
    with registry.app_context():
        upgrade(directory=str(Path(__file__).parent.parent / "migrations"))
        trace.attach(db.engine)
    return registry


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:  # of pytest-xdist, which may be missing
    trace.pytest_testnodedown(node)


def empty() -> None:
    """Take every row out again."""
    tables = [table.name for table in db.metadata.sorted_tables]
    with db.engine.connect() as connection:
        connection = connection.execution_options(**{WRITER: True})
        if db.engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
            guards = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all()
            for name, _ in guards:
                connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
            for name in reversed(tables):
                connection.exec_driver_sql(f'DELETE FROM "{name}"')
            for _, sql in guards:
                connection.exec_driver_sql(sql)
        else:
            names = ", ".join(f'"{name}"' for name in tables)
            connection.exec_driver_sql(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
        connection.commit()


class Browser(FlaskClient):
    """A client that checks every page it is given, and can sign somebody in without the cost of a password."""

    checks_pages = True

    def open(self, *args, **kwargs):  # type: ignore[no-untyped-def]
        # A context of its own, as on a server: otherwise requests would share the test's database
        # session and `g`, and the second person to sign in would still be the first.
        assert not (db.session.new or db.session.dirty or db.session.deleted), "commit the test's people first"
        db.session.rollback()
        answer = contextvars.Context().run(super().open, *args, **kwargs)
        db.session.expire_all()
        if self.checks_pages and answer.mimetype == "text/html" and answer.status_code not in (301, 302, 303, 308):
            check_page(answer)
        return answer

    def sign_in(self, account: Account) -> Browser:
        with writing():
            token = SignIn.begin(db.session.get_one(Account, account.id), now())
        with self.session_transaction() as session:
            session[TOKEN] = token
        return self


@pytest.fixture
def client(app: Flask) -> Browser:
    app.test_client_class = Browser
    return app.test_client()  # type: ignore[return-value]
