"""What the bureau keeps lists of, and the states that an entry of each goes through: data, not rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.refusal import N_

LEVELS: dict[str, str] = {
    "national": N_("国家级"),
    "provincial": N_("省级"),
    "city": N_("市级"),
    "county": N_("县级"),
    "school": N_("校级"),
}


@dataclass(frozen=True)
class Sort:
    """One way of standing on a list: its states in order, and which of them take an entry off it.

    ``shown``: the states in which an entry of a public kind is shown to everybody.
    """

    label: str
    states: dict[str, str]
    out: frozenset[str]
    shown: frozenset[str] = frozenset()

    def from_state(self, state: str) -> tuple[str, ...]:
        """This state and those that come after it, without those that end an entry: 立项 and whatever follows it."""
        order = list(self.states)
        return tuple(name for name in order[order.index(state) :] if name not in self.out)


SORTS: dict[str, Sort] = {
    "association": Sort(
        N_("行业协会"),
        {"preparing": N_("筹备"), "unveiled": N_("挂牌"), "dissolved": N_("注销")},
        frozenset({"dissolved"}),
    ),
    "base": Sort(
        N_("基地"),
        {"planned": N_("规划"), "building": N_("在建"), "accepted": N_("验收"), "withdrawn": N_("撤销")},
        frozenset({"withdrawn"}),
        frozenset({"accepted"}),
    ),
    "resource": Sort(
        N_("课程与资源库"),
        {"applied": N_("申报"), "approved": N_("立项"), "built": N_("建成"), "withdrawn": N_("撤销")},
        frozenset({"withdrawn"}),
        frozenset({"approved", "built"}),
    ),
    "studio": Sort(
        N_("工作室"),
        {"applied": N_("申报"), "recognised": N_("认定"), "withdrawn": N_("撤销")},
        frozenset({"withdrawn"}),
        frozenset({"recognised"}),
    ),
    "listing": Sort(
        N_("名单"),
        {"applied": N_("申报"), "listed": N_("入选"), "removed": N_("移出")},
        frozenset({"removed"}),
        frozenset({"listed"}),
    ),
    "standard": Sort(
        N_("达标"),
        {"not_met": N_("未达标"), "basically_met": N_("基本达标"), "met": N_("达标"), "closed": N_("停办")},
        frozenset({"closed"}),
    ),
    "centre": Sort(
        N_("职教中心"),
        {"running": N_("运行"), "attested": N_("认定办好"), "closed": N_("停办")},
        frozenset({"closed"}),
    ),
    "project": Sort(
        N_("项目"),
        {
            "planned": N_("计划"),
            "started": N_("启动"),
            "milestone": N_("节点完成"),
            "completed": N_("完成"),
            "accepted": N_("验收"),
            "stopped": N_("停止"),
        },
        frozenset({"stopped"}),
    ),
    "honour": Sort(
        N_("荣誉与遴选"),
        {"nominated": N_("推荐"), "awarded": N_("授予"), "withdrawn": N_("撤销")},
        frozenset({"withdrawn"}),
        frozenset({"awarded"}),
    ),
}


@dataclass(frozen=True)
class Kind:
    """One list: what its entries are, the sort of its states, and whether everybody may see who stands on it.

    ``of_people``: an entry is a person, who is shown in public only with their consent.
    """

    key: str
    label: str
    sort_key: str
    public: bool = False
    of_people: bool = False
    is_own: bool = False  # named by the bureau, in its own words

    @property
    def sort(self) -> Sort:
        return SORTS[self.sort_key]

    @property
    def states(self) -> dict[str, str]:
        return self.sort.states

    def from_state(self, state: str) -> tuple[str, ...]:
        """That state and those after it in which an entry still stands."""
        return self.sort.from_state(state)


def _kinds(sort: str, names: Iterable[tuple[str, str]], *, public: bool = False) -> Iterable[Kind]:
    return (Kind(key, label, sort, public) for key, label in names)


# The lists that 吉市政办发〔2022〕33号 names; the bureau adds others on its page.
_NAMED = (
    *_kinds("association", [("association", N_("行业协会"))]),
    *_kinds(
        "base",
        [
            ("base_production", N_("生产型实习实训基地")),
            ("base_specialised", N_("专业化实习实训基地")),
            ("base_on_campus", N_("校内实训基地")),
            ("base_youth", N_("劳动和职业体验教育基地")),
            ("base_rural", N_("乡村人才培训基地")),
            ("base_craftsman", N_("“江城工匠”教育基地")),
            ("base_talent", N_("人才培训基地")),
            ("base_livestream", N_("数字化电商直播基地")),
            ("base_certificate", N_("职业技能等级证书培训认证基地")),
            ("base_dual_teacher", N_("“双师型”教师培养培训基地")),
            ("base_teacher_practice", N_("教师企业实践基地")),
            ("base_lean", N_("精益工匠示范培训基地")),
            ("base_contest", N_("职业技能竞赛示范集训基地")),
            ("base_eco", N_("生态农业职教示范园区和基地")),
            ("base_shared", N_("公共实训基地")),
        ],
    ),
    *_kinds(
        "resource",
        [("online_course", N_("职业教育在线精品课程")), ("resource_library", N_("专业教学资源库"))],
        public=True,
    ),
    *_kinds("studio", [("studio", N_("星级技能导师工作室"))]),
    *_kinds("listing", [("quality_school", N_("优质职业院校名单")), ("national_school", N_("全国千所优质校"))]),
    *_kinds("standard", [("school_standard", N_("中职学校办学条件"))]),
    *_kinds("centre", [("county_centre", N_("县（市）职教中心"))]),
    *_kinds("project", [("project", N_("建设项目")), ("agreement", N_("对口合作协议"))]),
    *_kinds(
        "honour",
        [
            ("elderly_school", N_("老年课堂示范校")),
            ("elderly_course", N_("老年课堂示范课程")),
            ("community_base", N_("社区教育示范基地")),
            ("community_online_course", N_("优质网络课程")),
            ("learning_brand", N_("学习品牌")),
            ("integrated_enterprise", N_("产教融合型企业")),
            ("industry_college", N_("示范性现代产业学院")),
            ("vocational_group", N_("示范性职教集团")),
            ("all_round_school", N_("“三全育人”典型学校")),
            ("ideology_course", N_("课程思政精品示范课程")),
            ("ideology_textbook", N_("优秀校本课程思政教材")),
            ("classroom_case", N_("“课堂革命”典型案例")),
            ("digital_school", N_("信息化标杆院校")),
            ("digital_base", N_("标杆虚拟仿真实训基地")),
            ("digital_classroom", N_("标杆智慧课堂、车间和图书馆")),
            ("exemplary_major", N_("“课堂教学质量提升”示范专业")),
            ("county_model_centre", N_("“县域振兴示范性”职教中心")),
            ("rural_school", N_("乡村振兴人才培养优质职业院校")),
            ("rural_project", N_("“乡村振兴”优质培训项目")),
            ("teaching_team", N_("教学创新团队")),
            ("contest_result", N_("职业技能大赛成绩")),
        ],
        public=True,
    ),
    Kind("learning_star", N_("百姓学习之星"), "honour", public=True, of_people=True),
)
NAMED: dict[str, Kind] = {kind.key: kind for kind in _NAMED}
