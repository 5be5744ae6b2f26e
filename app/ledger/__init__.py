"""The institutions' workbook, in and out.

A file is read (`files`, `columns`), its rows laid down sealed (`staging`),
judged one by one (`cells`, `rows`) and together (`plan`), held against the
registry and written in slices (`slices`, `people`, `loading`), with a way
back (`undoing`); `exporting` writes the same columns.
"""

from __future__ import annotations

from typing import IO

from app.ledger.files import Ledger
from app.ledger.loading import Findings, check, drop, erase, load, refused_rows
from app.ledger.staging import Progress, digest_of, open_batch, silent, stage

__all__ = ["Findings", "check", "drop", "erase", "load", "receive", "refused_rows"]


def receive(
    file: IO[bytes],
    name: str,
    *,
    provider_id: int | None = None,
    by_id: int | None = None,
    progress: Progress = silent,
) -> tuple[int, Findings]:
    """Stage and check a file: the batch's id, and what it would do. Nothing but the batch is written.

    Raises ``file-kind``, ``file-too-large``, ``file-encoding``,
    ``file-unreadable``, ``header-missing`` or ``column-twice``.
    """
    ledger = Ledger(file, name)
    batch_id = open_batch(name, digest_of(file) if file.seekable() else b"", provider_id=provider_id, by_id=by_id)
    try:
        stage(batch_id, ledger, progress)
        return batch_id, check(batch_id, ledger.header.unknown, progress)
    except BaseException:
        erase(batch_id)
        raise
