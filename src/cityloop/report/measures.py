"""What can be done: countermeasures side by side with and without, their cost rows, and the plan."""

from cityloop.errors import InputError
from cityloop.i18n import Pair
from cityloop.records import Countermeasure, Plan
from cityloop.report.blocks import (
    Badge,
    Block,
    Bullets,
    Details,
    Inline,
    Lines,
    Paragraph,
    Section,
    Sentence,
    Subtitle,
    Table,
    joined,
)
from cityloop.report.facts import Facts
from cityloop.report.trace import NOT_KNOWN
from cityloop.report.unknown import UNKNOWN_TITLE
from cityloop.report.words import COST_KINDS, EFFECT_GRADES, STATES, both, named, status_badge, with_badge, word

__all__ = ["measures"]

_TITLE = Pair("Countermeasures and plan", "对策与方案")
_NONE = Pair("No countermeasure is on record.", "没有已登记的对策。")
_INTRO = Pair(
    "Each is compared with doing nothing. A fall is a claim until it is verified; the realisation rate is already in it. "
    "Amounts are present values at the stated prices, whose doubt is in “{unknown}”.",
    "每项对策均与“不采取措施”对比。降幅在验证之前只是预计值，已计入实现率。金额为按所列单价计算的现值，单价的不确定性见“{unknown}”。",
)
_HEAD: tuple[Inline, ...] = (
    Pair("Countermeasure", "对策"), Pair("Without", "不采取措施"), Pair("With", "采取后"), Pair("Claimed effect", "预计效果"),
    Pair("Cost", "费用"), Pair("Benefit", "效益"), Pair("Benefit − cost", "效益－费用"), Pair("Effort", "工作量"),
    Pair("Plan", "方案"),
)  # fmt: skip
_CHOSEN, _NOT_CHOSEN = Pair("chosen", "入选"), Pair("not chosen", "未入选")
_NONE_CLAIMED = Pair("none claimed", "无预计值")
_DASH = "–"
_KM = Pair("{km} to search, {days}", "排查 {km}，{days}")
_FOUND = Pair("chance to find it {share}", "查到的概率 {share}")
_USE = Pair("{name} {amount}", "{name} {amount}")
_RATE = Pair("Realisation rate used {rate}: {source} {status}", "采用实现率 {rate}：{source} {status}")
_COSTS = Pair("Cost rows of: {title}", "费用明细：{title}")
_COST_HEAD: tuple[Inline, ...] = (
    Pair("Row", "项目"), Pair("Kind", "类别"), Pair("Quantity", "数量"), Pair("Unit price", "单价"),
    Pair("Amount", "金额"), Pair("Source", "来源"), Pair("Status", "状态"),
)  # fmt: skip
_ONCE = Pair("once, in the first year", "首年一次")
_EVERY = Pair("every {n} year(s) for {life} years", "每 {n} 年一次，共 {life} 年")
_PRICE_YEAR = Pair("{price} (prices of {year})", "{price}（{year} 年价）")
_PLAN = Pair("Plan ({status})", "方案（{status}）")
_NO_PLAN = Pair("There is no plan.", "尚无方案。")
_EMPTY = Pair("This plan chooses nothing.", "本方案未选择任何对策。")
_PLAN_HEAD: tuple[Inline, ...] = (
    Pair("Year", "年份"), Pair("Countermeasure", "对策"), Pair("Place", "位置"), Pair("Cost (present value)", "费用（现值）"),
    Pair("Net present value", "净现值"),
)  # fmt: skip
_OBJECTIVE = Pair(
    "Together {npv} net present value at a discount rate of {rate}; budget {budget}. {proof}",
    "合计净现值 {npv}，折现率 {rate}；预算 {budget}。{proof}",
)
_PROVED = Pair(
    "Of these, no better choice exists within the budget and the limits (proved).",
    "已证明：上述对策在预算和约束内没有更优组合。",
)
_UNPROVED = Pair(
    "The search stopped early ({stop}): a better choice could be worth up to {bound}.",
    "求解提前停止（{stop}）：更优组合的净现值至多 {bound}。",
)
_EACH_YEAR = Pair("{amount} a year, {first} to {last}", "每年 {amount}（{first}～{last} 年）")
_ONE_YEAR = Pair("{year}: {amount}", "{year} 年 {amount}")
_REJECTED = Pair("What was left out, and why", "未入选的对策及原因")
_WHY = Pair("{title}: {why}", "{title}：{why}")
_CUTS = Pair("Limits that the joint simulation added", "联合模拟新增的限制")
_UNMET = Pair("Limits that the model breaks even with this plan", "采用本方案后模型中仍不满足的限制")
_CUT = Pair("{id}: at most {amount} {unit} ({source})", "{id}：至多 {amount} {unit}（{source}）")
_JOINT = Pair("Joint effect of the portfolio", "组合的联合效果")


def measures(facts: Facts) -> Section:
    """The section."""
    blocks: list[Block] = []
    if not facts.countermeasures:
        blocks.append(Paragraph(_NONE))
    else:
        order = _in_order(facts)
        shown = tuple(_row(facts, c) for c in order)
        chosen = facts.chosen
        marked = frozenset(i for i, c in enumerate(order) if c.id in chosen)
        blocks += [
            Paragraph(Sentence(_INTRO, {"unknown": UNKNOWN_TITLE})),
            Table(_HEAD, shown, numeric=frozenset([1, 2, 3, 4, 5, 6]), marked=marked),
        ]
        blocks += [_cost_rows(facts, c) for c in order]
    if not facts.plans:
        blocks.append(Paragraph(_NO_PLAN))
    for plan in facts.plans:
        blocks += _plan(facts, plan)
    return Section("measures", _TITLE, tuple(blocks))


def _in_order(facts: Facts) -> list[Countermeasure]:
    """By the problem that they answer, then the small before the large of one group."""
    place = {p.id: i for i, p in enumerate([*facts.concerns, *facts.sensor_faults])}
    place |= {g.id: place.get(g.problem, len(place)) for g in facts.goals}

    def key(c: Countermeasure) -> tuple[int, str, float, str]:
        cost = sum(r.quantity.value * r.unit_value.amount for r in c.costs if r.kind == "cost" and r.unit_value)
        return (min((place.get(a, len(place)) for a in c.answers), default=len(place)), c.one_of, cost, c.id)

    return sorted(facts.countermeasures, key=key)


def _title(measure: Countermeasure) -> Pair:
    return Pair(measure.title_en, measure.title_zh)


def _row(facts: Facts, measure: Countermeasure) -> tuple[Inline, ...]:
    trace, id = facts.trace, measure.id
    without: Inline = _DASH
    after: Inline = _DASH
    effect: Inline = _NONE_CLAIMED
    answered = {*measure.answers, *(g.problem for g in facts.goals if g.id in measure.answers)}
    problem = next((p for p in facts.problems if p.id in answered), None)
    if measure.effects:
        first = measure.effects[0]
        grade = Badge(word(EFFECT_GRADES, first.grade), "status")
        effect = Lines((trace.estimate(id, "effects[0].estimate"), named(first.indicator), grade))
        if problem is not None and problem.observed.unit == first.estimate.unit:
            without = trace.number(problem.id, "observed.value", unit=problem.observed.unit)
            sign, said = (-1, "-") if first.better == "lower" else (1, "+")
            after = trace.derived(
                f"with:{id}", problem.observed.value + sign * first.estimate.value, unit=first.estimate.unit,
                formula=f"observed.value {said} effects[0].estimate.value",
                of=[f"{problem.id}#observed.value", f"{id}#effects[0].estimate.value"],
            )  # fmt: skip
    name = Sentence(Pair("{t}", "{t}"), {"t": _title(measure)})
    return (
        Lines((with_badge(name, measure.simulated), facts.name(measure.boundary))), without, after, effect,
        _total(facts, measure, ("cost",)), _total(facts, measure, ("benefit",)),
        _total(facts, measure, ("benefit", "cost")), _effort(facts, measure),
        Badge(_CHOSEN, "good") if id in facts.chosen else _NOT_CHOSEN,
    )  # fmt: skip


def _effort(facts: Facts, measure: Countermeasure) -> Inline:
    """Crew-days and kilometres, the chance to find it, and what it uses of any other limit."""
    trace, id = facts.trace, measure.id
    lines: list[Inline] = []
    days = trace.number(id, "uses.crew_days", unit="crew-day", digits=2) if "crew_days" in measure.uses else NOT_KNOWN
    if "km_expected" in measure.details:
        km = trace.number(id, "details.km_expected", unit="km")
        lines.append(Sentence(_KM, {"km": km, "days": days}))
    elif "crew_days" in measure.uses:
        lines.append(days)
    if "probability_found" in measure.details:
        lines.append(Sentence(_FOUND, {"share": trace.percent(id, "details.probability_found")}))
    units = {limit.id: limit.unit.partition("/")[0] for limit in facts.view.policy.limits}
    for key in measure.uses:
        if key != "crew_days":
            amount = trace.number(id, f"uses[{key}]", unit=units.get(key, ""))
            lines.append(Sentence(_USE, {"name": named(key), "amount": amount}))
    return Lines(tuple(lines))


def _total(facts: Facts, measure: Countermeasure, kinds: tuple[str, ...]) -> Inline:
    """Present value of the rows of some kinds, benefits less costs; costs alone are positive."""
    from cityloop.economics import common_money, npv

    rows = [(i, r) for i, r in enumerate(measure.costs) if r.kind in kinds and r.unit_value is not None]
    if {r.kind for _, r in rows} != set(kinds):
        return NOT_KNOWN if kinds == ("cost",) else Pair("not priced", "不计价")
    rate = facts.view.policy.discount_rate
    try:
        currency, _ = common_money([r for _, r in rows])
        total = npv([r for _, r in rows], rate) * (-1.0 if kinds == ("cost",) else 1.0)
    except InputError:  # the plan says which of them cannot be summed
        return Pair("see the rows", "见明细")
    return facts.trace.derived(
        f"{'-'.join(kinds)}:{measure.id}", total, money=currency,
        formula=f"present value at {rate:g} a year of quantity.value * unit_value.amount"
        + (", benefits less costs" if len(kinds) > 1 else ""),
        of=[f"{measure.id}#costs[{i}]" for i, _ in rows],
    )  # fmt: skip


def _cost_rows(facts: Facts, measure: Countermeasure) -> Block:
    trace, id = facts.trace, measure.id
    rows: list[tuple[Inline, ...]] = []
    for i, row in enumerate(measure.costs):
        price: Inline = Pair("not priced", "不计价")
        amount: Inline = ""
        if row.unit_value is not None:
            price = Sentence(
                _PRICE_YEAR,
                {
                    "price": trace.money(id, f"costs[{i}].unit_value", per=row.quantity.unit),
                    "year": trace.number(id, f"costs[{i}].unit_value.price_year", decimals=0, plain=True),
                },
            )
            amount = trace.derived(
                f"amount:{id}:{i}", row.quantity.value * row.unit_value.amount, money=row.unit_value.currency,
                formula="quantity.value * unit_value.amount", of=[f"{id}#costs[{i}]"],
            )  # fmt: skip
        every: Inline = _ONCE
        if row.recurrence:
            every = Sentence(_EVERY, {"n": str(row.recurrence), "life": str(row.life)})
        rows.append(
            (
                Lines((named(row.name), every)), word(COST_KINDS, row.kind),
                trace.estimate(id, f"costs[{i}].quantity"), price, amount, both(row.source), status_badge(row.status),
            )
        )  # fmt: skip
    rate = Sentence(
        _RATE,
        {
            "rate": trace.estimate(id, "realisation.estimate"), "source": both(measure.realisation.source),
            "status": status_badge(measure.realisation.status),
        },
    )  # fmt: skip
    table = Table(_COST_HEAD, tuple(rows), numeric=frozenset([2, 3, 4]))
    return Details(Sentence(_COSTS, {"title": _title(measure)}), (table, Paragraph(rate)))


# --- plan --------------------------------------------------------------------------------------------------------
def _plan(facts: Facts, plan: Plan) -> list[Block]:
    heading = Sentence(_PLAN, {"status": word(STATES, plan.status)})
    blocks: list[Block] = [Subtitle(with_badge(heading, plan.simulated))]
    if plan.lines:
        rows = tuple(_plan_row(facts, plan, i) for i in range(len(plan.lines)))
        blocks.append(Table(_PLAN_HEAD, rows, numeric=frozenset([3, 4])))
    else:
        blocks.append(Paragraph(_EMPTY))
    blocks.append(Paragraph(_objective(facts, plan)))
    if plan.rejected:
        blocks += [Subtitle(_REJECTED), Bullets(tuple(_refusals(facts, plan)))]
    if plan.cuts:
        blocks += [Subtitle(_CUTS), Bullets(_limits(facts, plan, "cuts"))]
    if plan.unmet:
        blocks += [Subtitle(_UNMET), Bullets(_limits(facts, plan, "unmet"))]
    if plan.joint_effect:
        joint = tuple(_joint(facts, plan, key) for key in plan.joint_effect)
        blocks.append(Details(_JOINT, (Bullets(joint),)))
    return blocks


def _limits(facts: Facts, plan: Plan, field: str) -> tuple[Inline, ...]:
    """Limits that a simulation added or found broken, one sentence each."""
    return tuple(
        Sentence(
            _CUT,
            {
                "id": named(limit.id), "amount": facts.trace.number(plan.id, f"{field}[{i}].amount"),
                "unit": both(limit.unit), "source": facts.readable(limit.source),
            },
        )
        for i, limit in enumerate(getattr(plan, field))
    )  # fmt: skip


def _objective(facts: Facts, plan: Plan) -> Inline:
    """Value, budget, and whether a better choice could exist."""
    trace, id = facts.trace, plan.id
    stop = plan.stopped_by.partition(";")[0]
    currency = plan.budget[0].currency if plan.budget else facts.view.policy.currency
    proof: Inline = _PROVED
    if stop != "optimal":
        proof = Sentence(_UNPROVED, {"stop": word(STATES, stop), "bound": trace.amount(id, "bound", currency)})
    parts = {
        "npv": trace.estimate(id, "objective"), "rate": trace.percent(id, "discount_rate"), "proof": proof,
        "budget": _budget(facts, plan),
    }  # fmt: skip
    return Sentence(_OBJECTIVE, parts)


def _budget(facts: Facts, plan: Plan) -> Inline:
    """One amount where every year has the same."""
    n = min(len(plan.years), len(plan.budget))
    if n > 1 and len(set(plan.budget[:n])) == 1:
        parts = {"amount": facts.trace.money(plan.id, "budget[0]"), "first": _year(facts, plan, 0)}
        return Sentence(_EACH_YEAR, {**parts, "last": _year(facts, plan, n - 1)})
    return joined(
        [
            Sentence(_ONE_YEAR, {"year": _year(facts, plan, i), "amount": facts.trace.money(plan.id, f"budget[{i}]")})
            for i in range(n)
        ]
    )


def _year(facts: Facts, plan: Plan, i: int) -> Inline:
    return facts.trace.number(plan.id, f"years[{i}]", decimals=0, plain=True)


def _joint(facts: Facts, plan: Plan, key: str) -> Inline:
    """One entry of the joint effect; its key holds a Thing id, which is shown by name."""
    name: Inline = key
    thing = next((t for t in facts.things if t in key), None)
    if thing is not None:
        rest = key.replace(thing, "").strip(":/# .").removesuffix(" of")
        name = Sentence(Pair("{rest}, {thing}", "{thing}，{rest}"), {"thing": facts.name(thing), "rest": named(rest)})
    effects = (e for c in facts.countermeasures for e in c.effects)
    unit = next((e.estimate.unit for e in effects if thing and e.thing == thing and e.indicator in key), "")
    value = facts.trace.number(plan.id, f"joint_effect[{key}]", unit=unit)
    return Sentence(Pair("{name}: {value}", "{name}：{value}"), {"name": name, "value": value})


def _plan_row(facts: Facts, plan: Plan, i: int) -> tuple[Inline, ...]:
    trace, id, line = facts.trace, plan.id, plan.lines[i]
    measure = facts.countermeasure(line.countermeasure)
    return (
        trace.number(id, f"lines[{i}].year", decimals=0, plain=True),
        _title(measure) if measure else line.countermeasure,
        facts.name(measure.boundary) if measure else NOT_KNOWN,
        trace.money(id, f"lines[{i}].cost"),
        trace.estimate(id, f"lines[{i}].net_present_value"),
    )


def _refusals(facts: Facts, plan: Plan) -> list[Inline]:
    """Every reason once, with what was left out for it."""
    groups: dict[str, list[Inline]] = {}
    for id, why in plan.rejected.items():
        measure = facts.countermeasure(id)
        groups.setdefault(why, []).append(_title(measure) if measure else id)
    return [Sentence(_WHY, {"title": joined(titles), "why": both(why)}) for why, titles in groups.items()]
