"""The flask commands."""

from __future__ import annotations

from flask import Flask


def init(app: Flask) -> None:
    """Add the commands to the application."""
