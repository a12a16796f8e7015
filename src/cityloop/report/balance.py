"""The water balance of each metered boundary, from observations only; where no water flow is observed there is none."""

from datetime import UTC, timedelta

import numpy as np

from cityloop.i18n import Pair
from cityloop.records import Thing
from cityloop.report.blocks import Block, Bullets, Details, Inline, Lines, Paragraph, Section, Sentence, Table
from cityloop.report.charts import daily_drawing
from cityloop.report.facts import RECENT_DAYS, Facts
from cityloop.report.order import stands
from cityloop.report.trace import NOT_KNOWN
from cityloop.report.words import both, status_badge, with_badge

__all__ = ["balance", "has_water_balance"]

#: Litres per second to cubic metres a day.
M3_PER_DAY_PER_L_PER_S = 86.4

_TITLE = Pair("Water balance", "水量平衡")
_WHAT = Pair(
    "From observations only: inflow − outflow − change of storage. Night is 01:00 to 05:00 local time; means are over the "
    "last {days} days up to {last}.",
    "仅依据观测数据：流入－流出－蓄水变化。夜间指当地时间 01:00～05:00；均值取截至 {last} 的最近 {days} 天。",
)
_HEAD: tuple[Inline, ...] = (
    Pair("Boundary", "分区"), Pair("System input", "供水量"), Pair("Night flow (mean)", "夜间流量（均值）"),
    Pair("Lowest night", "最低夜间流量"), Pair("Night flow / system input", "夜间流量/供水量"),
    Pair("Open problem", "待处理的升高量"), Pair("Days with data", "有数据天数"),
)  # fmt: skip
_NO_SERIES = Pair("no balance: {why}", "无法平衡：{why}")
_NO_RISE = Pair("none", "无")
_LOSS = Pair("{gap}, that is {volume}", "{gap}，折合 {volume}")
_ON_DAY = Pair("{value} on {day}", "{value}（{day}）")
_NO_BILLS = Pair(
    "Not to be mixed up: the night flow is not the loss (part of it is legitimate use), and the Chinese loss rate (漏损率), "
    "non-revenue water and ILI are three different things. None of the three can be computed here: they need the billed or "
    "registered volumes of the same boundary and period, and there are none.",
    "请勿混淆：夜间流量不等于漏失水量（其中含合法夜间用水）；漏损率（CJJ 92）、产销差率和 ILI 是三个不同的指标。"
    "三者均需同一分区、同一时期的售水量（注册用户用水量），目前没有该数据，故均无法计算。",
)
_BILLS_BELOW = Pair(
    "Not to be mixed up: the night flow is not the loss (part of it is legitimate use). Loss rate (漏损率), non-revenue water and "
    "ILI follow from the billed volumes: see the balance by billed volumes below.",
    "请勿混淆：夜间流量不等于漏失水量（其中含合法夜间用水）。漏损率（CJJ 92）、产销差率和 ILI 须由售水量得出，见下文“水量平衡与漏损指标（按售水量）”。",
)
_UARL = Pair(
    "For orientation, unavoidable real losses (UARL) of {boundary}: {uarl} ({lps}) = (18·Lm + 0.8·Nc + 25·Lp)·P with "
    "Lm {km} {km_status}, Nc {nc} {nc_status}, Lp 0 (meters at the property line, assumed), P {p} (mean of the pressure "
    "loggers). {limits} Lambert, Brown, Takizawa, Weimer 1999, AQUA 48(6), 227–237.",
    "供参考：{boundary}不可避免真实漏损（UARL）＝(18·Lm＋0.8·Nc＋25·Lp)·P＝{uarl}（{lps}），其中 Lm {km} {km_status}，"
    "Nc {nc} {nc_status}，Lp 取 0（假设水表位于用地边界），P {p}（压力计均值）。{limits}"
    "Lambert、Brown、Takizawa、Weimer 1999，AQUA 48(6)，227–237。",
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
_CHARTS = Pair("More daily charts ({n})", "更多逐日图（{n} 幅）")
_SHOWN = ("night_flow", "demand", "service_pressure")


def has_water_balance(facts: Facts) -> bool:
    """Whether there is a metered boundary to balance, or one that lacks its meter beside others that flow."""
    return bool(facts.boundaries) and any(s.observed_property == "water_flow" for s in facts.datastreams)


def balance(facts: Facts) -> Section | None:
    """The section; None where no water is metered."""
    if not has_water_balance(facts):
        return None
    blocks: list[Block] = []
    last = max((s.days[-1] for (_, i), s in facts.series.items() if i in _SHOWN), default=None)
    if last is not None:
        blocks.append(Paragraph(Sentence(_WHAT, {"days": str(RECENT_DAYS), "last": last})))
    rows = tuple(_row(facts, b) for b in facts.boundaries)
    blocks += [
        Table(_HEAD, rows, numeric=frozenset([1, 2, 3, 4, 5, 6])),
        Paragraph(_BILLS_BELOW if facts.water_balances.balances else _NO_BILLS),
    ]
    told = bool(facts.water_balances.balances)  # the balance by bills has UARL and ILI of its own
    orientation = [] if told else [text for b in facts.boundaries if (text := _unavoidable(facts, b)) is not None]
    if orientation:
        blocks.append(Bullets(tuple(orientation)))
    drawn = {(p.boundary, p.indicator) for p in facts.concerns}
    charts = [
        found for i in _SHOWN for b in facts.boundaries
        if (b.id, i) not in drawn and (found := daily_drawing(facts, b.id, i)) is not None
    ]  # fmt: skip
    if charts:
        blocks.append(Details(Sentence(_CHARTS, {"n": str(len(charts))}), tuple(charts)))
    return Section("balance", _TITLE, tuple(blocks))


def _row(facts: Facts, boundary: Thing) -> tuple[Inline, ...]:
    trace, id = facts.trace, boundary.id
    night, demand = facts.series.get((id, "night_flow")), facts.series.get((id, "demand"))
    simulated = bool((night and night.simulated) or (demand and demand.simulated))
    name = with_badge(facts.name(id), simulated)
    if night is None and demand is None:
        why = Sentence(
            _NO_SERIES, {"why": both(facts.untold[(id, "demand")]) if (id, "demand") in facts.untold else NOT_KNOWN}
        )
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
        day = trace.value(id, "night_flow.lowest_day")
        lowest = Sentence(
            _ON_DAY,
            {
                "value": trace.number(id, f"night_flow[{day}]", unit="L/s"),
                "day": trace.text(id, "night_flow.lowest_day"),
            },
        )
    mean_night = trace.number(id, "night_flow.recent_mean", unit="L/s") if night else NOT_KNOWN
    days = trace.number(id, "night_flow.recent_days", decimals=0) if night else NOT_KNOWN
    return name, volume, mean_night, lowest, share, _rise(facts, id), days


def _rise(facts: Facts, boundary: str) -> Inline:
    """What is known of losses there: the open lasting rises."""
    found: list[Inline] = []
    for problem in facts.concerns:
        if problem.boundary != boundary or problem.indicator not in ("night_flow", "demand") or not stands(problem):
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
