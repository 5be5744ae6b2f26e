"""``flask copy-to``: move a registry to another database, row by row."""

from __future__ import annotations

import sys
from typing import Any

import click
from flask.cli import with_appcontext
from sqlalchemy import Connection, Table, create_engine, func, insert, inspect, select, update

import config
from app.database import WRITER, db, engine_options, prepare

_SLICE = 2_000


@click.command("copy-to")
@click.argument("url")
@with_appcontext
def copy_to(url: str) -> None:
    """Copy every row of this registry into an empty one at URL, made there by ``db upgrade``."""
    url = config.database_url(url)
    target = create_engine(url, **engine_options(url))
    prepare(target)
    tables = db.metadata.sorted_tables
    with db.engine.connect() as source, target.connect().execution_options(**{WRITER: True}) as there:
        missing = {table.name for table in tables} - set(inspect(there).get_table_names())
        if missing:
            sys.exit("那边还没有表，请先用那边的 DATABASE_URL 运行 flask --app wsgi db upgrade。")
        if any(_count(there, table) for table in tables):
            sys.exit("那边已经有数据，只往空库里复制。")
        for table in tables:
            _copy(source, there, table)
            here_rows, there_rows = _count(source, table), _count(there, table)
            if here_rows != there_rows:
                sys.exit(f"{table.name}：这边 {here_rows} 行，那边 {there_rows} 行。没有保存。")
            click.echo(f"{table.name}\t{there_rows}")
        there.commit()


def _copy(source: Connection, there: Connection, table: Table) -> None:
    """A row may point at a later row of its own table: those columns are filled when all rows stand."""
    inward = [column.name for column in table.columns if any(key.column.table is table for key in column.foreign_keys)]
    pointing: list[dict[str, Any]] = []
    rows = source.execution_options(yield_per=_SLICE).execute(select(table)).mappings()
    for part in rows.partitions():
        plain = [dict(row) for row in part]
        pointing += [row for row in plain if any(row[name] is not None for name in inward)]
        there.execute(insert(table), [row | dict.fromkeys(inward) for row in plain])
    if pointing:
        key = next(iter(table.primary_key))
        values = {name: db.bindparam(f"to_{name}", type_=table.c[name].type) for name in inward}
        there.execute(
            update(table).where(key == db.bindparam("row")).values(values),
            [{"row": row[key.name]} | {f"to_{name}": row[name] for name in inward} for row in pointing],
        )
    if there.dialect.name == "postgresql" and "id" in table.c:
        last = there.scalar(select(func.max(table.c.id)))
        numbers = func.pg_get_serial_sequence(table.name, "id")
        there.execute(select(func.setval(numbers, last or 1, last is not None)))


def _count(connection: Connection, table: Table) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0
