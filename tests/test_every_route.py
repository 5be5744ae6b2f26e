"""Every route × who asks × whose object: what is not yours answers exactly like what does not exist.

A new route is red until it stands in ROUTES; a new name in an address is
red until `things_of` makes one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

from app.clock import now, today
from app.database import db, writing
from app.models import Account, Certificate, LedgerBatch, Observation, Provider, SignIn
from app.web.access import GUARDS
from tests.conftest import Browser
from tests.people import NOON, a_provider, a_resident, an_account, an_offering

# Who may: "visitor" is everybody, "anyone" everybody with an account. All else answers as if it were not there.
ROUTES: dict[str, str] = {
    "visitor": """
        health.readyz public.home public.catalogue public.offering public.calendar public.display
        account.new_account account.open_account account.sign_in account.enter account.sign_out
    """,
    "anyone": """
        account.my_data account.new_password account.renew_password account.end_other_sessions
        account.correction account.correct account.mobile account.change_mobile
        resident.enrolments resident.enrolled resident.enrolment resident.enrol resident.withdrawal resident.withdraw
        resident.people resident.add_person
    """,
    "trainer": """
        trainer.today trainer.offerings trainer.offering trainer.lesson trainer.take_roll trainer.history
        trainer.walk_in trainer.add_walk_in
    """,
    "clerk": """
        provider.offerings provider.offering provider.new_offering provider.description provider.publication
        provider.cancellation provider.lessons provider.lesson provider.new_lesson provider.weekly_lessons
        provider.lesson_removal provider.appointment provider.appointment_removal
        provider.courses provider.course provider.new_course
        provider.trainers provider.new_trainer provider.trainer_password provider.trainer_dismissal
        provider.roster provider.learners provider.new_learner provider.enrolment provider.withdrawal
        provider.learner_password provider.completion provider.completion_removal provider.completions
        provider.certificates provider.certificate_removal
        provider.observations provider.observation provider.observation_enrolment provider.observation_outcome
        provider.ledgers provider.ledger_batch provider.ledger_loading provider.ledger_undoing provider.ledger_refused
        provider.ledger_year
    """,
    "bureau": """
        bureau.year bureau.year_page bureau.year_file bureau.year_checks bureau.sign_ups bureau.sign_up
        bureau.group_visits bureau.providers
    """,
}
WHO_MAY = {endpoint: who for who, endpoints in ROUTES.items() for endpoint in endpoints.split()}
PERSONAL = ("account.", "resident.")  # what stands in their addresses belongs to one account, whatever else it is
PUBLISHED = ("public.", "resident.")  # there an offering's address is everybody's, once it is published
MISSING = 987654321
PLAIN = {"year": today().year, "form": "csv"}  # parts of addresses that nobody owns


def test_every_route_is_listed_and_guarded(app):
    routes = {rule.endpoint for rule in app.url_map.iter_rules()} - {"static"}
    assert routes - WHO_MAY.keys() == set(), "list them in ROUTES"
    assert WHO_MAY.keys() - routes == set(), "no longer there"
    for endpoint, who in WHO_MAY.items():
        assert (GUARDS.get(endpoint) or GUARDS.get(endpoint.split(".")[0])) == {who}, endpoint


@pytest.mark.engine("sqlite")
def test_what_is_not_yours_answers_like_what_is_missing(app):
    world = World(app)
    before = everything()
    cells = 0
    for rule, method in routes_of(app):
        who, mine = WHO_MAY[rule.endpoint], owned(rule)
        for name, asker in world.askers.items():
            for side in ("ours", "theirs"):
                if may(asker, who) and (holds(asker, rule, side) or not mine):
                    continue  # the next test's
                if may(asker, who):
                    for part in mine:  # one foreign part in an address of one's own things is enough
                        world.expect_nothing(name, rule, method, side, part)
                        cells += 1
                elif asker.role == "visitor":
                    answer = world.ask(name, method, world.address(rule, side))
                    assert answer.status_code == 302, f"{name} {method} {rule}"
                    assert answer.location.startswith("/sign-in"), f"{name} {method} {rule}"
                    cells += 1
                else:
                    world.expect_nothing(name, rule, method, side)
                    cells += 1
    assert cells > 500
    assert everything() == before, "an address that is not theirs changed something"


@pytest.mark.engine("sqlite")
def test_what_is_yours_opens(app):
    world, pressed = World(app), False
    for rule, method in routes_of(app):
        for name, asker in list(world.askers.items()):
            if not may(asker, WHO_MAY[rule.endpoint]) or asker.side == "theirs":
                continue
            if owned(rule) and not holds(asker, rule, "ours"):
                continue
            if pressed:
                world = World(app)  # the last button may have taken away what this one needs
            pressed = method == "POST"
            answer = world.ask(name, method, world.address(rule, "ours"))
            assert answer.status_code in (200, 302, 303, 409, 422, 429), f"{name} {method} {rule}: {answer.status}"
            assert method == "POST" or not (answer.location or "").startswith("/sign-in?next"), f"{name} {rule}"


@pytest.mark.engine("sqlite")
def test_a_draft_answers_like_a_missing_offering_to_whoever_does_not_keep_it(app):
    world = World(app)
    with writing():
        draft = an_offering(db.session.get_one(Provider, world.provider_ids["ours"]), published=False)
    for rule, method in routes_of(app):
        if rule.endpoint.startswith(PUBLISHED) and rule.arguments == {"offering_id"}:
            urls = [world.url(rule, {"offering_id": i}) for i in (draft.id, MISSING)]
            for name in ("visitor", "resident", "clerk elsewhere", "bureau"):
                if may(world.askers[name], WHO_MAY[rule.endpoint]):
                    answers = [plain(world.ask(name, method, url), url) for url in urls]
                    assert answers[0] == answers[1] and answers[0][0] == 404, f"{name} {method} {rule}"


# -- who asks, and what there is -----------------------------------------------


class Asker:
    def __init__(self, client: Browser, role: str, side: str) -> None:
        self.client, self.role, self.side = client, role, side


class World:
    """Two institutions with a trainer, a clerk and a learner each, one bureau, a visitor."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        app.test_client_class = Browser
        self.askers = {"visitor": Asker(self._client(None), "visitor", "")}
        self.provider_ids: dict[str, int] = {}
        self.things: dict[str, dict[str, Any]] = {"missing": {}}
        for side, suffix in (("ours", ""), ("theirs", " elsewhere")):
            with writing():
                provider = a_provider()
                accounts = {role: an_account(role, provider) for role in ("trainer", "clerk")}
                accounts["resident"], person = a_resident()
            self.provider_ids[side] = provider.id
            self.things[side] = things_of(provider, accounts["trainer"], person)
            for role, account in accounts.items():
                self.askers[role + suffix] = Asker(self._client(account), role, side)
        with writing():
            officer = an_account("bureau")
        self.askers["bureau"] = Asker(self._client(officer), "bureau", "ours")

    def _client(self, account: Account | None) -> Browser:
        client: Any = self.app.test_client()
        client.checks_pages = False
        if account is not None:
            client.sign_in(account)
        return client

    def ask(self, name: str, method: str, url: str) -> Any:
        answer = self.askers[name].client.open(url, method=method)
        assert answer.status_code < 500, f"{name} {method} {url}"
        return answer

    def address(self, rule: Rule, side: str, missing: str = "") -> str:
        things = {**PLAIN, **self.things[side]}
        assert rule.arguments <= things.keys(), f"{rule}: things_of makes none of {rule.arguments - things.keys()}"
        return self.url(rule, {k: MISSING if k == missing else things[k] for k in rule.arguments})

    def url(self, rule: Rule, values: dict[str, Any]) -> str:
        return self.app.url_map.bind("localhost").build(rule.endpoint, values)

    def expect_nothing(self, name: str, rule: Rule, method: str, side: str, part: str = "") -> None:
        """404, and the same page as for an object that does not exist."""
        if part:
            ours = {**PLAIN, **self.things[self.askers[name].side]}
            urls = [
                self.url(rule, {**{k: ours[k] for k in rule.arguments}, part: value})
                for value in (self.things[side][part], MISSING)
            ]
        else:
            urls = [self.address(rule, side), self.url(rule, dict.fromkeys(rule.arguments, MISSING))]
            urls[1] = urls[1] if rule.arguments else "/nowhere"
        found, missing = (plain(self.ask(name, method, url), url) for url in urls)
        assert found[0] == 404, f"{name} {method} {rule} ({part}): {found[0]}"
        if urls[1] != "/nowhere":
            assert found == missing, f"{name} {method} {rule} ({part})"


def things_of(provider: Provider, trainer: Account, person: Any) -> dict[str, Any]:
    """One of each thing that stands in an address."""
    with writing():
        provider = db.session.get_one(Provider, provider.id)
        offering = an_offering(provider, first_on=today() - timedelta(7))
        offering.appoint(db.session.get_one(Account, trainer.id))
        first = offering.lessons[0]
        enrolment = offering.enrol(
            db.session.get_one(type(person), person.id), by=None, at=first.begins_at - timedelta(1)
        )
        first.take_roll({enrolment.id: "present"}, by=None, at=now(), base_version=0)
        certificate = Certificate.award(
            enrolment, system="hrss", name="证书（演示）", level="", number=f"演示-{offering.id}", issued_on=today(),
            day=today(),
        )  # fmt: skip
        seen = Observation(lesson_id=first.id, name="旁听（演示）", seen_at=NOON)
        batch = LedgerBatch(
            uid=f"{offering.id:032d}", file_name="演示.xlsx", file_digest=bytes(32), provider=provider,
            made_at=NOON, worked_at=NOON, state="checked",
        )  # fmt: skip
        db.session.add_all([seen, batch])
        db.session.flush()
        return {
            "offering_id": offering.id,
            "lesson_id": offering.lessons[1].id,
            "enrolment_id": enrolment.id,
            "certificate_id": certificate.id,
            "observation_id": seen.id,
            "course_id": offering.course_id,
            "account_id": trainer.id,
            "person_id": person.id,
            "batch_id": batch.id,
        }


def routes_of(app: Flask) -> Iterator[tuple[Rule, str]]:
    for rule in app.url_map.iter_rules():
        if rule.endpoint != "static":
            for method in sorted((rule.methods or set()) & {"GET", "POST"}):
                yield rule, method


def may(asker: Asker, who: str) -> bool:
    return who == "visitor" or who == asker.role or (who == "anyone" and asker.role != "visitor")


def holds(asker: Asker, rule: Rule, side: str) -> bool:
    """Are the things of that side, as they stand in such an address, the asker's own?"""
    if rule.endpoint.startswith(PERSONAL):
        return asker.role == "resident" and asker.side == side
    return asker.role == "bureau" or asker.side == side


def owned(rule: Rule) -> list[str]:
    return sorted(
        name
        for name in rule.arguments - PLAIN.keys()
        if not (name == "offering_id" and rule.endpoint.startswith(PUBLISHED))
    )


def plain(answer: Any, url: str) -> tuple[int, str]:
    """Status and page, without the address itself and what differs from page to page."""
    text = re.sub(r'(name="(?:csrf_token|nonce)"[^>]*value=")[^"]*', r"\1", answer.get_data(as_text=True))
    return answer.status_code, text.replace(url, "")


def everything() -> dict[str, list[Any]]:
    """All rows of all tables, sessions apart: a session may be tidied up by any request."""
    db.session.rollback()
    kept = [t for t in db.metadata.sorted_tables if t.name != SignIn.__tablename__]
    return {t.name: sorted(map(repr, db.session.execute(db.select(t)))) for t in kept}
