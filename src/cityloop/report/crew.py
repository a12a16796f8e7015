"""What a crew is sent to do, and what it writes down where: the head and the foot of the dig list."""

from cityloop.i18n import Pair
from cityloop.records import Project
from cityloop.report.blocks import Block, Bullets, Inline, Lines, Paragraph, Sentence, Subtitle, Table, joined
from cityloop.report.facts import Facts
from cityloop.report.trace import NOT_KNOWN
from cityloop.report.words import STATES, both, named, with_badge, word

__all__ = ["JOBS", "TO_DO", "jobs", "record"]

#: States of works that a crew may be sent for.
TO_DO = ("proposed", "approved", "funded", "started")
#: Empty lines of the form that is filled in by hand.
FORM_ROWS = 8

JOBS = Pair("Works to do", "待实施的工程")
_NONE = Pair("No works are waiting for a crew.", "目前没有待班组实施的工程。")
_HEAD: tuple[Inline, ...] = (
    Pair("Number", "编号"), Pair("Works", "工程"), Pair("Begin at", "从何处开始"), Pair("State", "状态"), Pair("Year", "年度"),
    Pair("Crew-days", "班组·天"),
)  # fmt: skip
_WAIT = Pair("wait for the approval", "须待批准")
_FIRST = Pair("{section}, {street}", "{street}，{section}")
_RECORD = Pair("What to record, and where", "记录什么、记在哪里")
_SEARCHED = Pair(
    "For every section searched: the day and the result, nothing found as well: it moves the chances of all the others.",
    "每查一段都要记日期和结果，未查到也要记：其余管段的概率会随之改变。",
)
_FIND = Pair(
    "For every find: what it is ({causes}), the section or junction it lies at, its flow in L/s if it can be measured or "
    "estimated, what was repaired and when, and the cost.",
    "每处发现都要记：是什么（{causes}）、所在管段或节点编号、能测或能估的漏量（L/s）、修复内容和时间、费用。",
)
_PLAIN_FIND = Pair(
    "What was found ({causes}), where, what was done and when, and the cost.",
    "发现了什么（{causes}）、位置、处理内容和时间、费用。",
)
_DIFFERS = Pair(
    "Whatever differs from the map: a closed valve, another pipe material, a pipe that is not there.",
    "与图纸不符之处：阀门关闭、管材不同、管段不存在等。",
)
_GO_ON = Pair(
    "{works}: do not stop at the first find. Go on while the flow still missing exceeds {limit} L/s for each kilometre of the "
    "list that is left; less than that is worth less than the rest of the walk.",
    "{works}：查到一处不要停。只要尚缺流量高于清单剩余里程每公里 {limit} L/s，就继续查；低于此值则不值得查完其余管段。",
)
_WHERE = Pair(
    "Into the city’s records: cityloop project inspect CITY {number} --found {cause} --place {place}{flow}; begin and end: "
    "cityloop project set CITY {number} started, then done --cost AMOUNT. Without its end on record no works can be verified.",
    "录入：cityloop project inspect 城市文件夹 {number} --found {cause} --place {place}{flow}；开工、完工："
    "cityloop project set 城市文件夹 {number} started，以及 done --cost 金额。不录完工，效果便无法验证。",
)
_FORM_HEAD: tuple[Inline, ...] = (
    Pair("Date", "日期"), Pair("Section", "管段"), Pair("Found", "发现"), Pair("Flow, L/s", "漏量（L/s）"),
    Pair("Repaired", "修复情况"), Pair("Signature", "签名"),
)  # fmt: skip
_FORM = Pair("To be filled in on site", "现场填写")


def jobs(facts: Facts) -> list[Block]:
    """Works that are begun, approved or proposed, in this order; a sentence where none wait."""
    waiting = _waiting(facts)
    if not waiting:
        return [Paragraph(_NONE)]
    return [Subtitle(JOBS), Table(_HEAD, tuple(_job(facts, p) for p in waiting), numeric=frozenset([4, 5]))]


def _waiting(facts: Facts) -> list[Project]:
    return sorted((p for p in facts.projects if p.state in TO_DO), key=lambda p: (-TO_DO.index(p.state), p.id))


def short_number(project: Project) -> str:
    """The beginning of its id that the verbs of the command line accept."""
    return project.id.rsplit(":", 1)[-1][:6]


def _job(facts: Facts, project: Project) -> tuple[Inline, ...]:
    measure = facts.countermeasure(project.countermeasure)
    title = Pair(measure.title_en, measure.title_zh) if measure else both(project.name)
    place: Inline = facts.name(project.boundary)
    if measure and measure.area:
        place = _begin(facts, measure.area[0].thing, measure.area[0].name)
    elif measure and measure.targets:
        place = joined([_begin(facts, t, str(facts.name(t))) for t in measure.targets[:3] if t in facts.things])
    state: list[Inline] = [word(STATES, project.state), *([_WAIT] if project.state == "proposed" else [])]
    plan = next((p for p in facts.plans if any(line.project == project.id for line in p.lines)), None)
    year: Inline = NOT_KNOWN
    if plan is not None:
        at = next(i for i, line in enumerate(plan.lines) if line.project == project.id)
        year = facts.trace.number(plan.id, f"lines[{at}].year", decimals=0, plain=True)
    days: Inline = NOT_KNOWN
    if measure and "crew_days" in measure.uses:
        days = facts.trace.number(measure.id, "uses.crew_days", digits=2)
    return short_number(project), with_badge(title, project.simulated), place, Lines(tuple(state)), year, days


def _begin(facts: Facts, thing: str, name: str) -> Inline:
    """A Thing with its street, where a register names it."""
    found = facts.things.get(thing)
    street = str(found.properties.get("street", "")) if found else ""
    return Sentence(_FIRST, {"section": name, "street": street}) if street else name


def _go_on(facts: Facts, waiting: list[Project]) -> list[Inline]:
    """Until when each search goes on, where its measure says what a kilometre is worth."""
    found: list[Inline] = []
    for project in waiting:
        measure = facts.countermeasure(project.countermeasure)
        if measure is not None and "search_on_l_per_s_per_km" in measure.details:
            limit = facts.trace.number(measure.id, "details.search_on_l_per_s_per_km", digits=2)
            title = Pair(measure.title_en, measure.title_zh)
            found.append(Sentence(_GO_ON, {"works": title, "limit": limit}))
    return found


def record(facts: Facts, *, searched: bool) -> list[Block]:
    """What to write down and by which command; where sections are `searched` a form for the pocket as well.

    Nothing where no works wait.
    """
    waiting = _waiting(facts)
    if not waiting:
        return []
    measures = [m for p in waiting if (m := facts.countermeasure(p.countermeasure)) is not None]
    own = list(dict.fromkeys(c for m in measures for c in facts.causes_of.get(m.domain, ()))) or sorted(facts.causes)
    causes = joined([named(c) for c in (*own, "none", "other")])
    find = Sentence(_FIND if searched else _PLAIN_FIND, {"causes": causes})
    measure = facts.countermeasure(waiting[0].countermeasure)
    place = measure.area[0].name if measure and measure.area else ""
    parts: dict[str, Inline] = {
        "number": short_number(waiting[0]), "place": place or str(facts.name(waiting[0].boundary)),
        "cause": next(iter(own), "other"), "flow": " --flow 2.5" if searched and place else "",
    }  # fmt: skip
    items: list[Inline] = [find, Sentence(_WHERE, parts)]
    if not searched:
        return [Subtitle(_RECORD), Bullets(tuple(items))]
    items = [*_go_on(facts, waiting), *items]
    form = Table(_FORM_HEAD, tuple(("",) * len(_FORM_HEAD) for _ in range(FORM_ROWS)), _FORM, form=True)
    return [Subtitle(_RECORD), Bullets((_SEARCHED, *items[:-1], _DIFFERS, items[-1])), form]
