"""`flask targets YEAR` and `flask plan load`: the targets of a year, and the plan that they come from."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup, with_appcontext

from app.cli.counts import in_columns
from app.clock import now, today
from app.counts.files import BASES
from app.counts.judging import VERDICTS
from app.counts.targets import Row, as_dict, target_rows
from app.database import writing
from app.models.target import COMPARATORS, Target, load_plan, missing_of_plan, read_plan, the_plan

plan = AppGroup("plan", help="Policy documents whose targets the bureau answers for.")
SHORT = {"at_least": "≥", "more_than": ">", "at_most": "≤", "less_than": "<", "about": "≈", "none": ""}


@click.command("targets")
@click.argument("year", type=click.IntRange(1990, 9998))
@click.option("--format", "form", type=click.Choice(("table", "json")), default="table")
@with_appcontext
def targets(year: int, form: str) -> None:
    """Print the targets of YEAR: figure, threshold, basis, verdict and its reason.

    A registry that has no target yet gets those of 吉市政办发〔2022〕33号 first.
    """
    if not Target.every():
        load_missing(the_plan())
    rows = target_rows(year, today())
    if form == "json":
        click.echo(json.dumps(as_dict(year, rows), ensure_ascii=False))
    else:
        click.echo(as_text(rows))


@plan.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
def load(file: Path | None) -> None:
    """Add the targets of FILE, or of 吉市政办发〔2022〕33号, that are not there yet; nothing is overwritten."""
    told = read_plan(file) if file else the_plan()
    click.echo(f"{told['document']['number']}：新增 {load_missing(told)} 个指标。")


def load_missing(told: dict[str, Any]) -> int:
    """Add what the registry lacks of a plan; how many targets. What is complete is not written to."""
    if not missing_of_plan(told):
        return 0
    with writing():
        return load_plan(told, now())


def as_text(rows: list[Row]) -> str:
    """Columns under each other."""
    lines = [["编号", "条款", "比较", "目标值", "数", "单位", "依据", "结论", "理由"]]
    for row in rows:
        target, found = row.target, row.measured
        value = "" if found.low is None else row.shown(found.low)
        if found.high is not None and found.high != found.low:
            value += f"–{row.shown(found.high)}"
        line = "" if target.value is None else row.shown(Fraction(target.value))
        lines.append(
            [
                target.code, target.clause, SHORT.get(target.comparator, COMPARATORS[target.comparator]), line, value,
                target.unit, BASES[found.basis], VERDICTS[row.verdict], row.reason,
            ]
        )  # fmt: skip
    return in_columns(lines, right=frozenset({3, 4}))
