"""The short result that a turn or a demo ends with: what was found where, what was chosen and why, what it costs, what was
measured, what could not be told. Simulated works are called simulated.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cityloop.cli.language import language, one_language, say
from cityloop.cli.show import estimate, grade, iso, kind, label, money, names, number, state, status
from cityloop.i18n import Pair
from cityloop.records import Countermeasure, Datastream, Filter, Goal, Plan, Problem, Project, Verification
from cityloop.report.words import EFFECT_GRADES, LEAST_DAYS

if TYPE_CHECKING:
    from cityloop.city import City

__all__ = ["TEXTS", "Facts", "facts_of", "result_lines", "why_not_verified"]

TEXTS = {
    "twin": Pair(
        "Everything below is simulated: a twin plays readings and works. No claim is made about a real town.",
        "以下均为模拟：观测与施工由孪生演示，不代表任何真实城镇。",
    ),
    "found": Pair("Found", "发现的问题"),
    "nothing": Pair("  nothing beyond chance", "  未发现超出偶然波动的问题"),
    "too_short": Pair(
        "  nothing can be said yet: {days} days observed, {least} are needed to tell a rise from chance",
        "  暂时无法判断：已观测 {days} 天，至少需 {least} 天才能区分持续升高与偶然波动",
    ),
    "problem": Pair("  {kind} in {where}: {gap} since {onset} [{status}]", "  {where}：{kind}，{gap}，始于 {onset} [{status}]"),
    "costs_year": Pair("    costs {cost}", "    年损失 {cost}"),
    "place": Pair(
        "    most likely at {place}; search {n} pipes, {km} km, for {share} of the probability",
        "    最可能在 {place}；排查 {n} 段管道共 {km} km，可覆盖 {share} 的概率",
    ),
    "sensors": Pair("  failing sensors ({n}): {names}", "  异常传感器（{n} 个）：{names}"),
    "goal": Pair("Goal", "目标"),
    "goal_row": Pair("  {indicator} in {where}: from {start} to {target} by {due}", "  {where}{indicator}：由 {start}降至 {target}，期限 {due}"),
    "chosen": Pair("Chosen, and why", "选定的方案及理由"),
    "chosen_row": Pair(
        "  {year}: {title}\n    costs {cost}; worth {value} net of its cost",
        "  {year} 年：{title}\n    成本 {cost}；扣除成本后的净现值 {value}",
    ),
    "claim": Pair("    claims {effect} ({grade})", "    预期效果 {effect}（{grade}）"),
    "left": Pair("  left out: {title}: {why}", "  未选：{title}：{why}"),
    "left_more": Pair("  left out: {n} more; see: cityloop plan show", "  未选：另有 {n} 项，见 cityloop plan show"),
    "no_plan": Pair("  no measure was worth its cost, or none was offered", "  没有值得实施的对策，或没有可选对策"),
    "cost": Pair("What it costs, by source", "成本及其来源"),
    "cost_row": Pair("  {name}: {quantity} x {unit} ({status}: {source})", "  {name}：{quantity} × {unit}（{status}：{source}）"),
    "works": Pair("Works (simulated)", "施工（模拟）"),
    "real_works": Pair("Works", "施工"),
    "works_row": Pair("  {name}: {state} {on}; cost {cost}", "  {name}：{state} {on}；成本 {cost}"),
    "crew_leak": Pair("    the crew found a leak at {place}{flow}", "    现场发现漏点：{place}{flow}"),
    "crew_none": Pair("    the crew found no leak", "    现场未发现漏点"),
    "crew_other": Pair("    the crew found something else: {what}", "    现场发现其他情况：{what}"),
    "flow": Pair(", {flow} L/s", "，{flow} L/s"),
    "measured": Pair("Measured after the works", "工后实测"),
    "measured_sim": Pair("Measured after the (simulated) works, from the twin's readings", "（模拟）工后实测，依据孪生的观测"),
    "measured_row": Pair(
        "  {indicator} in {where}: fell by {measured}; claimed {claimed}: {grade} ({days} days, {start} to {end})",
        "  {where}{indicator}：下降 {measured}；预期 {claimed}：{grade}（{days} 天，{start} 至 {end}）",
    ),
    "realised": Pair("    realised of the claim: {rate}", "    实现率：{rate}"),
    "unmeasured": Pair("  nothing yet", "  暂无"),
    "unknown": Pair("What could not be told", "尚不能确定的事项"),
    "unknown_verified": Pair(
        "  {indicator} in {where}: inconclusive; the interval holds both nothing and the smallest effect worth acting on",
        "  {where}{indicator}：无法定论，区间既含零也含值得行动的最小效果",
    ),
    "why": Pair("  {indicator} in {where}: no verification, {why}", "  {where}{indicator}：尚无验证，{why}"),
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
        "  a rise too small or too recent to be told from chance cannot be excluded",
        "  不能排除幅度过小或时间过短、尚难与偶然波动区分的漏损增长",
    ),
}  # fmt: skip
_ALL = Filter.operator()
_ROWS = 4
_DATED = re.compile(r"\d{4}-\d{2}-\d{2}: ")
"""A dated note tells what happened to a problem, the others what is not known about it."""


@dataclass(frozen=True)
class Facts:
    """What the result is told from, read from the store at once."""

    played: bool
    zone: str
    days: float
    names: Mapping[str, str]
    problems: tuple[Problem, ...]
    goals: tuple[Goal, ...]
    measures: Mapping[str, Countermeasure]
    plans: tuple[Plan, ...]
    projects: tuple[Project, ...]
    verifications: tuple[Verification, ...]
    unverified: tuple[tuple[Goal, str], ...]


def facts_of(city: "City") -> Facts:
    """Read what the result says from an open city."""
    read = city.store.records
    return Facts(
        played=city.settings.twin is not None,
        zone=city.settings.timezone,
        days=_days(city),
        names=names(city),
        problems=tuple(sorted(read(Problem, _ALL), key=_weight)),
        goals=read(Goal, _ALL),
        measures={m.id: m for m in read(Countermeasure, _ALL)},
        plans=read(Plan, _ALL),
        projects=read(Project, _ALL),
        verifications=read(Verification, _ALL),
        unverified=tuple(why_not_verified(city)),
    )


def _days(city: "City") -> float:
    """Days between the first and the latest observation."""
    streams = [s.id for s in city.store.records(Datastream, _ALL)]
    span = city.store.span(streams, who=_ALL) if streams else None
    return (span[1] - span[0]).total_seconds() / 86_400 if span else 0.0


def _weight(problem: Problem) -> tuple[float, str]:
    """Dearest first."""
    return (-problem.cost_per_year.value if problem.cost_per_year else 0.0, problem.id)


def why_not_verified(city: "City") -> list[tuple[Goal, str]]:
    """Every goal without a verification, and the reason in the language of this run."""
    from datetime import timedelta

    from cityloop.records import Baseline

    read = city.store.records
    verified = {v.goal for v in read(Verification, _ALL)}
    frozen = {b.goal: b.projects for b in read(Baseline, _ALL)}
    used = {project for projects in frozen.values() for project in projects}
    answers = {m.id: m.answers for m in read(Countermeasure, _ALL)}
    last = city.last_observation()
    found = []
    for goal in read(Goal, _ALL):
        if goal.id in verified:
            continue
        projects = [p for p in read(Project, _ALL) if {goal.id, goal.problem} & set(answers.get(p.countermeasure, ()))]
        done = [s.on for p in projects for s in p.states if s.state == "done"]
        if not projects:
            why = say(TEXTS["no_project"])
        elif not done:
            why = say(TEXTS["not_done"], state=state(projects[-1].state))
        elif goal.id not in frozen:
            why = say(TEXTS["works_before" if used >= {p.id for p in projects} else "no_baseline"])
        else:
            days = goal.settling_days + goal.days_after
            ready = max(done) + timedelta(days=days + 1)
            early = last is None or last < ready
            values = {"done": max(done).date(), "days": days, "ready": ready.date()}
            why = say(TEXTS["too_early"], **values) if early else say(TEXTS["run_turn"])
        found.append((goal, why))
    return found


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
    sensors = [p for p in facts.problems if p.kind == "failing_sensor"]
    for p in facts.problems:
        if p in sensors:
            continue
        onset = p.onset.isoformat() if p.onset else "-"
        where = _name(facts, p.boundary)
        lines.append(
            say(
                TEXTS["problem"],
                kind=kind(p.kind),
                where=where,
                gap=estimate(p.gap),
                onset=onset,
                status=state(p.status),
            )
        )
        if p.cost_per_year is not None:
            lines.append(say(TEXTS["costs_year"], cost=estimate(p.cost_per_year)))
        if p.area:
            total = sum(r.probability for r in p.area)
            km = sum(r.length_m for r in p.area) / 1000
            place = _name(facts, p.best_place) or p.area[0].name
            lines.append(say(TEXTS["place"], place=place, n=len(p.area), km=number(km), share=f"{total:.0%}"))
    if sensors:
        shown = ", ".join(sorted(_name(facts, p.boundary) for p in sensors))
        lines.append(say(TEXTS["sensors"], n=len(sensors), names=shown))
    if len(lines) > 1:
        return lines
    if facts.days < LEAST_DAYS:
        return [*lines, say(TEXTS["too_short"], days=f"{facts.days:.0f}", least=LEAST_DAYS)]
    return [*lines, say(TEXTS["nothing"])]


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
        for line in plan.lines:
            measure = facts.measures.get(line.countermeasure)
            value = estimate(line.net_present_value)
            title = _title(measure, line.countermeasure)
            lines += say(TEXTS["chosen_row"], year=line.year, title=title, cost=money(line.cost), value=value).split(
                "\n"
            )
            for effect in measure.effects if measure else ():
                lines.append(
                    say(TEXTS["claim"], effect=estimate(effect.estimate), grade=say(EFFECT_GRADES[effect.grade]))
                )
        left = list(plan.rejected.items())
        for id, why in left[:_ROWS]:
            lines.append(say(TEXTS["left"], title=_title(facts.measures.get(id), id), why=one_language(why)))
        if len(left) > _ROWS:
            lines.append(say(TEXTS["left_more"], n=len(left) - _ROWS))
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
                unit=money(cost.unit_value), status=status(cost.status), source=one_language(cost.source),
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
    shown = say(TEXTS["flow"], flow=number(float(flow))) if isinstance(flow, int | float) else ""
    place = _name(facts, str(finding.get("place", "")))
    match finding.get("found"):
        case "leak":
            return [say(TEXTS["crew_leak"], place=place, flow=shown)]
        case "none":
            return [say(TEXTS["crew_none"])]
        case "other":
            what = one_language(str(finding.get("note", ""))) or place or "-"
            return [say(TEXTS["crew_other"], what=what)]
    return []


def _measured(facts: Facts) -> list[str]:
    lines = [say(TEXTS["measured_sim" if facts.played else "measured"])]
    for v in facts.verifications:
        lines.append(
            say(
                TEXTS["measured_row"], indicator=kind(v.indicator), where=_name(facts, v.boundary), days=v.days_used,
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
    for goal, why in facts.unverified:
        lines.append(say(TEXTS["why"], indicator=kind(goal.indicator), where=_name(facts, goal.boundary), why=why))
    lines += _notes(facts)
    return lines if len(lines) > 1 else [*lines, say(TEXTS["nothing_unknown"])]


def _notes(facts: Facts) -> list[str]:
    """What the domains say about their leak problems: once where it holds for all, else with the place it is about."""
    leaks = [p for p in facts.problems if p.kind != "failing_sensor" and p.status not in ("dismissed", "merged")]
    notes = {p.id: [one_language(n) for n in p.notes if not _DATED.match(n)] for p in leaks}
    shared = [
        n for n in dict.fromkeys(n for found in notes.values() for n in found) if all(n in f for f in notes.values())
    ]
    lines = [f"  {text}" for text in shared]
    for p in leaks:
        own = [n for n in notes[p.id] if n not in shared]
        if own:
            where = _name(facts, p.boundary)
            lines += ["  " + label(Pair(where, where)), *(f"    {text}" for text in own)]
    return lines
