"""What was done: projects, their states and what the crew found; what it brought: verification, realisation rates."""

from cityloop.i18n import Pair
from cityloop.records import Baseline, Project, Verification
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
    joined,
)
from cityloop.report.charts import claim_drawings
from cityloop.report.facts import Facts
from cityloop.report.trace import NOT_KNOWN
from cityloop.report.words import (
    FINDINGS,
    GRADE_MEANING,
    GRADES,
    STATES,
    UNSHOWN,
    both,
    named,
    simulated,
    status_badge,
    with_badge,
    word,
)

__all__ = ["projects", "unjudged_items", "verification"]

_PROJECTS = Pair("Projects and findings", "项目与现场发现")
_NO_PROJECT = Pair("There is no project yet.", "尚无项目。")
_STATE_HEAD: tuple[Inline, ...] = (
    Pair("State", "状态"), Pair("On", "日期"), Pair("By", "经办"), Pair("Cost", "费用"), Pair("Department", "部门"),
    Pair("Document", "文件"), Pair("Note", "备注"),
)  # fmt: skip
_PROJECT = Pair("{name}, {boundary}: {state}", "{boundary}，{name}：{state}")
_NAMED = Pair("{name}: {state}", "{name}：{state}")
_FOUND = Pair("Found on site", "现场发现")
_ON, _WHAT, _PLACE = Pair("On", "日期"), Pair("Found", "发现"), Pair("Place", "位置")
_NO_FINDING = Pair("No finding is on record.", "没有现场发现记录。")

_VERIFICATION = Pair("Verification", "效果验证")
_HOW = Pair(
    "Judged from observations only, against a baseline frozen at the start of works; the model that promised the effect has "
    "no part in it.",
    "仅依据观测数据，与开工时冻结的基线比较；给出预计效果的模型不参与评定。",
)
_NONE = Pair("Nothing has been verified yet.", "尚无效果验证。")
_UNJUDGED = Pair("Works that cannot be judged, and why", "无法评定的工程及原因")
_WHY = Pair("{works}: {why}", "{works}：{why}")
_HEAD: tuple[Inline, ...] = (
    Pair("No.", "序号"), Pair("Works", "工程"), Pair("Indicator, place, days judged", "指标、位置与评定时段"), Pair("Claimed effect", "预计效果"),
    Pair("Measured effect", "实测效果"), Pair("Worth acting on from", "值得采取行动的最小效果"), Pair("Measured / claimed", "实测/预计"),
    Pair("Result", "结论"),
)  # fmt: skip
_WINDOW = Pair("{indicator}, {boundary}", "{boundary}，{indicator}")
_DAYS = Pair("{start} to {end}, {days} usable days", "{start} 至 {end}，可用 {days} 天")
_JOINT = Pair("{n} projects judged together", "{n} 个项目合并评定")
_RATES = Pair("Realisation rates (measured / claimed), used by the next claims", "实现率（实测/预计），用于今后的预计")
_RATE_HEAD: tuple[Inline, ...] = (
    Pair("Kind of countermeasure", "对策类别"), Pair("Used by the claims", "预计采用值"),
    Pair("With what was learnt since", "更新后的值"), Pair("Works behind it", "样本数"), Pair("Source", "来源"),
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


def both_of(name: Inline) -> Pair:
    """A name in both languages."""
    return name if isinstance(name, Pair) else Pair(str(name), str(name))


def _project(facts: Facts, project: Project) -> list[Block]:
    trace, id = facts.trace, project.id
    name, place = _name(facts, project), facts.name(project.boundary)
    inside = isinstance(name, Pair) and all(p in n for p, n in zip(both_of(place), name, strict=True))
    title = Sentence(
        _NAMED if inside else _PROJECT, {"name": name, "boundary": place, "state": word(STATES, project.state)}
    )
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
    kept = [c for c in range(len(_STATE_HEAD)) if c < 3 or any(_said(row[c]) for row in rows)]
    table = Table(
        tuple(_STATE_HEAD[c] for c in kept), tuple(tuple(row[c] for c in kept) for row in rows),
        numeric=frozenset(i for i, c in enumerate(kept) if c == 3),
    )  # fmt: skip
    blocks: list[Block] = [Subtitle(with_badge(title, project.simulated)), table]
    if project.findings:
        blocks.append(_findings(facts, project))
    elif project.state in ("started", "done"):
        blocks.append(Paragraph(_NO_FINDING))
    return blocks


def _heading(name: Pair) -> Pair:
    return Pair(name.en[:1].upper() + name.en[1:], name.zh)


def _said(cell: Inline) -> bool:
    """Whether a cell says anything."""
    return cell not in ("", Pair("", ""))


def _findings(facts: Facts, project: Project) -> Table:
    """When, what, where, and whatever numbers the crew and the score of the localisation state."""
    keys = [k for k in FINDINGS if any(k in f for f in project.findings)]
    keys += sorted({k for f in project.findings for k in f} - set(keys) - set(UNSHOWN))
    columns: tuple[Inline, ...] = tuple(_heading(FINDINGS[k][0] if k in FINDINGS else named(k)) for k in keys)
    rows = tuple(_finding(facts, project, i, keys) for i in range(len(project.findings)))
    return Table((_ON, _WHAT, _PLACE, *columns), rows, _FOUND, numeric=frozenset(range(3, 3 + len(keys))))


def _finding(facts: Facts, project: Project, i: int, keys: list[str]) -> tuple[Inline, ...]:
    finding, path = project.findings[i], f"findings[{i}]"
    on = facts.trace.day(project.id, f"{path}.on") if finding.get("on") else ""
    place = str(finding.get("place", ""))
    where = facts.name(place) if place else both(str(finding.get("note", "")))

    def stated(key: str) -> Inline:
        value = finding.get(key)
        if isinstance(value, str) or value is None:
            return both(value or "")
        unit = FINDINGS[key][1] if key in FINDINGS else ""
        decimals = 0 if key == "rank" else None
        return facts.trace.number(
            project.id, f"{path}.{key}", unit=unit, digits=3 if unit == "L/s" else 2, decimals=decimals
        )

    return (on, named(str(finding.get("found", ""))), where, *(stated(k) for k in keys))


# --- verification ------------------------------------------------------------------------------------------------
def verification(facts: Facts) -> Section:
    """The section of verification."""
    blocks: list[Block] = [Paragraph(_HOW)]
    if not facts.verifications:
        blocks.append(Paragraph(_NONE))
    else:
        rows = tuple(_row(facts, i, v) for i, v in enumerate(facts.verifications, 1))
        blocks.append(Table(_HEAD, rows, numeric=frozenset([3, 4, 5, 6])))
        notes = [both(v.note) for v in facts.verifications if v.note]
        if notes:
            blocks.append(Bullets(tuple(notes)))
        blocks += claim_drawings(facts)
    waiting = unjudged_items(facts)
    if waiting:
        blocks += [Subtitle(_UNJUDGED), Bullets(tuple(waiting))]
    return Section("verification", _VERIFICATION, (*blocks, *_rates(facts)))


def unjudged_items(facts: Facts) -> list[Inline]:
    """Works with a frozen Baseline that cannot be judged by now, and why."""
    judged = {v.baseline for v in facts.verifications}
    known = {p.id: p for p in facts.projects}
    items: list[Inline] = []
    for baseline in facts.view.records(Baseline):
        if baseline.id in facts.unjudged and baseline.id not in judged:
            names = joined([_name(facts, known[p]) if p in known else p for p in baseline.projects])
            items.append(Sentence(_WHY, {"works": names, "why": both(facts.unjudged[baseline.id])}))
    return items


def _row(facts: Facts, number: int, found: Verification) -> tuple[Inline, ...]:
    trace, id = facts.trace, found.id
    ends = {"start": trace.day(id, "start"), "end": trace.day(id, "end")}
    window: list[Inline] = [
        Sentence(_WINDOW, {"indicator": named(found.indicator), "boundary": facts.name(found.boundary)}),
        Sentence(_DAYS, {**ends, "days": trace.number(id, "days_used", decimals=0)}),
    ]
    if found.joint:
        window.append(Sentence(_JOINT, {"n": str(len(found.projects))}))
    kind = {"confirmed": "good", "refuted": "bad"}.get(found.grade, "unclear")
    known = {p.id: p for p in facts.projects}
    works = [_name(facts, known[p]) if p in known else p for p in found.projects]
    return (
        str(number), Lines((*works, simulated(found.simulated))), Lines(tuple(window)), trace.estimate(id, "claimed"),
        trace.estimate(id, "measured"), trace.number(id, "smallest_effect", unit=found.measured.unit),
        trace.estimate(id, "realisation") if found.realisation else NOT_KNOWN,
        Lines((Badge(word(GRADES, found.grade), kind), GRADE_MEANING[found.grade])),
    )  # fmt: skip


def _rates(facts: Facts) -> list[Block]:
    """By kind: the rate that the claims used, and the rate now."""
    used = {c.kind: c for c in facts.countermeasures}
    kinds = sorted({*used, *(kind for kind, rate in facts.rates.items() if rate.studies)})
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
                named(kind),
                facts.trace.estimate(base.id, "realisation.estimate") if base else NOT_KNOWN,
                facts.trace.estimate("rates", f"{kind}.estimate") if now else NOT_KNOWN,
                facts.trace.number(root, f"{path}.studies", decimals=0), both(rate.source), status_badge(rate.status),
            )
        )  # fmt: skip
    return [Subtitle(_RATES), Table(_RATE_HEAD, tuple(rows), numeric=frozenset([1, 2, 3]))]
