"""A clerk sees their own institution alone: what is another's answers exactly like what does not exist."""

import re

from app.clock import today
from app.database import db, writing
from app.models import Certificate, Enrolment, Observation
from tests.people import NOON, a_person, a_provider, an_account
from tests.web.desk import again, at_desk, fresh, running

MISSING = 987654
TOKEN = re.compile(r'name="csrf_token" value="[^"]*"')


def everything_of(provider) -> dict[str, int]:
    """One of each thing the desk has addresses for."""
    offering, (enrolment,) = running(provider)
    with writing():
        certificate = Certificate.award(
            again(enrolment), system="hrss", name="证书", level="", number="秘-1", issued_on=today(), day=today()
        )
        seen = Observation(lesson_id=offering.lessons[0].id, name="旁听（演示）", seen_at=NOON)
        db.session.add(seen)
        trainer = an_account("trainer", again(provider))
    with writing():
        again(offering).appoint(again(trainer))
    return {
        "offering_id": offering.id,
        "lesson_id": offering.lessons[1].id,
        "enrolment_id": enrolment.id,
        "certificate_id": certificate.id,
        "observation_id": seen.id,
        "course_id": offering.course_id,
        "account_id": trainer.id,
    }


def addresses(app, ids: dict[str, int]) -> list[tuple[str, str]]:
    """Every page and button of the desk that names a thing."""
    with app.test_request_context():
        urls = app.url_map.bind("localhost")
        return [
            (method, urls.build(rule.endpoint, {name: ids[name] for name in rule.arguments}))
            for rule in app.url_map.iter_rules()
            if rule.endpoint.startswith("provider.") and rule.arguments and rule.arguments <= ids.keys()
            for method in sorted(rule.methods & {"GET", "POST"})
        ]


def test_what_is_anothers_answers_like_what_is_missing(app, client):
    at_desk(client)
    with writing():
        others = a_provider()
    foreign = everything_of(others)
    theirs, nowhere = addresses(app, foreign), addresses(app, dict.fromkeys(foreign, MISSING))
    assert len(theirs) > 25
    for (method, url), (_, missing) in zip(theirs, nowhere, strict=True):
        answers = [client.open(address, method=method) for address in (url, missing)]
        assert [a.status_code for a in answers] == [404, 404], f"{method} {url}"
        first, second = (TOKEN.sub("", answer.text) for answer in answers)
        assert first.replace(url, missing) == second
    assert fresh(db.session.get(Enrolment, foreign["enrolment_id"])).withdrawn_at is None


def test_the_own_things_open(app, client):
    ids = everything_of(at_desk(client))
    for method, url in addresses(app, ids):
        if method == "GET":
            assert client.get(url).status_code == 200, url


def test_things_of_one_offering_do_not_open_under_another(client):
    provider = at_desk(client)
    ids = everything_of(provider)
    other, _ = running(provider)
    for path in (f"lessons/{ids['lesson_id']}", f"enrolments/{ids['enrolment_id']}"):
        assert client.get(f"/desk/offerings/{other.id}/{path}").status_code == 404


def test_nobody_but_a_clerk_is_let_in(client):
    with writing():
        offering_provider = a_provider()
        resident = an_account("resident")
        a_person(account=resident)
    offering, _ = running(offering_provider)
    assert client.get(f"/desk/offerings/{offering.id}").status_code == 302
    client.sign_in(resident)
    assert client.get(f"/desk/offerings/{offering.id}").status_code == 404
    assert client.get("/desk/learners").status_code == 404
