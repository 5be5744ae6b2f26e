"""Every route × who asks × whose object: what is not yours answers exactly like what does not exist.

A new route is red until it stands in ROUTES; a new name in an address is
red until `things_of` makes one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask, abort
from werkzeug.routing import Rule

from app.clock import now, today
from app.database import db, writing
from app.models import (
    Account,
    CallBack,
    CallBackDraw,
    CandidatePair,
    Certificate,
    Enrolment,
    GroupBooking,
    LedgerBatch,
    Observation,
    Offering,
    OfferingPartner,
    OpenRelease,
    PairDecision,
    Person,
    Programme,
    Provider,
    RegisterEntry,
    ReportedFigure,
    SignIn,
)
from app.models.account import BUREAU, DESK, ROLES
from app.models.place import DIVISIONS
from app.models.register import NAMED
from app.models.rules import CATEGORIES
from app.web import access, resident
from app.web.access import GUARDS
from tests.conftest import Browser
from tests.people import NOON, a_person, a_provider, a_resident, a_statement, a_target, an_account, an_offering

# Who may: "visitor" is everybody, "anyone" everybody with an account. All else answers as if it were not there.
ROUTES: dict[str, str] = {
    "visitor": """
        health.readyz public.home public.verify public.catalogue public.offering public.calendar public.display
        public.honours public.open_data public.open_data_file
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
        trainer.walk_in trainer.add_walk_in trainer.heads
    """,
    "clerk": """
        provider.offerings provider.offering provider.new_offering provider.description provider.publication
        provider.cancellation provider.lessons provider.lesson provider.new_lesson provider.weekly_lessons
        provider.lesson_removal provider.appointment provider.appointment_removal
        provider.courses provider.course provider.new_course
        provider.trainers provider.new_trainer provider.trainer_password provider.trainer_dismissal
        provider.roster provider.learners provider.new_learner provider.enrolment provider.withdrawal
        provider.transfer provider.partner provider.partner_removal
        provider.learner_password provider.completion provider.completion_removal provider.completions
        provider.certificates provider.certificate_removal
        provider.observations provider.observation provider.observation_enrolment provider.observation_outcome
        provider.ledgers provider.ledger_batch provider.ledger_loading provider.ledger_undoing provider.ledger_refused
        provider.ledger_year
        provider.years provider.year provider.year_signature provider.year_withdrawal provider.statement_file
        provider.statement_paper
        provider.groups provider.group provider.group_confirmation provider.group_cancellation
        provider.confirmation_revocation provider.group_sheet
    """,
    "officer": """
        bureau.new_register bureau.new_entry bureau.entry_description bureau.state_correction bureau.new_target
        bureau.target_description bureau.target_end bureau.new_policy bureau.new_reported
    """,
    "bureau": """
        bureau.year bureau.every_year bureau.year_page bureau.year_file bureau.year_checks bureau.sign_ups
        bureau.year_report bureau.quality_report bureau.open_data bureau.publish
        bureau.sign_up bureau.group_visits bureau.providers
        bureau.targets bureau.load_targets bureau.target
        bureau.reported bureau.reported_figure
        bureau.statement bureau.statement_signature bureau.statement_withdrawal bureau.statement_file
        bureau.statement_paper
        bureau.registers bureau.register bureau.register_file bureau.register_entry
        bureau.entry_state bureau.entry_consent
        bureau.entry_consent_withdrawal
        bureau.programmes bureau.plan_programmes bureau.programme_ending bureau.year_programmes bureau.programme_year
        bureau.year_partners
        bureau.year_ladder bureau.year_ladder_file bureau.year_table bureau.year_table_file
        bureau.pairs bureau.pair bureau.decide_pair bureau.pair_decisions bureau.pair_decision
        bureau.year_overlap bureau.year_overlap_file bureau.year_what_if bureau.year_what_if_file
        bureau.year_groups bureau.year_activities
        bureau.undo_pair_decision bureau.year_patterns bureau.offering_patterns
        bureau.call_backs bureau.draw_call_backs bureau.call_back_draw bureau.call_back bureau.reveal_mobile
        bureau.answer_call_back
    """,
}
WHO_MAY = {endpoint: who for who, endpoints in ROUTES.items() for endpoint in endpoints.split()}
# Several roles share the desk of an institution, and the bureau's pages; of these readers only one writes.
SHARED = {"clerk": DESK, "bureau": BUREAU}
WRITERS = {"bureau": ("officer",)}
PERSONAL = ("account.", "resident.")  # what stands in their addresses belongs to one account, whatever else it is
PUBLISHED = ("public.", "resident.")  # there an offering's address is everybody's, once it is published
MISSING = 987654321
PLAIN = {"year": today().year, "form": "csv", "kind": "learning_star"}  # parts of addresses that nobody owns


def test_every_route_is_listed_and_guarded(app):
    routes = {rule.endpoint for rule in app.url_map.iter_rules()} - {"static"}
    assert routes - WHO_MAY.keys() == set(), "list them in ROUTES"
    assert WHO_MAY.keys() - routes == set(), "no longer there"
    for endpoint, who in WHO_MAY.items():
        assert (GUARDS.get(endpoint) or GUARDS.get(endpoint.split(".")[0])) == {*SHARED.get(who, (who,))}, endpoint
    assert {who: {*roles} for who, roles in WRITERS.items()} == access.WRITERS


def test_what_is_not_yours_answers_like_what_is_missing(app):
    """Cells: a route and method × an asker × one address, of an object of each side and of a missing one."""
    world, cells = World(app), 0
    before = everything()
    for rule, method in routes_of(app, heads=True):
        for name, asker in world.askers.items():
            cells += world.expect_nothing_foreign(name, asker, rule, method)
    assert cells >= 4_000
    assert everything() == before, "an address that is not theirs changed something"


@pytest.mark.engine("sqlite")
def test_a_route_that_forgot_to_ask_whose_it_is_would_be_found(app, monkeypatch):
    monkeypatch.setattr(resident, "_own_enrolment", lambda i: db.session.get(Enrolment, i) or abort(404))
    world = World(app)
    found = set()
    for rule, method in routes_of(app):
        if "enrolment_id" in rule.arguments and rule.endpoint.startswith(PUBLISHED):
            try:
                world.expect_nothing_foreign("resident", world.askers["resident"], rule, method)
            except AssertionError:
                found.add(rule.endpoint)
    assert found == {"resident.enrolled", "resident.withdrawal", "resident.withdraw"}


def test_what_is_yours_opens(app):
    world, pressed = World(app, extras=False), False
    for rule, method in routes_of(app, heads=True):
        for name, side in (*((role, "ours") for role in ("visitor", *ROLES)), ("resident", "family")):
            asker, who = world.askers[name], keeper(rule)
            if not may(asker, rule, method) or (owned(rule) and not world.owns(asker, who, side)):
                continue
            if side == "family" and (who != "resident" or not owned(rule)):
                continue
            if pressed:
                world = World(app, extras=False)  # the last button may have taken away what this one needs
            answer = world.ask(name, method, world.address(rule, side))
            assert answer.status_code in (200, 302, 303, 409, 422, 429), f"{name} {method} {rule}: {answer.status}"
            pressed = method == "POST" and answer.status_code in (302, 303)
            assert method == "POST" or not (answer.location or "").startswith("/sign-in?next"), f"{name} {rule}"


@pytest.mark.engine("sqlite")
def test_a_method_that_a_route_does_not_know_does_nothing_for_anybody(app):
    world, cells = World(app, extras=False), 0
    before = everything()
    known = app.url_map.bind("localhost")
    for rule, _ in routes_of(app):
        urls = world.address(rule, "ours"), world.missing(rule)
        for method in sorted({"GET", "POST", "PUT", "PATCH", "DELETE"} - set(known.allowed_methods(urls[0]))):
            for name in ("visitor", "clerk", "officer", "reader"):
                mine, missing = (plain(world.ask(name, method, url), url) for url in urls)
                assert mine == missing and mine[0] == 405, f"{name} {method} {rule}"
                cells += 1
    assert cells > 500 and everything() == before


def test_a_draft_answers_like_a_missing_offering_to_whoever_does_not_keep_it(app):
    world = World(app)
    with writing():
        draft = an_offering(db.session.get_one(Provider, world.provider_ids["ours"]), published=False)
    for rule, method in routes_of(app):
        if rule.endpoint.startswith(PUBLISHED) and rule.arguments == {"offering_id"}:
            urls = [world.url(rule, {"offering_id": i}) for i in (draft.id, MISSING)]
            for name in ("visitor", "resident", "clerk elsewhere", "trainer next door", "officer"):
                if may(world.askers[name], rule, method):
                    answers = [plain(world.ask(name, method, url), url) for url in urls]
                    assert answers[0] == answers[1] and answers[0][0] == 404, f"{name} {method} {rule}"


# -- who asks, and what there is -----------------------------------------------


class Asker:
    """A browser, and for each role of its account the side on which it has that role."""

    def __init__(self, client: Browser, homes: dict[str, str], signed_in: bool = True) -> None:
        self.client, self.homes, self.signed_in = client, homes, signed_in

    def home(self, who: str) -> str | None:
        """The side on which it has one of these roles."""
        return next((self.homes[role] for role in SHARED.get(who, (who,)) if role in self.homes), None)


class World:
    """Two institutions, one of them with two offerings, trainers and learners who have nothing to do with each other.

    Things stand on four sides: ours, the family's of our resident, next door
    (the same institution), theirs. ``extras`` are askers with a role here and
    another elsewhere, or with one that they no longer have.
    """

    def __init__(self, app: Flask, *, extras: bool = True) -> None:
        self.app = app
        app.test_client_class = Browser
        self.askers = {"visitor": Asker(self._client(None), {}, signed_in=False)}
        self.provider_ids: dict[str, int] = {}
        self.things: dict[str, dict[str, Any]] = {}
        accounts: dict[str, Account] = {}
        with writing():
            ours, theirs = a_provider(), a_provider()
            self.provider_ids = {"ours": ours.id, "family": ours.id, "next door": ours.id, "theirs": theirs.id}
            people: dict[str, Any] = {}
            for side, provider in (("ours", ours), ("next door", ours), ("theirs", theirs)):
                accounts[f"resident {side}"], people[side] = a_resident()
                accounts[f"trainer {side}"] = an_account("trainer", provider)
            people["family"] = a_person(account=accounts["resident ours"], relation="family")
            accounts["trainer family"] = accounts["trainer ours"]
            accounts["clerk ours"], accounts["clerk theirs"] = an_account("clerk", ours), an_account("clerk", theirs)
            accounts["reviewer ours"], accounts["head ours"] = an_account("reviewer", ours), an_account("head", ours)
            accounts["officer ours"], accounts["reader ours"] = an_account("officer"), an_account("reader")
            nobody = json.dumps([[category, division, 0, 0] for category in CATEGORIES for division in DIVISIONS])
            db.session.add(
                OpenRelease(year=PLAIN["year"], rule_set="", cells=nobody, hidden="[]", made_at=NOON,
                            made_by=accounts["officer ours"])
            )  # fmt: skip
        for side, person in people.items():
            provider = theirs if side == "theirs" else ours
            self.things[side] = things_of(provider, accounts[f"trainer {side}"], person)
        if extras:
            with writing():
                accounts |= self._extras(ours, theirs)
        homes = {
            "trainer and clerk elsewhere": {"trainer": "ours", "clerk": "theirs", "resident": ""},
            "everybody elsewhere": {"resident": "theirs", "trainer": "theirs", "clerk": "theirs"},
            "former clerk": {},
        }
        for name, account in accounts.items():
            role, _, side = name.partition(" ")
            if name != "trainer family":
                name = {"ours": role, "theirs": f"{role} elsewhere", "next door": f"{role} next door"}.get(side, name)
                self.askers[name] = Asker(self._client(account), homes.get(name, {role: side}))

    def _extras(self, ours: Provider, theirs: Provider) -> dict[str, Account]:
        both, everybody, former = an_account("trainer", ours), an_account("resident"), an_account("clerk", ours)
        both.grant("clerk", NOON, theirs)
        both.grant("resident", NOON)
        db.session.get_one(Offering, self.things["ours"]["offering_id"]).appoint(both)
        everybody.grant("clerk", NOON, theirs)
        everybody.grant("trainer", NOON, theirs)
        everybody.look_after(db.session.get_one(Person, self.things["theirs"]["person_id"]), "family")
        db.session.get_one(Offering, self.things["theirs"]["offering_id"]).appoint(everybody)
        former.grants[0].ended_at = NOON
        return {
            "trainer and clerk elsewhere": both,
            "everybody elsewhere": everybody,
            "former clerk": former,
        }

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

    def address(self, rule: Rule, side: str) -> str:
        things = {**PLAIN, **self.things[side]}
        assert rule.arguments <= things.keys(), f"{rule}: things_of makes none of {rule.arguments - things.keys()}"
        return self.url(rule, {k: things[k] for k in rule.arguments})

    def missing(self, rule: Rule) -> str:
        return self.url(rule, {k: PLAIN.get(k, MISSING) for k in rule.arguments})

    def url(self, rule: Rule, values: dict[str, Any]) -> str:
        return self.app.url_map.bind("localhost").build(rule.endpoint, values)

    def expect_nothing_foreign(self, name: str, asker: Asker, rule: Rule, method: str) -> int:
        """Every address that the asker may not open answers exactly like the one of a missing object; how many."""
        who, parts = keeper(rule), owned(rule)
        allowed = may(asker, rule, method)
        if not parts:
            if allowed:
                return 0
            self.expect(name, rule, method, self.address(rule, "ours"))
            return 1
        answer = self.expect(name, rule, method, self.missing(rule), public=allowed)
        cells = 1
        for side, things in self.things.items():
            if side == "family" and who not in ("resident", "visitor"):
                continue  # to the others it is one more offering of ours
            if not (allowed and self.owns(asker, who, side)):
                cells += 1
                assert self.expect(name, rule, method, self.address(rule, side), public=allowed) == answer
            home = asker.home(who)
            if allowed and side != home and len(parts) > 1:
                # One part of another offering, in an address of one's own things.
                assert home is not None
                own = {**PLAIN, **self.things[home]}
                for part in parts:
                    values = [{**{k: own[k] for k in rule.arguments}, part: v} for v in (things[part], MISSING)]
                    mixed, gone = (self.expect(name, rule, method, self.url(rule, v)) for v in values)
                    assert mixed == gone, f"{name} {method} {rule} ({part} of {side})"
                    cells += 1
        return cells

    def expect(self, name: str, rule: Rule, method: str, url: str, *, public: bool = False) -> tuple[int, str]:
        """404, or for who is not signed in the way to the sign-in; the page."""
        answer = self.ask(name, method, url)
        signed_in = self.askers[name].signed_in
        assert answer.status_code == (404 if signed_in or public else 302), f"{name} {method} {url}: {answer.status}"
        assert answer.status_code == 404 or answer.location.startswith("/sign-in"), f"{name} {method} {url}"
        return plain(answer, url)

    def owns(self, asker: Asker, who: str, side: str) -> bool:
        if who in ("bureau", "officer", "visitor"):
            return True
        home = asker.home(who)
        if home is None:
            return False
        if who == "clerk":
            return self.provider_ids[side] == self.provider_ids[home]
        return side == home or (side == "family" and home == "ours" and who == "resident")


def things_of(provider: Provider, trainer: Account, person: Any) -> dict[str, Any]:
    """One of each thing that stands in an address."""
    with writing():
        provider = db.session.get_one(Provider, provider.id)
        offering = an_offering(provider, first_on=today() - timedelta(7), category="youth")
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
        star = RegisterEntry.add(
            NAMED["learning_star"], by=None, at=NOON, name=f"演示之星{offering.id}", level="city", year=2026
        )
        target = a_target(f"D{offering.id}")
        figure = ReportedFigure.report("besides", 2025, Decimal(900), target=target, by=None, at=NOON)
        star.set_state("nominated", NOON.date(), by=None, at=NOON, day=today())
        booking = GroupBooking.book(
            offering, group_name="第一小学（演示）", size=40, contact="演示联系人", telephone="",
            evidence="演示〔2026〕1号", by=None, at=NOON,
        )  # fmt: skip
        sheet = booking.confirm(
            today(), "演示校长", day=today(), by=None, at=NOON, sheet=("签字表.pdf", b"%PDF-1.7 demo")
        )
        booking.count(first, 40, by=None, at=now())
        programme = Programme.add(f"演示项目{offering.id}")
        OfferingPartner.add(offering, partner := a_provider())
        decided, officer = a_decision(trainer.id), db.session.get_one(Account, trainer.id)
        draw = CallBackDraw.draw(today().year, f"{offering.id}", [(enrolment.id, offering.id)], by=officer, at=NOON)
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
            "code": target.code,
            "figure_id": figure.id,
            "provider_id": partner.id,
            "statement_id": a_statement(provider, 1000 + offering.id).id,  # a year that no page shows
            "entry_id": star.id,
            "programme_id": programme.id,
            "booking_id": booking.id,
            "confirmation_id": sheet.id,
            "state_id": star.history[0].id,
            "one_id": decided.a_id,
            "other_id": decided.b_id,
            "pair_decision_id": decided.id,
            "call_back_draw_id": draw.id,
            "call_back_id": db.session.scalar(db.select(CallBack.id).where(CallBack.draw_id == draw.id)),
        }


def a_decision(account_id: int) -> PairDecision:
    """A pair that was told apart, which its address opens all the same."""
    one, other = a_person("同名演示"), a_person("同名演示")
    pair = CandidatePair(a_id=one.id, b_id=other.id)
    db.session.add(pair)
    db.session.flush()
    return PairDecision.make(pair, "different", "电话核实（演示）", by=db.session.get_one(Account, account_id), at=NOON)


def routes_of(app: Flask, *, heads: bool = False) -> Iterator[tuple[Rule, str]]:
    wanted = {"GET", "HEAD", "POST"} if heads else {"GET", "POST"}
    for rule in app.url_map.iter_rules():
        if rule.endpoint != "static":
            for method in sorted((rule.methods or set()) & wanted):
                yield rule, method


def may(asker: Asker, rule: Rule, method: str) -> bool:
    who = WHO_MAY[rule.endpoint]
    roles = WRITERS.get(who, ()) if method == "POST" else ()
    return (
        who == "visitor"
        or any(role in asker.homes for role in roles or SHARED.get(who, (who,)))
        or (who == "anyone" and asker.signed_in)
    )


def keeper(rule: Rule) -> str:
    """In which role somebody has the things in such an address."""
    return "resident" if rule.endpoint.startswith(PERSONAL) else WHO_MAY[rule.endpoint]


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
