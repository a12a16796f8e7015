"""Section 3: every problem with its size, onset, cost and evidence; section 4: where it is; section 5: the dig list."""

from collections.abc import Mapping

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
    Subtitle,
    Table,
)
from cityloop.report.charts import daily_drawing
from cityloop.report.facts import Facts
from cityloop.report.maps import Places, area_drawing, network_drawing
from cityloop.report.trace import NOT_KNOWN
from cityloop.report.words import KINDS, STATES, both, with_badge, word

__all__ = ["dig_list", "map_section", "problems"]

#: Rows of the dig list on the page; loop.json holds them all.
FIRST_ROWS, MOST_ROWS = 30, 300
WORK_DAYS = 5
#: Close-ups on the page; more problems have theirs in the dig list only.
MOST_CLOSE_UPS = 4

_TITLE = Pair("Problems", "问题")
_NONE = Pair("No problem is on record.", "没有已登记的问题。")
_SEVERITY = Pair(
    "Severity (own definition): the gap as a share of what was expected; high from 20 %, medium from 5 %.",
    "严重程度（自定义）：差值占预期值的比例，20% 及以上为高，5% 及以上为中。",
)
_HEAD: tuple[Inline, ...] = (
    Pair("Problem", "问题"), Pair("Severity", "严重程度"), Pair("Gap", "差值"), Pair("Observed", "观测值"),
    Pair("Expected", "预期值"), Pair("Cost a year", "年损失"), Pair("Onset", "出现时刻"), Pair("State", "状态"),
    Pair("Evidence", "证据"),
)  # fmt: skip
_HIGH, _MEDIUM, _LOW = Pair("high", "高"), Pair("medium", "中"), Pair("low", "低")
_DATA = Pair("measurement", "测量质量")
_RANGE = Pair("{day} ({low} to {high})", "{day}（{low}～{high}）")
_NO_PRICE = Pair("no price", "无单价")
_NOTES = Pair("Notes on {what}", "说明：{what}")
_IN = Pair("{kind}, {where}", "{where}：{kind}")
_ASSIGNED = Pair("assigned to {who}", "已指派给 {who}")
_MERGED = Pair("merged into {what}", "已并入 {what}")

_MAP = Pair("Map and night flow", "地图与夜间流量")
_NO_MAP = Pair(
    "There is no map: no network with coordinates is on record for this city.", "没有地图：本城市没有带坐标的管网资料。"
)
_NO_CHART = Pair("There is no daily series to draw.", "没有可绘制的逐日序列。")
_OTHERS = Pair("Night flow of the other boundaries", "其他分区的夜间流量")

_DIG = Pair("Dig list", "检漏清单")
_NO_DIG = Pair(
    "There is no dig list: no leak could be placed inside a boundary.", "没有检漏清单：没有漏损可定位到分区内部。"
)
_HOW = Pair(
    "{boundary}: search in this order. {n} pipes, {km}; crew speed {speed}, {days} days a week. A rank is a share of "
    "probability, not a proof.{chosen}",
    "{boundary}：按此顺序检漏。共 {n} 段管道，{km}；班组速度 {speed}，每周 {days} 天。排序表示概率份额，不是证明。{chosen}",
)
_ENDS = Pair(" The chosen survey ends at rank {rank} (marked).", "所选检漏到第 {rank} 位为止（已标出）。")
_DIG_HEAD: tuple[Inline, ...] = (
    Pair("Rank", "排序"), Pair("Pipe", "管道"), Pair("Length", "长度"), Pair("Probability", "概率"),
    Pair("Cumulated", "累计概率"), Pair("Km so far", "累计长度"), Pair("Crew-weeks so far", "累计班组·周"),
    Pair("Middle (x, y)", "中点（x, y）"), Pair("Record id", "记录编号"),
)  # fmt: skip
_REST = Pair("Ranks {first} to {last}", "第 {first}～{last} 位")
_LEFT = Pair("Ranks from {first} on ({n} pipes) stand in loop.json.", "第 {first} 位起的 {n} 段管道见 loop.json。")


# --- problems ----------------------------------------------------------------------------------------------------
def problems(facts: Facts) -> Section:
    """The section of problems."""
    found = [*facts.leaks, *facts.sensor_faults]
    if not found:
        return Section("problems", _TITLE, (Paragraph(_NONE),))
    blocks: list[Block] = [Table(_HEAD, tuple(_row(facts, p) for p in found), numeric=frozenset([2, 3, 4, 5]))]
    blocks.append(Paragraph(_SEVERITY))
    for problem in found:
        if problem.notes:
            title = Sentence(_NOTES, {"what": _what(facts, problem)})
            blocks.append(Details(title, (Bullets(tuple(both(n) for n in problem.notes)),)))
    return Section("problems", _TITLE, tuple(blocks))


def _what(facts: Facts, problem: Problem) -> Inline:
    return Sentence(_IN, {"kind": word(KINDS, problem.kind), "where": facts.name(problem.boundary)})


def _row(facts: Facts, problem: Problem) -> tuple[Inline, ...]:
    trace, id = facts.trace, problem.id
    onset = trace.day(id, "onset")
    if {"onset_earliest", "onset_latest"} <= set(problem.details):
        low, high = trace.text(id, "details.onset_earliest"), trace.text(id, "details.onset_latest")
        onset = Sentence(_RANGE, {"day": onset, "low": low, "high": high})
    state: Inline = word(STATES, problem.status)
    if problem.assigned_to:
        state = Lines((state, Sentence(_ASSIGNED, {"who": problem.assigned_to})))
    if problem.merged_into:
        state = Lines((state, Sentence(_MERGED, {"what": problem.merged_into})))
    cost = trace.estimate(id, "cost_per_year") if problem.cost_per_year else _NO_PRICE
    return (
        with_badge(_what(facts, problem), problem.simulated),
        _severity(problem),
        trace.estimate(id, "gap"),
        trace.estimate(id, "observed"),
        trace.estimate(id, "expected"),
        cost,
        onset,
        state,
        f"{problem.evidence.sha256[:12]}…",
    )


def _severity(problem: Problem) -> Inline:
    if problem.kind == "failing_sensor":
        return _DATA
    if problem.expected.value <= 0:
        return _HIGH
    share = problem.gap.value / problem.expected.value
    return _HIGH if share >= 0.2 else _MEDIUM if share >= 0.05 else _LOW


# --- map and night flow ------------------------------------------------------------------------------------------
def map_section(facts: Facts, places: Places) -> Section:
    """Map, close-ups, night flow of each boundary with a problem."""
    whole = network_drawing(facts, places)
    blocks: list[Block] = [whole] if whole is not None else [Paragraph(_NO_MAP)]
    leaks = {p.boundary: p for p in reversed(facts.leaks)}
    if whole is not None:
        close = [area_drawing(facts, places, p) for p in facts.leaks if p.area][:MOST_CLOSE_UPS]
        blocks += [d for d in close if d is not None]
    charts: list[Drawing] = []
    others: list[Drawing] = []
    for boundary in facts.boundaries:
        found = daily_drawing(facts, boundary, "night_flow", leaks.get(boundary.id))
        if found is not None:
            marked = boundary.id in leaks or any(p.boundary == boundary.id for p in facts.projects)
            (charts if marked else others).append(found)
    blocks += charts
    if others:
        blocks += [Details(_OTHERS, tuple(others))] if charts else others[:2]
        if not charts and others[2:]:
            blocks.append(Details(_OTHERS, tuple(others[2:])))
    if not charts and not others:
        blocks.append(Paragraph(_NO_CHART))
    return Section("map", _MAP, tuple(blocks))


# --- dig list ----------------------------------------------------------------------------------------------------
def dig_list(facts: Facts, places: Places) -> Section:
    """Ranked pipes of every placed leak, with kilometres and crew-weeks up to each."""
    blocks: list[Block] = []
    ranked = [p for p in facts.leaks if p.area and p.status not in ("dismissed", "merged")]
    for problem in ranked:
        if len(ranked) > 1:
            blocks.append(Subtitle(_what(facts, problem)))
        blocks += _dig_blocks(facts, places, problem)
    return Section("dig", _DIG, tuple(blocks or [Paragraph(_NO_DIG)]))


def _chosen_rows(facts: Facts, problem: Problem) -> int:
    """How many ranks the chosen survey covers; 0 if none is chosen."""
    for id in facts.chosen:
        chosen = facts.countermeasure(id)
        if chosen is not None and problem.id in chosen.answers and chosen.area:
            covered = {row.thing for row in chosen.area}
            return sum(1 for row in problem.area if row.thing in covered)
    return 0


def _dig_blocks(facts: Facts, places: Places, problem: Problem) -> list[Block]:
    chosen = _chosen_rows(facts, problem)
    speed = facts.trace.exact("city", "policy.crew_km_per_day", unit="km/day")
    ends: Inline = Sentence(_ENDS, {"rank": str(chosen)}) if chosen else ""
    parts: Mapping[str, Inline] = {
        "boundary": with_badge(facts.name(problem.boundary), problem.simulated), "n": str(len(problem.area)),
        "km": facts.area_km(problem), "speed": speed, "days": str(WORK_DAYS), "chosen": ends,
    }  # fmt: skip
    rows = _dig_rows(facts, places, problem)
    last = min(chosen - 1, len(rows) - 1)
    blocks: list[Block] = [Paragraph(Sentence(_HOW, parts))]
    first = Table(
        _DIG_HEAD,
        tuple(rows[:FIRST_ROWS]),
        numeric=frozenset(range(2, 8)),
        marked=frozenset([last] if last >= 0 else []),
    )
    blocks.append(first)
    if len(rows) > FIRST_ROWS:
        more = Table(
            _DIG_HEAD, tuple(rows[FIRST_ROWS:]), numeric=frozenset(range(2, 8)), marked=frozenset([last - FIRST_ROWS])
        )
        title = Sentence(_REST, {"first": str(FIRST_ROWS + 1), "last": str(len(rows))})
        blocks.append(Details(title, (more,)))
    if len(problem.area) > len(rows):
        left = {"first": str(len(rows) + 1), "n": str(len(problem.area) - len(rows))}
        blocks.append(Paragraph(Sentence(_LEFT, left)))
    return blocks


def _dig_rows(facts: Facts, places: Places, problem: Problem) -> list[tuple[Inline, ...]]:
    trace, id = facts.trace, problem.id
    speed = facts.view.policy.crew_km_per_day
    whole_km = sum(row.length_m for row in problem.area) / 1000
    decimals = 1 if whole_km > 50 * max(speed, 1e-9) else 2 if whole_km > 5 * max(speed, 1e-9) else 3
    rows: list[tuple[Inline, ...]] = []
    share = km = 0.0
    for i, row in enumerate(problem.area[:MOST_ROWS]):
        share, km, at = share + row.probability, km + row.length_m / 1000, places.middle(row.thing)
        of = [f"{id}#area"]
        key = f"{id}:{row.rank}"
        weeks: Inline = NOT_KNOWN
        if speed > 0:
            weeks = trace.derived(
                f"dig_weeks:{key}", km / speed / WORK_DAYS, decimals=decimals, of=[*of, "city#policy.crew_km_per_day"],
                formula=f"sum of length_m up to this rank / 1000 / crew_km_per_day / {WORK_DAYS}",
            )  # fmt: skip
        rows.append(
            (
                trace.number(id, f"area[{i}].rank", decimals=0),
                trace.text(id, f"area[{i}].name"),
                trace.number(id, f"area[{i}].length_m", unit="m", decimals=0),
                trace.percent(id, f"area[{i}].probability"),
                trace.derived(
                    f"dig_share:{key}", share * 100, unit="%", decimals=1, of=of, formula="sum of probability"
                ),
                trace.derived(f"dig_km:{key}", km, unit="km", decimals=2, of=of, formula="sum of length_m / 1000"),
                weeks,
                f"{at[0]:.7g}, {at[1]:.7g}" if at else NOT_KNOWN,
                trace.text(id, f"area[{i}].thing"),
            )
        )
    return rows
