"""By which words an offering is found."""

import subprocess
import sys

import pytest

from app.database import db, writing
from app.models import Offering, OfferingTrainer
from app.search_words import conditions, fold, note_search_words, patterns, words
from tests.people import a_provider, an_account, an_offering


def found(query: str) -> set[str]:
    said = patterns(query)
    rows = db.session.scalars(db.select(Offering).where(*conditions(len(said))), said)
    return {offering.course.title for offering in rows}


@pytest.fixture
def catalogue(app):
    with writing():
        school = a_provider("吉林市老年大学（演示）")
        calligraphy = an_offering(
            school, title="书法（楷书）基础", number="2026-SF-01", category="elderly", address="解放大路 1 号"
        )
        trainer = an_account("trainer", school, name="赵演示")
        db.session.add(OfferingTrainer(offering=calligraphy, account=trainer))
        calligraphy.course.summary = "从横竖撇捺学起"
        phone = an_offering(title="智能手机 入门", division_code="220281")
        music = an_offering(title="音乐欣赏 100%_快乐")
        db.session.flush()
        for offering in (calligraphy, phone, music):
            db.session.refresh(offering)
            note_search_words(offering)


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("书法", "书法（楷书）基础"),
        ("shufa", "书法（楷书）基础"),
        ("SF", "书法（楷书）基础"),
        ("ｓｈｕｆａ", "书法（楷书）基础"),
        ("楷书 书法", "书法（楷书）基础"),
        ("书法(楷书)", "书法（楷书）基础"),
        ("2026-sf-01", "书法（楷书）基础"),
        ("２０２６-SF", "书法（楷书）基础"),
        ("老年大学", "书法（楷书）基础"),
        ("lndx", "书法（楷书）基础"),
        ("船营 书法", "书法（楷书）基础"),
        ("老年教育", "书法（楷书）基础"),
        ("赵演示", "书法（楷书）基础"),
        ("zhaoyanshi", "书法（楷书）基础"),
        ("横竖撇捺", "书法（楷书）基础"),
        ("解放大路1号", "书法（楷书）基础"),
        ("手机", "智能手机 入门"),
        ("智能手机入门", "智能手机 入门"),
        ("jiaoheshi", "智能手机 入门"),
        ("yinyue", "音乐欣赏 100%_快乐"),
        ("100%_", "音乐欣赏 100%_快乐"),
    ],
)
def test_it_is_found_by(catalogue, query, title):
    assert found(query) == {title}


@pytest.mark.parametrize("query", ["书法 手机", "法书", "%", "_书", "书%法", "\\", "😀", "书\x00x", "/", "a" * 5000])
def test_it_is_not_found_by(catalogue, query):
    assert found(query) <= ({"音乐欣赏 100%_快乐"} if query == "%" else set())


def test_nothing_typed_leaves_nothing_out(catalogue):
    assert len(found("")) == len(found(" \t　")) == 3


def test_a_word_does_not_reach_over_two_pieces(catalogue):
    assert not found("基础吉林市"), "the end of the title and the beginning of the institution's name"


def test_many_words_are_cut_to_eight():
    assert len(words(" ".join("一二三四五六七八九十甲乙丙"))) == 8


def test_folding_is_the_same_on_both_sides():
    assert fold("ＡｂＣ　书 法\x00") == "abc书法"


def test_the_pinyin_tables_are_loaded_only_where_words_are_saved():
    check = "import app, app.search_words, sys; sys.exit('pypinyin' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
