"""Every page in every state it can show: who opens it, at what address, and what they do there.

A route that answers GET and has no recipe here fails test_looks.py, unless
NO_PAGE says why it has no look.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Page

SAMPLE = Path(__file__).resolve().parent.parent / "samples" / "ledger-small.xlsx"
NO_PAGE = {
    "static": "files",
    "health.readyz": "a line for machines",
    "public.display": "sets a cookie and leads back",
    "public.calendar": "a calendar file",
    "provider.ledger_refused": "a workbook",
    "provider.ledger_year": "a workbook",
    "provider.statement_file": "a file",
    "provider.statement_paper": "a PDF",
    "bureau.statement_paper": "a PDF",
    "public.verify": "a program",
    "bureau.statement_file": "a file",
    "bureau.register_file": "CSV",
    "provider.group_sheet": "a file",
    "bureau.year": "leads to the latest year",
    "bureau.year_file": "a workbook, CSV or JSON",
    "bureau.year_report": "a PDF",
    "bureau.year_ladder_file": "a workbook, CSV or JSON",
    "bureau.year_table_file": "a workbook, CSV or JSON",
    "bureau.year_overlap_file": "a workbook, CSV or JSON",
    "bureau.year_what_if_file": "a workbook, CSV or JSON",
    "bureau.quality_report": "a workbook or CSV",
    "public.open_data_file": "CSV or SQLite",
}


@dataclass(frozen=True)
class Recipe:
    endpoint: str
    state: str = ""
    who: str = ""  # an account of site.py; nobody signed in when empty
    things: dict[str, str] = field(default_factory=dict)  # address argument → kind:name
    query: str = ""
    do: Callable[[Page], None] | None = None  # what one does to see the state
    status: int = 200

    def __str__(self) -> str:
        return f"{self.endpoint}{'-' if self.state else ''}{self.state}"


def unfold(page: Page) -> None:
    """Open whatever is folded."""
    for summary in page.locator("main summary").all():
        summary.click()


def send(page: Page) -> None:
    """Send the form of the page as it is."""
    with page.expect_navigation():
        page.locator("main form button").first.click()


def send_without_a_name(page: Page) -> None:
    page.locator("[name=name]").fill("")
    send(page)


def in_english(page: Page) -> None:
    """Read the page in English from its foot."""
    with page.expect_navigation():
        page.locator("footer [hreflang=en]").click()


def save_from_an_old_page(page: Page) -> None:
    """Say something else of the first two than what stands, as if the page had been opened before that was saved."""
    page.locator("[name=base_version]").evaluate("field => { field.value = 0 }")
    for row in (0, 1):
        page.locator(".row").nth(row).locator("[value=absent]").check()
    with page.expect_navigation():
        page.locator(".save button").click()


def upload(page: Page) -> None:
    """Hand in the sample ledger, which is another institution's."""
    page.locator("main input[type=file]").set_input_files(SAMPLE)
    send(page)
    for _ in range(50):
        if "staging" not in page.content() and page.locator("main table").count():
            return
        page.wait_for_timeout(200)
        page.reload()


def press(words: str) -> Callable[[Page], None]:
    """Press the first button of the page that says this."""

    def pressing(page: Page) -> None:
        with page.expect_navigation():
            page.locator("main form button", has_text=words).first.click()

    return pressing


def search(words: str) -> Callable[[Page], None]:
    """Type this into the page's search and send it."""

    def searching(page: Page) -> None:
        page.locator("main input[type=search]").fill(words)
        press("查找")(page)

    return searching


PUBLIC = [
    Recipe("public.home"),
    Recipe("public.home", "signed-in", "resident"),
    Recipe("public.home", "english", do=in_english),
    Recipe("public.open_data"),
    Recipe("public.catalogue"),
    Recipe("public.catalogue", "filters", do=unfold),
    Recipe("public.catalogue", "english", do=in_english),
    Recipe("public.catalogue", "second-page", query="page=2"),
    Recipe("public.catalogue", "found", query="q=shufa&category=elderly"),
    Recipe("public.catalogue", "nothing-found", query="q=没有这样的课"),
    Recipe("public.offering", "free", things={"offering_id": "offering:free"}),
    Recipe("public.offering", "english", things={"offering_id": "offering:free"}, do=in_english),
    Recipe("public.offering", "few", things={"offering_id": "offering:few"}),
    Recipe("public.offering", "full", things={"offering_id": "offering:full"}),
    Recipe("public.offering", "closed", things={"offering_id": "offering:closed"}),
    Recipe("public.offering", "not-yet-open", things={"offering_id": "offering:not_yet"}),
    Recipe("public.offering", "online-unlimited", things={"offering_id": "offering:unlimited"}),
    Recipe("public.offering", "cancelled", things={"offering_id": "offering:cancelled"}),
    Recipe("public.offering", "missing", things={"offering_id": "99999"}, status=404),
    Recipe("public.offering", "already-in", "resident", {"offering_id": "offering:free"}),
]
ACCOUNT = [
    Recipe("account.sign_in"),
    Recipe("account.sign_in", "errors", do=send),
    Recipe("account.new_account"),
    Recipe("account.new_account", "errors", do=send),
    Recipe("account.new_password", "", "one_use"),
    Recipe("account.new_password", "errors", "one_use", do=send),
    Recipe("account.my_data", "", "resident"),
    Recipe("account.my_data", "english", "resident", do=in_english),
    Recipe("account.correction", "", "resident", {"person_id": "person:mother"}),
    Recipe("account.correction", "errors", "resident", {"person_id": "person:self"}, do=send_without_a_name),
    Recipe("account.mobile", "", "resident"),
    Recipe("account.mobile", "errors", "resident", do=send),
]
RESIDENT = [
    Recipe("resident.enrolments", "", "resident"),
    Recipe("resident.enrolments", "none", "newcomer"),
    Recipe("resident.enrolment", "place", "newcomer", {"offering_id": "offering:free"}),
    Recipe("resident.enrolment", "queue", "newcomer", {"offering_id": "offering:full"}),
    Recipe("resident.enrolment", "refused", "resident", {"offering_id": "offering:closed"}),
    Recipe("resident.enrolled", "place", "resident", {"enrolment_id": "enrolment:confirmed"}),
    Recipe("resident.enrolled", "queue", "resident", {"enrolment_id": "enrolment:waiting"}),
    Recipe("resident.enrolled", "withdrawn", "resident", {"enrolment_id": "enrolment:withdrawn"}),
    Recipe("resident.enrolled", "cancelled", "resident", {"enrolment_id": "enrolment:of_cancelled"}),
    Recipe("resident.withdrawal", "", "resident", {"enrolment_id": "enrolment:confirmed"}),
    Recipe("resident.people", "", "resident"),
    Recipe("resident.people", "errors", "resident", do=send),
]
TRAINER = [
    Recipe("trainer.today", "", "trainer"),
    Recipe("trainer.today", "no-lesson", "idle_trainer"),
    Recipe("trainer.today", "another-day", "trainer", query="day=2020-01-01"),
    Recipe("trainer.offerings", "", "trainer"),
    Recipe("trainer.offerings", "none", "idle_trainer"),
    Recipe("trainer.offering", "", "trainer", {"offering_id": "offering:today"}),
    Recipe("trainer.lesson", "to-take", "trainer", {"lesson_id": "lesson:today"}),
    Recipe("trainer.lesson", "taken", "trainer", {"lesson_id": "lesson:taken"}),
    Recipe("trainer.lesson", "stale", "trainer", {"lesson_id": "lesson:taken"}, do=save_from_an_old_page),
    Recipe("trainer.lesson", "to-come", "trainer", {"lesson_id": "lesson:next"}),
    Recipe("trainer.history", "", "trainer", {"lesson_id": "lesson:taken"}),
    Recipe("trainer.history", "empty", "trainer", {"lesson_id": "lesson:today"}),
    Recipe("trainer.walk_in", "", "trainer", {"lesson_id": "lesson:today"}),
    Recipe("trainer.walk_in", "errors", "trainer", {"lesson_id": "lesson:today"}, do=send),
]
PLAN = "first_on=2027-03-02&weekdays=1&weekdays=3&begins=14:00&ends=15:30&count=4"
ROW = {"offering_id": "offering:today", "enrolment_id": "enrolment:learner"}
PROVIDER = [
    Recipe("provider.offerings", "", "clerk"),
    Recipe("provider.offerings", "none", "empty_clerk"),
    Recipe("provider.new_offering", "", "clerk"),
    Recipe("provider.new_offering", "errors", "clerk", do=send),
    Recipe("provider.offering", "published", "clerk", {"offering_id": "offering:today"}),
    Recipe("provider.offering", "draft", "clerk", {"offering_id": "offering:bare_draft"}),
    Recipe("provider.offering", "cancelled", "clerk", {"offering_id": "offering:cancelled"}),
    Recipe("provider.offering", "clash", "clerk", {"offering_id": "offering:clash"}),
    Recipe("provider.offering", "refused", "clerk", {"offering_id": "offering:bare_draft"}, do=press("发布")),
    Recipe("provider.description", "", "clerk", {"offering_id": "offering:free"}),
    Recipe("provider.cancellation", "", "clerk", {"offering_id": "offering:free"}),
    Recipe("provider.cancellation", "errors", "clerk", {"offering_id": "offering:free"}, do=send),
    Recipe("provider.lessons", "", "clerk", {"offering_id": "offering:today"}),
    Recipe("provider.lessons", "none", "clerk", {"offering_id": "offering:bare_draft"}),
    Recipe("provider.weekly_lessons", "", "clerk", {"offering_id": "offering:bare_draft"}),
    Recipe("provider.weekly_lessons", "errors", "clerk", {"offering_id": "offering:bare_draft"}, do=send),
    Recipe("provider.weekly_lessons", "planned", "clerk", {"offering_id": "offering:bare_draft"}, PLAN),
    Recipe("provider.new_lesson", "", "clerk", {"offering_id": "offering:draft"}),
    Recipe("provider.lesson", "", "clerk", {"offering_id": "offering:today", "lesson_id": "lesson:next"}),
    Recipe("provider.lesson", "taken", "clerk", {"offering_id": "offering:today", "lesson_id": "lesson:taken"}),
    Recipe("provider.courses", "", "clerk"),
    Recipe("provider.courses", "none", "empty_clerk"),
    Recipe("provider.new_course", "", "clerk"),
    Recipe("provider.new_course", "errors", "clerk", do=send),
    Recipe("provider.course", "", "clerk", {"course_id": "course:own"}),
    Recipe("provider.learners", "", "clerk"),
    Recipe("provider.learners", "found", "clerk", do=search("演示")),
    Recipe("provider.learners", "none", "empty_clerk"),
    Recipe("provider.roster", "", "clerk", {"offering_id": "offering:today"}),
    Recipe("provider.roster", "queue", "clerk", {"offering_id": "offering:full"}),
    Recipe("provider.roster", "none", "clerk", {"offering_id": "offering:draft"}),
    Recipe("provider.new_learner", "", "clerk", {"offering_id": "offering:free"}),
    Recipe("provider.new_learner", "errors", "clerk", {"offering_id": "offering:free"}, do=send),
    Recipe("provider.enrolment", "", "clerk", ROW),
    Recipe(
        "provider.enrolment",
        "completed",
        "clerk",
        {"offering_id": "offering:past", "enrolment_id": "enrolment:completed"},
    ),
    Recipe("provider.withdrawal", "", "clerk", ROW),
    Recipe("provider.transfer", "", "clerk", ROW),
    Recipe("provider.observations", "", "clerk"),
    Recipe("provider.observations", "none", "empty_clerk"),
    Recipe("provider.observation", "", "clerk", {"observation_id": "observation:open"}),
    Recipe("provider.trainers", "", "clerk"),
    Recipe("provider.trainers", "password", "clerk", do=press("重置密码")),
    Recipe("provider.new_trainer", "", "clerk"),
    Recipe("provider.new_trainer", "errors", "clerk", do=send),
    Recipe("provider.years", "", "clerk"),
    Recipe("provider.year", "", "clerk", {"year": "year:last"}),
    Recipe("provider.year", "unsigned", "other_clerk", {"year": "year:last"}),
    Recipe("provider.year", "running", "empty_clerk", {"year": "year:this"}),
]
LEDGER = [
    Recipe("provider.ledgers", "", "clerk"),
    Recipe("provider.ledgers", "none", "empty_clerk"),
    Recipe("provider.ledgers", "errors", "clerk", do=send),
    Recipe("provider.ledgers", "refused-rows", "empty_clerk", do=upload),
    Recipe("provider.ledger_batch", "", "clerk", {"batch_id": "batch:done"}),
]
LAST = {"year": "year:last"}
BUREAU = [
    Recipe("bureau.every_year", "", "bureau"),
    Recipe("bureau.year_page", "", "bureau", LAST),
    Recipe("bureau.year_page", "empty", "bureau", {"year": "year:empty"}),
    Recipe("bureau.open_data", "", "bureau", LAST),
    Recipe("bureau.open_data", "errors", "bureau", {"year": "year:this"}, do=press("公开 2")),
    Recipe("bureau.year_checks", "", "bureau", LAST),
    Recipe("bureau.year_ladder", "", "bureau", LAST),
    Recipe("bureau.year_table", "", "bureau", LAST, "by=age&category=elderly"),
    Recipe("bureau.year_table", "plan", "bureau", LAST, "by=year&basis=plan&rung=registered"),
    Recipe("bureau.year_table", "empty", "bureau", {"year": "year:empty"}),
    Recipe("bureau.year_overlap", "", "bureau", LAST),
    Recipe("bureau.year_overlap", "pairs", "bureau", LAST, "by=provider"),
    Recipe("bureau.year_what_if", "", "bureau", LAST, "rung=registered&hours=4"),
    Recipe("bureau.statement", "", "bureau", LAST),
    Recipe("bureau.statement", "running", "bureau", {"year": "year:this"}),
    Recipe("bureau.sign_ups", "", "bureau", LAST),
    Recipe("bureau.sign_ups", "persons", "bureau", LAST, "measure=persons&category=elderly"),
    Recipe("bureau.sign_ups", "groups", "bureau", LAST, "measure=group_headcount&category=youth"),
    Recipe("bureau.sign_ups", "certificates", "bureau", LAST, "measure=certificates"),
    Recipe("bureau.sign_up", "", "bureau", {"enrolment_id": "enrolment:completed"}),
    Recipe("bureau.group_visits", "", "bureau", {"offering_id": "offering:with_group"}),
    Recipe("bureau.providers", "", "bureau"),
]
FILED = {"figure_id": "figure:corrected"}
TARGETS = [
    Recipe("bureau.targets", "", "bureau", query="year=2025"),
    Recipe("bureau.target", "", "bureau", {"code": "T12"}, "year=2025"),
    Recipe("bureau.target", "schools", "bureau", {"code": "T7"}, "year=2025"),
    Recipe("bureau.target", "list", "bureau", {"code": "T6-1"}),
    Recipe("bureau.target", "ended", "bureau", {"code": "T16-3"}, "year=2025"),
    Recipe("bureau.new_target", "", "bureau"),
    Recipe("bureau.new_target", "errors", "bureau", do=press("保存指标")),
    Recipe("bureau.target_description", "", "bureau", {"code": "T12"}),
    Recipe("bureau.target_end", "", "bureau", {"code": "T12"}),
    Recipe("bureau.target_end", "errors", "bureau", {"code": "T12"}, do=press("停用指标")),
    Recipe("bureau.new_policy", "", "bureau"),
    Recipe("bureau.new_policy", "errors", "bureau", do=press("登记文件")),
    Recipe("bureau.reported", "", "bureau"),
    Recipe("bureau.new_reported", "", "bureau", query="target=T12&year=2025"),
    Recipe("bureau.new_reported", "errors", "bureau", do=press("登记上报数")),
    Recipe("bureau.reported_figure", "", "bureau", FILED),
    Recipe("bureau.reported_figure", "replaced", "bureau", {"figure_id": "figure:replaced"}),
]
PAIR = {"one_id": "person:one_open", "other_id": "person:other_open"}
PEOPLE = [
    Recipe("bureau.pairs", "", "bureau"),
    Recipe("bureau.pair", "", "bureau", PAIR),
    Recipe("bureau.pair", "errors", "bureau", PAIR, do=press("判定")),
    Recipe("bureau.pair", "decided", "bureau", {"one_id": "person:one_decided", "other_id": "person:other_decided"}),
    Recipe("bureau.pair_decisions", "", "bureau"),
    Recipe("bureau.pair_decision", "", "bureau", {"pair_decision_id": "pair_decision:same"}),
    Recipe(
        "bureau.pair_decision", "errors", "bureau", {"pair_decision_id": "pair_decision:same"}, do=press("撤销判定")
    ),
]
SUSPECT = {"year": "year:this", "offering_id": "offering:suspect"}
CALL = {"call_back_id": "call_back:first"}
PEOPLE += [
    Recipe("bureau.year_patterns", "", "bureau", {"year": "year:this"}),
    Recipe("bureau.year_patterns", "none", "bureau", {"year": "year:empty"}),
    Recipe("bureau.offering_patterns", "", "bureau", SUSPECT),
    Recipe("bureau.call_backs", "", "bureau", LAST),
    Recipe("bureau.call_backs", "none", "bureau", {"year": "year:empty"}),
    Recipe("bureau.call_backs", "errors", "bureau", {"year": "year:empty"}, do=press("抽取")),
    Recipe("bureau.call_back_draw", "", "bureau", {"call_back_draw_id": "call_back_draw:done"}),
    Recipe("bureau.call_back_draw", "again", "bureau", {"call_back_draw_id": "call_back_draw:done"}, "again=1"),
    Recipe("bureau.call_back", "", "bureau", CALL),
    Recipe("bureau.call_back", "errors", "bureau", CALL, do=press("登记结果")),
    Recipe("bureau.call_back", "shown", "bureau", CALL, do=press("显示姓名和号码")),
    Recipe("bureau.call_back", "answered", "bureau", {"call_back_id": "call_back:answered"}),
]
STAR, GROUP = {"entry_id": "entry:star"}, {"offering_id": "offering:groups", "booking_id": "booking:counted"}
FIRST_STATE = {"entry_id": "entry:association", "state_id": "state:first"}
REGISTERS = [
    Recipe("public.honours"),
    Recipe("bureau.registers", "", "bureau"),
    Recipe("bureau.new_register", "", "bureau"),
    Recipe("bureau.new_register", "errors", "bureau", do=press("建名单")),
    Recipe("bureau.register", "", "bureau", {"kind": "association"}),
    Recipe("bureau.register", "none", "bureau", {"kind": "studio"}),
    Recipe("bureau.new_entry", "", "bureau", {"kind": "learning_star"}),
    Recipe("bureau.new_entry", "errors", "bureau", {"kind": "association"}, do=press("加入名单")),
    Recipe("bureau.register_entry", "", "bureau", STAR),
    Recipe("bureau.register_entry", "corrected", "bureau", {"entry_id": "entry:association"}),
    Recipe("bureau.register_entry", "errors", "bureau", STAR, do=press("登记状态")),
    Recipe("bureau.entry_description", "", "bureau", STAR),
    Recipe("bureau.state_correction", "", "bureau", FIRST_STATE),
    Recipe("bureau.state_correction", "errors", "bureau", FIRST_STATE, do=press("用这一条代替")),
    Recipe("bureau.programmes", "", "bureau"),
    Recipe("bureau.programmes", "errors", "bureau", do=press("加上")),
    Recipe("bureau.year_partners", "", "bureau", LAST),
    Recipe("bureau.year_programmes", "", "bureau", LAST),
    Recipe("bureau.year_programmes", "none", "bureau", {"year": "year:empty"}),
    Recipe("bureau.programme_year", "", "bureau", {**LAST, "programme_id": "programme:week"}),
    Recipe("bureau.year_groups", "", "bureau", {"year": "year:this"}),
    Recipe("bureau.year_groups", "none", "bureau", {"year": "year:empty"}),
    Recipe("bureau.year_activities", "", "bureau", {"year": "year:this"}),
    Recipe("bureau.year_activities", "none", "bureau", {"year": "year:empty"}),
    Recipe("bureau.group_visits", "booked", "bureau", {"offering_id": "offering:groups"}),
    Recipe("provider.groups", "", "clerk", {"offering_id": "offering:groups"}),
    Recipe("provider.groups", "errors", "clerk", {"offering_id": "offering:groups"}, do=press("登记预约")),
    Recipe("provider.group", "", "clerk", GROUP),
    Recipe("provider.group", "errors", "clerk", GROUP, do=press("登记确认")),
    Recipe("trainer.heads", "", "trainer", {"lesson_id": "lesson:groups"}),
    Recipe("trainer.heads", "none", "trainer", {"lesson_id": "lesson:taken"}),
]
RECIPES = [*PEOPLE, *REGISTERS, *PUBLIC, *ACCOUNT, *RESIDENT, *TRAINER, *PROVIDER, *LEDGER, *BUREAU, *TARGETS]
