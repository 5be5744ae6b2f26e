"""For whoever watches the server: may it be sent people?"""

from __future__ import annotations

from flask import Blueprint, Response
from sqlalchemy.exc import SQLAlchemyError

from app.database import EngineTooOld, db, engine_in_words, tables_version

bp = Blueprint("health", __name__)


@bp.get("/readyz")
def readyz() -> Response:
    """One line: 200 and the versions that answered, or 503 and what is the matter."""
    try:
        engine, tables = engine_in_words(), tables_version()
    except EngineTooOld as error:
        return _line(503, f"not ready: {error}")
    except SQLAlchemyError as error:
        return _line(503, f"not ready: the database does not answer ({type(error).__name__})")
    finally:
        db.session.remove()
    if tables is None:
        return _line(503, "not ready: the database has no tables; run: flask --app wsgi db upgrade")
    return _line(200, f"ready: {engine}, tables {tables}")


def _line(status: int, words: str) -> Response:
    return Response(f"{words}\n", status, mimetype="text/plain", headers={"Cache-Control": "no-store"})
