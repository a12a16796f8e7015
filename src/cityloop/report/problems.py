"""What is wrong: every problem with its size, onset and cost; where it is on the map; how its indicator ran."""

from cityloop.i18n import Pair
from cityloop.records import Problem
from cityloop.report.blocks import (
    Block,
    Bullets,
    Details,
    Drawing,
    Inline,
    Lines,
    Paragraph,
    Section,
    Sentence,
    Table,
)
from cityloop.report.charts import daily_drawing
from cityloop.report.facts import Facts
from cityloop.report.maps import Places, area_drawings, network_drawing
from cityloop.report.words import STATES, both, named, with_badge, word

__all__ = ["map_section", "problem_name", "problems"]

#: Close-ups on the page; more problems have theirs in the dig list only.
MOST_CLOSE_UPS = 4

_TITLE = Pair("Problems", "问题")
_NONE = Pair("No problem is on record.", "没有已登记的问题。")
_HEAD: tuple[Inline, ...] = (
    Pair("Problem", "问题"), Pair("Indicator", "指标"), Pair("Gap", "差值"), Pair("Observed", "观测值"),
    Pair("Expected", "预期值"), Pair("Cost a year", "年损失"), Pair("Onset", "起始日"), Pair("State", "状态"),
)  # fmt: skip
_RANGE = Pair("{day} ({low} to {high})", "{day}（{low}～{high}）")
_NO_PRICE = Pair("not priced", "不计价")
_NOTES = Pair("How it was told: {what}", "判断依据：{what}")
_IN = Pair("{kind}, {where}", "{where}：{kind}")
_ASSIGNED = Pair("assigned to {who}", "已指派给 {who}")
_MERGED = Pair("merged into {what}", "已并入 {what}")

_MAP = Pair("Map and charts", "地图与曲线")
_NO_MAP = Pair(
    "There is no map: no network with coordinates is on record for this city.", "没有地图：本城市没有带坐标的网络资料。"
)
_NO_CHART = Pair("There is no daily series to draw.", "没有可绘制的逐日序列。")


def problem_name(facts: Facts, problem: Problem) -> Inline:
    """Kind and place of a problem."""
    return Sentence(_IN, {"kind": named(problem.kind), "where": facts.name(problem.boundary)})


def problems(facts: Facts) -> Section:
    """The section of problems."""
    found = [*facts.concerns, *facts.sensor_faults]
    if not found:
        return Section("problems", _TITLE, (Paragraph(_NONE),))
    blocks: list[Block] = [Table(_HEAD, tuple(_row(facts, p) for p in found), numeric=frozenset([2, 3, 4, 5]))]
    for problem in found:
        if problem.notes:
            title = Sentence(_NOTES, {"what": problem_name(facts, problem)})
            blocks.append(Details(title, (Bullets(tuple(both(n) for n in problem.notes)),)))
    return Section("problems", _TITLE, tuple(blocks))


def _row(facts: Facts, problem: Problem) -> tuple[Inline, ...]:
    trace, id = facts.trace, problem.id
    onset = trace.day(id, "onset")
    low, high = (problem.details.get(f"onset_{end}") for end in ("earliest", "latest"))
    if low and high and low != high:
        ends = {"low": trace.text(id, "details.onset_earliest"), "high": trace.text(id, "details.onset_latest")}
        onset = Sentence(_RANGE, {"day": onset, **ends})
    state: list[Inline] = [word(STATES, problem.status)]
    if problem.assigned_to:
        state.append(Sentence(_ASSIGNED, {"who": problem.assigned_to}))
    if problem.merged_into:
        state.append(Sentence(_MERGED, {"what": problem.merged_into}))
    return (
        with_badge(problem_name(facts, problem), problem.simulated),
        named(problem.indicator),
        trace.estimate(id, "gap"),
        trace.estimate(id, "observed"),
        trace.estimate(id, "expected"),
        trace.estimate(id, "cost_per_year") if problem.cost_per_year else _NO_PRICE,
        onset,
        Lines(tuple(state)),
    )


# --- map and charts ----------------------------------------------------------------------------------------------
def map_section(facts: Facts, places: Places) -> Section:
    """Map, close-ups, and the indicator of every problem; without problems one chart of each boundary."""
    whole = network_drawing(facts, places)
    blocks: list[Block] = [whole] if whole is not None else [Paragraph(_NO_MAP)]
    if whole is not None:
        blocks += [d for p in facts.concerns if p.area for d in area_drawings(facts, places, p)][:MOST_CLOSE_UPS]
    charts = _charts(facts)
    if charts:
        return Section("map", _MAP, (*blocks, *charts))
    return Section("map", _MAP, (*blocks, Paragraph(_NO_CHART)))


def _charts(facts: Facts) -> list[Drawing]:
    """Each pair of Thing and indicator once, with its dearest problem."""
    asked: dict[tuple[str, str], Problem | None] = {}
    for problem in facts.concerns:
        asked.setdefault((problem.boundary, problem.indicator), problem)
    for found in facts.verifications:
        asked.setdefault((found.boundary, found.indicator), None)
    if not asked.keys() & facts.series.keys():
        asked |= {next(k for k in facts.series if k[0] == thing): None for thing, _ in facts.series}
    drawn = (daily_drawing(facts, thing, indicator, problem) for (thing, indicator), problem in asked.items())
    return [d for d in drawn if d is not None]
