"""`cityloop plan`: the chosen portfolio, and its approval by a person."""

import typer

from cityloop.cli.options import CityArg, IdArg, JsonOpt, LangOpt, OnOpt, ReasonOpt, WhoOpt
from cityloop.i18n import Pair

__all__ = ["TEXTS", "app"]

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Plans: what is chosen / 方案：选定了什么")

TEXTS = {
    "status": Pair("status", "状态"),
    "years": Pair("years", "年份"),
    "lines": Pair("measures", "对策数"),
    "value": Pair("net present value", "净现值"),
    "budget": Pair("budget per year", "年度预算"),
    "line": Pair("  {year}: {title}; cost {cost}; net present value {value}", "  {year} 年：{title}；成本 {cost}；净现值 {value}"),
    "chosen": Pair("chosen", "选定"),
    "rejected": Pair("left out", "未选"),
    "optimum": Pair(
        "bound {bound}, gap {gap}, stopped by: {by}", "上界 {bound}，间隙 {gap}，停止原因：{by}"
    ),
    "proof": Pair("optimum", "最优性"),
    "cuts": Pair("limits added by the joint simulation", "联合仿真增加的约束"),
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
        mark, colon = say(Pair(", ", "；")), say(Pair(": ", " 年："))
        budget = mark.join(f"{y}{colon}{money(b)}" for y, b in zip(p.years, p.budget, strict=False))
        proof = say(TEXTS["optimum"], bound=number(p.bound), gap=f"{p.gap:.2%}", by=state(p.stopped_by))
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
