"""``flask demo load``: fill an empty registry with the demo and say how to sign in."""

from __future__ import annotations

from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup

from app import demo
from app.cli.targets import load_missing
from app.clock import today
from app.models.account import ROLES
from app.models.target import the_plan

group = AppGroup("demo", help="The demo catalogue and its invented people.")


@group.command("load")
def load() -> None:
    """Load the demo when the registry is empty; print one demo sign-in for each role."""
    instance = Path(current_app.instance_path)
    if demo.is_empty():
        click.echo("正在载入演示数据，大约半分钟……")
        demo.load(today(), instance, lambda sentence: click.echo(f"  {sentence}"))
        demo.sign(today(), instance, lambda sentence: click.echo(f"  {sentence}"))
    load_missing(the_plan())  # a registry that was filled before there were targets
    lines = demo.sign_ins(instance)
    if lines:
        click.echo("演示账号（每个身份一个，密码只在本机）：")
    for role, mobile, password in lines:
        click.echo(f"  {ROLES[role]}\t手机号 {mobile}\t密码 {password}")
