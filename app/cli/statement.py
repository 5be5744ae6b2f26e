"""``flask statement``: draw up, sign, amend and verify a year; the pages use the same code."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup

from app.clock import now, today
from app.database import db
from app.models import Account, Provider, Statement
from app.models.identity_number import normalise_mobile
from app.models.statement import PARTS
from app.refusal import N_, Refusal
from app.statement import living, signing, verify

DIFFERS, UNUSABLE = 1, 2
group = AppGroup("statement", help="A year that is signed: sign, verify, amend it.")
_year = click.argument("year", type=click.IntRange(1990, 9998))
_by = click.option("--by", required=True, metavar="MOBILE", help="The account that signs; it must have the role.")
_provider = click.option("--provider", default="", help="An institution's name; without it the city's year.")


@group.command("sign")
@_year
@_by
@_provider
def sign(year: int, by: str, provider: str) -> None:
    """Draw up YEAR and sign it, or give the next signature to the statement that is drawn up."""
    _or_refuse(lambda: _sign(year, by, provider, reason=""))


@group.command("amend")
@_year
@_by
@_provider
@click.option("--reason", required=True, help="Why, and what: it is printed.")
def amend(year: int, by: str, provider: str, reason: str) -> None:
    """Draw up an amendment of a YEAR that is attested, with the first of its two signatures; `sign` gives the other."""
    _or_refuse(lambda: _sign(year, by, provider, reason))


def _sign(year: int, by: str, provider: str, reason: str) -> None:
    account = Account.with_mobile(normalise_mobile(by))
    if account is None:
        raise Refusal("account-unknown", N_("没有这个手机号的账号。"))
    provider_id = _provider_id(provider)
    standing = Statement.of_year(year, provider_id)
    pending = standing[-1] if standing and standing[-1].attested_at is None else None
    if pending is not None and reason:
        raise Refusal("statement-drawn-up", N_("这一年已经有一份正在签的签认表，请先签完或撤回它。"))
    signing.sign_next(
        _folder(), year, provider_id, digest=pending.digest.hex() if pending else "", by=account, at=now(),
        day=today(), reason=reason,
    )  # fmt: skip
    made = Statement.of_year(year, provider_id)[-1]
    click.echo(f"{PARTS[made.signatures[-1].part]}已签：{made.signatures[-1].name}")
    click.echo(f"文件 {_folder() / made.file_name}")
    click.echo(f"摘要 {made.digest.hex()}")
    click.echo(
        "已签认。" if made.attested_at else f"还差：{'、'.join(PARTS[p] for p in made.parts[len(made.signatures) :])}"
    )


@group.command("verify")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--digest", default="", help="The digest that is printed on the statement.")
def verify_file(file: Path, digest: str) -> None:
    """Recompute FILE from itself, then hold it against what was signed and against the registry of today."""
    try:
        verdict = verify.verify(str(file), digest)
    except (sqlite3.Error, OSError, ValueError, TypeError) as problem:
        click.echo(f"✕ 读不了这个文件：{problem}", err=True)
        sys.exit(UNUSABLE)
    click.echo(verify.report(verdict))
    wrong = bool(verdict.wrong)
    statement = _statement_of(verdict)
    if statement is None:
        click.echo("本系统没有签过这一份。")
        sys.exit(DIFFERS)
    kept = _folder() / statement.file_name
    if verdict.digest != statement.digest.hex():
        wrong = True
        click.echo(f"✕ 签过的摘要是 {statement.digest.hex()}")
        if kept.exists():
            for sentence in verify.verify(str(file), against=str(kept)).wrong:
                click.echo(f"✕ 和存档比：{sentence}")
    for signature in statement.signatures:
        click.echo(f"{PARTS[signature.part]} {signature.name} {signature.signed_at:%Y-%m-%dT%H:%MZ}")
    if not kept.exists():
        click.echo("存档里没有这个文件，不能和现在的数据比。")
        sys.exit(DIFFERS)
    found = living.differences(kept, signing.plan_of(statement))
    for each in found:
        click.echo(f"✕ 现在的数据：{each.words()}")
    click.echo("✓ 现在的数据和签认的一样" if not found else f"✕ 现在的数据有 {len(found)} 行和签认的不一样")
    sys.exit(DIFFERS if wrong or found else 0)


def _statement_of(verdict: verify.Verdict) -> Statement | None:
    """The signed statement of this digest, or of what the file says that it is."""
    own = bytes.fromhex(verdict.digest) if verdict.digest else b""
    found = db.session.scalar(
        db.select(Statement).where(Statement.digest == own).order_by(Statement.id.desc()).limit(1)
    )
    about = verdict.about
    if found is not None or not about.get("year", "").isdigit() or not about.get("sequence", "").isdigit():
        return found
    provider = Provider.named(about.get("whose", ""))
    standing = Statement.of_year(int(about["year"]), provider.id if provider else None)
    return next((each for each in standing if each.sequence == int(about["sequence"])), None)


def _provider_id(name: str) -> int | None:
    if not name:
        return None
    provider = Provider.named(name)
    if provider is None:
        raise Refusal("provider-unknown", N_("没有叫“%(name)s”的机构。"), name=name)
    return provider.id


def _folder() -> Path:
    return Path(current_app.instance_path) / signing.FOLDER


def _or_refuse(act: Callable[[], Any]) -> None:
    try:
        act()
    except Refusal as no:
        click.echo(str(no), err=True)
        sys.exit(UNUSABLE)
