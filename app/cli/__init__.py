"""The flask commands, one module a noun."""

from __future__ import annotations

from flask import Flask

from app.cli import account, copy, counts, demo, ledger, statement, targets, tidy


def init(app: Flask) -> None:
    """Add the commands to the application."""
    commands = (
        account.group,
        copy.copy_to,
        counts.counts,
        demo.group,
        ledger.group,
        statement.group,
        targets.plan,
        targets.targets,
        tidy.tidy,
    )
    for command in commands:
        app.cli.add_command(command)
