"""Section 1: what was found, chosen, paid, measured, and what could not be told, in one screen."""

from collections.abc import Sequence

from cityloop.i18n import Pair
from cityloop.records import Plan, Problem, Project, Verification
from cityloop.report.blocks import Badge, Block, Bullets, Inline, Notice, Paragraph, Section, Sentence, Subtitle, joined
from cityloop.report.facts import Facts
from cityloop.report.words import FINDINGS, GRADE_MEANING, GRADES, KINDS, LEAST_DAYS, STATES, both, with_badge, word

__all__ = ["headline"]

_TITLE = Pair("In short", "摘要")
_SIMULATED = Pair(
    "This city is played by a digital twin: its observations, works and findings are simulated. Nothing here is a "
    "statement about a real town.",
    "本城市由数字孪生模拟运行：观测、工程和现场发现均为模拟结果，不代表任何真实城镇的情况。",
)
_PLACE = Pair("City: {name}.", "城市：{name}。")
_FOUND = Pair("What was found, and where", "发现了什么，在哪里")
_CHOSEN = Pair("What was chosen, why, and what it costs", "选择了什么，为什么，费用多少")
_MEASURED = Pair("What was measured", "测得的效果")
_UNTOLD = Pair("What could not be told", "尚不能判断的")
_LEAK = Pair(
    "{boundary}: {kind}. Since {onset} the {indicator} has been {gap} above what was expected{cost}. State: {state}.",
    "{boundary}：{kind}。自 {onset} 起，{indicator}高出预期 {gap}{cost}。状态：{state}。",
)
_COST = Pair(", worth {cost}", "，折合 {cost}")
_AREA = Pair(
    "Search first around {place}; the ranked area holds {n} pipes and {km}.",
    "建议先查 {place} 附近；排序区域共 {n} 段管道，{km}。",
)
_NOWHERE = Pair("Where it lies inside the boundary cannot be told.", "无法判断其在分区内的位置。")
_SENSORS = Pair("{n} sensor(s) do not behave as they should: {names}.", "{n} 个传感器表现异常：{names}。")
_NOTHING = Pair(
    "No lasting rise of the night flow was found in the {n} boundary(ies) observed from {start} to {end}.",
    "{start} 至 {end} 观测的 {n} 个分区中未发现夜间流量持续升高。",
)
_NO_DATA = Pair("There are no observations yet, so nothing can be said.", "尚无观测数据，无法作出判断。")
_TOO_SHORT = Pair(
    "Nothing can be said yet: {n} day(s) observed from {start} to {end}; {least} are needed to tell a rise from chance.",
    "暂时无法判断：{start} 至 {end} 共观测 {n} 天，至少需 {least} 天才能区分持续升高与偶然波动。",
)
_LINE = Pair(
    "{boundary}: {title}, planned for {year}: cost {cost}, net present value {npv} (present values).",
    "{boundary}：{title}，安排在 {year} 年，费用 {cost}，净现值 {npv}（均为现值）。",
)
_WHY = Pair(
    "Of {n} countermeasures compared, this portfolio has the highest net present value within the budget; what was "
    "left out and why stands in section 6.",
    "在 {n} 项对策中，该组合在预算内净现值最高；未选项及原因见第 6 节。",
)
_DONE = Pair(
    "Carried out: {title}, done {day}, actual cost {cost}; the crew found {found}.",
    "已实施：{title}，{day} 完工，实际费用 {cost}；现场发现{found}。",
)
_NO_FINDING = Pair("nothing on record", "无记录")
_NO_PLAN = Pair("No countermeasure is planned: {why}", "未列入任何对策：{why}")
_NONE_OFFERED = Pair("none could be offered.", "目前没有可提供的对策。")
_NONE_NEEDED = Pair("no problem calls for one.", "没有需要处理的问题。")
_NONE_WORTH = Pair("none of those compared is worth its cost or fits the budget.", "所比较的对策均不经济或超出预算。")
_VERIFIED = Pair(
    "{boundary}, {start} to {end}: the {indicator} fell by {measured}; {claimed} had been claimed. {grade}: {meaning}.",
    "{boundary}，{start} 至 {end}：{indicator}下降 {measured}；预计 {claimed}。{grade}：{meaning}。",
)
_NOT_YET = Pair(
    "No works have been finished and observed long enough yet; nothing is claimed as measured.",
    "尚无完工且观测期足够的工程，没有任何效果被视为实测。",
)


def headline(facts: Facts, unknown: Sequence[Inline]) -> Section:
    """The section; `unknown` are the sentences of "what we do not know", of which the first few are repeated."""
    blocks: list[Block] = [Paragraph(Sentence(_PLACE, {"name": facts.settings.name}))]
    if facts.simulated:
        blocks.append(Notice(_SIMULATED, "simulated"))
    blocks += [Subtitle(_FOUND), *_found(facts), Subtitle(_CHOSEN), *_chosen(facts), Subtitle(_MEASURED)]
    if facts.verifications:
        blocks.append(Bullets(tuple(verified(facts, v) for v in facts.verifications)))
    else:
        blocks.append(Paragraph(_NOT_YET))
    blocks += [Subtitle(_UNTOLD), Bullets(tuple(unknown[:5]))]
    return Section("summary", _TITLE, tuple(blocks))


def _found(facts: Facts) -> list[Block]:
    items = [_leak(facts, p) for p in facts.leaks if p.status not in ("dismissed", "merged")]
    faults = [p for p in facts.sensor_faults if p.status not in ("dismissed", "merged", "closed")]
    if faults:
        names = [str(p.details.get("name", "")) or p.boundary for p in faults]
        items.append(Sentence(_SENSORS, {"n": str(len(faults)), "names": ", ".join(names)}))
    if not items:
        days = sorted(d for s in facts.series.values() for d, _ in s.known)
        if not days:
            return [Paragraph(_NO_DATA)]
        observed = len(set(days))
        if observed < LEAST_DAYS:
            said = {"n": str(observed), "start": days[0], "end": days[-1], "least": str(LEAST_DAYS)}
            return [Paragraph(Sentence(_TOO_SHORT, said))]
        watched = len({b for b, _ in facts.series})
        return [Paragraph(Sentence(_NOTHING, {"n": str(watched), "start": days[0], "end": days[-1]}))]
    return [Bullets(tuple(items))]


def _leak(facts: Facts, problem: Problem) -> Inline:
    trace = facts.trace
    cost: Inline = ""
    if problem.cost_per_year is not None:
        cost = Sentence(_COST, {"cost": trace.estimate(problem.id, "cost_per_year")})
    text = Sentence(
        _LEAK,
        {
            "kind": word(KINDS, problem.kind), "boundary": facts.name(problem.boundary),
            "onset": trace.day(problem.id, "onset"), "gap": trace.estimate(problem.id, "gap"), "cost": cost,
            "indicator": facts.indicator(problem.indicator), "state": word(STATES, problem.status),
        },
    )  # fmt: skip
    where: Inline = _NOWHERE
    if problem.area:
        where = Sentence(
            _AREA,
            {"place": facts.name(problem.best_place), "n": str(len(problem.area)), "km": facts.area_km(problem)},
        )
    return with_badge(
        Sentence(Pair("{text} {where}", "{text}{where}"), {"text": text, "where": where}), problem.simulated
    )


def _chosen(facts: Facts) -> list[Block]:
    lines = [(plan, i) for plan in facts.plans for i in range(len(plan.lines))]
    if not lines:
        if not [p for p in facts.problems if p.status in ("open", "acknowledged")]:
            why: Pair = _NONE_NEEDED
        else:
            why = _NONE_WORTH if facts.countermeasures else _NONE_OFFERED
        return [Paragraph(Sentence(_NO_PLAN, {"why": why}))]
    compared = len({c for plan in facts.plans for c in (*plan.rejected, *(line.countermeasure for line in plan.lines))})
    blocks: list[Block] = [
        Bullets(tuple(_line(facts, plan, i) for plan, i in lines)),
        Paragraph(Sentence(_WHY, {"n": str(compared)})),
    ]
    done = [p for p in facts.projects if p.state == "done"]
    return [*blocks, Bullets(tuple(_carried_out(facts, p) for p in done))] if done else blocks


def _carried_out(facts: Facts, project: Project) -> Inline:
    """What was done, when, what it cost and what the crew found."""
    measure = facts.countermeasure(project.countermeasure)
    last = max(i for i, s in enumerate(project.states) if s.state == "done")
    found = [word(FINDINGS, str(f.get("found", ""))) for f in project.findings]
    text = Sentence(
        _DONE,
        {
            "title": Pair(measure.title_en, measure.title_zh) if measure else both(project.name),
            "day": facts.trace.day(project.id, f"states[{last}].on"),
            "cost": facts.trace.money(project.id, f"states[{last}].cost"),
            "found": joined(list(found)) if found else _NO_FINDING,
        },
    )
    return with_badge(text, project.simulated)


def _line(facts: Facts, plan: Plan, position: int) -> Inline:
    line = plan.lines[position]
    chosen = facts.countermeasure(line.countermeasure)
    path = f"lines[{position}]"
    text = Sentence(
        _LINE,
        {
            "title": Pair(chosen.title_en, chosen.title_zh) if chosen else both(line.countermeasure),
            "boundary": facts.name(chosen.boundary) if chosen else "",
            "year": facts.trace.number(plan.id, f"{path}.year", decimals=0, plain=True),
            "cost": facts.trace.money(plan.id, f"{path}.cost"),
            "npv": facts.trace.estimate(plan.id, f"{path}.net_present_value"),
        },
    )
    return with_badge(text, plan.simulated or bool(chosen and chosen.simulated))


def verified(facts: Facts, found: Verification) -> Inline:
    """One verification in one sentence."""
    trace = facts.trace
    kind = {"confirmed": "good", "refuted": "bad"}.get(found.grade, "unclear")
    text = Sentence(
        _VERIFIED,
        {
            "boundary": facts.name(found.boundary), "start": trace.day(found.id, "start"),
            "end": trace.day(found.id, "end"), "indicator": facts.indicator(found.indicator),
            "measured": trace.estimate(found.id, "measured"), "claimed": trace.estimate(found.id, "claimed"),
            "grade": Badge(word(GRADES, found.grade), kind), "meaning": GRADE_MEANING[found.grade],
        },
    )  # fmt: skip
    return with_badge(text, found.simulated)
