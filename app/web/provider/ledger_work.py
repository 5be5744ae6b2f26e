"""Long work on a ledger goes on in a process of its own, so that a request answers at once and may end."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import IO

from flask import current_app

import config

SMALL_FILE = 200_000  # bytes: about 2,000 rows, checked while the clerk waits
SMALL_BATCH = 1_000  # rows


def start(verb: str, batch_id: int, file: IO[bytes] | None = None) -> None:
    """`flask ledger VERB BATCH` beside us; a file goes through a pipe, never over a disk.

    Should it die, the batch stands half-way and its page offers to go on.
    """
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "ledger", verb, str(batch_id)]
    work = subprocess.Popen(  # noqa: S603 - our own command and a number
        command,
        cwd=config.ROOT,
        env=_environment(),
        stdin=subprocess.PIPE if file else subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # outlives the server's worker
    )
    if file and work.stdin:
        with work.stdin as pipe:
            while part := file.read(1 << 20):
                pipe.write(part)


def _environment() -> dict[str, str]:
    """The same registry with the same keys, wherever this process has them from."""
    settings = current_app.config
    return os.environ | {
        "DATABASE_URL": str(settings["SQLALCHEMY_DATABASE_URI"]),
        "SECRET_KEY": str(settings["SECRET_KEY"]),
        "REGISTRY_SEAL_KEYS": ",".join(f"{name}:{key.hex()}" for name, key in settings["SEAL_KEYS"].items()),
        "REGISTRY_INDEX_KEY": settings["INDEX_KEY"].hex(),
    }
