"""Runs the migrations: on a connection of its own, with foreign keys off on SQLite and checked before the commit.

Alembic's batch mode rebuilds a table on SQLite; with foreign keys on, the
rebuild would cascade away child rows. It also forgets CHECKs, triggers and
the conditions of indexes unless the revision passes them on; what is lost
so is found before the commit. A revision that means to drop one names it:
``op.get_context().config.attributes["dropped"].add("ck_…")``.
"""

from __future__ import annotations

import re

from alembic import context
from flask import current_app
from sqlalchemy import Connection, create_engine, event

from app.database import Base, db, engine_options

target_metadata = db.metadata


def render_item(kind: str, item: object, autogen_context: object) -> str | bool:
    if kind == "type" and type(item).__module__ == "app.database":
        return {"Stamp": "sa.DateTime(timezone=True)", "Hours": "sa.Integer()"}[type(item).__name__]
    return False


def run() -> None:
    url = current_app.config["SQLALCHEMY_DATABASE_URI"]
    engine = create_engine(url, **engine_options(url))
    sqlite = engine.dialect.name == "sqlite"
    if sqlite:
        event.listen(engine, "connect", _open_for_migration)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=target_metadata,
            render_as_batch=True,
            render_item=render_item,
            compare_type=False,
            transaction_per_migration=False,
            transactional_ddl=True,  # Alembic thinks SQLite cannot, and would keep half of a migration that fails
        )
        dropped = context.config.attributes.setdefault("dropped", set())
        with context.begin_transaction():
            before = _guards(connection) if sqlite else {}
            if not sqlite:
                connection.exec_driver_sql("SET LOCAL lock_timeout = '1s'")
                connection.exec_driver_sql("SET LOCAL statement_timeout = '300s'")
            context.run_migrations()
            if sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()):
                raise RuntimeError(f"the migration would leave rows without their parents: {broken[:5]}")
            if lost := _lost(before, _guards(connection), dropped) if sqlite else None:
                raise RuntimeError(f"a rebuilt table would lose {', '.join(lost)}; pass them to batch_alter_table")
    engine.dispose()


def _guards(connection: Connection) -> dict[str, set[str]]:
    """Per table, the names of its CHECKs, triggers and indexes, these with their conditions."""
    guards: dict[str, set[str]] = {}
    rows = connection.exec_driver_sql("SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    for kind, name, table, sql in rows:
        found = guards.setdefault(table, set())
        if kind == "table":
            found.update(re.findall(r"CONSTRAINT (\w+) CHECK", sql))
        else:
            found.add(name + "".join(re.findall(r"\sWHERE\s.*", sql, re.S)))
    return guards


def _lost(before: dict[str, set[str]], after: dict[str, set[str]], dropped: set[str]) -> list[str]:
    return sorted(
        name
        for table in before.keys() & after.keys()
        for name in before[table] - after[table]
        if name.split()[0] not in dropped
    )


def _open_for_migration(dbapi: object, record: object) -> None:
    dbapi.isolation_level = None  # type: ignore[attr-defined]
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=OFF", "busy_timeout=5000"):
        dbapi.execute(f"PRAGMA {pragma}")  # type: ignore[attr-defined]


assert Base.metadata is target_metadata
run()
