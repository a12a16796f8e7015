"""What the money of the works does if a price, the discount rate or the budget is another one, and how works can fail."""

from cityloop.i18n import Pair
from cityloop.report.blocks import Block, Bullets, Inline, Lines, Sentence, Table, joined
from cityloop.report.facts import Facts
from cityloop.report.headline import npv
from cityloop.report.risk import (
    Line,
    PriceRange,
    npv_of,
    npv_with_prices,
    other_budgets,
    price_ranges,
    switch_value,
)
from cityloop.report.words import named, status_badge

__all__ = ["what_if"]

#: Shares of the budget for which the plan is solved again.
FACTORS = (0.0, 0.5, 1.0, 2.0)

_PRICE_HEAD: tuple[Inline, ...] = (
    Pair("If this is another value", "若该取值变化"), Pair("Used", "采用值"), Pair("Could be", "可能范围"),
    Pair("Net present value then", "相应净现值"), Pair("Turns to zero at", "净现值为零时的取值"), Pair("Status", "状态"),
)  # fmt: skip
_PRICE_CAPTION = Pair("A price or the discount rate", "单价或折现率变化")
_TO = Pair("{low} to {high}", "{low}～{high}")
_NO_RANGE = Pair("no range stated", "未给出范围")
_NOT_ASKED = Pair("not asked", "不适用")
_NEVER = Pair("at no price", "任何取值均不为零")
_BUDGET_HEAD: tuple[Inline, ...] = (
    Pair("Budget of every year", "每年预算"), Pair("Works chosen", "入选工程"), Pair("Net present value", "净现值"),
    Pair("Added or lost", "增减"),
)  # fmt: skip
_BUDGET_CAPTION = Pair(
    "The budget (solved again, without the joint simulation of the models)", "预算变化（重新求解，未做模型联合模拟）"
)
_TIMES = Pair("{factor} × as now", "现预算的 {factor} 倍")
_COUNT = Pair("{n} works", "{n} 项")
_SAME = Pair("as now", "与现方案相同")
_LOST, _ADDED = Pair("without {names}", "不再包括：{names}"), Pair("also {names}", "另加：{names}")
_NOT_FOUND = Pair(
    "A search may end without a find: {title}, chance to find it {found}; then its cost is spent for nothing.",
    "排查可能一无所获：{title}，查到的概率 {found}；查不到时费用无回报。",
)
_NEGATIVE = Pair(
    "It may cost more than it brings: {title}, the interval of its net present value begins below zero ({npv}).",
    "可能得不偿失：{title}，净现值区间下限为负（{npv}）。",
)
_UNTESTED = Pair(
    "All claims of “{kind}” rest on a realisation rate that no works here have confirmed.",
    "“{kind}”的预计值所用实现率尚未经本市工程验证。",
)


def what_if(facts: Facts, lines: list[Line]) -> list[Block]:
    """Tables of prices, discount rate and budgets, and the ways in which the works can fail."""
    blocks: list[Block] = []
    rows = [row for p in price_ranges(facts) if (row := _price(facts, lines, p)) is not None]
    rate = _rate(facts, lines)
    if rows or rate is not None:
        blocks.append(
            Table(_PRICE_HEAD, (*rows, *([rate] if rate else [])), _PRICE_CAPTION, numeric=frozenset([1, 2, 3, 4]))
        )
    blocks += _budgets(facts)
    items = _ways_to_fail(facts, lines)
    return [*blocks, *([Bullets(tuple(items))] if items else [])]


def _price(facts: Facts, lines: list[Line], price: PriceRange) -> tuple[Inline, ...] | None:
    """One price: what the net present value becomes at the ends of its range; None where nothing depends on it."""
    policy, prices = facts.view.policy, price_ranges(facts)
    rate = policy.discount_rate
    if npv_of(lines, rate, prices=prices, changed={price.key: price.value + 1}) == npv_of(lines, rate):
        return None
    path = f"stated[prices.{price.key}]"
    of = [f"city#{path}", *(f"{line.measure.id}#costs" for line in lines)]
    spread: Inline = _NO_RANGE
    then: Inline = ""
    if price.low is not None and price.high is not None:
        ends = {
            end: facts.trace.derived(
                f"npv_at:{price.key}:{end}", npv_of(lines, rate, prices=prices, changed={price.key: value}),
                money=policy.currency, formula=f"net present value with {price.key} at its {end} end", of=of,
            )
            for end, value in (("low", price.low), ("high", price.high))
        }  # fmt: skip
        then = Sentence(_TO, ends)
        spread = Sentence(_TO, {end: facts.trace.exact("city", f"{path}.{end}") for end in ("low", "high")})
    zero = switch_value(lines, rate, prices, price.key)
    at: Inline = _NEVER
    if zero is not None:
        at = facts.trace.derived(
            f"switch:{price.key}",
            zero,
            money=policy.currency,
            formula="price at which the net present value is zero",
            of=of,
        )
    used = facts.trace.exact("city", f"{path}.value", unit=policy.currency)
    return named(price.key), used, spread, then, at, status_badge(price.status)


def _rate(facts: Facts, lines: list[Line]) -> tuple[Inline, ...] | None:
    stated = facts.settings.stated.get("discount_rate")
    if stated is None or stated.low is None or stated.high is None:
        return None
    of = ["city#stated[discount_rate]", *(f"{line.measure.id}#costs" for line in lines)]
    ends = {
        end: facts.trace.derived(
            f"npv_at:discount_rate:{end}", npv_of(lines, value), money=facts.view.policy.currency,
            formula=f"net present value at the {end} discount rate", of=of,
        )
        for end, value in (("low", stated.low), ("high", stated.high))
    }  # fmt: skip
    spread = {end: facts.trace.percent("city", f"stated[discount_rate].{end}") for end in ("low", "high")}
    return (
        named("discount_rate"), facts.trace.percent("city", "stated[discount_rate].value"), Sentence(_TO, spread),
        Sentence(_TO, ends), _NOT_ASKED, status_badge(stated.status),
    )  # fmt: skip


def _budgets(facts: Facts) -> list[Block]:
    """The plan solved again with other budgets; nothing where no priced option is open."""
    found = other_budgets(facts, FACTORS)
    now = next((f for f in found if f.factor == 1.0), None)
    if now is None or not any(other.chosen for other in found):
        return []

    def names(ids: frozenset[str]) -> Inline:
        known = [facts.countermeasure(id) for id in sorted(ids)]
        return joined([Pair(c.title_en, c.title_zh) for c in known if c is not None], Pair("; ", "；"))

    rows: list[tuple[Inline, ...]] = []
    for other in found:
        lost, added = now.chosen - other.chosen, other.chosen - now.chosen
        changes: list[Inline] = [Sentence(_LOST, {"names": names(lost)})] if lost else []
        changes += [Sentence(_ADDED, {"names": names(added)})] if added else []
        value = facts.trace.derived(
            f"budget_times:{other.factor:g}", other.value, money=facts.view.policy.currency,
            formula=f"best net present value with {other.factor:g} times the yearly budget", of=["city#policy.budget_per_year"],
        )  # fmt: skip
        rows.append(
            (
                Sentence(_TIMES, {"factor": f"{other.factor:g}"}), Sentence(_COUNT, {"n": str(len(other.chosen))}), value,
                Lines(tuple(changes)) if changes else _SAME,
            )
        )  # fmt: skip
    return [Table(_BUDGET_HEAD, tuple(rows), _BUDGET_CAPTION, numeric=frozenset([2]))]


def _ways_to_fail(facts: Facts, lines: list[Line]) -> list[Inline]:
    items: list[Inline] = []
    for line in lines:
        title = Pair(line.measure.title_en, line.measure.title_zh)
        if "probability_found" in line.measure.details:
            found = facts.trace.percent(line.measure.id, "details.probability_found")
            items.append(Sentence(_NOT_FOUND, {"title": title, "found": found}))
        whole = npv_with_prices(facts, [line])
        if any(r.kind == "benefit" for r in line.measure.costs) and whole.low < 0 <= whole.value:
            plan = next(p for p in facts.plans if p.id == line.plan)
            items.append(Sentence(_NEGATIVE, {"title": title, "npv": npv(facts, plan, line.position)}))
    untested = dict.fromkeys(c.measure.kind for c in lines if not _confirmed(facts, c.measure.kind))
    items += [Sentence(_UNTESTED, {"kind": named(kind)}) for kind in untested]
    return items


def _confirmed(facts: Facts, kind: str) -> bool:
    """Whether works of this kind have been verified in this city, or the kind claims nothing."""
    if not any(c.effects for c in facts.countermeasures if c.kind == kind):
        return True
    rate = facts.rates.get(kind)
    return rate is not None and rate.studies > 0 and any(v.grade == "confirmed" for v in facts.verifications)
