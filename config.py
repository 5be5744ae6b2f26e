"""Settings, all from the environment; what is missing is made in instance/ for the demo.

A key made there serves one machine. A real deployment sets SECRET_KEY,
REGISTRY_SEAL_KEYS and REGISTRY_INDEX_KEY from its secret store.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
KEY_FILE = "keys.json"


class BadSetting(RuntimeError):
    """The environment holds a setting that would be unsafe or cannot be read."""


def load(instance: Path, environ: dict[str, str] | None = None) -> dict[str, Any]:
    """The settings of one process. Raises BadSetting with one line that says what to mend."""
    environ = dict(os.environ) if environ is None else environ
    instance.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = _made_keys(instance)
    https = environ.get("REGISTRY_HTTPS", "") == "1"
    return {
        "SECRET_KEY": _secret(environ.get("SECRET_KEY") or made["secret"]),
        "SEAL_KEYS": _seal_keys(environ.get("REGISTRY_SEAL_KEYS") or made["seal"]),
        "INDEX_KEY": _key(environ.get("REGISTRY_INDEX_KEY") or made["index"], "REGISTRY_INDEX_KEY"),
        "SQLALCHEMY_DATABASE_URI": database_url(environ.get("DATABASE_URL") or f"sqlite:///{instance / 'registry.db'}"),
        "MAX_CONTENT_LENGTH": 64 * 1024 * 1024,
        "MAX_FORM_MEMORY_SIZE": 500_000,
        "MAX_FORM_PARTS": 1_000,
        # With __Host- a browser takes the cookie from this host alone, and only over TLS.
        "SESSION_COOKIE_NAME": "__Host-registry" if https else "registry",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": https,
        "PERMANENT_SESSION_LIFETIME": timedelta(hours=12),
        "WTF_CSRF_TIME_LIMIT": None,  # a form left open over lunch still sends
        "BABEL_DEFAULT_LOCALE": "zh",
        "BABEL_DEFAULT_TIMEZONE": "Asia/Shanghai",
        "HELP_TELEPHONE": environ.get("REGISTRY_HELP_TELEPHONE", "0432-12345678"),
        "TRUSTED_HOSTS": _list(environ.get("REGISTRY_HOSTS", "")) or None,
        "ICP_NUMBER": environ.get("REGISTRY_ICP_NUMBER", ""),
    }


def _made_keys(instance: Path) -> dict[str, str]:
    path = instance / KEY_FILE
    if not path.exists():
        keys = {"secret": secrets.token_hex(32), "seal": f"k1:{secrets.token_hex(32)}", "index": secrets.token_hex(32)}
        draft = path.with_name(f"{KEY_FILE}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(keys))
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)  # two processes starting at once keep the first one's keys
        draft.unlink()
    return json.loads(path.read_text())


def _secret(text: str) -> str:
    if len(text) < 32:
        raise BadSetting("SECRET_KEY is shorter than 32 characters; make one with: openssl rand -hex 32")
    return text


def _key(text: str, name: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise BadSetting(f"{name} is not 64 hexadecimal digits; make one with: openssl rand -hex 32")
    return key


def _seal_keys(text: str) -> dict[str, bytes]:
    """``k1:hex,k2:hex``; the greatest name seals, all of them open."""
    keys = {}
    for part in _list(text):
        name, _, digits = part.partition(":")
        if not name.isalnum():
            raise BadSetting("REGISTRY_SEAL_KEYS reads name:hex, name:hex …; names are letters and digits")
        keys[name] = _key(digits, "REGISTRY_SEAL_KEYS")
    return keys


def database_url(url: str) -> str:
    """With the driver that is installed, however the address was written."""
    for short in ("postgres://", "postgresql://"):
        if url.startswith(short):
            return "postgresql+psycopg://" + url.removeprefix(short)
    return url


def _list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
