"""Section 2: the water balance of each boundary from observations only, and what the norms say about it."""

from datetime import UTC, timedelta

import numpy as np

from cityloop.contracts import NormRule
from cityloop.i18n import Pair
from cityloop.records import Thing
from cityloop.report.blocks import Block, Bullets, Details, Inline, Lines, Paragraph, Section, Sentence, Table
from cityloop.report.charts import daily_drawing
from cityloop.report.facts import RECENT_DAYS, Facts
from cityloop.report.shipped_texts import shipped
from cityloop.report.trace import NOT_KNOWN
from cityloop.report.words import INDICATORS, WORLDS, status_badge, with_badge, word

__all__ = ["balance"]

#: Litres per second to cubic metres a day.
M3_PER_DAY_PER_L_PER_S = 86.4

_TITLE = Pair("Water balance and norms", "水量平衡与指标")
_WHAT = Pair(
    "From observations only. The boundary's demand is inflow − outflow − change of storage; night is 01:00 to 05:00 local "
    "time. Means are over the last {days} days up to {last}.",
    "仅由观测数据得出。分区水量＝流入－流出－蓄水变化；夜间指当地时间 01:00 至 05:00。均值取截至 {last} 的最近 {days} 天。",
)
_HEAD: tuple[Inline, ...] = (
    Pair("Boundary", "分区"), Pair("System input", "供水量"), Pair("Night flow (mean)", "夜间流量（均值）"),
    Pair("Lowest night", "最低夜间流量"), Pair("Night / system input", "夜间流量/供水量"),
    Pair("Lasting rise found", "已发现的持续升高"), Pair("Days with data", "有数据天数"),
)  # fmt: skip
_NO_SERIES = Pair("no balance: {why}", "无法平衡：{why}")
_NO_RISE = Pair("none found", "未发现")
_LOSS = Pair("{gap}, that is {volume}", "{gap}，折合 {volume}")
_ON_DAY = Pair("{value} on {day}", "{value}（{day}）")
_NO_BILLS = Pair(
    "漏损率 (the Chinese loss rate), non-revenue water and ILI cannot be computed: they need the registered or billed "
    "consumption of the same boundary and period, and there is none. What is needed: billed volumes by boundary and "
    "year, unbilled authorised use, and meter under-registration. The night flow above is not the loss: part of it is "
    "legitimate use.",
    "漏损率、产销差率和 ILI 无法计算：需要同一分区、同一时期的注册用户用水量（售水量），目前没有。所需数据：按分区和年度的售水量、"
    "免费（未计费）合法用水量和水表计量误差。上表夜间流量不等于漏失水量，其中含合法夜间用水。",
)
_UARL = Pair(
    "For orientation, unavoidable annual real losses of {boundary}: {uarl} ({lps}) by UARL = (18·Lm + 0.8·Nc + 25·Lp)·P with "
    "Lm {km} {km_status}, Nc {nc} {nc_status}, Lp 0 (meters at the property line, assumed), P {p} (mean of the pressure "
    "loggers). {limits} Source: Lambert, Brown, Takizawa, Weimer 1999, AQUA 48(6), 227–237.",
    "供参考：{boundary}的不可避免真实漏损 UARL＝(18·Lm＋0.8·Nc＋25·Lp)·P＝{uarl}（{lps}），其中 Lm {km} {km_status}，"
    "Nc {nc} {nc_status}，Lp 取 0（假设水表位于用地边界），P {p}（压力计均值）。{limits}"
    "来源：Lambert、Brown、Takizawa、Weimer 1999，AQUA 48(6)，227–237。",
)
_INSIDE = Pair(
    "The inputs lie inside the formula's original limits (over 5,000 connections, over 20 per km, 25 to 100 m).",
    "各输入在公式的原始适用范围内（接户数大于 5000、每千米大于 20 户、压力 25～100 m）。",
)
_OUTSIDE = Pair(
    "The inputs lie outside the formula's original limits (over 5,000 connections, over 20 per km, 25 to 100 m): read it "
    "with care.",
    "输入超出公式的原始适用范围（接户数大于 5000、每千米大于 20 户、压力 25～100 m），须谨慎使用。",
)
_NORMS = Pair(
    "What the norms say. Binding: {binding}. The observed value is the city's; no norm changes an observation. "
    "“Unconfirmed” rules were read second-hand only.",
    "各套规范的规定。约束性规范：{binding}。实测值为本城市数据；规范不改变观测。“未核实”表示仅见于二手资料。",
)
_BINDING = Pair("{world} (binding)", "{world}（约束性）")
_OBSERVED = Pair("Observed", "实测")
_INDICATOR = Pair("Indicator", "指标")
_NO_RULE = Pair("no rule, because {why}", "无规定，原因：{why}")
_NO_ROW = Pair("no rule, because its table has no such row", "无规定，原因：规范表中没有此项")
_NO_LIMIT = Pair("no limit", "无限值")
_LOWEST = Pair("{value}, lowest of {days} days", "{value}（{days} 天最低）")
_IN = Pair("{value} in {boundary}", "{boundary} {value}")
_ABOVE = Pair("by boundary, see the table above", "按分区，见上表")
_NEEDS_BILLS = Pair("cannot be computed without billed volumes", "缺少售水量，无法计算")
_MORE = Pair("… and {n} more boundaries, in the table above", "……其余 {n} 个分区见上表")
_ALL_NORMS = Pair("All rules of the norm tables ({n})", "规范表的全部条目（{n} 项）")
NEED_BILLS = frozenset([
    "real_loss", "loss_volume", "composite_loss_rate", "loss_rate", "loss_rate_target", "ili", "nrw",
])  # fmt: skip
_CHARTS = Pair("Daily charts of every boundary", "各分区逐日图")


def balance(facts: Facts) -> Section:
    """The section."""
    blocks: list[Block] = []
    if facts.series:
        last = max(s.days[-1] for s in facts.series.values())
        blocks.append(Paragraph(Sentence(_WHAT, {"days": str(RECENT_DAYS), "last": last})))
    if facts.boundaries:
        rows = tuple(_row(facts, b) for b in facts.boundaries)
        blocks.append(Table(_HEAD, rows, numeric=frozenset([1, 2, 3, 4, 5, 6])))
    blocks.append(Paragraph(_NO_BILLS))
    orientation = [text for b in facts.boundaries if (text := _unavoidable(facts, b)) is not None]
    if orientation:
        blocks.append(Bullets(tuple(orientation)))
    blocks += _norm_blocks(facts)
    charts = [d for b in facts.boundaries if (d := daily_drawing(facts, b, "demand")) is not None]
    charts += [d for b in facts.boundaries if (d := daily_drawing(facts, b, "service_pressure")) is not None]
    if charts:
        blocks.append(Details(_CHARTS, tuple(charts)))
    return Section("balance", _TITLE, tuple(blocks))


def _row(facts: Facts, boundary: Thing) -> tuple[Inline, ...]:
    trace, id = facts.trace, boundary.id
    night, demand = facts.series.get((id, "night_flow")), facts.series.get((id, "demand"))
    simulated = bool((night and night.simulated) or (demand and demand.simulated))
    name = with_badge(facts.name(id), simulated)
    if night is None and demand is None:
        why = Sentence(_NO_SERIES, {"why": facts.untold.get(id, "") or NOT_KNOWN})
        return (name, why, *[NOT_KNOWN] * 5)
    volume: Inline = NOT_KNOWN
    share: Inline = NOT_KNOWN
    if demand:
        mean = trace.value(id, "demand.recent_mean")
        ref = f"{id}#demand.recent_mean"
        per_day = trace.derived(
            f"system_input:{id}", mean * M3_PER_DAY_PER_L_PER_S, unit="m3/day", formula="recent_mean * 86.4", of=[ref]
        )
        volume = Lines((per_day, trace.number(id, "demand.recent_mean", unit="L/s")))
        if night and mean:
            ratio = trace.value(id, "night_flow.recent_mean") / mean * 100
            share = trace.derived(
                f"night_share:{id}", ratio, unit="%", decimals=0, formula="night_flow.recent_mean / demand.recent_mean",
                of=[f"{id}#night_flow.recent_mean", ref],
            )  # fmt: skip
    lowest: Inline = NOT_KNOWN
    if night and night.known:
        day = trace.value(id, "night_flow.recent_min_day")
        lowest = Sentence(
            _ON_DAY,
            {
                "value": trace.number(id, f"night_flow[{day}]", unit="L/s"),
                "day": trace.text(id, "night_flow.recent_min_day"),
            },
        )
    mean_night = trace.number(id, "night_flow.recent_mean", unit="L/s") if night else NOT_KNOWN
    days = trace.number(id, "night_flow.recent_days", decimals=0) if night else NOT_KNOWN
    return name, volume, mean_night, lowest, share, _rise(facts, id), days


def _rise(facts: Facts, boundary: str) -> Inline:
    """What is known of losses there: the open lasting rises."""
    found: list[Inline] = []
    for problem in facts.leaks:
        if problem.boundary != boundary or problem.status in ("dismissed", "merged", "closed"):
            continue
        gap = facts.trace.estimate(problem.id, "gap")
        if problem.gap.unit != "L/s":
            found.append(gap)
            continue
        volume = facts.trace.derived(
            f"gap_volume:{problem.id}", problem.gap.value * M3_PER_DAY_PER_L_PER_S, unit="m3/day", digits=2,
            formula="gap.value * 86.4", of=[f"{problem.id}#gap.value"],
        )  # fmt: skip
        found.append(Sentence(_LOSS, {"gap": gap, "volume": volume}))
    return Lines(tuple(found)) if found else _NO_RISE


def _mean_pressure(facts: Facts) -> tuple[float, list[str]] | None:
    """Mean of all pressure loggers at junctions over the last days, m."""
    streams = [
        s.id for s in facts.datastreams
        if s.observed_property == "water_pressure" and s.thing in facts.things and facts.things[s.thing].kind == "junction"
    ]  # fmt: skip
    span = facts.view.span(streams) if streams else None
    if span is None:
        return None
    end = min(span[1], facts.view.now).astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    _, block = facts.view.block(streams, start=end - timedelta(days=RECENT_DAYS), end=end, step_s=3600)
    good = block[np.isfinite(block)]
    return (float(good.mean()), streams) if good.size else None


def _unavoidable(facts: Facts, boundary: Thing) -> Inline | None:
    """UARL of a boundary whose mains and connections are stated and whose pressure is measured; None otherwise."""
    km, connections = boundary.properties.get("mains_km"), boundary.properties.get("connections")
    if not isinstance(km, int | float) or not isinstance(connections, int | float) or km <= 0:
        return None
    if len(facts.boundaries) > 1:
        return None  # which logger lies in which boundary is not known
    found = _mean_pressure(facts)
    if found is None:
        return None
    pressure, streams = found
    trace, id = facts.trace, boundary.id
    litres = (18.0 * km + 0.8 * connections) * pressure
    p_key = f"mean_pressure:{id}"
    p = trace.derived(p_key, pressure, unit="m", formula=f"mean over {RECENT_DAYS} days of the loggers", of=streams)
    inputs = [f"{id}#properties.mains_km", f"{id}#properties.connections", f"derived:{p_key}#value"]
    uarl = trace.derived(f"uarl:{id}", litres / 1000, unit="m3/day", formula="(18 Lm + 0.8 Nc) P / 1000", of=inputs)
    lps = trace.derived(f"uarl_l_per_s:{id}", litres / 86400, unit="L/s", digits=2, formula="UARL / 86.4", of=inputs)
    inside = connections > 5000 and connections / km > 20 and 25 <= pressure <= 100
    return Sentence(
        _UARL,
        {
            "boundary": facts.name(id), "uarl": uarl, "lps": lps, "p": p, "limits": _INSIDE if inside else _OUTSIDE,
            "km": trace.exact(id, "properties.mains_km", unit="km"),
            "km_status": status_badge(str(boundary.properties.get("mains_km_status", "assumed"))),
            "nc": trace.exact(id, "properties.connections"),
            "nc_status": status_badge(str(boundary.properties.get("connections_status", "assumed"))),
        },
    )  # fmt: skip


# --- norms -------------------------------------------------------------------------------------------------------
def _norm_blocks(facts: Facts) -> list[Block]:
    """Observed beside binding beside compared norms: the measured indicators first, all rules on demand."""
    if not facts.norms:
        return []
    keys = list(dict.fromkeys(key for rules in facts.norms.values() for key in rules))
    binding = facts.view.policy.binding_norm
    worlds = list(facts.norms)
    head: tuple[Inline, ...] = (
        _INDICATOR,
        _OBSERVED,
        *(Sentence(_BINDING, {"world": WORLDS[w]}) if w == binding else word(WORLDS, w) for w in worlds),
    )
    rows = {
        key: (_norm_title(facts, key), _observed(facts, key), *(_cell(facts, w, key) for w in worlds)) for key in keys
    }
    main = [k for k in keys if k in INDICATORS or k in ("ili", "nrw", "loss_rate")]
    intro = Paragraph(Sentence(_NORMS, {"binding": word(WORLDS, binding)}))
    rest = [k for k in keys if k not in main]
    blocks: list[Block] = [intro, Table(head, tuple(rows[k] for k in main))]
    if rest:
        more = Table(head, tuple(rows[k] for k in rest))
        blocks.append(Details(Sentence(_ALL_NORMS, {"n": str(len(rest))}), (more,)))
    return blocks


def _norm_title(facts: Facts, key: str) -> Inline:
    return next(rules[key].title for rules in facts.norms.values() if key in rules)


def _observed(facts: Facts, key: str) -> Inline:
    """The city's own value of a norm's key, by boundary."""
    if key in NEED_BILLS:
        return _NEEDS_BILLS
    if key not in INDICATORS:
        return ""
    watched = [b for b in facts.boundaries if (b.id, key) in facts.series]
    if len(watched) > 1 and key != "service_pressure":
        return _ABOVE
    found: list[Inline] = []
    for boundary in facts.boundaries:
        series = facts.series.get((boundary.id, key))
        if series is None:
            continue
        if key == "service_pressure":
            day = min(series.known, key=lambda r: r[1])[0]
            lowest = facts.trace.number(boundary.id, f"{key}[{day}]", unit=series.unit)
            value: Inline = Sentence(_LOWEST, {"value": lowest, "days": str(len(series.known))})
        else:
            value = facts.trace.number(boundary.id, f"{key}.recent_mean", unit=series.unit)
        if len(facts.boundaries) > 1:
            value = Sentence(_IN, {"value": value, "boundary": facts.name(boundary.id)})
        found.append(value)
    if len(found) > 3:
        found = [*found[:3], Sentence(_MORE, {"n": str(len(found) - 3)})]
    return Lines(tuple(found)) if found else NOT_KNOWN


def _cell(facts: Facts, world: str, key: str) -> Inline:
    """One rule: limit, formula, source, status; or why there is none."""
    rule = facts.norms[world].get(key)
    if rule is None:
        return _NO_ROW
    if rule.limit is None and not rule.formula:
        return Sentence(_NO_RULE, {"why": shipped(rule.reason_absent)})
    return Lines((_limit(facts, rule), shipped(rule.formula), shipped(rule.source), status_badge(rule.status)))


def _limit(facts: Facts, rule: NormRule) -> Inline:
    if rule.limit is None:
        return _NO_LIMIT
    return facts.trace.exact(f"norm:{rule.world}:{rule.key}", "limit", unit=rule.unit)
