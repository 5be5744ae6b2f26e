"""What the catalogue lists: published offerings that suit what somebody looks for, thirty a page.

Lists read rows of columns, not objects, and every statement is built once
for each set of filters and kept: building one anew costs more than running
it. A count looks no further than five pages.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, time
from functools import lru_cache
from typing import Any

from sqlalchemy import Date, Row, Select, bindparam, case, exists, func, or_, select

from app.clock import civil, instant
from app.database import Stamp, at_most, db
from app.models.course import Course
from app.models.enrolment import Enrolment
from app.models.offering import MODES, Offering
from app.models.place import DIVISIONS
from app.models.provider import Provider
from app.models.rules import CATEGORIES
from app.search_words import conditions, patterns, words

PAGE = 30
COUNT_UP_TO = 5 * PAGE
LAST_PAGE = 1000
LARGEST_ID = 2**31 - 1
_FILTERS = ("category", "division", "provider", "weekdays", "times", "mode")
_offering, _course, _provider, _enrolment = (
    Offering.__table__.c,
    Course.__table__.c,
    Provider.__table__.c,
    Enrolment.__table__.c,
)
_now = bindparam("now", type_=Stamp())
_today: Any = bindparam("today", type_=Date())
_CLOSES = func.coalesce(_offering.signup_closes_at, _offering.first_begins_at, type_=Stamp())
_OPEN = Offering.open_at(_now)


@dataclass(frozen=True)
class Wanted:
    """What somebody looks for; a field left empty leaves nothing out."""

    q: str = ""
    category: str = ""
    division: str = ""
    provider: int = 0
    weekdays: int = 0  # bit 0 Monday … bit 6 Sunday; one shared day suffices
    times: int = 0  # 1 morning, 2 afternoon, 4 evening
    age: int | None = None  # full years
    mode: str = ""
    free: bool = False  # a place for a newcomer, now
    everything: bool = False  # also begun, over and cancelled

    @classmethod
    def read(cls, typed: Any) -> Wanted:
        """From a query string, whatever somebody put there: what is unknown is left out, never an error."""
        age = _whole(typed.get("age"), 0, 150)
        return cls(
            q=" ".join(typed.get("q", "")[:100].replace("\x00", "").split()),
            category=_known(typed.get("category"), CATEGORIES),
            division=_known(typed.get("division"), DIVISIONS),
            provider=_whole(typed.get("provider"), 1, LARGEST_ID) or 0,
            weekdays=sum(
                {1 << n for n in (_whole(text, 1, 7, shift=1) for text in typed.getlist("day")) if n is not None}
            ),
            times=sum({n for n in (_whole(text, 1, 4) for text in typed.getlist("time")) if n in (1, 2, 4)}),
            age=age,
            mode=_known(typed.get("mode"), MODES),
            free=typed.get("free") == "1",
            everything=typed.get("all") == "1",
        )

    def query(self) -> dict[str, Any]:
        """Back into the query string, without what is empty."""
        plain: dict[str, Any] = {
            "q": self.q,
            "category": self.category,
            "division": self.division,
            "provider": self.provider,
            "day": [n + 1 for n in range(7) if self.weekdays >> n & 1],
            "time": [n for n in (1, 2, 4) if self.times & n],
            "mode": self.mode,
            "free": 1 if self.free else "",
            "all": 1 if self.everything else "",
        }
        query = {name: value for name, value in plain.items() if value}
        if self.age is not None:
            query["age"] = self.age
        return query

    def narrows(self) -> list[str]:
        """The names of the fields that leave something out."""
        return [f.name for f in fields(self) if getattr(self, f.name) != f.default and f.name != "everything"]

    def without(self, *names: str) -> Wanted:
        """The same with these fields left empty."""
        empty: dict[str, Any] = {f.name: f.default for f in fields(self) if f.name in names}
        return replace(self, **empty)


@dataclass(frozen=True)
class Found:
    """One page of what was found. ``total`` is None when there are more than COUNT_UP_TO, or nobody asked."""

    rows: Sequence[Row[Any]]
    page: int
    total: int | None
    more: bool

    @property
    def pages(self) -> int | None:
        return None if self.total is None else -(-self.total // PAGE)


def page_number(text: str | None) -> int:
    """1 for whatever is no page."""
    return _whole(text, 1, LAST_PAGE) or 1


def find(wanted: Wanted, at: datetime, page: int = 1) -> Found:
    """The offerings that suit, soonest first (with ``everything``: latest first)."""
    shape = (
        len(words(wanted.q)),
        *(bool(getattr(wanted, name)) for name in _FILTERS),
        wanted.age is not None,
        wanted.free,
        wanted.everything,
    )
    listing, count = _statements(*shape)
    said = _said(wanted, at)
    start = (page - 1) * PAGE
    run = db.session.connection().execute
    rows = run(listing, {**said, "start": start}).all()
    more = len(rows) > PAGE
    total: int | None = start + len(rows)
    if more or (start and not rows):
        # How many there are in all is worth a question only to somebody who looks for something.
        total = run(count, said).scalar_one() if wanted.narrows() else None
    if total is not None and total > COUNT_UP_TO:
        total = None
    return Found(rows[:PAGE], page, total, more)


def soon(at: datetime, *, free: bool, limit: int, besides: Iterable[int] = ()) -> Found:
    """Open offerings that begin next; ``free`` leaves only those with a place for a newcomer."""
    rows = _run(_soon(free, limit), {**_moment(at), "besides": list(besides) or [0]}).all()
    return Found(rows, 1, len(rows), False)


@dataclass
class Door:
    """A category as the home page shows it: open offerings, and up to three of their titles."""

    offerings: int
    titles: list[str]


def doors(at: datetime) -> dict[str, Door]:
    """Every category, open offerings or none."""
    found: dict[str, Door] = defaultdict(lambda: Door(0, []))
    for category, title, count in _run(_DOORS, {"now": at}):
        door = found[category]
        door.offerings = count
        short = title.partition("（")[0]
        if short not in door.titles and len(door.titles) < 3:
            door.titles.append(short)
    return {category: found[category] for category in CATEGORIES}


def open_figures(at: datetime) -> Row[Any]:
    """Open offerings, how many of them cost nothing, and institutions that hold them."""
    return _run(_FIGURES, {"now": at}).one()


def providers() -> Sequence[Row[Any]]:
    """The institutions with a published offering, by name."""
    return _run(_PROVIDERS, {}).all()


def sign_up_stage(offering: Any, at: datetime) -> str:
    """Where sign-up stands, of an Offering or a row: cancelled, over, closed, early or open."""
    if offering.cancelled_at is not None:
        return "cancelled"
    if civil(at).date() > civil(offering.last_begins_at).date():
        return "over"
    if at >= (offering.signup_closes_at or offering.first_begins_at):
        return "closed"
    if offering.signup_opens_at is not None and at < offering.signup_opens_at:
        return "early"
    return "open"


# ``sign_up_stage`` for many.
_STANDS = case(
    (_offering.cancelled_at.is_not(None), "cancelled"),
    (_offering.last_begins_at < bindparam("day_begins", type_=Stamp()), "over"),
    (_now >= _CLOSES, "closed"),
    (_offering.signup_opens_at > _now, "early"),
    else_="open",
).label("stands")
_COLUMNS = (
    _offering.id,
    _course.title,
    _course.audience,
    _provider.name.label("provider"),
    _offering.division_code,
    _offering.mode,
    _offering.timetable,
    _offering.starts_on,
    _offering.fee_cents,
    _offering.capacity,
    _offering.places_taken,
    _offering.min_age,
    _offering.max_age,
    _offering.signup_opens_at,
    _STANDS,
    # Of whoever waits; a newcomer stands behind them even where a place is free.
    select(func.count())
    .select_from(Enrolment.__table__)
    .where(_enrolment.offering_id == _offering.id, Enrolment.is_waiting())
    .correlate(Offering.__table__)
    .scalar_subquery()
    .label("waiting"),
)
_JOINED = Offering.__table__.join(Course.__table__).join(Provider.__table__, _provider.id == _offering.provider_id)
_RANKED = (
    select(
        _offering.category,
        _course.title,
        func.count().over(partition_by=_offering.category).label("offerings"),
        func.row_number()
        .over(partition_by=_offering.category, order_by=(_offering.starts_on, _offering.id))
        .label("nth"),
    )
    .select_from(_JOINED)
    .where(_OPEN)
    .subquery()
)
_DOORS: Any = (
    select(_RANKED.c.category, _RANKED.c.title, _RANKED.c.offerings)
    .where(_RANKED.c.nth <= 9)
    .order_by(_RANKED.c.category, _RANKED.c.nth)
)
_FIGURES: Any = select(
    func.count().label("offerings"),
    func.count().filter(_offering.fee_cents == 0).label("free"),
    func.count(func.distinct(_offering.provider_id)).label("providers"),
).where(_OPEN)
_PROVIDERS: Any = (
    select(_provider.id, _provider.name)
    .where(exists().where(_offering.provider_id == _provider.id, _offering.published_at.is_not(None)))
    .order_by(_provider.name)
)


@lru_cache(1024)
def _statements(
    word_count: int,
    category: bool,
    division: bool,
    provider: bool,
    weekdays: bool,
    times: bool,
    mode: bool,
    age: bool,
    free: bool,
    everything: bool,
) -> tuple[Select[Any], Select[Any]]:
    """The page and the bounded count for one set of filters; their values come as parameters."""
    wanted = [_offering.published_at.is_not(None), *conditions(word_count)]
    if category:
        wanted.append(_offering.category == bindparam("category"))
    if division:
        wanted.append(_offering.division_code == bindparam("division"))
    if provider:
        wanted.append(_offering.provider_id == bindparam("provider"))
    if weekdays:
        wanted.append(_offering.weekdays.op("&")(bindparam("weekdays")) != 0)
    if times:
        wanted.append(_offering.times_of_day.op("&")(bindparam("times")) != 0)
    if mode:
        wanted.append(_offering.mode == bindparam("mode"))
    if age:
        wanted.append(or_(_offering.min_age.is_(None), _offering.min_age <= bindparam("age")))
        wanted.append(or_(_offering.max_age.is_(None), _offering.max_age >= bindparam("age")))
    if free:
        wanted.append(Offering.with_free_place())
    if not everything:
        # Begun offerings whose window is still open are few; the walk along the dates begins at the first of them.
        late = select(func.min(_offering.starts_on).filter(_offering.starts_on < _today)).where(
            _offering.signup_closes_at > _now
        )
        wanted += [
            _offering.cancelled_at.is_(None),
            _offering.starts_on >= func.coalesce(late.scalar_subquery(), _today),
            _now < _CLOSES,
        ]
    order = (_offering.starts_on.desc(), _offering.id.desc()) if everything else (_offering.starts_on, _offering.id)
    page = select(*_COLUMNS).select_from(_JOINED).where(*wanted).order_by(*order)
    some = select(_offering.id).where(*wanted).limit(at_most(COUNT_UP_TO + 1)).subquery()
    return page.limit(at_most(PAGE + 1)).offset(bindparam("start")), select(func.count()).select_from(some)


@lru_cache(8)
def _soon(free: bool, limit: int) -> Select[Any]:
    wanted = [_OPEN, _offering.starts_on >= _today, _offering.id.not_in(bindparam("besides", expanding=True))]
    if free:
        wanted.append(Offering.with_free_place())
    return (
        select(*_COLUMNS)
        .select_from(_JOINED)
        .where(*wanted)
        .order_by(_offering.starts_on, _offering.id)
        .limit(at_most(limit))
    )


def _said(wanted: Wanted, at: datetime) -> dict[str, Any]:
    said = {name: getattr(wanted, name) for name in (*_FILTERS, "age")}
    return {**said, **patterns(wanted.q), **_moment(at)}


def _moment(at: datetime) -> dict[str, Any]:
    today = civil(at).date()
    return {"now": at, "today": today, "day_begins": instant(today, time(0))}


def _run(statement: Any, values: dict[str, Any]) -> Any:
    return db.session.connection().execute(statement, values)


def _known(text: str | None, keys: Iterable[str]) -> str:
    return text if text is not None and text in keys else ""


def _whole(text: str | None, least: int, most: int, shift: int = 0) -> int | None:
    """A whole number within bounds, less ``shift``, or None."""
    if text is None or not text.strip().isdecimal() or len(text) > 12:
        return None
    number = int(text)
    return number - shift if least <= number <= most else None
