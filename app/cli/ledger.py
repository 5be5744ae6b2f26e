"""`flask ledger import | export | undo | resume`: workbooks in and out."""

from __future__ import annotations

import gc
import io
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

import click
from flask.cli import AppGroup

from app import ledger
from app.database import db
from app.models.ledger_batch import LedgerBatch
from app.models.provider import Provider
from app.refusal import Refusal

group = AppGroup("ledger", help="The training ledger (培训年度台账), in and out.")
UNREADABLE = 2


@group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would happen; save nothing.")
@click.option("--accept-good-rows", is_flag=True, help="Load the good rows although others are refused.")
@click.option("--refused", type=click.Path(dir_okay=False, path_type=Path), help="Write the refused rows here (.xlsx).")
def import_(file: Path, dry_run: bool, accept_good_rows: bool, refused: Path | None) -> None:
    """Load a ledger FILE. Exit status: 0 done, 1 rows were refused (nothing saved), 2 FILE can't be read."""
    try:
        with file.open("rb") as opened:
            batch_id, findings, plan = ledger.receive(opened, file.name, progress=_show)
    except Refusal as no:
        _fail(no, UNREADABLE)
    _say(findings)
    if findings.refused:
        _say_refused(batch_id, refused)
    if dry_run or (findings.refused and not accept_good_rows):
        ledger.erase(batch_id)
        click.echo(
            "试运行，什么也没有保存。"
            if dry_run
            else "有退回的行，什么也没有保存。改好再导入，或加 --accept-good-rows 只登记没有问题的行。"
        )
        sys.exit(1 if findings.refused else 0)
    _load(batch_id, plan)


@group.command("resume")
@click.argument("batch", type=int)
def resume(batch: int) -> None:
    """Finish BATCH, which stopped half-way."""
    found = _batch(batch)
    _load(found.id)


@group.command("export")
@click.argument("year", type=click.IntRange(1900, 9998))
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--provider", help="This institution alone.")
def export(year: int, out: Path, provider: str | None) -> None:
    """Write the ledger of YEAR to OUT (.xlsx, or .csv). It holds numbers in clear: keep it as such."""
    if out.suffix.lower() not in (".xlsx", ".csv"):
        click.echo("导出的文件名请以 .xlsx 或 .csv 结尾。", err=True)
        sys.exit(UNREADABLE)
    found = Provider.named(provider) if provider else None
    if provider and found is None:
        click.echo(f"没有叫“{provider}”的机构。", err=True)
        sys.exit(UNREADABLE)
    try:
        with open(out, "wb", opener=_for_us_alone) as opened:
            rows = ledger.export(
                year, opened, separated=out.suffix.lower() == ".csv", provider_id=found.id if found else None
            )
    except OSError as error:
        click.echo(f"写不了 {out}：{error.strerror}", err=True)
        sys.exit(UNREADABLE)
    click.echo(f"{year} 年台账 {rows} 行，写在 {out}")


@group.command("undo")
@click.argument("batch", type=int)
def undo(batch: int) -> None:
    """Take BATCH back as a whole, or the part of it that was loaded."""
    found = _batch(batch)
    try:
        ledger.undo(found.id, progress=_show)
    except Refusal as no:
        _fail(no, 1)
    click.echo(f"第 {batch} 批已撤销。")


@group.command("receive", hidden=True)
@click.argument("batch", type=int)
def receive(batch: int) -> None:
    """Read the file of BATCH from standard input: how the desk hands on what would hold up a request."""
    found = _batch(batch)
    ledger.receive_into(found.id, io.BytesIO(sys.stdin.buffer.read()), found.file_name)


def _load(batch_id: int, plan: Any = None) -> None:
    gc.freeze()  # the plan stays to the end; walked by every full collection it took a tenth of the time
    try:
        done = ledger.load(batch_id, _show, plan)
    except Refusal as no:
        _fail(no, 1)
    finally:
        gc.unfreeze()
    click.echo(
        f"第 {done.id} 批：登记了 {done.rows_done} 行，退回 {done.rows_refused} 行。撤销用：flask ledger undo {done.id}"
    )


def _batch(batch_id: int) -> LedgerBatch:
    found = db.session.get(LedgerBatch, batch_id)
    if found is None:
        click.echo(f"没有第 {batch_id} 批。", err=True)
        sys.exit(UNREADABLE)
    return found


def _say(findings: ledger.Findings) -> None:
    if findings.unknown_columns:
        click.echo(f"不认识的列，没有读：{'、'.join(findings.unknown_columns)}")
    if findings.new_providers:
        click.echo(f"新建机构 {len(findings.new_providers)} 个：{'、'.join(findings.new_providers)}")
    if findings.new_courses:
        more = "……" if findings.new_courses > len(findings.course_names) else ""
        click.echo(f"新建课程 {findings.new_courses} 门：{'、'.join(findings.course_names)}{more}")
    if findings.new_offerings:
        click.echo(f"新建班次 {findings.new_offerings} 个")
    click.echo(
        f"可登记 {findings.good} 行（新增 {findings.new}，补充或更新 {findings.changed}，已有且相同 {findings.same}），"
        f"重复 {findings.repeats} 行，退回 {findings.refused} 行"
    )


def _say_refused(batch_id: int, refused: Path | None) -> None:
    for n, (number, _, column, why) in enumerate(ledger.refused_rows(batch_id)):
        if n == 50:
            click.echo("……")
            break
        click.echo(f"第 {number} 行，{column}：{why}")
    if refused is not None:
        with open(refused, "wb", opener=_for_us_alone) as out:
            ledger.export_refused(out, ledger.refused_rows(batch_id))
        click.echo(f"退回的行连同原因写在 {refused}")


def _for_us_alone(path: str, flags: int) -> int:
    """Files with numbers in clear are nobody else's to read."""
    return os.open(path, flags, 0o600)


def _show(step: str, done: int, total: int) -> None:
    """Progress, on a terminal's one line; elsewhere a line now and then."""
    if sys.stderr.isatty():
        click.echo(f"\r{step} {done:,}{f' / {total:,}' if total else ''} 行", err=True, nl=False)
    elif done % 20_000 < 2_000:
        click.echo(f"{step} {done}{f'/{total}' if total else ''} 行", err=True)


def _fail(no: Refusal, status: int) -> NoReturn:
    click.echo(str(no), err=True)
    sys.exit(status)
