"""Citizens' requests: how they are served, which lie beside a problem and whether by more than chance, before and after works."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from cityloop.evidence.counts import RateRatio
from cityloop.i18n import Pair
from cityloop.loop.request_indicators import SMALL, Service, service_by, service_of
from cityloop.loop.request_texts import TEXTS, TYPES, UNTOLD
from cityloop.loop.requests import AroundWorks, Citizens, Comparison, Joined, read_citizens
from cityloop.report.blocks import (
    Badge,
    Block,
    Bullets,
    Details,
    Inline,
    Lines,
    Notice,
    Paragraph,
    Section,
    Sentence,
    Subtitle,
    Table,
    joined,
)
from cityloop.report.facts import Facts
from cityloop.report.problems import problem_name
from cityloop.report.request_figures import RequestFigures
from cityloop.report.trace import NOT_KNOWN
from cityloop.report.words import both, named, simulated

__all__ = ["beside_problems", "requests"]

#: Requests listed on the page for one problem; loop.json holds them all.
MOST_ROWS = 30

_TITLE = Pair("Citizens' requests", "市民诉求")
_INTRO = Pair(
    "{n} requests on record, accepted {spans}. {unplaced} of them lie in no area that can be told. {badge}",
    "在册诉求 {n} 件，受理时间 {spans}；其中 {unplaced} 件无法归入分区。{badge}",
)
_SPAN = Pair("{start} to {end} ({system})", "{start} 至 {end}（{system}）")
_WHY = Pair("{n} without an area: {why}", "未能归入分区 {n} 件：{why}")
_REMARK = Pair("{n} row(s): {text}", "{n} 行：{text}")
_SERVED = Pair("How they are served", "办理情况")
_HEAD: tuple[Inline, ...] = (
    Pair("Requests", "件数"), Pair("Open", "未办结"), Pair("Hours to dispatch", "派单用时（h）"), Pair("Hours to answer", "答复用时（h）"),
    Pair("On time", "按时率"), Pair("Resolved, of those called back", "解决率（回访作答者）"), Pair("of all closed", "占全部办结"),
    Pair("Satisfied, of those called back", "满意率（回访作答者）"), Pair("of all closed", "占全部办结"), Pair("Repeated", "重复"),
)  # fmt: skip
_AREA, _TYPE, _MONTH = Pair("Area", "分区"), Pair("Type", "诉求类型"), Pair("Month of acceptance", "受理月份")
_ALL, _NO_AREA = Pair("All", "全部"), Pair("no area", "未归入分区")
_BY_TYPE, _BY_MONTH = Pair("By type", "按诉求类型"), Pair("By area and month", "按分区和月份")
_FOOT = Pair(
    "Hours: median with its interval (none where they are too few for one). On time: of those answered, closed or overdue that have a due time; an extension counts "
    "({extended} had one, {limits} have a due time by a limit of the city's own). Resolved and satisfied: of those who answered the "
    "call-back, and of all that are closed. Intervals {level} %, Wilson's for shares. * fewer than {few}: read the interval, not "
    "the share.",
    "用时为中位数及其区间（件数过少者不给区间）。按时率：以有期限且已答复、已办结或已超期者为分母，准予延期的按延期后期限计（{extended} 件有延期，{limits} 件的期限按本市时限推算）。"
    "解决率、满意率分别以回访作答者和全部办结件为分母。区间为 {level}%，比率用威尔逊法。* 不足 {few} 件，应看区间而非比率。",
)


_BESIDE = Pair("Beside the problems", "与问题相关的诉求")
_BESIDE_HEAD: tuple[Inline, ...] = (
    Pair("Problem", "问题"), Pair("Window", "时段"), Pair("Requests", "诉求件数"),
    Pair("Expected by the same area before", "按本分区此前发生率的预期"),
    Pair("Expected by other areas meanwhile", "按同期其他分区的预期"), Pair("Near the search area", "靠近排查范围"), Pair("Verdict", "判断"),
)  # fmt: skip
_LINE = Pair(
    "{problem}: {n} citizens' request(s) without repeats since {start}, {expected} expected {by}: {verdict}.",
    "{problem}：自 {start} 起相关市民诉求 {n} 件（已剔除重复），{by}预期 {expected} 件，{verdict}。",
)
_BY = {
    "earlier": Pair("by the same area before", "按本分区此前发生率"),
    "elsewhere": Pair("by other areas meanwhile", "按同期其他分区发生率"),
}
_COUNT = Pair("{counted} ({n} with repeats)", "{counted}（含重复 {n}）")
_WINDOW = Pair("{start} to {end}", "{start} 至 {end}")
_EXPECTED = Pair("{value} ({low} to {high})", "{value}（{low}～{high}）")
_NEAR = Pair(
    "{hits} of {of}; other requests {other_hits} of {other_of}",
    "{of} 件中 {hits} 件；其他诉求 {other_of} 件中 {other_hits} 件",
)
_NEAR_CHANCE = Pair("by chance in {chance}", "偶然概率 {chance}")
_LIST = Pair("The {n} requests beside: {problem}", "{problem}：相关诉求 {n} 件")
_LIST_HEAD: tuple[Inline, ...] = (
    Pair("Number", "编号"), Pair("Accepted", "受理日期"), Pair("Type", "类型"), Pair("Code", "代码"), Pair("Placed by", "定位依据"),
    Pair("To the likelier half of the search area", "距排查范围较可能的一半"), Pair("State", "状态"), Pair("Resolved", "是否解决"),
    Pair("Satisfied", "是否满意"), Pair("Repeat", "重复"),
)  # fmt: skip
_OPEN, _CLOSED = Pair("open", "未办结"), Pair("closed", "已办结")
_YES, _NO = Pair("yes", "是"), Pair("no", "否")
_NO_CODES = Pair(
    "No code of these requests is said to bear on any kind of problem: state codes under [[requests]] in city.toml.",
    "尚未写明各分类代码与哪类问题相关，请在 city.toml 的 [[requests]] 中写 codes。",
)
_NONE_JOINED = Pair("No request bears on a problem that is on record.", "没有诉求与在册问题相关。")
_WORKS = Pair("Before and after the works", "工程前后的诉求")
_WORKS_HEAD: tuple[Inline, ...] = (
    Pair("Works of", "工程所属问题"), Pair("Before", "工程前"), Pair("After", "工程后"), Pair("Rate after / before", "发生率之比（后/前）"),
)  # fmt: skip
_PER = Pair("{n} in {days} days ({start} to {end})", "{days} 天 {n} 件（{start} 至 {end}）")
_UNEXPLAINED = Pair("Requests of which nothing was observed", "未观测到相应问题的诉求")
_REMARKS = Pair("What their rows do not say", "工单信息不全之处")
_BADGES = {"more": "good", "fewer": "unclear", "same": "unclear", "untold": "status"}


def requests(facts: Facts, citizens: Citizens | None = None) -> Section | None:
    """The section of requests; None for a city without any. `citizens` = what was read of them already."""
    citizens = citizens or read_citizens(facts.view)
    if not citizens.placed:
        return None
    figures = RequestFigures(facts)
    blocks = [
        *_intro(facts, citizens, figures), *_served(facts, citizens, figures), *_beside(facts, citizens, figures),
        *_around(facts, citizens, figures), *_unexplained(facts, citizens, figures), *_remarks(citizens, figures),
    ]  # fmt: skip
    return Section("requests", _TITLE, tuple(blocks))


def _intro(facts: Facts, citizens: Citizens, figures: RequestFigures) -> list[Block]:
    unplaced = [p for p in citizens.placed if not p.boundary]
    root = figures.add("all", "every ServiceRequest", requests=len(citizens.placed), unplaced=len(unplaced))
    spans = [
        Sentence(_SPAN, {"start": _day(a), "end": _day(b - timedelta(days=1)), "system": system})
        for system, (a, b) in citizens.covered.items()
    ]
    flag = any(p.request.simulated for p in citizens.placed)
    values: dict[str, Inline] = {
        "n": figures.count(root, "requests"), "unplaced": figures.count(root, "unplaced"), "badge": simulated(flag),
        "spans": spans[0] if len(spans) == 1 else Lines(tuple(spans)),
    }  # fmt: skip
    blocks: list[Block] = [Paragraph(Sentence(_INTRO, values))]
    why = Counter(p.why for p in unplaced)
    items = []
    for i, (text, n) in enumerate(why.most_common(), 1):
        count = figures.one(f"unplaced:{i}", f"ServiceRequests without an area: {text.en}", n)
        items.append(Sentence(_WHY, {"n": count, "why": text}))
    if citizens.outside:
        outside = figures.one("outside", "ServiceRequests beyond a gap of their table", citizens.outside)
        items.append(Sentence(TEXTS["outside"], {"n": outside}))
    if items:
        blocks.append(Bullets(tuple(items)))
    return [*blocks, Notice(TEXTS["no_cause"])]


# --- how they are served -------------------------------------------------------------------------------------------
def _served(facts: Facts, citizens: Citizens, figures: RequestFigures) -> list[Block]:
    order = [b.id for b in facts.boundaries]
    areas = service_by(citizens, lambda p: p.boundary)
    ranked = sorted(areas, key=lambda k: (k == "", order.index(k) if k in order else len(order), k))
    rows = [_service(figures, f"area:{k}", facts.name(k) if k else _NO_AREA, areas[k]) for k in ranked]
    whole = service_of(citizens.placed, citizens)
    rows.append(_service(figures, "area:all", _ALL, whole))
    types = service_by(citizens, lambda p: p.request.type)
    of_types = tuple(_service(figures, f"type:{k or 'none'}", TYPES[k], types[k]) for k in sorted(types))
    limits = sum(p.request.due_by == "limit" for p in citizens.placed)
    foot: dict[str, Inline] = {
        "extended": figures.count("requests:area:all", "extended"),
        "limits": figures.one("limits", "ServiceRequests with due_by = limit", limits), "level": f"{whole.on_time.level * 100:.0f}", "few": str(SMALL),
    }  # fmt: skip
    numeric = frozenset(range(1, len(_HEAD) + 1))
    return [
        Subtitle(_SERVED), Table((_AREA, *_HEAD), tuple(rows), numeric=numeric, marked=frozenset([len(rows) - 1])),
        Paragraph(Sentence(_FOOT, foot)), Details(_BY_TYPE, (Table((_TYPE, *_HEAD), of_types, numeric=numeric),)),
        Details(_BY_MONTH, (_by_month(facts, citizens, figures, ranked),)),
    ]  # fmt: skip


def _by_month(facts: Facts, citizens: Citizens, figures: RequestFigures, areas: list[str]) -> Table:
    rows: list[tuple[Inline, ...]] = []
    for area in areas:
        months = service_by(citizens, lambda p: f"{citizens.day(p):%Y-%m}", chosen=lambda p, a=area: p.boundary == a)  # type: ignore[misc]
        for month, found in months.items():
            rows.append(
                (facts.name(area) if area else _NO_AREA, *_service(figures, f"month:{area}:{month}", month, found))
            )
    return Table((_AREA, _MONTH, *_HEAD), tuple(rows), numeric=frozenset(range(2, len(_HEAD) + 2)))


def _service(figures: RequestFigures, key: str, name: Inline, s: Service) -> tuple[Inline, ...]:
    shares = {
        name: {"hits": share.hits, "of": share.of, "value": share.value, "low": share.low, "high": share.high, "level": share.level}
        for name, share in vars(s).items() if hasattr(share, "hits")
    }  # fmt: skip
    spans = {n: vars(v) if (v := getattr(s, n)) else None for n in ("to_dispatch", "to_answer")}
    root = figures.add(
        key, f"ServiceRequests of {key}", requests=s.requests, open=s.open, extended=s.extended, **shares, **spans
    )
    few = {n: getattr(s, n).of < SMALL for n in ("on_time", "resolved", "satisfied")}
    return (
        name, figures.count(root, "requests"), figures.count(root, "open"), figures.hours(root, "to_dispatch"),
        figures.hours(root, "to_answer"), figures.share(root, "on_time", few=few["on_time"]),
        figures.share(root, "resolved", few=few["resolved"]), figures.of(root, "resolved_of_closed"),
        figures.share(root, "satisfied", few=few["satisfied"]), figures.of(root, "satisfied_of_closed"),
        figures.of(root, "repeated"),
    )  # fmt: skip


# --- beside problems -----------------------------------------------------------------------------------------------
def _beside(facts: Facts, citizens: Citizens, figures: RequestFigures) -> list[Block]:
    beside = citizens.joined()
    blocks: list[Block] = [Subtitle(_BESIDE)]
    if not beside:
        coded = any(p.request.bears_on for p in citizens.placed)
        return [*blocks, Paragraph(_NONE_JOINED if coded else _NO_CODES)]
    blocks.append(Table(_BESIDE_HEAD, tuple(_joined_row(facts, figures, j) for j in beside)))
    for found in beside:
        if found.placed:
            title = Sentence(_LIST, {"n": str(len(found.placed)), "problem": problem_name(facts, found.problem)})
            blocks.append(Details(title, (_list(facts, citizens, figures, found),)))
    return blocks


def _joined_row(facts: Facts, figures: RequestFigures, beside: Joined) -> tuple[Inline, ...]:
    name = problem_name(facts, beside.problem)
    if beside.start is None or beside.end is None:
        return (name, NOT_KNOWN, "–", "–", "–", "–", UNTOLD[beside.untold])
    by: dict[str, Comparison] = {c.by: c for c in beside.comparisons}
    root = _entry(figures, beside)
    counts = {"counted": figures.count(root, "counted"), "n": figures.count(root, "n")}
    verdict = TEXTS[beside.verdict] if beside.comparisons else UNTOLD[beside.untold or "no_comparison"]
    said: list[Inline] = [Badge(verdict, _BADGES[beside.verdict])]
    if beside.unplaced:
        said.append(Sentence(TEXTS["unplaced"], {"n": figures.count(root, "unplaced")}))
    window = {"start": _day(beside.start), "end": _day(beside.end - timedelta(days=1))}
    return (
        name, Sentence(_WINDOW, window), Sentence(_COUNT, counts), _expected(figures, root, "earlier", by),
        _expected(figures, root, "elsewhere", by), _near(figures, root, beside), Lines(tuple(said)),
    )  # fmt: skip


def _entry(figures: RequestFigures, beside: Joined) -> str:
    """What stands beside one problem, in loop.json."""
    assert beside.start is not None and beside.end is not None
    return figures.add(
        f"problem:{beside.problem.id}", f"ServiceRequests that bear on {beside.problem.kind} in the boundary and window",
        n=len(beside.placed), counted=beside.counted, unplaced=beside.unplaced, start=beside.start.isoformat(),
        end=beside.end.isoformat(), requests=[p.request.id for p in beside.placed],
        near=vars(beside.near) if beside.near else None, **{c.by: _comparison(c) for c in beside.comparisons},
    )  # fmt: skip


def beside_problems(facts: Facts, section: Section, citizens: Citizens) -> Section:
    """The section of problems with a line on each that requests lie beside."""
    found, items = citizens.joined(), list[Inline]()
    if not found:
        return section
    figures = RequestFigures(facts)
    for beside in found:
        if beside.start is None or not beside.comparisons:
            continue
        root, first = _entry(figures, beside), beside.comparisons[0].by
        parts = {k: figures.trace.number(root, f"{first}.expected.{k}", decimals=1) for k in ("value", "low", "high")}
        values: dict[str, Inline] = {
            "problem": problem_name(facts, beside.problem), "n": figures.count(root, "counted"), "start": _day(beside.start),
            "expected": Sentence(_EXPECTED, parts), "by": _BY[first], "verdict": TEXTS[beside.verdict],
        }  # fmt: skip
        items.append(Sentence(_LINE, values))
    return replace(section, blocks=(*section.blocks, Bullets(tuple(items)))) if items else section


def _comparison(c: Comparison) -> dict[str, Any]:
    e = c.expected
    return {
        "events": c.events, "days": c.days, "expected": {"value": e.value, "low": e.low, "high": e.high, "level": e.level},
        "ratio": _ratio(c.ratio),
    }  # fmt: skip


def _ratio(ratio: RateRatio | None) -> dict[str, Any] | None:
    return vars(ratio) if ratio is not None else None


def _expected(figures: RequestFigures, root: str, key: str, by: Mapping[str, Comparison]) -> Inline:
    if key not in by:
        return NOT_KNOWN
    parts = {k: figures.trace.number(root, f"{key}.expected.{k}", decimals=1) for k in ("value", "low", "high")}
    lines: list[Inline] = [Sentence(_EXPECTED, parts)]
    if by[key].ratio is not None:
        lines.append(figures.ratio(root, f"{key}.ratio", times=True))
    return Lines(tuple(lines))


def _near(figures: RequestFigures, root: str, beside: Joined) -> Inline:
    if beside.near is None:
        return "–"
    counts = {k: figures.count(root, f"near.{k}") for k in ("hits", "of", "other_hits", "other_of")}
    chance = Sentence(_NEAR_CHANCE, {"chance": figures.trace.percent(root, "near.chance")})
    return Lines((Sentence(_NEAR, counts), chance))


def _list(facts: Facts, citizens: Citizens, figures: RequestFigures, beside: Joined) -> Table:
    rows: list[tuple[Inline, ...]] = []
    ranked = sorted(beside.placed, key=lambda p: (p.request.requested, p.request.number))
    for p in ranked[:MOST_ROWS]:
        r, trace = p.request, facts.trace
        away: Inline = "–"
        if r.id in beside.to_area_m:
            root = figures.add(f"away:{beside.problem.id}:{r.number}", "distance in m", value=beside.to_area_m[r.id])
            away = trace.number(root, "value", unit="m", decimals=0)
        rows.append(
            (
                trace.text(r.id, "number"), trace.day(r.id, "requested"), TYPES[r.type],
                r.service_code or r.service_name or "–", p.why, away, _CLOSED if r.status == "closed" else _OPEN,
                _answer(r.resolved), _answer(r.satisfied), _YES if r.id in citizens.repeats else "–",
            )
        )  # fmt: skip
    return Table(_LIST_HEAD, tuple(rows), numeric=frozenset([5]))


def _answer(answer: bool | None) -> Inline:
    return "–" if answer is None else _YES if answer else _NO


# --- works, and what is not known ----------------------------------------------------------------------------------
def _around(facts: Facts, citizens: Citizens, figures: RequestFigures) -> list[Block]:
    found = citizens.around_works()
    if not found:
        return []
    rows = tuple(_around_row(facts, figures, a) for a in found)
    return [Subtitle(_WORKS), Table(_WORKS_HEAD, rows), Paragraph(TEXTS["no_cause"])]


def _around_row(facts: Facts, figures: RequestFigures, around: AroundWorks) -> tuple[Inline, ...]:
    problem = next(p for p in facts.problems if p.id == around.problem)
    root = figures.add(
        f"works:{around.verification}", "ServiceRequests of the kind in the boundary", before=around.events_before,
        after=around.events_after, ratio=_ratio(around.ratio),
    )  # fmt: skip
    ratio = figures.ratio(root, "ratio", times=False) if around.ratio is not None else UNTOLD[around.untold]
    cells = (
        _per(figures.count(root, "before"), around.before), _per(figures.count(root, "after"), around.after), ratio,
    )  # fmt: skip
    return (problem_name(facts, problem), *cells)


def _per(n: Inline, span: tuple[date, date] | None) -> Inline:
    if span is None:
        return NOT_KNOWN
    days = {"days": str((span[1] - span[0]).days), "start": _day(span[0]), "end": _day(span[1] - timedelta(days=1))}
    return Sentence(_PER, {"n": n, **days})


def _unexplained(facts: Facts, citizens: Citizens, figures: RequestFigures) -> list[Block]:
    rest = sorted(citizens.unexplained().items(), key=lambda item: (-item[1], item[0]))
    items = []
    for i, ((where, kinds), n) in enumerate(rest, 1):
        count = figures.one(f"unexplained:{i}", f"ServiceRequests in {where} that bear on {', '.join(kinds)}", n)
        named_kinds = joined([named(k) for k in kinds])
        items.append(Sentence(TEXTS["unexplained"], {"where": facts.name(where), "n": count, "kind": named_kinds}))
    return [Subtitle(_UNEXPLAINED), Bullets(tuple(items))] if items else []


def _remarks(citizens: Citizens, figures: RequestFigures) -> list[Block]:
    counted = Counter(text for p in citizens.placed for text in p.request.remarks).most_common(15)
    items = []
    for i, (text, n) in enumerate(counted, 1):
        count = figures.one(f"remark:{i}", f"ServiceRequests with the remark: {text}", n)
        items.append(Sentence(_REMARK, {"n": count, "text": both(text)}))
    return [Details(_REMARKS, (Bullets(tuple(items)),))] if items else []


def _day(day: date) -> str:
    return day.isoformat()
