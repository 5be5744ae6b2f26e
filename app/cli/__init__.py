"""The flask commands, one module a noun."""

from __future__ import annotations

from flask import Flask

from app.cli import account, copy, counts, demo, ledger, tidy


def init(app: Flask) -> None:
    """Add the commands to the application."""
    for command in (account.group, copy.copy_to, counts.counts, demo.group, ledger.group, tidy.tidy):
        app.cli.add_command(command)
