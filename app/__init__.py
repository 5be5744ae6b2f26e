"""江城学堂, the training registry of Jilin City."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask
from flask_babel import Babel
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_wtf.csrf import CSRFProtect

import config
from app import cli, sealing
from app.database import db, engine_options, prepare
from app.web import (
    access,
    account,
    bureau,
    errors,
    frame,
    headers,
    health,
    page_cache,
    provider,
    public,
    resident,
    sentences,
    trainer,
    turns,
    uploads,
    words,
)


class Registry(Flask):
    request_class = uploads.MemoryRequest

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """No view of ours is a coroutine; asking each function a dozen times a request cost more than routing it."""
        return func


babel = Babel()
babel.domain_instance = sentences.Sentences()
csrf = CSRFProtect()
migrate = Migrate(render_as_batch=True)


def create_app(settings: dict[str, Any] | None = None, instance: Path | None = None) -> Flask:
    """The registry, set up; a checklist. ``settings`` override the environment's, for tests."""
    instance = instance or config.ROOT / "instance"
    app = Registry(__name__, instance_path=str(instance))
    app.config.update(config.load(instance))
    app.config.update(settings or {})
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True

    sealing.use(sealing.Sealer(app.config["SEAL_KEYS"], app.config["INDEX_KEY"]))
    app.config.setdefault("SQLALCHEMY_ENGINE_OPTIONS", engine_options(app.config["SQLALCHEMY_DATABASE_URI"]))
    db.init_app(app)
    with app.app_context():
        prepare(db.engine)
    migrate.init_app(app, db)
    babel.init_app(app, locale_selector=words.chosen_locale)
    headers.init(app)  # first: a foreign page is refused before anything is asked of it
    csrf.init_app(app)
    LoginManager(app)
    access.init(app)
    errors.init(app)
    words.init(app)
    frame.init(app)
    for audience in (health, public, account, resident, trainer, provider, bureau):
        app.register_blueprint(audience.bp)
    cli.init(app)
    turns.init(app)
    page_cache.init(app)
    return app
