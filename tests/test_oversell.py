"""A hundred people, thirty places, one moment: through the real verb, from several processes at once.

A forced pause stands between looking at the places and taking one. The
control takes the guards away and must oversell, else this file could not
notice a missing lock.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import event

from app import database
from app.database import db, is_transient, writing
from app.models import Enrolment, Offering, Person
from tests.people import NOON, a_person, an_offering

PROCESSES, THREADS, PLACES, PAUSE = 4, 25, 30, 0.002
CALLERS = PROCESSES * THREADS
ROUNDS = int(os.environ.get("OVERSELL_ROUNDS", "20"))


def test_a_hundred_callers_take_thirty_places_and_seventy_wait(app):
    people = a_crowd()
    with callers(app, pause_between_look_and_take) as rush:
        for _ in range(ROUNDS):
            offering_id = thirty_places()
            answers = rush(offering_id, people)
            assert not [a for a in answers if a[0] == "error"], answers
            assert sorted(n for kind, n in answers if kind == "place") == list(range(1, PLACES + 1))
            assert sorted(n for kind, n in answers if kind == "rank") == list(range(1, CALLERS - PLACES + 1))
            assert registered(offering_id) == PLACES
            with writing():
                offering = db.session.get_one(Offering, offering_id)
                assert offering.places_taken == PLACES
                assert len({e.person_id for e in offering.queue()}) == CALLERS - PLACES


def test_without_the_guards_the_same_rush_oversells(app):
    people = a_crowd()
    oversold = 0
    with callers(app, take_the_guards_away) as rush:
        for _ in range(10):
            offering_id = thirty_places()
            rush(offering_id, people)
            oversold += registered(offering_id) > PLACES
    assert oversold >= 9, f"oversold in {oversold} of 10 rounds: the test above proves nothing"


# -- the crowd ---------------------------------------------------------------


def a_crowd() -> list[int]:
    with writing():
        people = [a_person().id for _ in range(CALLERS)]
    db.session.remove()
    return people


def thirty_places() -> int:
    with writing():
        offering_id = an_offering(capacity=PLACES).id
    db.session.remove()
    return offering_id


def registered(offering_id: int) -> int:
    db.session.rollback()
    return db.session.scalar(
        db.select(db.func.count())
        .select_from(Enrolment)
        .where(Enrolment.offering_id == offering_id, Enrolment.registered_on.is_not(None))
    )


@contextmanager
def callers(app: Flask, prepare: Any) -> Iterator[Any]:
    """Processes that wait for ``rush(offering id, person ids)`` and answer what each caller was told."""
    fork = multiprocessing.get_context("fork")
    start = fork.Barrier(PROCESSES)
    pipes, processes = [], []
    for _ in range(PROCESSES):
        ours, theirs = fork.Pipe()
        process = fork.Process(target=_one_process, args=(app, prepare, theirs, start), daemon=True)
        process.start()
        pipes.append(ours)
        processes.append(process)

    def rush(offering_id: int, people: list[int]) -> list[tuple[str, Any]]:
        for n, pipe in enumerate(pipes):
            pipe.send((offering_id, people[n::PROCESSES]))
        answers = []
        for pipe in pipes:
            assert pipe.poll(60), "a process does not answer"
            answers += pipe.recv()
        return answers

    try:
        yield rush
    finally:
        for pipe in pipes:
            pipe.send(None)
        for process in processes:
            process.join(10)


def _one_process(app: Flask, prepare: Any, pipe: Any, start: Any) -> None:
    with app.app_context():
        prepare(db.engine)
    while (task := pipe.recv()) is not None:
        offering_id, people = task
        answers: list[tuple[str, Any]] = []
        here = threading.Barrier(len(people))
        threads = [
            threading.Thread(target=_one_caller, args=(app, here, offering_id, person_id, answers))
            for person_id in people
        ]
        start.wait(30)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        pipe.send(answers)


def _one_caller(app: Flask, here: Any, offering_id: int, person_id: int, answers: list[tuple[str, Any]]) -> None:
    here.wait(30)
    for attempt in (1, 2):  # as the server does: a busy lock is one more try
        try:
            with app.app_context(), writing():
                offering = db.session.get_one(Offering, offering_id)
                person = db.session.get_one(Person, person_id)
                enrolment = offering.enrol(person, by=None, at=NOON + timedelta(microseconds=time.monotonic_ns() % 997))
                answer = ("rank", enrolment.rank()) if enrolment.waits else ("place", enrolment.place_number)
            answers.append(answer)
            return
        except Exception as error:
            if attempt == 2 or not is_transient(error):
                answers.append(("error", repr(error)[:300]))
                return


# -- what happens between looking and taking -----------------------------------


def pause_between_look_and_take(engine: Any) -> None:
    look = Offering._newcomer

    def look_and_pause(self: Offering, person: Person) -> Any:
        seen = look(self, person)
        time.sleep(PAUSE)
        return seen

    Offering._newcomer = look_and_pause  # type: ignore[method-assign] # in a process of its own


def take_the_guards_away(engine: Any) -> None:
    """What a program does that trusts its driver: no lock, look first, then write what was seen plus one."""
    if engine.dialect.name == "sqlite":
        event.remove(engine, "begin", database._begin_sqlite)
        event.listen(engine, "connect", _drivers_own_transactions)
    Offering.lock = lambda self: db.session.refresh(self)  # type: ignore[method-assign]
    Offering._take_place = _look_then_take  # type: ignore[method-assign]


def _drivers_own_transactions(dbapi: Any, record: Any) -> None:
    dbapi.isolation_level = ""  # Python's default: BEGIN comes with the first write, after all looking


def _look_then_take(self: Offering) -> int | None:
    assert self.capacity is not None
    seen = self.places_taken
    time.sleep(PAUSE)
    if seen >= self.capacity:
        return None
    db.session.execute(
        db.update(Offering).where(Offering.id == self.id).values(places_taken=seen + 1),
        execution_options={"synchronize_session": False},
    )
    return seen + 1
