"""The flask commands, one module a noun."""

from __future__ import annotations

from flask import Flask

from app.cli import demo


def init(app: Flask) -> None:
    """Add the commands to the application."""
    for group in (demo.group,):
        app.cli.add_command(group)
