"""Offerings: draft, published, cancelled; their lessons, trainers and places."""

from __future__ import annotations

from app.web.provider import bp


@bp.get("/offerings")
def offerings() -> str:
    return ""
