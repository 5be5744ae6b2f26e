"""Head and foot are made once for all visitors, and never say the wrong thing to anybody."""

from __future__ import annotations

import pytest

from app.database import writing
from tests.people import a_resident

pytestmark = pytest.mark.engine("sqlite")


def test_every_page_leads_back_to_itself(client):
    client.get("/offerings?q=a")
    page = client.get("/offerings?q=b%22%3E%7Bback%7D").text
    assert "/display?next=/offerings%3Fq%3Db%2522%253E%257Bback%257D&amp;type=large" in page
    assert "next={back}" not in page and "q%3Da&amp;" not in page


def test_a_visitor_never_gets_the_head_of_somebody_signed_in(client, app):
    with writing():
        account, _ = a_resident()
    visitor = app.test_client()
    client.sign_in(account)
    app.extensions["frames"].clear()
    assert "退出" in client.get("/offerings").text
    assert not app.extensions["frames"], "what is made for somebody is not kept"
    assert "退出" not in visitor.get("/offerings").text
    assert app.extensions["frames"]
    assert "退出" in client.get("/offerings").text


def test_language_type_and_page_each_have_their_own(client):
    def head(path: str, cookie: str = "") -> str:
        for name in ("language", "type"):
            client.delete_cookie(name)
        if cookie:
            client.set_cookie(*cookie.split("="))
        return client.get(path).text.partition("</header>")[0]

    assert "长辈版 大字" in head("/offerings") and "标准字号" in head("/offerings", "type=large")
    assert ">登录<" not in head("/offerings", "language=en") and ">登录<" in head("/offerings")
    assert 'href="/offerings" aria-current="page"' in head("/offerings")
    assert 'href="/offerings" aria-current="page"' not in head("/sign-in")
