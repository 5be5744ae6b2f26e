"""The first accounts come from the command line."""

import re

import pytest

from app.database import db, writing
from app.models import Account, Person, Provider
from app.models.account import AT_AN_INSTITUTION, ROLES
from app.models.person import mobile_index
from tests.people import a_provider, an_account


def create(app, *arguments: str):
    db.session.rollback()
    answer = app.test_cli_runner().invoke(args=["account", "create", *arguments])
    db.session.expire_all()
    return answer


@pytest.mark.parametrize("role", [*ROLES])
def test_an_account_is_opened_with_a_one_use_password(app, role):
    with writing():
        provider = a_provider("第一机构（演示）")
    arguments = ["--role", role, "--name", "演示新人", "--mobile", "+86 139 0000 7001"]
    if role in AT_AN_INSTITUTION:
        arguments += ["--provider", "第一机构（演示）"]
    answer = create(app, *arguments)
    assert answer.exit_code == 0, answer.output
    account = db.session.scalar(db.select(Account))
    assert account.has_role(role) and account.must_change_password and not account.is_demo
    assert account.provider_ids(role) == ([provider.id] if "--provider" in arguments else [])
    assert account.password_is(re.search(r"一次性密码：(\S+)", answer.output).group(1))
    assert "13900007001" not in answer.output and "139****7001" in answer.output
    (own,) = account.own_selves()
    assert (own.name, own.mobile) == ("演示新人", "13900007001"), "whoever works here may sign up as a learner"
    assert db.session.scalar(db.select(db.func.count(Person.id))) == 1


GOOD = {"--role": "officer", "--name": "演示科长", "--mobile": "13900007002", "--provider": ""}


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"--role": ""}, "请写明身份"),
        ({"--role": "king"}, "请写明身份"),
        ({"--name": " "}, "请写姓名"),
        ({"--name": "演" * 31}, "请写姓名"),
        ({"--mobile": "1390000"}, "手机号应为 11 位"),
        ({"--mobile": ""}, "手机号应为 11 位"),
        ({"--role": "clerk"}, "负责人要写机构"),
        ({"--provider": "第一机构（演示）"}, "负责人要写机构"),
        ({"--role": "clerk", "--provider": "没有的机构"}, "没有叫“没有的机构”的机构"),
        ({"--mobile": "13900007009"}, "已经开过账号"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(app, wrong, sentence):
    with writing():
        a_provider("第一机构（演示）")
        other = an_account()
        other.mobile_index = mobile_index("13900007009")
    answer = create(app, *(part for pair in {**GOOD, **wrong}.items() for part in pair))
    assert answer.exit_code == 2 and sentence in answer.stderr
    assert answer.stderr.count("\n") == 1 and "Traceback" not in answer.output and not answer.stdout
    assert db.session.scalar(db.select(db.func.count(Account.id))) == 1


@pytest.mark.parametrize("name", ["长" * 101, "㍿" * 26])
def test_an_institution_whose_name_does_not_fit_its_column_or_its_key_is_not_made(app, name):
    arguments = ["--role", "clerk", "--name", "演示教务", "--mobile", "13900007003", "--new-provider"]
    answer = create(app, *arguments, "--provider", name)
    assert answer.exit_code == 2 and "最多 100 个字" in answer.stderr
    assert db.session.scalar(db.select(Provider)) is None
    assert create(app, *arguments, "--provider", "㍿" * 25).exit_code == 0


@pytest.mark.engine("sqlite")
def test_the_first_institution_can_be_made_along_with_its_clerk(app):
    arguments = ["--role", "clerk", "--name", "演示教务", "--mobile", "13900007003", "--provider", "新机构（演示）"]
    assert create(app, *arguments).exit_code == 2
    assert create(app, *arguments, "--new-provider").exit_code == 0
    provider = db.session.scalar(db.select(Provider))
    assert provider.name == "新机构（演示）"
    assert db.session.scalar(db.select(Account)).provider_ids("clerk") == [provider.id]
