"""The first screen: where first, why there, what it brings, what was measured, how sure, what is not known."""

from collections.abc import Sequence

from cityloop.i18n import Pair
from cityloop.records import Countermeasure, Plan, Problem, Project, Verification
from cityloop.report.blocks import Answers, Badge, Block, Inline, Lines, Notice, Section, Sentence, joined
from cityloop.report.facts import Facts
from cityloop.report.order import Patch, km_to_half, patches, stands
from cityloop.report.problems import problem_name
from cityloop.report.risk import lines_of, npv_with_prices, ranged
from cityloop.report.unknown import UNKNOWN_TITLE
from cityloop.report.words import GRADES, LEAST_DAYS, STATES, both, named, with_badge, word
from cityloop.report.works import unjudged_items

__all__ = ["headline", "npv", "where_first", "why_there"]

#: Problems, works and unknowns on the first screen; the sections hold all.
MOST, MOST_UNKNOWN = 3, 4
#: A unit of flow -> the volume of a year at that flow: unit and factor.
YEAR_OF = {"L/s": ("m3/year", 31_536.0)}

_TITLE = Pair("In short", "摘要")
_SIMULATED = Pair(
    "This city is played by a digital twin: its observations, works and findings are simulated. Nothing here is a "
    "statement about a real town.",
    "本城市由数字孪生模拟运行：观测、工程和现场发现均为模拟结果，不代表任何真实城镇的情况。",
)
_PARTLY = Pair(
    "What bears the badge SIMULATED rests on simulated observations or works and is no statement about a real town.",
    "带有“模拟”标记的内容依据模拟的观测或工程，不代表任何真实城镇的情况。",
)
_WHERE, _WHY = Pair("Where first", "先查哪里"), Pair("Why there", "为什么")
_BRINGS, _MEASURED = Pair("What to do, what it brings", "怎么做、有何收益"), Pair("What was measured", "实测效果")
_SURE = Pair("How sure", "把握多大")
_MORE = Pair("… and {n} more, see “{section}”", "……另有 {n} 项，见“{section}”")
_PROBLEMS, _PLAN = Pair("Problems", "问题"), Pair("Countermeasures and plan", "对策与方案")

_AREA = Pair(
    "{boundary}: {places}. The first {half} of the dig list hold half of it; in all {n} sections, {km}.",
    "{boundary}：{places}。按检漏清单前 {half} 即占其一半；共 {n} 段、{km}。",
)
_FIRST = Pair("first around {place} ({share} of the probability on {km})", "先查 {place} 一带（{km} 内概率 {share}）")
_THEN = Pair("then around {place} ({share} on {km})", "再查 {place} 一带（{km} 内 {share}）")
_WITHIN = Pair("{boundary}: {kind}; where inside it cannot be told.", "{boundary}：{kind}，无法判断在其中的具体位置。")
_AT = Pair("{boundary}: {kind}.", "{boundary}：{kind}。")
_CLOSED = Pair("Nothing is open.", "当前没有待处理的问题。")
_SOLVED = Pair("{problem}: {state}.", "{problem}，{state}。")
_SOLVED_AT = Pair("{problem}: {state}; found on site: {found}.", "{problem}，{state}；现场查实{found}。")
_FOUND = Pair("{what} at {places}", "{what}：{places}")
_AFTER = Pair(", after {km} of the {all} ranked", "（排序区域 {all}，排查 {km} 后查实）")
_SENSORS = Pair("Sensors to check ({n}): {names}.", "需检查的传感器（{n} 个）：{names}。")
_NOTHING = Pair(
    "Nowhere: no lasting change beyond chance was found at {n} place(s) observed from {start} to {end}.",
    "无需排查：{start} 至 {end} 观测的 {n} 处均未发现超出偶然波动的持续变化。",
)
_NO_DATA = Pair("There are no observations yet, so nothing can be said.", "尚无观测数据，无法作出判断。")
_TOO_SHORT = Pair(
    "Nothing can be said yet: {n} day(s) observed from {start} to {end}; {least} are needed to tell a change from chance.",
    "暂时无法判断：{start} 至 {end} 共观测 {n} 天，至少需 {least} 天才能区分持续变化与偶然波动。",
)
_GAP = Pair(
    "{problem}: since {onset} the {indicator} {tense} {observed} where {expected} was expected, a gap of {gap}{cost}. {by}",
    "{problem}，自 {onset} 起{indicator}为 {observed}，预期 {expected}，相差 {gap}{cost}。{by}",
)
_GAP_NOW = Pair(
    "{problem}: the {indicator} {tense} {observed} where {expected} was expected, a gap of {gap}{cost}. {by}",
    "{problem}，{indicator}为 {observed}，预期 {expected}，相差 {gap}{cost}。{by}",
)
_IS, _WAS = Pair("is", ""), Pair("was", "")
_COST = Pair(", worth {cost}", "，折合 {cost}")
_LINE = Pair(
    "{year}, {what}. Claimed: {effect}. {saves}Costs {cost}; net present value {npv}.",
    "{year} 年，{what}。预计{effect}；{saves}费用 {cost}，净现值 {npv}。",
)
_PLAIN_LINE = Pair(
    "{year}, {what}. Costs {cost}; its use is not priced.",
    "{year} 年，{what}。费用 {cost}，效益不计价。",
)
_PLACED = Pair("{place}: {title}", "{place}：{title}")
_FALLS = Pair("{indicator} −{estimate}", "{indicator}下降 {estimate}")
_RISES = Pair("{indicator} +{estimate}", "{indicator}上升 {estimate}")
_SAVES = Pair("{name} {quantity}. ", "{name} {quantity}；")
_SAVED = Pair("; {name} {quantity}", "；{name} {quantity}")
_NONE_CLAIMED = Pair("nothing", "无")
_LEFT_TO_DO = Pair(
    "Nothing further is planned; the works of the plan are done ({n}).",
    "暂无新的安排；方案中的 {n} 项工程均已完成。",
)
_BEST = Pair(
    "Of {n} compared, this choice has the highest net present value within the budget.",
    "在比较的 {n} 项对策中，该组合在预算内净现值最高。",
)
_NO_PLAN = Pair("Nothing is planned: {why}", "未列入任何对策：{why}")
_NONE_OFFERED = Pair("no countermeasure could be offered.", "目前没有可提供的对策。")
_NONE_NEEDED = Pair("no problem calls for it.", "没有需要处理的问题。")
_NONE_WORTH = Pair("none of those compared is worth its cost or fits the budget.", "所比较的对策均不经济或超出预算。")
_VERIFIED = Pair(
    "{grade} {boundary}, {start} to {end}: the {indicator} fell by {measured}{year}; claimed were {claimed}.",
    "{grade} {boundary}，{start} 至 {end}：{indicator}下降 {measured}{year}；预计为 {claimed}。",
)
_ROSE = Pair(
    "{grade} {boundary}, {start} to {end}: the {indicator} rose by {measured}{year}; claimed were {claimed}.",
    "{grade} {boundary}，{start} 至 {end}：{indicator}上升 {measured}{year}；预计为 {claimed}。",
)
_PER_YEAR = Pair(", that is {volume} as long as it lasts", "，若保持不变相当于 {volume}")
_DONE_TITLE = Pair("Done already", "已完成")
_DONE = Pair("{day}, at a cost of {cost}: {title}.{claim}", "{day} 完工，实际费用 {cost}：{title}。{claim}")
_DONE_SINCE = Pair("{day}: {title}.{claim}", "{day} 完工：{title}。{claim}")
_CLAIM = Pair(" Claimed: {effect}{saves}.", "预计{effect}{saves}。")
_NOT_YET = Pair(
    "Nothing yet: no works have been finished and observed long enough.", "暂无：尚无完工且观测期足够的工程。"
)
_INTERVALS = Pair(
    "Brackets are {level} % intervals: of 100 such intervals about {level} should hold the true value. {money}",
    "括号内为 {level}% 区间：100 个这样的区间中约有 {level} 个应包含真值。{money}",
)
_NO_PRICES = Pair(
    "Those of money count the doubt about the effect, not about prices.",
    "金额区间只反映效果的不确定性，不含单价的不确定性。",
)
_WITH_PRICES = Pair(
    "Those of net present values count the doubt about the effect and the stated ranges of prices; those of yearly losses "
    "the effect alone.",
    "净现值区间同时反映效果和单价（按所列范围）的不确定性；年损失区间只反映效果的不确定性。",
)
_MODEL = Pair(
    "Places are likely, not proved: their probability holds only if the network model and the sensors are right.",
    "位置是可能性而非定论：概率以管网模型和测点数据无误为前提。",
)
_CLAIMS = Pair(
    "Claims come from models and assumptions. Only “{measured}” rests on observations alone: {grades}.",
    "“预计”来自模型和假设；只有“{measured}”完全依据观测：{grades}。",
)
_ONLY_CLAIMS = Pair(
    "All effects are claims from models and assumptions; none has been measured yet.",
    "所有效果均为模型和假设得出的预计值，尚无实测。",
)
_COUNT = Pair("{n} {grade}", "{grade} {n} 项")


def headline(facts: Facts, unknown: Sequence[Inline]) -> Section:
    """The section; `unknown` are the sentences of "what is not known", of which the first few are repeated."""
    shown = [p for p in facts.concerns if p.status not in ("dismissed", "merged")]
    answers = [(_WHERE, _where(facts, shown))]
    if shown:
        answers.append((_WHY, _cut([why_there(facts, p) for p in shown], MOST, _PROBLEMS)))
    answers.append((_BRINGS, _brings(facts)))
    if done := [_done(facts, p) for p in _finished(facts)]:
        answers.append((_DONE_TITLE, _cut(done, MOST, Pair("Projects and findings", "项目与现场发现"))))
    answers += [(_MEASURED, _measured(facts)), (_SURE, _sure(facts, shown))]
    answers.append((UNKNOWN_TITLE, _cut(list(unknown), MOST_UNKNOWN, UNKNOWN_TITLE)))
    notice = _SIMULATED if facts.settings.twin else _PARTLY
    blocks: list[Block] = [Notice(notice, "simulated")] if facts.simulated else []
    rows = tuple((title, Lines(tuple(lines))) for title, lines in answers)
    return Section("summary", _TITLE, (*blocks, Answers(rows)))


def _cut(lines: list[Inline], most: int, section: Pair) -> list[Inline]:
    """The first lines, and how many more there are where."""
    if len(lines) <= most:
        return lines
    return [*lines[:most], Sentence(_MORE, {"n": str(len(lines) - most), "section": section})]


# --- where, why --------------------------------------------------------------------------------------------------
def _where(facts: Facts, shown: list[Problem]) -> list[Inline]:
    lines = _cut([where_first(facts, p) for p in shown if stands(p) and "nowhere" not in p.details], MOST, _PROBLEMS)
    faults = [p for p in facts.sensor_faults if stands(p)]
    if faults:
        names = joined([facts.name(p.boundary) for p in faults])
        lines.append(Sentence(_SENSORS, {"n": str(len(faults)), "names": names}))
    if lines:
        return lines
    if shown:
        return [_CLOSED, *_cut([_solved(facts, p) for p in shown], MOST, _PROBLEMS)]
    days = sorted(d for s in facts.series.values() for d, _ in s.known)
    if not days:
        return [_NO_DATA]
    observed = len(set(days))
    said = {"n": str(observed), "start": days[0], "end": days[-1], "least": str(LEAST_DAYS)}
    if observed < LEAST_DAYS:
        return [Sentence(_TOO_SHORT, said)]
    return [Sentence(_NOTHING, {**said, "n": str(len({thing for thing, _ in facts.series}))})]


def where_first(facts: Facts, problem: Problem) -> Inline:
    """Where to begin, in the order of the ranks."""
    found = patches(problem.area, facts.things, problem.best_place)
    boundary = facts.name(problem.boundary)
    if found:
        places = [_patch(facts, problem, i, patch) for i, patch in enumerate(found[:MOST])]
        parts: dict[str, Inline] = {
            "boundary": boundary, "places": joined(places, Pair(", ", "，")), "n": str(len(problem.area)),
            "km": facts.area_km(problem),
            "half": facts.trace.derived(
                f"km_to_half:{problem.id}", km_to_half(problem.area), unit="km", decimals=1, of=[f"{problem.id}#area"],
                formula="sum of length_m / 1000 over the first ranks that hold half of the probability of the area",
            ),
        }  # fmt: skip
        return with_badge(Sentence(_AREA, parts), problem.simulated)
    thing = facts.things.get(problem.best_place or problem.boundary)
    if thing is None or thing.kind == "boundary":
        return with_badge(Sentence(_WITHIN, {"boundary": boundary, "kind": named(problem.kind)}), problem.simulated)
    at = {"boundary": facts.name(thing.id), "kind": named(problem.kind)}
    return with_badge(Sentence(_AT, at), problem.simulated)


def _patch(facts: Facts, problem: Problem, i: int, patch: Patch) -> Inline:
    key, of = f"{problem.id}:{i + 1}", [f"{problem.id}#area"]
    share = facts.trace.derived(
        f"patch_share:{key}",
        patch.share * 100,
        unit="%",
        decimals=0,
        of=of,
        formula="sum of probability over the patch",
    )
    km = facts.trace.derived(
        f"patch_km:{key}", patch.km, unit="km", decimals=1, of=of, formula="sum of length_m over the patch / 1000"
    )
    return Sentence(_THEN if i else _FIRST, {"place": facts.name(patch.place), "share": share, "km": km})


def _solved(facts: Facts, problem: Problem) -> Inline:
    """A problem that does not stand any more: its state, and what the crew found where after how far."""
    name, state = problem_name(facts, problem), word(STATES, problem.status)
    findings = [
        (project, i, finding)
        for project in facts.projects_of(problem)
        for i, finding in enumerate(project.findings)
        if finding.get("found") in facts.causes
    ]
    if not findings:
        return with_badge(Sentence(_SOLVED, {"problem": name, "state": state}), problem.simulated)
    places = joined([facts.name(str(f.get("place", ""))) for *_, f in findings])
    found: Inline = Sentence(_FOUND, {"what": named(str(findings[0][2]["found"])), "places": places})
    project, i, last = findings[-1]
    if problem.area and isinstance(last.get("km_searched"), int | float):
        km = facts.trace.number(project.id, f"findings[{i}].km_searched", unit="km", digits=2)
        after = Sentence(_AFTER, {"km": km, "all": facts.area_km(problem)})
        found = Sentence(Pair("{found}{after}", "{found}{after}"), {"found": found, "after": after})
    said = Sentence(_SOLVED_AT, {"problem": name, "state": state, "found": found})
    return with_badge(said, problem.simulated)


def why_there(facts: Facts, problem: Problem) -> Inline:
    """The gap with its onset and price, and by what the place was found."""
    trace, id = facts.trace, problem.id
    cost: Inline = ""
    if problem.cost_per_year is not None:
        cost = Sentence(_COST, {"cost": trace.estimate(id, "cost_per_year")})
    return Sentence(
        _GAP if problem.onset else _GAP_NOW,
        {
            "problem": problem_name(facts, problem), "onset": trace.day(id, "onset"), "indicator": named(problem.indicator),
            "tense": _IS if stands(problem) else _WAS, "observed": trace.estimate(id, "observed", plain=True),
            "expected": trace.estimate(id, "expected", plain=True), "gap": trace.estimate(id, "gap"), "cost": cost,
            "by": both(str(problem.details.get("located_by", ""))),
        },
    )  # fmt: skip


# --- what it brings ----------------------------------------------------------------------------------------------
def _brings(facts: Facts) -> list[Inline]:
    every = [(plan, i) for plan in facts.plans for i in range(len(plan.lines))]
    done = {p.id for p in facts.projects if p.state in ("done", "cancelled")}
    lines = [(plan, i) for plan, i in every if plan.lines[i].project not in done]
    if every and not lines:
        return [Sentence(_LEFT_TO_DO, {"n": str(len(every))})]
    if not lines:
        if not any(stands(p) for p in facts.problems):
            why: Pair = _NONE_NEEDED
        else:
            why = _NONE_WORTH if facts.countermeasures else _NONE_OFFERED
        return [Sentence(_NO_PLAN, {"why": why})]
    lines.sort(key=lambda line: -line[0].lines[line[1]].net_present_value.value)
    compared = len({c for plan in facts.plans for c in (*plan.rejected, *(line.countermeasure for line in plan.lines))})
    shown = _cut([_line(facts, plan, i) for plan, i in lines], MOST, _PLAN)
    return [*shown, Sentence(_BEST, {"n": str(compared)})]


def _line(facts: Facts, plan: Plan, position: int) -> Inline:
    """One chosen countermeasure: what it claims and saves, what it costs and is worth."""
    line = plan.lines[position]
    chosen = facts.countermeasure(line.countermeasure)
    path = f"lines[{position}]"
    parts: dict[str, Inline] = {
        "what": _what(facts, chosen) if chosen else both(line.countermeasure),
        "year": facts.trace.number(plan.id, f"{path}.year", decimals=0, plain=True),
        "cost": facts.trace.money(plan.id, f"{path}.cost"),
        "npv": npv(facts, plan, position),
        "effect": _effects(facts, chosen),
        "saves": _saves(facts, chosen),
    }
    priced = chosen is None or any(row.kind == "benefit" for row in chosen.costs) or bool(chosen.effects)
    text = Sentence(_LINE if priced else _PLAIN_LINE, parts)
    return with_badge(text, plan.simulated or bool(chosen and chosen.simulated))


def npv(facts: Facts, plan: Plan, position: int) -> Inline:
    """Net present value of one line; its interval counts the stated ranges of prices where there are any."""
    line = next((x for x in lines_of(facts) if (x.plan, x.position) == (plan.id, position)), None)
    path = f"lines[{position}].net_present_value"
    if line is None or not ranged(facts, [line]):
        return facts.trace.estimate(plan.id, path)
    return facts.trace.derived_estimate(
        f"npv:{plan.id}:{position}", npv_with_prices(facts, [line]), of=[f"{plan.id}#{path}"],
        formula="net_present_value, every price moved over its stated range, half-widths added in squares",
    )  # fmt: skip


def _what(facts: Facts, chosen: Countermeasure) -> Inline:
    """Its title, with the place before it where the title does not name it."""
    title, place = Pair(chosen.title_en, chosen.title_zh), facts.name(chosen.boundary)
    named_there = place.en in title.en if isinstance(place, Pair) else str(place) in title.en
    return title if named_there else Sentence(_PLACED, {"place": place, "title": title})


def _effects(facts: Facts, chosen: Countermeasure | None) -> Inline:
    if chosen is None or not chosen.effects:
        return _NONE_CLAIMED
    said: list[Inline] = [
        Sentence(
            _FALLS if e.better == "lower" else _RISES,
            {"indicator": named(e.indicator), "estimate": facts.trace.estimate(chosen.id, f"effects[{i}].estimate")},
        )
        for i, e in enumerate(chosen.effects)
    ]
    return joined(said)


def _saves(facts: Facts, chosen: Countermeasure | None, said_so: Pair = _SAVES) -> Inline:
    """The quantities behind the priced benefits."""
    rows = [(i, r) for i, r in enumerate(chosen.costs) if r.kind == "benefit"] if chosen else []
    if chosen is None or not rows:
        return ""
    said: list[Inline] = [
        Sentence(
            said_so, {"name": named(row.name), "quantity": facts.trace.estimate(chosen.id, f"costs[{i}].quantity")}
        )
        for i, row in rows
    ]
    return joined(said, Pair("", ""))


# --- what was measured, how sure ---------------------------------------------------------------------------------
def _measured(facts: Facts) -> list[Inline]:
    lines = _cut([_verified(facts, v) for v in facts.verifications], MOST, Pair("Verification", "效果验证"))
    lines += unjudged_items(facts)[:MOST]
    return lines or [_NOT_YET]


def _finished(facts: Facts) -> list[Project]:
    """Finished works: those whose effect was measured first, then the most valuable by their plan."""
    judged = {id for v in facts.verifications for id in v.projects}
    worth = {line.project: line.net_present_value.value for plan in facts.plans for line in plan.lines}
    found = (p for p in facts.projects if p.state == "done")
    return sorted(found, key=lambda p: (p.id not in judged, -worth.get(p.id, 0.0), p.id))


def _done(facts: Facts, project: Project) -> Inline:
    """What was done, when, for how much."""
    measure = facts.countermeasure(project.countermeasure)
    last = max(i for i, s in enumerate(project.states) if s.state == "done")
    claim: Inline = ""
    if measure is not None and measure.effects:
        claim = Sentence(_CLAIM, {"effect": _effects(facts, measure), "saves": _saves(facts, measure, _SAVED)})
    text = Sentence(
        _DONE if project.states[last].cost else _DONE_SINCE,
        {
            "title": Pair(measure.title_en, measure.title_zh) if measure else both(project.name),
            "day": facts.trace.day(project.id, f"states[{last}].on"),
            "cost": facts.trace.money(project.id, f"states[{last}].cost"),
            "claim": claim,
        },
    )
    return with_badge(text, project.simulated)


def _verified(facts: Facts, found: Verification) -> Inline:
    """One verification in one sentence."""
    trace = facts.trace
    kind = {"confirmed": "good", "refuted": "bad"}.get(found.grade, "unclear")
    year: Inline = ""
    if found.measured.unit in YEAR_OF and found.grade == "confirmed":
        unit, factor = YEAR_OF[found.measured.unit]
        volume = trace.derived(
            f"year_of:{found.id}", found.measured.value * factor, unit=unit, formula=f"measured.value * {factor:g}",
            of=[f"{found.id}#measured.value"],
        )  # fmt: skip
        year = Sentence(_PER_YEAR, {"volume": volume})
    text = Sentence(
        _VERIFIED if found.better == "lower" else _ROSE,
        {
            "boundary": facts.name(found.boundary), "start": trace.day(found.id, "start"),
            "end": trace.day(found.id, "end"), "indicator": named(found.indicator),
            "measured": trace.estimate(found.id, "measured"), "claimed": trace.estimate(found.id, "claimed"),
            "grade": Badge(word(GRADES, found.grade), kind), "year": year,
        },
    )  # fmt: skip
    return with_badge(text, found.simulated)


def _sure(facts: Facts, shown: list[Problem]) -> list[Inline]:
    """What the intervals, the probabilities and the claims mean."""
    level = f"{facts.view.policy.level * 100:g}"
    money = _WITH_PRICES if ranged(facts, lines_of(facts)) else _NO_PRICES
    lines: list[Inline] = [Sentence(_INTERVALS, {"level": level, "money": money})]
    if any(p.area for p in shown):
        lines.append(_MODEL)
    if facts.verifications:
        grades = [v.grade for v in facts.verifications]
        counts: list[Inline] = [
            Sentence(_COUNT, {"n": str(grades.count(g)), "grade": word(GRADES, g)}) for g in dict.fromkeys(grades)
        ]
        lines.append(Sentence(_CLAIMS, {"measured": _MEASURED, "grades": joined(counts)}))
    elif facts.countermeasures:
        lines.append(_ONLY_CLAIMS)
    return lines
