"""Section 6: countermeasures side by side with and without, their cost rows, and the plan."""

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
)
from cityloop.report.facts import Facts
from cityloop.report.trace import NOT_KNOWN
from cityloop.report.words import (
    COST_KINDS,
    COST_ROWS,
    EFFECT_GRADES,
    STATES,
    both,
    status_badge,
    with_badge,
    word,
)

__all__ = ["measures"]

_TITLE = Pair("Countermeasures and plan", "对策与方案")
_NONE = Pair("No countermeasure is on record.", "没有已登记的对策。")
_INTRO = Pair(
    "Each countermeasure is compared with doing nothing. Effects are claims until they are verified; the realisation rate "
    "is already in them.",
    "每项对策都与“不采取措施”对比。效果在验证之前只是预计值，已计入实现率。",
)
_HEAD: tuple[Inline, ...] = (
    Pair("Countermeasure", "对策"), Pair("Without", "不采取措施"), Pair("With", "采取后"), Pair("Claimed fall", "预计降幅"),
    Pair("Cost (sum of cost rows)", "费用合计"), Pair("Benefit (sum of benefit rows)", "效益合计"),
    Pair("Effort", "工作量"), Pair("In the plan", "是否入选"),
)  # fmt: skip
_CHOSEN, _NOT_CHOSEN = Pair("chosen", "入选"), Pair("not chosen", "未入选")
_NO_EFFECT = Pair("no effect on an indicator", "对指标无影响")
_KM = Pair("expected survey {km}, {days}", "预计检漏 {km}，{days}")
_FOUND = Pair("chance to find the leak {share}", "找到漏点的概率 {share}")
_RATE = Pair("realisation rate used {rate}: {source} {status}", "采用实现率 {rate}：{source} {status}")
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
    Pair("Year", "年份"), Pair("Countermeasure", "对策"), Pair("Boundary or place", "分区或位置"), Pair("Cost (present value)", "费用（现值）"),
    Pair("Net present value", "净现值"),
)  # fmt: skip
_BUDGET_HEAD: tuple[Inline, ...] = (Pair("Year", "年份"), Pair("Budget", "预算"))
_OBJECTIVE = Pair(
    "Net present value of the portfolio {npv} at a discount rate of {rate}. Upper bound {bound}, gap {gap}; the search "
    "stopped: {stop}.",
    "组合净现值 {npv}，折现率 {rate}。上界 {bound}，间隙 {gap}；求解停止原因：{stop}。",
)
_REJECTED = Pair("What was left out, and why", "未入选的对策及原因")
_WHY = Pair("{title}: {why}", "{title}：{why}")
_CUTS = Pair("Limits that the joint simulation added", "联合模拟新增的限制")
_CUT = Pair("{id}: at most {amount} {unit} ({source})", "{id}：不超过 {amount} {unit}（{source}）")
_JOINT = Pair("Joint effect of the portfolio", "组合的联合效果")


def measures(facts: Facts) -> Section:
    """The section."""
    blocks: list[Block] = []
    if not facts.countermeasures:
        blocks.append(Paragraph(_NONE))
    else:
        order = sorted(facts.countermeasures, key=lambda c: (c.kind != "survey_and_repair", c.boundary, _size(c), c.id))
        shown = tuple(_row(facts, c) for c in order)
        chosen = facts.chosen
        marked = frozenset(i for i, c in enumerate(order) if c.id in chosen)
        blocks += [Paragraph(_INTRO), Table(_HEAD, shown, numeric=frozenset([1, 2, 3, 4, 5]), marked=marked)]
        blocks += [_cost_rows(facts, c) for c in order]
    if not facts.plans:
        blocks.append(Paragraph(_NO_PLAN))
    for plan in facts.plans:
        blocks += _plan(facts, plan)
    return Section("measures", _TITLE, tuple(blocks))


def _size(measure: Countermeasure) -> float:
    km = measure.details.get("km_whole", 0.0)
    return float(km) if isinstance(km, int | float) else 0.0


def _title(measure: Countermeasure) -> Pair:
    return Pair(measure.title_en, measure.title_zh)


def _row(facts: Facts, measure: Countermeasure) -> tuple[Inline, ...]:
    trace, id = facts.trace, measure.id
    without: Inline = NOT_KNOWN
    after: Inline = NOT_KNOWN
    effect: Inline = _NO_EFFECT
    problem = next((p for p in facts.problems if p.id in measure.answers), None)
    if measure.effects:
        first = measure.effects[0]
        grade = Badge(word(EFFECT_GRADES, first.grade), "status")
        effect = Lines((trace.estimate(id, "effects[0].estimate"), grade))
        if problem is not None and problem.observed.unit == first.estimate.unit:
            without = trace.number(problem.id, "observed.value", unit=problem.observed.unit)
            after = trace.derived(
                f"with:{id}", problem.observed.value - first.estimate.value, unit=first.estimate.unit,
                formula="observed.value - effects[0].estimate.value",
                of=[f"{problem.id}#observed.value", f"{id}#effects[0].estimate.value"],
            )  # fmt: skip
    chosen = measure.id in facts.chosen
    return (
        with_badge(Sentence(Pair("{t}", "{t}"), {"t": _title(measure)}), measure.simulated), without, after, effect,
        _total(facts, measure, "cost"), _total(facts, measure, "benefit"), _effort(facts, measure),
        Badge(_CHOSEN, "good") if chosen else _NOT_CHOSEN,
    )  # fmt: skip


def _effort(facts: Facts, measure: Countermeasure) -> Inline:
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
    return Lines(tuple(lines))


def _total(facts: Facts, measure: Countermeasure, kind: str) -> Inline:
    """Sum of the rows of one kind that are paid once; rows of other years are shown singly only."""
    rows = [(i, r) for i, r in enumerate(measure.costs) if r.kind == kind and r.unit_value is not None]
    currencies = {r.unit_value.currency for _, r in rows if r.unit_value}
    if not rows:
        return NOT_KNOWN if kind == "cost" else Pair("not priced", "不计价")
    if len(currencies) != 1 or any(r.recurrence for _, r in rows):
        return Pair("see the rows", "见明细")
    total = sum(r.quantity.value * r.unit_value.amount for _, r in rows if r.unit_value)
    return facts.trace.derived(
        f"{kind}:{measure.id}", total, money=currencies.pop(), formula="sum of quantity.value * unit_value.amount",
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
                Lines((word(COST_ROWS, row.name), every)), word(COST_KINDS, row.kind),
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
    trace, id = facts.trace, plan.id
    heading = Sentence(_PLAN, {"status": word(STATES, plan.status)})
    blocks: list[Block] = [Subtitle(with_badge(heading, plan.simulated))]
    if plan.lines:
        rows = tuple(_plan_row(facts, plan, i) for i in range(len(plan.lines)))
        blocks.append(Table(_PLAN_HEAD, rows, numeric=frozenset([3, 4])))
    else:
        blocks.append(Paragraph(_EMPTY))
    currency = plan.budget[0].currency if plan.budget else facts.view.policy.currency
    stop = plan.stopped_by.partition(";")[0]
    blocks.append(
        Paragraph(
            Sentence(
                _OBJECTIVE,
                {
                    "npv": trace.estimate(id, "objective"), "rate": trace.percent(id, "discount_rate"),
                    "bound": trace.amount(id, "bound", currency), "gap": trace.percent(id, "gap"),
                    "stop": word(STATES, stop),
                },
            )
        )
    )  # fmt: skip
    budget = tuple(
        (trace.number(id, f"years[{i}]", decimals=0, plain=True), trace.money(id, f"budget[{i}]"))
        for i in range(min(len(plan.years), len(plan.budget)))
    )
    blocks.append(Table(_BUDGET_HEAD, budget, numeric=frozenset([1])))
    if plan.rejected:
        blocks += [Subtitle(_REJECTED), Bullets(tuple(_refusal(facts, c, why) for c, why in plan.rejected.items()))]
    if plan.cuts:
        cuts = tuple(
            Sentence(
                _CUT,
                {
                    "id": cut.id, "amount": trace.number(id, f"cuts[{i}].amount"), "unit": both(cut.unit),
                    "source": both(cut.source),
                },
            )
            for i, cut in enumerate(plan.cuts)
        )  # fmt: skip
        blocks += [Subtitle(_CUTS), Bullets(cuts)]
    if plan.joint_effect:
        joint = tuple(_joint(facts, plan, key) for key in plan.joint_effect)
        blocks.append(Details(_JOINT, (Bullets(joint),)))
    return blocks


def _joint(facts: Facts, plan: Plan, key: str) -> Inline:
    """One entry of the joint effect; its key holds a Thing id, which is shown by name."""
    name: Inline = key
    thing = next((t for t in facts.things if t in key), None)
    if thing is not None:
        rest = key.replace(thing, "").strip(":/# .").replace("_", " ")
        name = Sentence(Pair("{thing} {rest}", "{thing} {rest}"), {"thing": facts.name(thing), "rest": rest})
    value = facts.trace.number(plan.id, f"joint_effect[{key}]")
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


def _refusal(facts: Facts, id: str, why: str) -> Inline:
    measure = facts.countermeasure(id)
    return Sentence(_WHY, {"title": _title(measure) if measure else id, "why": both(why)})
