"""The short result that a turn or a demo ends with: where first and why there, what was chosen and what it brings, what it
costs, what was measured, what could not be told. Simulated works are called simulated.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cityloop.cli.language import language, one_language, say
from cityloop.cli.show import (
    amount,
    estimate,
    grade,
    iso,
    kind,
    label,
    money,
    moved,
    names,
    number,
    state,
    status,
    where_first,
)
from cityloop.i18n import Pair
from cityloop.records import (
    Baseline,
    Countermeasure,
    Datastream,
    Filter,
    Goal,
    Plan,
    Problem,
    Project,
    Thing,
    Verification,
)
from cityloop.report.order import about_a_sensor, by_weight, km_to_half, stands
from cityloop.report.words import EFFECT_GRADES, LEAST_DAYS
from cityloop.settings.billing import BILLED

if TYPE_CHECKING:
    from cityloop.city import City

__all__ = ["TEXTS", "Facts", "facts_of", "not_judged", "result_lines", "why_not_verified"]

TEXTS = {
    "twin": Pair(
        "Everything below is simulated: a twin plays readings and works. No claim is made about a real town.",
        "以下均为模拟：观测与施工由孪生演示，不代表任何真实城镇。",
    ),
    "found": Pair("Found: where first, and why there", "发现的问题：先查哪里，为什么"),
    "nothing": Pair("  nothing beyond chance", "  未发现超出偶然波动的问题"),
    "too_short": Pair(
        "  nothing can be said yet: {days} days observed, {least} are needed to tell a change from chance",
        "  暂时无法判断：已观测 {days} 天，至少需 {least} 天才能区分持续变化与偶然波动",
    ),
    "problem": Pair("  {kind} in {where} [{status}]", "  {where}：{kind}［{status}］"),
    "place": Pair(
        "    search first {place}; the first {half} km of the dig list hold half of it; {n} sections, {km} km in all",
        "    先查 {place}；按检漏清单前 {half} km 即占其一半；共 {n} 段、{km} km",
    ),
    "gap": Pair(
        "    {indicator} {observed} where {expected} was expected{since}: gap {gap}",
        "    {indicator} {observed}，预期 {expected}{since}：相差 {gap}",
    ),
    "since": Pair(", since {onset}", "，始于 {onset}"),
    "costs_year": Pair("    worth {cost}", "    折合 {cost}"),
    "sensors": Pair("  sensors to check ({n}): {names}", "  需检查的传感器（{n} 个）：{names}"),
    "goal": Pair("Goal", "目标"),
    "goal_row": Pair("  {indicator} in {where}: from {start} to {target} by {due}", "  {where}{indicator}：由 {start}变为 {target}，期限 {due}"),
    "chosen": Pair("Chosen, and why: what it brings", "选定的方案及理由：有何收益"),
    "chosen_row": Pair(
        "  {year}: {title}\n    costs {cost}; net present value {value}",
        "  {year} 年：{title}\n    费用 {cost}；净现值 {value}",
    ),
    "claim": Pair("    claims {indicator} -{effect} ({grade})", "    预计{indicator}下降 {effect}（{grade}）"),
    "claim_rise": Pair("    claims {indicator} +{effect} ({grade})", "    预计{indicator}上升 {effect}（{grade}）"),
    "best": Pair(
        "  of {n} compared, the highest net present value within the budget", "  在比较的 {n} 项对策中，预算内净现值最高"
    ),
    "left": Pair("  left out: {title}: {why}", "  未选：{title}：{why}"),
    "left_more": Pair("  left out: {n} more; see: cityloop plan show", "  未选：另有 {n} 项，见 cityloop plan show"),
    "no_plan": Pair("  no measure was worth its cost, or none was offered", "  没有值得实施的对策，或没有可选对策"),
    "cost": Pair("What it costs, by source", "费用及其来源"),
    "cost_row": Pair("  {name}: {quantity} x {unit} ({status}: {source})", "  {name}：{quantity} × {unit}（{status}：{source}）"),
    "works": Pair("Works (simulated)", "施工（模拟）"),
    "real_works": Pair("Works", "施工"),
    "works_row": Pair("  {name}: {state} {on}; cost {cost}", "  {name}：{state} {on}；费用 {cost}"),
    "crew": Pair("    found on site: {what} at {place}{flow}", "    现场查实：{what}，{place}{flow}"),
    "crew_none": Pair("    the crew found nothing", "    现场未发现问题"),
    "crew_other": Pair("    the crew found something else: {what}", "    现场发现其他情况：{what}"),
    "flow": Pair(", {flow}", "，{flow}"),
    "measured": Pair("Measured after the works", "工后实测"),
    "measured_sim": Pair("Measured after the (simulated) works, from the twin's readings", "（模拟）工后实测，依据孪生的观测"),
    "measured_row": Pair(
        "  {grade}: {indicator} in {where} fell by {measured}; claimed {claimed} ({days} days, {start} to {end})",
        "  {grade}：{where}{indicator}下降 {measured}；预计 {claimed}（{days} 天，{start} 至 {end}）",
    ),
    "measured_rise": Pair(
        "  {grade}: {indicator} in {where} rose by {measured}; claimed {claimed} ({days} days, {start} to {end})",
        "  {grade}：{where}{indicator}上升 {measured}；预计 {claimed}（{days} 天，{start} 至 {end}）",
    ),
    "realised": Pair("    measured / claimed: {rate}", "    实现率（实测/预计）：{rate}"),
    "unmeasured": Pair("  nothing yet", "  暂无"),
    "unknown": Pair("What could not be told", "尚不能确定的事项"),
    "unknown_verified": Pair(
        "  {indicator} in {where}: inconclusive; the interval holds both nothing and the smallest effect worth acting on",
        "  {where}{indicator}：无法定论，区间既含零也含值得采取行动的最小效果",
    ),
    "why": Pair("  {indicator} in {where}: no verification, {why}", "  {where}{indicator}：尚无验证，{why}"),
    "unjudged": Pair("  {works}: cannot be judged, {why}", "  {works}：无法评定，{why}"),
    "assumed": Pair(
        "  what it really costs and is worth: {n} stated numbers are assumed or unconfirmed ({names})",
        "  真实的费用和价值：有 {n} 项给定取值为假设或未核实（{names}）",
    ),
    "intervals": Pair(
        "  (intervals: of 100 about {level} should hold the true value; those of money count the effect; the report adds the prices)",
        "  （区间含义：100 个中约有 {level} 个应包含真值；金额区间只反映效果的不确定性，单价的不确定性见报告）",
    ),
    "no_project": Pair("no project answers this goal", "没有项目针对该目标"),
    "not_done": Pair("its works are {state}", "其施工状态为{state}"),
    "too_early": Pair(
        "the works ended on {done}; {days} full days after them are needed (from {ready})",
        "施工于 {done} 结束，须有工后 {days} 个完整日（{ready} 起）",
    ),
    "works_before": Pair(
        "its works were planned for an earlier goal; nothing has been done since", "相应工程针对更早的目标，此后尚无新的工程"
    ),
    "no_baseline": Pair("no baseline could be frozen at the start of works", "开工时未能冻结基线"),
    "run_turn": Pair("run a turn: cityloop turn CITY", "请运行一轮：cityloop turn CITY"),
    "nothing_unknown": Pair(
        "  a change too small or too recent to be told from chance cannot be excluded",
        "  不能排除幅度过小或时间过短、尚难与偶然波动区分的变化",
    ),
}  # fmt: skip
_ALL = Filter.operator()
_ROWS = 4
_CLAUSE = re.compile(r"; |；")
"""A source is told up to its first clause; the whole stands in `cityloop countermeasure show`."""
_DATED = re.compile(r"\d{4}-\d{2}-\d{2}: ")
"""A dated note tells what happened to a problem, the others what is not known about it."""


@dataclass(frozen=True)
class Facts:
    """What the result is told from, read from the store at once."""

    played: bool
    zone: str
    level: float
    days: float
    names: Mapping[str, str]
    things: Mapping[str, Thing]
    assumed: tuple[str, ...]
    """Keys of the numbers that city.toml states as assumed or unconfirmed."""
    problems: tuple[Problem, ...]
    goals: tuple[Goal, ...]
    measures: Mapping[str, Countermeasure]
    plans: tuple[Plan, ...]
    projects: tuple[Project, ...]
    verifications: tuple[Verification, ...]
    unverified: tuple[tuple[Goal, str], ...]
    unjudged: tuple[tuple[str, str], ...]
    """Works with a frozen Baseline that cannot be judged by now, by name, and why."""


def facts_of(city: "City") -> Facts:
    """Read what the result says from an open city."""
    read = city.store.records
    return Facts(
        played=city.settings.twin is not None,
        zone=city.settings.timezone,
        level=city.settings.policy.level,
        days=_days(city),
        names=names(city),
        things={t.id: t for t in read(Thing, _ALL)},
        assumed=tuple(k for k, v in city.settings.stated.items() if v.status in ("assumed", "unconfirmed")),
        problems=tuple(by_weight(read(Problem, _ALL))),
        goals=read(Goal, _ALL),
        measures={m.id: m for m in read(Countermeasure, _ALL)},
        plans=read(Plan, _ALL),
        projects=read(Project, _ALL),
        verifications=read(Verification, _ALL),
        unverified=tuple(why_not_verified(city)),
        unjudged=tuple(not_judged(city)),
    )


def _days(city: "City") -> float:
    """Days between the first and the latest observation."""
    streams = [s.id for s in city.store.records(Datastream, _ALL) if s.observed_property not in BILLED]
    span = city.store.span(streams, who=_ALL) if streams else None
    return (span[1] - span[0]).total_seconds() / 86_400 if span else 0.0


def why_not_verified(city: "City") -> list[tuple[Goal, str]]:
    """Every goal without a verification, and the reason in the language of this run; not those of `not_judged`."""
    from datetime import timedelta

    read = city.store.records
    verified = {v.goal for v in read(Verification, _ALL)}
    frozen = {b.goal: b.projects for b in read(Baseline, _ALL)}
    used = {project for projects in frozen.values() for project in projects}
    answers = {m.id: m.answers for m in read(Countermeasure, _ALL)}
    last = city.last_observation()
    waiting = {b.goal for b, _ in _waiting(city)}
    found = []
    for goal in read(Goal, _ALL):
        if goal.id in verified:
            continue
        projects = [p for p in read(Project, _ALL) if {goal.id, goal.problem} & set(answers.get(p.countermeasure, ()))]
        mine = [p for p in projects if goal.id in frozen or p.id not in used]
        done = [s.on for p in mine for s in p.states if s.state == "done"]
        if not projects:
            why = say(TEXTS["no_project"])
        elif not mine:
            why = say(TEXTS["works_before"])
        elif not done:
            why = say(TEXTS["not_done"], state=state(mine[-1].state))
        elif goal.id not in frozen:
            why = say(TEXTS["no_baseline"])
        elif goal.id in waiting:
            continue
        else:
            days = goal.settling_days + goal.days_after
            ready = max(done) + timedelta(days=days + 1)
            early = last is None or last < ready
            values = {"done": max(done).date(), "days": days, "ready": ready.date()}
            why = say(TEXTS["too_early"], **values) if early else say(TEXTS["run_turn"])
        found.append((goal, why))
    return found


def not_judged(city: "City") -> list[tuple[str, str]]:
    """Works whose Baseline is frozen but that cannot be judged by now: their names, and why."""
    projects = {p.id: one_language(p.name) for p in city.store.records(Project, _ALL)}
    comma = say(Pair(", ", "、"))
    return [(comma.join(projects.get(p, p) for p in b.projects), one_language(why)) for b, why in _waiting(city)]


def _waiting(city: "City") -> list[tuple[Baseline, str]]:
    """Baselines without a Verification, and why."""
    from cityloop.loop.verification import unjudged

    baselines = city.store.records(Baseline, _ALL)
    judged = {v.baseline for v in city.store.records(Verification, _ALL)}
    if all(b.id in judged for b in baselines):
        return []
    reasons = unjudged(city.view(), city.domains)
    return [(b, reasons[b.id]) for b in baselines if b.id in reasons and b.id not in judged]


def result_lines(facts: Facts) -> list[str]:
    """The whole result, section by section."""
    lines = [say(TEXTS["twin"]), ""] if facts.played else []
    for section in (_found, _goals, _chosen, _costs, _works, _measured, _unknown):
        part = section(facts)
        if part:
            lines += [*part, ""]
    return lines


def _name(facts: Facts, thing: str) -> str:
    return facts.names.get(thing, thing)


def _title(measure: Countermeasure | None, id: str) -> str:
    if measure is None:
        return id
    return measure.title_zh if language() == "zh" else measure.title_en


def _found(facts: Facts) -> list[str]:
    lines = [say(TEXTS["found"])]
    shown = [p for p in facts.problems if p.status not in ("dismissed", "merged")]
    for p in shown:
        if not about_a_sensor(p):
            lines += _problem(facts, p)
    sensors = sorted(_name(facts, p.boundary) for p in shown if about_a_sensor(p) and stands(p))
    if sensors:
        lines.append(say(TEXTS["sensors"], n=len(sensors), names=", ".join(sensors)))
    if len(lines) > 1:
        return lines
    if facts.days < LEAST_DAYS:
        return [*lines, say(TEXTS["too_short"], days=f"{facts.days:.0f}", least=LEAST_DAYS)]
    return [*lines, say(TEXTS["nothing"])]


def _problem(facts: Facts, p: Problem) -> list[str]:
    """Where first while it stands, by what the place was found, the gap and what it is worth."""
    lines = [say(TEXTS["problem"], kind=kind(p.kind), where=_name(facts, p.boundary), status=state(p.status))]
    if p.area and stands(p):
        km = number(sum(r.length_m for r in p.area) / 1000)
        first = where_first(p, facts.things, facts.names)
        lines.append(say(TEXTS["place"], place=first, n=len(p.area), km=km, half=number(km_to_half(p.area))))
        if located := str(p.details.get("located_by", "")):
            lines.append(f"    {one_language(located)}")
    lines.append(
        say(
            TEXTS["gap"], indicator=kind(p.indicator), observed=amount(p.observed.value, p.observed.unit),
            expected=amount(p.expected.value, p.expected.unit), since=say(TEXTS["since"], onset=p.onset) if p.onset else "", gap=estimate(p.gap),
        )
    )  # fmt: skip
    if p.cost_per_year is not None:
        lines.append(say(TEXTS["costs_year"], cost=estimate(p.cost_per_year)))
    return lines


def _goals(facts: Facts) -> list[str]:
    rows = [
        say(
            TEXTS["goal_row"], indicator=kind(g.indicator), where=_name(facts, g.boundary),
            start=estimate(g.start_value), target=estimate(g.target), due=g.due.isoformat(),
        )
        for g in facts.goals
    ]  # fmt: skip
    return [say(TEXTS["goal"]), *rows] if rows else []


def _standing(facts: Facts) -> list[Plan]:
    """The plans that count: approved ones, else the proposed."""
    kept = [p for p in facts.plans if p.status == "approved" and p.lines]
    return kept or [p for p in facts.plans if p.status != "superseded"]


def _chosen(facts: Facts) -> list[str]:
    lines = [say(TEXTS["chosen"])]
    for plan in _standing(facts):
        for line in sorted(plan.lines, key=lambda x: -x.net_present_value.value):
            measure = facts.measures.get(line.countermeasure)
            said = {"title": _title(measure, line.countermeasure), "value": estimate(line.net_present_value)}
            lines += say(TEXTS["chosen_row"], year=line.year, cost=money(line.cost), **said).split("\n")
            for e in measure.effects if measure else ():
                grade = say(EFFECT_GRADES[e.grade])
                rises, by = moved(e.estimate, e.better)
                claim = TEXTS["claim_rise" if rises else "claim"]
                lines.append(say(claim, indicator=kind(e.indicator), effect=estimate(by), grade=grade))
        if plan.lines:
            lines.append(say(TEXTS["best"], n=len(plan.lines) + len(plan.rejected)))
        left: dict[str, list[str]] = {}
        for id, why in plan.rejected.items():
            left.setdefault(one_language(why), []).append(_title(facts.measures.get(id), id))
        for why, titles in list(left.items())[:_ROWS]:
            lines.append(say(TEXTS["left"], title=say(Pair(", ", "、")).join(titles), why=why))
        if len(left) > _ROWS:
            lines.append(say(TEXTS["left_more"], n=sum(len(t) for t in list(left.values())[_ROWS:])))
    return lines if len(lines) > 1 else [*lines, say(TEXTS["no_plan"])]


def _costs(facts: Facts) -> list[str]:
    """The cost rows of what was chosen, equal unit values once each."""
    rows: dict[str, str] = {}
    for line in (line for plan in _standing(facts) for line in plan.lines):
        measure = facts.measures.get(line.countermeasure)
        for cost in measure.costs if measure else ():
            if cost.kind == "non_monetary":
                continue
            text = say(
                TEXTS["cost_row"], name=one_language(cost.name), quantity=estimate(cost.quantity),
                unit=money(cost.unit_value), status=status(cost.status),
                source=_CLAUSE.split(one_language(cost.source), maxsplit=1)[0],
            )  # fmt: skip
            rows.setdefault(text, text)
    return [say(TEXTS["cost"]), *rows] if rows else []


def _works(facts: Facts) -> list[str]:
    lines: list[str] = []
    for project in facts.projects:
        if project.state not in ("started", "done"):
            continue
        last = project.states[-1]
        cost = next((s.cost for s in reversed(project.states) if s.cost), None)
        name, on = one_language(project.name), iso(last.on, facts.zone)
        lines.append(say(TEXTS["works_row"], name=name, state=state(project.state), on=on, cost=money(cost)))
        for finding in project.findings:
            lines += _finding(facts, finding)
    if not lines:
        return []
    simulated = any(p.simulated for p in facts.projects) or facts.played
    return [say(TEXTS["works" if simulated else "real_works"]), *lines]


def _finding(facts: Facts, finding: Mapping[str, float | str]) -> list[str]:
    flow = finding.get("flow_l_per_s")
    shown = say(TEXTS["flow"], flow=amount(float(flow), "L/s")) if isinstance(flow, int | float) else ""
    place = _name(facts, str(finding.get("place", "")))
    found = str(finding.get("found", ""))
    if found == "none":
        return [say(TEXTS["crew_none"])]
    if found == "other":
        return [say(TEXTS["crew_other"], what=one_language(str(finding.get("note", ""))) or place or "-")]
    return [say(TEXTS["crew"], what=kind(found), place=place or "-", flow=shown)]


def _measured(facts: Facts) -> list[str]:
    lines = [say(TEXTS["measured_sim" if facts.played else "measured"])]
    for v in facts.verifications:
        lines.append(
            say(
                TEXTS["measured_row" if v.better == "lower" else "measured_rise"], indicator=kind(v.indicator), where=_name(facts, v.boundary), days=v.days_used,
                measured=estimate(v.measured), claimed=estimate(v.claimed), grade=grade(v.grade), start=v.start, end=v.end,
            )
        )  # fmt: skip
        if v.realisation is not None:
            lines.append(say(TEXTS["realised"], rate=estimate(v.realisation)))
        if v.note:
            lines.append(f"    {one_language(v.note)}")
    return lines if len(lines) > 1 else [*lines, say(TEXTS["unmeasured"])]


def _unknown(facts: Facts) -> list[str]:
    lines = [say(TEXTS["unknown"])]
    for v in facts.verifications:
        if v.grade == "inconclusive":
            lines.append(say(TEXTS["unknown_verified"], indicator=kind(v.indicator), where=_name(facts, v.boundary)))
    lines += [say(TEXTS["unjudged"], works=works, why=why) for works, why in facts.unjudged]
    for goal, why in facts.unverified:
        lines.append(say(TEXTS["why"], indicator=kind(goal.indicator), where=_name(facts, goal.boundary), why=why))
    lines += _notes(facts)
    if facts.assumed and (facts.plans or facts.problems):
        names = [kind(key.rsplit(".", 1)[-1]) for key in facts.assumed]
        lines.append(say(TEXTS["assumed"], n=len(names), names=say(Pair(", ", "、")).join(names)))
    if not facts.problems:
        lines.append(say(TEXTS["nothing_unknown"]))
    return [*lines, say(TEXTS["intervals"], level=f"{facts.level * 100:g}")] if facts.problems else lines


def _notes(facts: Facts) -> list[str]:
    """What the domains say about problems that stand: once where it holds for all, else with the place it is about."""
    open_ = [p for p in facts.problems if stands(p) and not about_a_sensor(p)]
    notes = {
        p.id: [one_language(n) for n in p.notes if not _DATED.match(n) and n != p.details.get("located_by")]
        for p in open_
    }
    shared = [
        n for n in dict.fromkeys(n for found in notes.values() for n in found) if all(n in f for f in notes.values())
    ]
    lines = [f"  {text}" for text in shared]
    for p in open_:
        own = [n for n in notes[p.id] if n not in shared]
        if own:
            where = _name(facts, p.boundary)
            lines += ["  " + label(Pair(where, where)), *(f"    {text}" for text in own)]
    return lines
