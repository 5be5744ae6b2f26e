"""What a watcher of the server is told, and a start that is refused in one line."""

import runpy
from pathlib import Path

import pysqlite3.dbapi2 as sqlite
import pytest
from flask import Flask

from app import create_app, database
from app.database import WRITER, db
from tests.conftest import Browser

ROOT = Path(__file__).resolve().parents[2]


def one_line(answer) -> str:
    assert answer.mimetype == "text/plain" and answer.headers["Cache-Control"] == "no-store"
    line = answer.get_data(as_text=True)
    assert line.endswith("\n") and line.count("\n") == 1
    return line.strip()


def test_a_ready_server_says_which_engine_answered(client, engine_name):
    answer = client.get("/readyz")
    if engine_name == "sqlite":
        engine = f"SQLite {'.'.join(map(str, sqlite.sqlite_version_info))}"
    else:
        with db.engine.connect() as connection:
            engine = f"PostgreSQL {connection.exec_driver_sql('SHOW server_version').scalar()}"
    assert answer.status_code == 200
    assert one_line(answer).startswith(f"ready: {engine}, tables ")


def test_a_server_without_its_tables_is_not_ready(client):
    move("alembic_version", "alembic_version_away")
    try:
        answer = client.get("/readyz")
    finally:
        move("alembic_version_away", "alembic_version")
    assert (answer.status_code, one_line(answer)[:10]) == (503, "not ready:")
    assert "flask --app wsgi db upgrade" in answer.get_data(as_text=True)
    assert client.get("/readyz").status_code == 200, "and ready again, without a new start"


@pytest.mark.engine("sqlite")
def test_a_file_that_is_no_database_is_not_ready(app, tmp_path):
    path = tmp_path / "registry.db"
    registry = watched(f"sqlite:///{path}", tmp_path)
    with registry.app_context():
        db.engine.dispose()
    for name in ("registry.db", "registry.db-wal", "registry.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    path.write_bytes(b"no database " * 1000)
    refuses(registry)


@pytest.mark.engine("sqlite")
def test_a_server_whose_postgresql_is_away_starts_and_is_not_ready(app, tmp_path):
    """The database may come later than the server: it says so and needs no new start."""
    refuses(watched("postgresql+psycopg://nobody:secret-word@127.0.0.1:1/registry", tmp_path))


def watched(url: str, folder: Path) -> Flask:
    registry = create_app({"TESTING": True, "SQLALCHEMY_DATABASE_URI": url}, instance=folder)
    registry.test_client_class = Browser
    return registry


def refuses(registry: Flask) -> None:
    answer = registry.test_client().get("/readyz")
    line = one_line(answer)
    assert answer.status_code == 503 and line.startswith("not ready: the database does not answer (")
    assert "secret-word" not in line and "127.0.0.1" not in line


def move(old: str, new: str) -> None:
    db.session.remove()
    with db.engine.connect() as connection:
        connection = connection.execution_options(**{WRITER: True})
        connection.exec_driver_sql(f"ALTER TABLE {old} RENAME TO {new}")
        connection.commit()


def too_old(monkeypatch) -> None:
    monkeypatch.setattr(sqlite, "sqlite_version_info", (3, 40, 1))


def without_foreign_keys(monkeypatch) -> None:
    monkeypatch.setattr(database, "PRAGMAS", (*database.PRAGMAS, "foreign_keys=OFF"))


def as_it_is(monkeypatch) -> None:
    """What is wrong is in the address."""


@pytest.mark.parametrize(
    ("library", "url", "why"),
    [
        (too_old, "sqlite:///{}/registry.db", "SQLite 3.40.1 can corrupt a database in WAL mode"),
        # This way of locking has no shared memory, as on a network disk: SQLite itself says no to WAL there.
        (as_it_is, "sqlite:///file:{}/registry.db?vfs=unix-dotfile&uri=true", "write-ahead logging is not available"),
        (without_foreign_keys, "sqlite:///{}/registry.db", "does not keep foreign keys"),
        (as_it_is, "mysql://localhost/registry", "DATABASE_URL begins with"),
    ],
    ids=["old SQLite", "no WAL", "no foreign keys", "another database"],
)
def test_a_server_that_could_harm_its_data_does_not_start(tmp_path, monkeypatch, library, url, why):
    library(monkeypatch)
    monkeypatch.setenv("DATABASE_URL", url.format(tmp_path))
    with pytest.raises(SystemExit) as end:  # as the server and the flask command load it
        runpy.run_path(str(ROOT / "wsgi.py"))
    line = end.value.code
    assert isinstance(line, str) and line.startswith("The registry does not start: ") and "\n" not in line
    assert why in line


def test_the_same_start_succeeds_where_nothing_is_wrong(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/registry.db")
    assert isinstance(runpy.run_path(str(ROOT / "wsgi.py"))["app"], Flask)
