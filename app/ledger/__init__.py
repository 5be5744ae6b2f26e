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
from app.ledger.loading import Findings, abandon, begin_loading, check, drop, erase, load, refused_rows
from app.ledger.plan import Plan
from app.ledger.staging import Progress, digest_of, note_digest, open_batch, silent, stage
from app.ledger.undoing import begin_undoing, undo
from app.refusal import Refusal

__all__ = [
    "Findings",
    "begin_loading",
    "begin_undoing",
    "drop",
    "erase",
    "export",
    "export_refused",
    "load",
    "open_batch",
    "receive",
    "receive_into",
    "refused_rows",
    "undo",
]


def receive(
    file: IO[bytes],
    name: str,
    *,
    provider_id: int | None = None,
    by_id: int | None = None,
    progress: Progress = silent,
) -> tuple[int, Findings, Plan]:
    """Stage and check a file: the batch's id, what it would do, and the plan. Nothing but the batch is written.

    Raises ``file-kind``, ``file-too-large``, ``file-encoding``,
    ``file-unreadable``, ``header-missing`` or ``column-twice``.
    """
    batch_id = open_batch(name, provider_id=provider_id, by_id=by_id)
    try:
        return batch_id, *_read_into(batch_id, file, name, progress)
    except BaseException:
        erase(batch_id)
        raise


def receive_into(batch_id: int, file: IO[bytes], name: str, progress: Progress = silent) -> None:
    """The same into a batch that was opened before; what cannot be read leaves it dropped, with the sentence."""
    try:
        _read_into(batch_id, file, name, progress)
    except Refusal as no:
        abandon(batch_id, str(no))


def _read_into(batch_id: int, file: IO[bytes], name: str, progress: Progress) -> tuple[Findings, Plan]:
    note_digest(batch_id, digest_of(file))
    ledger = Ledger(file, name)
    stage(batch_id, ledger, progress)
    return check(batch_id, ledger.header.unknown, progress)
