"""Section 9: what we do not know, as a list that nobody has to search for."""

from datetime import UTC, timedelta

import numpy as np

from cityloop.i18n import Pair
from cityloop.records import record_id
from cityloop.report.blocks import Block, Bullets, Details, Inline, Paragraph, Section, Sentence, Table
from cityloop.report.facts import Facts
from cityloop.report.words import COST_ROWS, KINDS, both, status_badge, with_badge, word

__all__ = ["unknown", "unknown_items"]

#: Share of missing hours from which a datastream is named in the list.
NAMED_FROM = 0.05
#: Hours that one read of observations spans, so that a city of many meters fits into memory.
CHUNK_HOURS = 24 * 120

_TITLE = Pair("What we do not know", "我们不知道的")
_PLACE = Pair(
    "Nowhere in this report is a leak that nobody measured: only lasting changes of metered boundaries are seen.",
    "未被计量的漏损不在本报告中：只能看到计量分区的持续变化。",
)
_INCONCLUSIVE = Pair(
    "Whether the works in {boundary} had an effect worth acting on: measured {measured}, inconclusive.",
    "{boundary}工程是否产生值得采取行动的效果：实测 {measured}，尚无定论。",
)
_UNLOCATED = Pair("Where the {kind} in {boundary} lies.", "{boundary}：{kind}的具体位置。")
_NO_SERIES = Pair("The water balance of {boundary}: {why}.", "{boundary}的水量平衡：{why}。")
_BILLS = Pair(
    "Loss rates (漏损率, non-revenue water, ILI): no billed volumes are on record.",
    "漏损率、产销差率和 ILI：没有售水量数据。",
)
_SENSOR = Pair("What happens at {name}: its sensor is failing.", "{name} 处的真实情况：传感器故障。")
_STATED = Pair("{key} = {value} is {status}: {source}", "{key} = {value}，{status}：{source}")
_RANGE = Pair("{value} ({low} to {high})", "{value}（{low}～{high}）")
_PRICE = Pair("The price of “{row}” ({price}) is {status}: {source}", "“{row}”的单价（{price}）{status}：{source}")
_MISSING = Pair(
    "{n} of {all} datastreams lack more than {share} % of their hours; the worst is {name} with {worst}.",
    "{all} 条数据流中有 {n} 条缺测超过 {share}%，最多的是 {name}，缺 {worst}。",
)
_REFUSED = Pair(
    "{n} rows were refused and kept aside, not used: see the table in section 9.",
    "{n} 行数据被拒收并单独保存，未使用：见第 9 节表格。",
)
_NORMS = Pair("{n} rules of the norm tables are unconfirmed.", "规范表中有 {n} 项未核实。")
_NO_REFUSED = Pair("No row was refused.", "没有被拒收的数据行。")
_NO_STREAM = Pair("No observations are on record.", "没有观测数据。")
_RATE = Pair(
    "How much of a claim of “{kind}” comes true: the rate rests on {n} studies and is {status}.",
    "“{kind}”的预计效果能实现多少：实现率依据 {n} 项研究，{status}。",
)
_REFUSED_TITLE = Pair("Refused rows by reason", "被拒收的数据行（按原因）")
_REFUSED_HEAD: tuple[Inline, ...] = (
    Pair("Source", "来源"), Pair("Reason", "原因"), Pair("Rows", "行数"), Pair("First one", "首例"),
)  # fmt: skip
_SHARES = Pair("Missing share of every datastream", "各数据流缺测比例")
_SHARE_HEAD: tuple[Inline, ...] = (
    Pair("Datastream", "数据流"),
    Pair("Thing", "对象"),
    Pair("Missing hours", "缺测小时比例"),
)
_KEYS = {
    "discount_rate": Pair("Discount rate", "折现率"),
    "crew_km_per_day": Pair("Crew speed, km a day", "班组速度（km/天）"),
    "water_per_m3": Pair("Value of a cubic metre", "每立方米水的价值"),
    "energy_per_kwh": Pair("Price of a kilowatt-hour", "每千瓦时电价"),
    "survey_per_km": Pair("Survey of a kilometre", "每千米检漏单价"),
    "repair_each": Pair("One repair", "单次修复费用"),
    "mains_km": Pair("Length of mains, km", "管网长度（km）"),
    "connections": Pair("Connections", "接户数"),
    "population": Pair("Population", "人口"),
}
_OF = Pair("{key}, {boundary}", "{boundary}：{key}")
MOST_REASONS = 40


def unknown_items(facts: Facts, shares: dict[str, float]) -> list[Inline]:
    """The sentences, what matters most first; the headline repeats the first of them."""
    items = [*_of_results(facts), *_of_data(facts, shares), *_of_numbers(facts)]
    return [*items, _PLACE]


def missing_shares(facts: Facts) -> dict[str, float]:
    """Share of hours without a good value from a datastream's first to the city's last observation, by id.

    A datastream whose interval is longer than an hour is judged by its own interval.
    """
    groups: dict[int, list[str]] = {}
    for stream in facts.datastreams:
        groups.setdefault(max(3600, stream.step_s), []).append(stream.id)
    whole = facts.view.span([s.id for s in facts.datastreams]) if facts.datastreams else None
    if whole is None:
        return dict.fromkeys((s.id for s in facts.datastreams), 1.0)
    end = min(whole[1], facts.view.now).astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    out: dict[str, float] = {}
    for step_s, ids in groups.items():
        first = whole[0].astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        good, total = np.zeros(len(ids)), 0
        while first < end:
            last = min(first + timedelta(seconds=step_s * CHUNK_HOURS), end)
            _, block = facts.view.block(ids, start=first, end=last, step_s=step_s)
            good += np.isfinite(block).sum(axis=0)
            total += len(block)
            first = last
        out |= {id: float(1 - g / max(total, 1)) for id, g in zip(ids, good, strict=True)}
    return out


def unknown(facts: Facts, items: list[Inline], shares: dict[str, float]) -> Section:
    """The section."""
    blocks: list[Block] = [Bullets(tuple(items))]
    if facts.refused:
        rows = tuple((r.source, both(r.reason), f"{r.rows:,}", r.example) for r in facts.refused[:MOST_REASONS])
        blocks.append(Table(_REFUSED_HEAD, rows, _REFUSED_TITLE, numeric=frozenset([2])))
    else:
        blocks.append(Paragraph(_NO_REFUSED))
    if shares:
        names = {s.id: s for s in facts.datastreams}
        worst = sorted(shares, key=lambda id: (-shares[id], names[id].name))
        table = tuple((names[id].name, facts.name(names[id].thing), _share(facts, id, shares[id])) for id in worst)
        blocks.append(Details(_SHARES, (Table(_SHARE_HEAD, table, numeric=frozenset([2])),)))
    return Section("unknown", _TITLE, tuple(blocks))


def _share(facts: Facts, id: str, share: float) -> Inline:
    return facts.trace.derived(
        f"missing:{id}",
        share * 100,
        unit="%",
        decimals=1,
        formula="intervals without a good value / all intervals",
        of=[id],
    )


def _of_results(facts: Facts) -> list[Inline]:
    """What detection, localisation and verification left open."""
    items: list[Inline] = []
    for found in facts.verifications:
        if found.grade == "inconclusive":
            parts: dict[str, Inline] = {
                "boundary": facts.name(found.boundary), "measured": facts.trace.estimate(found.id, "measured")
            }  # fmt: skip
            items.append(with_badge(Sentence(_INCONCLUSIVE, parts), found.simulated))
    for problem in facts.leaks:
        if not problem.area and problem.status not in ("closed", "dismissed", "merged"):
            parts = {"kind": word(KINDS, problem.kind), "boundary": facts.name(problem.boundary)}
            items.append(Sentence(_UNLOCATED, parts))
    items += [
        Sentence(_SENSOR, {"name": str(p.details.get("name", "")) or facts.name(p.boundary)})
        for p in facts.sensor_faults
        if p.status not in ("closed", "dismissed", "merged")
    ]
    items.append(_BILLS)
    for boundary in facts.boundaries:
        if boundary.id in facts.untold:
            items.append(Sentence(_NO_SERIES, {"boundary": facts.name(boundary.id), "why": facts.untold[boundary.id]}))
    return items


def _of_data(facts: Facts, shares: dict[str, float]) -> list[Inline]:
    """Missing and refused observations."""
    items: list[Inline] = []
    if not facts.datastreams:
        items.append(_NO_STREAM)
    bad = {id: s for id, s in shares.items() if s > NAMED_FROM}
    if bad:
        worst = max(bad, key=lambda id: bad[id])
        name = next(s.name for s in facts.datastreams if s.id == worst)
        items.append(
            Sentence(
                _MISSING,
                {
                    "n": str(len(bad)), "all": str(len(shares)), "share": f"{NAMED_FROM * 100:g}", "name": name,
                    "worst": _share(facts, worst, bad[worst]),
                },
            )
        )  # fmt: skip
    if facts.refused:
        items.append(Sentence(_REFUSED, {"n": f"{sum(r.rows for r in facts.refused):,}"}))
    return items


def _of_numbers(facts: Facts) -> list[Inline]:
    """Prices, inputs, rates and rules that are not confirmed."""
    items: list[Inline] = []
    stated = facts.trace.value("city", "stated")
    for key, value in stated.items():
        if value["status"] in ("unconfirmed", "assumed"):
            items.append(_stated(facts, key, value))
    seen: set[tuple[str, str]] = set()
    policy = {v["source"] for v in stated.values()}
    for measure in facts.countermeasures:
        for i, row in enumerate(measure.costs):
            known = row.status not in ("unconfirmed", "assumed") or row.unit_value is None
            # a price of the policy stands above already; the row may add to its source
            if known or (row.name, row.source) in seen or any(row.source.startswith(p) for p in policy if p):
                continue
            seen.add((row.name, row.source))
            parts: dict[str, Inline] = {
                "row": word(COST_ROWS, row.name), "status": status_badge(row.status), "source": both(row.source),
                "price": facts.trace.money(measure.id, f"costs[{i}].unit_value", per=row.quantity.unit),
            }  # fmt: skip
            items.append(Sentence(_PRICE, parts))
    for kind in sorted({c.kind for c in facts.countermeasures}):
        measure = next(c for c in facts.countermeasures if c.kind == kind)
        if measure.realisation.status == "unconfirmed":
            items.append(
                Sentence(
                    _RATE,
                    {
                        "kind": word(KINDS, kind), "status": status_badge("unconfirmed"),
                        "n": facts.trace.number(measure.id, "realisation.studies", decimals=0),
                    },
                )
            )  # fmt: skip
    doubtful = sum(r.status == "unconfirmed" for rules in facts.norms.values() for r in rules.values())
    if doubtful:
        items.append(Sentence(_NORMS, {"n": str(doubtful)}))
    return items


def _stated(facts: Facts, key: str, value: dict[str, object]) -> Inline:
    """One stated number that is not confirmed, with its range."""
    last = key.rsplit(".", 1)[-1]
    title: Inline = _KEYS.get(last, Pair(last, last))
    if key.startswith("boundary."):
        thing = record_id(facts.view.city, "thing", "boundary", key.split(".", 1)[1].rsplit(".", 1)[0])
        title = Sentence(_OF, {"key": title, "boundary": facts.name(thing)})
    path = f"stated[{key}]"
    shown: Inline = facts.trace.exact("city", f"{path}.value")
    if value["low"] is not None and value["high"] is not None:
        low, high = facts.trace.exact("city", f"{path}.low"), facts.trace.exact("city", f"{path}.high")
        shown = Sentence(_RANGE, {"value": shown, "low": low, "high": high})
    parts: dict[str, Inline] = {
        "key": title, "value": shown, "status": status_badge(str(value["status"])), "source": both(str(value["source"])),
    }  # fmt: skip
    return Sentence(_STATED, parts)
