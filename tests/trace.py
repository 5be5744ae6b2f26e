"""What the whole suite keeps while it runs: who writes is a writer, nobody meets a locked database.

Attached to every registry that the fixtures make. How long write
transactions lasted is printed at the end, for information.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from app.database import WRITER, is_transient

broken: list[str] = []
held: list[float] = []  # seconds
_meant = 0


@contextmanager
def meant() -> Iterator[None]:
    """For a test that breaks the rules in order to see what happens."""
    global _meant
    _meant += 1
    try:
        yield
    finally:
        _meant -= 1


def attach(engine: Engine) -> None:
    event.listen(engine, "before_cursor_execute", _watch_statement)
    event.listen(engine, "handle_error", _watch_error)
    event.listen(engine, "begin", _note_begin)
    event.listen(engine, "commit", _note_end)
    event.listen(engine, "rollback", _note_end)


def _watch_statement(connection: Connection, cursor: Any, statement: str, *rest: Any) -> None:
    writes = statement.lstrip().split(None, 1)[0].upper() in ("INSERT", "UPDATE", "DELETE", "REPLACE", "TRUNCATE")
    if writes and not connection.get_execution_options().get(WRITER) and not _meant:
        broken.append(f"written outside a write transaction: {statement[:120]}")


def _watch_error(context: Any) -> None:
    error = context.sqlalchemy_exception or context.original_exception
    if is_transient(error) and not _meant:
        broken.append(f"a lock was not to be had: {str(error)[:120]}")


def _note_begin(connection: Connection) -> None:
    if connection.get_execution_options().get(WRITER):
        connection.info["writes since"] = time.perf_counter()


def _note_end(connection: Connection) -> None:
    since = None if connection.invalidated else connection.info.pop("writes since", None)
    if since is not None:
        held.append(time.perf_counter() - since)


@pytest.fixture(scope="session", autouse=True)
def transactions_are_kept() -> Iterator[None]:
    yield
    assert not broken, "\n".join(broken[:20])


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["held"] = held


def pytest_testnodedown(node: Any) -> None:
    held.extend(getattr(node, "workeroutput", {}).get("held", []))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if held:
        ordered = [1000 * s for s in sorted(held)]
        p50, p99 = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
        terminalreporter.write_line(
            f"{len(ordered)} write transactions: p50 {p50:.1f} ms, p99 {p99:.1f} ms, longest {ordered[-1]:.0f} ms"
        )
