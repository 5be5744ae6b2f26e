"""Invented people: 演示 in the name, mobiles 1390000xxxx, document numbers with a prefix that no county has."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random

from app.database import db
from app.models import Person, Provider
from app.models.identity_number import check_character
from app.models.place import DIVISIONS

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧"
GIVEN = "秀英桂兰玉珍淑华建国志强凤霞长海晓梅立新德福雅琴春生丽娟文斌永强金花宝山"
BORN = {
    "elderly": (1936, 1965),
    "community": (1958, 2000),
    "rural": (1962, 2000),
    "certificate": (1970, 2003),
    "workforce": (1966, 2000),
    "teacher": (1968, 1996),
    "youth": (2010, 2014),
}
HOW_MANY = {
    "elderly": 130, "community": 60, "rural": 60, "certificate": 40, "workforce": 30, "teacher": 30, "youth": 50,
}  # fmt: skip


@dataclass
class Human:
    """One invented human being, and the records that institutions keep of them."""

    name: str
    sex: str
    born: date
    mobile: str | None
    document: tuple[str, str] | None
    records: dict[int, Person] = field(default_factory=dict)

    def record_at(self, provider: Provider, random: Random, at: datetime) -> Person:
        """The record that this institution keeps, made at the first visit."""
        if provider.id not in self.records:
            # Now and then the desk forgot to ask for the number: a candidate pair for the bureau.
            forgotten = bool(self.records) and random.random() < 0.06
            person = Person(
                name=self.name,
                sex=self.sex,
                birth_on=self.born,
                division_code=_home(self.name),
                mobile=None if forgotten else self.mobile,
                document=None if forgotten else self.document,
                keeper_provider_id=provider.id,
                made_at=at,
                is_demo=True,
            )
            db.session.add(person)
            db.session.flush()
            self.records[provider.id] = person
        return self.records[provider.id]


def _home(name: str) -> str | None:
    """Where they live, in the tables only; one in seven did not say. By the name, so that nobody moves."""
    codes = [None, None, *DIVISIONS]
    return codes[sum(map(ord, name)) % len(codes)]


def invent(random: Random) -> dict[str, list[Human]]:
    """Humans by the category in which they mostly learn."""
    numbers = iter(range(100, 10_000))
    names: set[str] = set()
    pools = {}
    for category, (first, last) in BORN.items():
        pools[category] = [
            _human(random, category, first, last, next(numbers), names) for _ in range(HOW_MANY[category])
        ]
    return pools


def _human(random: Random, category: str, first: int, last: int, number: int, names: set[str]) -> Human:
    while True:
        name = random.choice(SURNAMES) + "演示" + random.choice(GIVEN) + random.choice(GIVEN)
        if name not in names:
            names.add(name)
            break
    born = date(first, 1, 1) + timedelta(random.randrange((last - first + 1) * 365))
    has_mobile = category != "youth" and random.random() > 0.06
    document = None
    if category in ("certificate", "workforce", "youth") or random.random() < 0.3:
        body = f"220299{born:%Y%m%d}{number % 1000:03d}"
        document = ("resident_id", body + check_character(body))
    sex = random.choice(("female", "female", "male")) if category == "elderly" else random.choice(("female", "male"))
    return Human(name, sex, born, f"1390000{number:04d}" if has_mobile else None, document)
