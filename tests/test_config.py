"""The registry refuses to start in a set-up that would be unsafe, with one line that says what to mend."""

from __future__ import annotations

import json
import secrets

import pytest
from flask import Flask, session

import config
from app import create_app

GOOD = {
    "SECRET_KEY": "0f" * 8 + secrets.token_hex(24),
    "REGISTRY_SEAL_KEYS": f"k1:{secrets.token_hex(32)}",
    "REGISTRY_INDEX_KEY": secrets.token_hex(32),
}
ONE = secrets.token_hex(32)


def test_a_good_set_up_starts(tmp_path):
    settings = config.load(tmp_path, GOOD)
    assert settings["SECRET_KEY"] == GOOD["SECRET_KEY"]
    assert len(settings["INDEX_KEY"]) == 32
    assert settings["SQLALCHEMY_DATABASE_URI"].startswith("sqlite:///")


def test_an_empty_set_up_makes_its_keys_once_for_its_owner_alone(tmp_path):
    first, second = config.load(tmp_path, {}), config.load(tmp_path, {})
    assert first == second
    assert (tmp_path / config.KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [config.KEY_FILE]
    assert len({first["SECRET_KEY"], first["INDEX_KEY"].hex(), *(k.hex() for k in first["SEAL_KEYS"].values())}) == 3


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"SECRET_KEY": "change-me-change-me-change-me-1234567890"}, "SECRET_KEY"),
        ({"SECRET_KEY": "0" * 64}, "SECRET_KEY"),
        ({"SECRET_KEY_FALLBACKS": "short"}, "SECRET_KEY_FALLBACKS"),
        ({"REGISTRY_INDEX_KEY": "not hexadecimal"}, "REGISTRY_INDEX_KEY"),
        ({"REGISTRY_INDEX_KEY": ONE[:62]}, "REGISTRY_INDEX_KEY"),
        ({"REGISTRY_INDEX_KEY": "00" * 32}, "REGISTRY_INDEX_KEY"),
        ({"REGISTRY_INDEX_KEY": bytes(range(32)).hex()}, "REGISTRY_INDEX_KEY"),
        ({"REGISTRY_INDEX_KEY": ONE, "REGISTRY_SEAL_KEYS": f"k1:{ONE}"}, "REGISTRY_INDEX_KEY"),
        ({"REGISTRY_SEAL_KEYS": ONE}, "REGISTRY_SEAL_KEYS"),
        ({"REGISTRY_SEAL_KEYS": "k1:xyz"}, "REGISTRY_SEAL_KEYS"),
        ({"REGISTRY_SEAL_KEYS": f"k1:{ONE}ab"}, "REGISTRY_SEAL_KEYS"),
        ({"REGISTRY_SEAL_KEYS": f"k1:{ONE},k1:{ONE}"}, "REGISTRY_SEAL_KEYS"),
        ({"REGISTRY_SEAL_KEYS": f"k|1:{ONE}"}, "REGISTRY_SEAL_KEYS"),
        ({"REGISTRY_SEAL_KEYS": ","}, "REGISTRY_SEAL_KEYS"),
        ({"REGISTRY_SEAL_KEYS": "k1:" + "ab" * 32}, "REGISTRY_SEAL_KEYS"),
        ({"REGISTRY_FORM_NUMBER": "教综 1 表"}, "REGISTRY_FORM_NUMBER"),
        ({"FLASK_DEBUG": "1"}, "FLASK_DEBUG"),
        ({"DATABASE_URL": "mysql://localhost/registry"}, "DATABASE_URL"),
    ],
)
def test_a_bad_set_up_does_not_start(tmp_path, settings, names):
    with pytest.raises(config.BadSetting) as caught:
        config.load(tmp_path, {**GOOD, **settings})
    line = str(caught.value)
    assert line.startswith(names) and "\n" not in line
    for value in settings.values():
        assert len(value) < 20 or value not in line, "the line must not carry the key into a log"


def test_a_key_file_that_others_can_read_does_not_start(tmp_path):
    config.load(tmp_path, {})
    path = tmp_path / config.KEY_FILE
    for mode in (0o644, 0o640, 0o604, 0o660):
        path.chmod(mode)
        with pytest.raises(config.BadSetting, match="chmod 600"):
            config.load(tmp_path, {})
    path.chmod(0o600)
    config.load(tmp_path, {})


@pytest.mark.parametrize("content", ["", "[]", "{", json.dumps({"secret": "x"})])
def test_a_damaged_key_file_is_not_replaced_in_silence(tmp_path, content):
    path = tmp_path / config.KEY_FILE
    path.touch(mode=0o600)
    path.write_text(content)
    with pytest.raises(config.BadSetting, match="damaged"):
        config.load(tmp_path, {})
    assert path.read_text() == content


def test_a_new_secret_key_signs_nobody_out(tmp_path):
    old, new = secrets.token_hex(32), secrets.token_hex(32)
    cookie = cookie_made_by(app_with(tmp_path, {"SECRET_KEY": old}))
    rotated = app_with(tmp_path, {"SECRET_KEY": new, "SECRET_KEY_FALLBACKS": [old]})
    assert read_by(rotated, cookie) == "mark"
    assert read_by(app_with(tmp_path, {"SECRET_KEY": new}), cookie) is None


def app_with(tmp_path, settings: dict[str, object]) -> Flask:
    return create_app(
        {"TESTING": True, "SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path / 'registry.db'}", **settings},
        instance=tmp_path,
    )


def cookie_made_by(app: Flask) -> str:
    with app.test_request_context():
        session["mark"] = "mark"
        answer = app.response_class()
        app.session_interface.save_session(app, session._get_current_object(), answer)
        return answer.headers["Set-Cookie"].split(";")[0]


def read_by(app: Flask, cookie: str) -> str | None:
    with app.test_request_context(headers={"Cookie": cookie}):
        return session.get("mark")
