"""The same pages in English: one quiet link away, every sentence of ours translated, nobody else's page changed."""

import re
from datetime import date

import html5lib
import pytest

from app.database import writing
from app.web.sentences import catalogue
from tests import routes
from tests.people import a_resident, an_offering
from tests.translations import CHINESE

# What people wrote stays as they wrote it; our own name, and words that a ledger must hold, stay Chinese.
STAYS = re.compile(r"江城学堂|中文|（演示）|演示|演\*+|课程\d+|机构\d+|学员\d+|账号\d+|旁听|本人|[（）、，：。“”]")


def in_english(client):
    client.set_cookie("language", "en")
    return client


@pytest.mark.engine("sqlite")
def test_the_language_is_one_link_away_and_leads_back(client):
    page = client.get("/offerings?q=书法").text
    assert '<html lang="zh-CN"' in page
    link = re.search(r'<a lang="en"[^>]*href="([^"]+)">English</a>', page)[1].replace("&amp;", "&")
    answer = client.get(link)
    assert answer.status_code == 303 and answer.location.startswith("/offerings?q=")
    page = client.get("/offerings?q=书法").text
    assert '<html lang="en"' in page and "<title>Find a course" in page
    link = re.search(r'<a lang="zh"[^>]*href="([^"]+)">中文</a>', page)[1].replace("&amp;", "&")
    client.get(link)
    assert '<html lang="zh-CN"' in client.get("/offerings?q=书法").text


@pytest.mark.engine("sqlite")
def test_a_language_that_there_is_not_changes_nothing(client):
    answer = client.get("/display?language=tlh&next=/")
    assert "Set-Cookie" not in answer.headers
    client.get("/display?language=en&next=/")
    client.get("/display?type=large&next=/")
    page = client.get("/").text
    assert 'lang="en" class="large"' in page, "one choice keeps the other"


@pytest.mark.engine("sqlite")
def test_a_kept_page_is_never_served_in_the_other_language(client, app):
    for _ in range(2):
        assert "找课程" in client.get("/offerings").text
        assert "Find a course" in in_english(app.test_client()).get("/offerings").text


@pytest.mark.engine("sqlite")
def test_days_times_and_ages_are_said_in_english(client):
    with writing():
        offering = an_offering(first_on=date(2030, 1, 8), min_age=55, max_age=80)
        once = an_offering(first_on=date(2030, 1, 9), lessons=1)
    page = in_english(client).get(f"/offerings/{offering.id}").text
    for words in ("Every Tue, 9:00–10:30, 4 lessons", "Tue 8 Jan 2030", "at least 55 years old, at most 80 years old"):
        assert words in page
    assert "9 Jan, 9:00–10:30, 1 lesson" in client.get(f"/offerings/{once.id}").text


@pytest.mark.engine("sqlite")
def test_a_refusal_is_said_in_english(client):
    with writing():
        account, person = a_resident("演示青年", birth_on=date(2000, 1, 1))
        offering = an_offering(first_on=date(2030, 1, 8), min_age=55)
    in_english(client).sign_in(account)
    answer = client.post(f"/my/offerings/{offering.id}/enrolment", data={"nonce": "n" * 24, "person_id": person.id})
    assert answer.status_code == 409
    assert answer.text.count("On the first day you must be at least 55; 演示青年 is not.") == 2
    assert "<title>Error: Sign up" in answer.text


@pytest.mark.engine("sqlite")
def test_no_page_shows_a_chinese_sentence_of_ours(client, app):
    accounts = routes.a_house()
    in_english(client).sign_in(accounts["all"])
    found, seen = {}, 0
    for rule, _ in routes.rules(app, safe=True):
        answer = client.get(routes.address(app, rule))
        if answer.status_code == 200 and answer.mimetype == "text/html":
            seen += 1
            if left := chinese(answer.text):
                found[rule.endpoint] = left
    assert seen > 25
    assert found == {}


def chinese(page: str) -> list[str]:
    """Chinese words of a page that are not somebody's own."""
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    words = [text.strip() for text in tree.itertext() if CHINESE.search(STAYS.sub("", text))]
    names = ("aria-label", "title", "alt", "placeholder")
    words += [e.get(n) for e in tree.iter() for n in names if CHINESE.search(STAYS.sub("", e.get(n) or ""))]
    return words


def test_a_sentence_without_a_translation_stays_as_it_is_written():
    assert catalogue("en").ugettext("没有人写过的句子") == "没有人写过的句子"
    assert catalogue("zh").ugettext("首页") == "首页"
    assert catalogue("en").ugettext("首页") == "Home"
