"""Section 7: projects, their states and what the crew found; section 8: verification and realisation rates."""

from cityloop.i18n import Pair
from cityloop.records import Project, Verification
from cityloop.report.blocks import (
    Badge,
    Block,
    Bullets,
    Inline,
    Lines,
    Paragraph,
    Section,
    Sentence,
    Subtitle,
    Table,
)
from cityloop.report.charts import claim_drawing
from cityloop.report.facts import Facts
from cityloop.report.headline import verified
from cityloop.report.trace import NOT_KNOWN
from cityloop.report.words import FINDINGS, GRADES, KINDS, STATES, both, status_badge, with_badge, word

__all__ = ["projects", "verification"]

_PROJECTS = Pair("Projects and findings", "项目与现场发现")
_NO_PROJECT = Pair("There is no project yet.", "尚无项目。")
_STATE_HEAD: tuple[Inline, ...] = (
    Pair("State", "状态"), Pair("On", "日期"), Pair("By", "经办"), Pair("Cost", "费用"), Pair("Department", "部门"),
    Pair("Document", "文件"), Pair("Note", "备注"),
)  # fmt: skip
_PROJECT = Pair("{name}, {boundary}: {state}", "{boundary}，{name}：{state}")
_FOUND = Pair("Findings on site and score of the localisation", "现场发现与定位评分")
_FINDING_HEAD: tuple[Inline, ...] = (
    Pair("On", "日期"), Pair("Found", "发现"), Pair("Place", "位置"), Pair("Flow", "流量"),
    Pair("Distance to the best place", "距首选位置"), Pair("Rank", "排序"), Pair("Searched until found", "找到前的检漏长度"),
    Pair("Error of the flow", "流量误差"),
)  # fmt: skip
_NO_FINDING = Pair("No finding is on record.", "没有现场发现记录。")

_VERIFICATION = Pair("Verification", "效果验证")
_HOW = Pair(
    "Judged from observations only, against a baseline frozen at the start of works; never by the model that promised "
    "the effect.",
    "仅依据观测数据，与开工时冻结的基线比较；从不采用作出承诺的模型。",
)
_NONE = Pair("Nothing has been verified yet.", "尚无效果验证。")
_HEAD: tuple[Inline, ...] = (
    Pair("No.", "序号"), Pair("Boundary and window", "分区与时段"), Pair("Claimed", "预计"), Pair("Measured", "实测"),
    Pair("Smallest effect", "最小效果"), Pair("Grade", "结论"), Pair("Verified / claimed", "实测/预计"),
    Pair("Days used", "采用天数"), Pair("Projects", "项目"),
)  # fmt: skip
_WINDOW = Pair("{boundary}, {start} to {end}", "{boundary}，{start} 至 {end}")
_JOINT = Pair("joint effect of {n} projects", "{n} 个项目的联合效果")
_RATES = Pair("Realisation rates (verified / claimed)", "实现率（实测/预计）")
_RATE_HEAD: tuple[Inline, ...] = (
    Pair("Kind of countermeasure", "对策类别"), Pair("Used by the claims", "预计采用值"),
    Pair("Updated with what was verified", "验证后更新值"), Pair("Studies", "样本数"), Pair("Source", "来源"),
    Pair("Status", "状态"),
)  # fmt: skip


def projects(facts: Facts) -> Section:
    """The section of projects."""
    blocks: list[Block] = []
    for project in facts.projects:
        blocks += _project(facts, project)
    return Section("projects", _PROJECTS, tuple(blocks or [Paragraph(_NO_PROJECT)]))


def _name(facts: Facts, project: Project) -> Inline:
    measure = facts.countermeasure(project.countermeasure)
    return Pair(measure.title_en, measure.title_zh) if measure else both(project.name)


def _project(facts: Facts, project: Project) -> list[Block]:
    trace, id = facts.trace, project.id
    title = Sentence(
        _PROJECT,
        {
            "name": _name(facts, project), "boundary": facts.name(project.boundary),
            "state": word(STATES, project.state),
        },
    )  # fmt: skip
    rows = []
    for i, entry in enumerate(project.states):
        path = f"states[{i}]"
        rows.append(
            (
                word(STATES, entry.state), trace.day(id, f"{path}.on"), both(entry.by),
                trace.money(id, f"{path}.cost") if entry.cost else "", both(entry.department), both(entry.document),
                both(entry.note),
            )
        )  # fmt: skip
    blocks: list[Block] = [
        Subtitle(with_badge(title, project.simulated)), Table(_STATE_HEAD, tuple(rows), numeric=frozenset([3])),
    ]  # fmt: skip
    if project.findings:
        found = tuple(_finding(facts, project, i) for i in range(len(project.findings)))
        blocks.append(Table(_FINDING_HEAD, found, _FOUND, numeric=frozenset([3, 4, 5, 6, 7])))
    elif project.state in ("started", "done"):
        blocks.append(Paragraph(_NO_FINDING))
    return blocks


def _finding(facts: Facts, project: Project, i: int) -> tuple[Inline, ...]:
    finding = project.findings[i]

    def number(key: str, unit: str, digits: int = 3) -> Inline:
        if not isinstance(finding.get(key), int | float):
            return ""
        decimals = 0 if key == "rank" else None
        return facts.trace.number(project.id, f"findings[{i}].{key}", unit=unit, digits=digits, decimals=decimals)

    on = facts.trace.day(project.id, f"findings[{i}].on") if finding.get("on") else ""
    place = str(finding.get("place", ""))
    where = facts.name(place) if place else both(str(finding.get("note", "")))
    flow = number("flow_l_per_s", "L/s") or number("flow", "L/s")
    return (
        on, word(FINDINGS, str(finding.get("found", ""))), where, flow,
        number("distance_m", "m", 2), number("rank", ""), number("km_searched", "km", 2),
        number("flow_error_l_per_s", "L/s", 2),
    )  # fmt: skip


# --- verification ------------------------------------------------------------------------------------------------
def verification(facts: Facts) -> Section:
    """The section of verification."""
    blocks: list[Block] = [Paragraph(_HOW)]
    if not facts.verifications:
        blocks.append(Paragraph(_NONE))
    else:
        blocks.append(Bullets(tuple(verified(facts, v) for v in facts.verifications)))
        rows = tuple(_row(facts, i, v) for i, v in enumerate(facts.verifications, 1))
        blocks.append(Table(_HEAD, rows, numeric=frozenset([2, 3, 4, 6, 7])))
        notes = [both(v.note) for v in facts.verifications if v.note]
        if notes:
            blocks.append(Bullets(tuple(notes)))
        drawing = claim_drawing(facts)
        if drawing is not None:
            blocks.append(drawing)
    blocks += _rates(facts)
    return Section("verification", _VERIFICATION, tuple(blocks))


def _row(facts: Facts, number: int, found: Verification) -> tuple[Inline, ...]:
    trace, id = facts.trace, found.id
    window: Inline = Sentence(
        _WINDOW,
        {"boundary": facts.name(found.boundary), "start": trace.day(id, "start"), "end": trace.day(id, "end")},
    )
    if found.joint:
        window = Lines((window, Sentence(_JOINT, {"n": str(len(found.projects))})))
    kind = {"confirmed": "good", "refuted": "bad"}.get(found.grade, "unclear")
    named = {p.id: p for p in facts.projects}
    return (
        str(number), with_badge(window, found.simulated), trace.estimate(id, "claimed"), trace.estimate(id, "measured"),
        trace.number(id, "smallest_effect", unit=found.measured.unit), Badge(word(GRADES, found.grade), kind),
        trace.estimate(id, "realisation") if found.realisation else NOT_KNOWN,
        trace.number(id, "days_used", decimals=0),
        Lines(tuple(_name(facts, named[p]) if p in named else p for p in found.projects)),
    )  # fmt: skip


def _rates(facts: Facts) -> list[Block]:
    """By kind: the rate that the claims used, and the rate now."""
    used = {c.kind: c for c in facts.countermeasures}
    kinds = sorted({*used, *facts.rates})
    if not kinds:
        return []
    rows: list[tuple[Inline, ...]] = []
    for kind in kinds:
        now = facts.rates.get(kind)
        base = used.get(kind)
        rate = now or (base.realisation if base else None)
        if rate is None:
            continue
        root, path = ("rates", kind) if now else (base.id if base else "", "realisation")
        rows.append(
            (
                word(KINDS, kind),
                facts.trace.estimate(base.id, "realisation.estimate") if base else NOT_KNOWN,
                facts.trace.estimate("rates", f"{kind}.estimate") if now else NOT_KNOWN,
                facts.trace.number(root, f"{path}.studies", decimals=0), both(rate.source), status_badge(rate.status),
            )
        )  # fmt: skip
    return [Subtitle(_RATES), Table(_RATE_HEAD, tuple(rows), numeric=frozenset([1, 2, 3]))]
