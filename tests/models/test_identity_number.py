"""Every day from 1900 to 2026, every check digit, and what spreadsheets do to numbers."""

from datetime import UTC, date, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.models.identity_number import (
    CHECK_CHARACTERS,
    DOCUMENT_TYPES,
    birth_date_of,
    check_document,
    mask_document,
    mask_mobile,
    normalise_mobile,
    normalise_name,
    normalise_number,
)
from app.refusal import Refusal

pytestmark = pytest.mark.zones
TODAY = date(2026, 12, 31)
FIRST = date(1900, 1, 1)


def number_born(day: date, prefix: str = "220299", serial: int = 100) -> str:
    """An unassignable number, its check character worked out here and not by the code under test."""
    body = f"{prefix}{day:%Y%m%d}{serial:03d}" if day.year >= 1000 else ""
    total = 0
    for digit in body:  # ISO 7064 MOD 11-2, the recursive form
        total = (total + int(digit)) * 2 % 11
    rest = (12 - total) % 11
    return body + ("X" if rest == 10 else str(rest))


def refusal(document_type: str, text: str) -> str:
    with pytest.raises(Refusal) as caught:
        check_document(document_type, text, TODAY)
    return caught.value.code


def test_no_birth_date_of_126_years_shifts_by_a_day():
    days = (TODAY - FIRST).days + 1
    shifted = 0
    for offset in range(days):
        day = FIRST + timedelta(offset)
        checked = check_document("resident_id", number_born(day), TODAY)
        shifted += birth_date_of("resident_id", checked) != day
    assert days == 46386
    assert shifted == 0


def shanghai_changes() -> list[date]:
    """Civil dates on which Asia/Shanghai changed its offset."""
    zone, found = ZoneInfo("Asia/Shanghai"), []
    moment = datetime(1902, 1, 1, tzinfo=UTC)
    before = moment.astimezone(zone).utcoffset()
    while moment.year < 2027:
        moment += timedelta(hours=6)
        offset = moment.astimezone(zone).utcoffset()
        if offset != before:
            found.append(moment.astimezone(zone).date())
            before = offset
    return found


def test_the_days_on_which_the_clock_was_changed_keep_their_date():
    changes = shanghai_changes()
    assert len(changes) == 28
    for day in changes:
        for near in (day - timedelta(1), day, day + timedelta(1)):
            number = check_document("residence_permit", number_born(near, "819900"), TODAY)
            assert birth_date_of("residence_permit", number) == near


@pytest.mark.parametrize("serial", range(0, 1000, 7))
def test_of_eleven_check_characters_one_is_accepted(serial):
    right = number_born(date(1952, 4, 20), serial=serial)
    accepted = []
    for character in CHECK_CHARACTERS:
        try:
            accepted.append(check_document("resident_id", right[:17] + character, TODAY))
        except Refusal as no:
            assert no.code in ("number-check-digit", "number-damaged")
    assert accepted == [right]


def test_each_single_wrong_digit_is_found():
    right = number_born(date(1952, 4, 20))
    for place, digit in product(range(17), "0123456789"):
        if digit != right[place]:
            assert refusal("resident_id", right[:place] + digit + right[place + 1 :]) in (
                "number-check-digit",
                "number-damaged",
            )


X_NUMBER = "22029920090619114X"


@pytest.mark.parametrize(
    "typed",
    [
        X_NUMBER,
        "22029920090619114x",
        "２２０２９９２００９０６１９１１４Ｘ",
        "２２０２９９２００９０６１９１１４ｘ",
        " 220299 20090619 114x ",
        "220299-20090619-114X",
        "220299－20090619—114X",
        "'22029920090619114X",
        "\u200b22029920090619114X\ufeff",
        "220299\u300020090619\u00a0114X\t",
    ],
)
def test_a_number_is_read_as_people_type_it(typed):
    assert check_document("resident_id", typed, TODAY) == X_NUMBER


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("220299520420069", "number-fifteen"),
        ("4.4E+17", "number-damaged"),
        ("4.40102E+17", "number-damaged"),
        ("4E+17", "number-damaged"),
        ("4.4e17", "number-damaged"),
        ("220299195204200000", "number-damaged"),
        ("220299195204200694", "number-check-digit"),
        ("22029919520420069", "number-form"),
        ("2202991952042006933", "number-form"),
        ("2202991952042006九3", "number-form"),
        ("٢٢٠٢٩٩١٩٥٢٠٤٢٠٠٦٩٣", "number-form"),
        ("", "number-form"),
    ],
)
def test_a_wrong_resident_number_is_refused_by_name(typed, code):
    assert refusal("resident_id", typed) == code


def test_a_number_that_truly_ends_in_three_noughts_is_accepted():
    for serial in range(1000):
        number = number_born(date(1952, 4, 20), serial=serial)
        if number.endswith("000"):
            assert check_document("resident_id", number, TODAY) == number
            return
    day = date(1952, 4, 20)
    while not number_born(day, serial=0).endswith("0000"):
        day += timedelta(1)
    assert check_document("resident_id", number_born(day, serial=0), TODAY).endswith("000")


@pytest.mark.parametrize("digits", ["19521301", "19520230", "19520001", "18991231", "20270101"])
def test_an_impossible_birth_date_inside_the_number_is_refused(digits):
    body = f"220299{digits}100"
    total = 0
    for digit in body:
        total = (total + int(digit)) * 2 % 11
    rest = (12 - total) % 11
    assert refusal("resident_id", body + ("X" if rest == 10 else str(rest))) == "number-birth-date"


def test_the_province_is_tested_and_the_county_never():
    day = date(1938, 2, 24)
    provinces = (
        "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71".split()
    )
    known = {*provinces, "81", "82", "83", *(f"9{n}" for n in range(10))}
    for first_two in range(100):
        for county in ("0000", "0299", "9999"):
            number = number_born(day, f"{first_two:02d}{county}")
            if f"{first_two:02d}" in known:
                assert check_document("resident_id", number, TODAY) == number
            else:
                assert refusal("resident_id", number) == "number-province"


def test_sex_is_never_read_from_the_number():
    for serial in range(100, 120):
        assert check_document("resident_id", number_born(date(1952, 4, 20), serial=serial), TODAY)


@pytest.mark.parametrize(
    ("kind", "typed", "kept"),
    [
        ("hk_macao_permit", "h12345678", "H12345678"),
        ("hk_macao_permit", "Ｍ1234567800", "M1234567800"),
        ("taiwan_permit", "0123 4567", "01234567"),
        ("taiwan_permit", "0123456789(B)", "0123456789B"),
        ("passport", " E00000 063 ", "E00000063"),
        ("passport", "E０００００００２", "E00000002"),
        ("foreigner_permanent", "abc123456789012", "ABC123456789012"),
        ("foreigner_permanent", number_born(date(1980, 1, 2), "911702"), number_born(date(1980, 1, 2), "911702")),
        ("residence_permit", number_born(date(1996, 7, 10), "819900"), number_born(date(1996, 7, 10), "819900")),
    ],
)
def test_other_documents_have_their_own_form(kind, typed, kept):
    assert check_document(kind, typed, TODAY) == kept


@pytest.mark.parametrize(
    ("kind", "typed", "code"),
    [
        ("hk_macao_permit", "A12345678", "number-form"),
        ("hk_macao_permit", "H123456789", "number-form"),
        ("taiwan_permit", "1234567", "number-form"),
        ("passport", "ABCDEFG", "number-form"),
        ("passport", "E00(0063", "number-form"),
        ("passport", "1.2E+08", "number-damaged"),
        ("foreigner_permanent", number_born(date(1980, 1, 2), "220299"), "number-province"),
        ("foreigner_permanent", "AB123456789012", "number-form"),
        ("residence_permit", number_born(date(1996, 7, 10), "220299"), "number-province"),
        ("军官证", "123", "document-type"),
    ],
)
def test_other_documents_are_refused_by_name(kind, typed, code):
    assert refusal(kind, typed) == code


def test_a_foreigner_card_gives_no_birth_date():
    number = number_born(date(1980, 1, 2), "911702")
    assert birth_date_of("foreigner_permanent", number) is None
    assert birth_date_of("passport", "E00000063") is None


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("13900000044", "13900000044"),
        ("139 0000 0044", "13900000044"),
        ("１３９－００００－００４４", "13900000044"),
        ("+86 13900000044", "13900000044"),
        ("0086-13900000044", "13900000044"),
        ("8613900000044", "13900000044"),
        ("0432-61234567", "043261234567"),
        ("(0432)61234567", "043261234567"),
    ],
)
def test_a_mobile_is_read_as_people_type_it(typed, kept):
    assert normalise_mobile(typed) == kept


@pytest.mark.parametrize(
    "typed", ["", "1390000004", "139000000444", "12900000044", "1.39E+10", "见备注", "010-61234567"]
)
def test_a_wrong_mobile_is_refused(typed):
    with pytest.raises(Refusal) as caught:
        normalise_mobile(typed)
    assert caught.value.code == "mobile-form"


def test_names_are_compared_half_width_and_without_blanks():
    assert normalise_name(" 王 演示　秀英 ") == "王演示秀英"
    assert normalise_name("吉林市老年大学（演示）") == normalise_name("吉林市老年大学(演示)")
    assert normalise_name("阿依古丽·演示") == "阿依古丽·演示"
    assert normalise_name("𠮷演示") == "𠮷演示"


def test_masks_hide_birth_date_and_middle():
    assert mask_document(X_NUMBER) == "220***********114X"
    assert "0619" not in mask_document(X_NUMBER)
    assert mask_document("E00000063") == "E******63"
    assert mask_mobile("13900000044") == "139****0044"
    for number in ("", "1", "12", "123", "1234"):
        assert mask_document(number).count("*") >= min(1, len(number))


@given(st.sampled_from([*DOCUMENT_TYPES]), st.text(max_size=30))
def test_whatever_is_typed_is_kept_or_refused(kind, text):
    try:
        kept = check_document(kind, text, TODAY)
    except Refusal as no:
        assert no.sentence
    else:
        assert kept == normalise_number(kept) == check_document(kind, kept, TODAY)
