"""An offering's lessons as an iCalendar file (RFC 5545), so that a telephone reminds of them."""

from __future__ import annotations

from datetime import UTC, datetime

from app.clock import instant
from app.models.offering import Offering
from app.models.place import DIVISIONS

_LONGEST = 75  # octets of a line, its end not counted


def calendar_file(offering: Offering, address: str, at: datetime) -> bytes:
    """All lessons, in UTC; ``address`` is the page to go to, ``at`` the instant of writing."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//jiangcheng-xuetang//offering//ZH", "METHOD:PUBLISH"]
    place = " ".join(part for part in (DIVISIONS[offering.division_code], offering.address, offering.room) if part)
    for n, lesson in enumerate(offering.lessons, start=1):
        lines += [
            "BEGIN:VEVENT",
            f"UID:lesson-{lesson.id}@jiangcheng-xuetang",
            f"DTSTAMP:{_utc(at)}",
            f"DTSTART:{_utc(lesson.begins_at)}",
            f"DTEND:{_utc(instant(lesson.held_on, lesson.ends))}",
            f"SUMMARY:{_escaped(offering.course.title)} {n}/{len(offering.lessons)}",
            f"LOCATION:{_escaped(f'{place} {lesson.room}'.strip())}",
            f"URL:{address}",
            f"STATUS:{'CANCELLED' if offering.cancelled_at else 'CONFIRMED'}",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return b"".join(_folded(line) + b"\r\n" for line in lines)


def _utc(stamp: datetime) -> str:
    return f"{stamp.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _escaped(text: str) -> str:
    flat = " ".join(text.split())
    return flat.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")


def _folded(line: str) -> bytes:
    """Broken before a line grows too long, never within a character."""
    parts, part = [], b""
    for character in line:
        octets = character.encode()
        if len(part) + len(octets) > _LONGEST:
            parts.append(part)
            part = b" "
        part += octets
    return b"\r\n".join([*parts, part])
