"""What is not known, as a list that nobody has to search for; and the numbers that are only assumed."""

from datetime import UTC, timedelta

import numpy as np

from cityloop.i18n import Pair
from cityloop.records import record_id
from cityloop.report.balance import has_water_balance
from cityloop.report.blocks import Block, Bullets, Details, Inline, Paragraph, Section, Sentence, Table, joined
from cityloop.report.facts import Facts
from cityloop.report.order import stands
from cityloop.report.refusals import refused_reason
from cityloop.report.water_balance import balance_unknowns
from cityloop.report.words import both, named, status_badge, with_badge
from cityloop.report.works import unjudged_items

__all__ = ["UNKNOWN_TITLE", "missing_shares", "unknown", "unknown_items"]

#: Share of missing hours from which a datastream is named in the list.
NAMED_FROM = 0.05
#: Hours that one read of observations spans, so that a city of many meters fits into memory.
CHUNK_HOURS = 24 * 120

UNKNOWN_TITLE = Pair("What is not known", "尚不清楚的事项")
_PLACE = Pair(
    "What nobody measures is not in this report: only lasting changes of what is metered are seen.",
    "未被计量的情况不在本报告中：只能看到已计量对象的持续变化。",
)
_INCONCLUSIVE = Pair(
    "Whether the works in {boundary} had an effect worth acting on: measured {measured}, inconclusive.",
    "{boundary}工程是否产生值得采取行动的效果：实测 {measured}，尚无定论。",
)
_UNJUDGED = Pair("What these works brought, {why}", "该工程的效果：{why}")
_UNLOCATED = Pair("Where in {boundary} it lies: {kind}.", "{boundary}：{kind}的具体位置。")
_NO_SERIES = Pair("The water balance of {boundary}: {why}.", "{boundary}的水量平衡：{why}。")
_BILLS = Pair(
    "Loss rates (漏损率, non-revenue water, ILI): no billed volumes are on record.",
    "漏损率、产销差率和 ILI：没有售水量数据。",
)
_SENSOR = Pair("True readings at failing sensors ({n}): {names}.", "异常传感器（{n} 个）处的真实值：{names}。")
_MONEY = Pair(
    "What it really costs and is worth: {n} numbers are assumed or unconfirmed, among them: {first}. Amounts move with them.",
    "真实的费用和价值：有 {n} 项取值为假设或未核实，其中：{first}。金额随之变化。",
)
_NAMED = Pair("{key} {value} ({spread})", "{key} {value}（{spread}）")
_USED = Pair("{key} {value}", "{key} {value}")
_RANGE = Pair("{low} to {high}", "{low}～{high}")
_NUMBERS = Pair("Numbers that are assumed or unconfirmed", "假设或未核实的取值")
_NUMBERS_HEAD: tuple[Inline, ...] = (
    Pair("Number", "取值项"), Pair("Used", "采用值"), Pair("Could be", "可能范围"), Pair("Status", "状态"), Pair("Source", "来源"),
)  # fmt: skip
_PRICE = Pair("Price: {row}", "单价：{row}")
_REALISED = Pair("Realisation rate: {kind}", "实现率：{kind}")
_MISSING = Pair(
    "{n} of {all} datastreams lack more than {share} % of their hours; the worst is {name} with {worst}.",
    "{all} 条数据流中有 {n} 条缺测超过 {share}%，最多的是 {name}，缺 {worst}。",
)
_REFUSED = Pair(
    "What {n} refused rows would have said: they are kept aside and not used (table below).",
    "{n} 行被拒收数据的内容：已单独保存，未使用（见下表）。",
)
_NORMS = Pair(
    "What {n} rules of the norm tables say exactly: they were read second-hand only.",
    "规范表中 {n} 项规定的原文：仅见于二手资料，未核实。",
)
_NO_REFUSED = Pair("No row was refused.", "没有被拒收的数据行。")
_NO_STREAM = Pair("No observations are on record.", "没有观测数据。")
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
_OF = Pair("{key}, {boundary}", "{boundary}：{key}")
MOST_REASONS = 40
_MOST_NAMED = 3


def unknown_items(facts: Facts, shares: dict[str, float]) -> list[Inline]:
    """The sentences, what matters most first: two on results, one each on money, data and rules, then all the others.

    The headline repeats the first of them.
    """
    groups = [(_of_results(facts), 2), (_of_money(facts), 1), (_of_data(facts, shares), 1), (_of_rules(facts), 1)]
    first = [item for items, n in groups for item in items[:n]]
    return [*first, *(item for items, n in groups for item in items[n:]), _PLACE]


def missing_shares(facts: Facts) -> dict[str, float]:
    """Share of hours without a good value from a datastream's first to the city's last observation, by id.

    A datastream whose interval is longer than an hour is judged by its own interval.
    """
    groups: dict[int, list[str]] = {}
    for stream in facts.metered:
        groups.setdefault(max(3600, stream.step_s), []).append(stream.id)
    whole = facts.view.span([s.id for s in facts.metered]) if facts.metered else None
    if whole is None:
        return dict.fromkeys((s.id for s in facts.metered), 1.0)
    end = min(whole[1], facts.view.now).astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    out: dict[str, float] = {}
    for step_s, ids in groups.items():
        first = whole[0].astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        good, total = np.zeros(len(ids)), np.zeros(len(ids))
        while first < end:
            last = min(first + timedelta(seconds=step_s * CHUNK_HOURS), end)
            _, block = facts.view.block(ids, start=first, end=last, step_s=step_s)
            present = np.isfinite(block)
            # hours before a datastream's first value are not missing: it was not there yet
            since = np.where(present.any(axis=0), present.argmax(axis=0), len(block))
            total += np.where(total > 0, len(block), len(block) - since)
            good += present.sum(axis=0)
            first = last
        out |= {id: float(1 - g / max(n, 1)) for id, g, n in zip(ids, good, total, strict=True)}
    return out


def unknown(facts: Facts, items: list[Inline], shares: dict[str, float]) -> Section:
    """The section."""
    blocks: list[Block] = [Bullets(tuple(items))]
    if numbers := _numbers(facts):
        blocks.append(Table(_NUMBERS_HEAD, tuple(numbers), _NUMBERS, numeric=frozenset([1, 2])))
    if facts.refused:
        rows = tuple(
            (r.source, refused_reason(r.reason), f"{r.rows:,}", r.example) for r in facts.refused[:MOST_REASONS]
        )
        blocks.append(Table(_REFUSED_HEAD, rows, _REFUSED_TITLE, numeric=frozenset([2])))
    else:
        blocks.append(Paragraph(_NO_REFUSED))
    if shares:
        names = {s.id: s for s in facts.datastreams}
        worst = sorted(shares, key=lambda id: (-shares[id], names[id].name))
        table = tuple((names[id].name, facts.name(names[id].thing), _share(facts, id, shares[id])) for id in worst)
        blocks.append(Details(_SHARES, (Table(_SHARE_HEAD, table, numeric=frozenset([2])),)))
    return Section("unknown", UNKNOWN_TITLE, tuple(blocks))


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
    items += [Sentence(_UNJUDGED, {"why": text}) for text in unjudged_items(facts)]
    for problem in facts.concerns:
        area = facts.things.get(problem.boundary)
        if stands(problem) and not problem.area and not problem.best_place and area and area.kind == "boundary":
            parts = {"kind": named(problem.kind), "boundary": facts.name(problem.boundary)}
            items.append(Sentence(_UNLOCATED, parts))
    faults = [p for p in facts.sensor_faults if stands(p)]
    if faults:
        names = joined([facts.name(p.boundary) for p in faults[:_MOST_NAMED]])
        items.append(Sentence(_SENSOR, {"names": names, "n": str(len(faults))}))
    if has_water_balance(facts):
        items += balance_unknowns(facts) or ([] if facts.water_balances.balances else [_BILLS])
        for boundary in facts.boundaries:
            why = facts.untold.get((boundary.id, "demand"))
            if why:
                items.append(Sentence(_NO_SERIES, {"boundary": facts.name(boundary.id), "why": both(why)}))
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


def _of_rules(facts: Facts) -> list[Inline]:
    doubtful = sum(r.status == "unconfirmed" for rules in facts.norms.values() for r in rules.values())
    return [Sentence(_NORMS, {"n": str(doubtful)})] if doubtful else []


def _of_money(facts: Facts) -> list[Inline]:
    """That prices are assumed, in one sentence; the table names all."""
    rows = _numbers(facts)
    if not rows or not (facts.countermeasures or any(p.cost_per_year for p in facts.problems)):
        return []
    first = joined(
        [
            Sentence(_NAMED if spread else _USED, {"key": name, "value": value, "spread": spread})
            for name, value, spread, *_ in rows[:_MOST_NAMED]
        ]
    )
    return [Sentence(_MONEY, {"n": str(len(rows)), "first": first})]


def _doubtful(facts: Facts) -> list[str]:
    """Keys of the stated numbers that are not confirmed: prices first, then as they are stated."""
    stated = facts.trace.value("city", "stated")
    keys = [key for key, value in stated.items() if value["status"] in ("unconfirmed", "assumed")]
    return sorted(keys, key=lambda key: ".prices." not in f".{key}")


def _stated(facts: Facts, key: str) -> dict[str, Inline]:
    """One stated number: its name, value, and range where one is stated."""
    last = key.rsplit(".", 1)[-1]
    name: Inline = named(last)
    unit = facts.view.policy.currency if last in facts.view.policy.prices else ""
    if key.startswith("boundary."):
        thing = record_id(facts.view.city, "thing", "boundary", key.split(".", 1)[1].rsplit(".", 1)[0])
        name = Sentence(_OF, {"key": name, "boundary": facts.name(thing)})
    path = f"stated[{key}]"
    parts: dict[str, Inline] = {"key": name, "value": facts.trace.exact("city", f"{path}.value", unit=unit)}
    for end in ("low", "high"):
        parts[end] = facts.trace.exact("city", f"{path}.{end}")
    return parts


def _numbers(facts: Facts) -> list[tuple[Inline, ...]]:
    """Prices, inputs and rates that are not confirmed, with what they could be and where they are from."""
    rows: list[tuple[Inline, ...]] = []
    stated = facts.trace.value("city", "stated")
    for key in _doubtful(facts):
        parts, value = _stated(facts, key), stated[key]
        spread: Inline = ""
        if value["low"] is not None and value["high"] is not None:
            spread = Sentence(_RANGE, {"low": parts["low"], "high": parts["high"]})
        rows.append((parts["key"], parts["value"], spread, status_badge(value["status"]), both(str(value["source"]))))
    seen: set[tuple[str, str]] = set()
    policy = {v["source"] for v in stated.values()}
    for measure in facts.countermeasures:
        for i, row in enumerate(measure.costs):
            known = row.status not in ("unconfirmed", "assumed") or row.unit_value is None
            # a price of the policy stands above already; the row may add to its source
            if known or (row.name, row.source) in seen or any(row.source.startswith(p) for p in policy if p):
                continue
            seen.add((row.name, row.source))
            price = facts.trace.money(measure.id, f"costs[{i}].unit_value", per=row.quantity.unit)
            name = Sentence(_PRICE, {"row": named(row.name)})
            rows.append((name, price, "", status_badge(row.status), both(row.source)))
    return [*rows, *_rates(facts)]


def _rates(facts: Facts) -> list[tuple[Inline, ...]]:
    """Realisation rates, as learnt by now where the city has learnt any."""
    rows: list[tuple[Inline, ...]] = []
    for kind, measure in {c.kind: c for c in facts.countermeasures}.items():
        rate = facts.rates.get(kind, measure.realisation)
        root, path = ("rates", kind) if kind in facts.rates else (measure.id, "realisation")
        if rate.status == "unconfirmed":
            spread = {end: facts.trace.number(root, f"{path}.estimate.{end}", decimals=2) for end in ("low", "high")}
            rows.append(
                (
                    Sentence(_REALISED, {"kind": named(kind)}),
                    facts.trace.number(root, f"{path}.estimate.value", decimals=2), Sentence(_RANGE, spread),
                    status_badge(rate.status), both(rate.source),
                )
            )  # fmt: skip
    return rows
