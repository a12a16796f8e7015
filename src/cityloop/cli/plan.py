"""`cityloop plan`: the chosen portfolio, and its approval by a person."""

from typing import TYPE_CHECKING

import typer

from cityloop.cli.options import CityArg, IdArg, JsonOpt, LangOpt, OnOpt, ReasonOpt, WhoOpt
from cityloop.i18n import Pair

if TYPE_CHECKING:
    from cityloop.records import Money

__all__ = ["TEXTS", "app"]

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Plans: what is chosen / 方案：选定了什么")

TEXTS = {
    "status": Pair("status", "状态"),
    "years": Pair("years", "年份"),
    "lines": Pair("measures", "对策数"),
    "value": Pair("net present value", "净现值"),
    "budget": Pair("budget per year", "年度预算"),
    "line": Pair("  {year}: {title}; cost {cost}; net present value {value}", "  {year} 年：{title}；费用 {cost}；净现值 {value}"),
    "chosen": Pair("chosen", "选定"),
    "rejected": Pair("left out", "未选"),
    "proved": Pair("proved: none better of those compared", "已证明：所比较的对策中没有更优组合"),
    "optimum": Pair(
        "not proved ({by}): a better one could be worth up to {bound}", "未证明（{by}）：更优组合的净现值至多 {bound}"
    ),
    "proof": Pair("best?", "是否最优"),
    "each": Pair("{amount} each, {first} to {last}", "每年 {amount}（{first}～{last} 年）"),
    "one": Pair("{year}: {amount}", "{year} 年 {amount}"),
    "cuts": Pair("limits added by the joint simulation", "联合模拟新增的约束"),
    "unmet": Pair("limits that the models break even with this plan", "采用本方案后模型中仍不满足的约束"),
}  # fmt: skip


@app.command("list", short_help="List all / 列表")
def list_(city: CityArg, lang: LangOpt = None, as_json: JsonOpt = False) -> None:
    """List every plan / 列出所有方案."""
    from cityloop.cli.listing import Names, list_records
    from cityloop.cli.show import estimate, state
    from cityloop.records import Plan

    def row(p: Plan, known: Names, zone: str) -> list[str]:
        return [state(p.status), _years(p.years), str(len(p.lines)), estimate(p.objective)]

    columns = [TEXTS[k] for k in ("status", "years", "lines", "value")]
    list_records(city, Plan, "plan", as_json, columns, row)


def _budget(years: tuple[int, ...], budget: "tuple[Money, ...]") -> str:
    """One amount where every year has the same."""
    from cityloop.cli.language import say
    from cityloop.cli.show import money

    if len(years) == len(budget) > 1 and len(set(budget)) == 1:
        return say(TEXTS["each"], amount=money(budget[0]), first=years[0], last=years[-1])
    rows = zip(years, budget, strict=False)
    return say(Pair(", ", "，")).join(say(TEXTS["one"], year=y, amount=money(b)) for y, b in rows)


def _years(years: tuple[int, ...]) -> str:
    return f"{years[0]}-{years[-1]}" if years else "-"


@app.command(short_help="Show one / 详情")
def show(city: CityArg, id: IdArg, lang: LangOpt = None, as_json: JsonOpt = False) -> None:
    """Show one plan: chosen, left out and why / 显示一个方案：选了什么、没选什么及原因."""
    from cityloop.cli.language import language, one_language, say
    from cityloop.cli.listing import Names, show_record
    from cityloop.cli.opening import opened
    from cityloop.cli.show import estimate, label, money, number, state
    from cityloop.records import Countermeasure, Filter, Plan

    with opened(city) as open_city:
        measures = open_city.store.records(Countermeasure, Filter.operator())
    titles = {m.id: m.title_zh if language() == "zh" else m.title_en for m in measures}

    def lines(p: Plan, known: Names, zone: str) -> list[str]:
        by = p.stopped_by.partition(";")[0]
        proof = say(TEXTS["proved"]) if by == "optimal" else say(TEXTS["optimum"], bound=number(p.bound), by=state(by))
        budget = _budget(p.years, p.budget)
        rows = [("status", state(p.status)), ("budget", budget), ("value", estimate(p.objective)), ("proof", proof)]
        found = [label(TEXTS[k], text) for k, text in rows]
        found.append(label(TEXTS["chosen"]))
        for line in p.lines:
            title, value = titles.get(line.countermeasure, line.countermeasure), estimate(line.net_present_value)
            found.append(say(TEXTS["line"], year=line.year, title=title, cost=money(line.cost), value=value))
        if p.rejected:
            found.append(label(TEXTS["rejected"]))
            found += [
                "  " + label(Pair(titles.get(m, m), titles.get(m, m)), one_language(why))
                for m, why in p.rejected.items()
            ]
        if p.cuts:
            found.append(label(TEXTS["cuts"]))
            found += [f"  {c.id}: {number(c.amount)} {c.unit} ({one_language(c.source)})" for c in p.cuts]
        if p.unmet:
            found.append(label(TEXTS["unmet"]))
            found += [f"  {u.id}: {number(u.amount)} {u.unit} ({one_language(u.source)})" for u in p.unmet]
        return found

    show_record(city, Plan, "plan", id, as_json, lines)


@app.command(short_help="Approve / 批准")
def approve(
    city: CityArg, id: IdArg, on: OnOpt = "", who: WhoOpt = "", reason: ReasonOpt = "", lang: LangOpt = None
) -> None:
    """Approve a plan; its projects may start / 批准方案，其项目可以实施."""
    from cityloop.cli.listing import decide
    from cityloop.cli.options import parse_time
    from cityloop.records import Plan

    data: dict[str, float | str] = {"on": parse_time(on, "--on").isoformat()} if on else {}
    decide(city, Plan, "plan", [id], "approve", who=who, reason=reason, data=lambda c, r: data)
