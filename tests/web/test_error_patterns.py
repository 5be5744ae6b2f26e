"""Every form, every field, everything that can be wrong with its shape: the same pattern of errors.

A summary on top that leads to each field, the same sentence at the field,
a title that says so, and nothing that was typed is lost. A new form has to
be listed here.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import html5lib
import pytest
from wtforms import DateField, DecimalField, IntegerField, PasswordField, TimeField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange

import app.forms as forms
from app.clock import now, today
from app.database import db, writing
from app.forms import (
    account,
    bureau,
    bureau_people,
    bureau_registers,
    bureau_targets,
    fields,
    groups,
    provider,
    provider_ledger,
    resident,
    statement,
    trainer,
)  # fmt: skip
from app.models import Course, LedgerBatch, Observation, ReportedFigure
from tests.people import a_person, a_provider, a_target, an_account, an_offering

NAMESPACE = "{http://www.w3.org/1999/xhtml}"
NONCE = "n" * 24
FOUND = ("good", "refused", "repeats", "new", "changed", "same", "new_courses", "new_offerings")


class World:
    """One of everything that a form needs to stand on."""

    def __init__(self) -> None:
        with writing():
            self.provider = a_provider()
            self.offering = an_offering(self.provider, first_on=today() - timedelta(7))
            self.coming = an_offering(self.provider, first_on=today() + timedelta(7))
            self.lesson, self.free_lesson = self.offering.lessons[0], self.offering.lessons[-1]
            self.clerk = an_account("clerk", self.provider)
            self.trainer = an_account("trainer", self.provider)
            self.resident = an_account("resident")
            self.self_ = a_person(account=self.resident)
            a_person(account=self.resident, relation="family")
            self.offering.appoint(self.trainer)
            at = self.lesson.begins_at - timedelta(1)
            self.enrolment = self.offering.enrol(a_person(), by=None, at=at)
            self.lesson.take_roll({self.enrolment.id: "present"}, by=None, at=now(), base_version=0)
            self.observation = Observation(lesson_id=self.lesson.id, name="演示旁听", seen_at=now())
            self.batch = LedgerBatch(
                uid="b" * 32, file_name="台账.xlsx", file_digest=b"0" * 32, provider_id=self.provider.id,
                made_at=now(), worked_at=now(), state="checked", rows_total=2, rows_refused=1,
                summary=json.dumps(dict.fromkeys(FOUND, 1) | {"unknown_columns": []}),
            )  # fmt: skip
            self.officer = an_account("officer")
            self.target = a_target()
            self.figure = ReportedFigure.report("target", 2023, Decimal("12.5"), target=self.target, by=None, at=now())
            self.course = Course(provider=self.provider, title="表单课（演示）")
            db.session.add_all([self.observation, self.course, self.batch])


def _of(offering: str, rest: str) -> Callable[[World], str]:
    return lambda world: f"/desk/offerings/{getattr(world, offering).id}/{rest}"


# Form → who sends it, where to, and what a good sending holds.
SENT: dict[type[forms.Form], tuple[str, Callable[[World], str], dict[str, str]]] = {
    account.OpenAccount: (
        "",
        lambda w: "/account",
        {"name": "表单演示", "mobile": "13900008888", "password": "松木 桥头 风筝", "birth_on": "1958-3-4"},
    ),
    account.SignInForm: ("", lambda w: "/sign-in", {"mobile": "13900008888", "password": "松木 桥头 风筝"}),
    account.NewPasswordForm: (
        "resident",
        lambda w: "/new-password",
        {"old_password": "松木 桥头 风筝", "password": "另外 一个 密码"},
    ),
    account.CorrectionForm: (
        "resident",
        lambda w: f"/my-data/people/{w.self_.id}/correction",
        {"name": "更正演示", "birth_on": "1958-3-4"},
    ),
    account.MobileForm: (
        "resident",
        lambda w: "/my-data/mobile",
        {"mobile": "13900008885", "password": "松木 桥头 风筝"},
    ),
    resident.EnrolmentForm: (
        "resident",
        lambda w: f"/my/offerings/{w.coming.id}/enrolment",
        {"nonce": NONCE, "person_id": "1"},
    ),
    resident.FamilyMember: (
        "resident",
        lambda w: "/my/people",
        {"nonce": NONCE, "name": "家人演示", "birth_on": "1938-9-12"},
    ),
    trainer.RollForm: (
        "trainer",
        lambda w: f"/teach/lessons/{w.lesson.id}/roll",
        {"base_version": "1", "reason": "补交假条"},
    ),
    trainer.WalkInForm: (
        "trainer",
        lambda w: f"/teach/lessons/{w.lesson.id}/walk-ins",
        {"nonce": NONCE, "name": "来客演示", "mobile": "13900008889", "birth_on": "1958-3-4"},
    ),
    provider.CourseForm: (
        "clerk",
        lambda w: "/desk/courses/new",
        {"title": "新课（演示）", "audience": "零基础", "summary": "从头学"},
    ),
    provider.OfferingForm: (
        "clerk",
        lambda w: "/desk/offerings/new",
        {
            "number": "2026-表单",
            "category": "elderly",
            "starts_on": str(today() + timedelta(7)),
            "ends_on": str(today() + timedelta(30)),
            "planned_hours": "8",
            "division_code": "220204",
            "mode": "on_site",
            "address": "船营区演示路 1 号",
            "room": "201",
            "capacity": "30",
            "min_age": "50",
            "max_age": "80",
            "signup_opens_at": "2026-03-01T09:00",
            "signup_closes_at": "2026-03-09T09:00",
            "fee": "60",
            "telephone": "0432-12345678",
            "bring": "笔",
        },
    ),
    provider.CancellationForm: ("clerk", _of("coming", "cancellation"), {"reason": "教师生病"}),
    provider.WeeklyForm: (
        "clerk",
        _of("coming", "weekly-lessons"),
        {"first_on": str(today()), "weekdays": "1", "begins": "09:00", "ends": "10:30", "count": "4"},
    ),
    provider.LessonForm: (
        "clerk",
        lambda w: f"/desk/offerings/{w.offering.id}/lessons/{w.free_lesson.id}",
        {"held_on": str(today()), "begins": "09:00", "ends": "10:30", "room": "201"},
    ),
    provider.TrainerForm: ("clerk", lambda w: "/desk/trainers/new", {"name": "老师演示", "mobile": "13900008887"}),
    provider.AppointmentForm: ("clerk", _of("coming", "trainers"), {"account_id": "1"}),
    provider.LearnerForm: (
        "clerk",
        _of("coming", "learners/new"),
        {
            "name": "学员演示",
            "mobile": "13900008886",
            "birth_on": "1952-4-20",
            "document_type": "passport",
            "document_number": "E00000063",
        },
    ),
    provider.CompletionsForm: (
        "clerk",
        _of("offering", "completions"),
        {"completed_on": str(today()), "enrolments": "1"},
    ),
    provider.CompletionForm: (
        "clerk",
        lambda w: f"/desk/offerings/{w.offering.id}/enrolments/{w.enrolment.id}/completion",
        {"completed_on": str(today())},
    ),
    provider.CertificateForm: (
        "clerk",
        lambda w: f"/desk/offerings/{w.offering.id}/enrolments/{w.enrolment.id}/certificates",
        {"system": "hrss", "name": "保育师", "level": "五级", "number": "Y1", "issued_on": str(today())},
    ),
    provider_ledger.UploadForm: ("clerk", lambda w: "/desk/ledgers", {}),
    provider_ledger.LoadForm: ("clerk", lambda w: f"/desk/ledgers/{w.batch.id}/loading", {}),
    bureau_targets.TargetForm: (
        "officer",
        lambda w: "/bureau/targets/new",
        {
            "document_id": "1",
            "code": "N1",
            "name": "新指标",
            "clause": "二（一）",
            "words": "每年超过 10 人次",
            "comparator": "more_than",
            "value": "10",
            "value_max": "12",
            "unit": "人次",
            "period": "every_year",
            "valid_from": "2026-01-01",
            "from_year": "2026",
            "due_on": "2030-12-31",
            "measure": "person_times_total",
            "category": "rural",
            "modal": "力争",
            "scope": "全市",
            "reading": "照字面",
            "ambiguity": "没有",
        },
    ),
    bureau_targets.TargetEndForm: (
        "officer",
        lambda w: f"/bureau/targets/{w.target.code}/end",
        {"valid_to": "2026-12-31"},
    ),
    bureau_targets.PolicyForm: (
        "officer",
        lambda w: "/bureau/policies/new",
        {"number": "演示〔2026〕9号", "title": "演示方案", "issuer": "演示机关", "issued_on": "2026-01-01"},
    ),
    bureau_targets.ReportedForm: (
        "officer",
        lambda w: "/bureau/reported/new",
        {"kind": "target", "year": "2024", "target_id": "1", "value": "12.5", "document": "演示〔2026〕2号"},
    ),
    bureau_targets.FigureCorrectionForm: (
        "officer",
        lambda w: f"/bureau/reported/{w.figure.id}",
        {"value": "13.5", "document": "演示〔2026〕3号", "reason": "录错了"},
    ),
    provider.OutcomeForm: (
        "clerk",
        lambda w: f"/desk/observations/{w.observation.id}/outcome",
        {"outcome": "旁听一次"},
    ),
}
BASES = {resident.SentOnce}
READ_FROM_ADDRESSES = {
    bureau.FigureForm,
    bureau.TableForm,
    bureau.WhatIfForm,
    provider_ledger.YearForm,
}  # nobody types into them, or they say so in a flash
# Refused in the tests of their own pages; this walk does not send them.
IN_TESTS_OF_THEIR_OWN = {
    bureau_people.AnswerForm, bureau_people.DecisionForm, bureau_people.DrawForm, bureau_people.UndoingForm,
    bureau_registers.ConsentForm, bureau_registers.EntryForm, bureau_registers.KindForm, bureau_registers.ProgrammeForm,
    bureau_registers.StateForm, groups.BookingForm, groups.ConfirmationForm, groups.HeadsForm, groups.ReasonForm,
    provider.PartnerForm, provider.TransferForm, statement.SignatureForm,
}  # fmt: skip
ALSO_WRONG = {provider_ledger.LoadForm: [("accept", "")]}
NOT_A_PAGE_OF_FIELDS = {"nonce", "base_version"}  # hidden: a sentence on top is all they can say
GARBAGE = (fields.MobileField, fields.BirthDateField, DateField, TimeField, IntegerField, DecimalField)


def every_form() -> set[type[forms.Form]]:
    for module in pkgutil.iter_modules(forms.__path__):
        importlib.import_module(f"app.forms.{module.name}")
    found, fresh = set(), [forms.Form]
    while fresh:
        children = fresh.pop().__subclasses__()
        fresh += children
        found |= {child for child in children if child.__module__.startswith("app.forms")}
    return found


def test_every_form_is_listed():
    assert every_form() - BASES - READ_FROM_ADDRESSES - IN_TESTS_OF_THEIR_OWN == SENT.keys()


def wrong_values(form: type[forms.Form]) -> list[tuple[str, str]]:
    """(field, what is wrong with it) for everything that the form's shape refuses."""
    found = list(ALSO_WRONG.get(form, []))
    for name, unbound in _unbound(form).items():
        if name in NOT_A_PAGE_OF_FIELDS:
            continue
        kind = unbound.field_class
        checks = [*unbound.args[1:2], unbound.kwargs.get("validators", [])]
        checks = [check for group in checks if group for check in group]
        if any(isinstance(check, DataRequired | InputRequired) for check in checks):
            found.append((name, ""))
        if issubclass(kind, GARBAGE):
            found.append((name, "乱写"))
        if any(isinstance(check, NumberRange) for check in checks):
            found.append((name, "99999999"))
        if any(isinstance(check, Length) for check in checks):
            found.append((name, "长" * 3000))
    return found


def _unbound(form: type[forms.Form]) -> dict[str, Any]:
    names = {name for base in form.__mro__ for name in vars(base)}
    return {name: field for name in names if hasattr(field := getattr(form, name, None), "field_class")}


def case_id(value: Any) -> str:
    return value.__name__ if isinstance(value, type) else str(value)[:6] or "empty"


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("form", SENT, ids=case_id)
def test_each_mistake_is_said_on_top_and_at_its_field_and_nothing_typed_is_lost(client, form):
    world = World()
    who, where, good = SENT[form]
    if who:
        client.sign_in(getattr(world, who))
    good = {**good, **({"course_id": str(world.course.id)} if form is provider.OfferingForm else {})}
    cases = wrong_values(form)
    assert cases or form is trainer.RollForm
    for name, value in cases:
        answer = client.post(where(world), data={**good, name: value})
        assert answer.status_code == 422, f"{name}={value[:9]!r}: {answer.status_code}"
        check(answer.get_data(as_text=True), form, name, {**good, name: value})


def check(page: str, form: type[forms.Form], name: str, sent: dict[str, str]) -> None:
    tree = html5lib.parse(page)
    elements = list(tree.iter())
    words = "".join(next(e for e in elements if e.tag == f"{NAMESPACE}title").itertext())
    assert words.startswith("错误："), words
    summary = next(e for e in elements if "errors" in (e.get("class") or "").split())
    links = {a.get("href"): "".join(a.itertext()) for a in summary.iter(f"{NAMESPACE}a")}
    ids = {e.get("id"): e for e in elements if e.get("id")}
    target = next((href for href in links if _leads_to(ids.get(href[1:]), name)), None)
    assert target, f"the summary does not lead to {name}: {links}"
    sentence = links[target]
    assert sentence.endswith("。"), f"{sentence!r} is not a sentence"
    at_field = ["".join(e.itertext()) for e in elements if (e.get("class") or "") == "error"]
    assert any(sentence in said for said in at_field), f"{sentence!r} does not stand at {name}: {at_field}"
    for field, typed in sent.items():
        kind = _unbound(form)[field].field_class
        if not issubclass(kind, PasswordField) and field not in NOT_A_PAGE_OF_FIELDS and typed:
            assert _keeps(elements, field, typed), f"{field}={typed[:9]!r} was lost when {name} was wrong"


def _leads_to(element: Any, name: str) -> bool:
    return element is not None and (
        element.get("name") == name or any(e.get("name") == name for e in element.iter()) or element.get("id") == name
    )


def _keeps(elements: list[Any], field: str, typed: str) -> bool:
    for e in elements:
        if e.get("name") != field:
            continue
        if e.tag == f"{NAMESPACE}select":
            return any(o.get("value") == typed and o.get("selected") is not None for o in e)
        if e.tag == f"{NAMESPACE}textarea":
            return "".join(e.itertext()).strip() == typed.strip()
        if e.get("type") in ("radio", "checkbox"):
            if e.get("value") == typed and e.get("checked") is not None:
                return True
        elif e.get("value") == typed:
            return True
    return False


@pytest.mark.engine("sqlite")
def test_what_was_typed_but_not_understood_is_not_called_missing(client):
    world = World()
    client.sign_in(world.clerk)
    good = {"first_on": "2026-02-30", "weekdays": "1", "begins": "九点", "ends": "10:30", "count": "很多"}
    page = client.post(f"/desk/offerings/{world.coming.id}/weekly-lessons", data=good).get_data(as_text=True)
    for said in ("日期没有看懂", "时间没有看懂", "请填整数"):
        assert page.count(said) == 2, "once on top and once at its field"
    assert "请填写" not in page
