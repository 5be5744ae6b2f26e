"""The institutions' workbook, in and out.

A file is read (`files`, `columns`), its rows laid down sealed (`staging`),
judged one by one (`cells`, `rows`) and together (`plan`), held against the
registry and written in slices (`slices`, `people`, `loading`), with a way
back (`undoing`); `exporting` writes the same columns.
"""

from __future__ import annotations

from typing import IO

from app.ledger.exporting import export, export_refused
from app.ledger.files import Ledger
from app.ledger.loading import Findings, check, drop, erase, load, refused_rows
from app.ledger.staging import Progress, digest_of, open_batch, silent, stage
from app.ledger.undoing import undo

__all__ = [
    "Findings", "check", "drop", "erase", "export", "export_refused", "load", "receive", "refused_rows", "undo",
]  # fmt: skip


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
    digest = digest_of(file)
    ledger = Ledger(file, name)
    batch_id = open_batch(name, digest, provider_id=provider_id, by_id=by_id)
    try:
        stage(batch_id, ledger, progress)
        return batch_id, check(batch_id, ledger.header.unknown, progress)
    except BaseException:
        erase(batch_id)
        raise
