"""``flask account create``: the first real accounts, and those that no page makes."""

from __future__ import annotations

import sys

import click
from flask.cli import AppGroup

from app.clock import now
from app.database import db, writing
from app.models.account import AT_AN_INSTITUTION, ROLES, Account, NewPassword
from app.models.identity_number import NAME_LENGTH, mask_mobile, normalise_mobile, normalise_name
from app.models.provider import PROVIDER_NAME_LENGTH, Provider
from app.refusal import N_, Refusal

UNUSABLE = 2
group = AppGroup("account", help="Accounts: create one.")


@group.command("create")
@click.option("--role", default="", help=f"One of {', '.join(ROLES)}.")
@click.option("--name", default="", help="The person's name, as on the identity card.")
@click.option("--mobile", default="", help="The mobile with which they sign in.")
@click.option("--provider", default="", help="The institution's name; for trainer, clerk, reviewer and head.")
@click.option("--new-provider", is_flag=True, help="Make the institution when there is none of that name.")
def create(role: str, name: str, mobile: str, provider: str, new_provider: bool) -> None:
    """Open an account and print its one-use password, which the first sign-in replaces."""
    try:
        number, password = _create(role, name.strip(), mobile, provider.strip(), new_provider)
    except Refusal as no:
        click.echo(str(no), err=True)
        sys.exit(UNUSABLE)
    click.echo(f"账号已开：{name.strip()}（{ROLES[role]}），手机号 {mask_mobile(number)}。")
    click.echo(f"一次性密码：{password}")
    click.echo("请当面或电话告诉本人；第一次登录时要换成自己的密码。")


def _create(role: str, name: str, mobile: str, provider: str, new_provider: bool) -> tuple[str, str]:
    """The mobile in its one spelling and the password to tell. Raises Refusal for whatever cannot be."""
    if role not in ROLES:
        raise Refusal("role-unknown", N_("请写明身份，例如 --role clerk；身份有：%(roles)s。"), roles="、".join(ROLES))
    if not normalise_name(name) or max(len(name), len(normalise_name(name))) > NAME_LENGTH or not name.isprintable():
        raise Refusal("name-form", N_("请写姓名，最多 %(n)s 个字，例如 --name 王秀英。"), n=NAME_LENGTH)
    if (role in AT_AN_INSTITUTION) != bool(provider):
        raise Refusal(
            "role-institution", N_("教师、教务、审核人和负责人要写机构（--provider 名称），居民和教育局不写。")
        )
    number = normalise_mobile(mobile)
    if not db.inspect(db.engine).has_table(Account.__tablename__):
        raise Refusal("no-tables", N_("数据库里还没有表，请先运行 flask --app wsgi db upgrade。"))
    password, kept = NewPassword.for_one_use()
    with writing():
        institution = _institution(provider, new_provider) if provider else None
        account = Account.open(name, number, kept, now())
        account.grant(role, now(), institution)
    return number, password


def _institution(name: str, new: bool) -> Provider:
    found = Provider.named(name)
    if found is None and new:
        if max(len(name), len(normalise_name(name))) > PROVIDER_NAME_LENGTH:
            raise Refusal("provider-name-long", N_("机构名称最多 %(n)s 个字，请写短些。"), n=PROVIDER_NAME_LENGTH)
        found = Provider(name=name)
        db.session.add(found)
        db.session.flush()
    if found is None:
        raise Refusal(
            "provider-unknown", N_("没有叫“%(name)s”的机构；名称写对了而机构是新的，请加 --new-provider。"), name=name
        )
    return found
