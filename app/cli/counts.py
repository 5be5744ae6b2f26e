"""`flask counts YEAR`: a year's figures on the terminal, as JSON or as CSV."""

from __future__ import annotations

import json
import unicodedata

import click
from flask.cli import with_appcontext

from app.counts import DIMENSIONS, Figures, Table, year_table
from app.counts.files import BASES, BASIS, HEADINGS, as_csv


@click.command("counts")
@click.argument("year", type=click.IntRange(1900, 9998))
@click.option("--by", type=click.Choice(DIMENSIONS), help="One line for each category, division, provider or month.")
@click.option("--format", "form", type=click.Choice(("table", "json", "csv")), default="table")
@with_appcontext
def counts(year: int, by: str | None, form: str) -> None:
    """Print the figures of YEAR: persons, person-times, groups, class hours, completions, certificates."""
    table = year_table(year, by)
    if form == "json":
        click.echo(json.dumps(table.as_dict(), ensure_ascii=False))
    elif form == "csv":
        click.echo(as_csv(table).decode("utf-8"), nl=False)
    else:
        click.echo(as_text(table))


def as_text(table: Table) -> str:
    """Columns under each other, on a terminal where a Chinese character is two wide."""
    lines = [["", *HEADINGS.values(), BASIS]]
    lines += [[row.label, *_cells(row.figures)] for row in table.rows]
    lines.append(["全市", *_cells(table.total)])
    return in_columns(lines, right=frozenset(range(1, len(lines[0]))))


def in_columns(lines: list[list[str]], right: frozenset[int]) -> str:
    """Cells under each other, those of the columns ``right`` by their right edge."""
    widths = [max(_width(line[n]) for line in lines) for n in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            " " * (width - _width(cell)) + cell if n in right else cell + " " * (width - _width(cell))
            for n, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _cells(figures: Figures) -> list[str]:
    return [*(f"{value:,}" for value in figures.as_dict().values()), BASES[figures.basis("person_times_total")]]


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
