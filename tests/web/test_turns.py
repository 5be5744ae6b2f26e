"""Requests of a process compute in turn, and nobody waits for a turn for long."""

import threading
from collections.abc import Iterable
from typing import Any

import pytest

from app.web import turns
from app.web.turns import Turns


class Busy:
    """An application that says how many were in it at once, and stays until it is let go."""

    def __init__(self) -> None:
        self.inside, self.most, self.entered, self.go = 0, 0, threading.Semaphore(0), threading.Event()

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        self.inside += 1
        self.most = max(self.most, self.inside)
        self.entered.release()
        assert self.go.wait(10)
        self.inside -= 1
        return [b""]


def ask(application: Any, times: int) -> list[threading.Thread]:
    threads = [threading.Thread(target=application, args=({}, None)) for _ in range(times)]
    for thread in threads:
        thread.start()
    return threads


@pytest.mark.parametrize(("patience", "at_once"), [(10.0, 1), (0.0, 4)])
def test_requests_take_turns_unless_one_lasts_too_long(monkeypatch, patience, at_once):
    monkeypatch.setattr(turns, "PATIENCE", patience)
    busy = Busy()
    threads = ask(Turns(busy), 4)
    for _ in range(at_once):
        assert busy.entered.acquire(timeout=10)
    busy.go.set()
    for thread in threads:
        thread.join(10)
    assert busy.most == at_once and busy.inside == 0


def test_a_failure_gives_its_turn_back(monkeypatch):
    monkeypatch.setattr(turns, "PATIENCE", 10.0)

    def fails(environ: Any, start_response: Any) -> Iterable[bytes]:
        raise RuntimeError

    in_turn = Turns(fails)
    for _ in range(2):
        with pytest.raises(RuntimeError):
            in_turn({}, lambda *_: None)
        assert not in_turn.turn.locked()


@pytest.mark.engine("sqlite")
def test_the_registry_takes_turns_behind_its_kept_pages(app):
    assert isinstance(app.wsgi_app.wsgi_app, Turns)
