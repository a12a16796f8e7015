"""For the public: what was wrong, what was done, what was measured, what is not known, in plain words.

Boundaries are named, nothing inside them: no pipe, no sensor, no coordinates, no person. Rendered without traces.
"""

from dataclasses import replace

from cityloop.i18n import Pair
from cityloop.loop.request_indicators import SMALL, service_of
from cityloop.loop.requests import read_citizens
from cityloop.records import Problem, Project, Verification
from cityloop.report.balance import has_water_balance
from cityloop.report.blocks import (
    Block,
    Bullets,
    Drawing,
    Inline,
    Notice,
    Paragraph,
    Section,
    Sentence,
    Subtitle,
    joined,
)
from cityloop.report.charts import daily_drawing
from cityloop.report.facts import Facts
from cityloop.report.order import stands
from cityloop.report.risk import Line, ahead, lines_of, state_of
from cityloop.report.words import LEAST_DAYS, named

__all__ = ["public"]

#: Litres per second to cubic metres a day, and to cubic metres a year.
PER_DAY, PER_YEAR = 86.4, 31_536.0
MOST_CHARTS = 3
#: Kinds of Things that are areas, not places.
_AREAS = ("boundary", "supply_system", "city")

_TITLE = Pair("For the public", "公众说明")
_SIMULATED = Pair(
    "This is an example: the readings, works and finds are simulated and say nothing about a real town.",
    "本页为演示：观测、工程和现场发现均为模拟，不代表任何真实城镇。",
)
_WRONG, _DONE = Pair("What was wrong", "发现了什么问题"), Pair("What was done", "做了什么")
_MEASURED, _NEXT = Pair("What was measured afterwards", "实测效果如何"), Pair("What comes next", "接下来做什么")
_UNKNOWN = Pair("What we do not know yet", "还有哪些不清楚")
_SOMEWHERE = Pair("one place of the network", "管网某处")

_NO_PROBLEM = Pair("Nothing that lasts was found in what the meters recorded.", "在现有计量数据中未发现持续性的问题。")
_NO_DATA = Pair("There are not enough readings yet to say anything.", "观测数据尚不足，暂无法判断。")
_FLOW = Pair(
    "{place}: {kind}. Since {onset}, more water flows at night than people there used to take: about {gap}, that is {volume}.",
    "{place}：{kind}。自 {onset} 起，夜间流量比以往多出约 {gap}，折合 {volume}。",
)
_OTHER = Pair(
    "{place}: {kind}. The {indicator} is {observed}; {expected} would be usual.",
    "{place}：{kind}。{indicator}为 {observed}，正常约为 {expected}。",
)
_STATE = {True: Pair("Not solved yet.", "尚未解决。"), False: Pair("Solved since.", "已解决。")}
_WITH_STATE = Pair("{text} {state}", "{text}{state}")
_FAULTS = Pair("{n} measuring point(s) gave readings that could not be relied on.", "有 {n} 个测点的读数不可靠。")
_NOTHING_DONE = Pair("No works have been finished yet.", "尚无完工的工程。")
_WORKS = Pair("{day}, {place}: {kind}.{found}{cost}", "{day}，{place}：{kind}。{found}{cost}")
_FOUND = Pair(" Found: {what}.", "现场查实：{what}。")
_COST = Pair(" It cost {cost}.", "费用 {cost}。")
_NOT_MEASURED = Pair(
    "Nothing yet: an effect is stated only when the meters have shown it for some weeks after the works.",
    "暂无：完工并观测数周、由计量数据证实之后才会公布效果。",
)
_GRADE = {
    "confirmed": Pair(
        "{place}: the {indicator} fell by {measured}. The meters prove it: the true fall lies between {low} and {high} with "
        "{level} % certainty.{year}",
        "{place}：{indicator}下降 {measured}，已由计量数据证实（真实降幅在 {low}～{high} 之间的把握为 {level}%）。{year}",
    ),
    "refuted": Pair(
        "{place}: the works did not bring what was promised. The {indicator} changed by {measured} ({low} to {high}, {level} % "
        "certain).{year}",
        "{place}：工程未达到预期效果，{indicator}变化 {measured}（{low}～{high}，把握 {level}%）。{year}",
    ),
    "inconclusive": Pair(
        "{place}: the meters cannot tell yet whether the works helped (between {low} and {high}, {level} % certain).{year}",
        "{place}：计量数据尚不能判断工程是否有效（{low}～{high}，把握 {level}%）。{year}",
    ),
}
_ROSE = Pair(
    "{place}: the {indicator} rose by {measured}. The meters prove it: the true rise lies between {low} and {high} with "
    "{level} % certainty.{year}",
    "{place}：{indicator}上升 {measured}，已由计量数据证实（真实升幅在 {low}～{high} 之间的把握为 {level}%）。{year}",
)
_YEAR = Pair(" Over a year that is {volume}.", "全年合 {volume}。")
_NOTHING_NEXT = Pair("No further works are planned.", "目前没有列入计划的工程。")
_PLANNED = Pair(
    "{year}, {place}: {kind} for about {cost}; {state}.", "{year} 年，{place}：{kind}，费用约 {cost}；{state}。"
)
_DECIDED = {
    False: Pair("proposed, not decided yet", "已提出，尚未决策"), True: Pair("decided", "已决定实施"),
}  # fmt: skip
_ONLY_METERED = Pair(
    "Only what is metered can be seen; what is small or short stays unnoticed.",
    "只能看到已计量的情况，微小或短暂的变化无法察觉。",
)
_PLACE_UNKNOWN = Pair("Where exactly in {places} the trouble lies.", "{places}的问题具体位于何处。")
_LIKELY = Pair("The places where crews search are likely, not certain.", "班组排查的位置只是可能性较大，并非确定。")
_CLAIMS = Pair(
    "What planned works will bring is an estimate until it has been measured.", "计划中工程的效果在实测之前只是估计。"
)
_PRICES = Pair(
    "Amounts of money rest on {n} numbers that are assumed or not confirmed.",
    "金额所依据的取值中有 {n} 项为假设或未核实。",
)
_HEARD = Pair("What citizens told", "市民反映了什么")
_REQUESTS = Pair("{n} requests on water are on record.{solved}", "在册用水相关诉求 {n} 件。{solved}")
_SOLVED = Pair(
    " Of those who were asked afterwards, {share} ({low} to {high}, {level} % certain) say that theirs was solved.",
    "回访作答者中，{share} 表示已解决（{low}～{high}，把握 {level}%）。",
)
_TELL = Pair(
    "Water in the street, a sudden fall of pressure: please tell your water company. Such reports are evidence too.",
    "如发现路面冒水、水压突降，请告知供水企业；市民反映同样是依据。",
)


def public(facts: Facts) -> Section:
    """The section; it says so where nothing is known yet."""
    blocks: list[Block] = [Notice(_SIMULATED, "simulated")] if facts.simulated else []
    charts, judged = _charts(facts), bool(facts.verifications)
    blocks += [Subtitle(_WRONG), Bullets(tuple(_wrong(facts))), *([] if judged else charts)]
    blocks += [Subtitle(_DONE), Bullets(tuple(_done(facts)))]
    blocks += [Subtitle(_MEASURED), Bullets(tuple(_measured(facts))), *(charts if judged else [])]
    if heard := _heard(facts):
        blocks += [Subtitle(_HEARD), Bullets((heard,))]
    blocks += [Subtitle(_NEXT), Bullets(tuple(_next(facts)))]
    blocks += [Subtitle(_UNKNOWN), Bullets(tuple(_unknown(facts)))]
    if has_water_balance(facts):
        blocks.append(Paragraph(_TELL))
    return Section("public", _TITLE, tuple(blocks))


def _place(facts: Facts, thing: str) -> Inline:
    """The name of an area; nothing inside one is named."""
    found = facts.things.get(thing)
    return facts.name(thing) if found is not None and found.kind in _AREAS else _SOMEWHERE


def _wrong(facts: Facts) -> list[Inline]:
    shown = [p for p in facts.concerns if p.status not in ("dismissed", "merged")]
    items = [_problem(facts, p) for p in shown]
    if faults := [p for p in facts.sensor_faults if p.status not in ("dismissed", "merged")]:
        items.append(Sentence(_FAULTS, {"n": str(len(faults))}))
    if items:
        return items
    days = {d for s in facts.series.values() for d, _ in s.known}
    return [_NO_PROBLEM if len(days) >= LEAST_DAYS else _NO_DATA]


def _problem(facts: Facts, problem: Problem) -> Inline:
    trace, id = facts.trace, problem.id
    parts: dict[str, Inline] = {"place": _place(facts, problem.boundary), "kind": named(problem.kind)}
    if problem.gap.unit == "L/s" and problem.onset is not None:
        parts |= {
            "onset": trace.day(id, "onset"), "gap": trace.estimate(id, "gap", plain=True),
            "volume": trace.derived(
                f"gap_volume:{id}", problem.gap.value * PER_DAY, unit="m3/day", digits=2, formula="gap.value * 86.4",
                of=[f"{id}#gap.value"],
            ),
        }  # fmt: skip
        text = Sentence(_FLOW, parts)
    else:
        parts |= {
            "indicator": named(problem.indicator), "observed": trace.estimate(id, "observed", plain=True),
            "expected": trace.estimate(id, "expected", plain=True),
        }  # fmt: skip
        text = Sentence(_OTHER, parts)
    return Sentence(_WITH_STATE, {"text": text, "state": _STATE[stands(problem)]})


def _done(facts: Facts) -> list[Inline]:
    found = sorted((p for p in facts.projects if p.state == "done"), key=lambda p: (p.states[-1].on, p.id))
    return [_works(facts, p) for p in found] or [_NOTHING_DONE]


def _works(facts: Facts, project: Project) -> Inline:
    measure = facts.countermeasure(project.countermeasure)
    last = len(project.states) - 1
    causes = dict.fromkeys(str(f["found"]) for f in project.findings if f.get("found") in facts.causes)
    found: Inline = Sentence(_FOUND, {"what": joined([named(c) for c in causes])}) if causes else ""
    cost: Inline = ""
    if project.states[last].cost is not None:
        cost = Sentence(_COST, {"cost": facts.trace.money(project.id, f"states[{last}].cost")})
    return Sentence(
        _WORKS,
        {
            "day": facts.trace.day(project.id, f"states[{last}].on"), "place": _place(facts, project.boundary),
            "kind": named(measure.kind if measure else "own_works"), "found": found, "cost": cost,
        },
    )  # fmt: skip


def _measured(facts: Facts) -> list[Inline]:
    return [_verified(facts, v) for v in facts.verifications] or [_NOT_MEASURED]


def _verified(facts: Facts, found: Verification) -> Inline:
    trace, id = facts.trace, found.id
    year: Inline = ""
    if found.grade == "confirmed" and found.measured.unit == "L/s" and found.better == "lower":
        volume = trace.derived(
            f"public_year:{id}", found.measured.value * PER_YEAR, unit="m3/year", digits=2, formula="measured.value * 31536",
            of=[f"{id}#measured.value"],
        )  # fmt: skip
        year = Sentence(_YEAR, {"volume": volume})
    rose = found.grade == "confirmed" and found.better == "higher"
    unit = found.measured.unit
    return Sentence(
        _ROSE if rose else _GRADE[found.grade],
        {
            "place": _place(facts, found.boundary), "indicator": named(found.indicator),
            "measured": trace.estimate(id, "measured", plain=True), "low": trace.number(id, "measured.low"),
            "high": trace.number(id, "measured.high", unit=unit),
            "level": trace.number(id, "measured.level", decimals=0, scale=(100.0, 100.0)), "year": year,
        },
    )  # fmt: skip


def _charts(facts: Facts) -> list[Block]:
    """The indicator of every verified boundary, else of every problem of one: without its table, under a neutral name."""
    asked: dict[tuple[str, str], Problem | None] = {(v.boundary, v.indicator): None for v in facts.verifications}
    for problem in facts.concerns:
        key = (problem.boundary, problem.indicator)
        if asked.get(key) is None and (key in asked or not facts.verifications):
            asked[key] = problem
    charts: list[Block] = []
    for (thing, indicator), problem_of in asked.items():
        found = facts.things.get(thing)
        if found is None or found.kind != "boundary" or len(charts) == MOST_CHARTS:
            continue
        drawing = daily_drawing(facts, thing, indicator, problem_of, name=f"public-{len(charts) + 1}")
        if isinstance(drawing, Drawing):
            charts.append(replace(drawing, twin=None))
    return charts


def _heard(facts: Facts) -> Inline | None:
    """How many requests there are, and how many were solved; a few are left untold, lest somebody be recognised."""
    citizens = read_citizens(facts.view)
    if len(citizens.placed) < SMALL:
        return None
    served, level = service_of(citizens.placed, citizens), facts.view.policy.level
    of = [p.request.id for p in citizens.placed]
    solved: Inline = ""
    if served.resolved.of >= SMALL:
        share = served.resolved
        parts: dict[str, Inline] = {
            key: facts.trace.derived(
                f"public_solved:{key}", value * 100, unit="%", decimals=0, formula="Wilson interval of resolved", of=of
            )
            for key, value in (("share", share.hits / share.of), ("low", share.low), ("high", share.high))
        }
        solved = Sentence(_SOLVED, {**parts, "level": f"{level * 100:g}"})
    n = facts.trace.derived("public_requests", len(of), decimals=0, formula="number of requests", of=of)
    return Sentence(_REQUESTS, {"n": n, "solved": solved})


def _next(facts: Facts) -> list[Inline]:
    return [_planned(facts, line) for line in ahead(facts, lines_of(facts))] or [_NOTHING_NEXT]


def _planned(facts: Facts, line: Line) -> Inline:
    path = f"lines[{line.position}]"
    return Sentence(
        _PLANNED,
        {
            "year": facts.trace.number(line.plan, f"{path}.year", decimals=0, plain=True),
            "place": _place(facts, line.measure.boundary), "kind": named(line.measure.kind),
            "cost": facts.trace.money(line.plan, f"{path}.cost"),
            "state": _DECIDED[state_of(facts, line) not in ("", "proposed")],
        },
    )  # fmt: skip


def _unknown(facts: Facts) -> list[Inline]:
    items: list[Inline] = []
    unplaced = [p for p in facts.concerns if stands(p) and not p.area and not p.best_place]
    if unplaced:
        places = list(dict.fromkeys(p.boundary for p in unplaced))
        items.append(Sentence(_PLACE_UNKNOWN, {"places": joined([_place(facts, p) for p in places])}))
    if any(p.area and stands(p) for p in facts.concerns):
        items.append(_LIKELY)
    if ahead(facts, lines_of(facts)):
        items.append(_CLAIMS)
    assumed = [v for v in facts.settings.stated.values() if v.status in ("assumed", "unconfirmed")]
    if assumed and facts.countermeasures:
        items.append(Sentence(_PRICES, {"n": str(len(assumed))}))
    return [*items, _ONLY_METERED]
