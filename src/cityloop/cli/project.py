"""`cityloop project`: dated states with their paper trail, and what a crew found."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import typer

from cityloop.cli.options import CityArg, IdArg, JsonOpt, LangOpt, OnOpt, ReasonOpt, WhoOpt
from cityloop.i18n import Pair

__all__ = ["TEXTS", "app"]

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Projects: works and findings / 项目：施工与发现")
State = Literal["proposed", "approved", "funded", "started", "done", "cancelled"]
Found = Literal["leak", "none", "other"]

FOUND = {
    "by": Pair("by", "登记人"), "rank": Pair("rank of the pipe", "管段排名"), "km_searched": Pair("km searched", "已排查 km"),
    "distance_m": Pair("metres from the best place", "距最可能位置 m"), "probability": Pair("probability", "概率"),
    "flow_error_l_per_s": Pair("error of the flow in L/s", "漏量误差 L/s"),
    "realised_effect": Pair("effect of the repair in L/s", "修复应得效果 L/s"),
}  # fmt: skip
TEXTS = {
    "name": Pair("project", "项目"),
    "state": Pair("state", "状态"),
    "on": Pair("on", "日期"),
    "boundary": Pair("where", "位置"),
    "cost": Pair("cost", "成本"),
    "states": Pair("states", "历次状态"),
    "findings": Pair("findings", "现场发现"),
    "measure": Pair("countermeasure", "对策"),
    "no_cost": Pair("A currency or price year without a cost.", "给了币种或价格年份，却没有成本。"),
    "no_cost_cure": Pair("Give --cost as well.", "请同时给出 --cost。"),
    "odd_cost": Pair("Not an amount.", "金额无效。"),
    "odd_flow": Pair("Not a flow.", "流量无效。"),
    "no_place": Pair("A leak that was found needs its place.", "发现漏点时必须给出位置。"),
    "no_place_cure": Pair("Name the pipe or junction: --place P-12.", "请注明管段或节点：--place P-12。"),
}


@app.command("list", short_help="List all / 列表")
def list_(city: CityArg, lang: LangOpt = None, as_json: JsonOpt = False) -> None:
    """List every project / 列出所有项目."""
    from cityloop.cli.language import one_language
    from cityloop.cli.listing import Names, list_records
    from cityloop.cli.show import iso, money, state
    from cityloop.records import Project

    def row(p: Project, known: Names, zone: str) -> list[str]:
        cost = next((s.cost for s in reversed(p.states) if s.cost), None)
        where, on = known.get(p.boundary, p.boundary), iso(p.states[-1].on, zone)[:10]
        return [state(p.state), on, one_language(p.name), where, money(cost)]

    columns = [TEXTS[k] for k in ("state", "on", "name", "boundary", "cost")]
    list_records(city, Project, "project", as_json, columns, row)


@app.command(short_help="Show one / 详情")
def show(city: CityArg, id: IdArg, lang: LangOpt = None, as_json: JsonOpt = False) -> None:
    """Show one project with its states and findings / 显示一个项目及其状态和现场发现."""
    from cityloop.cli.language import one_language, say
    from cityloop.cli.listing import Names, show_record
    from cityloop.cli.show import iso, label, money, state
    from cityloop.records import Project

    def lines(p: Project, known: Names, zone: str) -> list[str]:
        rows = [("name", one_language(p.name)), ("state", state(p.state)), ("measure", p.countermeasure)]
        found = [label(TEXTS[k], text) for k, text in [*rows, ("boundary", known.get(p.boundary, p.boundary))]]
        found.append(label(TEXTS["states"]))
        for s in p.states:
            trail = [s.by, money(s.cost) if s.cost else "", s.department, s.document, one_language(s.note)]
            found.append(f"  {iso(s.on, zone)}  {state(s.state)}  {', '.join(t for t in trail if t)}")
        if p.findings:
            found.append(label(TEXTS["findings"]))
        for finding in p.findings:
            parts = [_found(k, v, known, zone) for k, v in finding.items() if v != ""]
            found.append("  " + say(Pair(", ", "，")).join(parts))
        return found

    show_record(city, Project, "project", id, as_json, lines)


@app.command(short_help="Works of your own / 自有工程")
def add(
    city: CityArg,
    problem: Annotated[
        str, typer.Argument(metavar="PROBLEM", help="The problem it answers, id or row / 所针对的问题，编号或行号")
    ],
    name: Annotated[str, typer.Option("--name", help="What is done / 工程名称")],
    kind: Annotated[str, typer.Option("--kind", help="Kind of works / 工程类型")] = "",
    cost: Annotated[str, typer.Option("--cost", metavar="AMOUNT", help="In the policy's currency / 按政策币种")] = "",
    who: WhoOpt = "",
    reason: ReasonOpt = "",
    lang: LangOpt = None,
) -> None:
    """Add works of your own on a problem; they are verified like any other / 为问题增加自有工程，同样参与验证."""
    from cityloop.cli.listing import decide
    from cityloop.records import Problem

    amount = _amount(cost)
    data: dict[str, float | str] = {"name": name}
    data |= {"kind": kind} if kind else {}
    data |= {"cost": amount} if isinstance(amount, float) else {}
    decide(city, Problem, "problem", [problem], "add_project", who=who, reason=reason, data=lambda c, r: data)


def _found(key: str, value: float | str, known: Mapping[str, str], zone: str) -> str:
    """One part of a finding: its word and what it says."""
    from datetime import datetime

    from cityloop.cli.language import one_language, say
    from cityloop.cli.listing import DATA
    from cityloop.cli.show import iso, number
    from cityloop.report.words import FINDINGS, word

    if isinstance(value, float | int):
        text = number(value)
    elif key == "found":
        text = say(word(FINDINGS, value))
    elif key == "on":
        text = iso(datetime.fromisoformat(value), zone)
    else:
        text = known.get(value, one_language(value))
    return f"{say(word(DATA | FOUND, key))} {text}"


@app.command("set", short_help="Set a state / 登记状态")
def set_(
    city: CityArg,
    id: IdArg,
    state: Annotated[State, typer.Argument(metavar="STATE", help="|".join(State.__args__))],
    on: OnOpt = "",
    cost: Annotated[str, typer.Option("--cost", metavar="AMOUNT", help='Amount, or "unknown" / 金额，或 unknown')] = "",
    currency: Annotated[str, typer.Option("--currency", help="Default: the policy's / 币种，默认同政策")] = "",
    price_year: Annotated[int | None, typer.Option("--price-year", help="Default: year of --on / 价格年份")] = None,
    department: Annotated[str, typer.Option("--department", help="Department / 部门")] = "",
    document: Annotated[str, typer.Option("--document", help="Number of the document / 文号")] = "",
    note: Annotated[str, typer.Option("--note", help="Note / 备注")] = "",
    who: WhoOpt = "",
    reason: ReasonOpt = "",
    lang: LangOpt = None,
) -> None:
    """Set the dated state of a project with cost and document / 登记项目状态、日期、成本和文号."""
    from cityloop.cli.language import say
    from cityloop.cli.listing import decide
    from cityloop.errors import InputError
    from cityloop.records import Project

    moment = _moment(on)
    amount = _amount(cost)
    if not isinstance(amount, float) and (currency or price_year):
        raise InputError(say(TEXTS["no_cost"]), cure=say(TEXTS["no_cost_cure"]))
    data: dict[str, float | str] = {"state": state, **moment}
    stated: dict[str, float | str | None] = {
        "cost": amount, "currency": currency, "price_year": float(price_year) if price_year else None,
        "department": department, "document": document, "note": note,
    }  # fmt: skip
    data |= {k: v for k, v in stated.items() if v is not None and v != ""}
    decide(city, Project, "project", [id], "set", who=who, reason=reason, data=lambda c, r: data)


def _amount(text: str) -> float | str:
    """A stated cost: a number from 0, "unknown", or "" where none is stated."""
    import math

    from cityloop.cli.language import say
    from cityloop.errors import InputError

    if text.strip().casefold() in ("", "unknown"):
        return text.strip().casefold()
    try:
        amount = float(text.replace(",", ""))
    except ValueError:
        amount = math.nan
    if not (math.isfinite(amount) and amount >= 0):
        raise InputError(say(TEXTS["odd_cost"]), where="--cost", got=text, allowed=">= 0, unknown")
    return amount


@app.command(short_help="What the crew found / 登记现场发现")
def inspect(
    city: CityArg,
    id: IdArg,
    found: Annotated[Found, typer.Option("--found", help="What the crew found / 现场发现")],
    place: Annotated[str, typer.Option("--place", help="Pipe or junction, name or id / 管段或节点")] = "",
    flow: Annotated[float | None, typer.Option("--flow", help="Flow of the leak in L/s / 漏量 L/s")] = None,
    on: OnOpt = "",
    problem: Annotated[str, typer.Option("--problem", metavar="ID", help="Of several, the one meant / 所指问题")] = "",
    note: Annotated[str, typer.Option("--note", help="Note / 备注")] = "",
    who: WhoOpt = "",
    reason: ReasonOpt = "",
    lang: LangOpt = None,
) -> None:
    """Tell what the crew found: it closes or reopens the problem / 登记现场发现，据此关闭或重开问题."""
    import math

    from cityloop.cli.language import say
    from cityloop.cli.listing import chosen_id, decide
    from cityloop.errors import InputError
    from cityloop.records import Project

    moment = _moment(on)
    if found == "leak" and not place:
        raise InputError(say(TEXTS["no_place"]), where="--place", cure=say(TEXTS["no_place_cure"]))
    if flow is not None and not (math.isfinite(flow) and flow >= 0):
        raise InputError(say(TEXTS["odd_flow"]), where="--flow", got=flow, allowed=">= 0 L/s")
    data: dict[str, float | str] = {"found": found, **moment}
    data |= {k: v for k, v in (("place", place), ("note", note)) if v}
    if flow is not None:
        data["flow_l_per_s"] = flow

    def stated(open_city: Any, record: Project) -> dict[str, float | str]:
        return {**data, "problem": chosen_id(open_city, "problem", problem)} if problem else data

    decide(city, Project, "project", [id], "inspect", who=who, reason=reason, data=stated)


def _moment(on: str) -> dict[str, float | str]:
    """The stated time; without one the decision's own moment counts."""
    from cityloop.cli.options import parse_time

    return {"on": parse_time(on, "--on").isoformat()} if on else {}
