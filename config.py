"""Settings, all from the environment; what is missing is made in instance/ for the demo.

A key made there serves one machine. A real deployment sets SECRET_KEY,
REGISTRY_SEAL_KEYS and REGISTRY_INDEX_KEY from its secret store. To change
SECRET_KEY, move the old one to SECRET_KEY_FALLBACKS: nobody is signed out.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
KEY_FILE = "keys.json"


_EXAMPLES = ("change", "example", "secret", "password", "insecure")  # a key with such a word was copied, not made


class BadSetting(RuntimeError):
    """The environment holds a setting that would be unsafe or cannot be read."""


def load(instance: Path, environ: dict[str, str] | None = None) -> dict[str, Any]:
    """The settings of one process. Raises BadSetting with one line that says what to mend."""
    environ = dict(os.environ) if environ is None else environ
    instance.mkdir(parents=True, exist_ok=True, mode=0o700)
    _refuse_debugging(environ)
    made = _made_keys(instance)
    seal_keys = _seal_keys(environ.get("REGISTRY_SEAL_KEYS") or made["seal"])
    index_key = _key(environ.get("REGISTRY_INDEX_KEY") or made["index"], "REGISTRY_INDEX_KEY")
    if index_key in seal_keys.values():
        raise BadSetting("REGISTRY_INDEX_KEY is also a sealing key; make one of its own with: openssl rand -hex 32")
    https = environ.get("REGISTRY_HTTPS", "") == "1"
    return {
        "SECRET_KEY": _secret(environ.get("SECRET_KEY") or made["secret"], "SECRET_KEY"),
        "SECRET_KEY_FALLBACKS": [
            _secret(old, "SECRET_KEY_FALLBACKS") for old in _list(environ.get("SECRET_KEY_FALLBACKS", ""))
        ],
        "SEAL_KEYS": seal_keys,
        "INDEX_KEY": index_key,
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
        "FORM_HEADER": _form_header(environ),
        "MAP_NUMBER": environ.get("REGISTRY_MAP_NUMBER", ""),
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
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise BadSetting(f"{path} can be read by others; chmod 600 it, and change the keys if others have seen them")
    try:
        keys = json.loads(path.read_text())
        return {name: keys[name] for name in ("secret", "seal", "index")}
    except (ValueError, KeyError, TypeError):
        raise BadSetting(
            f"{path} is damaged; put it back from the backup: what is sealed opens with no other keys"
        ) from None


def _refuse_debugging(environ: dict[str, str]) -> None:
    if environ.get("FLASK_DEBUG", "").lower() not in ("", "0", "false", "no"):
        raise BadSetting("FLASK_DEBUG is on; its pages show code and data to everybody, so the registry never runs so")


def _secret(text: str, name: str) -> str:
    if len(text) < 32:
        raise BadSetting(f"{name} is shorter than 32 characters; make one with: openssl rand -hex 32")
    if len(set(text)) < 8 or any(word in text.lower() for word in _EXAMPLES):
        raise BadSetting(f"{name} looks like an example; make one with: openssl rand -hex 32")
    return text


def _key(text: str, name: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise BadSetting(f"{name} is not 64 hexadecimal digits; make one with: openssl rand -hex 32")
    if len(set(key)) < 8 or key == bytes(range(32)):
        raise BadSetting(f"{name} looks like an example; make one with: openssl rand -hex 32")
    return key


def _seal_keys(text: str) -> dict[str, bytes]:
    """``k1:hex,k2:hex``; the greatest name seals, all of them open."""
    keys: dict[str, bytes] = {}
    for part in _list(text):
        name, _, digits = part.partition(":")
        if not (name.isascii() and name.isalnum()) or name in keys:
            raise BadSetting("REGISTRY_SEAL_KEYS reads name:hex, name:hex …; names are letters and digits, each once")
        keys[name] = _key(digits, "REGISTRY_SEAL_KEYS")
    if not keys:
        raise BadSetting("REGISTRY_SEAL_KEYS holds no key; it reads name:hex, name:hex …")
    return keys


def _form_header(environ: dict[str, str]) -> tuple[str, ...]:
    """The four lines of a survey form in their order, or none of them."""
    lines = (
        environ.get("REGISTRY_FORM_NUMBER", "").strip(),
        environ.get("REGISTRY_FORM_AUTHORITY", "").strip(),
        environ.get("REGISTRY_FORM_APPROVAL", "").strip(),
        environ.get("REGISTRY_FORM_VALID_UNTIL", "").strip(),
    )
    if any(lines) and not all(lines):
        raise BadSetting(
            "REGISTRY_FORM_NUMBER, _AUTHORITY, _APPROVAL and _VALID_UNTIL go together: who is asked may refuse a form "
            "that lacks one; set all four, or none"
        )
    return lines if all(lines) else ()


def database_url(url: str) -> str:
    """With the driver that is installed, however the address was written."""
    for short in ("postgres://", "postgresql://"):
        if url.startswith(short):
            return "postgresql+psycopg://" + url.removeprefix(short)
    if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise BadSetting("DATABASE_URL begins with sqlite:/// or postgresql://; no other database is supported")
    return url


def _list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
