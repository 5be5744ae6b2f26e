"""An unsafe request is taken only from our own pages; a safe one changes nothing."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask

from app.database import db, writing
from tests.conftest import Browser
from tests.people import PASSWORD, an_account
from tests.routes import ROLES, a_house, address, rules

CROSS_SITE = {"Sec-Fetch-Site": "cross-site"}
ATTACKS = {
    "without a token": ("", {}),
    "with somebody else's token": ("theirs", {}),
    "with an altered token": ("altered", {}),
    "from another site": ("own", CROSS_SITE),
    "from a neighbouring site": ("own", {"Sec-Fetch-Site": "same-site"}),
    "from another origin": ("own", {"Origin": "https://evil.example"}),
    "from an origin that only looks like ours": ("own", {"Origin": "http://localhost.evil.example"}),
    "from no origin": ("own", {"Origin": "null"}),
}


@pytest.fixture
def guarded(app: Flask) -> Iterator[Flask]:
    app.config["WTF_CSRF_ENABLED"] = True
    yield app
    app.config["WTF_CSRF_ENABLED"] = False


def token(client: Browser, page: str = "/my-data") -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(page).get_data(as_text=True))
    assert found
    return found.group(1)


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_unsafe_route_takes_a_form_that_is_not_ours(guarded, client, attack):
    house = a_house()
    client.sign_in(house["all"])
    tokens = {"": "", "own": token(client)}
    tokens["theirs"] = token(guarded.test_client().sign_in(house["resident"]))
    tokens["altered"] = tokens["own"][:-3] + "abc"
    which, headers = ATTACKS[attack]
    before = everything()
    for rule, method in rules(guarded, safe=False):
        where = address(guarded, rule)
        answer = client.open(where, method=method, data={"csrf_token": tokens[which]}, headers=headers)
        assert answer.status_code == (403 if headers else 400), f"{method} {rule} {attack}: {answer.status}"
        answer = client.open(where, method=method, headers={**headers, "X-CSRFToken": tokens[which]})
        assert answer.status_code == (403 if headers else 400), f"{method} {rule} {attack}, as a header"
    assert everything() == before


def test_the_same_forms_from_our_own_pages_pass(guarded, client):
    house, own = a_house(), ""
    for rule, method in sorted(rules(guarded, safe=False), key=lambda r: r[0].endpoint.startswith("account.")):
        if rule.endpoint.startswith("account.") or not own:
            own = token(client.sign_in(house["all"]))
        headers = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}
        answer = client.open(address(guarded, rule), method=method, data={"csrf_token": own}, headers=headers)
        assert answer.status_code not in (400, 403, 405, 500), f"{method} {rule}: {answer.status}"


@pytest.mark.engine("sqlite")
def test_a_token_from_before_the_sign_in_is_worth_nothing_after_it(guarded, client):
    with writing():
        account = an_account("resident")
    before = token(client, "/sign-in")
    answer = client.post("/sign-in", data={"csrf_token": before, "mobile": account.mobile, "password": PASSWORD})
    assert answer.status_code == 303
    answer = client.post("/sign-out", data={"csrf_token": before})
    assert answer.status_code == 400 and "这张表放得太久" in answer.get_data(as_text=True)
    assert client.post("/sign-out", data={"csrf_token": token(client)}).status_code == 303


@pytest.mark.engine("sqlite")
def test_every_form_that_posts_carries_a_token(guarded, client):
    house, client.checks_pages = a_house(), False
    client.sign_in(house["all"])
    forms = 0
    for rule, _ in rules(guarded, safe=True):
        answer = client.get(address(guarded, rule))
        page = answer.get_data(as_text=True) if answer.mimetype == "text/html" else ""
        for form in re.findall(r'<form[^>]*method="post".*?</form>', page, re.S | re.I):
            assert 'name="csrf_token"' in form, f"{rule}: {form[:100]}"
            forms += 1
    assert forms > 10


@pytest.mark.parametrize("role", ["visitor", *ROLES, "all"])
def test_reading_changes_nothing_and_never_fails(app, client, role):
    house, client.checks_pages = a_house(), False  # an answer to HEAD is no page
    if role != "visitor":
        client.sign_in(house[role])
    before = everything()
    for rule, method in rules(app, safe=True):
        where = address(app, rule)
        for way in (method, "HEAD", "OPTIONS"):
            answer = client.open(where, method=way)
            assert answer.status_code < 500, f"{way} {where}: {answer.status}"
    assert everything() == before


def test_the_comparison_would_see_a_change(app):
    a_house()
    before = everything()
    with writing():
        db.session.execute(db.text("UPDATE offering SET room = 'x' WHERE id = (SELECT min(id) FROM offering)"))
    assert everything() != before


def everything() -> dict[str, list[str]]:
    """Every row of every table, but for sessions and tries."""
    db.session.rollback()
    return {
        table.name: sorted(repr(tuple(row)) for row in db.session.execute(db.select(table)))
        for table in db.metadata.sorted_tables
        if table.name not in ("sign_in", "sign_in_attempt")
    }
