"""A password costs 64 MiB while it is hashed: one at a time in a process, whoever asks and why."""

from __future__ import annotations

import re
import threading
import time
from contextlib import nullcontext
from pathlib import Path

import pytest

from app.models import account
from app.models.account import NewPassword, check_password, hash_password, waste_a_check
from tests.people import PASSWORD

ROOT = Path(__file__).resolve().parents[2]
WAYS = {
    "a new password": lambda: NewPassword.chosen(PASSWORD),
    "a one-use password": NewPassword.for_one_use,
    "a sign-in": lambda: check_password("hash", PASSWORD),
    "a sign-in of nobody": lambda: waste_a_check(PASSWORD),
    "an account of the command line": lambda: hash_password(PASSWORD),
}


class Scale:
    """Stands in for the hasher and notes how many are at it at once."""

    def __init__(self) -> None:
        self._lock, self._now, self.most, self.asked = threading.Lock(), 0, 0, 0

    def hash(self, password: str) -> str:
        with self._lock:
            self._now, self.asked = self._now + 1, self.asked + 1
            self.most = max(self.most, self._now)
        time.sleep(0.01)
        with self._lock:
            self._now -= 1
        return "hash"

    def verify(self, kept: str, password: str) -> bool:
        return bool(self.hash(password))


def rush(monkeypatch: pytest.MonkeyPatch) -> Scale:
    """Every way to a hash at once, four times over."""
    scale, start = Scale(), threading.Barrier(4 * len(WAYS))
    monkeypatch.setattr(account, "_HASHER", scale)

    def come(way) -> None:
        start.wait(20)
        way()

    threads = [threading.Thread(target=come, args=(way,)) for way in WAYS.values() for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert scale.asked == len(threads)
    return scale


def test_one_password_is_hashed_at_a_time(monkeypatch):
    assert rush(monkeypatch).most == 1


def test_without_the_guard_many_are_hashed_at_once(monkeypatch):
    """The control: were this to be 1, the test above could not fail."""
    monkeypatch.setattr(account, "_ONE_AT_A_TIME", nullcontext())
    assert rush(monkeypatch).most > 1


def test_nobody_hashes_past_the_guard():
    users = {p.name for p in (ROOT / "app").rglob("*.py") if re.search(r"argon2|_HASHER", p.read_text("utf-8"))}
    assert users == {"account.py"}
    text = (ROOT / "app" / "models" / "account.py").read_text("utf-8")
    calls = re.findall(r"_HASHER\.\w+", text)
    guarded = re.findall(r"with _ONE_AT_A_TIME:\n(?:\s+try:\n)?\s+return (_HASHER\.\w+)", text)
    assert calls == guarded == ["_HASHER.hash", "_HASHER.verify"]
    assert "64 * 1024" in text, "of 64 MiB each"
