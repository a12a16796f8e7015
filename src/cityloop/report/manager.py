"""For the manager: what is to be decided, what the money does, how it could go wrong."""

from cityloop.economics import add_estimates, linear_form
from cityloop.i18n import Pair
from cityloop.records import Decision, Problem, Project
from cityloop.report.blocks import (
    Badge,
    Block,
    Bullets,
    Details,
    Inline,
    Paragraph,
    Section,
    Sentence,
    Subtitle,
    Table,
    joined,
)
from cityloop.report.crew import TO_DO
from cityloop.report.facts import Facts
from cityloop.report.order import stands
from cityloop.report.problems import problem_name
from cityloop.report.risk import (
    Line,
    ahead,
    lines_of,
    npv_with_prices,
)
from cityloop.report.what_if import what_if
from cityloop.report.words import DECISIONS, STATES, both, named, with_badge, word

__all__ = ["PLAN_TITLE", "manager"]

#: Decisions on the page; loop.json holds them all.
MOST_DECIDED = 12

_TITLE = Pair("Decisions, money and risk", "决策、资金与风险")
_DUE = Pair("What is to be decided or done next", "待决策与待办事项")
_DUE_HEAD: tuple[Inline, ...] = (
    Pair("What", "事项"), Pair("State", "状态"), Pair("Since", "起始"), Pair("Due", "期限"), Pair("Next", "下一步"),
)  # fmt: skip
_NEXT = {
    "proposed": Pair("approve the plan, or refuse it with a reason", "批准方案，或说明理由予以否决"),
    "approved": Pair("release the money, send the crew", "落实资金，安排班组"),
    "funded": Pair("send the crew", "安排班组"),
    "started": Pair("have the end and its cost recorded", "督促登记完工日期和费用"),
}
_GOAL = Pair("{indicator}, {boundary}: from {start} to {target}", "{boundary}{indicator}：由 {start} 降至 {target}")
_GOAL_UP = Pair("{indicator}, {boundary}: from {start} to {target}", "{boundary}{indicator}：由 {start} 升至 {target}")
_GOAL_STATE = {
    "none": Pair("not measured yet", "尚无实测"),
    "late": Pair("overdue, not measured", "已逾期，尚无实测"),
    "confirmed": Pair("effect confirmed", "效果得到证实"),
    "refuted": Pair("effect refuted", "效果被否定"),
    "inconclusive": Pair("effect inconclusive", "效果尚无定论"),
}
_GOAL_NEXT = {
    "none": Pair("works first, then {days} days of observations", "先实施工程，再观测 {days} 天"),
    "late": Pair("state why, or set another date", "说明原因或另定期限"),
    "confirmed": Pair("keep watching the indicator", "持续关注该指标"),
    "refuted": Pair("look for another cause or another countermeasure", "另查原因或另选对策"),
    "inconclusive": Pair("observe longer, or measure nearer", "延长观测或加密测点"),
}
_NOTHING_DUE = Pair("Nothing waits for a decision.", "目前没有待决策事项。")
_DECIDED = Pair("What was decided ({n})", "已作出的决定（{n} 项）")
_DECIDED_HEAD: tuple[Inline, ...] = (
    Pair("On", "日期"), Pair("By", "决定人"), Pair("Decision", "决定"), Pair("About", "对象"), Pair("Reason", "理由"),
)  # fmt: skip

_SIGN_HEAD: tuple[Inline, ...] = (
    Pair("Prepared", "编制"), Pair("Checked", "审核"), Pair("Approved", "批准"), Pair("Date", "日期"), Pair("Remarks", "意见"),
)  # fmt: skip
_SIGN = Pair("Decision on the plan", "方案审批")

_MONEY = Pair("Money", "资金")
_SPENT = Pair(
    "Spent on finished works so far: {cost} ({n} works with a recorded cost).",
    "已完工工程实际费用合计 {cost}（{n} 项有费用记录）。",
)
_SAVING = Pair(
    "Measured so far: {flow}, that is {volume} and {value} as long as it lasts (only confirmed effects; price as in the policy).",
    "已实测节约：{flow}，若保持不变相当于 {volume}、{value}（仅计得到证实的效果，单价取城市政策值）。",
)
_LOSING = Pair("What stands open costs {cost} a year: {names}.", "尚未解决的问题年损失 {cost}：{names}。")
_UNPRICED = Pair("Open, without a price: {names}.", "尚未解决、未计价：{names}。")
PLAN_TITLE = {
    True: Pair("The works still to do", "待实施的工程"),
    False: Pair("The works of the plan, all done, as they were claimed", "方案中的工程均已完成，按预计值"),
}
_TOTAL = Pair(
    "{what}: net present value {npv}; the interval counts the doubt about the effects and the stated ranges of the prices. "
    "With the effects alone it is {effects}.",
    "{what}：净现值 {npv}，区间同时反映效果和单价的不确定性；只计效果时为 {effects}。",
)
_NO_LINES = Pair("No works are planned, so there is no money at stake.", "没有列入方案的工程，故无资金安排。")
_YEAR_HEAD: tuple[Inline, ...] = (
    Pair("Year", "年度"), Pair("Budget", "预算"), Pair("Planned spending", "计划支出"), Pair("Left", "结余"),
)  # fmt: skip

_RISK = Pair("Risk: what if ...", "风险：如果……")


def manager(facts: Facts) -> Section | None:
    """The section; None where there is neither a problem nor works."""
    if not (facts.problems or facts.projects or facts.plans):
        return None
    lines = lines_of(facts)
    at_stake = ahead(facts, lines) or lines
    blocks: list[Block] = [Subtitle(_DUE), *_due(facts), *_decided(facts), Subtitle(_MONEY), *_money(facts, lines)]
    if at_stake:
        blocks += [Subtitle(_RISK), *what_if(facts, at_stake)]
    if any(plan.status == "proposed" and plan.lines for plan in facts.plans):
        blocks.append(Table(_SIGN_HEAD, (("",) * len(_SIGN_HEAD),), _SIGN, form=True))
    return Section("manager", _TITLE, tuple(blocks))


# --- decisions ---------------------------------------------------------------------------------------------------
def _due(facts: Facts) -> list[Block]:
    rows = [_project(facts, p) for p in facts.projects if p.state in TO_DO]
    rows += [_goal(facts, i) for i in range(len(facts.goals))]
    return [Table(_DUE_HEAD, tuple(rows)) if rows else Paragraph(_NOTHING_DUE)]


def _title(facts: Facts, project: Project) -> Inline:
    measure = facts.countermeasure(project.countermeasure)
    return Pair(measure.title_en, measure.title_zh) if measure else both(project.name)


def _project(facts: Facts, project: Project) -> tuple[Inline, ...]:
    last = len(project.states) - 1
    return (
        with_badge(_title(facts, project), project.simulated), word(STATES, project.state),
        facts.trace.day(project.id, f"states[{last}].on"), "", _NEXT[project.state],
    )  # fmt: skip


def _goal(facts: Facts, i: int) -> tuple[Inline, ...]:
    goal, trace = facts.goals[i], facts.trace
    grade = next((v.grade for v in reversed(facts.verifications) if v.goal == goal.id), None)
    today = facts.view.now.astimezone(trace.zone).date()
    state: str = grade or ("late" if goal.due < today else "none")
    text = Sentence(
        _GOAL if goal.better == "lower" else _GOAL_UP,
        {
            "indicator": named(goal.indicator), "boundary": facts.name(goal.boundary),
            "start": trace.estimate(goal.id, "start_value", plain=True),
            "target": trace.estimate(goal.id, "target", plain=True),
        },
    )  # fmt: skip
    days = trace.number(goal.id, "days_after", decimals=0)
    kind = {"confirmed": "good", "refuted": "bad", "late": "bad"}.get(state, "status")
    return (
        with_badge(text, goal.simulated), Badge(_GOAL_STATE[state], kind), "", trace.day(goal.id, "due"),
        Sentence(_GOAL_NEXT[state], {"days": days}),
    )  # fmt: skip


def _decided(facts: Facts) -> list[Block]:
    found = sorted(facts.view.records(Decision), key=lambda d: (d.when, d.id), reverse=True)
    if not found:
        return []
    titles: dict[str, Inline] = {p.id: _title(facts, p) for p in facts.projects}
    titles |= {p.id: problem_name(facts, p) for p in facts.problems}
    titles |= {p.id: Sentence(Pair("plan", "方案"), {}) for p in facts.plans}
    rows = tuple(
        (facts.trace.day(d.id, "when"), both(d.who), _verb(d), titles.get(d.about, d.about), both(d.reason))
        for d in found[:MOST_DECIDED]
    )
    return [Details(Sentence(_DECIDED, {"n": str(len(found))}), (Table(_DECIDED_HEAD, rows),))]


def _verb(decision: Decision) -> Inline:
    """What was decided: the verb, and the state or the finding that it states."""
    said: Inline = word(DECISIONS, decision.verb)
    if decision.verb == "set":
        return Sentence(Pair("{state}", "{state}"), {"state": word(STATES, str(decision.data.get("state", "")))})
    if decision.verb == "inspect":
        found = named(str(decision.data.get("found", "")))
        return Sentence(Pair("found: {found}", "现场发现：{found}"), {"found": found})
    return said


# --- money -------------------------------------------------------------------------------------------------------
def _money(facts: Facts, lines: list[Line]) -> list[Block]:
    items = [i for i in (_spent(facts), _saving(facts), *_losing(facts)) if i is not None]
    left = ahead(facts, lines)
    if lines:
        items.append(_total(facts, left or lines, PLAN_TITLE[bool(left)]))
    else:
        items.append(_NO_LINES)
    blocks: list[Block] = [Bullets(tuple(items))]
    for plan in facts.plans:
        rows = _years(facts, plan.id, [line for line in left if line.plan == plan.id])
        if rows:
            blocks.append(Table(_YEAR_HEAD, tuple(rows), numeric=frozenset([1, 2, 3])))
    return blocks


def _spent(facts: Facts) -> Inline | None:
    policy = facts.view.policy
    paid, total = [], 0.0
    for project in facts.projects:
        for i, entry in enumerate(project.states):
            if entry.state == "done" and entry.cost is not None and entry.cost.currency == policy.currency:
                paid.append(f"{project.id}#states[{i}].cost.amount")
                total += entry.cost.amount
    if not paid:
        return None
    cost = facts.trace.derived("spent", total, money=policy.currency, formula="sum of recorded costs", of=paid)
    return Sentence(_SPENT, {"cost": cost, "n": str(len(paid))})


def _saving(facts: Facts) -> Inline | None:
    """Confirmed falls of a water flow together, as flow, volume and money a year."""
    policy = facts.view.policy
    found = [
        v for v in facts.verifications
        if v.grade == "confirmed" and v.measured.unit == "L/s" and v.better == "lower" and v.indicator == "night_flow"
    ]  # fmt: skip
    price = policy.prices.get("water_per_m3")
    if not found or price is None:
        return None
    of = [f"{v.id}#measured.value" for v in found]
    flow = sum(v.measured.value for v in found)
    of_price = [*of, "city#stated[prices.water_per_m3].value"]
    parts: dict[str, Inline] = {
        "flow": facts.trace.derived("measured_flow", flow, unit="L/s", formula="sum of measured.value", of=of),
        "volume": facts.trace.derived(
            "measured_volume", flow * 31_536.0, unit="m3/year", formula="sum of measured.value * 31536", of=of
        ),
        "value": facts.trace.derived(
            "measured_value", flow * 31_536.0 * price[0], money=policy.currency, per="year",
            formula="sum of measured.value * 31536 * water_per_m3", of=of_price,
        ),
    }  # fmt: skip
    return Sentence(_SAVING, parts)


def _losing(facts: Facts) -> list[Inline]:
    open_ones = [p for p in facts.concerns if stands(p)]
    priced = [p for p in open_ones if p.cost_per_year is not None]
    items: list[Inline] = []
    if priced:
        total = sum(p.cost_per_year.value for p in priced if p.cost_per_year)
        cost = facts.trace.derived(
            "losing", total, money=facts.view.policy.currency, formula="sum of cost_per_year.value",
            of=[f"{p.id}#cost_per_year.value" for p in priced],
        )  # fmt: skip
        items.append(Sentence(_LOSING, {"cost": cost, "names": _names(facts, priced)}))
    if rest := [p for p in open_ones if p.cost_per_year is None]:
        items.append(Sentence(_UNPRICED, {"names": _names(facts, rest)}))
    return items


def _names(facts: Facts, problems: list[Problem]) -> Inline:
    return joined([problem_name(facts, p) for p in problems], Pair("; ", "；"))


def _total(facts: Facts, lines: list[Line], what: Pair) -> Inline:
    plans = {p.id: p for p in facts.plans}
    of = [f"{line.plan}#lines[{line.position}].net_present_value" for line in lines]
    parts = [plans[line.plan].lines[line.position].net_present_value for line in lines]
    effects = add_estimates(parts, level=facts.view.policy.level, unit=parts[0].unit)
    whole = npv_with_prices(facts, lines)
    formula = "sum of net_present_value, half-widths added in squares"
    return Sentence(
        _TOTAL,
        {
            "what": what,
            "npv": facts.trace.derived_estimate(
                "npv_ahead", whole, formula=f"{formula}; every price moved over its stated range", of=of
            ),
            "effects": facts.trace.derived_estimate("npv_ahead_effects", effects, formula=formula, of=of),
        },
    )


def _years(facts: Facts, plan_id: str, lines: list[Line]) -> list[tuple[Inline, ...]]:
    """Budget, spending and what is left of every year in which the works still to do spend."""
    plan = next(p for p in facts.plans if p.id == plan_id)
    policy = facts.view.policy
    spend = [0.0] * len(plan.years)
    for line in lines:
        form = linear_form(line.measure.costs, plan.discount_rate, years=len(spend), level=policy.level)
        for y in range(max(line.start, 0), len(spend)):
            spend[y] += form.spend[y - line.start]
    rows: list[tuple[Inline, ...]] = []
    of = [f"{line.measure.id}#costs" for line in lines]
    for y, amount in enumerate(spend):
        if amount <= 0 or y >= len(plan.budget):
            continue
        formula = "sum of quantity.value * unit_value.amount of the costs of this year"
        planned = facts.trace.derived(f"spend:{plan_id}:{y}", amount, money=policy.currency, formula=formula, of=of)
        left = facts.trace.derived(
            f"left:{plan_id}:{y}", plan.budget[y].amount - amount, money=policy.currency, formula=f"budget - {formula}",
            of=[f"{plan_id}#budget[{y}]", *of],
        )  # fmt: skip
        year = facts.trace.number(plan_id, f"years[{y}]", decimals=0, plain=True)
        rows.append((year, facts.trace.money(plan_id, f"budget[{y}]"), planned, left))
    return rows
