"""``flask tidy``: take out the rows that nobody asks for any more."""

from __future__ import annotations

from collections import Counter

import click
from flask.cli import with_appcontext

from app.clock import now
from app.database import writing
from app.models.tidying import tidy as take_out


@click.command("tidy")
@with_appcontext
def tidy() -> None:
    """Delete old nonces of forms, ended sign-ins and counted attempts, a few thousand at a time."""
    gone: Counter[str] = Counter()
    while True:
        with writing():  # between two slices others write
            part = take_out(now())
        gone.update(part)
        if not any(part.values()):
            break
    for table, number in gone.items():
        click.echo(f"{table}\t{number}")
