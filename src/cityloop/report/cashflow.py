"""The workbook's live part: inputs, measures, cost rows and yearly cash flow, each a formula over the ones before it.

Yearly amounts and present values by the rules of economics.costs (HM Treasury 2022): year 0 is the plan's first year. A
price, the discount rate, a start year or a choice that is changed on the sheets changes every sum. The number beside each
formula is computed by economics, not by the formula.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cityloop.economics import ENDS_ANYWAY, common_money, npv, yearly_amounts
from cityloop.errors import InputError
from cityloop.i18n import Language, Pair
from cityloop.records import CostRow, Countermeasure
from cityloop.report.facts import Facts
from cityloop.report.numbers import unit_text
from cityloop.report.plain import cell_of
from cityloop.report.risk import PriceRange, lines_of, price_of_row, price_ranges
from cityloop.report.sheets import Cell, Sheet, address, column_letters
from cityloop.report.words import COST_KINDS, STATES, STATUSES, both, named, word

__all__ = ["NAMES", "Counted", "counted", "live_sheets"]

NAMES = {
    "inputs": Pair("Inputs", "输入参数"),
    "plan": Pair("Measures and plan", "对策与方案"),
    "rows": Pair("Cost rows", "费用明细"),
    "flow": Pair("Cash flow", "现金流"),
}
AMOUNT = "#,##0;[Red]-#,##0"
_SIGN = {"benefit": 1, "cost": -1}

_INPUTS_HEAD = (
    Pair("Input", "参数"), Pair("Value (change it here)", "取值（可在此修改）"), Pair("Unit", "单位"), Pair("Low", "低值"),
    Pair("High", "高值"), Pair("Status", "状态"), Pair("Source", "来源"),
)  # fmt: skip
_INPUTS = Pair(
    "Inputs: yellow cells may be changed, everything else follows", "输入参数：黄色单元格可修改，其余随之重算"
)
_RATE, _FIRST = Pair("Discount rate", "折现率"), Pair("First year of the plan", "方案起始年")
_PRICE = Pair("Price: {name}", "单价：{name}")
_BUDGET = Pair("Budget {year}", "{year} 年预算")
_PER_YEAR = Pair("a year", "/年")
_ROWS_HEAD = (
    Pair("Measure", "对策"), Pair("Row", "项目"), Pair("Kind", "类别"), Pair("Sign", "符号"), Pair("Quantity", "数量"),
    Pair("Quantity, from", "数量（下限）"), Pair("Quantity, to", "数量（上限）"), Pair("Unit", "单位"), Pair("Unit price", "单价"),
    Pair("First year (0 = start)", "首年（0=开始年）"), Pair("Life, years", "年限"), Pair("Every n years (0 = once)", "间隔年数（0=一次）"),
    Pair("Escalation a year", "年增长率"), Pair("Residual share", "残值率"), Pair("Fades with a later start (1 = yes)", "推迟则减少（1=是）"),
    Pair("Amount of one occurrence", "单次金额"), Pair("Status", "状态"), Pair("Source", "来源"),
)  # fmt: skip
_ROWS = Pair("Cost rows of every measure compared", "全部对策的费用与效益明细")
_FLOW = Pair(
    "Cash flow by year, real prices; benefits positive, costs negative", "逐年现金流（不变价；效益为正，费用为负）"
)
_FLOW_HEAD = (Pair("Measure", "对策"), Pair("Row", "项目"), Pair("Present value", "现值"))
_FACTOR, _YEAR, _ALL = (
    Pair("Discount factor", "折现系数"),
    Pair("Year", "年份"),
    Pair("Chosen works together", "入选对策合计"),
)
_PLAN_HEAD = (
    Pair("Measure", "对策"), Pair("Place", "位置"), Pair("Chosen (1 = yes)", "入选（1=是）"), Pair("Start year", "开始年"),
    Pair("Costs, present value", "费用现值"), Pair("Benefits, present value", "效益现值"), Pair("Net present value", "净现值"),
    Pair("As in the report", "报告中的值"), Pair("Difference", "差值"), Pair("State of the works", "工程状态"),
)  # fmt: skip
_PLAN = Pair("Measures compared, and the plan", "对策比较与方案")
_PLAN_NOTE = Pair(
    "Amounts in {money}. Not chosen: counted as if begun in the first year. “As in the report” does not change; the difference "
    "shows what your changes do. The choice itself is not solved anew here: run cityloop turn with the changed city.toml.",
    "金额单位：{money}。未入选的按首年开始计。“报告中的值”不随修改变化，差值即为修改的影响。本表不重新求解组合；请修改 city.toml 后运行 cityloop turn。",
)
_TOTAL = Pair("Chosen together", "入选合计")
_BUDGET_TITLE = Pair("Budget and spending of the chosen works", "预算与入选工程支出")
_BUDGET_HEAD = (Pair("Year", "年份"), Pair("Budget", "预算"), Pair("Spending", "支出"), Pair("Left", "结余"))
_SKIPPED = Pair("Not counted here, other currency or price year: {names}", "币种或价格年份不同，未计入：{names}")


@dataclass(frozen=True)
class Counted:
    """A measure that the sheets count: whether a plan chose it, its start in years after the plan's first, its value."""

    measure: Countermeasure
    chosen: bool
    start: int
    value: float
    ref: str
    """Way of `value` back into loop.json, "" where only this workbook states it."""


def counted(facts: Facts) -> tuple[list[Counted], list[Countermeasure]]:
    """Measures with any priced row, those chosen first; and those whose money cannot be summed with the policy's."""
    lines = {line.measure.id: line for line in lines_of(facts)}
    plans = {p.id: p for p in facts.plans}
    found, skipped = [], []
    policy = facts.view.policy
    for measure in facts.countermeasures:
        if not any(r.unit_value for r in measure.costs):
            continue
        try:
            common_money(measure.costs, currency=policy.currency, price_year=policy.price_year)
        except InputError:
            skipped.append(measure)
            continue
        line = lines.get(measure.id)
        if line is not None:
            stated = plans[line.plan].lines[line.position].net_present_value.value
            ref = f"{line.plan}#lines[{line.position}].net_present_value.value"
            found.append(Counted(measure, True, max(line.start, 0), stated, ref))
        else:
            found.append(Counted(measure, False, 0, npv(measure.costs, policy.discount_rate), ""))
    return sorted(found, key=lambda c: (not c.chosen, c.measure.boundary, c.measure.id)), skipped


@dataclass
class _Live:
    """Where things stand on the sheets while they are being written."""

    facts: Facts
    language: Language
    measures: Sequence[Counted]
    years: int
    """Columns of the cash flow."""
    inputs: dict[str, str]
    """Key of an input -> reference to its cell."""
    starts: dict[str, str]
    """Measure -> reference to its start in years after the first."""
    chosen: dict[str, str]
    rows: list[tuple[Counted, CostRow, int]]
    """Measure, cost row, and its row on the sheet of cost rows."""

    def say(self, pair: Pair, **values: object) -> str:
        return pair.in_(self.language, **values)

    def name(self, key: str) -> str:
        return NAMES[key].in_(self.language)

    def title(self, measure: Countermeasure) -> str:
        return measure.title_zh if self.language == "zh" else measure.title_en


def live_sheets(facts: Facts, language: Language) -> list[Sheet]:
    """Plan, cost rows, cash flow and inputs, in this order; empty where no measure has a price."""
    measures, skipped = counted(facts)
    if not measures:
        return []
    last = max(r.first_year + r.life for c in measures for r in c.measure.costs)
    live = _Live(facts, language, measures, last + facts.view.policy.years, {}, {}, {}, [])
    inputs = _inputs(live)
    _place_measures(live)
    rows, flow = _cost_rows(live), _flow(live)
    return [_plan(live, skipped), rows, flow, inputs]


# --- inputs ------------------------------------------------------------------------------------------------------
def _first_year(facts: Facts) -> int:
    """The plan's first year; without a plan the year of the report."""
    return facts.plans[0].years[0] if facts.plans else facts.view.now.year


def _inputs(live: _Live) -> Sheet:
    policy, stated = live.facts.view.policy, live.facts.settings.stated
    currency = unit_text(policy.currency).in_(live.language)
    sheet = Sheet(live.name("inputs"), widths=(34, 18, 14, 12, 12, 14, 70), frozen=2)
    sheet.add(Cell(live.say(_INPUTS), style="title"))
    sheet.add(*(Cell(live.say(h), style="head") for h in _INPUTS_HEAD))

    def line(key: str, name: str, value: float, unit: str, format: str, ref: str = "", *, source: str = "") -> None:
        found = stated.get(key)
        refs = ((ref, f"{value:g}"),) if ref else ()
        row = sheet.add(
            name, Cell(value, format=format, style="input", refs=refs), unit,
            Cell(found.low if found else None, format=format), Cell(found.high if found else None, format=format),
            word(STATUSES, found.status).in_(live.language) if found else "",
            both(found.source if found else source).in_(live.language),
        )  # fmt: skip
        live.inputs[key] = address(2, row, sheet=sheet.name)

    line(
        "discount_rate", live.say(_RATE), policy.discount_rate, live.say(_PER_YEAR), "0.0%", "city#policy.discount_rate"
    )
    line("first_year", live.say(_FIRST), _first_year(live.facts), "", "0")
    for price in price_ranges(live.facts):
        name = live.say(_PRICE, name=named(price.key).in_(live.language))
        ref = f"city#stated[prices.{price.key}].value" if f"prices.{price.key}" in stated else ""
        line(f"prices.{price.key}", name, price.value, currency, "#,##0.00", ref, source=price.source)
    for i, amount in enumerate(policy.budget_per_year):
        year = live.say(_BUDGET, year=_first_year(live.facts) + i)
        line(f"budget.{i}", year, amount, currency, "#,##0", f"city#policy.budget_per_year[{i}]")
    return sheet


def _place_measures(live: _Live) -> None:
    """Where each measure will stand on the plan's sheet: the cash flow refers to its start and choice."""
    first = live.inputs["first_year"]
    for i, counted_ in enumerate(live.measures):
        row = _PLAN_TOP + i
        live.starts[counted_.measure.id] = f"({address(4, row, sheet=live.name('plan'))}-{first})"
        live.chosen[counted_.measure.id] = address(3, row, sheet=live.name("plan"))


# --- cost rows ---------------------------------------------------------------------------------------------------
def _cost_rows(live: _Live) -> Sheet:
    sheet = Sheet(
        live.name("rows"), widths=(46, 20, 9, 6, 14, 14, 14, 10, 12, 9, 8, 10, 10, 8, 10, 16, 11, 70), frozen=2
    )
    sheet.add(Cell(live.say(_ROWS), style="title"))
    sheet.add(*(Cell(live.say(h), style="head") for h in _ROWS_HEAD))
    prices = price_ranges(live.facts)
    for counted_ in live.measures:
        for i, row in enumerate(counted_.measure.costs):
            at = _cost_row(live, sheet, counted_, i, row, prices)
            if row.unit_value is not None:
                live.rows.append((counted_, row, at))
    return sheet


def _cost_row(live: _Live, sheet: Sheet, counted_: Counted, i: int, row: CostRow, prices: Sequence[PriceRange]) -> int:
    id, at, said = counted_.measure.id, len(sheet.rows) + 1, live.language
    quantity = [
        Cell(
            getattr(row.quantity, end),
            format="#,##0.00",
            refs=((f"{id}#costs[{i}].quantity.{end}", f"{getattr(row.quantity, end):g}"),),
        )
        for end in ("value", "low", "high")
    ]
    price, amount = Cell(), Cell()
    if row.unit_value is not None:
        found = price_of_row(row, prices)
        refs = ((f"{id}#costs[{i}].unit_value.amount", f"{row.unit_value.amount:g}"),)
        formula = live.inputs[f"prices.{found.key}"] if found is not None else ""
        price = Cell(row.unit_value.amount, formula, "#,##0.00", "" if formula else "input", refs)
        worth = row.quantity.value * row.unit_value.amount
        amount = Cell(worth, f"{address(5, at, fixed=False)}*{address(9, at, fixed=False)}", AMOUNT)
    return sheet.add(
        live.title(counted_.measure), named(row.name).in_(said), word(COST_KINDS, row.kind).in_(said),
        _SIGN.get(row.kind, 0), *quantity, unit_text(row.quantity.unit).in_(said), price, row.first_year, row.life,
        row.recurrence, Cell(row.escalation, format="0.0%"), Cell(row.residual, format="0%"),
        int(ENDS_ANYWAY in row.tags), amount, word(STATUSES, row.status).in_(said), both(row.source).in_(said),
    )  # fmt: skip


# --- cash flow ---------------------------------------------------------------------------------------------------
_FLOW_LEFT, _FLOW_TOP = 4, 5


def _flow(live: _Live) -> Sheet:
    sheet = Sheet(live.name("flow"), widths=(46, 20, 16, *([12] * live.years)), frozen=4)
    rate = live.facts.view.policy.discount_rate
    first = _first_year(live.facts)
    sheet.add(Cell(live.say(_FLOW), style="title"))
    columns = range(_FLOW_LEFT, _FLOW_LEFT + live.years)
    years = [Cell(first + t, f"{live.inputs['first_year']}+{t}", "0", "head") for t in range(live.years)]
    sheet.add(Cell(live.say(_YEAR), style="head"), "", "", *years)
    rate_at = live.inputs["discount_rate"]
    factors = [Cell((1 + rate) ** -t, f"1/(1+{rate_at})^{t}", "0.0000") for t in range(live.years)]
    sheet.add(live.say(_FACTOR), "", "", *factors)
    sheet.add(*(Cell(live.say(h), style="head") for h in _FLOW_HEAD))
    for counted_, row, at in live.rows:
        here = len(sheet.rows) + 1
        amounts = _amounts(row, counted_.start, live.years)
        span = f"{address(_FLOW_LEFT, here, fixed=False)}:{address(_FLOW_LEFT + live.years - 1, here, fixed=False)}"
        value = math.fsum(a * (1 + rate) ** -t for t, a in enumerate(amounts))
        cells = [
            Cell(amount, _yearly(live, counted_, at, t), AMOUNT)
            for t, amount in zip(range(live.years), amounts, strict=True)
        ]
        sheet.add(
            live.title(counted_.measure), named(row.name).in_(live.language),
            Cell(value, f"SUMPRODUCT({span},{_factor_span(live)})", AMOUNT), *cells,
        )  # fmt: skip
    _flow_total(live, sheet, list(columns))
    return sheet


def _factor_span(live: _Live) -> str:
    return f"{address(_FLOW_LEFT, 3)}:{address(_FLOW_LEFT + live.years - 1, 3)}"


def _amounts(row: CostRow, start: int, years: int) -> list[float]:
    """Signed amounts by plan year."""
    left = math.exp(-start / row.life) if ENDS_ANYWAY in row.tags else 1.0
    own = yearly_amounts(row)
    out = [0.0] * years
    for t, amount in enumerate(own):
        if start + t < years:
            out[start + t] = _SIGN[row.kind] * left * float(amount)
    return out


def _yearly(live: _Live, counted_: Counted, at: int, t: int) -> str:
    """The amount of one row in plan year `t`: at first_year, then every `recurrence` years of its life; what is left of it."""
    cell = {
        key: address(column, at, sheet=live.name("rows"))
        for key, column in {
            "sign": 4, "first": 10, "life": 11, "every": 12, "rise": 13, "left": 14, "fades": 15, "amount": 16,
        }.items()
    }  # fmt: skip
    start = live.starts[counted_.measure.id]
    age = f"({t}-{start}-{cell['first']})"
    due = f"IF({cell['every']}=0,{age}=0,MOD({age},IF({cell['every']}=0,1,{cell['every']}))=0)"
    paid = f"IF(AND({age}>=0,{age}<{cell['life']},{due}),(1+{cell['rise']})^{age},0)"
    last = f"IF({cell['every']}=0,0,INT(({cell['life']}-1)/IF({cell['every']}=0,1,{cell['every']}))*{cell['every']})"
    rest = f"IF({age}={cell['life']},{cell['left']}*(1+{cell['rise']})^{last},0)"
    fading = f"IF({cell['fades']}=1,EXP(-{start}/{cell['life']}),1)"
    return f"{cell['sign']}*{cell['amount']}*({paid}-{rest})*{fading}"


def _flow_total(live: _Live, sheet: Sheet, columns: Sequence[int]) -> None:
    """The chosen works together, by year."""
    top, bottom = _FLOW_TOP, _FLOW_TOP + len(live.rows) - 1
    cells = []
    for column in columns:
        parts = []
        for i, (counted_, _, _) in enumerate(live.rows):
            parts.append((live.chosen[counted_.measure.id], address(column, top + i, fixed=False), counted_, i))
        value = math.fsum(
            float(sheet.rows[top - 1 + i][column - 1].value or 0.0) for _, _, c, i in parts if c.chosen
        )  # fmt: skip
        by_measure: dict[str, list[str]] = {}
        for chosen, at, _, _ in parts:
            by_measure.setdefault(chosen, []).append(at)
        formula = "+".join(f"{chosen}*SUM({ats[0]}:{ats[-1]})" for chosen, ats in by_measure.items())
        cells.append(Cell(value, formula, AMOUNT, "total"))
    here = bottom + 1
    span = f"{address(_FLOW_LEFT, here, fixed=False)}:{address(_FLOW_LEFT + live.years - 1, here, fixed=False)}"
    rate = live.facts.view.policy.discount_rate
    whole = math.fsum(float(c.value or 0.0) * (1 + rate) ** -t for t, c in enumerate(cells))
    total = Cell(whole, f"SUMPRODUCT({span},{_factor_span(live)})", AMOUNT, "total")
    sheet.add(Cell(live.say(_ALL), style="total"), "", total, *cells)


# --- the plan ----------------------------------------------------------------------------------------------------
_PLAN_TOP = 4


def _plan(live: _Live, skipped: Sequence[Countermeasure]) -> Sheet:
    policy = live.facts.view.policy
    sheet = Sheet(live.name("plan"), widths=(60, 26, 10, 10, 16, 16, 16, 16, 12, 16), frozen=3)
    sheet.add(Cell(live.say(_PLAN), style="title"))
    unit = f"{policy.currency} ({policy.price_year})"
    sheet.add(Cell(live.say(_PLAN_NOTE, money=both(f"1 {unit}").in_(live.language).removeprefix("1 ")), style=""))
    sheet.add(*(Cell(live.say(h), style="head") for h in _PLAN_HEAD))
    assert len(sheet.rows) + 1 == _PLAN_TOP
    for counted_ in live.measures:
        _plan_row(live, sheet, counted_)
    _plan_total(live, sheet)
    _budget(live, sheet)
    if skipped:
        mark = "; " if live.language == "en" else "；"
        sheet.add(live.say(_SKIPPED, names=mark.join(live.title(c) for c in skipped)))
    return sheet


def _plan_row(live: _Live, sheet: Sheet, counted_: Counted) -> None:
    row, measure = len(sheet.rows) + 1, counted_.measure
    state = next((p.state for p in live.facts.projects if p.countermeasure == measure.id), "")
    spans: dict[str, list[str]] = {"cost": [], "benefit": []}
    sums = {"cost": 0.0, "benefit": 0.0}
    rate = live.facts.view.policy.discount_rate
    for i, (other, line, _) in enumerate(live.rows):
        if other.measure.id == measure.id:
            spans[line.kind].append(address(3, _FLOW_TOP + i, sheet=live.name("flow")))
            sums[line.kind] += npv([line], rate, start=counted_.start)
    place = live.facts.name(measure.boundary)
    refs = ((counted_.ref, f"{counted_.value:,.0f}"),) if counted_.ref else ()
    money = [Cell(sums[k], "+".join(spans[k]) or "0", AMOUNT) for k in ("cost", "benefit")]
    total = Cell(sums["cost"] + sums["benefit"], f"E{row}+F{row}", AMOUNT)
    sheet.add(
        live.title(measure), cell_of(place, live.language), Cell(int(counted_.chosen), format="0", style="input"),
        Cell(_first_year(live.facts) + counted_.start, format="0", style="input"), *money, total,
        Cell(counted_.value, format=AMOUNT, refs=refs), Cell(sums["cost"] + sums["benefit"] - counted_.value, f"G{row}-H{row}", AMOUNT),
        word(STATES, state).in_(live.language) if state else "",
    )  # fmt: skip


def _plan_total(live: _Live, sheet: Sheet) -> None:
    top, bottom = _PLAN_TOP, len(sheet.rows)
    cells: list[Cell] = []
    for column in range(5, 10):
        letters = column_letters(column)
        value = math.fsum(
            float(sheet.rows[i][column - 1].value or 0.0) for i in range(top - 1, bottom) if sheet.rows[i][2].value
        )
        formula = f"SUMPRODUCT($C${top}:$C${bottom},{letters}{top}:{letters}{bottom})"
        cells.append(Cell(value, formula, AMOUNT, "total"))
    sheet.add(Cell(live.say(_TOTAL), style="total"), "", "", "", *cells)


def _budget(live: _Live, sheet: Sheet) -> None:
    """Budget and spending of the chosen works by plan year, not discounted; what is left of an asset is no income here."""
    sheet.add()
    sheet.add(Cell(live.say(_BUDGET_TITLE), style="total"))
    sheet.add(*(Cell(live.say(h), style="head") for h in _BUDGET_HEAD))
    budget = live.facts.view.policy.budget_per_year
    for y in range(len(budget)):
        column, row = _FLOW_LEFT + y, len(sheet.rows) + 1
        parts, spent = [], 0.0
        for i, (counted_, line, _) in enumerate(live.rows):
            if line.kind == "cost":
                at = address(column, _FLOW_TOP + i, sheet=live.name("flow"))
                parts.append(f"{live.chosen[counted_.measure.id]}*IF({at}<0,-{at},0)")
                amount = _amounts(line, counted_.start, live.years)[y]
                spent += max(-amount, 0.0) if counted_.chosen else 0.0
        here = live.inputs[f"budget.{y}"]
        sheet.add(
            Cell(_first_year(live.facts) + y, f"{live.inputs['first_year']}+{y}", "0"), Cell(budget[y], here, AMOUNT),
            Cell(spent, "+".join(parts) or "0", AMOUNT), Cell(budget[y] - spent, f"B{row}-C{row}", AMOUNT),
        )  # fmt: skip
