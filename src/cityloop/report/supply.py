"""Supply and demand: sources, the balance of the coming days, drought stages by norm and their triggers, what shortens the gap."""

from datetime import date
from typing import Any

from cityloop.domains.water import domain
from cityloop.domains.water.supply.problems import WORLDS, why_no_balance
from cityloop.domains.water.supply.statement import supply_statement
from cityloop.domains.water.supply.texts import SUPPLY_KINDS
from cityloop.i18n import Pair
from cityloop.report.blocks import (
    Block,
    Bullets,
    Details,
    Drawing,
    Inline,
    Key,
    Lines,
    Notice,
    Paragraph,
    Section,
    Sentence,
    Subtitle,
    Table,
    joined,
)
from cityloop.report.charts import dress
from cityloop.report.drawing import COLOURS, new_figure, to_svg
from cityloop.report.facts import Facts
from cityloop.report.trace import NOT_KNOWN
from cityloop.report.words import both, named, status_badge, with_badge

__all__ = ["supply"]

_TITLE = Pair("Supply and demand", "供需平衡与干旱预案")
_LEAD = Pair(
    "Over the next {days} days {short} of the demand would be short on average, {dry} in a dry year (one whose shortage is "
    "exceeded with the chance {chance}). {stages}",
    "未来 {days} 天平均缺水率 {short}，枯水年（缺水超过该值的概率为 {chance}）缺水率 {dry}。{stages}",
)
_NO_BALANCE = Pair("No balance of supply and demand can be made yet.", "目前无法作供需平衡。")
_TODAY = Pair("Today by the rules of {world}: {stage}.", "按{world}规则，当前为：{stage}。")
_NO_STAGE = Pair("no stage of drought", "未达干旱等级")
_NO_RULE = Pair("By the rules of {world}: no common stages.", "{world}无统一分级。")
_INTERVAL = Pair("{value} % ({low} to {high}, {level} %)", "{value}%（{low}～{high}，{level}%）")
_HOW = Pair(
    "The balance is simulated: {courses} courses of inflow (block bootstrap of the observed record) and of demand, supplies drawn "
    "in the order of their priority. It is no forecast of the weather. A stage is what a dry year would bring.",
    "供需平衡为模拟结果：来水取自实测记录的分块抽样，与需水组合成 {courses} 组过程，各水源按优先次序取用；不是天气预报。干旱等级按枯水年缺水率判定。",
)
_SOURCES = Pair("Supplies", "水源")
_SOURCE_HEAD: tuple[Inline, ...] = (
    Pair("Supply", "水源"), Pair("Kind", "类别"), Pair("Capacity", "供水能力"), Pair("Stored now", "现蓄水量"),
    Pair("Of what can be used", "可用蓄水率"), Pair("Inflow on record", "来水记录"), Pair("Quality class", "水质标准"),
)  # fmt: skip
_POSSIBLE = Pair("{name} (not there yet)", "{name}（尚未建成）")
_ON_DAY = Pair("{volume} on {day}", "{volume}（{day}）")
_STATUS = Pair("{value} {status}", "{value} {status}")
_YEARS = Pair("{years} years, {how}", "{years} 年，{how}")
_HOWS = {
    "observed": Pair("observed", "实测"),
    "balance": Pair("from rise and withdrawal", "由蓄变量与取水量反推"),
}  # fmt: skip
_BALANCE = Pair("Balance of the coming days", "未来供需平衡")
_BALANCE_HEAD: tuple[Inline, ...] = (
    Pair("Days ahead", "时段"), Pair("Demand", "需水量"), Pair("Can be supplied", "可供水量"), Pair("Short", "缺水率"),
)  # fmt: skip
_CHANCES = Pair("Chance of each stage at the end of the month, {world}", "各月末处于各等级的概率（{world}）")
_MONTH_END, _NONE = Pair("End of", "月末"), Pair("none", "无")
_TRIGGERS = Pair(
    "Triggers: stored water below which a stage begins, on the first of the month, {world}",
    "触发条件（调度线）：每月 1 日可用蓄水量低于下列数值即进入该等级（{world}）",
)
_MONTH = Pair("Month", "月份")
_NOT_REACHED, _ALWAYS = Pair("not reached", "不会进入"), Pair("even when full", "蓄满亦进入")
_STAGE_HEAD: tuple[Inline, ...] = (
    Pair("Stage", "等级"), Pair("Short by more than", "缺水率大于"), Pair("Source", "来源"), Pair("Status", "状态"),
)  # fmt: skip
_STAGES = Pair("Stages of {world}", "{world}分级标准")
_LEAD_TIME = Pair(
    "Whoever decides needs {days} before a stage is in force {status}: look at the month end that far ahead.",
    "从决策到落实需 {days}{status}：应查看相应提前期之后的月末概率。",
)
_CHART = Pair("Stored water: the last year and the coming one", "可用蓄水量：过去一年与未来一年")
_CHART_TEXT = Pair(
    "All storages, dead storage not counted; dashed: where each stage of the binding norm begins, from light to dark",
    "全部水库，不含死库容；虚线为约束性规范各等级的触发蓄水量，颜色由浅到深",
)
_PAST, _MIDDLE, _BAND = (
    Pair("observed", "实测"), Pair("middle of the courses", "模拟过程中位数"), Pair("nine courses of ten", "九成模拟过程"),
)  # fmt: skip
_LINE = Pair("{stage} begins below", "低于此线进入{stage}")
_MEASURES = Pair("What shortens the gap", "缩小缺口的对策")
_MEASURE_HEAD: tuple[Inline, ...] = (
    Pair("Measure", "对策"), Pair("In the plan", "已选"), Pair("Less demand", "减少需水"), Pair("Added supply", "增加供水"),
    Pair("Less short, alone", "单独实施减少的缺水"), Pair("Short in a dry year with it", "实施后枯水年缺水率"),
)  # fmt: skip
_YES, _NO = Pair("yes", "是"), Pair("no", "否")
_JOINT = Pair(
    "All chosen together shorten the gap by {joint} (the balance run again with all of them); alone they add up to {sum}, so that "
    "{overlap} would be counted twice. {left} is left, {dry} of the demand in a dry year.",
    "已选对策同时实施可减少缺水 {joint}（全部纳入后重新模拟）；单独相加为 {sum}，其中 {overlap} 属重复计算。剩余缺口 {left}，枯水年缺水率 {dry}。",
)
_GAP = Pair("The gap without any of them: {gap}.", "不采取对策时的缺口：{gap}。")
_NOTHING = Pair("Nothing is on offer.", "目前没有可提供的对策。")
_LACKING = Pair("Not offered: {measure}; lacking: {what}.", "未提供：{measure}；缺少：{what}。")
_OF = Pair("{measure} ({of})", "{measure}（{of}）")
_STUDIES = Pair("Published effects of feedback to households ({n})", "居民用水反馈的已发表效果（{n} 项）")
_STUDY_HEAD: tuple[Inline, ...] = (
    Pair("Saved", "节水率"), Pair("Low", "低值"), Pair("High", "高值"), Pair("Study", "研究"), Pair("Status", "状态"),
)  # fmt: skip
_LIMITS = {
    "short_demand": Pair(
        "Demand is known for {days}: no yearly cycle can be read from it, a spread of {spread} for a month is assumed.",
        "需水记录仅 {days}，无法得出年内变化，各月按 {spread} 的离散程度假设。",
    ),
    "unmetered": Pair("Demand that is not metered and not counted: {names}.", "没有计量、未计入的需水：{names}。"),
    "unread": Pair("Supplies whose storage was not read lately, not counted: {names}.", "近期没有蓄水量读数、未计入的水源：{names}。"),
    "no_storage": Pair(
        "No storage is on record: stages follow from capacity and demand alone, there is no rule curve.",
        "没有蓄水记录：等级仅依据供水能力与需水判定，没有调度线。",
    ),
}  # fmt: skip


def supply(facts: Facts) -> Section | None:
    """The section; None for a city without a [[supply]] or without a record of demand."""
    if not any(t.kind == "supply_system" for t in facts.things.values()):
        return None
    stated = supply_statement(facts.view, domain.priors, dict(facts.rates))
    if stated is None:
        why = tuple(both(note) for note in why_no_balance(facts.view))
        return Section("supply", _TITLE, (Notice(_NO_BALANCE), Bullets(why)))
    root = facts.trace.add("supply", stated)
    blocks: list[Block] = [
        Paragraph(with_badge(_lead(facts, root, stated), stated["simulated"]), lead=True),
        Notice(Sentence(_HOW, {"courses": _courses(facts)})),
        Table(_BALANCE_HEAD, _horizons(facts, root, stated), caption=_BALANCE, numeric=frozenset([1, 2, 3])),
    ]
    if stated["storage"] is not None:
        blocks.append(_chart(facts, root, stated))
    blocks.append(Table(_SOURCE_HEAD, _sources(facts, root, stated), caption=_SOURCES, numeric=frozenset([2, 3, 4])))
    blocks += _drought(facts, root, stated)
    blocks += _measures(facts, root, stated)
    blocks.append(Bullets(tuple(_limits(facts, root, stated))))
    return Section("supply", _TITLE, tuple(blocks))


def _courses(facts: Facts) -> Inline:
    from cityloop.domains.water.supply.balance import COURSES

    return facts.trace.derived("supply_courses", float(COURSES), decimals=0, formula="courses drawn", of=[])


def _lead(facts: Facts, root: str, stated: dict[str, Any]) -> Inline:
    trace = facts.trace
    wanted = stated["assessment"]["days"]["value"]
    last = next((i for i, h in enumerate(stated["horizons"]) if h["days"] >= wanted), len(stated["horizons"]) - 1)
    today: list[Inline] = []
    for i, world in enumerate(stated["worlds"]):
        name = WORLDS.get(world["world"], Pair(world["world"], world["world"]))
        if world["number"] is None:
            today.append(Sentence(_NO_RULE, {"world": name}))
        else:
            said: Inline = Pair(world["title_en"], world["title_zh"]) if world["number"] else _NO_STAGE
            if world["number"]:
                said = Sentence(_STATUS, {"value": said, "status": status_badge(stated["worlds"][i]["status"])})
            today.append(Sentence(_TODAY, {"world": name, "stage": said}))
    return Sentence(
        _LEAD,
        {
            "days": trace.number(root, "assessment.days.value", decimals=0),
            "short": _percent(facts, root, f"horizons[{last}].short_percent"),
            "dry": trace.number(root, "dry_percent", unit="%", decimals=1),
            "chance": trace.percent(root, "assessment.dry_year_share.value"),
            "stages": joined(tuple(today), Pair(" ", "")),
        },
    )  # fmt: skip


def _percent(facts: Facts, root: str, path: str) -> Inline:
    """A percentage with its interval to one decimal: the courses tell no finer."""
    parts: dict[str, Inline] = {
        name: facts.trace.number(root, f"{path}.{name}", decimals=1) for name in ("value", "low", "high")
    }
    parts["level"] = facts.trace.number(root, f"{path}.level", decimals=0, scale=(100.0, 100.0))
    return Sentence(_INTERVAL, parts)


def _horizons(facts: Facts, root: str, stated: dict[str, Any]) -> tuple[tuple[Inline, ...], ...]:
    trace = facts.trace
    return tuple(
        (
            trace.number(root, f"horizons[{i}].days", unit="day", decimals=0),
            trace.number(root, f"horizons[{i}].demand_m3_per_day", unit="m3/day"),
            trace.number(root, f"horizons[{i}].given_m3_per_day", unit="m3/day"),
            _percent(facts, root, f"horizons[{i}].short_percent"),
        )
        for i in range(len(stated["horizons"]))
    )  # fmt: skip


def _sources(facts: Facts, root: str, stated: dict[str, Any]) -> tuple[tuple[Inline, ...], ...]:
    trace, rows = facts.trace, []
    for i, source in enumerate(stated["sources"]):
        at = f"sources[{i}]"
        name: Inline = Pair(source["name_en"], source["name_zh"])
        if source["state"] == "possible":
            name = Sentence(_POSSIBLE, {"name": name})
        capacity: Inline = NOT_KNOWN
        if source["capacity_m3_per_day"] is not None:
            capacity = Sentence(
                _STATUS,
                {
                    "value": trace.number(root, f"{at}.capacity_m3_per_day", unit="m3/day"),
                    "status": status_badge(source["capacity_status"]),
                },
            )  # fmt: skip
        stored: Inline = ""
        if source["storage_m3"] is not None:
            stored = Sentence(
                _ON_DAY,
                {
                    "volume": trace.number(root, f"{at}.storage_m3", unit="m3"),
                    "day": trace.text(root, f"{at}.storage_day"),
                },
            )
        inflow: Inline = ""
        if source["inflow_days"]:
            years = trace.derived(
                f"inflow_years:{source['name']}", source["inflow_days"] / 365.25, decimals=1, formula="inflow_days / 365.25",
                of=[f"{root}#{at}.inflow_days"],
            )  # fmt: skip
            inflow = Sentence(_YEARS, {"years": years, "how": _HOWS.get(source["inflow_how"], source["inflow_how"])})
        quality: Inline = ""
        if source["quality"]:
            status = status_badge(source["quality_status"] or "unconfirmed")
            quality = Sentence(_STATUS, {"value": source["quality"], "status": status})
        share = trace.percent(root, f"{at}.usable_share") if source["usable_share"] is not None else ""
        kind = SUPPLY_KINDS.get(source["kind"], Pair(source["kind"], source["kind"]))
        rows.append((name, kind, capacity, stored, share, inflow, quality))
    return tuple(rows)


# --- stages ------------------------------------------------------------------------------------------------------
def _binding(stated: dict[str, Any]) -> Pair:
    """The norm whose stages are shown month by month: the first that has any."""
    world = next((w["world"] for w in stated["worlds"] if w["number"] is not None), "")
    return WORLDS.get(world, Pair(world, world))


def _drought(facts: Facts, root: str, stated: dict[str, Any]) -> list[Block]:
    if not stated["stages"]:
        return []
    trace, world = facts.trace, {"world": _binding(stated)}
    titles: list[Inline] = [Pair(s["title_en"], s["title_zh"]) for s in stated["stages"]]
    numeric = frozenset(range(1, len(titles) + 2))
    chances = tuple(
        (
            trace.text(root, f"month_ends[{i}].day"),
            *(trace.number(root, f"month_ends[{i}].chance[{k}]", decimals=0, scale=(100.0, 100.0), unit="%")
              for k in range(len(end["chance"]))),
        )
        for i, end in enumerate(stated["month_ends"])
    )  # fmt: skip
    blocks: list[Block] = [
        Table((_MONTH_END, _NONE, *titles), chances, caption=Sentence(_CHANCES, world), numeric=numeric),
        Paragraph(
            Sentence(
                _LEAD_TIME,
                {
                    "days": trace.number(root, "assessment.lead_days.value", unit="day", decimals=0),
                    "status": status_badge(stated["assessment"]["lead_days"]["status"]),
                },
            )
        ),
    ]  # fmt: skip
    if stated["triggers"]:
        months = tuple(
            (
                f"{month:02d}",
                *(_trigger(facts, root, t, month - 1, found["storage_m3"][month - 1])
                  for t, found in enumerate(stated["triggers"])),
            )
            for month in range(1, 13)
        )  # fmt: skip
        table = Table((_MONTH, *titles), months, caption=Sentence(_TRIGGERS, world), numeric=numeric)
        blocks.append(Details(Sentence(_TRIGGERS, world), (table,)))
    rules = tuple(
        (
            title, trace.number(root, f"stages[{i}].above_percent", unit="%", decimals=0),
            trace.text(root, f"stages[{i}].source"), status_badge(stage["status"]),
        )
        for i, (title, stage) in enumerate(zip(titles, stated["stages"], strict=True))
    )  # fmt: skip
    blocks.append(Details(Sentence(_STAGES, world), (Table(_STAGE_HEAD, rules, numeric=frozenset([1])),)))
    return blocks


def _trigger(facts: Facts, root: str, number: int, month: int, value: float | str | None) -> Inline:
    if value is None:
        return _NOT_REACHED
    if isinstance(value, str):
        return _ALWAYS
    return facts.trace.number(root, f"triggers[{number}].storage_m3[{month}]", unit="m3", digits=2)


def _chart(facts: Facts, root: str, stated: dict[str, Any]) -> Drawing:
    """Observed storage, the fan ahead, and where the stages begin."""
    figure = new_figure(8.2, 3.1)
    axes = figure.add_axes((0.085, 0.11, 0.9, 0.85))
    storage = stated["storage"]
    days = [_number(d) for d in storage["past"]]
    axes.plot(days, [v / 1e4 for v in storage["past"].values()], color=COLOURS["line"], linewidth=1.5)
    ahead = [_number(p["day"]) for p in storage["ahead"]]
    low, middle, high = ([p[k] / 1e4 for p in storage["ahead"]] for k in ("low", "middle", "high"))
    axes.fill_between(ahead, low, high, color=COLOURS["band"], alpha=0.22, linewidth=0)
    axes.plot(ahead, middle, color=COLOURS["band"], linewidth=1.5)
    keys = [Key("line", _PAST), Key("band", Sentence(Pair("{a}; {b}", "{a}；{b}"), {"a": _MIDDLE, "b": _BAND}))]
    first = date.fromisoformat(stated["start"])
    for i, trigger in enumerate(stated["triggers"]):
        at, values = [], []
        for month in range(1, 13):
            day = date(first.year + (first.month - 1 + month) // 12, (first.month - 1 + month) % 12 + 1, 1)
            value = trigger["storage_m3"][day.month - 1]
            at.append(_number(day.isoformat()))
            values.append(value / 1e4 if isinstance(value, float) else float("nan"))
        colour = f"p{min(i + 2, 5)}"
        axes.plot(at, values, color=COLOURS[colour], linewidth=1.4, linestyle=(0, (5, 3)))
        title = Pair(stated["stages"][i]["title_en"], stated["stages"][i]["title_zh"])
        keys.append(Key(colour, Sentence(_LINE, {"stage": title})))
    axes.set_ylim(bottom=0.0)
    dress(axes, "10⁴ m³")
    return Drawing(
        "supply-storage",
        to_svg(figure, "supply-storage"),
        _CHART,
        _CHART_TEXT,
        tuple(keys),
        _chart_twin(facts, root, stated),
    )


def _chart_twin(facts: Facts, root: str, stated: dict[str, Any]) -> Table:
    trace = facts.trace
    head: tuple[Inline, ...] = (
        Pair("Day", "日期"), Pair("Low", "低值"), _MIDDLE, Pair("High", "高值"),
    )  # fmt: skip
    rows: list[tuple[Inline, ...]] = [
        (day, "", trace.number(root, f"storage.past[{day}]", unit="m3"), "") for day in stated["storage"]["past"]
    ]
    rows += [
        (p["day"], *(trace.number(root, f"storage.ahead[{i}].{k}", unit="m3") for k in ("low", "middle", "high")))
        for i, p in enumerate(stated["storage"]["ahead"])
    ]
    return Table(head, tuple(rows), numeric=frozenset([1, 2, 3]))


def _number(day: str) -> float:
    """Days since 1970, as the axis counts them."""
    return float((date.fromisoformat(day) - date(1970, 1, 1)).days)


# --- what shortens the gap ---------------------------------------------------------------------------------------
def _measures(facts: Facts, root: str, stated: dict[str, Any]) -> list[Block]:
    trace = facts.trace
    if stated["gap"]["value"] <= 0 and not stated["measures"]:
        return []
    blocks: list[Block] = [
        Subtitle(_MEASURES), Paragraph(Sentence(_GAP, {"gap": trace.estimate(root, "gap")})),
    ]  # fmt: skip
    if stated["measures"]:
        chosen = frozenset(i for i, m in enumerate(stated["measures"]) if m["chosen"])
        order = sorted(
            range(len(stated["measures"])), key=lambda i: (i not in chosen, -stated["measures"][i]["gap_less"]["value"])
        )
        rows = tuple(_measure(facts, root, i, stated["measures"][i]) for i in order)
        marked = frozenset(n for n, i in enumerate(order) if i in chosen)
        blocks.append(Table(_MEASURE_HEAD, rows, numeric=frozenset([2, 3, 4, 5]), marked=marked))
    else:
        blocks.append(Paragraph(_NOTHING))
    if stated["joint"] is not None:
        parts = {
            "joint": trace.estimate(root, "joint.together"),
            "sum": trace.number(root, "joint.sum_m3_per_day", unit="m3/day"),
            "overlap": trace.number(root, "joint.overlap_m3_per_day", unit="m3/day"),
            "left": trace.number(root, "joint.gap_left_m3_per_day", unit="m3/day"),
            "dry": trace.number(root, "joint.dry_percent", unit="%", decimals=1),
        }
        blocks.append(Paragraph(Sentence(_JOINT, parts)))
    if any(m["kind"] == "household_feedback" for m in stated["measures"]):
        blocks.append(_studies(facts, root, stated))
    return blocks


def _measure(facts: Facts, root: str, i: int, measure: dict[str, Any]) -> tuple[Inline, ...]:
    trace, at = facts.trace, f"measures[{i}]"
    less = (
        trace.number(root, f"{at}.less_demand_m3_per_day", unit="m3/day") if measure["less_demand_m3_per_day"] else ""
    )
    adds = trace.number(root, f"{at}.adds_m3_per_day", unit="m3/day") if measure["adds_m3_per_day"] is not None else ""
    return (
        Lines((Pair(measure["title_en"], measure["title_zh"]), named(measure["kind"]))),
        _YES if measure["chosen"] else _NO, less, adds, trace.estimate(root, f"{at}.gap_less"),
        trace.number(root, f"{at}.dry_percent", unit="%", decimals=1),
    )  # fmt: skip


def _studies(facts: Facts, root: str, stated: dict[str, Any]) -> Details:
    trace = facts.trace
    rows = tuple(
        (
            trace.percent(root, f"studies[{i}].share"), trace.percent(root, f"studies[{i}].low"),
            trace.percent(root, f"studies[{i}].high"), trace.text(root, f"studies[{i}].source"),
            status_badge(study["status"]),
        )
        for i, study in enumerate(stated["studies"])
    )  # fmt: skip
    title = Sentence(_STUDIES, {"n": str(len(rows))})
    return Details(title, (Table(_STUDY_HEAD, rows, numeric=frozenset([0, 1, 2])),))


def _limits(facts: Facts, root: str, stated: dict[str, Any]) -> list[Inline]:
    """What the balance does not know, and what is not offered for want of an input."""
    trace, found = facts.trace, []
    if not stated["demand"]["seasonal"]:
        days = trace.number(root, "demand.days", unit="day", decimals=0)
        spread = trace.percent(root, "demand.sd_month")
        found.append(Sentence(_LIMITS["short_demand"], {"days": days, "spread": spread}))
    for key in ("unmetered", "unread"):
        if stated[key]:
            found.append(Sentence(_LIMITS[key], {"names": joined(tuple(stated[key]))}))
    if stated["storage"] is None:
        found.append(_LIMITS["no_storage"])  # type: ignore[arg-type]
    for item in stated["lacking"]:
        what: Inline = joined(tuple(named(w) if w.isidentifier() else w for w in item["what"]))
        measure: Inline = named(item["kind"])
        if item["of"]:
            measure = Sentence(_OF, {"measure": measure, "of": item["of"]})
        found.append(Sentence(_LACKING, {"measure": measure, "what": what}))
    return found  # type: ignore[return-value]
