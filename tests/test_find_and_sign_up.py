"""A resident finds a course and signs up, and forty want the last place: over HTTP, on the production server."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
import time as clock
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from html import unescape
from http.cookiejar import Cookie, CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Flask

from app.clock import SHANGHAI
from app.database import db, writing
from app.models import Enrolment, Offering
from tests.conftest import Browser
from tests.people import PASSWORD, a_person, a_resident, an_offering, mobile

ROOT = Path(__file__).resolve().parents[1]
DAY = (datetime.now(SHANGHAI) + timedelta(20)).date()
EVENING = {"begins": time(18), "ends": time(19, 30)}
CHUANYING, CHANGYI = "220204", "220202"
CROWD = 40


class Visitor:
    """A browser without scripts: keeps cookies, follows where it is led, sends a page's own form."""

    def __init__(self, url: str, cookie: str = "") -> None:
        self._url = url
        jar = CookieJar()
        if cookie:
            host = {"domain": "127.0.0.1", "domain_specified": False, "domain_initial_dot": False}
            kept = {"port": None, "port_specified": False, "path": "/", "path_specified": True, "secure": False}
            none = {"expires": None, "discard": True, "comment": None, "comment_url": None, "rest": {}}
            jar.set_cookie(Cookie(0, "registry", cookie, **host, **kept, **none))
        self._open = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar)).open

    def ask(self, where: str, sent: dict[str, str] | None = None) -> tuple[str, str]:
        """Media type and text."""
        data = None if sent is None else urlencode(sent).encode()
        request = urllib.request.Request(self._url + where, data)  # noqa: S310 - our own server, over http
        try:
            with self._open(request, timeout=60) as answer:
                return answer.headers.get_content_type(), answer.read().decode()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{where}: {error.code} {error.read().decode()[:2000]}") from None

    def page(self, where: str) -> str:
        return self.ask(where)[1]

    def follow(self, page: str, link: str) -> str:
        """The first link whose address fits."""
        return self.page(unescape(re.search(rf'href="({link})"', page)[1]))

    def send(self, page: str, **typed: str) -> str:
        where, fields = form_of(page)
        return self.ask(where, {**fields, **typed})[1]


def form_of(page: str) -> tuple[str, dict[str, str]]:
    """Where the page's own form (not the one in the header) goes, and what it hides."""
    forms = re.findall(r"<form.*?</form>", page, re.S)
    form = next(f for f in forms if 'method="post"' in f and "sign-out" not in f)
    hidden = re.findall(r'<input[^>]*type="hidden"[^>]*>', form)
    fields = {re.search(r'name="([^"]+)"', tag)[1]: re.search(r'value="([^"]*)"', tag)[1] for tag in hidden}
    return re.search(r'action="([^"]+)"', form)[1], fields


def heading(page: str) -> str:
    return re.search(r"<h1>(.*?)</h1>", page, re.S)[1].strip()


@contextmanager
def serving(app: Flask, folder: Path) -> Iterator[str]:
    """The server as it is shipped, two workers of four threads, over the registry of this test."""
    db.session.remove()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    environ = {
        **os.environ,
        "DATABASE_URL": db.engine.url.render_as_string(hide_password=False),
        "SECRET_KEY": app.config["SECRET_KEY"],
        "REGISTRY_SEAL_KEYS": ",".join(f"{name}:{key.hex()}" for name, key in app.config["SEAL_KEYS"].items()),
        "REGISTRY_INDEX_KEY": app.config["INDEX_KEY"].hex(),
        "REGISTRY_BIND": address,
    }
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen([sys.executable, "-m", "gunicorn"], cwd=ROOT, env=environ, stdout=log, stderr=log)
        try:
            for _ in range(600):
                try:
                    urllib.request.urlopen(f"http://{address}/readyz", timeout=20).close()
                    break
                except OSError:
                    assert server.poll() is None, (folder / "server.log").read_text()
                    clock.sleep(0.1)
            yield f"http://{address}"
        finally:
            server.terminate()
            server.wait(30)


def test_a_resident_finds_signs_up_and_forty_want_the_last_place(app, tmp_path):
    with writing():
        wanted = twelve_offerings()
        wanted_id, last_place_id = wanted.id, an_offering(title="最后一名（演示）", first_on=DAY, capacity=30).id
        fill(last_place_id, 29)
        crowd = [a_resident()[0] for _ in range(CROWD)]
    app.test_client_class = Browser
    cookies = [app.test_client().sign_in(account).get_cookie("registry").value for account in crowd]
    with serving(app, tmp_path) as url:
        find_and_sign_up(Visitor(url), wanted_id)
        told = all_at_once([Visitor(url, cookie) for cookie in cookies], f"/my/offerings/{last_place_id}/enrolment")
    ranks = [int(n) for n in re.findall(r"候补第 (\d+) 位", "\n".join(told))]
    assert [words for words in told if not words.startswith("候补")] == ["报名成功，第 30 名，共 30 人"]
    assert sorted(ranks) == list(range(1, CROWD))
    db.session.expire_all()
    offering = db.session.get_one(Offering, last_place_id)
    assert offering.places_taken == 30
    assert sorted(each.rank() for each in offering.queue()) == sorted(ranks)
    assert db.session.scalar(db.select(db.func.count()).select_from(Enrolment).filter_by(offering_id=offering.id)) == 69
    log = (tmp_path / "server.log").read_text()
    assert log.count("POST /my/offerings/") == CROWD + 1
    assert not re.search(r"(GET|POST) \S+ 5\d\d |Traceback|演示|1390000", log), log


def twelve_offerings() -> Offering:
    """Twelve open ones; two of them in the evening, in 船营区, with places. The one with 17 of 30 taken."""
    wanted = an_offering(title="晚间书法（演示）", first_on=DAY, division_code=CHUANYING, capacity=30, **EVENING)
    an_offering(title="晚间合唱（演示）", first_on=DAY, division_code=CHUANYING, capacity=None, **EVENING)
    fill(wanted.id, 17)
    for n in range(3):  # not included – in the morning
        an_offering(title=f"上午{n}（演示）", first_on=DAY, division_code=CHUANYING)
    for n in range(2):  # not included – in the afternoon
        an_offering(title=f"下午{n}（演示）", first_on=DAY, division_code=CHUANYING, begins=time(14), ends=time(15, 30))
    for n in range(2):  # not included – in another district
        an_offering(title=f"外区{n}（演示）", first_on=DAY, division_code=CHANGYI, **EVENING)
    full = an_offering(title="满员（演示）", first_on=DAY, division_code=CHUANYING, capacity=3, **EVENING)
    fill(full.id, 3)  # not included – full
    queue = an_offering(title="候补（演示）", first_on=DAY, division_code=CHUANYING, capacity=3, **EVENING)
    fill(queue.id, 5)  # not included – two wait
    an_offering(title="无名额（演示）", first_on=DAY, division_code=CHUANYING, capacity=0, **EVENING)
    return wanted


def fill(offering_id: int, people: int) -> None:
    offering = db.session.get_one(Offering, offering_id)
    for _ in range(people):
        offering.enrol(a_person(), by=None, at=offering.published_at)


def find_and_sign_up(visitor: Visitor, wanted_id: int) -> None:
    everything = visitor.page("/offerings")
    assert "满员（演示）" in everything
    form = re.search(r'<form[^>]*action="(/offerings)[^"]*"', everything)[1]
    found = visitor.page(f"{form}?{urlencode({'time': 4, 'division': CHUANYING, 'free': 1})}")
    assert "找到 2 个班" in found
    assert set(re.findall(r"(\w+)（演示）", found)) >= {"晚间书法", "晚间合唱"}
    assert not re.search(r"(上午|下午|外区|满员|候补|无名额)\d?（演示）", found)
    page = visitor.follow(found, f"/offerings/{wanted_id}")
    assert "剩 13 名，共 30 名" in page
    page = visitor.follow(page, f"/my/offerings/{wanted_id}/enrolment")  # led to the sign-in
    page = visitor.follow(page, r"/account/new\?[^\"]+")
    page = visitor.send(page, name="演示王秀英", mobile=mobile(), password=PASSWORD, birth_on="1958年3月4日")
    assert heading(page) == "报名：晚间书法（演示）" and "剩 13 名，共 30 名" in page
    page = visitor.send(page)
    assert heading(page) == "报名成功，第 18 名，共 30 人"
    where = re.search(r'href="([^"]+\.ics)"', page)[1]
    media_type, calendar = visitor.ask(where)
    assert media_type == "text/calendar" and calendar.count("BEGIN:VEVENT") == 4
    for somebody in (visitor, Visitor(visitor._url)):
        assert "剩 12 名，共 30 名" in somebody.page(f"/offerings/{wanted_id}")


def all_at_once(visitors: list[Visitor], where: str) -> list[str]:
    """Everybody has the form open, and all press the button in one moment; the headings that they are shown."""
    pages = [visitor.page(where) for visitor in visitors]
    start, told = threading.Barrier(len(visitors)), [""] * len(visitors)

    def press(n: int, visitor: Visitor, page: str) -> Any:
        start.wait(30)
        told[n] = heading(visitor.send(page))

    threads = [
        threading.Thread(target=press, args=(n, *pair)) for n, pair in enumerate(zip(visitors, pages, strict=True))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return told
